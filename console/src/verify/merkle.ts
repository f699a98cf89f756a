import { sha256 } from '@noble/hashes/sha2.js';
import { fromBase64url, joined, toBase64url, utf8 } from './bytes.ts';

/** The Merkle tree of RFC 6962 section 2.1 over SHA-256, as far as checking needs it. */
const LEAF = new Uint8Array([0]);
const pair = new Uint8Array(65);
pair[0] = 1;

export const EMPTY_ROOT = sha256(new Uint8Array());

/** SHA-256(0x00 || text). */
export function leafHash(text: string): Uint8Array {
  return sha256(joined(LEAF, utf8(text)));
}

/** SHA-256(0x01 || left || right). */
function nodeHash(left: Uint8Array, right: Uint8Array): Uint8Array {
  pair.set(left, 1);
  pair.set(right, 33);
  return sha256(pair);
}

/** Roots of the perfect subtrees over everything so far, largest first. */
export class Frontier {
  #size: number;
  readonly #nodes: Uint8Array[];

  private constructor(size: number, nodes: Uint8Array[]) {
    this.#size = size;
    this.#nodes = nodes;
  }

  static empty(): Frontier {
    return new Frontier(0, []);
  }

  /** As a segment's first record gives it. `null`: it does not fit the size. */
  static from(size: number, texts: readonly string[]): Frontier | null {
    if (texts.length !== subtreeCount(size)) return null;
    const nodes = texts.map(fromBase64url);
    return nodes.every((node) => node?.length === 32) ? new Frontier(size, nodes as Uint8Array[]) : null;
  }

  append(leaf: Uint8Array): void {
    let node = leaf;
    // Arithmetic instead of `>>`, because sizes pass 2^32.
    for (let rest = this.#size; rest % 2 === 1; rest = (rest - 1) / 2) node = nodeHash(this.#nodes.pop()!, node);
    this.#nodes.push(node);
    this.#size++;
  }

  root(): Uint8Array {
    let root = this.#nodes.at(-1);
    if (root === undefined) return EMPTY_ROOT;
    for (let i = this.#nodes.length - 2; i >= 0; i--) root = nodeHash(this.#nodes[i]!, root);
    return root;
  }

  /** To compare with what a segment says. */
  text(): string {
    return this.#nodes.map(toBase64url).join();
  }
}

function subtreeCount(size: number): number {
  let count = 0;
  for (let rest = size; rest > 0; rest = Math.floor(rest / 2)) count += rest % 2;
  return count;
}

/** The root a proof leads to (RFC 9162 section 2.1.3.2). `null`: the proof does not fit index and size. */
export function rootFromInclusion(
  leaf: Uint8Array,
  at: { readonly index: number; readonly size: number },
  proof: readonly Uint8Array[],
): Uint8Array | null {
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
