import type { Clock } from '../../../ports/clock.ts';

const MAX_KNOWN = 10_000;

export interface Bound {
  readonly perSecond: number;
  readonly burst: number;
}

/** Enough for every page, too little to keep a gateway busy. */
export const REQUESTS: Bound = { perSecond: 50, burst: 200 };
/** Keys of requests, each a row that is kept for a day. */
export const KEYS: Bound = { perSecond: 2, burst: 1_000 };

interface Bucket {
  tokens: number;
  atUs: number;
}

/** How much one person's browsers may ask, together. */
export class Rate {
  readonly #clock: Pick<Clock, 'monotonicUs'>;
  readonly #bound: Bound;
  readonly #buckets = new Map<string, Bucket>();

  constructor(clock: Pick<Clock, 'monotonicUs'>, bound: Bound) {
    this.#bound = bound;
    this.#clock = clock;
  }

  /** `false`: too much for now. */
  take(person: string): boolean {
    const { perSecond, burst } = this.#bound;
    const nowUs = this.#clock.monotonicUs();
    const bucket = this.#buckets.get(person) ?? { tokens: burst, atUs: nowUs };
    bucket.tokens = Math.min(burst, bucket.tokens + ((nowUs - bucket.atUs) / 1_000_000) * perSecond);
    bucket.atUs = nowUs;
    // Forgotten in the order they came: a full bucket again, which lets nobody do more than begin.
    this.#buckets.delete(person);
    this.#buckets.set(person, bucket);
    if (this.#buckets.size > MAX_KNOWN) this.#buckets.delete(this.#buckets.keys().next().value as string);
    if (bucket.tokens < 1) return false;
    bucket.tokens -= 1;
    return true;
  }
}
