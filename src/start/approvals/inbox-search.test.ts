import { describe, expect, it } from 'vitest';
import type { ApprovalFilter, ApprovalRow } from '../../ports/stores.ts';
import { searchSeen } from './inbox-search.ts';

const rowOf = (n: number, value: string): ApprovalRow => {
  const shown = {
    agent: { id: 'buyer', name: 'Buyer' },
    ...{ server: 'bank', target: 'pay', subject: { id: 'alice', name: 'Alice' } },
    sentence: [{ text: 'Pay to ' }, { argument: 'iban', value, missing: false }],
  };
  return { id: `a-${n}`, requestedAtMs: n, request: JSON.stringify(shown) } as unknown as ApprovalRow;
};
/** Newest first, as the store answers that is not asked for any text. */
const storeOf = (rows: readonly ApprovalRow[]) => async (filter: ApprovalFilter) => {
  expect(filter.text).toBeUndefined();
  const { before } = filter;
  const newest = rows.toReversed().filter((row) => before === undefined || row.requestedAtMs < before.requestedAtMs);
  return newest.slice(0, filter.limit);
};
const idsOf = (rows: readonly ApprovalRow[]): readonly string[] => rows.map(({ id }) => id);

describe('searching requests without the right to content', () => {
  const rows = [rowOf(1, 'DE11-SECRET'), rowOf(2, 'DE22-OWN')];
  const own = (row: ApprovalRow): boolean => row.id === 'a-2';

  it('finds by names, and by what is said only where it is shown', async () => {
    const find = async (text: string) => idsOf((await searchSeen(storeOf(rows), { text, limit: 10 }, own)).rows);
    expect(await find('ALICE bank/pay')).toEqual(['a-2', 'a-1']);
    expect(await find('de22 pay')).toEqual(['a-2']);
    for (const text of ['de11', 'secret', 'alice DE1']) expect(await find(text), text).toEqual([]);
  });

  it('says nothing with its cursor, either', async () => {
    const page = await searchSeen(storeOf(rows), { text: 'secret', limit: 1 }, () => false);
    expect(page).toEqual({ rows: [], last: null });
  });

  it('goes on where a page ended, full or not', async () => {
    const many = Array.from({ length: 1_234 }, (_, i) => rowOf(i + 1, 'x'));
    const found: string[] = [];
    let before: ApprovalFilter['before'];
    for (let page = 0; page < 50; page++) {
      const asked = { text: 'a-1', limit: 40, ...(before === undefined ? {} : { before }) };
      const { rows: some, last } = await searchSeen(storeOf(many), asked, () => false);
      found.push(...idsOf(some));
      if (last === null) break;
      before = { requestedAtMs: last.requestedAtMs, id: last.id };
    }
    expect(found).toEqual(idsOf(many.toReversed()).filter((id) => id.startsWith('a-1')));
  });
});
