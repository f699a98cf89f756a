import type { Journal } from '../../audit/journal.ts';
import type { Log } from '../../gateway/gateway.ts';
import type { InventoryEvent } from '../../inventory/catalog.ts';
import type { Json } from '../../model/json.ts';

/** What the inventory sees is part of the record: which definition was in force when a call was decided, and what was held back. */
export function recordPin(journal: Journal, event: InventoryEvent, log: Log): void {
  // An acceptance is recorded by the operation that made it, with its reason.
  if (event.kind === 'accepted') return;
  if (event.kind === 'ignored')
    log.warn({ server: event.server, count: event.count }, `definitions were left out: ${event.why}`);
  if (event.kind === 'quarantined') {
    const { server, tool, findings } = event.row;
    log.warn(
      { server, tool, findings: findings.map((f) => f.code) },
      'a tool definition is held back: see interlock servers diff',
    );
  }
  const record = {
    type: 'admin',
    act: `pin.${event.kind}`,
    by: 'interlock',
    reason: 'inventory',
    detail: detailOf(event),
  } as const;
  journal
    .append(record)
    .catch((error: unknown) => log.error({ err: error }, 'what the inventory saw could not be recorded'));
}

function detailOf(event: Exclude<InventoryEvent, { kind: 'accepted' }>): Json {
  if (event.kind === 'ignored') return { server: event.server, count: event.count, why: event.why };
  const { server, tool, seenHash, findings } = event.row;
  return { server, tool, hash: seenHash, findings: findings.map(({ code, at, message }) => ({ code, at, message })) };
}
