import { isObject, type Json, type JsonObject } from '../../../model/json.ts';
import type { RpcRequest, RpcResponse } from '../../../model/jsonrpc.ts';
import { MODERN_VERSIONS } from '../../../model/mcp.ts';
import type { Era } from '../../../ports/upstream.ts';
import { TASKS_EXTENSION } from './tasks/frames.ts';

/** Revision of the tasks of sessions. */
const SINCE = '2025-11-25';

/** What a client is told the gateway can do with tasks: they are the gateway's own, whatever the server does. */
export interface Offer {
  readonly method: string;
  readonly era: Era;
  readonly version: string;
  /** A policy in force asks people about something. Else nothing is offered, and what passes is the server's. */
  readonly asks: boolean;
  /** Whether people might be asked about a call of this tool. */
  readonly mightAsk: (tool: string) => boolean;
}

/** What one client was told: what it may rely on for the rest of its session. */
export class Offers {
  #version = '2025-06-18';
  /** The server's own answer to `initialize`. */
  #initialized: JsonObject = {};
  #tasks = false;

  /** The revision both sides speak. */
  versionOf(era: Era): string {
    return era === 'modern' ? (MODERN_VERSIONS[0] ?? '') : this.#version;
  }

  add(response: RpcResponse, offer: Omit<Offer, 'version'>): RpcResponse {
    const first = offer.method === 'initialize';
    if (first && 'result' in response) {
      this.#initialized = response.result;
      const { protocolVersion } = response.result;
      if (typeof protocolVersion === 'string') this.#version = protocolVersion;
    }
    const offered = withTasks(response, { ...offer, version: this.versionOf(offer.era) });
    if (first) this.#tasks = offered !== response;
    return offered;
  }

  /** The call without its wish to be a task, where that is the gateway's to fulfil. `null`: it has none, or the server's tool does. */
  taskOf(message: RpcRequest, definition: JsonObject | null): { message: RpcRequest; ttl: Json | undefined } | null {
    const { task, ...params } = (message.params ?? {}) as { task?: Json } & JsonObject;
    if (!isObject(task) || !this.#tasks) return null;
    if (definition !== null && keepsTasks(this.#initialized) && supportsTasks(definition)) return null;
    return { message: { ...message, params }, ttl: task.ttl };
  }
}

/** The server's answer to `initialize`, `server/discover` or `tools/list`, with what the gateway adds. */
function withTasks(response: RpcResponse, offer: Offer): RpcResponse {
  if (!('result' in response) || !offer.asks) return response;
  const result = withOffer(response.result, offer);
  // The same answer where there is nothing to offer: it passes as it came.
  return result === response.result ? response : { ...response, result };
}

function withOffer(result: JsonObject, { method, era, version, mightAsk }: Offer): JsonObject {
  switch (method) {
    case 'initialize':
      return version >= SINCE ? withCapability(result, legacyCapability) : result;
    case 'server/discover':
      return withCapability(result, modernCapability);
    case 'tools/list':
      return era === 'legacy' && version >= SINCE ? withSupport(result, mightAsk) : result;
    default:
      return result;
  }
}

/** Whether the server itself keeps tasks of tool calls (2025-11-25). */
function keepsTasks(initialized: JsonObject): boolean {
  const tools = path(initialized, ['capabilities', 'tasks', 'requests', 'tools']);
  return isObject(tools) && isObject(tools.call);
}

/** Whether the accepted definition says so of that tool. */
function supportsTasks(definition: JsonObject): boolean {
  const support = path(definition, ['execution', 'taskSupport']);
  return support === 'optional' || support === 'required';
}

function withCapability(result: JsonObject, add: (capabilities: JsonObject) => JsonObject): JsonObject {
  const { capabilities } = result;
  return isObject(capabilities) && isObject(capabilities.tools)
    ? { ...result, capabilities: { ...capabilities, ...add(capabilities) } }
    : result;
}

function legacyCapability({ tasks }: JsonObject): JsonObject {
  const own = isObject(tasks) ? tasks : {};
  const requests = isObject(own.requests) ? own.requests : {};
  return { tasks: { ...own, cancel: {}, requests: { ...requests, tools: { call: {} } } } };
}

function modernCapability({ extensions }: JsonObject): JsonObject {
  return { extensions: { ...(isObject(extensions) ? extensions : {}), [TASKS_EXTENSION]: {} } };
}

function withSupport(result: JsonObject, mightAsk: (tool: string) => boolean): JsonObject {
  if (!Array.isArray(result.tools)) return result;
  return { ...result, tools: (result.tools as readonly Json[]).map((tool) => offered(tool, mightAsk)) };
}

function offered(tool: Json, mightAsk: (tool: string) => boolean): Json {
  if (!isObject(tool) || typeof tool.name !== 'string' || supportsTasks(tool) || !mightAsk(tool.name)) return tool;
  const execution = isObject(tool.execution) ? tool.execution : {};
  return { ...tool, execution: { ...execution, taskSupport: 'optional' } };
}

function path(value: Json | undefined, steps: readonly string[]): Json | undefined {
  return steps.reduce<Json | undefined>((at, step) => (isObject(at) ? at[step] : undefined), value);
}
