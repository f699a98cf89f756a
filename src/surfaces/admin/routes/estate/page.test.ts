import { expect, it } from 'vitest';
import type { Page } from '../../../../model/insight/page.ts';
import { newestFirst, pageAmong, pageOf, sortedBy } from './page.ts';

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

it('makes the same pages of very many in no order, with turns for others in between', async () => {
  const many = Array.from({ length: 30_000 }, (_, i) => ({ id: String((i * 7_919) % 30_000).padStart(6, '0') }));
  const sorted = sortedBy(many, keyOf);
  let turns = 0;
  const others = setInterval(() => turns++, 0);
  const found: { readonly id: string }[] = [];
  let cursor: string | null = null;
  do {
    const asked = { limit: 999, ...(cursor === null ? {} : { cursor }) };
    const page: Page<{ readonly id: string }> = await pageAmong(many, keyOf, asked);
    expect(page).toEqual(pageOf(sorted, keyOf, asked));
    found.push(...page.items);
    cursor = page.next;
  } while (cursor !== null);
  clearInterval(others);
  expect(found).toEqual(sorted);
  expect(turns).toBeGreaterThan(10);
  for (const ids of ['', 'ab', 'abc'])
    expect(await pageAmong(list(ids), keyOf, { limit: 2 })).toEqual(pageOf(list(ids), keyOf, { limit: 2 }));
});
