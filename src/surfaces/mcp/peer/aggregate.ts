import { isObject, type Json, type JsonObject } from '../../../model/json.ts';
import {
  failure,
  isRequestId,
  type RequestId,
  type RpcMessage,
  type RpcNotification,
  type RpcRequest,
  type RpcResponse,
  success,
} from '../../../model/jsonrpc.ts';
import {
  LATEST_LEGACY,
  LEGACY_VERSIONS,
  META_SERVER_INFO,
  META_SUBSCRIPTION,
  MODERN_VERSIONS,
  metaOf,
} from '../../../model/mcp.ts';
import type { OnMessage, UpstreamReply } from '../../../ports/upstream.ts';
import { unknownTarget } from '../answers.ts';
import { TASKS_EXTENSION } from '../waiting/tasks/frames.ts';
import type { Asker, Peer, RequestContext } from './client/context.ts';
import { joinUri, type Owned, qualify, qualifyItems, splitName, splitTask, splitUri } from './names.ts';

/** The member of a list result that holds its items. */
const LISTS: ReadonlyMap<string, string> = new Map([
  ['tools/list', 'tools'],
  ['prompts/list', 'prompts'],
  ['resources/list', 'resources'],
  ['resources/templates/list', 'resourceTemplates'],
  ['tasks/list', 'tasks'],
]);

/** Pages of one server put into one answer, and items over all servers. More is cut off, and said. */
const MAX_PAGES = 50;
const MAX_ITEMS = 5000;

const IDENTITY = { name: 'interlock', version: '0.1.0' };

export interface AggregateOptions {
  /** Servers this agent may be connected to, in order. */
  readonly servers: () => readonly string[];
  /** The peer of one server. Frames of its own accord arrive through `onFrame`, already renamed. */
  readonly peerOf: (server: string, unsolicited: OnMessage) => Peer;
  readonly unsolicited: OnMessage;
  readonly warn: (fields: object, message: string) => void;
}

/** Several servers behind one endpoint. Only names change; each request still walks the one path, for its own server. */
export class AggregatePeer implements Peer {
  readonly #options: AggregateOptions;
  readonly #peers = new Map<string, Peer>();
  readonly #live = new Set<string>();
  readonly #sentTo = new Map<string, string>();
  #closed = false;

  constructor(options: AggregateOptions) {
    this.#options = options;
  }

  async request(message: RpcRequest, context: RequestContext): Promise<UpstreamReply> {
    const list = LISTS.get(message.method);
    if (list !== undefined) return this.#list(message, { list, context });
    switch (message.method) {
      case 'initialize':
        return this.#initialize(message, context);
      case 'server/discover':
        return this.#discover(message, context);
      case 'ping':
        return local(success(message.id, {}));
      case 'logging/setLevel':
        await Promise.all(this.#each((server, peer) => peer.request(message, this.#contextOf(server, context))));
        return local(success(message.id, {}));
      case 'subscriptions/listen':
        return this.#listen(message, context);
      default:
        return this.#one(message, context);
    }
  }

  async notify(message: RpcNotification, asker: Asker): Promise<void> {
    if (message.method === 'notifications/cancelled') {
      const server = this.#sentTo.get(JSON.stringify(message.params?.requestId));
      if (server !== undefined) await this.#peer(server).notify(message, asker);
      return;
    }
    if (message.method === 'notifications/progress') {
      const owned = splitTask(String(message.params?.progressToken));
      if (owned === null || !this.#live.has(owned.server)) return;
      const progressToken = idOf(owned.rest);
      if (progressToken === null) return;
      await this.#peer(owned.server).notify({ ...message, params: { ...message.params, progressToken } }, asker);
      return;
    }
    const told = this.#each((_server, peer) => peer.notify(message, asker));
    for (const result of await Promise.allSettled(told)) {
      if (result.status === 'rejected')
        this.#options.warn({ err: result.reason }, 'a server did not take a notification');
    }
  }

  answer(message: RpcResponse): boolean {
    const owned = typeof message.id === 'string' ? splitTask(message.id) : null;
    if (owned === null || !this.#peers.has(owned.server)) return false;
    const id = idOf(owned.rest);
    if (id === null) return false;
    return this.#peer(owned.server).answer({ ...message, id });
  }

  async close(why: string): Promise<void> {
    this.#closed = true;
    await Promise.all([...this.#peers.values()].map((peer) => peer.close(why)));
  }

  #peer(server: string): Peer {
    let peer = this.#peers.get(server);
    if (peer === undefined) {
      peer = this.#options.peerOf(server, (frame) => this.#options.unsolicited(renameFrame(server, frame)));
      this.#peers.set(server, peer);
      // A request that was under way when the client's end came: what it asks for is not opened any more.
      if (this.#closed) void peer.close('the conversation has ended');
    }
    return peer;
  }

  #each<T>(act: (server: string, peer: Peer) => Promise<T>): Promise<T>[] {
    return [...this.#live].map((server) => act(server, this.#peer(server)));
  }

  #contextOf(server: string, context: RequestContext): RequestContext {
    return { ...context, deliver: (frame) => context.deliver(renameFrame(server, frame)) };
  }

  async #initialize(message: RpcRequest, context: RequestContext): Promise<UpstreamReply> {
    const answers = await this.#greet(message, context);
    const wanted = message.params?.protocolVersion;
    return local(
      success(message.id, {
        protocolVersion: typeof wanted === 'string' && LEGACY_VERSIONS.includes(wanted) ? wanted : LATEST_LEGACY,
        capabilities: mergedCapabilities(answers),
        serverInfo: IDENTITY,
        ...instructionsOf(answers),
      }),
    );
  }

  async #discover(message: RpcRequest, context: RequestContext): Promise<UpstreamReply> {
    const answers = await this.#greet(message, context);
    return local(
      success(message.id, {
        resultType: 'complete',
        supportedVersions: MODERN_VERSIONS,
        capabilities: mergedCapabilities(answers),
        ...instructionsOf(answers),
        ttlMs: 0,
        cacheScope: 'private',
        _meta: { [META_SERVER_INFO]: IDENTITY },
      }),
    );
  }

  /** Greets every server at once. One that is down or refuses is left out, and the others go on. */
  async #greet(message: RpcRequest, context: RequestContext): Promise<ReadonlyMap<string, JsonObject>> {
    const answers = new Map<string, JsonObject>();
    await Promise.all(
      this.#options.servers().map(async (server) => {
        const reply = await this.#peer(server)
          .request(message, this.#contextOf(server, context))
          .catch((error: unknown) => error as Error);
        if ('response' in reply && 'result' in reply.response) {
          this.#live.add(server);
          answers.set(server, reply.response.result);
        } else this.#options.warn({ server, err: reply }, 'a server was left out of the aggregate');
      }),
    );
    return answers;
  }

  async #list(
    message: RpcRequest,
    { list, context }: { list: string; context: RequestContext },
  ): Promise<UpstreamReply> {
    // In the order of the configuration, not in that of who answered first; one that a reload took away is left out.
    const servers = this.#options.servers().filter((server) => context.era === 'modern' || this.#live.has(server));
    const pages = await Promise.all(servers.map((server) => this.#pages(message, { server, list, context })));
    const items = pages.flat();
    if (items.length > MAX_ITEMS)
      this.#options.warn({ items: items.length }, `more than ${MAX_ITEMS} items: the rest is cut off`);
    const modern = context.era === 'modern' ? { resultType: 'complete', ttlMs: 0, cacheScope: 'private' } : {};
    return local(success(message.id, { ...modern, [list]: items.slice(0, MAX_ITEMS) }));
  }

  async #pages(
    message: RpcRequest,
    step: { server: string; list: string; context: RequestContext },
  ): Promise<JsonObject[]> {
    const { server, list, context } = step;
    const items: JsonObject[] = [];
    let cursor: Json | undefined;
    for (let page = 0; page < MAX_PAGES; page++) {
      const { cursor: _own, ...params } = (message.params ?? {}) as { cursor?: Json } & JsonObject;
      const request = { ...message, params: cursor === undefined ? params : { ...params, cursor } };
      const { response } = await this.#peer(server).request(request, this.#contextOf(server, context));
      if (!('result' in response)) break;
      const found = response.result[list];
      // One by one: a list of a million entries is too much for one call's arguments.
      if (Array.isArray(found))
        for (const item of qualifyItems(server, list, found as readonly Json[])) items.push(item);
      if (items.length > MAX_ITEMS) break;
      cursor = response.result.nextCursor;
      if (typeof cursor !== 'string') break;
    }
    return items;
  }

  /** A request that names what it is on, and so its server. */
  async #one(message: RpcRequest, context: RequestContext): Promise<UpstreamReply> {
    const found = route(message);
    if (found === 'unmapped')
      return { response: failure(message.id, { code: -32601, message: 'Method not found' }), httpStatus: 404 };
    if (found === null || !this.#options.servers().includes(found.server)) return local(unroutable(message));
    const key = JSON.stringify(message.id);
    this.#sentTo.set(key, found.server);
    try {
      const reply = await this.#peer(found.server).request(found.message, this.#contextOf(found.server, context));
      return { ...reply, response: renameResponse(found, message, reply.response) };
    } finally {
      this.#sentTo.delete(key);
    }
  }

  async #listen(message: RpcRequest, context: RequestContext): Promise<UpstreamReply> {
    const wanted = isObject(message.params?.notifications) ? message.params.notifications : {};
    const { resourceSubscriptions, ...changes } = wanted as { resourceSubscriptions?: Json } & JsonObject;
    const uris = Array.isArray(resourceSubscriptions) ? resourceSubscriptions.map((uri) => splitUri(String(uri))) : [];
    const _meta = { [META_SUBSCRIPTION]: message.id };
    context.deliver({
      jsonrpc: '2.0',
      method: 'notifications/subscriptions/acknowledged',
      params: { notifications: wanted, _meta },
    });
    const relay: OnMessage = (frame) => {
      if ('method' in frame && frame.method !== 'notifications/subscriptions/acknowledged') context.deliver(frame);
    };
    await Promise.all(
      this.#options.servers().map((server) => {
        const own = uris.filter((uri): uri is Owned => uri?.server === server).map((uri) => uri.rest);
        const notifications = own.length > 0 ? { ...changes, resourceSubscriptions: own } : changes;
        const params = { ...message.params, notifications };
        return this.#peer(server).request(
          { ...message, params },
          this.#contextOf(server, { ...context, deliver: relay }),
        );
      }),
    );
    return local(success(message.id, { resultType: 'complete', _meta }));
  }
}

/** An id or token as `renameFrame` wrote it; null for anything a client made up. */
function idOf(text: string): RequestId | null {
  try {
    const value = JSON.parse(text) as Json;
    return isRequestId(value) ? value : null;
  } catch {
    return null;
  }
}

interface Routed extends Owned {
  readonly message: RpcRequest;
}

/** Which server a request is for, and how that server knows the thing. Null: it names nothing that could exist. */
function route(message: RpcRequest): Routed | null | 'unmapped' {
  const params = message.params ?? {};
  const renamed = (owned: Owned | null, change: (rest: string) => JsonObject): Routed | null =>
    owned === null ? null : { ...owned, message: { ...message, params: { ...params, ...change(owned.rest) } } };
  switch (message.method) {
    case 'tools/call':
    case 'prompts/get':
      return renamed(splitName(textOf(params.name)), (name) => ({ name }));
    case 'resources/read':
    case 'resources/subscribe':
    case 'resources/unsubscribe':
      return renamed(splitUri(textOf(params.uri)), (uri) => ({ uri }));
    case 'tasks/get':
    case 'tasks/cancel':
    case 'tasks/result':
    case 'tasks/update':
      return renamed(splitTask(textOf(params.taskId)), (taskId) => ({ taskId }));
    case 'completion/complete': {
      const ref = isObject(params.ref) ? params.ref : {};
      if (ref.type === 'ref/prompt') return renamed(splitName(textOf(ref.name)), (name) => ({ ref: { ...ref, name } }));
      return renamed(splitUri(textOf(ref.uri)), (uri) => ({ ref: { ...ref, uri } }));
    }
    default:
      return 'unmapped';
  }
}

/** Only a text names anything: a list of one would become that text, and say something else in the headers. */
function textOf(value: Json | undefined): string {
  return typeof value === 'string' ? value : '';
}

function unroutable(message: RpcRequest): RpcResponse {
  const params = message.params ?? {};
  if (message.method === 'tools/call') return unknownTarget(message.id, { kind: 'tool', name: String(params.name) });
  if (message.method === 'prompts/get') return unknownTarget(message.id, { kind: 'prompt', name: String(params.name) });
  if (message.method.startsWith('resources/'))
    return unknownTarget(message.id, { kind: 'resource', uri: String(params.uri) });
  return failure(message.id, { code: -32602, message: 'Unknown target' });
}

function renameResponse(routed: Routed, message: RpcRequest, response: RpcResponse): RpcResponse {
  const asked = message.params?.name;
  if (!('result' in response)) {
    // The protocol's own error names the tool the way this client does.
    const text =
      typeof asked === 'string' ? response.error.message.replaceAll(routed.rest, asked) : response.error.message;
    return { ...response, error: { ...response.error, message: text } };
  }
  return { ...response, result: qualify(routed.server, response.result) as JsonObject };
}

/** Ids and progress tokens of different servers overlap; the server goes in front of both. */
function renameFrame(server: string, frame: RpcMessage): RpcMessage {
  if (!('method' in frame)) return frame;
  const params = frame.params === undefined ? {} : { params: renameParams(server, frame) };
  return 'id' in frame ? { ...frame, id: `${server}:${JSON.stringify(frame.id)}`, ...params } : { ...frame, ...params };
}

function renameParams(server: string, frame: RpcRequest | RpcNotification): JsonObject {
  const params = frame.params ?? {};
  if (!('id' in frame)) {
    if (frame.method === 'notifications/resources/updated')
      return { ...params, uri: joinUri(server, String(params.uri)) };
    return frame.method === 'notifications/tasks/status' ? (qualify(server, params) as JsonObject) : params;
  }
  const meta = metaOf(params);
  if (meta.progressToken === undefined) return params;
  return { ...params, _meta: { ...meta, progressToken: `${server}:${JSON.stringify(meta.progressToken)}` } };
}

function mergedCapabilities(answers: ReadonlyMap<string, JsonObject>): JsonObject {
  const merged: Record<string, Json> = {};
  for (const answer of answers.values()) {
    if (!isObject(answer.capabilities)) continue;
    for (const [name, value] of Object.entries(answer.capabilities)) {
      if (name === 'experimental' || name === 'extensions' || !isObject(value)) continue;
      merged[name] = { ...(merged[name] as JsonObject | undefined), ...value };
    }
    // The one extension whose names this endpoint knows how to tell apart.
    const { extensions } = answer.capabilities;
    const tasks = isObject(extensions) ? extensions[TASKS_EXTENSION] : undefined;
    if (tasks !== undefined) merged.extensions = { [TASKS_EXTENSION]: tasks };
  }
  return merged;
}

function instructionsOf(answers: ReadonlyMap<string, JsonObject>): JsonObject {
  const parts = [...answers]
    .filter(([, a]) => typeof a.instructions === 'string')
    .map(([server, a]) => `## ${server}\n${a.instructions}`);
  return parts.length === 0 ? {} : { instructions: parts.join('\n\n') };
}

function local(response: RpcResponse): UpstreamReply {
  return { response, httpStatus: null };
}
