import { Fault } from '../../../../model/fault.ts';
import type { JsonObject } from '../../../../model/json.ts';
import type { Clock } from '../../../../ports/clock.ts';
import type { OAuthRow, OAuthStore } from '../../../../ports/identity-stores.ts';
import type { Database, Schema } from '../schema.ts';
import { storable } from '../text.ts';
import { bounded, name, nameOrNull, sweepAll } from './batches.ts';

const MAX_LISTED = 10_000;

type Row = Schema['interlock_oauth'];

export function oauthStore(db: Database, clock: Clock): OAuthStore {
  // Asked with every request of every signed-in browser: built once, and then only filled in.
  const found = living(db, 0).where('kind', '=', '').where('id', '=', '').compile();
  return {
    put: (row) => put(db, fromRow(row, clock.nowMs())),
    insert: (row) => insert(db, fromRow(row, clock.nowMs())),
    async find(kind, id) {
      const parameters = [clock.nowMs(), kind, storable(id, 'id')];
      const [row] = (await db.read.executeQuery<Row>({ ...found, parameters })).rows;
      return row === undefined ? null : toRow(row);
    },
    async findBy(kind, by, value) {
      const row = await living(db, clock.nowMs())
        .where('kind', '=', kind)
        .where(by === 'uid' ? 'uid' : 'user_code', '=', storable(value, by))
        .orderBy('made_at_ms', 'desc')
        .limit(1)
        .executeTakeFirst();
      return row === undefined ? null : toRow(row);
    },
    change: (kind, id, payload) => change(db, { kind, id, nowMs: clock.nowMs(), ...payload }),
    consume: (kind, id, atMs) => consume(db, { kind, id, atMs, nowMs: clock.nowMs() }),
    async remove(kind, id) {
      const result = await db.write
        .deleteFrom('interlock_oauth')
        .where('kind', '=', kind)
        .where('id', '=', storable(id, 'id'))
        .executeTakeFirst();
      return result.numDeletedRows === 1n;
    },
    async removeGrant(grantId) {
      const result = await db.write
        .deleteFrom('interlock_oauth')
        .where('grant_id', '=', storable(grantId, 'grant id'))
        .executeTakeFirst();
      return Number(result.numDeletedRows);
    },
    list: (filter) => list(db, clock.nowMs(), filter),
    prune: (nowMs) => sweepAll((most) => sweep(db, nowMs, most)),
  };
}

function living(db: Database, nowMs: number) {
  return db.read
    .selectFrom('interlock_oauth')
    .selectAll()
    .where((eb) => eb.or([eb('expires_at_ms', 'is', null), eb('expires_at_ms', '>', nowMs)]));
}

/** Once consumed, always consumed: a writer that read the row before it was used must not make it usable again. */
async function put(db: Database, row: Row): Promise<void> {
  const { kind: _kind, id: _id, made_at_ms: _madeAtMs, ...changed } = row;
  await db.write
    .insertInto('interlock_oauth')
    .values(row)
    .onConflict((conflict) =>
      conflict.columns(['kind', 'id']).doUpdateSet((eb) => ({
        ...changed,
        consumed_at_ms: eb.fn.coalesce('interlock_oauth.consumed_at_ms', 'excluded.consumed_at_ms'),
      })),
    )
    .execute();
}

/** One statement: inserts, or takes over a row whose time is over. A live one matches no row and counts zero. */
async function insert(db: Database, row: Row): Promise<boolean> {
  const result = await db.write
    .insertInto('interlock_oauth')
    .values(row)
    .onConflict((conflict) =>
      conflict.columns(['kind', 'id']).doUpdateSet(row).where('interlock_oauth.expires_at_ms', '<=', row.made_at_ms),
    )
    .executeTakeFirst();
  return result.numInsertedOrUpdatedRows === 1n;
}

interface Change {
  readonly kind: string;
  readonly id: string;
  readonly from: JsonObject;
  readonly to: JsonObject;
  readonly nowMs: number;
}

/** A payload is written from the value it was read as: the same value is the same text. */
async function change(db: Database, { kind, id, from, to, nowMs }: Change): Promise<boolean> {
  const result = await db.write
    .updateTable('interlock_oauth')
    .set({ payload: JSON.stringify(to) })
    .where('kind', '=', kind)
    .where('id', '=', storable(id, 'id'))
    .where('payload', '=', JSON.stringify(from))
    .where('consumed_at_ms', 'is', null)
    .where((eb) => eb.or([eb('expires_at_ms', 'is', null), eb('expires_at_ms', '>', nowMs)]))
    .executeTakeFirst();
  return result.numUpdatedRows === 1n;
}

interface Use {
  readonly kind: string;
  readonly id: string;
  readonly atMs: number;
  readonly nowMs: number;
}

async function consume(db: Database, { kind, id, atMs, nowMs }: Use): Promise<boolean> {
  const result = await db.write
    .updateTable('interlock_oauth')
    .set({ consumed_at_ms: atMs })
    .where('kind', '=', kind)
    .where('id', '=', storable(id, 'id'))
    .where('consumed_at_ms', 'is', null)
    .where((eb) => eb.or([eb('expires_at_ms', 'is', null), eb('expires_at_ms', '>', nowMs)]))
    .executeTakeFirst();
  return result.numUpdatedRows === 1n;
}

async function list(db: Database, nowMs: number, filter: Parameters<OAuthStore['list']>[0]): Promise<OAuthRow[]> {
  const { kind, account, client, grantId, limit } = filter;
  if (kind === undefined && account === undefined && client === undefined && grantId === undefined) {
    throw new Fault('invalid-params', 'say whose: a kind, an account, a client or a grant');
  }
  let query = living(db, nowMs);
  if (kind !== undefined) query = query.where('kind', '=', kind);
  if (account !== undefined) query = query.where('account', '=', storable(account, 'account'));
  if (client !== undefined) query = query.where('client', '=', storable(client, 'client id'));
  if (grantId !== undefined) query = query.where('grant_id', '=', storable(grantId, 'grant id'));
  const rows = await query
    .orderBy('made_at_ms', 'desc')
    .orderBy('kind')
    .orderBy('id')
    .limit(bounded(limit, MAX_LISTED))
    .execute();
  return rows.map(toRow);
}

async function sweep(db: Database, nowMs: number, most: number): Promise<number> {
  const result = await db.write
    .deleteFrom('interlock_oauth')
    .where(({ eb, refTuple, selectFrom }) =>
      eb(
        refTuple('kind', 'id'),
        'in',
        selectFrom('interlock_oauth as due')
          .select(['due.kind', 'due.id'])
          .where('due.expires_at_ms', '<=', nowMs)
          .limit(most)
          .$asTuple('kind', 'id'),
      ),
    )
    .where('expires_at_ms', '<=', nowMs)
    .executeTakeFirst();
  return Number(result.numDeletedRows);
}

function fromRow(row: OAuthRow, nowMs: number): Row {
  return {
    kind: name(row.kind, 'kind'),
    id: name(row.id, 'id'),
    payload: JSON.stringify(row.payload),
    expires_at_ms: row.expiresAtMs,
    consumed_at_ms: row.consumedAtMs,
    grant_id: nameOrNull(row.grantId, 'grant id'),
    uid: nameOrNull(row.uid, 'uid'),
    user_code: nameOrNull(row.userCode, 'user code'),
    account: nameOrNull(row.account, 'account'),
    client: nameOrNull(row.client, 'client id'),
    made_at_ms: nowMs,
  };
}

function toRow(row: Row): OAuthRow {
  return {
    kind: row.kind,
    id: row.id,
    payload: JSON.parse(row.payload) as JsonObject,
    expiresAtMs: row.expires_at_ms,
    consumedAtMs: row.consumed_at_ms,
    grantId: row.grant_id,
    uid: row.uid,
    userCode: row.user_code,
    account: row.account,
    client: row.client,
  };
}
