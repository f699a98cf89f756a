import type { Agent } from '../model/agent.ts';
import type { Connection } from '../model/connection.ts';
import type { Group, Person } from '../model/person.ts';
import type { Task } from '../model/task.ts';
import type { EntityKind } from '../ports/identity-stores.ts';

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
  /** Brings the view up to what the store has committed by now. After one's own writes, before answering. */
  refresh(): Promise<void>;
  /** Called after the view has changed, with what did. */
  onChange(listener: (changed: readonly { readonly kind: EntityKind; readonly id: string }[]) => void): () => void;
}
