import type { Agent } from '../model/agent.ts';
import type { Connection } from '../model/connection.ts';
import type { Group, Person } from '../model/person.ts';
import type { Task } from '../model/task.ts';
import type { Clock } from '../ports/clock.ts';
import type { DirectoryStore, EntityKind, EntityRow } from '../ports/identity-stores.ts';
import { Following } from './directory/follow.ts';
import { type Configured, type StoredEntity, View } from './directory/view.ts';

export type { Configured, StoredEntity } from './directory/view.ts';

/** Why an agent may not act, in the order they are looked for. */
export type NotAlive =
  | 'unknown-agent'
  | 'not-active'
  | 'expired'
  | 'unknown-owner'
  | 'owner-inactive'
  /** The view of the store is older than its bound: nobody can be vouched for. */
  | 'stale-view';

/**
 * Who there is, now, in memory: the agents and people of the configuration with what the store says of them, and those only the store
 * knows. Look-ups are constant time; nothing here waits. One mutable view per process, fed from the store.
 */
export interface Directory {
  /** Grows whenever anything that can be looked up here has changed. Whoever keeps an answer keeps this number with it. */
  readonly version: number;
  agent(id: string): Agent | undefined;
  /** Groups merged: the person's own, and the names of those it is a member of. */
  person(id: string): Person | undefined;
  /** By userName or e-mail address, without case. */
  personNamed(name: string): Person | undefined;
  group(id: string): Group | undefined;
  connection(id: string): Connection | undefined;
  task(id: string): Task | undefined;
  /** `null`: alive. An agent is alive when it is active, unexpired, and owned by an active person, and the view is fresh. */
  whyNotAlive(agentId: string, nowMs: number): NotAlive | null;
  /** `null`: active. The same for the human at the root of a chain. */
  whyNoSubject(personId: string): 'unknown-person' | 'person-inactive' | 'stale-view' | null;
  agentsOwnedBy(personId: string): readonly Agent[];
  /** The agents an OAuth client may act as: those that name it in `clients`, and the agent of that very id. */
  agentsOfClient(clientId: string): readonly Agent[];
  agentOfWorkload(issuer: string, subject: string): Agent | undefined;
  connectionsBetween(from: string, to: string): readonly Connection[];
  agents(): IterableIterator<Agent>;
  people(): IterableIterator<Person>;
  groups(): IterableIterator<Group>;
  connections(): IterableIterator<Connection>;
  tasks(): IterableIterator<Task>;
  /** The version of the stored row behind an entity, for compare-and-set; `null`: the store has none. */
  storedVersion(kind: EntityKind, id: string): number | null;
  /** What the store has of one kind, as stored; for kinds that have no look-up of their own (templates, reviews). */
  stored(kind: EntityKind): IterableIterator<StoredEntity>;
  storedOne(kind: EntityKind, id: string): StoredEntity | undefined;
  /** Brings the view up to what the store has committed by now. After one's own writes, before answering. */
  refresh(): Promise<void>;
  /** Called after the view has changed, with what did. */
  onChange(listener: (changed: readonly Changed[]) => void): () => void;
}

export interface Changed {
  readonly kind: EntityKind;
  readonly id: string;
}

export interface DirectoryOptions {
  readonly store: DirectoryStore;
  readonly clock: Clock;
  readonly configured: Configured;
  readonly onFailed: (error: unknown) => void;
  readonly heartbeatMs?: number;
  /** How old the view may be before nobody is vouched for. Default 5 s. */
  readonly maxStaleMs?: number;
}

export interface OpenDirectory extends Directory {
  /** Another configuration: what it says of agents, people and connections replaces what the last one said. */
  configure(configured: Configured): void;
  readonly stale: boolean;
  close(): void;
}

const HEARTBEAT_MS = 500;
const MAX_STALE_MS = 5_000;

/** Reads everything the store has, then follows it. Rejects when the store cannot be read. */
export async function openDirectory(options: DirectoryOptions): Promise<OpenDirectory> {
  const directory = new Live(options);
  try {
    await directory.refresh();
  } catch (error) {
    directory.close();
    throw error;
  }
  return directory;
}

class Live implements OpenDirectory {
  readonly #view = new View();
  readonly #following: Following;
  readonly #clock: Clock;
  readonly #maxStaleUs: number;
  readonly #listeners = new Set<(changed: readonly Changed[]) => void>();
  version = 0;

  constructor({ store, clock, configured, onFailed, heartbeatMs, maxStaleMs }: DirectoryOptions) {
    this.#clock = clock;
    this.#maxStaleUs = (maxStaleMs ?? MAX_STALE_MS) * 1000;
    this.#view.configure(configured);
    const onRows = (rows: readonly EntityRow[]) => this.#take(rows);
    this.#following = new Following({ store, clock, heartbeatMs: heartbeatMs ?? HEARTBEAT_MS, onRows, onFailed });
  }

  get stale(): boolean {
    return this.#clock.monotonicUs() - this.#following.verifiedUs > this.#maxStaleUs;
  }

  agent(id: string): Agent | undefined {
    return this.#view.agents.get(id);
  }

  person(id: string): Person | undefined {
    return this.#view.people.get(id);
  }

  personNamed(name: string): Person | undefined {
    return this.#view.named(name);
  }

  group(id: string): Group | undefined {
    return this.#view.groups.get(id);
  }

  connection(id: string): Connection | undefined {
    return this.#view.connections.get(id);
  }

  task(id: string): Task | undefined {
    return this.#view.tasks.get(id);
  }

  whyNotAlive(agentId: string, nowMs: number): NotAlive | null {
    const agent = this.#view.agents.get(agentId);
    if (agent === undefined) return 'unknown-agent';
    if (agent.state !== 'active') return 'not-active';
    if (agent.expiresAtMs !== null && agent.expiresAtMs <= nowMs) return 'expired';
    const owner = this.#view.people.get(agent.owner);
    if (owner === undefined) return 'unknown-owner';
    if (!owner.active) return 'owner-inactive';
    return this.stale ? 'stale-view' : null;
  }

  whyNoSubject(personId: string): 'unknown-person' | 'person-inactive' | 'stale-view' | null {
    const person = this.#view.people.get(personId);
    if (person === undefined) return 'unknown-person';
    if (!person.active) return 'person-inactive';
    return this.stale ? 'stale-view' : null;
  }

  agentsOwnedBy(personId: string): readonly Agent[] {
    return this.#view.ownedBy(personId);
  }

  agentsOfClient(clientId: string): readonly Agent[] {
    return this.#view.ofClient(clientId);
  }

  agentOfWorkload(issuer: string, subject: string): Agent | undefined {
    return this.#view.ofWorkload(issuer, subject);
  }

  connectionsBetween(from: string, to: string): readonly Connection[] {
    return this.#view.between(from, to);
  }

  agents(): IterableIterator<Agent> {
    return this.#view.agents.values();
  }

  people(): IterableIterator<Person> {
    return this.#view.people.values();
  }

  groups(): IterableIterator<Group> {
    return this.#view.groups.values();
  }

  connections(): IterableIterator<Connection> {
    return this.#view.connections.values();
  }

  tasks(): IterableIterator<Task> {
    return this.#view.tasks.values();
  }

  storedVersion(kind: EntityKind, id: string): number | null {
    return this.#view.storedVersion(kind, id);
  }

  stored(kind: EntityKind): IterableIterator<StoredEntity> {
    return this.#view.stored(kind);
  }

  storedOne(kind: EntityKind, id: string): StoredEntity | undefined {
    return this.#view.storedOne(kind, id);
  }

  refresh(): Promise<void> {
    return this.#following.refresh();
  }

  onChange(listener: (changed: readonly Changed[]) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  configure(configured: Configured): void {
    const changed = this.#view.configure(configured);
    this.#tell([...changed].map((id) => ({ kind: 'agent', id })));
  }

  close(): void {
    this.#following.close();
  }

  #take(rows: readonly EntityRow[]): void {
    for (const row of rows) this.#view.take(row);
    this.#tell(rows);
  }

  #tell(changed: readonly Changed[]): void {
    this.version++;
    for (const listener of this.#listeners) listener(changed);
  }
}
