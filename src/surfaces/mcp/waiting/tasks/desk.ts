import type { ShownRequest } from '../../../../model/approval.ts';
import type { Caller } from '../../../../model/caller.ts';
import { isObject, type JsonObject } from '../../../../model/json.ts';
import { failure, type RpcRequest, type RpcResponse, success } from '../../../../model/jsonrpc.ts';
import type { Clock } from '../../../../ports/clock.ts';
import type { ApprovalRow } from '../../../../ports/stores.ts';
import type { Era } from '../../../../ports/upstream.ts';
import type { Holding } from '../held.ts';
import { waitingText } from '../words.ts';
import { endOf, type TaskView } from './frames.ts';
import { Rounds } from './rounds.ts';
import type { Ran, Runner } from './runner.ts';
import { approvalOfTask, type HeldTask, isSameOwner, newTaskId, type Owner, ownerOf, Shelf } from './shelf.ts';

/**
 * What came of a call whose result is not here: from the journal of this gateway. `elsewhere`: another gateway on the same store has it.
 * `null`: in no record.
 */
export type KnownOutcome = 'ok' | 'failed' | 'unknown' | 'under-way' | 'elsewhere' | null;

export interface DeskParts {
  readonly clock: Clock;
  readonly approvals: {
    get(id: string): Promise<ApprovalRow | null>;
    withdraw(id: string, by: string, reason: string): Promise<boolean>;
    onChange(listener: () => void): () => void;
  };
  readonly holding: Holding;
  readonly outcomeOf: (consumedBy: NonNullable<ApprovalRow['consumedBy']>) => Promise<KnownOutcome>;
  readonly log: { error(fields: object, message: string): void };
}

/** A call that did not go on for a passing reason is tried again after this, when somebody looks. */
const RETRY_MS = 15_000;
/** Reads of the store at once when a bell rings with many questions waited for. */
const PARALLEL_LOOKS = 8;
/** A result that came late is kept at least so long, for a client that asks rarely. */
const KEPT_AFTER_MS = 300_000;

export interface NewTask {
  readonly caller: Caller;
  readonly server: string;
  readonly era: Era;
  readonly message: RpcRequest;
  readonly approval: string | null;
  /** How long it is kept at least, answered or not. */
  readonly ttlMs: number;
  readonly runner: Runner | null;
  readonly cancel?: AbortController;
  /** A place is kept for it (`promise`). */
  readonly promised?: true;
}

/**
 * Calls that go on without their clients: those that wait for people, and those a client asked to be tasks. Results live in this process
 * and no longer; what people answered is in the store, so that any gateway on it says at least that.
 */
export class TaskDesk {
  readonly #parts: DeskParts;
  readonly #shelf = new Shelf();
  /** One question is answered once: calls that joined it share what came of it. */
  readonly #runs = new Map<string, Promise<Ran>>();
  readonly #unsubscribe: () => void;
  /** Calls that go on right now. */
  #going = 0;
  #resting = false;

  constructor(parts: DeskParts) {
    this.#parts = parts;
    const rounds = new Rounds(() => this.#lookAtAll());
    this.#unsubscribe = parts.approvals.onChange(() => rounds.ring());
  }

  /** Keeps a place for a call that is about to be sent, until what it returns is called. Fault `overloaded`. */
  promise({ agent }: Caller): () => void {
    return this.#shelf.promise(agent.id, this.#parts.clock.nowMs());
  }

  /** Holds a call from now on. Fault `overloaded`, unless a place is kept for it. */
  create(task: NewTask, statusMessage: string): HeldTask {
    const nowMs = this.#parts.clock.nowMs();
    const held: HeldTask = {
      ...{ id: newTaskId(task.approval), owner: ownerOf(task.caller, task.server), era: task.era },
      ...{ message: task.message, approval: task.approval, createdAtMs: nowMs, updatedAtMs: nowMs },
      ...{ keepUntilMs: nowMs + task.ttlMs, status: 'working', statusMessage, response: null, alias: null },
      ...{
        nextTryMs: 0,
        going: false,
        runner: task.runner,
        cancel: task.cancel ?? new AbortController(),
        waiting: new Set(),
      },
    };
    this.#shelf.add(held, nowMs, task.promised);
    // The answer may have come between the question and now.
    if (held.approval !== null) void this.look(held);
    return held;
  }

  /** The task of that id, where it is this caller's: of this process, or as the store knows it. */
  async find(id: string, runner: Runner, to: { readonly server: string; readonly era: Era }): Promise<HeldTask | null> {
    const owner = ownerOf(runner.caller, to.server);
    const held = this.#shelf.get(id) ?? (await this.#restore(id, owner, { runner, era: to.era }));
    if (held === null || !isSameOwner(held.owner, owner)) return null;
    held.runner = runner;
    return held;
  }

  /** Looks whether the question is answered, and lets the call go on if it is; does not wait for what comes of it. Never rejects. */
  async look(held: HeldTask): Promise<void> {
    if (held.status === 'working' && held.approval !== null) await this.#lookAt(held.approval, [held]);
  }

  /** One question, for everybody who waits for its answer. */
  async #lookAt(approval: string, tasks: readonly HeldTask[]): Promise<void> {
    try {
      const row = await this.#parts.approvals.get(approval);
      for (const held of tasks) await this.#take(held, approval, row);
    } catch (error) {
      this.#parts.log.error({ err: error, approval }, 'a held call could not be looked after; it is looked at again');
    }
  }

  async #take(held: HeldTask, approval: string, row: ApprovalRow | null): Promise<void> {
    if (held.status !== 'working') return;
    if (row !== null && (row.state === 'pending' || !row.recorded))
      return this.#say(held, waitingText(row, approval, this.#parts.clock));
    // Used by another call than those of this desk.
    const used = (row === null || row.state === 'consumed') && !this.#runs.has(approval);
    return used ? this.#endUnseen(held, row) : this.#goOn(held, approval);
  }

  /** Ends it as its client wishes. `false`: it was over. The question ends with it where nobody else waits for its answer. */
  async cancel(held: HeldTask): Promise<boolean> {
    if (held.status !== 'working') return false;
    this.#end(held, 'cancelled', 'The task was cancelled by request.');
    const { approval } = held;
    const alone = approval === null || this.#waitersOf(approval) === 0;
    if (alone) held.cancel.abort();
    if (approval !== null && alone && !this.#runs.has(approval))
      await this.#parts.approvals.withdraw(approval, `agent:${held.owner.agent}`, 'cancelled by the agent that asked');
    return true;
  }

  /** What a call that was not held for people came to. */
  finish(held: HeldTask, response: RpcResponse): void {
    if (held.status !== 'working') return;
    this.#shelf.keep(held, response);
    held.alias = taskOf(response);
    this.#end(held, endOf(response, held.era), wordsOf(response));
  }

  /** Resolves when the task is over, its time is, or the signal says so. */
  async settled(held: HeldTask, signal: AbortSignal): Promise<void> {
    while (held.status === 'working' && !signal.aborted && !this.#resting) {
      const leftMs = held.keepUntilMs + KEPT_AFTER_MS - this.#parts.clock.nowMs();
      if (leftMs <= 0) return;
      await new Promise<void>((resolve) => {
        const done = (): void => {
          clearTimeout(timer);
          signal.removeEventListener('abort', done);
          held.waiting.delete(done);
          resolve();
        };
        const timer = setTimeout(done, Math.min(leftMs, RETRY_MS));
        timer.unref();
        held.waiting.add(done);
        signal.addEventListener('abort', done, { once: true });
      });
      if (held.status === 'working') await this.look(held);
    }
  }

  view(held: HeldTask): TaskView {
    const { id, status, statusMessage, createdAtMs, updatedAtMs, keepUntilMs } = held;
    const response = held.response ?? this.#forgotten(held);
    return { id, status, statusMessage, createdAtMs, updatedAtMs, ttlMs: keepUntilMs - createdAtMs, response };
  }

  /** This caller's tasks at that server, oldest first. */
  listFor(caller: Caller, server: string): readonly HeldTask[] {
    const owner = ownerOf(caller, server);
    return this.#shelf.all().filter((held) => isSameOwner(held.owner, owner));
  }

  sweep(): void {
    this.#shelf.sweep(this.#parts.clock.nowMs());
    const kept = new Set(this.#shelf.all().map(({ approval }) => approval));
    for (const approval of this.#runs.keys()) if (!kept.has(approval)) this.#runs.delete(approval);
  }

  get busy(): number {
    return this.#going;
  }

  /** Lets nothing more go on: what is answered from now on goes on for who asks the next process. */
  rest(): void {
    this.#resting = true;
    this.#unsubscribe();
    for (const held of this.#shelf.all()) for (const wake of [...held.waiting]) wake();
  }

  /** Aborts what still goes on. */
  close(): void {
    this.rest();
    for (const held of this.#shelf.all()) held.cancel.abort();
  }

  async #lookAtAll(): Promise<void> {
    const waiting = new Map<string, HeldTask[]>();
    for (const held of this.#shelf.all()) {
      if (held.status !== 'working' || held.approval === null) continue;
      const others = waiting.get(held.approval);
      if (others === undefined) waiting.set(held.approval, [held]);
      else others.push(held);
    }
    const questions = [...waiting];
    for (let i = 0; i < questions.length; i += PARALLEL_LOOKS)
      await Promise.all(questions.slice(i, i + PARALLEL_LOOKS).map(([id, tasks]) => this.#lookAt(id, tasks)));
  }

  /** Lets the call go on through whoever can carry it out, once for all who joined its question. */
  #goOn(held: HeldTask, approval: string): void {
    if (held.going) return;
    const running = this.#runs.get(approval) ?? this.#start(held, approval);
    if (running === null) return;
    held.going = true;
    this.#say(held, 'The question is answered. The call is being carried out.');
    void running.then((ran) => this.#took(held, approval, ran));
  }

  #took(held: HeldTask, approval: string, ran: Ran): void {
    held.going = false;
    if (ran.kind === 'not-yet') this.#runs.delete(approval);
    if (held.status !== 'working') return;
    const nowMs = this.#parts.clock.nowMs();
    if (ran.kind === 'done') {
      held.keepUntilMs = Math.max(held.keepUntilMs, nowMs + KEPT_AFTER_MS);
      return this.finish(held, ran.response);
    }
    held.nextTryMs = nowMs + RETRY_MS;
    this.#say(held, ran.why);
  }

  #start(held: HeldTask, approval: string): Promise<Ran> | null {
    const { runner, message } = held;
    if (message === null) {
      this.#say(held, 'The question is answered. Make exactly the same call again: it goes on with the answer.');
      return null;
    }
    if (this.#resting || held.nextTryMs > this.#parts.clock.nowMs()) return null;
    const whyNot = runner === null || runner.closed() ? 'the client is not connected' : runner.whyNot();
    if (runner === null || whyNot !== null) {
      this.#say(held, `The question is answered. The call goes on when its agent asks about it: ${whyNot}.`);
      return null;
    }
    this.#going++;
    const running = runner.resume(message, { approval, signal: held.cancel.signal }).finally(() => this.#going--);
    this.#runs.set(approval, running);
    return running;
  }

  /** Used up by a call whose result is not here. */
  async #endUnseen(held: HeldTask, row: ApprovalRow | null): Promise<void> {
    const used = row?.consumedBy ?? null;
    const outcome = used === null ? null : await this.#parts.outcomeOf(used);
    if (held.status !== 'working' || this.#runs.has(held.approval ?? '')) return;
    if (outcome === 'under-way') return this.#say(held, 'An identical call is being carried out with this approval.');
    const fresh = used !== null && used.atMs + KEPT_AFTER_MS > this.#parts.clock.nowMs();
    // Its result is there for whoever asks there: nothing is final here yet.
    if (outcome === 'elsewhere' && fresh)
      return this.#say(held, 'The call went on at another gateway of this installation, which has its result.');
    this.finish(held, unseen(outcome === 'elsewhere' ? null : outcome, used?.call ?? null));
  }

  /** A task another process gave, or this one before a restart: as much of it as its question says. */
  async #restore(id: string, owner: Owner, by: { runner: Runner; era: Era }): Promise<HeldTask | null> {
    const approval = approvalOfTask(id);
    const row = approval === null ? null : await this.#parts.approvals.get(approval);
    if (row === null || row.kind !== 'call') return null;
    const shown = JSON.parse(row.request) as ShownRequest;
    const { agent, subject, task, chain } = row;
    if (!isSameOwner(owner, { agent, subject, task, chain, server: shown.server })) return null;
    const message = rebuilt(row, shown, by);
    const held: HeldTask = {
      ...{ id, owner, era: by.era, message, approval: row.id, createdAtMs: row.requestedAtMs },
      ...{ updatedAtMs: row.answeredAtMs ?? row.requestedAtMs, status: 'working', statusMessage: '', response: null },
      ...{
        keepUntilMs: Math.max(row.expiresAtMs, this.#parts.clock.nowMs() + KEPT_AFTER_MS),
        alias: null,
        nextTryMs: 0,
        going: false,
      },
      ...{ runner: by.runner, cancel: new AbortController(), waiting: new Set() },
    };
    // Two requests at once restore one task.
    const first = this.#shelf.get(id);
    if (first !== null) return first;
    this.#shelf.add(held, this.#parts.clock.nowMs());
    return held;
  }

  #waitersOf(approval: string): number {
    const tasks = this.#shelf.ofApproval(approval).filter(({ status }) => status === 'working').length;
    return tasks + this.#parts.holding.of(approval);
  }

  #say(held: HeldTask, statusMessage: string): void {
    if (held.status === 'working') held.statusMessage = statusMessage;
  }

  #end(held: HeldTask, status: Exclude<HeldTask['status'], 'working'>, statusMessage: string): void {
    held.status = status;
    held.statusMessage = statusMessage;
    held.updatedAtMs = this.#parts.clock.nowMs();
    for (const wake of [...held.waiting]) wake();
  }

  #forgotten(held: HeldTask): RpcResponse | null {
    if (held.status === 'working') return null;
    if (held.status === 'cancelled') return failure(null, { code: -32603, message: held.statusMessage });
    return unseen(held.status === 'completed' ? 'ok' : 'failed', null);
  }
}

/** The call as it was asked about; the digest says whether it is that. */
function rebuilt(row: ApprovalRow, shown: ShownRequest, by: { runner: Runner; era: Era }): RpcRequest | null {
  const kept = JSON.parse(row.context) as { method?: unknown; params?: unknown };
  if (typeof kept.method !== 'string' || !isObject(kept.params)) return null;
  const params = { ...kept.params, arguments: shown.arguments, ...by.runner.meta() };
  const bare = { ...kept.params };
  const candidates = [params, ...(Object.keys(shown.arguments).length === 0 ? [{ ...bare, ...by.runner.meta() }] : [])];
  for (const candidate of candidates) {
    const message: RpcRequest = { jsonrpc: '2.0', id: row.id, method: kept.method, params: candidate as JsonObject };
    if (by.runner.digestOf(message) === row.digest) return message;
  }
  return null;
}

/** The task a server made of a call in its turn (both forms). */
function taskOf(response: RpcResponse): string | null {
  if (!('result' in response)) return null;
  const { task, resultType, taskId } = response.result;
  if (isObject(task) && typeof task.taskId === 'string') return task.taskId;
  return resultType === 'task' && typeof taskId === 'string' ? taskId : null;
}

/** What is known of a call whose result is not. Never run again: it happened, or nobody knows. */
function unseen(outcome: Exclude<KnownOutcome, 'under-way' | 'elsewhere'>, call: string | null): RpcResponse {
  const which = call === null ? '' : ` (call ${call})`;
  const said = {
    ok: `This action was approved and carried out${which}. Its result is not kept here any more: look at what it changed before you do anything like it again.`,
    failed: `This action was approved and tried${which}, and it failed. What the server said is not kept here any more.`,
    unknown: `This action was approved and sent${which}; whether it was carried out is not known. Check before you repeat it.`,
  };
  const text = outcome === null ? said.unknown : said[outcome];
  return success('', {
    resultType: 'complete',
    content: [{ type: 'text', text }],
    isError: true,
    _meta: { 'interlock/outcome': { outcome: outcome ?? 'unknown', call } },
  });
}

/** What a person at a client reads of how it ended. */
function wordsOf(response: RpcResponse): string {
  if ('error' in response) return response.error.message;
  if (response.result.isError !== true) return 'The call was carried out.';
  const content = Array.isArray(response.result.content) ? response.result.content : [];
  const [first] = content as readonly unknown[];
  return isObject(first) && typeof first.text === 'string' ? first.text.slice(0, 1_000) : 'The tool reports an error.';
}
