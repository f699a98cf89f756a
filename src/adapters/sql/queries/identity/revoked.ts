import type { Clock } from '../../../../ports/clock.ts';
import type { RevokedKind, RevokedRow, RevokedStore } from '../../../../ports/identity-stores.ts';
import { changeTopic, type Database, type Schema, type Trx } from '../schema.ts';
import { inBatches, name, sweepAll } from './batches.ts';

type Row = Omit<Schema['interlock_revoked'], 'epoch'>;

export function revokedStore(db: Database, clock: Clock): RevokedStore {
  return {
    async revoke(rows) {
      const merged = merge(rows);
      if (merged.length === 0) return;
      await changeTopic(db, 'revoked', async (trx, epoch) => {
        const changed = await inBatches(merged, (batch) => write(trx, epoch, batch));
        return changed === 0 ? null : true;
      });
    },
    since: (epoch) => since(db, epoch, clock.nowMs()),
    onChange: (ring) => db.onRing('revoked', ring),
    prune: (nowMs) => sweepAll((most) => sweep(db, nowMs, most)),
  };
}

/** One statement cannot change a row twice, and the later of two times counts. */
function merge(rows: readonly RevokedRow[]): Row[] {
  const merged = new Map<string, Row>();
  for (const row of rows) {
    const id = name(row.id, `${row.kind} id`);
    const key = `${row.kind}\0${id}`;
    const known = merged.get(key);
    merged.set(key, {
      kind: row.kind,
      id,
      issued_until_ms: Math.max(row.issuedUntilMs, known?.issued_until_ms ?? row.issuedUntilMs),
      expires_at_ms: Math.max(row.expiresAtMs, known?.expires_at_ms ?? row.expiresAtMs),
    });
  }
  return [...merged.values()];
}

/** How many rows are new or later than they were. */
async function write(trx: Trx, epoch: number, rows: readonly Row[]): Promise<number> {
  const result = await trx
    .insertInto('interlock_revoked')
    .values(rows.map((row) => ({ ...row, epoch })))
    .onConflict((conflict) =>
      conflict
        .columns(['kind', 'id'])
        .doUpdateSet((eb) => ({
          // The two databases have no common word for the greater of two numbers.
          issued_until_ms: eb
            .case()
            .when('excluded.issued_until_ms', '>', eb.ref('interlock_revoked.issued_until_ms'))
            .then(eb.ref('excluded.issued_until_ms'))
            .else(eb.ref('interlock_revoked.issued_until_ms'))
            .end(),
          expires_at_ms: eb
            .case()
            .when('excluded.expires_at_ms', '>', eb.ref('interlock_revoked.expires_at_ms'))
            .then(eb.ref('excluded.expires_at_ms'))
            .else(eb.ref('interlock_revoked.expires_at_ms'))
            .end(),
          epoch,
        }))
        .where((eb) =>
          eb.or([
            eb('excluded.issued_until_ms', '>', eb.ref('interlock_revoked.issued_until_ms')),
            eb('excluded.expires_at_ms', '>', eb.ref('interlock_revoked.expires_at_ms')),
          ]),
        ),
    )
    .executeTakeFirst();
  return Number(result.numInsertedOrUpdatedRows ?? 0n);
}

/** One statement is one snapshot in both databases: the epoch, and what came after the one asked for. */
async function since(db: Database, epoch: number, nowMs: number): Promise<{ epoch: number; rows: RevokedRow[] }> {
  const found = await db.feed
    .selectFrom('interlock_epochs as e')
    .leftJoin('interlock_revoked as r', (join) => join.on('r.epoch', '>', epoch).on('r.expires_at_ms', '>', nowMs))
    .where('e.name', '=', 'revoked')
    .select(['e.epoch', 'r.kind', 'r.id', 'r.issued_until_ms', 'r.expires_at_ms'])
    .execute();
  const first = found[0];
  if (first === undefined) throw new Error('the epoch of what is revoked is missing from the store');
  const rows: RevokedRow[] = [];
  for (const row of found) if (row.kind !== null) rows.push(toRow(row as Row));
  return { epoch: first.epoch, rows };
}

function toRow(row: Row): RevokedRow {
  return {
    kind: row.kind as RevokedKind,
    id: row.id,
    issuedUntilMs: row.issued_until_ms,
    expiresAtMs: row.expires_at_ms,
  };
}

async function sweep(db: Database, nowMs: number, most: number): Promise<number> {
  const result = await db.write
    .deleteFrom('interlock_revoked')
    .where(({ eb, refTuple, selectFrom }) =>
      eb(
        refTuple('kind', 'id'),
        'in',
        selectFrom('interlock_revoked as due')
          .select(['due.kind', 'due.id'])
          .where('due.expires_at_ms', '<=', nowMs)
          .limit(most)
          .$asTuple('kind', 'id'),
      ),
    )
    // Asked again: it may have been revoked for longer in between.
    .where('expires_at_ms', '<=', nowMs)
    .executeTakeFirst();
  return Number(result.numDeletedRows);
}
