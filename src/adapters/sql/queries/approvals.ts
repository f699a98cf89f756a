import type { ApprovalRow, ApprovalState, ApprovalStore } from '../../../ports/stores.ts';
import { changeTopic, type Database, type Schema, type Trx } from './schema.ts';
import { storable } from './text.ts';

const MAX_LISTED = 1_000;

export function approvalStore(db: Database): ApprovalStore {
  return {
    requestOrJoin: (row, maxPendingPerAgent) => requestOrJoin(db, row, maxPendingPerAgent),
    async get(id) {
      const row = await db.read
        .selectFrom('interlock_approvals')
        .selectAll()
        .where('id', '=', storable(id, 'approval id'))
        .executeTakeFirst();
      return row === undefined ? null : toApproval(row);
    },
    async list({ state, limit }) {
      let query = db.read.selectFrom('interlock_approvals').selectAll();
      if (state !== undefined) query = query.where('state', '=', state);
      const rows = await query
        .orderBy('requested_at_ms', 'desc')
        .orderBy('id')
        .limit(Math.min(Math.max(limit, 0), MAX_LISTED))
        .execute();
      return rows.map(toApproval);
    },
    answer: (id, answer) => setAnswer(db, id, answer),
    consume: (id, digest, nowMs) => consume(db, { id, digest, nowMs }),
    expire: (nowMs) => expire(db, nowMs),
    onChange: (ring) => db.onRing('approvals', ring),
  };
}

async function requestOrJoin(db: Database, row: ApprovalRow, maxPendingPerAgent: number): Promise<ApprovalRow | null> {
  const open = openKey(row);
  // The usual retry joins without writing. Whoever finds nothing here is decided below, under the topic's row lock.
  const joined = await findOpen(db.write, open, row.requestedAtMs);
  if (joined !== null) return joined;
  let answer: ApprovalRow | null = null;
  await changeTopic(db, 'approvals', async (trx) => {
    answer = await findOpen(trx, open, row.requestedAtMs);
    if (answer !== null) return null;
    if ((await countPending(trx, row)) >= maxPendingPerAgent) return null;
    await closeOutdated(trx, row.requestedAtMs, open);
    await trx
      .insertInto('interlock_approvals')
      .values({ ...fromApproval(row), open_key: open })
      .execute();
    answer = row;
    return true;
  });
  return answer;
}

async function findOpen(db: Database['write'] | Trx, open: string, nowMs: number): Promise<ApprovalRow | null> {
  const row = await db
    .selectFrom('interlock_approvals')
    .selectAll()
    .where('open_key', '=', open)
    .where('expires_at_ms', '>', nowMs)
    .executeTakeFirst();
  return row === undefined ? null : toApproval(row);
}

async function countPending(trx: Trx, row: ApprovalRow): Promise<number> {
  const counted = await trx
    .selectFrom('interlock_approvals')
    .select((eb) => eb.fn.countAll<number>().as('pending'))
    .where('agent', '=', row.agent)
    .where('state', '=', 'pending')
    .where('expires_at_ms', '>', row.requestedAtMs)
    .executeTakeFirstOrThrow();
  return counted.pending;
}

const UNUSED = ['pending', 'approved'] as const;

/** A denial that is over stops counting but stays a denial. */
async function closeOutdated(trx: Trx, nowMs: number, open: string): Promise<void> {
  await trx
    .updateTable('interlock_approvals')
    .set((eb) => ({
      open_key: null,
      state: eb.case().when('state', 'in', UNUSED).then('expired').else(eb.ref('state')).end(),
    }))
    .where('open_key', '=', open)
    .where('expires_at_ms', '<=', nowMs)
    .execute();
}

type Answer = Parameters<ApprovalStore['answer']>[1];

async function setAnswer(db: Database, id: string, answer: Answer): Promise<boolean> {
  const answered = await changeTopic(db, 'approvals', async (trx) => {
    const result = await trx
      .updateTable('interlock_approvals')
      .set({
        state: answer.state,
        answered_by: storable(answer.by, 'name of who answered'),
        answer_reason: storable(answer.reason, 'reason'),
        answered_at_ms: answer.nowMs,
      })
      .where('id', '=', storable(id, 'approval id'))
      .where('state', '=', 'pending')
      .where('expires_at_ms', '>', answer.nowMs)
      .executeTakeFirst();
    return result.numUpdatedRows === 1n ? true : null;
  });
  return answered === true;
}

async function consume(db: Database, use: { id: string; digest: string; nowMs: number }): Promise<boolean> {
  const result = await db.write
    .updateTable('interlock_approvals')
    .set({ state: 'consumed', open_key: null })
    .where('id', '=', storable(use.id, 'approval id'))
    .where('digest', '=', storable(use.digest, 'digest'))
    .where('state', '=', 'approved')
    .where('expires_at_ms', '>', use.nowMs)
    .executeTakeFirst();
  return result.numUpdatedRows === 1n;
}

async function expire(db: Database, nowMs: number): Promise<number> {
  const due = await db.read
    .selectFrom('interlock_approvals')
    .select('id')
    .where('state', 'in', UNUSED)
    .where('expires_at_ms', '<=', nowMs)
    .limit(1)
    .executeTakeFirst();
  // Only spares the usual sweep a write; what expires is decided by the update.
  if (due === undefined) return 0;
  const expired = await changeTopic(db, 'approvals', async (trx) => {
    const result = await trx
      .updateTable('interlock_approvals')
      .set({ state: 'expired', open_key: null })
      .where('state', 'in', UNUSED)
      .where('expires_at_ms', '<=', nowMs)
      .executeTakeFirst();
    return result.numUpdatedRows === 0n ? null : Number(result.numUpdatedRows);
  });
  return expired ?? 0;
}

/** JSON, because no choice of separator is safe in names others choose. */
function openKey(row: ApprovalRow): string {
  return storable(JSON.stringify([row.agent, row.session, row.digest]), 'approval request');
}

function fromApproval(row: ApprovalRow): Omit<Schema['interlock_approvals'], 'open_key'> {
  return {
    id: storable(row.id, 'approval id'),
    digest: storable(row.digest, 'digest'),
    agent: storable(row.agent, 'agent id'),
    session: row.session === null ? null : storable(row.session, 'session id'),
    ask_whom: JSON.stringify(row.askWhom),
    state: row.state,
    request: storable(row.request, 'request'),
    requested_at_ms: row.requestedAtMs,
    expires_at_ms: row.expiresAtMs,
    answered_by: row.answeredBy,
    answer_reason: row.answerReason,
    answered_at_ms: row.answeredAtMs,
  };
}

function toApproval(row: Schema['interlock_approvals']): ApprovalRow {
  return {
    id: row.id,
    digest: row.digest,
    agent: row.agent,
    session: row.session,
    askWhom: JSON.parse(row.ask_whom) as string[],
    state: row.state as ApprovalState,
    request: row.request,
    requestedAtMs: row.requested_at_ms,
    expiresAtMs: row.expires_at_ms,
    answeredBy: row.answered_by,
    answerReason: row.answer_reason,
    answeredAtMs: row.answered_at_ms,
  };
}
