import type { Finding, PinState, ToolDefinition } from '../../../model/tool.ts';
import type { PinRow, PinStore } from '../../../ports/stores.ts';
import type { Database, Schema } from './schema.ts';
import { storable } from './text.ts';

export function pinStore(db: Database): PinStore {
  return {
    async list() {
      const rows = await db.read.selectFrom('interlock_pins').selectAll().orderBy('server').orderBy('tool').execute();
      return rows.map(toPin);
    },
    save: (row, previousSeenHash) => (previousSeenHash === null ? insert(db, row) : update(db, row, previousSeenHash)),
    async accept(server, tool, seenHash) {
      const result = await db.write
        .updateTable('interlock_pins')
        .set((eb) => ({
          accepted_hash: eb.ref('seen_hash'),
          accepted: eb.ref('seen'),
          state: 'pinned',
          findings: '[]',
        }))
        .where('server', '=', storable(server, 'server id'))
        .where('tool', '=', storable(tool, 'tool name'))
        .where('seen_hash', '=', seenHash)
        .executeTakeFirst();
      return result.numUpdatedRows === 1n;
    },
  };
}

async function insert(db: Database, row: PinRow): Promise<boolean> {
  const result = await db.write
    .insertInto('interlock_pins')
    .values(fromPin(row))
    .onConflict((conflict) => conflict.columns(['server', 'tool']).doNothing())
    .executeTakeFirst();
  return result.numInsertedOrUpdatedRows === 1n;
}

/**
 * Besides the seen definition, the accepted one must be what the writer read: accepting changes no `seenHash`, and a
 * gateway that looked before an operator accepted must not undo the acceptance.
 */
async function update(db: Database, row: PinRow, previousSeenHash: string): Promise<boolean> {
  const result = await db.write
    .updateTable('interlock_pins')
    .set(fromPin(row))
    .where('server', '=', storable(row.server, 'server id'))
    .where('tool', '=', storable(row.tool, 'tool name'))
    .where('seen_hash', '=', previousSeenHash)
    .where((eb) =>
      row.acceptedHash === row.seenHash ? eb.lit(true) : eb('accepted_hash', 'is not distinct from', row.acceptedHash),
    )
    .executeTakeFirst();
  return result.numUpdatedRows === 1n;
}

function fromPin(row: PinRow): Schema['interlock_pins'] {
  return {
    server: storable(row.server, 'server id'),
    tool: storable(row.tool, 'tool name'),
    accepted_hash: row.acceptedHash,
    accepted: row.accepted === null ? null : JSON.stringify(row.accepted),
    seen_hash: row.seenHash,
    seen: JSON.stringify(row.seen),
    state: row.state,
    findings: JSON.stringify(row.findings),
    seen_at_ms: row.seenAtMs,
  };
}

function toPin(row: Schema['interlock_pins']): PinRow {
  return {
    server: row.server,
    tool: row.tool,
    acceptedHash: row.accepted_hash,
    accepted: row.accepted === null ? null : (JSON.parse(row.accepted) as ToolDefinition),
    seenHash: row.seen_hash,
    seen: JSON.parse(row.seen) as ToolDefinition,
    state: row.state as PinState,
    findings: JSON.parse(row.findings) as Finding[],
    seenAtMs: row.seen_at_ms,
  };
}
