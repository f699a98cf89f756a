import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeHeaderValue, encodeHeaderValue, mirroredParams, mirroredValue } from './mcp.ts';

describe('header values of the 2026-07-28 revision', () => {
  it('come back as they were, whatever they hold', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (value) => {
        expect(decodeHeaderValue(encodeHeaderValue(value))).toBe(value);
      }),
    );
  });

  const examples: readonly (readonly [string, string])[] = [
    ['us-west1', 'us-west1'],
    ['Hello, 世界', '=?base64?SGVsbG8sIOS4lueVjA==?='],
    [' padded ', '=?base64?IHBhZGRlZCA=?='],
    ['line1\nline2', '=?base64?bGluZTEKbGluZTI=?='],
    ['=?base64?literal?=', '=?base64?PT9iYXNlNjQ/bGl0ZXJhbD89?='],
  ];
  it.each(examples)('%j is written %s, as in the specification', (value, encoded) => {
    expect(encodeHeaderValue(value)).toBe(encoded);
  });

  it.each([['=?base64?SGVsbG8?='], ['=?base64?SGVs!!!bG8=?='], ['=?base64?/w==?=']])(
    '%s claims to be base64 of text and is not',
    (value) => {
      expect(decodeHeaderValue(value)).toBeNull();
    },
  );

  it('are read from the exact path the schema marks, and absent where the value is', () => {
    const schema = {
      type: 'object',
      properties: { place: { type: 'object', properties: { region: { type: 'string', 'x-mcp-header': 'Region' } } } },
    };
    expect(mirroredParams(schema)).toEqual([{ header: 'Region', path: ['place', 'region'] }]);
    expect(mirroredValue({ place: { region: 'eu' } }, ['place', 'region'])).toBe('eu');
    expect(mirroredValue({ place: { region: null } }, ['place', 'region'])).toBeNull();
    expect(mirroredValue({}, ['constructor', 'name'])).toBeNull();
  });
});
