import { describe, expect, it } from 'vitest';
import { unsafePattern } from './pattern.ts';

describe('an expression that can take exponential time', () => {
  it.each([
    '^(a+)+$',
    '(a*)*b',
    '(a|a)*b',
    '(?:a|ab|b)*c',
    '([a-zA-Z]+)*',
    '^(([a-z])+.)+[A-Z]([a-z])+$',
    '(a?a?)*b',
    '(\\w+\\s?)*$',
    '^(\\d+|\\d+\\.\\d*)*$',
    '(x+x+)+y',
    '(?:a{1,3}){2,}b',
    '([a-z0-9._-]+)+@',
    '^(?:.*,)*$',
    '((a{2,5})+)+',
    '(?<word>\\S+\\s*)+$',
    '([\\u0041-\\x5a]+[B-C]?)+$',
    '(\\p{L}+[a-z]*)+$',
    '([^,]+,?)+;',
  ])('is refused: %s', (pattern) => expect(unsafePattern(pattern)).toMatch(/exponential/));

  it('is refused because it really does: the shortest example doubles its time with every letter', () => {
    const time = (length: number) => {
      const started = process.hrtime.bigint();
      /^(a+)+$/.test(`${'a'.repeat(length)}!`);
      return Number(process.hrtime.bigint() - started);
    };
    time(18);
    expect(time(22) / time(16)).toBeGreaterThan(8);
  });
});

describe('an expression that nobody can bound', () => {
  it.each([
    ['(?=a)b', 'looks around'],
    ['(?!a)b', 'looks around'],
    ['(?<=a)b', 'looks around'],
    ['x(y(?<!a)b)', 'looks around'],
    ['(a)\\1', 'refers back'],
    ['(?<n>a)\\k<n>', 'refers back'],
    ['.*a.*b.*c.*d', 'loops in a row'],
    ['(.*a){12}x', 'loops in a row'],
    ['^\\s*\\s*\\s*\\s*$', 'loops in a row'],
    ['a(', 'not valid'],
    ['a)', 'not valid'],
    ['(?P<n>a)', 'not valid'],
    ['a'.repeat(1001), 'longer than'],
    ['(a{1,20}){1,20}', 'too large'],
    [`${'('.repeat(60)}a${')'.repeat(60)}`, 'nested too deep'],
  ])('is refused: %s', (pattern, why) => expect(unsafePattern(pattern)).toContain(why));
});

describe('an ordinary expression', () => {
  it.each([
    '',
    '^AS\\d+$',
    '^[a-z0-9]+(-[a-z0-9]+)*$',
    '^[a-z0-9]+(?:\\.[a-z0-9]+)*@[a-z]+$',
    '^\\d{4}-\\d{2}-\\d{2}$',
    '^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$',
    '^(GET|POST|PUT)$',
    '^https?://[^\\s/$.?#].[^\\s]*$',
    '^.{1,500}$',
    '^(a{0,3}b)*$',
    '^#?([A-Fa-f0-9]{6}|[A-Fa-f0-9]{3})$',
    '^\\S+@\\S+\\.\\S+$',
    '^\\p{L}+$',
    '^(\\d+,)*\\d+$',
    '^(/([^~/]|~[01])*)*$',
    '^(?:[A-Z][a-z]+ ?)+$',
    '^\\d+-\\d+-\\d+-\\d+-\\d+$',
    '^a*b*c*d*e*$',
    '^v?\\d+(\\.\\d+){0,2}(-[0-9A-Za-z.-]+)?$',
    '^(25[0-5]|2[0-4]\\d|1?\\d?\\d)(\\.(25[0-5]|2[0-4]\\d|1?\\d?\\d)){3}$',
    '^[\\w\\-]+$',
    '\\bword\\b',
    '[[]',
    'a{,3}',
    '^\\u{1f600}$',
  ])('is accepted: %s', (pattern) => expect(unsafePattern(pattern)).toBeNull());
});

it('judging takes a bounded time, whatever the expression', () => {
  const started = process.hrtime.bigint();
  for (const part of ['a?', '(a|b)*', '[a-z]{0,20}', '.*', '(a+)+', '\\p{L}+', '(x{1,9}y){1,9}', '((((a']) {
    for (let repeat = 1; repeat < 120; repeat += 17) unsafePattern(part.repeat(repeat));
  }
  expect(Number(process.hrtime.bigint() - started) / 1e6).toBeLessThan(5_000);
});
