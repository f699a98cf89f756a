import type { ApprovalRow } from '../../ports/stores.ts';
import { candidates } from '../approvers/progress.ts';
import { at, givenOf } from '../counting.ts';
import type { State } from '../options.ts';
import { recordOutcome } from './record.ts';

/** How long whoever decided a request has to record it before somebody else does. */
const UNRECORDED_MS = 10_000;
/** Kept for history after their end. */
const KEPT_MS = 90 * 86_400_000;

/** What time does, and what a crash left: expiry, escalation, outcomes without a record. Never rejects; what fails stops nothing else. */
export async function sweep(state: State): Promise<void> {
  const { store, clock } = state;
  await alone(state, {}, async () => void (await store.expire(clock.nowMs())));
  await alone(state, {}, () => recordLeftOvers(state));
  await alone(state, {}, () => escalate(state));
}

async function alone(state: State, about: { readonly approval?: string }, act: () => Promise<void>): Promise<void> {
  try {
    await act();
  } catch (error) {
    state.log?.error({ ...about, err: error }, 'what is due of approvals could not be done; it is tried again');
  }
}

/** Rarely: what ended long ago is forgotten here; the journal keeps it. */
export function forget(state: State): Promise<number> {
  return state.store.prune(state.clock.nowMs() - KEPT_MS);
}

async function recordLeftOvers(state: State): Promise<void> {
  // What expired has nobody else who records it; an answer is recorded by whoever gave it, unless they are gone.
  for (const row of await state.store.unrecorded(0)) {
    const decidedMs = row.answeredAtMs ?? 0;
    const theirs = row.state !== 'expired' && decidedMs > state.clock.nowMs() - UNRECORDED_MS;
    if (!theirs) await alone(state, { approval: row.id }, () => recordLeftOver(state, row));
  }
}

/** Claimed by a new version: of several gateways one records it. */
async function recordLeftOver(state: State, row: ApprovalRow): Promise<void> {
  const after = { ...row, version: row.version + 1 };
  const notices = row.state === 'expired' ? state.notices(after, 'expired', []) : [];
  if (await state.store.change(row.id, row.version, {}, { notices })) await recordOutcome(state, after);
}

async function escalate(state: State): Promise<void> {
  for (const row of await state.store.escalating())
    await alone(state, { approval: row.id }, async () => {
      const asked = candidates(row.requirement, at(state, row.requestedAtMs), givenOf(row));
      const next = { ...row, escalated: row.escalated + 1, version: row.version + 1 };
      const notices = state.notices(next, 'escalated', asked);
      await state.store.change(row.id, row.version, { escalated: next.escalated }, { notices });
    });
}
