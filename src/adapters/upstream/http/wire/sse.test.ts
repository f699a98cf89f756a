import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Fault } from '../../../../model/fault.ts';
import { SseReader } from './sse.ts';

function read(chunks: readonly (string | Uint8Array)[], maxEventChars = 1_000) {
  const data: string[] = [];
  const reader = new SseReader({ maxEventChars, onData: (text) => data.push(text) });
  for (const chunk of chunks) reader.push(typeof chunk === 'string' ? Buffer.from(chunk) : chunk);
  return { data, reader };
}

function codeOf(step: () => unknown): string {
  try {
    step();
  } catch (error) {
    return error instanceof Fault ? error.code : String(error);
  }
  return 'none';
}

describe('the event stream reader', () => {
  it('reads events that end with LF, CR and CRLF', () => {
    expect(read(['data: a\n\ndata: b\r\rdata: c\r\n\r\n']).data).toEqual(['a', 'b', 'c']);
  });

  it('joins several data lines with a line feed and takes one space only', () => {
    expect(read(['data: a\ndata:  b\ndata:c\ndata\n\n']).data).toEqual(['a\n b\nc\n']);
  });

  it('ignores comments, unknown fields and a byte order mark', () => {
    expect(read(['\ufeff: hello\nfoo: bar\ndata: x\n:\n\n']).data).toEqual(['x']);
  });

  it('gives no event for another type, and none for an event without data', () => {
    const { data } = read(['event: endpoint\ndata: /x\n\nevent: message\ndata: y\n\nid: 4\n\n']);
    expect(data).toEqual(['y']);
  });

  it('remembers the id and the pause of an event that only primes resumption', () => {
    const { data, reader } = read(['id: abc\nretry: 2500\ndata:\n\n']);
    expect(data).toEqual([]);
    expect(reader.lastEventId).toBe('abc');
    expect(reader.retryMs).toBe(2500);
  });

  it('counts an id only once its event is complete, and keeps it for events without one', () => {
    const { reader } = read(['id: 1\ndata: x\n\n', 'data: y\n\n', 'id: 2\ndata: z\n']);
    expect(reader.lastEventId).toBe('1');
    reader.push(Buffer.from('\n'));
    expect(reader.lastEventId).toBe('2');
  });

  it('does not remember an id that a header cannot carry, or one that is too long', () => {
    const { reader } = read(
      ['id: ok\ndata: x\n\n', 'id: a\0b\ndata: x\n\n', 'id: é\ndata: x\n\n', `id: ${'i'.repeat(2_000)}\n\n`],
      5_000,
    );
    expect(reader.lastEventId).toBe('ok');
  });

  it('forgets the id when the server resets it', () => {
    expect(read(['id: 1\ndata: x\n\nid\ndata: y\n\n']).reader.lastEventId).toBe('');
  });

  it('ignores a pause that is no number', () => {
    expect(read(['retry: 1e3\nretry: -1\nretry: soon\n\n']).reader.retryMs).toBeNull();
  });

  it('refuses an event over its bound, in one line, in many, and in lines without data', () => {
    expect(codeOf(() => read([`data: ${'x'.repeat(200)}\n`], 100))).toBe('response-too-large');
    expect(codeOf(() => read(['data: ', ...Array.from({ length: 30 }, () => 'x'.repeat(10))], 100))).toBe(
      'response-too-large',
    );
    expect(codeOf(() => read([`data: ${'x'.repeat(40)}\n`.repeat(3)], 100))).toBe('response-too-large');
    expect(codeOf(() => read(['data\n'.repeat(200)], 100))).toBe('response-too-large');
    expect(codeOf(() => read([`data: ${'x'.repeat(90)}\n\n`.repeat(3)], 100))).toBe('none');
  });

  it('refuses bytes that are not UTF-8 instead of replacing them', () => {
    expect(codeOf(() => read([Uint8Array.of(0x64, 0x3a, 0xff, 0x0a)]))).toBe('upstream-protocol');
  });

  it('reads the same whatever way the bytes are split', () => {
    const line = fc.stringMatching(/^[a-zé😀 :]{0,12}$/u);
    const event = fc.record({
      id: fc.option(fc.stringMatching(/^[a-z0-9]{1,5}$/)),
      lines: fc.array(line, { minLength: 1, maxLength: 3 }),
    });
    const ending = fc.constantFrom('\n', '\r', '\r\n');
    fc.assert(
      fc.property(
        fc.array(event, { maxLength: 5 }),
        ending,
        fc.array(fc.nat(400), { maxLength: 12 }),
        (events, eol, cuts) => {
          const text = events
            .map((e) =>
              [...(e.id === null ? [] : [`id: ${e.id}`]), ...e.lines.map((l) => `data: ${l}`), '', ''].join(eol),
            )
            .join('');
          const bytes = Buffer.from(text);
          const at = [...new Set(cuts.map((cut) => cut % (bytes.length + 1)))].sort((a, b) => a - b);
          const chunks = [...at, bytes.length].map((end, i) => bytes.subarray(i === 0 ? 0 : at[i - 1], end));
          const wanted = events.map((e) => e.lines.join('\n')).filter((data) => data !== '');
          const { data, reader } = read(chunks);
          expect(data).toEqual(wanted);
          const ids = events.flatMap((e) => (e.id === null ? [] : [e.id]));
          expect(reader.lastEventId).toBe(ids.at(-1) ?? '');
        },
      ),
    );
  });
});
