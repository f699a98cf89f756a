import type { Decimal4, UsageWindow } from '../model/policy-input.ts';

const SECOND_MS = 1000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;

/** A ring of time buckets. A partly elapsed oldest bucket counts whole: a limit is never exceeded, it may bite a little early. */
class Ring {
  readonly #counts: Float64Array;
  readonly #bucketMs: number;
  #head = 0;
  #sum = 0;

  constructor(buckets: number, bucketMs: number) {
    // One more than the window: the bucket in progress.
    this.#counts = new Float64Array(buckets + 1);
    this.#bucketMs = bucketMs;
  }

  add(nowMs: number, amount: number): void {
    this.#advance(nowMs);
    this.#counts[this.#head % this.#counts.length]! += amount;
    this.#sum += amount;
  }

  sum(nowMs: number): number {
    this.#advance(nowMs);
    return this.#sum;
  }

  #advance(nowMs: number): void {
    const now = Math.floor(nowMs / this.#bucketMs);
    // A clock that jumps back keeps adding to the newest bucket: nothing is forgotten early.
    if (now <= this.#head) return;
    const steps = Math.min(now - this.#head, this.#counts.length);
    for (let i = 1; i <= steps; i++) {
      const slot = (this.#head + i) % this.#counts.length;
      this.#sum -= this.#counts[slot]!;
      this.#counts[slot] = 0;
    }
    if (now - this.#head > steps) {
      this.#counts.fill(0);
      this.#sum = 0;
    }
    this.#head = now;
  }
}

class Meter {
  readonly minute = new Ring(60, SECOND_MS);
  readonly hour = new Ring(60, MINUTE_MS);
  readonly day = new Ring(96, 15 * MINUTE_MS);
  readonly spent = new Ring(96, 15 * MINUTE_MS);
  total = 0;
  spentTotal = 0;
  touchedMs = 0;
}

const NONE: UsageWindow = Object.freeze({
  callsLastMinute: 0,
  callsLastHour: 0,
  callsLastDay: 0,
  callsTotal: 0,
  spentLastDay: 0,
});

export interface UsageKeys {
  readonly agent: string;
  readonly session: string | null;
  /** The tasks it counts for. */
  readonly tasks: readonly string[];
}

/**
 * Calls and spending per agent, session and task. Reading for a decision and counting the permitted call happen in the same
 * turn of the event loop, so that a hundred calls at once cannot all see room for one.
 */
export class Usage {
  readonly #meters = new Map<string, Meter>();
  readonly #maxMeters: number;
  #sweptMs = Number.NEGATIVE_INFINITY;

  constructor(maxMeters = 100_000) {
    this.#maxMeters = maxMeters;
  }

  read(kind: 'agent' | 'session' | 'task', id: string | null, nowMs: number): UsageWindow {
    const meter = id === null ? undefined : this.#meters.get(`${kind}:${id}`);
    if (meter === undefined) return NONE;
    return {
      callsLastMinute: meter.minute.sum(nowMs),
      callsLastHour: meter.hour.sum(nowMs),
      callsLastDay: meter.day.sum(nowMs),
      callsTotal: meter.total,
      spentLastDay: Math.round(meter.spent.sum(nowMs)),
    };
  }

  /** What a task has used of its budget: calls, and amounts in ten-thousandths. */
  task(id: string): { readonly calls: number; readonly amount: number } {
    const meter = this.#meters.get(`task:${id}`);
    return { calls: meter?.total ?? 0, amount: meter?.spentTotal ?? 0 };
  }

  /** Counts one permitted call. Only calls that act (tools, resources, prompts) are counted, see `counts` in call.ts. */
  count(keys: UsageKeys, amount: Decimal4 | null, nowMs: number): void {
    this.#add(`agent:${keys.agent}`, amount, nowMs);
    if (keys.session !== null) this.#add(`session:${keys.session}`, amount, nowMs);
    for (const task of keys.tasks) this.#add(`task:${task}`, amount, nowMs);
  }

  #add(key: string, amount: Decimal4 | null, nowMs: number): void {
    let meter = this.#meters.get(key);
    if (meter === undefined) {
      if (this.#meters.size >= this.#maxMeters) this.#sweep(nowMs);
      meter = new Meter();
      this.#meters.set(key, meter);
    }
    meter.touchedMs = nowMs;
    meter.total++;
    meter.minute.add(nowMs, 1);
    meter.hour.add(nowMs, 1);
    meter.day.add(nowMs, 1);
    if (amount === null) return;
    meter.spent.add(nowMs, amount);
    meter.spentTotal += amount;
  }

  /** A session with a handshake is over for good: its id never comes back. */
  forgetSession(id: string): void {
    this.#meters.delete(`session:${id}`);
  }

  /** Forgets sessions and tasks unused for a day; agents are never forgotten. Once a minute at most: it looks at every one. */
  #sweep(nowMs: number): void {
    if (nowMs < this.#sweptMs + MINUTE_MS) return;
    this.#sweptMs = nowMs;
    for (const [key, meter] of this.#meters) {
      if (!key.startsWith('agent:') && nowMs - meter.touchedMs > 24 * HOUR_MS) this.#meters.delete(key);
    }
  }

  get size(): number {
    return this.#meters.size;
  }
}
