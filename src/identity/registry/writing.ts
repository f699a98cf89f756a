import type { Agent } from '../../model/agent.ts';
import type { Json, JsonObject } from '../../model/json.ts';
import type { Clock } from '../../ports/clock.ts';
import type { ApplyResult, DirectoryStore, EntityChange } from '../../ports/identity-stores.ts';
import type { Directory } from '../directory.ts';
import { RegistryRefused } from './refused.ts';
import { claimsOf } from './world.ts';

/** Who changes something, and why. */
export interface Who {
  readonly by: string;
  readonly reason: string;
}

/** One administrative act, on stable storage when it resolves. */
export type RecordAct = (act: {
  readonly act: string;
  readonly by: string;
  readonly reason: string;
  readonly detail: Json;
}) => Promise<{ readonly seq: number }>;

export interface WriteParts {
  readonly store: DirectoryStore;
  readonly directory: Directory;
  readonly clock: Clock;
  readonly record: RecordAct;
}

/** One agent as the store and the configuration have it, for a compare-and-set. */
export interface Known {
  readonly agent: Agent;
  /** `null`: the store has no row (an agent of the configuration to which nothing happened). */
  readonly version: number | null;
  readonly body: JsonObject;
}

/** What the store keeps of an agent of the configuration: what happened to it. The rest is the file's. */
const OVERLAY: readonly string[] = ['state', 'owner', 'deputies', 'expiresAtMs', 'ended', 'expired'];

/** The view and the row it was made from, of one version. Throws RegistryRefused `missing`. */
export async function readKnown({ directory }: WriteParts, id: string): Promise<Known> {
  if (directory.agent(id) === undefined) await directory.refresh();
  const agent = directory.agent(id);
  if (agent === undefined) throw new RegistryRefused('missing', `there is no agent "${id}"`);
  const row = directory.storedOne('agent', id);
  return { agent, version: row?.version ?? null, body: row?.body ?? {} };
}

/** The change that gives an agent other members. Throws RegistryRefused `configured` for what stands in the file. */
export function patchChange(known: Known, patch: Readonly<Record<string, unknown>>): EntityChange {
  const { agent, version, body } = known;
  if (agent.origin === 'registry') {
    const after = { ...body, ...patch } as unknown as Agent;
    const unique = 'keys' in patch || 'workloads' in patch || version === null ? { unique: claimsOf(after) } : {};
    return { kind: 'agent', id: agent.id, expected: version, body: after as unknown as JsonObject, ...unique };
  }
  const wrong = Object.keys(patch).filter((name) => !OVERLAY.includes(name));
  if (wrong.length > 0) {
    const where = `agents.${agent.id} of interlock.yaml`;
    throw new RegistryRefused('configured', `${wrong.join(', ')} of ${agent.id} stands in ${where}: change it there`);
  }
  return { kind: 'agent', id: agent.id, expected: version, body: { ...body, id: agent.id, ...patch } as JsonObject };
}

export interface Write {
  readonly act: string;
  readonly who: Who;
  readonly changes: readonly EntityChange[];
  readonly detail: Json;
  /** It stops something: it takes effect first, and does not wait for a disk that is full. */
  readonly stops?: boolean;
}

/**
 * One transaction, on record. What lets something happen is recorded before it takes effect, and again as void when somebody else
 * was first; what stops something takes effect first. Returns the position of the record. Throws RegistryRefused `lost` and `taken`.
 */
export async function write(parts: WriteParts, order: Write): Promise<number> {
  const { act, who, detail } = order;
  if (order.stops === true) {
    const done = await commit(parts, order);
    if (!done.ok) throw lost(done);
    return (await parts.record({ act, ...who, detail })).seq;
  }
  const { seq } = await parts.record({ act, ...who, detail });
  const done = await commit(parts, order);
  if (done.ok) return seq;
  await parts.record({ act: `${act}.void`, ...who, detail: { record: seq, why: done.why, id: done.id } });
  throw lost(done);
}

async function commit({ store, directory, clock }: WriteParts, { act, who, changes }: Write): Promise<ApplyResult> {
  const done = await store.apply(changes, { act, ...who, atMs: clock.nowMs() });
  await directory.refresh();
  return done;
}

function lost({ why, id }: Extract<ApplyResult, { ok: false }>): RegistryRefused {
  if (why === 'unique')
    return new RegistryRefused('taken', `a key or workload of ${id} belongs to another agent: give it one of its own`);
  if (why === 'exists') return new RegistryRefused('exists', `there is a "${id}" already`);
  return new RegistryRefused('lost', `${id} was changed by somebody else at the same time: look at it and try again`);
}
