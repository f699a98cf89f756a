import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonicalize } from '../model/canonical.ts';
import type { Json } from '../model/json.ts';
import type { PinRow } from '../ports/stores.ts';
import { describePin, diffJson, sameJson } from './diff.ts';

const json = fc.jsonValue({ maxDepth: 4 }) as fc.Arbitrary<Json>;

describe('two JSON values', () => {
  it('are the same exactly when their canonical forms are', () => {
    fc.assert(
      fc.property(json, json, (a, b) => {
        expect(sameJson(a, b)).toBe(canonicalize(a) === canonicalize(b));
        expect(sameJson(a, structuredClone(a))).toBe(true);
        expect(diffJson(a, b).length === 0).toBe(sameJson(a, b));
      }),
    );
  });

  it('with other members, order, or types differ or not as JSON says', () => {
    expect(sameJson({ a: 1, b: 2 }, { b: 2, a: 1 })).toBe(true);
    expect(sameJson([1, 2], [2, 1])).toBe(false);
    expect(sameJson({ a: 1 }, { b: 1 })).toBe(false);
    expect(sameJson([], {})).toBe(false);
    expect(sameJson({ 0: 1 }, [1])).toBe(false);
    expect(sameJson(null, {})).toBe(false);
  });
});

describe('a difference', () => {
  const row = (accepted: Json, seen: Json) => ({ accepted, seen }) as unknown as PinRow;

  it('is told by pointer, with both values, in the order of pointers', () => {
    const before = { name: 't', 'a/b': 1, list: [1, 2], gone: true };
    const after = { name: 't', 'a/b': 2, list: [1, 3, 4], fresh: null };
    expect(describePin(row(before, after))).toEqual([
      '- /a~1b: 1',
      '+ /a~1b: 2',
      '+ /fresh: null',
      '- /gone: true',
      '- /list/1: 2',
      '+ /list/1: 3',
      '+ /list/2: 4',
    ]);
  });

  it('shows what is invisible, in values and in names', () => {
    const lines = describePin(row({ d: 'a' }, { d: 'a\u200b', ['k\u202e']: '\u{e0041}' }));
    expect(lines).toEqual(['- /d: "a"', '+ /d: "a⟨U+200B⟩"', '+ /k⟨U+202E⟩: "⟨U+E0041⟩"']);
  });

  it('of a tool that was never accepted is all of it', () => {
    expect(describePin(row(null, { name: 't' }))).toEqual(['+ {"name":"t"}']);
  });
});
