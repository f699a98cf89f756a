import type { IncomingMessage } from 'node:http';
import type { Gateway } from '../../gateway/gateway.ts';
import { SessionState } from '../../gateway/session-facts.ts';
import type { Caller } from '../../model/caller.ts';
import { Fault } from '../../model/fault.ts';
import { isObject, type Json, type JsonObject } from '../../model/json.ts';
import { classify, failure, type RpcRequest } from '../../model/jsonrpc.ts';
import {
  decodeHeaderValue,
  META_CLIENT_CAPABILITIES,
  META_VERSION,
  MODERN_VERSIONS,
  metaOf,
  mirroredName,
  SUPPORTED_VERSIONS,
} from '../../model/mcp.ts';
import { header } from '../http/door.ts';
import type { Visit } from './legacy.ts';
import type { Peer } from './peer/client/context.ts';
import { peerFor } from './peers.ts';
import { ModernResponder, sendEmpty, sendJson } from './responder.ts';
import { statedPatienceMs } from './waiting/patience.ts';
import type { Waiting } from './waiting/waiting.ts';

interface Pooled {
  readonly caller: Caller;
  /** Its credential: nobody comes back after that. */
  readonly expiresAtMs: number;
  readonly peer: Peer;
  readonly state: SessionState;
  lastSeenMs: number;
  /** Calls under way. */
  inFlight: number;
  /** Open `subscriptions/listen` streams: they keep the conversation, and end with it. */
  listening: number;
}

/** A request of the stateless revisions says so in its own metadata, or by a version header no session knows. */
export function isModern(request: IncomingMessage, body: Json): boolean {
  if (!isObject(body)) return false;
  const params = isObject(body.params) ? body.params : undefined;
  if (metaOf(params)[META_VERSION] !== undefined) return true;
  if (request.headers['mcp-session-id'] !== undefined) return false;
  const version = header(request, 'mcp-protocol-version');
  return version !== undefined && version >= '2026' && body.method !== undefined;
}

/** Streamable HTTP without sessions: revision 2026-07-28. */
export class ModernEndpoint {
  readonly #gateway: Gateway;
  /** By agent, credential and endpoint: what such a client did is one session for policies, and one conversation upstream. */
  readonly #pool = new Map<string, Pooled>();

  readonly #earlier: ReadonlyMap<string, SessionState>;
  readonly #waiting: Waiting;

  constructor(gateway: Gateway, earlier: ReadonlyMap<string, SessionState>, waiting: Waiting) {
    this.#gateway = gateway;
    this.#waiting = waiting;
    this.#earlier = earlier;
  }

  async post(visit: Visit, body: Json): Promise<void> {
    const frame = classify(body);
    if (frame.kind === 'invalid') throw new Fault(Array.isArray(body) ? 'batch-refused' : 'invalid-request', frame.why);
    if (frame.kind === 'response') throw new Fault('invalid-request', 'clients send no responses in this revision');
    if (frame.kind === 'notification') {
      // The core protocol defines none over HTTP; closing the stream cancels.
      if (frame.message.method !== 'notifications/cancelled') throw new Fault('method-not-found', 'Method not found');
      return sendEmpty(visit.response, 202);
    }
    const problem = validate(visit.request, frame.message);
    if (problem !== null) return sendJson(visit.response, problem.status, failure(frame.message.id, problem.error));
    await this.#request(visit, frame.message);
  }

  async #request(visit: Visit, message: RpcRequest): Promise<void> {
    const pooled = this.#pooled(visit);
    const gone = new AbortController();
    if (visit.response.destroyed) gone.abort();
    visit.response.once('close', () => {
      if (!visit.response.writableFinished) gone.abort();
    });
    const responder = new ModernResponder(visit.response);
    const kind = message.method === 'subscriptions/listen' ? 'listening' : 'inFlight';
    pooled[kind]++;
    try {
      const reply = await pooled.peer.request(message, {
        ...{
          caller: visit.caller,
          session: pooled.state,
          era: 'modern',
          deliver: responder.deliver,
          gone: gone.signal,
        },
        paramHeaders: paramHeaders(visit.request),
        patienceMs: statedPatienceMs(visit.request),
      });
      responder.finish(reply.response, reply.httpStatus);
    } catch (error) {
      responder.abandon();
      // What this request began at other servers ends with it.
      gone.abort();
      throw error;
    } finally {
      pooled[kind]--;
    }
  }

  #pooled(visit: Visit): Pooled {
    const { caller, path } = visit;
    const nowMs = this.#gateway.clock.nowMs();
    const session = `${caller.agent.id}~${caller.credentialId}`;
    const key = `${session} ${path}`;
    let pooled = this.#pool.get(key);
    if (pooled === undefined) {
      if (this.#pool.size >= this.#gateway.limits.sessions) this.sweep();
      if (this.#pool.size >= this.#gateway.limits.sessions)
        throw new Fault('overloaded', 'Too many conversations are open');
      this.#checkShare(caller.agent.id);
      const state = this.#stateOf(session, nowMs);
      const asker = { caller, session: state, era: 'modern' } as const;
      const hooks = { unsolicited: () => {}, asker: () => null, waiting: this.#waiting };
      const peer = peerFor(this.#gateway, visit.endpoint, asker, hooks);
      pooled = {
        caller,
        expiresAtMs: caller.expiresAtMs,
        peer,
        state,
        lastSeenMs: nowMs,
        inFlight: 0,
        listening: 0,
      };
      this.#pool.set(key, pooled);
    }
    pooled.lastSeenMs = nowMs;
    return pooled;
  }

  /** Each token is a conversation of its own here: without shares, an agent that mints many locks all others out. */
  #checkShare(agent: string): void {
    const count = () => [...this.#pool.values()].filter((pooled) => pooled.caller.agent.id === agent).length;
    const { sessionsPerAgent } = this.#gateway.limits;
    if (count() < sessionsPerAgent) return;
    this.sweep();
    if (count() < sessionsPerAgent) return;
    throw new Fault('overloaded', 'This agent has too many conversations open: raise limits.sessionsPerAgent');
  }

  /** One credential's conversations on several endpoints are one session. */
  #stateOf(session: string, nowMs: number): SessionState {
    for (const pooled of this.#pool.values()) if (pooled.state.id === session) return pooled.state;
    return this.#earlier.get(session) ?? new SessionState(session, nowMs);
  }

  sweep(): void {
    const nowMs = this.#gateway.clock.nowMs();
    const oldest = nowMs - this.#gateway.limits.idleSessionMs;
    for (const [key, pooled] of this.#pool) {
      const over = pooled.lastSeenMs < oldest || pooled.expiresAtMs <= nowMs;
      if (over && pooled.inFlight + pooled.listening === 0) this.#drop(key, pooled, 'idle');
    }
  }

  all(): readonly { readonly state: SessionState; readonly caller: Caller }[] {
    return [...this.#pool.values()];
  }

  /** Ends the conversations of sessions that were halted. */
  async endWhere(test: (state: SessionState, caller: Caller) => boolean, why: string): Promise<void> {
    for (const [key, pooled] of this.#pool) {
      if (test(pooled.state, pooled.caller)) this.#drop(key, pooled, why);
    }
  }

  #drop(key: string, pooled: Pooled, why: string): void {
    this.#pool.delete(key);
    pooled.peer
      .close(why)
      .catch((error: unknown) => this.#gateway.log.warn({ err: error }, 'an upstream did not close cleanly'));
  }

  get busy(): number {
    let busy = 0;
    for (const pooled of this.#pool.values()) busy += pooled.inFlight;
    return busy;
  }

  get size(): number {
    return this.#pool.size;
  }

  sessionIds(): readonly (string | null)[] {
    return [...this.#pool.values()].map(({ state }) => state.id);
  }
}

interface Problem {
  readonly status: number;
  readonly error: { readonly code: number; readonly message: string; readonly data?: JsonObject };
}

/** Headers and metadata must be there and agree (2026-07-28 streamable HTTP, "Server Validation"; basic, `_meta`). */
function validate(request: IncomingMessage, message: RpcRequest): Problem | null {
  const meta = metaOf(message.params);
  const version = meta[META_VERSION];
  const stated = header(request, 'mcp-protocol-version');
  if (typeof version !== 'string') return invalid(`params._meta["${META_VERSION}"] is required`);
  if (stated !== version) return mismatch('MCP-Protocol-Version', stated);
  if (!MODERN_VERSIONS.includes(version)) {
    const data = { supported: SUPPORTED_VERSIONS.filter((v) => MODERN_VERSIONS.includes(v)), requested: version };
    return { status: 400, error: { code: -32022, message: 'Unsupported protocol version', data } };
  }
  if (!isObject(meta[META_CLIENT_CAPABILITIES]))
    return invalid(`params._meta["${META_CLIENT_CAPABILITIES}"] is required`);
  const method = header(request, 'mcp-method');
  if (method !== message.method) return mismatch('Mcp-Method', method);
  const name = mirroredName(message.method, message.params);
  const given = header(request, 'mcp-name');
  if (name === null) return null;
  return given !== undefined && decodeHeaderValue(given.trim()) === name ? null : mismatch('Mcp-Name', given);
}

function invalid(message: string): Problem {
  return { status: 400, error: { code: -32602, message } };
}

function mismatch(name: string, given: string | undefined): Problem {
  const message =
    given === undefined
      ? `Header mismatch: ${name} is required`
      : `Header mismatch: ${name} does not match the request body`;
  return { status: 400, error: { code: -32020, message } };
}

function paramHeaders(request: IncomingMessage): Record<string, string> {
  const found: Record<string, string> = {};
  for (const [name, value] of Object.entries(request.headers)) {
    if (name.startsWith('mcp-param-') && typeof value === 'string') found[name] = value;
  }
  return found;
}
