import { randomBytes } from 'node:crypto';
import type { Caller } from '../../../../model/caller.ts';
import { Fault } from '../../../../model/fault.ts';
import { type RpcRequest, type RpcResponse, resultText } from '../../../../model/jsonrpc.ts';
import type { Era } from '../../../../ports/upstream.ts';
import { chainOf } from '../../session.ts';
import type { TaskStatus } from './frames.ts';
import type { Runner } from './runner.ts';

/** Tasks of this process, of all agents and of one; results kept, in characters of JSON. */
const MAX_TASKS = 5_000;
const MAX_PER_AGENT = 200;
const MAX_KEPT_CHARS = 64 * 1024 * 1024;

/** Begins every id the gateway gives: no server's task is taken for one of these. */
const PREFIX = 'interlock-task-';
const ID = /^interlock-task-([0-9a-f-]{36})?~([A-Za-z0-9_-]{24})$/;

/** Who a task belongs to. Everybody else's request finds nothing. */
export interface Owner {
  readonly agent: string;
  readonly subject: string | null;
  readonly task: string | null;
  readonly chain: string;
  readonly server: string;
}

export function ownerOf(caller: Caller, server: string): Owner {
  const { agent, subject, taskId } = caller;
  return { agent: agent.id, subject, task: taskId, chain: chainOf(caller), server };
}

export function isSameOwner(a: Owner, b: Owner): boolean {
  return (
    a.agent === b.agent && a.subject === b.subject && a.task === b.task && a.chain === b.chain && a.server === b.server
  );
}

/** One call that goes on without its client. Changed by the desk alone. */
export interface HeldTask {
  readonly id: string;
  readonly owner: Owner;
  readonly era: Era;
  /** What is sent when it is let through; `null`: nobody knows any more (it was made before a restart, or elsewhere). */
  message: RpcRequest | null;
  /** The question it waits for; `null`: none, it is under way. */
  readonly approval: string | null;
  readonly createdAtMs: number;
  keepUntilMs: number;
  updatedAtMs: number;
  status: TaskStatus;
  statusMessage: string;
  response: RpcResponse | null;
  /** The server made a task of the call in its turn: asked about in its place. */
  alias: string | null;
  /** It is being carried out, or waits for the identical call that is. */
  going: boolean;
  /** Not tried again before. */
  nextTryMs: number;
  /** Whoever can carry it out now: the newest client of its owner. */
  runner: Runner | null;
  readonly cancel: AbortController;
  readonly waiting: Set<() => void>;
}

/** Whether an id is one of the gateway's. */
export function isOwnTask(id: unknown): id is string {
  return typeof id === 'string' && id.startsWith(PREFIX);
}

/** The question an id belongs to, whoever gave it. `null`: none, or no id of ours. */
export function approvalOfTask(id: string): string | null {
  return ID.exec(id)?.[1] ?? null;
}

/** 144 random bits: nobody finds a task by guessing, and its owner is asked for besides. */
export function newTaskId(approval: string | null): string {
  return `${PREFIX}${approval ?? ''}~${randomBytes(18).toString('base64url')}`;
}

/** Everything that is held, bounded in number, per agent and in what results take. */
export class Shelf {
  readonly #held = new Map<string, HeldTask>();
  /** By agent. */
  readonly #promised = new Map<string, number>();
  #keptChars = 0;

  /**
   * A place for a call that is about to be sent: what was done must not be told to be too much. Given back by calling what it
   * returns. Fault `overloaded`.
   */
  promise(agent: string, nowMs: number): () => void {
    this.sweep(nowMs);
    const mine = this.#promised.get(agent) ?? 0;
    const all = [...this.#promised.values()].reduce((sum, each) => sum + each, 0);
    this.#checkRoom(agent, { all, mine });
    this.#promised.set(agent, mine + 1);
    return () => {
      const left = (this.#promised.get(agent) ?? 0) - 1;
      if (left > 0) this.#promised.set(agent, left);
      else this.#promised.delete(agent);
    };
  }

  /** `isPromised`: its place is taken before others came, so that at most twice as many are held. Else Fault `overloaded`. */
  add(held: HeldTask, nowMs: number, isPromised = false): void {
    this.sweep(nowMs);
    if (!isPromised) this.#checkRoom(held.owner.agent, { all: 0, mine: 0 });
    this.#held.set(held.id, held);
  }

  #checkRoom(agent: string, besides: { readonly all: number; readonly mine: number }): void {
    const mine = this.all().filter(({ owner }) => owner.agent === agent).length;
    if (this.#held.size + besides.all >= MAX_TASKS || mine + besides.mine >= MAX_PER_AGENT)
      throw new Fault('overloaded', 'Too many tasks are held for this agent: ask about those first, or cancel some');
  }

  get(id: string): HeldTask | null {
    return this.#held.get(id) ?? null;
  }

  all(): readonly HeldTask[] {
    return [...this.#held.values()];
  }

  ofApproval(approval: string): readonly HeldTask[] {
    return this.all().filter((held) => held.approval === approval);
  }

  /** Keeps what a call came to; the oldest results make room. */
  keep(held: HeldTask, response: RpcResponse): void {
    held.response = response;
    this.#keptChars += sizeOf(response);
    for (const old of this.#held.values()) {
      if (this.#keptChars <= MAX_KEPT_CHARS) return;
      if (old !== held && old.response !== null) this.#drop(old);
    }
  }

  sweep(nowMs: number): void {
    for (const held of this.#held.values()) {
      if (held.keepUntilMs > nowMs || held.waiting.size > 0) continue;
      this.#drop(held);
      this.#held.delete(held.id);
    }
  }

  #drop(held: HeldTask): void {
    if (held.response !== null) this.#keptChars -= sizeOf(held.response);
    held.response = null;
  }
}

function sizeOf(response: RpcResponse): number {
  return 'result' in response ? resultText(response.result).length : JSON.stringify(response.error).length;
}
