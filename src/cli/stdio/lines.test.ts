import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LineTooLong, readLines } from './lines.ts';

async function* chunks(bytes: Uint8Array, sizes: readonly number[]): AsyncGenerator<Uint8Array> {
  let at = 0;
  for (let i = 0; at < bytes.length; i++) {
    const size = sizes[i % Math.max(1, sizes.length)] ?? bytes.length;
    yield bytes.subarray(at, at + size);
    at += size;
  }
}

async function read(text: string, sizes: readonly number[], maxBytes = 1000): Promise<string[]> {
  const lines: string[] = [];
  for await (const line of readLines(chunks(Buffer.from(text), sizes), maxBytes)) lines.push(line);
  return lines;
}

describe('lines from stdin', () => {
  it('are the same however the bytes are cut, also inside a character', async () => {
    const text = fc.array(
      fc.string({ unit: 'grapheme', minLength: 1 }).filter((s) => !/[\r\n]/.test(s) && s.trim() !== ''),
    );
    await fc.assert(
      fc.asyncProperty(
        text,
        fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1 }),
        fc.constantFrom('\n', '\r\n'),
        async (lines, sizes, end) => {
          expect(await read(lines.join(end) + end, sizes)).toEqual(lines);
          expect(await read(lines.join(end), sizes)).toEqual(lines);
        },
      ),
    );
  });

  it('are bounded, exactly at the limit', async () => {
    expect(await read(`${'x'.repeat(10)}\ny\n`, [3], 10)).toEqual(['x'.repeat(10), 'y']);
    await expect(read(`a\n${'x'.repeat(11)}\n`, [3], 10)).rejects.toThrow(LineTooLong);
  });
});
