import type { Gateway } from '../../../../gateway/gateway.ts';
import type { SessionState } from '../../../../gateway/session-facts.ts';
import { isHalted } from '../../../../gateway/steps/enter.ts';
import type { Caller } from '../../../../model/caller.ts';
import { Fault } from '../../../../model/fault.ts';
import { isObject, type Json, type JsonObject } from '../../../../model/json.ts';
import { failure, type RpcRequest, type RpcResponse } from '../../../../model/jsonrpc.ts';
import type { Era, UpstreamReply } from '../../../../ports/upstream.ts';
import type { TaskDesk } from './desk.ts';
import {
  acknowledged,
  createdFrame,
  declaresTasks,
  legacyTask,
  RELATED_TASK,
  resultFrame,
  taskFrame,
  undeclared,
  unknownTask,
} from './frames.ts';
import type { Runner } from './runner.ts';
import { type HeldTask, isOwnTask } from './shelf.ts';

/** How long the result of a call is kept that a client asked to be a task, whatever it wishes. */
const MIN_TTL_MS = 60_000;
const MAX_TTL_MS = 3_600_000;

/** One request about tasks, and how whoever makes it can carry them out. */
export interface Asking {
  readonly server: string;
  readonly era: Era;
  readonly session: SessionState;
  readonly runner: Runner;
  /** Aborted when nobody waits for the answer any more. */
  readonly signal: AbortSignal;
  /** Asks the server about a task of its own. */
  readonly forward: (message: RpcRequest) => Promise<UpstreamReply>;
}

const METHODS: ReadonlyMap<string, Era | 'both'> = new Map([
  ['tasks/get', 'both'],
  ['tasks/cancel', 'both'],
  ['tasks/result', 'legacy'],
  ['tasks/update', 'modern'],
]);

/** A server is asked to tell of its own tasks alone (SEP-2663, "Task Status Notifications"): of the gateway's, clients ask. */
export function withoutOwnTaskIds(message: RpcRequest): RpcRequest {
  const wanted = message.method === 'subscriptions/listen' ? message.params?.notifications : undefined;
  if (!isObject(wanted) || !Array.isArray(wanted.taskIds)) return message;
  const taskIds = (wanted.taskIds as Json[]).filter((id) => !isOwnTask(id));
  return { ...message, params: { ...message.params, notifications: { ...wanted, taskIds } } };
}

/** Requests about the gateway's own tasks. They are answered here: no server ever heard of them. */
export function isAboutOwnTask(message: RpcRequest, era: Era): boolean {
  const spoken = METHODS.get(message.method);
  return (spoken === 'both' || spoken === era) && isOwnTask(message.params?.taskId);
}

export async function answerTask(
  { desk, gateway }: { desk: TaskDesk; gateway: Gateway },
  message: RpcRequest,
  asking: Asking,
): Promise<UpstreamReply> {
  const { era, runner, server } = asking;
  if (era === 'modern' && !declaresTasks(message.params)) return local(undeclared(message.id));
  checkAuthority(gateway, runner.caller, asking.session);
  const held = await desk.find(String(message.params?.taskId), runner, { server, era });
  if (held === null) return local(unknownTask(message.id));
  await desk.look(held);
  if (message.method === 'tasks/result') {
    await desk.settled(held, asking.signal);
    // The wait was long enough to be stopped in.
    checkAuthority(gateway, runner.caller, asking.session);
  }
  return held.alias === null ? local(await answerOwn(desk, message, held)) : askServer(message, held, asking);
}

/** What was let through is still an agent's to know only while it may act. */
function checkAuthority(gateway: Gateway, caller: Caller, session: SessionState): void {
  if (gateway.entitled(caller) !== null || isHalted(gateway, { caller, session }))
    throw new Fault('forbidden', "An operator has stopped this agent's actions, or its authority has ended");
}

async function answerOwn(desk: TaskDesk, message: RpcRequest, held: HeldTask): Promise<RpcResponse> {
  const { id } = message;
  const { era } = held;
  switch (message.method) {
    case 'tasks/cancel': {
      if (await desk.cancel(held)) return era === 'modern' ? acknowledged(id) : taskFrame(id, desk.view(held), era);
      if (era === 'modern') return acknowledged(id);
      return failure(id, { code: -32602, message: `Cannot cancel task: already in terminal status '${held.status}'` });
    }
    case 'tasks/update':
      // The gateway's tasks ask their client for nothing.
      return acknowledged(id);
    case 'tasks/result': {
      const task = desk.view(held);
      if (task.response !== null) return resultFrame(id, task, task.response);
      return failure(id, { code: -32603, message: `The task is not over: ${task.statusMessage}` });
    }
    default:
      return taskFrame(id, desk.view(held), era);
  }
}

/** The server made a task of the call: it knows how that one stands, and hears the id it gave itself. */
async function askServer(message: RpcRequest, held: HeldTask, asking: Asking): Promise<UpstreamReply> {
  const params = { ...message.params, taskId: held.alias } as JsonObject;
  const reply = await asking.forward({ ...message, params });
  return { ...reply, response: renamed(reply.response, held) };
}

function renamed(response: RpcResponse, { id, alias }: HeldTask): RpcResponse {
  if (!('result' in response)) return response;
  const { taskId, _meta } = response.result;
  const own = taskId === alias ? { taskId: id } : {};
  const meta =
    isObject(_meta) && isObject(_meta[RELATED_TASK]) ? { _meta: { ..._meta, [RELATED_TASK]: { taskId: id } } } : {};
  return { ...response, result: { ...response.result, ...own, ...meta } };
}

/** A call under way that its client asked to be a task. */
export interface Started {
  readonly message: RpcRequest;
  readonly server: string;
  readonly runner: Runner;
  readonly cancel: AbortController;
  /** The call, on the one path. */
  readonly walked: Promise<UpstreamReply>;
  /** Resolves when it is sent: from then on it may take long. */
  readonly sent: Promise<void>;
  readonly ttl: Json | undefined;
  readonly onError: (error: unknown) => void;
}

/**
 * Answers a call with a task (2025-11-25), at once when it is sent; what is refused before that was never accepted as one. A place is kept
 * for it since before it was sent.
 */
export async function startTask(desk: TaskDesk, started: Started): Promise<UpstreamReply> {
  const { message, server, runner, cancel, walked, sent } = started;
  const first = await Promise.race([walked, sent.then(() => null)]);
  if (first !== null && isTaskOrError(first)) return first;
  const task = {
    caller: runner.caller,
    server,
    era: 'legacy',
    message,
    approval: null,
    ttlMs: ttlOf(started.ttl),
    runner,
    cancel,
    promised: true,
  } as const;
  const held = desk.create(task, 'The call is under way.');
  const created = createdFrame(message.id, desk.view(held), 'legacy');
  walked.then(
    (reply) => desk.finish(held, reply.response),
    (error: unknown) => {
      started.onError(error);
      const text = error instanceof Fault ? error.message : 'Internal error';
      desk.finish(held, failure(message.id, { code: -32603, message: text }));
    },
  );
  return local(created);
}

/** The gateway's own tasks before those of the server (2025-11-25 tasks, "Task Listing"). */
export function withOwnTasks(
  desk: TaskDesk,
  response: RpcResponse,
  to: { caller: Caller; server: string },
): RpcResponse {
  if (!('result' in response) || !Array.isArray(response.result.tasks)) return response;
  const own = desk.listFor(to.caller, to.server).map((held) => legacyTask(desk.view(held)));
  return { ...response, result: { ...response.result, tasks: [...own, ...(response.result.tasks as Json[])] } };
}

function isTaskOrError({ response }: UpstreamReply): boolean {
  return !('result' in response) || isObject(response.result.task);
}

function ttlOf(wished: Json | undefined): number {
  const ttl = typeof wished === 'number' && Number.isFinite(wished) ? wished : MAX_TTL_MS;
  return Math.min(Math.max(ttl, MIN_TTL_MS), MAX_TTL_MS);
}

function local(response: RpcResponse): UpstreamReply {
  return { response, httpStatus: null };
}
