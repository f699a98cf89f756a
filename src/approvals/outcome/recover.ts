import { isRedemption } from '../../model/approval.ts';
import type { ApprovalRow } from '../../ports/stores.ts';
import type { State } from '../options.ts';
import { makeStanding } from './record.ts';

/** What this gateway's journal says since then. */
export interface Remembered {
  /** Everything after this time was read. */
  readonly sinceMs: number;
  /** Calls of which the journal says what became of the approval they used: they have an intent, were refused after all, or were told lost. */
  readonly used: ReadonlySet<string>;
  /** The last outcome recorded of each approval, and the number of its record. */
  readonly outcomes: ReadonlyMap<string, { readonly outcome: string; readonly seq: number }>;
}

/** Outcomes looked at after a restart; whatever is beyond is recorded by the sweep. */
const UNRECORDED = 10_000;

/**
 * After a restart: an approval that was used up by a call of this gateway which left no intent was used for nothing (no durable intent, no
 * upstream byte), and is good again, unless it is too late for that, which is recorded. An outcome that was recorded just before the end is
 * not recorded twice. Resolves with how many were opened again.
 */
export async function recoverApprovals(state: State, { sinceMs, used, outcomes }: Remembered): Promise<number> {
  const { store, journal } = state;
  for (const row of await store.unrecorded(0, UNRECORDED)) {
    const known = outcomes.get(row.id);
    // What was recorded may be what it came to before: an approval that expired since has another outcome to be told.
    if (known === undefined || known.outcome !== row.state) continue;
    await makeStanding(state, row);
    await store.change(row.id, row.version, { recorded: true, receipt: { journal: journal.id, seq: known.seq } });
  }
  let reopened = 0;
  for (const row of await store.consumedBy(journal.id, sinceMs)) {
    const call = row.consumedBy?.call ?? '';
    if (isRedemption(call) || used.has(call)) continue;
    if (await openAgain(state, row)) reopened++;
  }
  return reopened;
}

/** `false`: somebody was asked about the same since, or its time is over; its end is on record then. */
async function openAgain(state: State, row: ApprovalRow): Promise<boolean> {
  const { store, clock } = state;
  const by = row.consumedBy;
  if (by === null) return false;
  if (row.expiresAtMs <= clock.nowMs()) return lost(state, row, 'its time is over');
  if (await store.askedSince(row)) return lost(state, row, 'the same was asked again since');
  // Recorded first: nothing becomes usable again without a record that says so.
  await record(state, row, {
    act: 'approval.reopen',
    reason: 'the gateway ended before the call that used it was recorded',
  });
  return (await store.reopen(row.id, by)) || lost(state, row, 'the same was asked again since');
}

async function lost(state: State, row: ApprovalRow, why: string): Promise<false> {
  const reason = `the gateway ended before the call that used it was recorded, and ${why}`;
  await record(state, row, { act: 'approval.unused', reason });
  return false;
}

async function record(state: State, row: ApprovalRow, { act, reason }: { act: string; reason: string }): Promise<void> {
  const detail = { approval: row.id, call: row.consumedBy?.call ?? null, digest: row.digest, agent: row.agent };
  await state.journal.append({ type: 'admin', act, by: 'interlock', reason, detail });
}
