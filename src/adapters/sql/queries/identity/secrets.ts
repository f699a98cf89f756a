import { Fault } from '../../../../model/fault.ts';
import type { JsonObject } from '../../../../model/json.ts';
import type { Clock } from '../../../../ports/clock.ts';
import type { SecretRow, SecretStore } from '../../../../ports/identity-stores.ts';
import { changeTopic, type Database, type Schema, type Trx } from '../schema.ts';
import { storable } from '../text.ts';
import { bounded, name, sweepAll } from './batches.ts';

const MAX_LISTED = 1_000;

type Row = Schema['interlock_secrets'];

/** Expired secrets are not found, not listed, and may be replaced as if they were not there. */
export function secretStore(db: Database, clock: Clock): SecretStore {
  return {
    async get(kind, id) {
      const row = await living(db, clock.nowMs())
        .where('kind', '=', kind)
        .where('id', '=', storable(id, 'id'))
        .executeTakeFirst();
      return row === undefined ? null : toRow(row);
    },
    async put(row, expected) {
      if (!(row.version > (expected ?? 0))) {
        throw new Fault('invalid-params', `version ${row.version} does not follow version ${expected ?? 0}`);
      }
      const values = fromRow(row);
      const nowMs = clock.nowMs();
      const put = await changeTopic(db, 'secrets', async (trx) =>
        (expected === null ? await insert(trx, values, nowMs) : await update(trx, values, { expected, nowMs }))
          ? true
          : null,
      );
      return put === true;
    },
    async remove(kind, id) {
      const removed = await changeTopic(db, 'secrets', async (trx) => {
        const result = await trx
          .deleteFrom('interlock_secrets')
          .where('kind', '=', kind)
          .where('id', '=', storable(id, 'id'))
          .executeTakeFirst();
        return result.numDeletedRows === 1n ? true : null;
      });
      return removed === true;
    },
    async list({ kind, owner, limit, after }) {
      let query = living(db, clock.nowMs()).where('kind', '=', kind);
      if (owner !== undefined) query = query.where('owner', '=', storable(owner, 'owner'));
      if (after !== undefined) query = query.where('id', '>', storable(after, 'id'));
      const rows = await query.orderBy('id').limit(bounded(limit, MAX_LISTED)).execute();
      return rows.map(toRow);
    },
    async removeOwned(kind, owner) {
      const removed = await changeTopic(db, 'secrets', async (trx) => {
        const result = await trx
          .deleteFrom('interlock_secrets')
          .where('kind', '=', kind)
          .where('owner', '=', storable(owner, 'owner'))
          .executeTakeFirst();
        return result.numDeletedRows === 0n ? null : Number(result.numDeletedRows);
      });
      return removed ?? 0;
    },
    prune: (nowMs) => sweepAll((most) => sweep(db, nowMs, most)),
    onChange: (ring) => db.onRing('secrets', ring),
  };
}

function living(db: Database, nowMs: number) {
  return db.read
    .selectFrom('interlock_secrets')
    .selectAll()
    .where((eb) => eb.or([eb('expires_at_ms', 'is', null), eb('expires_at_ms', '>', nowMs)]));
}

async function insert(trx: Trx, row: Row, nowMs: number): Promise<boolean> {
  const result = await trx
    .insertInto('interlock_secrets')
    .values(row)
    .onConflict((conflict) =>
      conflict.columns(['kind', 'id']).doUpdateSet(row).where('interlock_secrets.expires_at_ms', '<=', nowMs),
    )
    .executeTakeFirst();
  return result.numInsertedOrUpdatedRows === 1n;
}

async function update(trx: Trx, row: Row, at: { expected: number; nowMs: number }): Promise<boolean> {
  const result = await trx
    .updateTable('interlock_secrets')
    .set(row)
    .where('kind', '=', row.kind)
    .where('id', '=', row.id)
    .where('version', '=', at.expected)
    .where((eb) => eb.or([eb('expires_at_ms', 'is', null), eb('expires_at_ms', '>', at.nowMs)]))
    .executeTakeFirst();
  return result.numUpdatedRows === 1n;
}

async function sweep(db: Database, nowMs: number, most: number): Promise<number> {
  const result = await db.write
    .deleteFrom('interlock_secrets')
    .where(({ eb, refTuple, selectFrom }) =>
      eb(
        refTuple('kind', 'id'),
        'in',
        selectFrom('interlock_secrets as due')
          .select(['due.kind', 'due.id'])
          .where('due.expires_at_ms', '<=', nowMs)
          .limit(most)
          .$asTuple('kind', 'id'),
      ),
    )
    // Asked again: it may have been replaced in between.
    .where('expires_at_ms', '<=', nowMs)
    .executeTakeFirst();
  return Number(result.numDeletedRows);
}

function fromRow(row: SecretRow): Row {
  return {
    kind: name(row.kind, 'kind'),
    id: name(row.id, 'id'),
    owner: name(row.owner, 'owner', 1_024),
    version: row.version,
    body: JSON.stringify(row.body),
    expires_at_ms: row.expiresAtMs,
    at_ms: row.atMs,
  };
}

function toRow(row: Row): SecretRow {
  return {
    kind: row.kind,
    id: row.id,
    owner: row.owner,
    version: row.version,
    body: JSON.parse(row.body) as JsonObject,
    expiresAtMs: row.expires_at_ms,
    atMs: row.at_ms,
  };
}
