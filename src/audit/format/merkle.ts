import { hash } from 'node:crypto';

/**
 * The Merkle tree of RFC 6962 section 2.1 over SHA-256. Hashes are base64url texts everywhere: one native call per hash
 * and no buffers to allocate, which is half the cost of the tree on the hot path.
 */
export const HASH_CHARS = 43;

/** `prev` of the first record: 32 zero bytes. */
export const NO_HASH = 'A'.repeat(HASH_CHARS);

/** MTH({}) = SHA-256(). */
export const EMPTY_ROOT = hash('sha256', '', 'base64url');

/** MTH({d}) = SHA-256(0x00 || d). */
export function leafHash(data: string | Uint8Array): string {
  const bytes = typeof data === 'string' ? Buffer.from(data, 'utf8') : data;
  const framed = Buffer.allocUnsafe(bytes.length + 1);
  framed[0] = 0;
  framed.set(bytes, 1);
  return hash('sha256', framed, 'base64url');
}

const pair = Buffer.alloc(65);
pair[0] = 1;

/** SHA-256(0x01 || left || right). */
export function nodeHash(left: string, right: string): string {
  pair.write(left, 1, 32, 'base64url');
  pair.write(right, 33, 32, 'base64url');
  return hash('sha256', pair, 'base64url');
}

/**
 * All a growing tree needs to remember: the roots of its perfect subtrees, largest first (a "compact range" from 0).
 * At most 53 hashes whatever the size.
 */
export class Frontier {
  #size: number;
  readonly #nodes: string[];

  /** Throws a RangeError when the number of hashes does not fit the size. */
  constructor(size = 0, nodes: readonly string[] = []) {
    if (nodes.length !== subtreeCount(size))
      throw new RangeError(`a tree of ${size} has ${subtreeCount(size)} subtrees, not ${nodes.length}`);
    this.#size = size;
    this.#nodes = [...nodes];
  }

  get size(): number {
    return this.#size;
  }

  get nodes(): readonly string[] {
    return this.#nodes;
  }

  append(leaf: string): void {
    let node = leaf;
    // One merge per trailing one bit of the size; arithmetic instead of `>>` because sizes pass 2^32.
    for (let rest = this.#size; rest % 2 === 1; rest = (rest - 1) / 2)
      node = nodeHash(this.#nodes.pop() as string, node);
    this.#nodes.push(node);
    this.#size++;
  }

  root(): string {
    let root = this.#nodes.at(-1);
    if (root === undefined) return EMPTY_ROOT;
    for (let i = this.#nodes.length - 2; i >= 0; i--) root = nodeHash(this.#nodes[i] as string, root);
    return root;
  }

  copy(): Frontier {
    return new Frontier(this.#size, this.#nodes);
  }
}

function subtreeCount(size: number): number {
  let count = 0;
  for (let rest = size; rest > 0; rest = Math.floor(rest / 2)) count += rest % 2;
  return count;
}

/**
 * A tree of which the beginning is known only by its frontier: proofs for everything after it need nothing more, because
 * every subtree left of such a leaf is, or is made of, a subtree of the frontier.
 */
export class PartialTree {
  readonly #first: number;
  readonly #known = new Map<string, string>();
  readonly #leaves: readonly string[];

  constructor(before: Frontier, leaves: readonly string[]) {
    this.#first = before.size;
    this.#leaves = leaves;
    let start = 0;
    let rest = before.size;
    for (const node of before.nodes) {
      const width = 2 ** Math.floor(Math.log2(rest));
      this.#known.set(`${start}:${start + width}`, node);
      start += width;
      rest -= width;
    }
  }

  get size(): number {
    return this.#first + this.#leaves.length;
  }

  /** Sibling hashes from the leaf up (RFC 6962 section 2.1.1). RangeError for a leaf this tree does not hold. */
  inclusionProof(index: number, size: number): string[] {
    if (index < this.#first || index >= size || size > this.size)
      throw new RangeError(`no proof for ${index} in a tree of ${size}`);
    return this.#path(index, 0, size);
  }

  #path(index: number, start: number, end: number): string[] {
    if (end - start === 1) return [];
    const middle = start + split(end - start);
    return index < middle
      ? [...this.#path(index, start, middle), this.#subtree(middle, end)]
      : [...this.#path(index, middle, end), this.#subtree(start, middle)];
  }

  #subtree(start: number, end: number): string {
    const known = this.#known.get(`${start}:${end}`);
    if (known !== undefined) return known;
    if (end - start === 1) {
      const leaf = this.#leaves[start - this.#first];
      if (leaf === undefined) throw new RangeError(`leaf ${start} is not part of this tree`);
      return leaf;
    }
    const middle = start + split(end - start);
    return nodeHash(this.#subtree(start, middle), this.#subtree(middle, end));
  }
}

/** Largest power of two smaller than n (n > 1). */
function split(n: number): number {
  let k = 1;
  while (k * 2 < n) k *= 2;
  return k;
}

/** The root a proof leads to (RFC 9162 section 2.1.3.2), or null when the proof does not fit index and size. */
export function rootFromInclusion(
  leaf: string,
  at: { readonly index: number; readonly size: number },
  proof: readonly string[],
): string | null {
  if (at.index >= at.size) return null;
  let node = at.index;
  let last = at.size - 1;
  let root = leaf;
  for (const sibling of proof) {
    if (last === 0) return null;
    if (node % 2 === 1 || node === last) {
      root = nodeHash(sibling, root);
      while (node % 2 === 0 && node !== 0) {
        node /= 2;
        last = Math.floor(last / 2);
      }
    } else root = nodeHash(root, sibling);
    node = Math.floor(node / 2);
    last = Math.floor(last / 2);
  }
  return last === 0 ? root : null;
}
