import { randomUUID } from 'node:crypto';
import type { Connection } from '../../model/connection.ts';
import type { JsonObject } from '../../model/json.ts';
import type { Task } from '../../model/task.ts';
import type { Clock } from '../../ports/clock.ts';
import type { DirectoryStore, EntityChange } from '../../ports/identity-stores.ts';
import type { Directory } from '../directory.ts';
import { makeTask, type TaskRequest } from './tasks.ts';

/** An order about connections or tasks that was not carried out. The message is for the operator. */
export class DelegationRefused extends Error {
  /** A stable word, and the HTTP status it deserves. */
  readonly why: 'unknown' | 'exists' | 'configured' | 'changed' | 'invalid';
  readonly status: number;

  constructor(why: DelegationRefused['why'], message: string) {
    super(message);
    this.name = 'DelegationRefused';
    this.why = why;
    this.status = why === 'unknown' ? 404 : why === 'invalid' ? 400 : 409;
  }
}

export interface DeskParts {
  readonly store: DirectoryStore;
  readonly directory: Directory;
  readonly clock: Clock;
  /** Resolves when the act is on stable storage. Every order is on record before it is carried out. */
  readonly record: (act: { act: string; by: string; reason: string; detail: JsonObject }) => Promise<unknown>;
}

export interface Order {
  readonly by: string;
  readonly reason: string;
}

/** `id: null`: made of both agents' ids. */
export type NewConnection = Omit<Connection, 'id' | 'createdBy' | 'createdAtMs'> & { readonly id: string | null };

/** What an operator does about who may hand work to whom, and about tasks. */
export interface DelegationDesk {
  connect(connection: NewConnection, order: Order): Promise<Connection>;
  disconnect(id: string, order: Order): Promise<void>;
  createTask(agent: string, terms: TaskRequest, order: Order): Promise<Task>;
  /** Every token bound to it, or to a part of it, is refused from the next call on. */
  closeTask(id: string, order: Order): Promise<Task>;
}

export function delegationDesk(parts: DeskParts): DelegationDesk {
  const { directory, clock } = parts;
  return {
    async connect({ id: given, ...asked }, order) {
      const id = given ?? `${asked.from}-${asked.to}`;
      await directory.refresh();
      for (const agent of [asked.from, asked.to]) known(directory, agent);
      if (asked.from === asked.to) throw new DelegationRefused('invalid', 'an agent needs no connection to itself');
      if (directory.connection(id) !== undefined) {
        throw new DelegationRefused(
          'exists',
          `there is a connection "${id}" already: remove it first, or give another id`,
        );
      }
      const connection: Connection = { ...asked, id, createdBy: order.by, createdAtMs: clock.nowMs() };
      const body = connection as unknown as JsonObject;
      await write(parts, { kind: 'connection', id, body, expected: null }, { ...order, act: 'connection.add' });
      return connection;
    },
    async disconnect(id, order) {
      await directory.refresh();
      if (directory.connection(id) === undefined)
        throw new DelegationRefused('unknown', `there is no connection "${id}"`);
      const expected = directory.storedVersion('connection', id);
      if (expected === null) {
        throw new DelegationRefused('configured', 'this connection is in the configuration file: remove it there');
      }
      await write(parts, { kind: 'connection', id, body: null, expected }, { ...order, act: 'connection.remove' });
    },
    async createTask(agent, terms, order) {
      await directory.refresh();
      known(directory, agent);
      const origin = { id: `task-${randomUUID()}`, agent, subject: null, parent: null, by: order.by };
      const made = makeTask(terms, { ...origin, nowMs: clock.nowMs() });
      if (!made.ok) throw new DelegationRefused('invalid', made.why);
      const { task } = made;
      const body = task as unknown as JsonObject;
      await write(parts, { kind: 'task', id: task.id, body, expected: null }, { ...order, act: 'task.create' });
      return task;
    },
    async closeTask(id, order) {
      await directory.refresh();
      const task = directory.task(id);
      if (task === undefined) throw new DelegationRefused('unknown', `there is no task "${id}"`);
      if (task.state === 'closed') return task;
      const closed: Task = { ...task, state: 'closed' };
      const expected = directory.storedVersion('task', id);
      const change = { kind: 'task', id, body: closed as unknown as JsonObject, expected } as const;
      await write(parts, change, { ...order, act: 'task.close' });
      return closed;
    },
  };
}

function known(directory: Directory, agent: string): void {
  if (directory.agent(agent) === undefined) throw new DelegationRefused('unknown', `there is no agent "${agent}"`);
}

async function write(parts: DeskParts, change: EntityChange, order: Order & { readonly act: string }): Promise<void> {
  const { store, directory, clock, record } = parts;
  await record({ ...order, detail: { id: change.id, ...change.body } });
  const applied = await store.apply([change], { ...order, atMs: clock.nowMs() });
  if (!applied.ok) throw new DelegationRefused('changed', 'somebody else changed it at the same time: look again');
  await directory.refresh();
}
