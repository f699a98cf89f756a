import type { Agent } from '../../model/agent.ts';
import type { Actor } from '../../model/caller.ts';
import type { Connection } from '../../model/connection.ts';
import { coversScope, intersectScopes } from '../../model/scope.ts';
import type { Task } from '../../model/task.ts';
import type { Directory } from '../directory.ts';
import { covers, type Resources, serverOf } from '../resources.ts';

/** Authority as it stands after some hops: what a token says, with the tasks it is bound to looked up. */
export interface Authority {
  /** Who holds it now. */
  readonly agentId: string;
  /** The human at the root; `null`: the first agent of the chain acts for itself. */
  readonly subject: string | null;
  /** As in `Caller`: the holder first; without a human the agent at the root last; empty when it acts alone. */
  readonly chain: readonly Actor[];
  readonly scopes: readonly string[] | null;
  /** RFC 8707 resources. */
  readonly audiences: readonly string[];
  readonly expiresAtMs: number;
  /** Innermost first. */
  readonly tasks: readonly Task[];
}

/** What the next agent asks for. */
export interface Hop {
  readonly to: Agent;
  /** `null`: as much as there is. */
  readonly scopes: readonly string[] | null;
  /** Empty: where the authority is good already. */
  readonly resources: readonly string[];
  readonly ttlMs: number;
  readonly nowMs: number;
}

/** Why there is nothing to hand on. RFC 8693 section 2.2.2, RFC 8707 section 2. */
export interface NotHandedOn {
  readonly ok: false;
  readonly error: 'invalid_request' | 'invalid_scope' | 'invalid_target';
  /** For the one who asks; names nobody but those in its own chain. */
  readonly description: string;
}

export type HandedOn =
  | {
      readonly ok: true;
      readonly authority: Authority /** `null`: an agent narrowed its own. */;
      readonly connection: string | null;
    }
  | NotHandedOn;

export interface DelegationRules {
  readonly directory: Directory;
  readonly resources: Resources;
  /** Whether the kill switch is on an agent, its owner, or a person. */
  readonly isLocked: (who: { readonly agent?: Agent; readonly person?: string }) => boolean;
  /** Actors in one chain, the holder counted. */
  readonly maxDepth: number;
}

/** Actors in one chain unless configured otherwise. */
export const DEFAULT_DEPTH = 4;

/**
 * Hands authority on to the next agent, or to the holder itself, narrower (RFC 8693; requirements CR2, CN3). What comes out is within
 * what went in, within the connection it went over, and within what every actor may ever hold; it lasts no longer than any of them. Pure
 * but for look-ups in the directory; the caller verified the token the authority was read from.
 */
export function handOn(rules: DelegationRules, held: Authority, hop: Hop): HandedOn {
  const dead = whyNot(rules, held, hop);
  if (dead !== null) return refused('invalid_request', dead);
  const self = hop.to.id === held.agentId;
  const connection = self ? null : connectionFor(rules, held, hop);
  if (connection === undefined)
    return refused('invalid_request', `${held.agentId} may not hand this on to ${hop.to.id}`);
  const chain = self ? held.chain : lengthened(held, hop.to);
  if (chain.length > rules.maxDepth)
    return refused('invalid_request', `the chain would be longer than ${rules.maxDepth}`);
  const actors = actorsOf(rules.directory, chain, hop.to);
  const scopes = scopesFor(held, { hop, connection, actors });
  if (scopes === undefined) return refused('invalid_scope', 'more was asked for than can be handed on');
  const audiences = hop.resources.length === 0 ? held.audiences : hop.resources;
  if (!audiences.every((resource) => withinReach(rules, { held, actors, resource })))
    return refused('invalid_target', 'the token that was presented is not good there');
  const ends = [held.expiresAtMs, hop.nowMs + hop.ttlMs, connection?.notAfterMs ?? null];
  for (const actor of actors) ends.push(actor.expiresAtMs);
  for (const task of held.tasks) ends.push(task.notAfterMs);
  const expiresAtMs = Math.min(...ends.filter((end) => end !== null));
  const { subject, tasks } = held;
  const authority = { agentId: hop.to.id, subject, chain, scopes, audiences, expiresAtMs, tasks };
  return { ok: true, authority, connection: connection?.id ?? null };
}

/** Everybody in the chain, the one it goes to, the human at the root, and the tasks: all must still stand. */
function whyNot(
  { directory, isLocked, maxDepth }: DelegationRules,
  held: Authority,
  { to, nowMs }: Hop,
): string | null {
  const others = held.chain.filter(({ kind }) => kind === 'agent').map(({ id }) => id);
  if (to.id !== held.agentId && others.includes(to.id)) return 'an agent may be in a chain only once';
  if (held.chain.length > maxDepth) return `the chain is longer than ${maxDepth}`;
  for (const id of new Set([held.agentId, ...others, to.id])) {
    const agent = directory.agent(id);
    const alive = agent !== undefined && directory.whyNotAlive(id, nowMs) === null && !isLocked({ agent });
    if (!alive) return 'an agent of the chain may not act';
  }
  const { subject } = held;
  if (subject !== null && (directory.whyNoSubject(subject) !== null || isLocked({ person: subject })))
    return 'the person at the root of the chain may not be acted for';
  const over = held.tasks.some((task) => directory.task(task.id)?.state !== 'open' || task.notAfterMs <= nowMs);
  return over ? 'the task is over' : null;
}

/** `undefined`: none that is open to this chain now. The widest of several is not looked for: the first that fits is taken, by id. */
function connectionFor({ directory }: DelegationRules, held: Authority, { to, nowMs }: Hop): Connection | undefined {
  const initiator = held.subject === null ? 'machine' : 'user';
  const depth = lengthened(held, to).length;
  return [...directory.connectionsBetween(held.agentId, to.id)]
    .sort((a, b) => (a.id < b.id ? -1 : 1))
    .find(
      (connection) =>
        connection.initiators.includes(initiator) &&
        (connection.notAfterMs === null || connection.notAfterMs > nowMs) &&
        (connection.maxDepth === null || depth <= connection.maxDepth) &&
        (!connection.requiresTask || held.tasks.length > 0) &&
        isOpenAt(connection.hours, nowMs),
    );
}

const HOUR_MS = 3_600_000;

/** `[from, to)` in UTC; over midnight where from is after to; all day where they are the same. */
export function isOpenAt(hours: readonly [number, number] | null, nowMs: number): boolean {
  if (hours === null) return true;
  const [from, to] = hours;
  const hour = Math.floor(nowMs / HOUR_MS) % 24;
  if (from === to) return true;
  return from < to ? hour >= from && hour < to : hour >= from || hour < to;
}

/** An agent that acted alone is the root of what it hands on. */
function lengthened({ agentId, chain, subject }: Authority, to: Agent): readonly Actor[] {
  const before: readonly Actor[] = chain.length > 0 || subject !== null ? chain : [{ id: agentId, kind: 'agent' }];
  return [{ id: to.id, kind: 'agent' }, ...before];
}

function actorsOf(directory: Directory, chain: readonly Actor[], to: Agent): readonly Agent[] {
  const agents = chain.filter(({ kind }) => kind === 'agent').flatMap(({ id }) => directory.agent(id) ?? []);
  return agents.some(({ id }) => id === to.id) ? agents : [to, ...agents];
}

interface Bounds {
  readonly hop: Hop;
  readonly connection: Connection | null;
  readonly actors: readonly Agent[];
}

/** `undefined`: more was asked for than there is. Asked for nothing, it is all there is. */
function scopesFor(held: Authority, { hop, connection, actors }: Bounds): readonly string[] | null | undefined {
  let available = intersectScopes(held.scopes, connection?.scopes ?? null);
  for (const actor of actors) available = intersectScopes(available, actor.scopes);
  if (hop.scopes === null) return available;
  return hop.scopes.every((scope) => coversScope(available, scope)) ? hop.scopes : undefined;
}

interface Reach {
  readonly held: Authority;
  readonly actors: readonly Agent[];
  readonly resource: string;
}

/** Where the authority is good already, and every actor may connect. */
function withinReach({ resources }: DelegationRules, { held, actors, resource }: Reach): boolean {
  if (!covers(resources, held.audiences, resource)) return false;
  const server = serverOf(resources, resource);
  return server === null || actors.every((actor) => actor.servers?.includes(server) !== false);
}

function refused(error: NotHandedOn['error'], description: string): NotHandedOn {
  return { ok: false, error, description };
}
