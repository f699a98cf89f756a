import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { makeTerminal } from './terminal.ts';
import { formatDuration, parseDuration, shellQuote, visible, visibleLines } from './text.ts';

describe('text from outside', () => {
  it('cannot drive the terminal, begin a line or reorder what is read', () => {
    expect(visible('a\u001b[2Jb\r\nc\u202ed\u200be\u0007')).toBe('a\\u{1b}[2Jb\\u{d}\\u{a}c\\u{202e}d\\u{200b}e\\u{7}');
    expect(visibleLines('a\n\tb\r\u2028')).toBe('a\n\tb\\u{d}\\u{2028}');
    fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => !/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u.test(visible(text))));
    expect(visible('grüße 你好 €')).toBe('grüße 你好 €');
  });
});

describe('durations', () => {
  const cells: readonly (readonly [string, number | null])[] = [
    ['10m', 600_000],
    ['90s', 90_000],
    ['2h30m', 9_000_000],
    ['1d', 86_400_000],
    ['500ms', 500],
    ['10', null],
    ['0s', null],
    ['-5m', null],
    ['5 m', null],
    ['99999d', null],
    ['', null],
  ];
  it.each(cells)('%s is %s ms', (text, ms) => {
    expect(parseDuration(text)).toBe(ms);
  });
  it('are shown with two units at most', () => {
    expect([0, 59_000, 60_000, 125_000, 3_600_000, 12_240_000, 90_000_000].map(formatDuration)).toEqual([
      '0s',
      '59s',
      '1m',
      '2m 5s',
      '1h',
      '3h 24m',
      '1d 1h',
    ]);
  });
});

describe('shell words', () => {
  it('come back unchanged', () => {
    expect(shellQuote('/usr/bin/x')).toBe('/usr/bin/x');
    expect(shellQuote("it's $HOME")).toBe("'it'\\''s $HOME'");
  });
});

describe('tables', () => {
  function printed(stream: { isTTY?: boolean; columns?: number }, json = false): string {
    let out = '';
    const stdout = { ...stream, write: (text: string) => ((out += text), true) } as unknown as NodeJS.WritableStream;
    const terminal = makeTerminal({ stdout, stderr: stdout, json, color: false });
    terminal.table(
      ['id', 'what'],
      [
        ['a', 'short'],
        ['long-id', { text: 'x'.repeat(50), tone: 'bad' }],
        ['n', null],
      ],
    );
    terminal.value({ a: 1 });
    return out;
  }
  it('are aligned and cut on a terminal, tab-separated when piped, and one JSON value with --json', () => {
    expect(printed({ isTTY: true, columns: 30 })).toBe(
      `ID       WHAT\na        short\nlong-id  ${'x'.repeat(20)}…\nn        -\n`,
    );
    expect(printed({})).toBe(`id\twhat\na\tshort\nlong-id\t${'x'.repeat(50)}\nn\t-\n`);
    expect(printed({}, true)).toBe('{"a":1}\n');
  });
});
