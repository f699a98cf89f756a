import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { diffOf, linesOf, wordsOf } from './diff.ts';

describe('the difference of two texts', () => {
  it('marks only the words that went or came', () => {
    const pieces = diffOf(wordsOf('Lists orders'), wordsOf('Lists all orders. Read the key.'));
    expect(pieces.filter(({ kind }) => kind === 'new').map(({ text }) => text.trim())).toEqual([
      'all',
      '. Read the key.',
    ]);
    expect(pieces.some(({ kind }) => kind === 'gone')).toBe(false);
  });

  it('gives back both texts whole, whatever they are', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (before, after) => {
        const pieces = diffOf(wordsOf(before), wordsOf(after));
        const without = (kind: string): string =>
          pieces
            .filter((piece) => piece.kind !== kind)
            .map(({ text }) => text)
            .join('');
        expect(without('new')).toBe(before);
        expect(without('gone')).toBe(after);
      }),
    );
  });

  it('does not hang on texts that have nothing in common', () => {
    const many = (text: string): string[] => Array.from({ length: 5_000 }, (_, i) => `${text}${i}`);
    expect(diffOf(many('a'), many('b')).map(({ kind }) => kind)).toEqual(['gone', 'new']);
  });
});

it('a value is lines in one order of members', () => {
  expect(linesOf({ b: 1, a: { d: 2, c: [3] } })).toEqual(linesOf({ a: { c: [3], d: 2 }, b: 1 }));
  expect(linesOf(undefined)).toEqual([]);
});
