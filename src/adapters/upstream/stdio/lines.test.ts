import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LineReader } from './lines.ts';

function read(chunks: readonly Buffer[], maxBytes = 1_000) {
  const lines: string[] = [];
  let oversize = 0;
  const reader = new LineReader(
    maxBytes,
    (line) => lines.push(line.toString('utf8')),
    () => oversize++,
  );
  for (const chunk of chunks) reader.push(chunk);
  return { lines, reader, oversize: () => oversize };
}

describe('the line reader', () => {
  it('splits at line feeds, drops a carriage return before them and empty lines', () => {
    expect(read([Buffer.from('a\r\n\n\r\nb\nc')]).lines).toEqual(['a', 'b']);
  });

  it('gives the last line when the stream ends', () => {
    const { lines, reader } = read([Buffer.from('a\nb')]);
    reader.end();
    expect(lines).toEqual(['a', 'b']);
  });

  it('throws a line over the bound away once and goes on with the next', () => {
    const { lines, oversize } = read(
      [Buffer.from('x'.repeat(6)), Buffer.from('x'.repeat(6)), Buffer.from('x\nok\n')],
      10,
    );
    expect(lines).toEqual(['ok']);
    expect(oversize()).toBe(1);
  });

  it('takes a line of exactly the bound', () => {
    const { lines, oversize } = read([Buffer.from(`${'x'.repeat(10)}\n`)], 10);
    expect(lines).toEqual(['x'.repeat(10)]);
    expect(oversize()).toBe(0);
  });

  it('gives the same lines whatever way the bytes are split', () => {
    const line = fc.stringMatching(/^[a-zé😀{}":]{1,20}$/u);
    fc.assert(
      fc.property(fc.array(line, { maxLength: 8 }), fc.array(fc.nat(300), { maxLength: 12 }), (lines, cuts) => {
        const bytes = Buffer.from(lines.map((text) => `${text}\n`).join(''));
        const at = [...new Set(cuts.map((cut) => cut % (bytes.length + 1)))].sort((a, b) => a - b);
        const chunks = [...at, bytes.length].map((end, i) => bytes.subarray(i === 0 ? 0 : at[i - 1], end));
        expect(read(chunks).lines).toEqual(lines);
      }),
    );
  });
});
