import type { Clock } from '../../../ports/clock.ts';
import type { ReplayStore } from '../../../ports/stores.ts';
import type { Database } from './schema.ts';
import { storable } from './text.ts';

export function replayStore(db: Database, clock: Clock): ReplayStore {
  return {
    /** One statement: inserts, or takes over an id whose time is over. A live id matches no row and counts zero. */
    async claim(id, expiresAtMs) {
      const nowMs = clock.nowMs();
      const result = await db.write
        .insertInto('interlock_replay')
        .values({ id: storable(id, 'id'), expires_at_ms: expiresAtMs })
        .onConflict((conflict) =>
          conflict
            .column('id')
            .doUpdateSet({ expires_at_ms: expiresAtMs })
            .where('interlock_replay.expires_at_ms', '<=', nowMs),
        )
        .executeTakeFirst();
      return result.numInsertedOrUpdatedRows === 1n;
    },
    async prune(nowMs) {
      const result = await db.write
        .deleteFrom('interlock_replay')
        .where('expires_at_ms', '<=', nowMs)
        .executeTakeFirst();
      return Number(result.numDeletedRows);
    },
  };
}
