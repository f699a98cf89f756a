/**
 * A bounded map that forgets what was not used lately: two generations, and the older one is dropped when the younger is half
 * full. Every operation is O(1); at most `capacity` entries are held.
 */
export class VerifiedCache<Entry> {
  readonly #half: number;
  #young = new Map<string, Entry>();
  #old = new Map<string, Entry>();

  constructor(capacity: number) {
    this.#half = Math.max(1, Math.floor(capacity / 2));
  }

  get(key: string): Entry | undefined {
    const entry = this.#young.get(key);
    if (entry !== undefined) return entry;
    const aged = this.#old.get(key);
    if (aged !== undefined) this.set(key, aged);
    return aged;
  }

  set(key: string, entry: Entry): void {
    if (this.#young.size >= this.#half && !this.#young.has(key)) {
      this.#old = this.#young;
      this.#young = new Map();
    }
    this.#old.delete(key);
    this.#young.set(key, entry);
  }

  delete(key: string): void {
    this.#young.delete(key);
    this.#old.delete(key);
  }

  /** Removes every entry the test names. O(n): for rare administrative acts. */
  deleteWhere(test: (entry: Entry) => boolean): void {
    for (const map of [this.#young, this.#old]) {
      for (const [key, entry] of map) if (test(entry)) map.delete(key);
    }
  }

  get size(): number {
    return this.#young.size + this.#old.size;
  }
}
