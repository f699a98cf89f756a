import { patchChange, readKnown, type WriteParts } from '../writing.ts';

/**
 * Records once that an agent has reached its end. The directory refused it from that moment by itself; this is only the record, and
 * the row says for which end it was made. How many.
 */
export async function recordExpired(parts: WriteParts): Promise<number> {
  const { directory, clock, store, record } = parts;
  const nowMs = clock.nowMs();
  const due = [...directory.agents()].filter(
    ({ expiresAtMs, state }) => expiresAtMs !== null && expiresAtMs <= nowMs && state !== 'decommissioned',
  );
  let recorded = 0;
  for (const { id, expiresAtMs } of due) {
    if (directory.storedOne('agent', id)?.body.expired === expiresAtMs) continue;
    const change = patchChange(await readKnown(parts, id), { expired: expiresAtMs });
    const who = { by: 'interlock', reason: 'its end was reached' };
    // Claimed first: of several gateways one records it.
    const claimed = await store.apply([change], { act: 'agent.expired', ...who, atMs: nowMs });
    if (!claimed.ok) continue;
    await record({ act: 'agent.expired', ...who, detail: { agent: id, expiresAtMs } });
    recorded++;
  }
  if (recorded > 0) await directory.refresh();
  return recorded;
}
