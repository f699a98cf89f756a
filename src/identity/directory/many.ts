/** Which ids stand under a key, for the indexes of the directory. A key with nothing under it is not kept. */
export class Many {
  readonly #under = new Map<string, Set<string>>();

  add(key: string, id: string): void {
    const ids = this.#under.get(key);
    if (ids === undefined) this.#under.set(key, new Set([id]));
    else ids.add(id);
  }

  remove(key: string, id: string): void {
    const ids = this.#under.get(key);
    if (ids?.delete(id) === true && ids.size === 0) this.#under.delete(key);
  }

  get(key: string): ReadonlySet<string> {
    return this.#under.get(key) ?? NOBODY;
  }
}

const NOBODY: ReadonlySet<string> = new Set();
