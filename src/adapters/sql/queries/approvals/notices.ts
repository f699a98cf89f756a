import type { NoticeRow, NoticeStore } from '../../../../ports/stores.ts';
import { bounded, inBatches, sweepAll } from '../identity/batches.ts';
import { changeTopic, type Database, type Schema, type Trx } from '../schema.ts';
import { storable } from '../text.ts';

const MAX_TAKEN = 500;
const MAX_LISTED = 1_000;

type Table = Schema['interlock_notices'];

/** Messages about requests, until they arrived. */
export function noticeStore(db: Database): NoticeStore {
  return {
    take: (nowMs, leaseMs, limit, channel) => take(db, { nowMs, leaseMs, limit, channel }),
    async settle(id, attempts, { state, dueMs, error, sentAtMs, place, ticket }) {
      const result = await db.write
        .updateTable('interlock_notices')
        .set({
          state,
          due_ms: dueMs,
          taken_until_ms: 0,
          error: error === null ? null : storable(error, 'error'),
          sent_at_ms: sentAtMs,
          place: place === null ? null : storable(place, 'place of a message'),
          ...(ticket === undefined ? {} : { ticket }),
        })
        .where('id', '=', storable(id, 'notice id'))
        .where('attempts', '=', attempts)
        .executeTakeFirst();
      return result.numUpdatedRows === 1n;
    },
    async add(notices) {
      if (notices.length === 0) return;
      await changeTopic(db, 'notices', async (trx) => ((await insertNotices(trx, notices)) === 0 ? null : true));
    },
    async of(approval) {
      const rows = await db.read
        .selectFrom('interlock_notices')
        .selectAll()
        .where('approval', '=', storable(approval, 'approval id'))
        .orderBy('created_at_ms')
        .orderBy('id')
        .limit(MAX_LISTED)
        .execute();
      return rows.map(toNotice);
    },
    absorb: (place, nowMs, error) => absorb(db, place, { nowMs, error }),
    open: (ticket, nowMs) => open(db, ticket, nowMs),
    prune: (beforeMs) =>
      sweepAll(async (most) => {
        const old = db.write
          .selectFrom('interlock_notices')
          .select('id')
          .where('created_at_ms', '<', beforeMs)
          .limit(most);
        const result = await db.write.deleteFrom('interlock_notices').where('id', 'in', old).executeTakeFirst();
        return Number(result.numDeletedRows);
      }),
    onChange(ring) {
      // Most are kept in the transaction of the request they are about.
      const stops = [db.onRing('notices', ring), db.onRing('approvals', ring)];
      return () => {
        for (const stop of stops) stop();
      };
    },
  };
}

/** Those whose id is there already are left as they are. How many are new. */
export function insertNotices(trx: Trx, notices: readonly NoticeRow[]): Promise<number> {
  return inBatches(notices, async (batch) => {
    const result = await trx
      .insertInto('interlock_notices')
      .values(batch.map(fromNotice))
      .onConflict((conflict) => conflict.column('id').doNothing())
      .executeTakeFirst();
    return Number(result.numInsertedOrUpdatedRows ?? 0n);
  });
}

interface Taking {
  readonly nowMs: number;
  readonly leaseMs: number;
  readonly limit: number;
  readonly channel: NoticeRow['channel'] | undefined;
}

async function take(db: Database, { nowMs, leaseMs, limit, channel }: Taking): Promise<readonly NoticeRow[]> {
  const waiting = db.read
    .selectFrom('interlock_notices')
    .select(['id', 'attempts'])
    .where('state', '=', 'waiting')
    .where('due_ms', '<=', nowMs)
    .where('taken_until_ms', '<=', nowMs)
    .orderBy('due_ms')
    .limit(bounded(limit, MAX_TAKEN));
  const due = await (channel === undefined ? waiting : waiting.where('channel', '=', channel)).execute();
  const taken: NoticeRow[] = [];
  for (const { id, attempts } of due) {
    const row = await db.write
      .updateTable('interlock_notices')
      .set({ taken_until_ms: nowMs + leaseMs, attempts: attempts + 1 })
      .where('id', '=', id)
      .where('attempts', '=', attempts)
      .where('state', '=', 'waiting')
      .where('taken_until_ms', '<=', nowMs)
      .returningAll()
      .executeTakeFirst();
    if (row !== undefined) taken.push(toNotice(row));
  }
  return taken;
}

async function absorb(
  db: Database,
  { channel, recipient }: Pick<NoticeRow, 'channel' | 'recipient'>,
  { nowMs, error }: { nowMs: number; error: string },
): Promise<number> {
  const result = await db.write
    .updateTable('interlock_notices')
    .set({ state: 'sent', error: storable(error, 'error'), sent_at_ms: null })
    .where('state', '=', 'waiting')
    .where('channel', '=', channel)
    .where('recipient', recipient === null ? 'is' : '=', recipient)
    .where('kind', 'in', ['asked', 'escalated'])
    .where('due_ms', '<=', nowMs)
    .where('taken_until_ms', '<=', nowMs)
    .executeTakeFirst();
  return Number(result.numUpdatedRows);
}

async function open(db: Database, ticket: string, nowMs: number): Promise<NoticeRow | null> {
  const row = await db.write
    .updateTable('interlock_notices')
    .set({ opened_at_ms: nowMs })
    .where('ticket', '=', storable(ticket, 'ticket'))
    .where('opened_at_ms', 'is', null)
    .returningAll()
    .executeTakeFirst();
  return row === undefined ? null : toNotice(row);
}

function fromNotice(notice: NoticeRow): Table {
  return {
    id: storable(notice.id, 'notice id'),
    approval: storable(notice.approval, 'approval id'),
    kind: notice.kind,
    channel: notice.channel,
    recipient: notice.recipient === null ? null : storable(notice.recipient, 'recipient'),
    state: notice.state,
    attempts: notice.attempts,
    due_ms: notice.dueMs,
    taken_until_ms: 0,
    ticket: notice.ticket,
    opened_at_ms: notice.openedAtMs,
    error: notice.error,
    created_at_ms: notice.createdAtMs,
    sent_at_ms: notice.sentAtMs,
    place: notice.place,
  };
}

function toNotice(row: Table): NoticeRow {
  return {
    id: row.id,
    approval: row.approval,
    kind: row.kind as NoticeRow['kind'],
    channel: row.channel as NoticeRow['channel'],
    recipient: row.recipient,
    state: row.state as NoticeRow['state'],
    attempts: row.attempts,
    dueMs: row.due_ms,
    ticket: row.ticket,
    openedAtMs: row.opened_at_ms,
    error: row.error,
    createdAtMs: row.created_at_ms,
    sentAtMs: row.sent_at_ms,
    place: row.place,
  };
}
