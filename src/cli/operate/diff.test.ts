import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { diffLines } from './diff.ts';

describe('the difference between two definitions', () => {
  it('leads from one to the other, and says nothing about equal ones', () => {
    const lines = fc.array(fc.constantFrom('a', 'b', 'c', 'd'), { maxLength: 12 });
    fc.assert(
      fc.property(lines, lines, (before, after) => {
        const diff = diffLines(before, after);
        expect(diff.filter((line) => line.kind !== 'added').map((line) => line.text)).toEqual(before);
        expect(diff.filter((line) => line.kind !== 'removed').map((line) => line.text)).toEqual(after);
        expect(diffLines(before, before).every((line) => line.kind === 'same')).toBe(true);
      }),
    );
  });

  it('is the shortest: one changed line is one removed and one added', () => {
    const diff = diffLines(['{', ' "a": 1', ' "b": 2', '}'], ['{', ' "a": 1', ' "b": 3', '}']);
    expect(diff.map((line) => line.kind)).toEqual(['same', 'same', 'removed', 'added', 'same']);
  });

  it('stays bounded on huge definitions', () => {
    const many = Array.from({ length: 5000 }, (_, i) => String(i));
    expect(diffLines(many, many)).toHaveLength(10_000);
  });
});
