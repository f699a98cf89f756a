import type { Clock } from '../../../../ports/clock.ts';
import type { ApprovalRow, ApprovalStore } from '../../../../ports/stores.ts';
import { sweepAll } from '../identity/batches.ts';
import { changeTopic, type Database, type Trx } from '../schema.ts';
import { storable } from '../text.ts';
import { changeApproval } from './change.ts';
import { closeKeys, insertKeys } from './keys.ts';
import { count, list } from './list.ts';
import { insertNotices } from './notices.ts';
import { fromApproval, openKey, toApproval } from './rows.ts';

/** Sweeps work in bites: SQLite works on the very thread that answers calls. */
const SWEPT = 500;
const UNRECORDED = 100;

export function approvalStore(db: Database, clock: Clock): ApprovalStore {
  return {
    requestOrJoin: (row, more) => requestOrJoin(db, row, more),
    async get(id) {
      const row = await db.read
        .selectFrom('interlock_approvals')
        .selectAll()
        .where('id', '=', storable(id, 'approval id'))
        .executeTakeFirst();
      return row === undefined ? null : toApproval(row);
    },
    list: (filter) => list(db, filter),
    count: (filter) => count(db, filter),
    change: (id, expected, change, more) => changeApproval(db, { id, expected, change, nowMs: clock.nowMs() }, more),
    consume: (id, digest, by) => consume(db, { id, digest, ...by }),
    askedSince: (row) => askedSince(db.read, row),
    reopen: (id, by) => reopen(db, id, by),
    async consumedBy(journal, sinceMs) {
      const rows = await db.read
        .selectFrom('interlock_approvals')
        .selectAll()
        .where('consumed_journal', '=', storable(journal, 'journal'))
        .where('consumed_at_ms', '>=', sinceMs)
        .where('state', '=', 'consumed')
        .execute();
      return rows.map(toApproval);
    },
    expire: (nowMs) => expire(db, nowMs),
    async unrecorded(olderThanMs, most = UNRECORDED) {
      const rows = await db.read
        .selectFrom('interlock_approvals')
        .selectAll()
        .where('recorded', '=', 0)
        .where('changed_at_ms', '<=', clock.nowMs() - olderThanMs)
        .orderBy('changed_at_ms')
        .limit(most)
        .execute();
      return rows.map(toApproval);
    },
    async escalating() {
      const rows = await db.read
        .selectFrom('interlock_approvals')
        .selectAll()
        .where('escalates_at_ms', '<=', clock.nowMs())
        .where('state', '=', 'pending')
        .orderBy('escalates_at_ms')
        .limit(SWEPT)
        .execute();
      return rows.map(toApproval);
    },
    prune: (endedBeforeMs) => prune(db, endedBeforeMs),
    onChange: (ring) => db.onRing('approvals', ring),
  };
}

type More = Parameters<ApprovalStore['requestOrJoin']>[1];

async function requestOrJoin(
  db: Database,
  row: ApprovalRow,
  more: More,
): Promise<{ row: ApprovalRow; made: boolean } | null> {
  const open = openKey(row);
  // The usual retry joins without writing. Whoever finds nothing here is decided below, under the topic's row lock.
  const joined = await findOpen(db.write, open, row.requestedAtMs);
  if (joined !== null) return { row: joined, made: false };
  let answer: { row: ApprovalRow; made: boolean } | null = null;
  await changeTopic(db, 'approvals', async (trx) => {
    const there = await findOpen(trx, open, row.requestedAtMs);
    answer = there === null ? null : { row: there, made: false };
    if (answer !== null || (await countPending(trx, row)) >= more.maxPendingPerAgent) return null;
    await closeOutdated(trx, row.requestedAtMs, open);
    await trx.insertInto('interlock_approvals').values(fromApproval(row, more.search)).execute();
    await insertKeys(trx, row, more.keys);
    await insertNotices(trx, more.notices);
    answer = { row, made: true };
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
  const closed = await trx
    .updateTable('interlock_approvals')
    .set((eb) => ({
      open_key: null,
      escalates_at_ms: null,
      version: eb('version', '+', 1),
      recorded: eb.case().when('state', 'in', UNUSED).then(0).else(eb.ref('recorded')).end(),
      state: eb.case().when('state', 'in', UNUSED).then('expired').else(eb.ref('state')).end(),
    }))
    .where('open_key', '=', open)
    .where('expires_at_ms', '<=', nowMs)
    .returning('id')
    .execute();
  await closeKeys(
    trx,
    closed.map(({ id }) => id),
  );
}

interface Use {
  readonly id: string;
  readonly digest: string;
  readonly journal: string;
  readonly call: string;
  readonly nowMs: number;
}

async function consume(db: Database, use: Use): Promise<ApprovalRow | null> {
  const row = await db.write
    .updateTable('interlock_approvals')
    .set((eb) => ({
      state: 'consumed',
      open_key: null,
      version: eb('version', '+', 1),
      consumed_journal: storable(use.journal, 'journal'),
      consumed_call: storable(use.call, 'call id'),
      consumed_at_ms: use.nowMs,
    }))
    .where('id', '=', storable(use.id, 'approval id'))
    .where('digest', '=', storable(use.digest, 'digest'))
    .where('state', '=', 'approved')
    .where('recorded', '=', 1)
    .where('expires_at_ms', '>', use.nowMs)
    .returningAll()
    .executeTakeFirst();
  return row === undefined ? null : toApproval(row);
}

async function reopen(db: Database, id: string, by: { journal: string; call: string }): Promise<boolean> {
  const reopened = await changeTopic(db, 'approvals', async (trx) => {
    const found = await trx
      .selectFrom('interlock_approvals')
      .selectAll()
      .where('id', '=', storable(id, 'approval id'))
      .where('state', '=', 'consumed')
      .where('consumed_journal', '=', storable(by.journal, 'journal'))
      .where('consumed_call', '=', storable(by.call, 'call id'))
      .executeTakeFirst();
    if (found === undefined) return null;
    const row = toApproval(found);
    // Asked anew meanwhile, whatever came of it: two answers for one action would be two effects.
    if (await askedSince(trx, row)) return null;
    const result = await trx
      .updateTable('interlock_approvals')
      .set({
        state: 'approved',
        open_key: openKey(row),
        version: found.version + 1,
        consumed_journal: null,
        consumed_call: null,
        consumed_at_ms: null,
      })
      .where('id', '=', found.id)
      .where('version', '=', found.version)
      .executeTakeFirst();
    return result.numUpdatedRows === 1n ? true : null;
  });
  return reopened === true;
}

async function askedSince(db: Database['read'] | Trx, row: ApprovalRow): Promise<boolean> {
  const another = await db
    .selectFrom('interlock_approvals')
    .select('id')
    .where('agent', '=', storable(row.agent, 'agent id'))
    .where('digest', '=', storable(row.digest, 'digest'))
    .where('kind', '=', row.kind)
    .where('chain', '=', storable(row.chain, 'chain'))
    .where('subject', 'is not distinct from', row.subject)
    .where('task', 'is not distinct from', row.task)
    .where('id', '!=', storable(row.id, 'approval id'))
    .where((eb) => eb.or([eb('requested_at_ms', '>=', row.requestedAtMs), eb('open_key', 'is not', null)]))
    .limit(1)
    .executeTakeFirst();
  return another !== undefined;
}

async function expire(db: Database, nowMs: number): Promise<number> {
  const due = await db.read
    .selectFrom('interlock_approvals')
    .select('id')
    .where('state', 'in', UNUSED)
    .where('expires_at_ms', '<=', nowMs)
    .limit(SWEPT)
    .execute();
  if (due.length === 0) return 0;
  const expired = await changeTopic(db, 'approvals', async (trx) => {
    const rows = await trx
      .updateTable('interlock_approvals')
      .set((eb) => ({
        state: 'expired',
        open_key: null,
        escalates_at_ms: null,
        recorded: 0,
        changed_at_ms: nowMs,
        version: eb('version', '+', 1),
      }))
      .where(
        'id',
        'in',
        due.map(({ id }) => id),
      )
      .where('state', 'in', UNUSED)
      .where('expires_at_ms', '<=', nowMs)
      .returning('id')
      .execute();
    if (rows.length === 0) return null;
    await closeKeys(
      trx,
      rows.map(({ id }) => id),
    );
    return rows.length;
  });
  return expired ?? 0;
}

function prune(db: Database, endedBeforeMs: number): Promise<number> {
  return sweepAll(async (most) => {
    const old = await db.read
      .selectFrom('interlock_approvals')
      .select('id')
      .where('expires_at_ms', '<', endedBeforeMs)
      .where('state', 'not in', UNUSED)
      .where('recorded', '=', 1)
      .limit(Math.min(most, 1_000))
      .execute();
    const ids = old.map(({ id }) => id);
    if (ids.length === 0) return 0;
    await db.write.transaction().execute(async (trx) => {
      await trx.deleteFrom('interlock_approval_keys').where('approval', 'in', ids).execute();
      await trx.deleteFrom('interlock_notices').where('approval', 'in', ids).execute();
      await trx.deleteFrom('interlock_approvals').where('id', 'in', ids).execute();
    });
    // Short bites: the next one is taken at the next sweep.
    return ids.length;
  });
}
