import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Page } from '../../../../model/insight/page.ts';
import { Problem } from '../../problem.ts';
import { closed, text } from '../../schemas.ts';

/** Of the query of every list: no list is without. */
export const PAGE = {
  // A key may hold the name of a tool.
  cursor: text(12_000),
  limit: { type: 'integer', minimum: 1, maximum: 1_000 },
} as const;

/** Of a list with no other query. */
export const PAGED = { schema: { querystring: { ...closed, properties: PAGE } } } as const;

export interface PageAsked {
  readonly cursor?: string;
  readonly limit?: number;
}

export const DEFAULT_LIMIT = 100;

/**
 * The page after the cursor, of a list in the order of its keys. The cursor is the key of the last one that was seen, so that what comes
 * or goes meanwhile neither repeats nor hides others. Pure.
 */
export function pageOf<T>(
  sorted: readonly T[],
  keyOf: (item: T) => string,
  { cursor, limit = DEFAULT_LIMIT }: PageAsked,
): Page<T> {
  const start = cursor === undefined ? 0 : placeAfter(sorted, keyOf, keyIn(cursor));
  const items = sorted.slice(start, start + limit);
  const last = items.at(-1);
  const more = last !== undefined && start + items.length < sorted.length;
  return { items, next: more ? cursorOf(keyOf(last)) : null };
}

/** Keys looked at in one turn. */
const TURN = 2_000;

/** The same of what may be very many in no order: none of it is sorted but the page, and others have their turns in between. */
export async function pageAmong<T>(
  items: readonly T[],
  keyOf: (item: T) => string,
  { cursor, limit = DEFAULT_LIMIT }: PageAsked,
): Promise<Page<T>> {
  const after = cursor === undefined ? null : keyIn(cursor);
  const wanted = limit + 1;
  let best: { readonly key: string; readonly item: T }[] = [];
  /** The first that certainly comes later. */
  let beyond: string | undefined;
  const settle = (): string | undefined => {
    best = best.sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0)).slice(0, wanted);
    return best[limit]?.key;
  };
  for (const [i, item] of items.entries()) {
    if (i % TURN === TURN - 1) await nextTurn();
    const key = keyOf(item);
    if ((after !== null && key <= after) || (beyond !== undefined && key >= beyond)) continue;
    best.push({ key, item });
    if (best.length >= 4 * wanted) beyond = settle();
  }
  settle();
  const page = best.slice(0, limit);
  return { items: page.map(({ item }) => item), next: best.length > limit ? cursorOf(page.at(-1)!.key) : null };
}

/** The same of items in no order. Pure. */
export function pageBy<T>(items: Iterable<T>, keyOf: (item: T) => string, asked: PageAsked): Page<T> {
  return pageOf(sortedBy(items, keyOf), keyOf, asked);
}

/** By their keys, as `pageOf` wants them. */
export function sortedBy<T>(items: Iterable<T>, keyOf: (item: T) => string): readonly T[] {
  return Array.from(items, (item) => ({ item, key: keyOf(item) }))
    .sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0))
    .map(({ item }) => item);
}

/** A key under which the newest comes first. */
export function newestFirst(atMs: number, id: string): string {
  return `${String(1e15 - atMs).padStart(16, '0')} ${id}`;
}

/** A key under which the oldest comes first. */
export function oldestFirst(atMs: number, id: string): string {
  return `${String(atMs).padStart(16, '0')} ${id}`;
}

/** A place in a list as callers see it: nothing they could read anything from, or make by themselves by accident. */
export function cursorOf(key: string): string {
  return Buffer.from(key).toString('base64url');
}

export function keyIn(cursor: string): string {
  const key = Buffer.from(cursor, 'base64url').toString();
  if (cursorOf(key) !== cursor) throw noCursor();
  return key;
}

/** The same of a list that goes on after a number. */
export function numberIn(cursor: string): number {
  const key = keyIn(cursor);
  if (!/^\d{1,15}$/.test(key)) throw noCursor();
  return Number(key);
}

export function noCursor(): Problem {
  return new Problem(400, 'invalid-cursor', 'cursor: send the `next` of the page before, or none');
}

/** Index of the first whose key comes after `key`. */
function placeAfter<T>(sorted: readonly T[], keyOf: (item: T) => string, key: string): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (keyOf(sorted[middle]!) <= key) low = middle + 1;
    else high = middle;
  }
  return low;
}
