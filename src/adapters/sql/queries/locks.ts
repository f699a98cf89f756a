import type { Lock, LockKind, Tier } from '../../../model/lock.ts';
import type { LockStore } from '../../../ports/stores.ts';
import { changeTopic, type Database, readEpoch, type Schema } from './schema.ts';
import { storable } from './text.ts';

export function lockStore(db: Database): LockStore {
  return {
    load: () => loadLocks(db),
    epoch: () => readEpoch(db, 'locks'),
    async put(lock) {
      const row = toRow(lock);
      const epoch = await changeTopic(db, 'locks', async (trx, next) => {
        await trx
          .insertInto('interlock_locks')
          .values(row)
          .onConflict((conflict) => conflict.columns(['kind', 'id']).doUpdateSet(row))
          .execute();
        return next;
      });
      return epoch as number;
    },
    async release(target) {
      const released = await changeTopic(db, 'locks', async (trx) => {
        const result = await trx
          .deleteFrom('interlock_locks')
          .where('kind', '=', target.kind)
          .where('id', '=', storable(target.id, 'lock target'))
          .executeTakeFirst();
        return result.numDeletedRows === 1n ? true : null;
      });
      return released === true;
    },
    onChange: (ring) => db.onRing('locks', ring),
  };
}

/** One statement is one snapshot in both databases: the epoch and the locks it belongs to. */
async function loadLocks(db: Database): Promise<{ epoch: number; locks: Lock[] }> {
  const rows = await db.feed
    .selectFrom('interlock_epochs as e')
    .leftJoin('interlock_locks as l', (join) => join.onTrue())
    .where('e.name', '=', 'locks')
    .select(['e.epoch', 'l.kind', 'l.id', 'l.tier', 'l.reason', 'l.placed_by', 'l.at_ms', 'l.until_ms'])
    .execute();
  const first = rows[0];
  if (first === undefined) throw new Error('the epoch of the locks is missing from the store');
  const locks: Lock[] = [];
  // With no locks at all the left join still answers one row, whose lock half is null.
  for (const row of rows) if (row.kind !== null) locks.push(toLock(row as Schema['interlock_locks']));
  return { epoch: first.epoch, locks };
}

function toRow(lock: Lock): Schema['interlock_locks'] {
  return {
    kind: lock.target.kind,
    id: storable(lock.target.id, 'lock target'),
    tier: lock.tier,
    reason: storable(lock.reason, 'reason'),
    placed_by: storable(lock.by, 'name of who pulled it'),
    at_ms: lock.atMs,
    until_ms: lock.untilMs,
  };
}

function toLock(row: Schema['interlock_locks']): Lock {
  return {
    target: { kind: row.kind as LockKind, id: row.id },
    tier: row.tier as Tier,
    reason: row.reason,
    by: row.placed_by,
    atMs: row.at_ms,
    untilMs: row.until_ms,
  };
}
