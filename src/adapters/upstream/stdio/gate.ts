import type { Clock } from '../../../ports/clock.ts';

export interface GateLimits {
  readonly baseMs: number;
  readonly maxMs: number;
}

/**
 * Holds back the next start of a server that fails to start. Only children that never answered count: a call that kills its own
 * child must not keep other agents from starting theirs.
 */
export class SpawnGate {
  readonly #clock: Clock;
  readonly #limits: GateLimits;
  #failures = 0;
  #notBeforeUs = 0;

  constructor(clock: Clock, limits: GateLimits) {
    this.#clock = clock;
    this.#limits = limits;
  }

  get failures(): number {
    return this.#failures;
  }

  /** How long the next start has to wait, 0 when it may go ahead. */
  waitMs(): number {
    return this.#failures === 0 ? 0 : Math.max(0, Math.ceil((this.#notBeforeUs - this.#clock.monotonicUs()) / 1000));
  }

  failed(): void {
    this.#failures++;
    const fullMs = Math.min(this.#limits.baseMs * 2 ** Math.min(this.#failures - 1, 30), this.#limits.maxMs);
    // Half fixed, half random: gateways that share a broken server do not start it in step.
    const delayMs = fullMs / 2 + (Math.random() * fullMs) / 2;
    this.#notBeforeUs = this.#clock.monotonicUs() + delayMs * 1000;
  }

  answered(): void {
    this.#failures = 0;
  }
}
