/** What was used, remembered for as long as it could be used again. Bounded: beyond that it is refused rather than forgotten. */
export class Once {
  readonly #untilMs = new Map<string, number>();
  readonly #most: number;

  constructor(most = 100_000) {
    this.#most = most;
  }

  /** `first` for one caller alone: it looks and writes in the same turn. */
  take(id: string, until: { readonly nowMs: number; readonly expiresAtMs: number }): 'first' | 'used' | 'full' {
    if (this.#untilMs.has(id)) return 'used';
    if (this.#untilMs.size >= this.#most) this.#forget(until.nowMs);
    if (this.#untilMs.size >= this.#most) return 'full';
    this.#untilMs.set(id, until.expiresAtMs);
    return 'first';
  }

  #forget(nowMs: number): void {
    for (const [id, untilMs] of this.#untilMs) if (untilMs <= nowMs) this.#untilMs.delete(id);
  }
}
