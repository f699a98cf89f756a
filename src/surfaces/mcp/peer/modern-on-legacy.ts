import type { Permit } from '../../../audit/journal.ts';
import { isObject, type Json, type JsonObject } from '../../../model/json.ts';
import { failure, type RpcMessage, type RpcRequest, type RpcResponse, success } from '../../../model/jsonrpc.ts';
import {
  LATEST_LEGACY,
  META_LOG_LEVEL,
  META_SERVER_INFO,
  META_SUBSCRIPTION,
  MODERN_VERSIONS,
  metaOf,
} from '../../../model/mcp.ts';
import type { OnMessage, UpstreamLink, UpstreamReply } from '../../../ports/upstream.ts';
import type { Conversation, Exchange } from './conversation.ts';

const CACHEABLE: ReadonlySet<string> = new Set([
  'tools/list',
  'prompts/list',
  'resources/list',
  'resources/templates/list',
  'resources/read',
]);

/** Which notification a `subscriptions/listen` filter member lets through. */
const CHANGES: ReadonlyMap<string, string> = new Map([
  ['toolsListChanged', 'notifications/tools/list_changed'],
  ['promptsListChanged', 'notifications/prompts/list_changed'],
  ['resourcesListChanged', 'notifications/resources/list_changed'],
]);

/**
 * A stateless client (2026-07-28) in front of a server that wants a session (2025-11-25 and before): Interlock holds the session.
 * It declares no client capabilities, so the server has nothing to ask the client for.
 */
export class ModernOnLegacy implements Conversation {
  readonly link: UpstreamLink;
  readonly #hello: JsonObject;
  #nextId = 1;
  readonly #listeners = new Set<OnMessage>();
  readonly #listening = new Set<() => void>();

  private constructor(link: UpstreamLink, hello: JsonObject) {
    this.link = link;
    this.#hello = hello;
  }

  /** The handshake. One permit covers it: `initialize` and `notifications/initialized` are one action. */
  static async open(link: UpstreamLink, permit: Permit, signal: AbortSignal): Promise<ModernOnLegacy | RpcResponse> {
    permit.spend();
    const listeners: { to?: ModernOnLegacy } = {};
    link.onUnsolicited((message) => listeners.to?.heard(message));
    const params = {
      protocolVersion: LATEST_LEGACY,
      capabilities: {},
      clientInfo: { name: 'interlock', version: '0.1.0' },
    };
    const hello = await link.request(
      { jsonrpc: '2.0', id: 'interlock-initialize', method: 'initialize', params },
      { signal, onMessage: () => {}, timeoutMs: 30_000 },
    );
    if (!('result' in hello.response)) return hello.response;
    await link.post({ jsonrpc: '2.0', method: 'notifications/initialized' });
    const conversation = new ModernOnLegacy(link, hello.response.result);
    listeners.to = conversation;
    link.listen();
    return conversation;
  }

  async exchange(message: RpcRequest, exchange: Exchange): Promise<UpstreamReply> {
    exchange.permit.spend();
    if (message.method === 'server/discover') return ok(success(message.id, this.#discover()));
    if (message.method === 'subscriptions/listen') return this.#listen(message, exchange);
    const id = this.#nextId++;
    const meta = metaOf(message.params);
    const reply = await this.link.request(
      { ...message, id, params: legacyParams(message.params, id) },
      {
        signal: exchange.signal,
        timeoutMs: exchange.timeoutMs,
        ...(exchange.actionHeaders === undefined ? {} : { actionHeaders: exchange.actionHeaders }),
        onMessage: (frame) => this.#related(frame, { meta, onMessage: exchange.onMessage }),
      },
    );
    return ok(modernResponse(message, reply.response));
  }

  ended(): void {
    for (const over of [...this.#listening]) over();
  }

  async post(_message: unknown, permit: Permit | null): Promise<void> {
    // The core protocol has no client notifications over HTTP since 2026-07-28; closing the stream cancels.
    permit?.spend();
  }

  /** A frame from the server that belongs to no request. */
  heard(message: RpcMessage): void {
    if ('method' in message && 'id' in message) {
      void this.link
        .post(failure(message.id, { code: -32601, message: 'the client declared no such capability' }))
        .catch(() => {});
      return;
    }
    for (const listener of this.#listeners) listener(message);
  }

  #related(frame: RpcMessage, to: { meta: JsonObject; onMessage: OnMessage }): void {
    if (!('method' in frame) || 'id' in frame) return this.heard(frame);
    if (frame.method === 'notifications/progress' && to.meta.progressToken !== undefined) {
      return to.onMessage({ ...frame, params: { ...frame.params, progressToken: to.meta.progressToken } });
    }
    // Messages flow only to requests that asked for a level (2026-07-28 logging).
    if (frame.method === 'notifications/message' && to.meta[META_LOG_LEVEL] === undefined) return;
    if (frame.method !== 'notifications/progress') to.onMessage(frame);
  }

  #discover(): JsonObject {
    const { serverInfo, instructions } = this.#hello;
    const capabilities = isObject(this.#hello.capabilities) ? this.#hello.capabilities : {};
    const { tasks: _legacyTasks, ...kept } = capabilities as { tasks?: Json } & JsonObject;
    return {
      resultType: 'complete',
      supportedVersions: MODERN_VERSIONS,
      capabilities: kept,
      ...(instructions === undefined ? {} : { instructions }),
      ttlMs: 0,
      cacheScope: 'private',
      _meta: { [META_SERVER_INFO]: serverInfo ?? { name: 'unknown', version: '0' } },
    };
  }

  async #listen(message: RpcRequest, exchange: Exchange): Promise<UpstreamReply> {
    const wanted = isObject(message.params?.notifications) ? message.params.notifications : {};
    const uris = Array.isArray(wanted.resourceSubscriptions)
      ? wanted.resourceSubscriptions.filter((u) => typeof u === 'string')
      : [];
    const tag = (params: JsonObject | undefined) => ({
      ...params,
      _meta: { ...metaOf(params), [META_SUBSCRIPTION]: message.id },
    });
    const listener: OnMessage = (frame) => {
      if (!('method' in frame) || 'id' in frame) return;
      const changed = [...CHANGES].some(([member, method]) => method === frame.method && wanted[member] === true);
      const updated = frame.method === 'notifications/resources/updated' && uris.includes(String(frame.params?.uri));
      if (changed || updated) exchange.onMessage({ ...frame, params: tag(frame.params) });
    };
    for (const uri of uris) await this.#subscription('resources/subscribe', String(uri), exchange.signal);
    this.#listeners.add(listener);
    const notifications: Record<string, Json> = {};
    for (const member of CHANGES.keys()) if (wanted[member] === true) notifications[member] = true;
    if (uris.length > 0) notifications.resourceSubscriptions = uris as Json;
    exchange.onMessage({
      jsonrpc: '2.0',
      method: 'notifications/subscriptions/acknowledged',
      params: tag({ notifications }),
    });
    await new Promise<void>((resolve) => {
      const over = (): void => {
        this.#listening.delete(over);
        resolve();
      };
      this.#listening.add(over);
      if (exchange.signal.aborted || this.link.closed) return over();
      exchange.signal.addEventListener('abort', over, { once: true });
    });
    this.#listeners.delete(listener);
    return ok(success(message.id, { resultType: 'complete', _meta: { [META_SUBSCRIPTION]: message.id } }));
  }

  async #subscription(method: string, uri: string, signal: AbortSignal): Promise<void> {
    const id = this.#nextId++;
    await this.link.request(
      { jsonrpc: '2.0', id, method, params: { uri } },
      { signal, onMessage: () => {}, timeoutMs: 30_000 },
    );
  }
}

function ok(response: RpcResponse): UpstreamReply {
  return { response, httpStatus: null };
}

/** Drops the per-request metadata of the stateless revision; a progress token becomes ours, unique within the shared session. */
function legacyParams(params: JsonObject | undefined, id: number): JsonObject {
  const meta: Record<string, Json | undefined> = {};
  for (const [key, value] of Object.entries(metaOf(params))) {
    if (!key.startsWith('io.modelcontextprotocol/')) meta[key] = value;
  }
  if (meta.progressToken !== undefined) meta.progressToken = id;
  const { _meta: _modern, ...rest } = (params ?? {}) as { _meta?: Json } & JsonObject;
  return Object.keys(meta).length === 0 ? rest : { ...rest, _meta: meta };
}

function modernResponse(message: RpcRequest, response: RpcResponse): RpcResponse {
  if ('error' in response) {
    // Resource not found moved from -32002 to -32602 in 2026-07-28.
    const code = response.error.code === -32002 ? -32602 : response.error.code;
    return failure(message.id, { ...response.error, code });
  }
  const cache = CACHEABLE.has(message.method) ? { ttlMs: 0, cacheScope: 'private' } : {};
  return success(message.id, { ...cache, ...response.result, resultType: 'complete' });
}
