import type { ApprovalChange, ApprovalRow, NoticeRow } from '../../../../ports/stores.ts';
import { changeTopic, type Database, type Trx } from '../schema.ts';
import { storable } from '../text.ts';
import { closeKeys, insertKeys } from './keys.ts';
import { insertNotices } from './notices.ts';
import { escalatesAtMs, toApproval } from './rows.ts';
import type { ApprovalTable } from './tables.ts';

export interface Change {
  readonly id: string;
  readonly expected: number;
  readonly change: ApprovalChange;
  readonly nowMs: number;
}

interface More {
  readonly unexpiredAtMs?: number;
  readonly notices?: readonly NoticeRow[];
  readonly keys?: readonly string[];
}

/** A denial goes on counting for what it is about; what is expired or withdrawn makes room for another. */
const CLOSED: ReadonlySet<string> = new Set(['expired', 'withdrawn']);

export async function changeApproval(db: Database, step: Change, more: More = {}): Promise<boolean> {
  const changed = await changeTopic(db, 'approvals', async (trx) => {
    let update = trx
      .updateTable('interlock_approvals')
      .set(columns(step))
      .where('id', '=', storable(step.id, 'approval id'))
      .where('version', '=', step.expected);
    if (more.unexpiredAtMs !== undefined)
      update = update.where('state', '=', 'pending').where('expires_at_ms', '>', more.unexpiredAtMs);
    const row = await update.returningAll().executeTakeFirst();
    if (row === undefined) return null;
    await follow(trx, toApproval(row), step.change);
    await insertKeys(trx, toApproval(row), more.keys ?? []);
    await insertNotices(trx, more.notices ?? []);
    return true;
  });
  return changed === true;
}

/** What is worked out from a row, after the row. */
async function follow(trx: Trx, row: ApprovalRow, change: ApprovalChange): Promise<void> {
  if (change.state !== undefined || change.escalated !== undefined || change.requirement !== undefined)
    await trx
      .updateTable('interlock_approvals')
      .set({ escalates_at_ms: escalatesAtMs(row) })
      .where('id', '=', row.id)
      .execute();
  if (change.state !== undefined && row.state !== 'pending') await closeKeys(trx, [row.id]);
}

function columns({ change, expected, nowMs }: Change): Partial<ApprovalTable> {
  const { state, recorded, proposal, requirement, answers, escalated, receipt } = change;
  const set: Partial<ApprovalTable> = { version: expected + 1, changed_at_ms: nowMs };
  if (state !== undefined) set.state = state;
  if (state !== undefined && CLOSED.has(state)) set.open_key = null;
  if (recorded !== undefined) set.recorded = recorded ? 1 : 0;
  if (proposal !== undefined)
    set.proposal = proposal === null ? null : storable(JSON.stringify(proposal), 'changed arguments');
  if (requirement !== undefined) set.requirement = storable(JSON.stringify(requirement), 'requirement');
  if (answers !== undefined) set.answers = storable(JSON.stringify(answers), 'answer');
  if (escalated !== undefined) set.escalated = escalated;
  if (receipt !== undefined) set.receipt = receipt === null ? null : JSON.stringify(receipt);
  if (change.answeredBy !== undefined)
    set.answered_by = change.answeredBy === null ? null : storable(change.answeredBy, 'name of who answered');
  if (change.answerReason !== undefined)
    set.answer_reason = change.answerReason === null ? null : storable(change.answerReason, 'reason');
  if (change.answeredAtMs !== undefined) set.answered_at_ms = change.answeredAtMs;
  return set;
}
