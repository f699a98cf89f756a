import type { Agent } from '../../model/agent.ts';
import type { JsonObject } from '../../model/json.ts';
import type { Clock } from '../../ports/clock.ts';
import type { DirectoryStore, EntityChange } from '../../ports/identity-stores.ts';
import type { Directory } from '../directory.ts';
import type { Leaving } from '../people/person-body.ts';

/** Changes one transaction of the store takes (ports/identity-stores.ts). */
const BATCH = 1_000;
const ROUNDS = 50;

export interface OrphanParts {
  readonly store: DirectoryStore;
  readonly directory: Directory;
  readonly clock: Clock;
}

/**
 * Flags every approved, active and suspended agent of an inactive person orphaned, each with its history. Returns all of that person's
 * orphaned agents, whenever they became so. Stops when the person is active again.
 */
export async function orphan(
  parts: OrphanParts,
  { personId, leaving }: { readonly personId: string; readonly leaving: Leaving },
): Promise<readonly string[]> {
  const { store, directory, clock } = parts;
  const act = { by: leaving.by, act: 'agent.orphan', reason: `owner ${personId} is gone: ${leaving.reason}` };
  for (let round = 0; round < ROUNDS; round++) {
    await directory.refresh();
    if (directory.person(personId)?.active === true) break;
    const live = directory.agentsOwnedBy(personId).filter(isLive);
    if (live.length === 0) break;
    // Somebody else may change one of a batch: then the whole is read again, and one after the other tried where it happens again.
    const size = round < 3 ? BATCH : 1;
    for (let from = 0; from < live.length; from += size) {
      const changes = await Promise.all(live.slice(from, from + size).map((agent) => orphaned(parts, agent)));
      await store.apply(changes, { ...act, reason: act.reason.slice(0, 1_000), atMs: clock.nowMs() });
    }
  }
  await directory.refresh();
  return directory
    .agentsOwnedBy(personId)
    .filter((agent) => agent.state === 'orphaned')
    .map((agent) => agent.id)
    .sort();
}

/** What still counts as somebody's agent: a request nobody approved holds nothing, and an end is an end. */
export function isLive({ state }: Agent): boolean {
  return state === 'approved' || state === 'active' || state === 'suspended';
}

/** Of an agent of the configuration the store keeps only what happened to it: what the file says of it stays the file's. */
async function orphaned({ store, directory }: OrphanParts, agent: Agent): Promise<EntityChange> {
  if (agent.origin === 'registry') {
    const expected = directory.storedVersion('agent', agent.id);
    return { kind: 'agent', id: agent.id, expected, body: { ...agent, state: 'orphaned' } as unknown as JsonObject };
  }
  const row = await store.get('agent', agent.id);
  const body = { ...row?.body, id: agent.id, state: 'orphaned' };
  return { kind: 'agent', id: agent.id, expected: row === null || row.body === null ? null : row.version, body };
}
