import type { FinishedCall } from '../../gateway/gateway.ts';
import type { Clock } from '../../ports/clock.ts';

export const PULSE_SECONDS = 120;
/** Whole seconds that can be told, and the one under way. */
const SLOTS = PULSE_SECONDS + 1;

/** Sixteen steps to each doubling: a duration is told at most 6% too long. */
const STEPS = 16;
const STEP_BITS = 4;
/** 2^20 µs and beyond share the last step: a second of our own would be far outside any bound. */
const MAX_BITS = 20;
const BUCKETS = (MAX_BITS - STEP_BITS + 1) * STEPS;

/** The last seconds, newest last. */
export interface Beats {
  readonly permitted: readonly number[];
  readonly asked: readonly number[];
  readonly denied: readonly number[];
  readonly addedUs: { readonly p50: number; readonly p99: number } | null;
}

/** Refused here and going on elsewhere, or still waiting for people: counted when it is over. */
const GOES_ON: ReadonlySet<string> = new Set(['approval-pending', 'approval-used']);
/** Permitted and sent; what failed was the server. */
const SENT: ReadonlySet<string> = new Set(['upstream-unavailable']);

/**
 * What happened each second of the last two minutes, and how long the gateway itself took. Fixed arrays, filled in place: a call costs two
 * additions and nothing is made for it.
 */
export class Pulse {
  readonly #clock: Clock;
  /** Which second a slot is about. */
  readonly #second = new Float64Array(SLOTS).fill(-1);
  readonly #permitted = new Uint32Array(SLOTS);
  readonly #asked = new Uint32Array(SLOTS);
  readonly #denied = new Uint32Array(SLOTS);
  /** Of permitted calls, by duration; one row of buckets for each slot. */
  readonly #added = new Uint32Array(SLOTS * BUCKETS);

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  finished({ effect, code, ownUs }: Pick<FinishedCall, 'effect' | 'code' | 'ownUs'>): void {
    const slot = this.#slot();
    if (effect === 'permit' && isSent(code)) {
      this.#permitted[slot]!++;
      this.#added[slot * BUCKETS + bucketOf(ownUs)]!++;
    } else if (!GOES_ON.has(code)) this.#denied[slot]!++;
  }

  asked(): void {
    this.#asked[this.#slot()]!++;
  }

  /** The last whole seconds. The one under way is left out: it would look like a fall. */
  beats(): Beats {
    const now = this.#now();
    const permitted: number[] = [];
    const asked: number[] = [];
    const denied: number[] = [];
    const added = new Float64Array(BUCKETS);
    for (let second = now - PULSE_SECONDS; second < now; second++) {
      const slot = ((second % SLOTS) + SLOTS) % SLOTS;
      const known = this.#second[slot] === second;
      permitted.push(known ? this.#permitted[slot]! : 0);
      asked.push(known ? this.#asked[slot]! : 0);
      denied.push(known ? this.#denied[slot]! : 0);
      if (known) for (let i = 0; i < BUCKETS; i++) added[i]! += this.#added[slot * BUCKETS + i]!;
    }
    return { permitted, asked, denied, addedUs: quantiles(added) };
  }

  #now(): number {
    return Math.floor(this.#clock.monotonicUs() / 1_000_000);
  }

  #slot(): number {
    const second = this.#now();
    const slot = second % SLOTS;
    if (this.#second[slot] !== second) {
      this.#second[slot] = second;
      this.#permitted[slot] = 0;
      this.#asked[slot] = 0;
      this.#denied[slot] = 0;
      this.#added.fill(0, slot * BUCKETS, (slot + 1) * BUCKETS);
    }
    return slot;
  }
}

/** `finished` says `permit` of what was decided so: what was stopped or could not be recorded after that was refused all the same. */
function isSent(code: string): boolean {
  return code === 'ok' || code === 'tool-error' || code.startsWith('rpc-') || SENT.has(code);
}

function bucketOf(us: number): number {
  const whole = us < 0 ? 0 : us >= 2 ** MAX_BITS ? 2 ** MAX_BITS - 1 : Math.trunc(us);
  if (whole < STEPS) return whole;
  const octave = 31 - Math.clz32(whole);
  return (octave - STEP_BITS + 1) * STEPS + ((whole >> (octave - STEP_BITS)) - STEPS);
}

/** The longest duration of a bucket. */
function topOf(bucket: number): number {
  if (bucket < STEPS) return bucket + 1;
  const octave = Math.floor(bucket / STEPS) + STEP_BITS - 1;
  return ((bucket % STEPS) + STEPS + 1) * 2 ** (octave - STEP_BITS);
}

function quantiles(counts: Float64Array): { p50: number; p99: number } | null {
  let total = 0;
  for (const count of counts) total += count;
  return total === 0 ? null : { p50: quantile(counts, total * 0.5), p99: quantile(counts, total * 0.99) };
}

function quantile(counts: Float64Array, rank: number): number {
  let seen = 0;
  for (let bucket = 0; bucket < counts.length; bucket++) {
    seen += counts[bucket]!;
    if (seen >= rank) return topOf(bucket);
  }
  return topOf(counts.length - 1);
}
