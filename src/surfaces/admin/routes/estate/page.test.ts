import { expect, it } from 'vitest';
import { newestFirst, pageOf, sortedBy } from './page.ts';

const keyOf = (item: { readonly id: string }): string => item.id;
const list = (ids: string): readonly { id: string }[] =>
  sortedBy(
    [...ids].map((id) => ({ id })),
    keyOf,
  );

it('goes through a list page by page, each once', () => {
  const first = pageOf(list('cadbe'), keyOf, { limit: 2 });
  expect(first.items.map(keyOf)).toEqual(['a', 'b']);
  const second = pageOf(list('cadbe'), keyOf, { limit: 2, cursor: first.next! });
  const third = pageOf(list('cadbe'), keyOf, { limit: 2, cursor: second.next! });
  expect([second, third].flatMap(({ items }) => items.map(keyOf))).toEqual(['c', 'd', 'e']);
  expect(third.next).toBe(null);
});

it('neither repeats nor hides others when some come or go between pages', () => {
  const { next } = pageOf(list('abcd'), keyOf, { limit: 2 });
  // The one the cursor stands on is gone, and one came before it.
  expect(pageOf(list('aAcd'), keyOf, { limit: 2, cursor: next! }).items.map(keyOf)).toEqual(['c', 'd']);
});

it('says there is nothing after the last page', () => {
  expect(pageOf(list('ab'), keyOf, { limit: 2 }).next).toBe(null);
  expect(pageOf([], keyOf, {})).toEqual({ items: [], next: null });
});

it('refuses a cursor it did not make', () => {
  expect(() => pageOf(list('ab'), keyOf, { cursor: '../etc' })).toThrow('next');
});

it('puts the newest first', () => {
  const keys = [newestFirst(5, 'a'), newestFirst(1_700_000_000_000, 'b'), newestFirst(1_700_000_000_000, 'a')];
  expect([...keys].sort()).toEqual([keys[2], keys[1], keys[0]]);
});
