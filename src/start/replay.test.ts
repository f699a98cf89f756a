import { expect, it } from 'vitest';
import type { Entry } from '../audit/journal.ts';
import { Usage } from '../gateway/usage.ts';
import type { Inventory } from '../inventory/catalog.ts';
import type { JournalRecord } from '../model/record.ts';
import { replay } from './replay.ts';

const TIME = '2026-11-03T12:00:00.000Z';
const call = (type: 'intent' | 'refusal', id: string, approval: string | null) =>
  ({ type, call: id, approval, action: 'ping', session: null }) as unknown as JournalRecord;
const admin = (act: string, detail: object) =>
  ({ type: 'admin', act, by: 'alice', reason: '', detail }) as unknown as JournalRecord;

async function approvalsOf(records: readonly JournalRecord[]) {
  async function* entries(): AsyncGenerator<Entry> {
    for (const [seq, record] of records.entries()) yield { seq, time: TIME, record } as Entry;
  }
  const to = { usage: new Usage(), inventory: {} as Inventory, nowMs: Date.parse(TIME) };
  return (await replay(entries(), to)).approvals;
}

it('remembers what became of approvals: used, refused after all, told lost, and what each came to last', async () => {
  const { used, outcomes, sinceMs } = await approvalsOf([
    call('intent', 'sent', 'a'),
    call('intent', 'nobody asked', null),
    call('refusal', 'asks', null),
    call('refusal', 'stopped after it was used', 'b'),
    admin('approval.outcome', { approval: 'a', outcome: 'approved' }),
    admin('approval.outcome', { approval: 'b', outcome: 'approved' }),
    admin('approval.outcome', { approval: 'b', outcome: 'withdrawn' }),
    admin('approval.unused', { approval: 'c', call: 'told' }),
    admin('approval.reopen', { approval: 'd', call: 'good again' }),
  ]);
  expect([...used]).toEqual(['sent', 'stopped after it was used', 'told']);
  expect([...outcomes]).toEqual([
    ['a', { outcome: 'approved', seq: 4 }],
    ['b', { outcome: 'withdrawn', seq: 6 }],
  ]);
  expect(sinceMs).toBe(Date.parse(TIME));
});

it('knows nothing of an empty journal: then nothing is good again', async () => {
  expect((await approvalsOf([])).sinceMs).toBe(Number.POSITIVE_INFINITY);
});
