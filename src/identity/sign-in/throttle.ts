import type { Clock } from '../../ports/clock.ts';
import type { OAuthStore } from '../../ports/identity-stores.ts';
import { keptAs } from './secret-text.ts';
import { row } from './sessions.ts';

const KIND = 'SignInAttempt';

/** How often something may be tried. A try is taken before it is made, so that fifty at once are counted as fifty. */
export interface Limit {
  readonly tries: number;
  readonly windowMs: number;
}

/** Guesses at one password are few; one address stands for a whole office behind a proxy. */
export const LIMITS = Object.freeze({
  person: { tries: 10, windowMs: 15 * 60_000 },
  address: { tries: 200, windowMs: 15 * 60_000 },
  /** Challenges for passkeys, each a row that somebody without a name has written. */
  challenge: { tries: 500, windowMs: 15 * 60_000 },
} as const satisfies Record<string, Limit>);

/**
 * Tries as rows that can be inserted once: counted over all processes and restarts, without a counter somebody could read before
 * another has written it.
 */
export class Throttle {
  readonly #store: OAuthStore;
  readonly #clock: Clock;
  /** Where the next free slot probably is; only spares look-ups. Bounded. */
  readonly #hints = new Map<string, number>();

  constructor(store: OAuthStore, clock: Clock) {
    this.#store = store;
    this.#clock = clock;
  }

  /** `false`: too many tries in this window. The same whether anybody of that name exists. */
  async take(of: keyof typeof LIMITS, name: string): Promise<boolean> {
    const { tries, windowMs } = LIMITS[of];
    const { window, endsMs } = this.#window(windowMs);
    const key = keptAs(`${KIND} ${of} ${window}`, name);
    for (let slot = this.#hints.get(key) ?? 0; slot < tries; slot++) {
      const taken = row(KIND, `${key}.${slot}`, { payload: {}, account: null, expiresAtMs: endsMs });
      if (!(await this.#store.insert(taken))) continue;
      this.#remember(key, slot + 1);
      return true;
    }
    this.#remember(key, tries);
    return false;
  }

  /** After a success: what went before was its owner. */
  async forget(of: keyof typeof LIMITS, name: string): Promise<void> {
    const { tries, windowMs } = LIMITS[of];
    const key = keptAs(`${KIND} ${of} ${this.#window(windowMs).window}`, name);
    for (let slot = 0; slot < Math.min(tries, this.#hints.get(key) ?? tries); slot++) {
      await this.#store.remove(KIND, `${key}.${slot}`);
    }
    this.#hints.delete(key);
  }

  #window(windowMs: number): { window: number; endsMs: number } {
    const window = Math.floor(this.#clock.nowMs() / windowMs);
    return { window, endsMs: (window + 1) * windowMs };
  }

  #remember(key: string, slot: number): void {
    if (this.#hints.size >= 10_000) this.#hints.clear();
    this.#hints.set(key, slot);
  }
}
