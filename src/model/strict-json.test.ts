import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonicalize, digestJson } from './canonical.ts';
import { Fault } from './fault.ts';
import type { Json } from './json.ts';
import { parseStrict } from './strict-json.ts';

function codeOf(text: string, limits?: { maxDepth: number; maxNodes: number }): string {
  try {
    parseStrict(text, limits);
    return 'accepted';
  } catch (error) {
    return error instanceof Fault ? error.code : String(error);
  }
}

describe('the strict reader refuses what would change between reading and deciding', () => {
  const cells: readonly (readonly [string, string, string])[] = [
    ['duplicate names', '{"a":1,"a":2}', 'unsafe-json'],
    ['duplicate names written with an escape', '{"a":1,"\\u0061":2}', 'unsafe-json'],
    ['duplicate names deep inside', '{"x":[{"b":{"c":1,"c":1}}]}', 'unsafe-json'],
    ['an integer beyond 2^53-1', '{"id":9007199254740993}', 'unsafe-json'],
    ['the same written as a float', '{"id":9007199254740993.0}', 'unsafe-json'],
    ['infinity by exponent', '{"n":1e999}', 'unsafe-json'],
    ['__proto__', '{"__proto__":{"admin":true}}', 'unsafe-json'],
    ['__proto__ by escape', '{"\\u005f_proto__":1}', 'unsafe-json'],
    ['a lone surrogate', '{"a":"\\ud800"}', 'unsafe-json'],
    ['an unterminated string', '{"a":"b', 'parse-error'],
    ['a trailing comma', '{"a":1,}', 'parse-error'],
    ['two documents', '{} {}', 'parse-error'],
    ['NaN', '{"a":NaN}', 'parse-error'],
    ['nothing', '', 'parse-error'],
    ['a colon inside a string', '{"a":"x:y","b":"\\":"}', 'accepted'],
    ['a backslash before the closing quote', '{"a":"\\\\","b":1}', 'accepted'],
    ['the largest safe integer', '{"a":9007199254740991}', 'accepted'],
  ];
  it.each(cells)('%s', (_name, text, outcome) => {
    expect(codeOf(text)).toBe(outcome);
  });

  it('bounds depth before parsing: a million brackets answer at once', () => {
    expect(codeOf('['.repeat(1_000_000))).toBe('unsafe-json');
    expect(codeOf(`${'['.repeat(64)}${']'.repeat(64)}`)).toBe('accepted');
    expect(codeOf(`${'['.repeat(65)}${']'.repeat(65)}`)).toBe('unsafe-json');
  });

  it('bounds the number of members', () => {
    expect(codeOf(JSON.stringify(Array.from({ length: 101 }, () => 1)), { maxDepth: 4, maxNodes: 100 })).toBe(
      'accepted',
    );
    expect(codeOf(JSON.stringify(Array.from({ length: 102 }, () => 1)), { maxDepth: 4, maxNodes: 100 })).toBe(
      'unsafe-json',
    );
  });

  it('accepts and returns unchanged every value JSON.stringify can write from safe data', () => {
    const safe = fc.jsonValue({ depthSize: 'medium' }).filter((value) => codeOfNumbers(value as Json));
    fc.assert(
      fc.property(safe, (value) => {
        const text = JSON.stringify(value);
        fc.pre(!text.includes('__proto__') && text.isWellFormed() && !/\\ud[89a-f]/i.test(text));
        expect(JSON.stringify(parseStrict(text))).toBe(text);
      }),
    );
  });
});

function codeOfNumbers(value: Json): boolean {
  return !JSON.stringify(value, (_k, v) =>
    typeof v === 'number' && Number.isInteger(v) && !Number.isSafeInteger(v) ? '#big' : v,
  ).includes('#big');
}

describe('canonical form (RFC 8785)', () => {
  it('orders members by UTF-16 code units and writes numbers as ECMAScript does', () => {
    const value = JSON.parse(
      '{"\\u20ac":"Euro","\\r":"CR","1":"One","\\ufb33":"x","\\ud83d\\ude00":"smile","n":1e21,"z":-0}',
    ) as Json;
    expect(canonicalize(value)).toBe(
      '{"\\r":"CR","1":"One","n":1e+21,"z":0,"\u20ac":"Euro","\ud83d\ude00":"smile","\ufb33":"x"}',
    );
  });

  it('gives one digest whatever the order of members', () => {
    expect(digestJson({ a: 1, b: [true, null] })).toBe(digestJson({ b: [true, null], a: 1 }));
    expect(digestJson({ a: 1 })).not.toBe(digestJson({ a: '1' }));
  });
});
