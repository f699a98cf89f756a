import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Json } from '../../model/json.ts';
import {
  decodeFrame,
  type Entry,
  encodeFrame,
  FRAME_OVERHEAD_BYTES,
  leafText,
  lineOfLeaf,
  salvageFrames,
} from './frame.ts';
import { leafHash, NO_HASH } from './merkle.ts';

function frame(args: Json, seq = 7, batch = 5): Buffer {
  const json = JSON.stringify({ type: 'admin', act: 'a', by: 'b', reason: 'r', detail: args });
  const into = Buffer.alloc(1 + json.length * 3 + FRAME_OVERHEAD_BYTES);
  const { end } = encodeFrame(into, 1, { seq, time: '2026-08-31T12:00:00.000Z', batch, prev: NO_HASH }, json);
  return into.subarray(1, end);
}

function decode(line: Buffer): ReturnType<typeof decodeFrame> {
  return decodeFrame(Buffer.concat([Buffer.from('\n'), line]), 1, line.length + 1);
}

describe('frames', () => {
  it('are one line of JSON each, and give back what went in', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.string({ unit: 'binary' }), (value, text) => {
        const line = frame([value as Json, text]);
        expect(line.indexOf('\n')).toBe(line.length - 1);
        const entry = decode(line.subarray(0, -1)) as Entry;
        expect(entry).toEqual(JSON.parse(line.toString('utf8')));
        expect(entry.seq).toBe(7);
        expect(JSON.stringify((entry.record as { detail: Json }).detail)).toBe(
          JSON.stringify(JSON.parse(JSON.stringify([value, text]))),
        );
      }),
    );
  });

  it('carry the RFC 6962 leaf hash of the line without that member', () => {
    const line = frame({ a: 1 }).toString('utf8').trimEnd();
    const { hash } = JSON.parse(line) as Entry;
    const leaf = line.replace(/,"hash":"[^"]*"\}$/, '}');
    expect(leafText(line)).toBe(leaf);
    expect(leafHash(leaf)).toBe(hash);
    expect(lineOfLeaf(leaf, hash)).toBe(line);
  });

  it('are refused after any change of any byte', () => {
    const line = frame({ note: 'grüße', amount: 12 }).subarray(0, -1);
    fc.assert(
      fc.property(fc.nat(line.length - 1), fc.integer({ min: 1, max: 255 }), (at, flip) => {
        const changed = Buffer.from(line);
        changed[at] = (changed[at] as number) ^ flip;
        expect(decode(changed)).toHaveProperty('bad');
      }),
      { numRuns: 500 },
    );
  });

  it('are refused when cut anywhere', () => {
    const line = frame({ a: 1 }).subarray(0, -1);
    for (let end = 0; end < line.length; end++) expect(decode(line.subarray(0, end)), `${end}`).toHaveProperty('bad');
  });

  it('are found again behind holes, garbage and destroyed line ends', () => {
    const [a, b, c] = [frame({ n: 1 }, 1, 1), frame({ n: [{ seq: 9 }] }, 2, 2), frame({ n: 3 }, 3, 3)];
    const seqs = (bytes: Buffer): number[] => salvageFrames(bytes).map((entry) => entry.seq);
    expect(seqs(Buffer.concat([a, b, c]))).toEqual([1, 2, 3]);
    expect(seqs(Buffer.concat([a.subarray(0, 50), Buffer.alloc(30), b, c]))).toEqual([2, 3]);
    expect(seqs(Buffer.concat([Buffer.alloc(300), c]))).toEqual([3]);
    const glued = Buffer.concat([a, b, c]);
    glued[a.length - 1] = 0x20;
    expect(seqs(glued)).toEqual([1, 2, 3]);
    expect(seqs(a.subarray(0, -10))).toEqual([]);
  });
});
