import type { Agent } from '../../model/agent.ts';
import type { Connection } from '../../model/connection.ts';
import type { JsonObject } from '../../model/json.ts';
import type { Group, Person } from '../../model/person.ts';
import type { Task } from '../../model/task.ts';
import type { EntityKind, EntityRow } from '../../ports/identity-stores.ts';
import { foldName, namesOf, overlayAgent, overlayPerson, union } from './entities.ts';
import { Many } from './many.ts';

export interface Configured {
  readonly agents: readonly Agent[];
  readonly people: readonly Person[];
  readonly connections: readonly Connection[];
}

export interface StoredEntity {
  readonly id: string;
  readonly version: number;
  readonly body: JsonObject;
}

interface Stored {
  readonly version: number;
  readonly body: JsonObject | null;
}

/** What the directory holds and how it is found. Every change goes through `take` or `configure`; look-ups never build anything. */
export class View {
  readonly agents = new Map<string, Agent>();
  readonly people = new Map<string, Person>();
  readonly groups = new Map<string, Group>();
  readonly connections = new Map<string, Connection>();
  readonly tasks = new Map<string, Task>();
  readonly #stored = new Map<EntityKind, Map<string, Stored>>();
  readonly #groupsOf = new Many();
  readonly #byOwner = new Many();
  readonly #byClient = new Many();
  readonly #byWorkload = new Many();
  readonly #byPair = new Many();
  readonly #byName = new Many();
  #configuredAgents: ReadonlyMap<string, Agent> = new Map();
  #configuredPeople: ReadonlyMap<string, Person> = new Map();
  #configuredConnections: ReadonlyMap<string, Connection> = new Map();

  /** Returns the ids of the agents it may have changed. */
  configure({ agents, people, connections }: Configured): ReadonlySet<string> {
    const touched = [this.#configuredAgents, this.#configuredPeople, this.#configuredConnections].map((map) =>
      map.keys(),
    );
    this.#configuredAgents = byId(agents);
    this.#configuredPeople = byId(people);
    this.#configuredConnections = byId(connections);
    for (const id of new Set([...(touched[1] ?? []), ...this.#configuredPeople.keys()])) this.#remakePerson(id);
    const changed = new Set([...(touched[0] ?? []), ...this.#configuredAgents.keys()]);
    for (const id of changed) this.#remakeAgent(id);
    for (const id of new Set([...(touched[2] ?? []), ...this.#configuredConnections.keys()]))
      this.#remakeConnection(id);
    return changed;
  }

  take(row: EntityRow): void {
    let ofKind = this.#stored.get(row.kind);
    if (ofKind === undefined) this.#stored.set(row.kind, (ofKind = new Map()));
    if ((ofKind.get(row.id)?.version ?? 0) >= row.version) return;
    ofKind.set(row.id, { version: row.version, body: row.body });
    switch (row.kind) {
      case 'agent':
        return this.#remakeAgent(row.id);
      case 'person':
        return this.#remakePerson(row.id);
      case 'group':
        return this.#remakeGroup(row.id);
      case 'connection':
        return this.#remakeConnection(row.id);
      case 'task':
        return replace(this.tasks, row.id, row.body as unknown as Task | null);
    }
  }

  /** The version of the stored row, removed or not; `null`: the store never had one. A removed one must be made anew (`expected: null`). */
  storedVersion(kind: EntityKind, id: string): number | null {
    const stored = this.#stored.get(kind)?.get(id);
    return stored === undefined || stored.body === null ? null : stored.version;
  }

  /** Bodies of everything of one kind the store has, as stored: what has no place of its own here (templates, reviews). */
  *stored(kind: EntityKind): IterableIterator<StoredEntity> {
    for (const [id, { version, body }] of this.#stored.get(kind) ?? []) if (body !== null) yield { id, version, body };
  }

  storedOne(kind: EntityKind, id: string): StoredEntity | undefined {
    const one = this.#stored.get(kind)?.get(id);
    return one === undefined || one.body === null ? undefined : { id, version: one.version, body: one.body };
  }

  ownedBy(personId: string): readonly Agent[] {
    return this.#pick(this.agents, this.#byOwner.get(personId));
  }

  ofClient(clientId: string): readonly Agent[] {
    return this.#pick(this.agents, new Set([clientId, ...this.#byClient.get(clientId)]));
  }

  ofWorkload(issuer: string, subject: string): Agent | undefined {
    const found = this.#pick(this.agents, this.#byWorkload.get(workloadKey(issuer, subject)));
    // Two agents that claim one workload: nobody can say which one it is.
    return found.length === 1 ? found[0] : undefined;
  }

  between(from: string, to: string): readonly Connection[] {
    return this.#pick(this.connections, this.#byPair.get(pairKey(from, to)));
  }

  named(name: string): Person | undefined {
    const found = this.#pick(this.people, this.#byName.get(foldName(name)));
    return found.length === 1 ? found[0] : undefined;
  }

  #pick<T>(from: ReadonlyMap<string, T>, ids: Iterable<string>): T[] {
    const found: T[] = [];
    for (const id of ids) {
      const one = from.get(id);
      if (one !== undefined) found.push(one);
    }
    return found;
  }

  #body(kind: EntityKind, id: string): JsonObject | null {
    return this.#stored.get(kind)?.get(id)?.body ?? null;
  }

  #remakeAgent(id: string): void {
    const body = this.#body('agent', id) as Partial<Agent> | null;
    const configured = this.#configuredAgents.get(id);
    const before = this.agents.get(id);
    const made = configured === undefined ? whole(body) : body === null ? configured : overlayAgent(configured, body);
    const after = asBefore(before, made);
    if (before !== undefined) this.#indexAgent(before, 'remove');
    replace(this.agents, id, after);
    if (after !== null) this.#indexAgent(after, 'add');
  }

  #indexAgent(agent: Agent, act: 'add' | 'remove'): void {
    this.#byOwner[act](agent.owner, agent.id);
    for (const client of agent.clients) this.#byClient[act](client, agent.id);
    for (const { issuer, subject } of agent.workloads) this.#byWorkload[act](workloadKey(issuer, subject), agent.id);
  }

  #remakePerson(id: string): void {
    const body = this.#body('person', id) as Partial<Person> | null;
    const configured = this.#configuredPeople.get(id);
    const before = this.people.get(id);
    const own =
      configured === undefined ? (body as Person | null) : body === null ? configured : overlayPerson(configured, body);
    const names = this.#pick(this.groups, this.#groupsOf.get(id)).map((group) => group.name);
    const after = asBefore(before, own === null ? null : { ...own, groups: union(own.groups, names) });
    if (before !== undefined) for (const name of namesOf(before)) this.#byName.remove(name, id);
    replace(this.people, id, after);
    if (after !== null) for (const name of namesOf(after)) this.#byName.add(name, id);
  }

  #remakeGroup(id: string): void {
    const before = this.groups.get(id);
    const after = this.#body('group', id) as unknown as Group | null;
    replace(this.groups, id, after);
    const left = new Set(before?.members ?? []);
    const joined = new Set(after?.members ?? []);
    for (const member of left) if (!joined.has(member)) this.#groupsOf.remove(member, id);
    for (const member of joined) if (!left.has(member)) this.#groupsOf.add(member, id);
    // A new name is news for those who stayed as well.
    const renamed = before?.name !== after?.name;
    for (const member of new Set([...left, ...joined])) {
      if (renamed || left.has(member) !== joined.has(member)) this.#remakePerson(member);
    }
  }

  #remakeConnection(id: string): void {
    const before = this.connections.get(id);
    const after = this.#configuredConnections.get(id) ?? (this.#body('connection', id) as unknown as Connection | null);
    if (before !== undefined) this.#byPair.remove(pairKey(before.from, before.to), id);
    replace(this.connections, id, after);
    if (after !== null) this.#byPair.add(pairKey(after.from, after.to), id);
  }
}

/** A stored row that only says what happened to an agent of the configuration is no agent by itself, once the file no longer has it. */
function whole(body: Partial<Agent> | null): Agent | null {
  if (body === null || body.keys === undefined || body.purpose === undefined) return null;
  // Those that were stored before there was such a field.
  return body.backchannel === undefined ? ({ ...body, backchannel: null } as Agent) : (body as Agent);
}

/** What did not change stays the very object it was: answers that were worked out for it, and calls that wait, stay good. */
function asBefore<T extends object>(before: T | undefined, after: T | null): T | null {
  return before !== undefined && after !== null && JSON.stringify(before) === JSON.stringify(after) ? before : after;
}

function replace<T>(map: Map<string, T>, id: string, value: T | null): void {
  if (value === null) map.delete(id);
  else map.set(id, value);
}

function byId<T extends { readonly id: string }>(all: readonly T[]): ReadonlyMap<string, T> {
  return new Map(all.map((one) => [one.id, one]));
}

function workloadKey(issuer: string, subject: string): string {
  return JSON.stringify([issuer, subject]);
}

function pairKey(from: string, to: string): string {
  return JSON.stringify([from, to]);
}
