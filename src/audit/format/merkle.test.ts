import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { EMPTY_ROOT, Frontier, leafHash, nodeHash, PartialTree, rootFromInclusion } from './merkle.ts';

/** RFC 6962 section 2.1, word for word, as an independent reference. */
function mth(leaves: readonly Buffer[]): Buffer {
  if (leaves.length === 0) return createHash('sha256').digest();
  if (leaves.length === 1)
    return createHash('sha256')
      .update(Buffer.from([0]))
      .update(leaves[0] as Buffer)
      .digest();
  let k = 1;
  while (k * 2 < leaves.length) k *= 2;
  return createHash('sha256')
    .update(Buffer.from([1]))
    .update(mth(leaves.slice(0, k)))
    .update(mth(leaves.slice(k)))
    .digest();
}

function path(m: number, leaves: readonly Buffer[]): Buffer[] {
  if (leaves.length <= 1) return [];
  let k = 1;
  while (k * 2 < leaves.length) k *= 2;
  return m < k
    ? [...path(m, leaves.slice(0, k)), mth(leaves.slice(k))]
    : [...path(m - k, leaves.slice(k)), mth(leaves.slice(0, k))];
}

const data = (count: number): Buffer[] => Array.from({ length: count }, (_, i) => Buffer.from(`record ${i}`));

/** The eight inputs and roots of the Certificate Transparency reference tests. */
const KNOWN_INPUTS = [
  '',
  '00',
  '10',
  '2021',
  '3031',
  '40414243',
  '5051525354555657',
  '606162636465666768696a6b6c6d6e6f',
];
const KNOWN_ROOTS = [
  '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
  'fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125',
  'aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77',
  'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
  '4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4',
  '76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef',
  'ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c',
  '5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328',
];

describe('the Merkle tree (RFC 6962 section 2.1)', () => {
  it('has the roots of the Certificate Transparency reference tests', () => {
    const frontier = new Frontier();
    expect(frontier.root()).toBe(EMPTY_ROOT);
    KNOWN_INPUTS.forEach((input, i) => {
      frontier.append(leafHash(Buffer.from(input, 'hex')));
      expect(Buffer.from(frontier.root(), 'base64url').toString('hex')).toBe(KNOWN_ROOTS[i]);
    });
  });

  it('agrees with the definition at every size, also when continued from a stored frontier', () => {
    const leaves = data(70);
    let frontier = new Frontier();
    leaves.forEach((leaf, i) => {
      frontier.append(leafHash(leaf));
      frontier = new Frontier(i + 1, frontier.nodes);
      expect(frontier.root()).toBe(mth(leaves.slice(0, i + 1)).toString('base64url'));
    });
  });

  it('refuses a frontier that does not fit its size', () => {
    expect(() => new Frontier(3, ['a'])).toThrow(RangeError);
    expect(() => new Frontier(2 ** 40 + 1, ['a'])).toThrow(RangeError);
    expect(new Frontier(2 ** 40, [nodeHash('a', 'b')]).size).toBe(2 ** 40);
  });

  it('proves every leaf of every size, with any beginning known only by its frontier', () => {
    const shape = fc
      .integer({ min: 1, max: 60 })
      .chain((size) =>
        fc.record({ size: fc.constant(size), index: fc.integer({ min: 0, max: size - 1 }), more: fc.nat(9) }),
      );
    fc.assert(
      fc.property(shape, fc.nat(60), ({ size, index, more }, cut) => {
        const leaves = data(size + more);
        const first = Math.min(cut, index);
        const before = new Frontier();
        for (const leaf of leaves.slice(0, first)) before.append(leafHash(leaf));
        const tree = new PartialTree(before, leaves.slice(first).map(leafHash));
        const proof = tree.inclusionProof(index, size);
        const reference = path(index, leaves.slice(0, size)).map((node) => node.toString('base64url'));
        expect(proof).toEqual(reference);
        const root = mth(leaves.slice(0, size)).toString('base64url');
        expect(rootFromInclusion(leafHash(leaves[index] as Buffer), { index, size }, proof)).toBe(root);
      }),
      { numRuns: 300 },
    );
  });

  it('does not accept a proof for another index, another size, or with a hash too many or too few', () => {
    const leaves = data(11);
    const tree = new PartialTree(new Frontier(), leaves.map(leafHash));
    const root = mth(leaves).toString('base64url');
    const leaf = leafHash(leaves[6] as Buffer);
    const proof = tree.inclusionProof(6, 11);
    expect(rootFromInclusion(leaf, { index: 6, size: 11 }, proof)).toBe(root);
    for (let index = 0; index < 14; index++) {
      if (index !== 6) expect(rootFromInclusion(leaf, { index, size: 11 }, proof)).not.toBe(root);
    }
    expect(rootFromInclusion(leaf, { index: 6, size: 11 }, proof.slice(1))).not.toBe(root);
    expect(rootFromInclusion(leaf, { index: 6, size: 11 }, [...proof, root])).toBeNull();
    expect(() => tree.inclusionProof(11, 11)).toThrow(RangeError);
    expect(() => tree.inclusionProof(3, 12)).toThrow(RangeError);
  });
});
