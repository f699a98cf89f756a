/**
 * Which ids stand under a key, for the indexes of the directory. Most keys have one id, and a hundred thousand sets of one would weigh
 * more than what they index: one id is kept as it is. A key with nothing under it is not kept.
 */
export class Many {
  readonly #under = new Map<string, string | Set<string>>();

  add(key: string, id: string): void {
    const ids = this.#under.get(key);
    if (ids === undefined) this.#under.set(key, id);
    else if (typeof ids !== 'string') ids.add(id);
    else if (ids !== id) this.#under.set(key, new Set([ids, id]));
  }

  remove(key: string, id: string): void {
    const ids = this.#under.get(key);
    if (ids === id) this.#under.delete(key);
    else if (typeof ids === 'object' && ids.delete(id) && ids.size === 0) this.#under.delete(key);
  }

  get(key: string): Iterable<string> {
    const ids = this.#under.get(key);
    return ids === undefined ? NOBODY : typeof ids === 'string' ? [ids] : ids;
  }
}

const NOBODY: readonly string[] = [];
