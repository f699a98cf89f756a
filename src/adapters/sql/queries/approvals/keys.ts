import type { ApprovalRow } from '../../../../ports/stores.ts';
import { inBatches } from '../identity/batches.ts';
import type { Trx } from '../schema.ts';
import { storable } from '../text.ts';

/** Under which names a request is found. Those that are there stay. */
export async function insertKeys(
  trx: Trx,
  row: Pick<ApprovalRow, 'id' | 'state' | 'requestedAtMs'>,
  keys: readonly string[],
): Promise<void> {
  await inBatches([...new Set(keys)], async (batch) => {
    await trx
      .insertInto('interlock_approval_keys')
      .values(
        batch.map((name) => ({
          name: storable(name, 'key of a request'),
          approval: row.id,
          pending: row.state === 'pending' ? 1 : 0,
          requested_at_ms: row.requestedAtMs,
        })),
      )
      .onConflict((conflict) => conflict.columns(['approval', 'name']).doNothing())
      .execute();
    return batch.length;
  });
}

/** Those requests are found among the pending ones no more. */
export async function closeKeys(trx: Trx, ids: readonly string[]): Promise<void> {
  if (ids.length === 0) return;
  await trx.updateTable('interlock_approval_keys').set({ pending: 0 }).where('approval', 'in', ids).execute();
}
