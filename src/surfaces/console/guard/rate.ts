import type { Clock } from '../../../ports/clock.ts';

const PER_SECOND = 50;
const BURST = 200;
const MAX_KNOWN = 10_000;

interface Bucket {
  tokens: number;
  atUs: number;
}

/** How much one person's browsers may ask, together: enough for every page, too little to keep a gateway busy. */
export class Rate {
  readonly #clock: Pick<Clock, 'monotonicUs'>;
  readonly #buckets = new Map<string, Bucket>();

  constructor(clock: Pick<Clock, 'monotonicUs'>) {
    this.#clock = clock;
  }

  /** `false`: too much for now. */
  take(person: string): boolean {
    const nowUs = this.#clock.monotonicUs();
    const bucket = this.#buckets.get(person) ?? { tokens: BURST, atUs: nowUs };
    bucket.tokens = Math.min(BURST, bucket.tokens + ((nowUs - bucket.atUs) / 1_000_000) * PER_SECOND);
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
