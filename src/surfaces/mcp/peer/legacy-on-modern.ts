import type { Permit } from '../../../audit/journal.ts';
import { Fault } from '../../../model/fault.ts';
import { isObject, type Json, type JsonObject } from '../../../model/json.ts';
import { failure, type RpcNotification, type RpcRequest, type RpcResponse, success } from '../../../model/jsonrpc.ts';
import {
  encodeHeaderValue,
  LATEST_LEGACY,
  LEGACY_VERSIONS,
  META_CLIENT_CAPABILITIES,
  META_CLIENT_INFO,
  META_LOG_LEVEL,
  META_SERVER_INFO,
  META_VERSION,
  MODERN_VERSIONS,
  metaOf,
  mirroredName,
} from '../../../model/mcp.ts';
import type { UpstreamLink, UpstreamReply } from '../../../ports/upstream.ts';
import type { Conversation, Exchange } from './conversation.ts';

/** A server that keeps asking for input is cut off after this many rounds. */
const MAX_ROUNDS = 16;

/**
 * A client with a session (2025-11-25 and before) in front of a stateless server (2026-07-28): Interlock keeps what the session
 * agreed on and says it with every request; input the server asks for inside results becomes requests to the client.
 */
export class LegacyOnModern implements Conversation {
  readonly link: UpstreamLink;
  #clientInfo: Json = { name: 'interlock', version: '0.1.0' };
  #capabilities: Json = {};
  #logLevel: Json | undefined;
  #nextAsk = 1;
  readonly #asked = new Map<string, (response: RpcResponse) => void>();
  readonly #inFlight = new Map<Json, AbortController>();

  constructor(link: UpstreamLink) {
    this.link = link;
  }

  async exchange(message: RpcRequest, exchange: Exchange): Promise<UpstreamReply> {
    exchange.permit.spend();
    switch (message.method) {
      case 'initialize':
        return this.#initialize(message, exchange);
      case 'ping':
        return local(success(message.id, {}));
      case 'logging/setLevel':
        this.#logLevel = message.params?.level;
        return local(success(message.id, {}));
      case 'resources/subscribe':
      case 'resources/unsubscribe':
        return local(
          failure(message.id, {
            code: -32601,
            message: 'this server offers subscriptions only to clients of revision 2026-07-28',
          }),
        );
      default:
        return this.#rounds(message, exchange);
    }
  }

  async post(message: RpcNotification | RpcResponse, permit: Permit | null): Promise<void> {
    permit?.spend();
    if ('method' in message) {
      if (message.method === 'notifications/cancelled') this.#inFlight.get(message.params?.requestId ?? null)?.abort();
      return;
    }
    const id = String(message.id);
    this.#asked.get(id)?.(message);
    this.#asked.delete(id);
  }

  async #initialize(message: RpcRequest, exchange: Exchange): Promise<UpstreamReply> {
    this.#clientInfo = message.params?.clientInfo ?? this.#clientInfo;
    this.#capabilities = message.params?.capabilities ?? {};
    const reply = await this.#send({ jsonrpc: '2.0', id: message.id, method: 'server/discover' }, exchange);
    if (!('result' in reply.response)) return reply;
    const found = reply.response.result;
    const wanted = message.params?.protocolVersion;
    const capabilities = isObject(found.capabilities) ? found.capabilities : {};
    return local(
      success(message.id, {
        protocolVersion: typeof wanted === 'string' && LEGACY_VERSIONS.includes(wanted) ? wanted : LATEST_LEGACY,
        capabilities: withoutSubscriptions(capabilities),
        serverInfo: metaOf(found)[META_SERVER_INFO] ?? { name: this.link.server, version: '0' },
        ...(found.instructions === undefined ? {} : { instructions: found.instructions }),
      }),
    );
  }

  /** Multi round-trip requests (2026-07-28, patterns/mrtr): asks the client, then retries with its answers. */
  async #rounds(message: RpcRequest, exchange: Exchange): Promise<UpstreamReply> {
    const cancel = new AbortController();
    this.#inFlight.set(message.id, cancel);
    const bounded = { ...exchange, signal: AbortSignal.any([exchange.signal, cancel.signal]) };
    try {
      let params: JsonObject = message.params ?? {};
      for (let round = 0; round < MAX_ROUNDS; round++) {
        const reply = await this.#send({ ...message, params }, bounded);
        if (!('result' in reply.response) || reply.response.result.resultType !== 'input_required')
          return legacyReply(reply);
        const { inputRequests, requestState } = reply.response.result;
        const inputResponses = await this.#askAll(isObject(inputRequests) ? inputRequests : {}, bounded);
        params = { ...message.params, inputResponses, ...(requestState === undefined ? {} : { requestState }) };
      }
      throw new Fault('upstream-protocol', `the server asked for input more than ${MAX_ROUNDS} times`);
    } finally {
      this.#inFlight.delete(message.id);
    }
  }

  async #askAll(requests: JsonObject, exchange: Exchange): Promise<JsonObject> {
    const answers = Object.entries(requests).map(async ([key, request]) => {
      if (!isObject(request) || typeof request.method !== 'string')
        throw new Fault('upstream-protocol', 'an input request has no method');
      const params = isObject(request.params) ? { params: request.params } : {};
      const response = await this.#ask(
        { jsonrpc: '2.0', id: `interlock-ask-${this.#nextAsk++}`, method: request.method, ...params },
        exchange,
      );
      if ('result' in response) return [key, response.result] as const;
      throw new Fault('upstream-protocol', `the client refused ${request.method}: ${response.error.message}`);
    });
    return Object.fromEntries(await Promise.all(answers));
  }

  #ask(request: RpcRequest, exchange: Exchange): Promise<RpcResponse> {
    return new Promise((resolve, reject) => {
      this.#asked.set(String(request.id), resolve);
      exchange.signal.addEventListener('abort', () => reject(exchange.signal.reason), { once: true });
      exchange.onMessage(request);
    });
  }

  #send(message: RpcRequest, exchange: Exchange): Promise<UpstreamReply> {
    const version = MODERN_VERSIONS[0]!;
    const params = message.params ?? {};
    const meta = {
      ...metaOf(params),
      [META_VERSION]: version,
      [META_CLIENT_INFO]: this.#clientInfo,
      [META_CLIENT_CAPABILITIES]: this.#capabilities,
      ...(this.#logLevel === undefined ? {} : { [META_LOG_LEVEL]: this.#logLevel }),
    };
    const name = mirroredName(message.method, params);
    const headers = {
      ...exchange.headers,
      'mcp-protocol-version': version,
      'mcp-method': message.method,
      ...(name === null ? {} : { 'mcp-name': encodeHeaderValue(name) }),
    };
    const { signal, onMessage, timeoutMs, actionHeaders } = exchange;
    return this.link.request(
      { ...message, params: { ...params, _meta: meta } },
      { signal, onMessage, timeoutMs, headers, ...(actionHeaders === undefined ? {} : { actionHeaders }) },
    );
  }
}

function local(response: RpcResponse): UpstreamReply {
  return { response, httpStatus: null };
}

function legacyReply(reply: UpstreamReply): UpstreamReply {
  if (!('result' in reply.response)) return local(reply.response);
  const { resultType: _modern, ...result } = reply.response.result as { resultType?: Json } & JsonObject;
  return local({ ...reply.response, result });
}

/** Change notifications of such a server need a listen stream; a session client is told there are none rather than left waiting. */
function withoutSubscriptions(capabilities: JsonObject): JsonObject {
  const out: Record<string, Json | undefined> = {};
  for (const [name, value] of Object.entries(capabilities)) {
    if (!isObject(value)) out[name] = value;
    else {
      const {
        subscribe: _s,
        listChanged: _l,
        ...rest
      } = value as { subscribe?: Json; listChanged?: Json } & JsonObject;
      out[name] = rest;
    }
  }
  return out;
}
