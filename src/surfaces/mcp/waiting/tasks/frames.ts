import { isObject, type JsonObject } from '../../../../model/json.ts';
import { failure, type RequestId, type RpcResponse, success } from '../../../../model/jsonrpc.ts';
import { META_CLIENT_CAPABILITIES, metaOf } from '../../../../model/mcp.ts';
import type { Era } from '../../../../ports/upstream.ts';
import { iso } from '../words.ts';

/** Extension of 2026-07-28 (SEP-2663), as both sides declare it. */
export const TASKS_EXTENSION = 'io.modelcontextprotocol/tasks';
/** 2025-11-25 tasks, "Related Task Metadata". */
export const RELATED_TASK = 'io.modelcontextprotocol/related-task';
/** 2025-11-25 tasks: what the model is told while the task goes on. */
const IMMEDIATE = 'io.modelcontextprotocol/model-immediate-response';
const MISSING_CAPABILITY = -32021;
const POLL_MS = 2_000;

export type TaskStatus = 'working' | 'completed' | 'failed' | 'cancelled';

/** A task as a client may see it. */
export interface TaskView {
  readonly id: string;
  readonly status: TaskStatus;
  readonly statusMessage: string;
  readonly createdAtMs: number;
  readonly updatedAtMs: number;
  readonly ttlMs: number;
  /** What the call came to; only of a task that is over. */
  readonly response: RpcResponse | null;
}

/** The answer to a call that became a task. It begins as `working` (2025-11-25 tasks, "Task Status Lifecycle"). */
export function createdFrame(id: RequestId, task: TaskView, era: Era): RpcResponse {
  const view: TaskView = { ...task, status: 'working', response: null };
  if (era === 'modern') return success(id, { resultType: 'task', ...modernTask(view) });
  return success(id, { task: legacyTask(view), _meta: { [IMMEDIATE]: task.statusMessage } });
}

/** Answer to `tasks/get`, and in sessions to `tasks/cancel`. */
export function taskFrame(id: RequestId, task: TaskView, era: Era): RpcResponse {
  return success(id, era === 'modern' ? { resultType: 'complete', ...detailed(task) } : legacyTask(task));
}

/** Answer to `tasks/result` (sessions): exactly what the call came to, and which task it belongs to. */
export function resultFrame(id: RequestId, task: TaskView, response: RpcResponse): RpcResponse {
  if (!('result' in response)) return failure(id, response.error);
  const _meta = { ...metaOf(response.result), [RELATED_TASK]: { taskId: task.id } };
  return success(id, { ...response.result, _meta });
}

/** Stateless revisions acknowledge with nothing more. */
export function acknowledged(id: RequestId): RpcResponse {
  return success(id, { resultType: 'complete' });
}

export function unknownTask(id: RequestId): RpcResponse {
  return failure(id, { code: -32602, message: 'Failed to retrieve task: Task not found' });
}

/** SEP-2663 "Protocol Errors": whoever does not declare the extension asks about no task. */
export function undeclared(id: RequestId): RpcResponse {
  const data = { requiredCapabilities: { extensions: { [TASKS_EXTENSION]: {} } } };
  return failure(id, { code: MISSING_CAPABILITY, message: 'Missing required client capability', data });
}

export function declaresTasks(params: JsonObject | undefined): boolean {
  const capabilities = metaOf(params)[META_CLIENT_CAPABILITIES];
  const extensions = isObject(capabilities) ? capabilities.extensions : undefined;
  return isObject(extensions) && isObject(extensions[TASKS_EXTENSION]);
}

export function legacyTask({ id, status, statusMessage, createdAtMs, updatedAtMs, ttlMs }: TaskView): JsonObject {
  return {
    ...{ taskId: id, status, statusMessage, createdAt: iso(createdAtMs), lastUpdatedAt: iso(updatedAtMs) },
    ...{ ttl: ttlMs, pollInterval: POLL_MS },
  };
}

function modernTask({ id, status, statusMessage, createdAtMs, updatedAtMs, ttlMs }: TaskView): JsonObject {
  return {
    ...{ taskId: id, status, statusMessage, createdAt: iso(createdAtMs), lastUpdatedAt: iso(updatedAtMs) },
    ...{ ttlMs, pollIntervalMs: POLL_MS },
  };
}

function detailed(task: TaskView): JsonObject {
  const { response } = task;
  if (response === null || (task.status !== 'completed' && task.status !== 'failed')) return modernTask(task);
  return { ...modernTask(task), ...('result' in response ? { result: response.result } : errorOf(response)) };
}

function errorOf(response: RpcResponse): JsonObject {
  return 'error' in response ? { error: response.error as unknown as JsonObject } : {};
}

/**
 * How a task ends whose call came to this. A tool's own failure is `failed` in sessions (2025-11-25 tasks, "Task Execution Errors") and
 * `completed` without (SEP-2663: `failed` is for errors of the protocol alone).
 */
export function endOf(response: RpcResponse, era: Era): 'completed' | 'failed' {
  if ('error' in response) return 'failed';
  return era === 'legacy' && response.result.isError === true ? 'failed' : 'completed';
}
