import type { IncomingMessage, ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Gateway } from '../../gateway/gateway.ts';
import type { SessionState } from '../../gateway/session-facts.ts';
import type { Caller } from '../../model/caller.ts';
import { Fault } from '../../model/fault.ts';
import { isObject } from '../../model/json.ts';
import { checkMedia, checkOrigin, type DoorRules, parseBody, readBody } from '../http/door.ts';
import { ScopeMissing } from './answers.ts';
import { LegacyEndpoint, type Visit } from './legacy.ts';
import { isModern, ModernEndpoint } from './modern.ts';
import type { Endpoint } from './peers.ts';
import { sendEmpty } from './responder.ts';
import type { McpSession } from './session.ts';
import { Waiting, type WaitingParts } from './waiting/waiting.ts';

export interface McpHandlerOptions {
  readonly gateway: Gateway;
  readonly rules: DoorRules;
  /** Facts of stateless conversations that began before a restart. */
  readonly sessions: ReadonlyMap<string, SessionState>;
  /** Who calls. Throws a Fault `unauthenticated` with a challenge for WWW-Authenticate. `path` names the resource. */
  readonly authenticate: (request: IncomingMessage, path: string) => Caller | Promise<Caller>;
  /** Keeps what a client carries between two requests, and says what came of a call this process does not know. */
  readonly waiting: Pick<WaitingParts, 'seal' | 'origin' | 'outcomeOf'>;
  /** The challenge for a token that covers too little: HTTP 403 with what more to ask for. */
  readonly stepUp: (scope: string, path: string) => Fault;
}

export interface OpenSession {
  readonly state: SessionState;
  readonly caller: Caller;
}

const DRAIN_POLL_MS = 25;
/** Turns of DRAIN_POLL_MS an aborted call has to say so. */
const ANSWER_TURNS = 40;
const ALLOWED_METHODS = 'POST, GET, DELETE, OPTIONS';

/** The MCP surface: `/mcp/<server>` and `/mcp`. Translates; decides nothing. */
export class McpHandler {
  readonly #options: McpHandlerOptions;
  readonly legacy: LegacyEndpoint;
  readonly modern: ModernEndpoint;
  readonly #waiting: Waiting;
  #draining = false;

  constructor(options: McpHandlerOptions) {
    this.#options = options;
    this.#waiting = new Waiting({ gateway: options.gateway, ...options.waiting });
    this.legacy = new LegacyEndpoint(options.gateway, this.#waiting);
    this.modern = new ModernEndpoint(options.gateway, options.sessions, this.#waiting);
  }

  /** Which endpoint a path names; null when it is not one of ours. */
  endpointOf(path: string): Endpoint | null {
    if (path === '/mcp' || path === '/mcp/') return { kind: 'aggregate' };
    const server = /^\/mcp\/([a-z][a-z0-9-]{0,31})$/.exec(path)?.[1];
    return server === undefined ? null : { kind: 'server', server };
  }

  async handle(request: IncomingMessage, response: ServerResponse, path: string): Promise<void> {
    const { rules } = this.#options;
    if (this.#draining) throw new Fault('overloaded', 'The gateway is stopping: try again in a moment');
    checkOrigin(request, rules);
    allowOrigin(request, response);
    if (request.method === 'OPTIONS') return sendEmpty(response, 204, { allow: ALLOWED_METHODS });
    const endpoint = this.endpointOf(path);
    if (endpoint === null) throw new Fault('not-found', 'Not found');
    // Authenticated before anything is said about which servers exist.
    const authenticated = this.#options.authenticate(request, path);
    const caller = authenticated instanceof Promise ? await authenticated : authenticated;
    if (endpoint.kind === 'server' && !this.#mayKnow(caller, endpoint.server))
      throw new Fault('not-found', 'Not found');
    const visit: Visit = { request, response, endpoint, path, caller };
    switch (request.method) {
      case 'POST':
        return this.#post(visit);
      case 'GET':
        return this.legacy.get(visit);
      case 'DELETE':
        return this.legacy.delete(visit);
      default:
        response.setHeader('allow', ALLOWED_METHODS);
        throw new Fault('method-not-allowed', `${request.method} is not a method of this endpoint`);
    }
  }

  async #post(visit: Visit): Promise<void> {
    const { rules } = this.#options;
    checkMedia(visit.request);
    const body = parseBody(await readBody(visit.request, rules.bodyBytes), rules);
    try {
      return await (isModern(visit.request, body) ? this.modern.post(visit, body) : this.legacy.post(visit, body));
    } catch (error) {
      const said = error instanceof ScopeMissing ? this.#options.stepUp(error.scope, visit.path) : error;
      // The answer names the request it is for, wherever that is known.
      if (said instanceof Fault && isObject(body) && 'method' in body) Object.assign(said, { requestId: body.id });
      throw said;
    }
  }

  /** A server that is not configured and one this agent is not connected to look the same. */
  #mayKnow(caller: Caller, server: string): boolean {
    const snapshot = this.#options.gateway.snapshot();
    const { servers } = caller.agent;
    return snapshot.servers.has(server) && (servers === null || servers.includes(server));
  }

  /** Every session that is open now, once: who it belongs to, and what it did. */
  open(): readonly OpenSession[] {
    const open = new Map<string | null, OpenSession>();
    for (const { state, caller } of [...this.modern.all(), ...this.legacy.sessions.all()])
      open.set(state.id, { state, caller });
    return [...open.values()];
  }

  sweep(): void {
    this.legacy.sessions.sweep();
    this.modern.sweep();
    this.#waiting.desk.sweep();
  }

  /** Ids of the sessions that are open, as records name them. */
  openSessions(): ReadonlySet<string> {
    const legacy = this.legacy.sessions.all().map(({ state }) => state.id);
    return new Set([...legacy, ...this.modern.sessionIds()].filter((id) => id !== null));
  }

  /** Takes nothing new; resolves when nothing is under way, or when the grace is over. */
  async drain(graceMs: number): Promise<void> {
    const { desk } = this.#waiting;
    this.#draining = true;
    desk.rest();
    const busy = (): number => this.legacy.sessions.busy + this.modern.busy + desk.busy;
    const turns = Math.ceil(graceMs / DRAIN_POLL_MS);
    for (let turn = 0; turn < turns && busy() > 0; turn++) await sleep(DRAIN_POLL_MS);
    // What goes on without its client ends with the process: what it came to is in the journal.
    this.#waiting.close();
  }

  /**
   * Closes what a halt reached. Calls under way were aborted already; their answers are let out first, so that an agent hears that
   * it was stopped instead of a broken line.
   */
  async end(test: (state: SessionState, caller: Caller) => boolean, why: string): Promise<void> {
    const ended = this.legacy.sessions.all().filter((session) => test(session.state, session.caller));
    await Promise.all([...ended.map((session) => this.#endSession(session, why)), this.modern.endWhere(test, why)]);
  }

  async #endSession(session: McpSession, why: string): Promise<void> {
    for (let turn = 0; turn < ANSWER_TURNS && session.inFlight > 0; turn++) await sleep(DRAIN_POLL_MS);
    await this.legacy.sessions.end(session, why);
  }
}

/** CORS for browser clients whose origin passed the door. */
function allowOrigin(request: IncomingMessage, response: ServerResponse): void {
  const { origin } = request.headers;
  if (origin === undefined) return;
  response.setHeader('access-control-allow-origin', origin);
  response.setHeader('vary', 'Origin');
  response.setHeader('access-control-allow-methods', ALLOWED_METHODS);
  response.setHeader(
    'access-control-allow-headers',
    request.headers['access-control-request-headers'] ?? 'authorization, content-type',
  );
  response.setHeader('access-control-expose-headers', 'Mcp-Session-Id, WWW-Authenticate');
}
