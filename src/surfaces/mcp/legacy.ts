import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Gateway } from '../../gateway/gateway.ts';
import { SessionState } from '../../gateway/session-facts.ts';
import { isHalted } from '../../gateway/steps/enter.ts';
import type { Caller } from '../../model/caller.ts';
import { Fault } from '../../model/fault.ts';
import type { Json } from '../../model/json.ts';
import { classify, failure, type RequestId, type RpcRequest, type RpcResponse } from '../../model/jsonrpc.ts';
import { LEGACY_VERSIONS } from '../../model/mcp.ts';
import { header } from '../http/door.ts';
import { type Endpoint, peerFor } from './peers.ts';
import { sendEmpty } from './responder.ts';
import { boundTask, chainOf, type McpSession, Sessions } from './session.ts';
import { SessionResponder, Streams } from './streams.ts';
import { statedPatienceMs } from './waiting/patience.ts';
import type { Waiting } from './waiting/waiting.ts';

/** One HTTP request on an MCP endpoint, past the door and authenticated. */
export interface Visit {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly endpoint: Endpoint;
  /** Name of the endpoint: sessions are good on the one they were opened on. */
  readonly path: string;
  readonly caller: Caller;
}

/** Revision from which a client understands priming events and reconnects by itself (2025-11-25, transports). */
const PRIMES_SINCE = '2025-11-25';

/** Streamable HTTP with sessions: revisions 2025-03-26 to 2025-11-25. */
export class LegacyEndpoint {
  readonly #gateway: Gateway;
  readonly #waiting: Waiting;
  readonly sessions: Sessions;

  constructor(gateway: Gateway, waiting: Waiting) {
    this.#gateway = gateway;
    this.#waiting = waiting;
    this.sessions = new Sessions(gateway);
  }

  async post(visit: Visit, body: Json): Promise<void> {
    const frame = classify(body);
    if (frame.kind === 'invalid') throw new Fault(Array.isArray(body) ? 'batch-refused' : 'invalid-request', frame.why);
    if (frame.kind === 'request' && frame.message.method === 'initialize')
      return this.#initialize(visit, frame.message);
    const session = this.#session(visit);
    if (frame.kind === 'request') return this.#request(visit, session, frame.message);
    if (frame.kind === 'response') {
      if (!session.peer.answer(frame.message)) throw new Fault('invalid-request', 'no request waits for this response');
    } else {
      await session.peer.notify(frame.message, { caller: visit.caller, session: session.state, era: 'legacy' });
    }
    sendEmpty(visit.response, 202);
  }

  /** The standalone stream, or the rest of a stream whose connection broke. */
  get(visit: Visit): void {
    if (!(visit.request.headers.accept ?? '').includes('text/event-stream')) {
      throw new Fault('not-acceptable', 'Accept must list text/event-stream');
    }
    const session = this.#session(visit);
    const over = this.#gateway.entitled(visit.caller) !== null;
    if (over || isHalted(this.#gateway, { caller: visit.caller, session: session.state }))
      throw new Fault('forbidden', STOPPED);
    const headers = sessionHeaders(session);
    const last = header(visit.request, 'last-event-id');
    if (last === undefined) {
      // A client that lost its connection opens anew before the old one is seen to be dead: the newest wins.
      session.streams.standalone.attach(visit.response, headers, null);
      return;
    }
    const found = session.streams.find(last);
    if (found === null) throw new Fault('invalid-request', 'Last-Event-ID names no event of this session');
    found.stream.attach(visit.response, headers, found.afterSeq);
  }

  async delete(visit: Visit): Promise<void> {
    await this.sessions.end(this.#session(visit), 'ended by the client');
    sendEmpty(visit.response, 204);
  }

  #session(visit: Visit): McpSession {
    const id = header(visit.request, 'mcp-session-id');
    if (id === undefined) throw new Fault('session-required', 'Mcp-Session-Id is required: start with initialize');
    const version = header(visit.request, 'mcp-protocol-version');
    if (version !== undefined && !LEGACY_VERSIONS.includes(version)) {
      throw new Fault('invalid-request', `MCP-Protocol-Version ${version.slice(0, 20)} is not one of a session`);
    }
    const session = this.sessions.find(id, visit.caller, visit.path);
    session.caller = visit.caller;
    return session;
  }

  async #initialize(visit: Visit, message: RpcRequest): Promise<void> {
    const { caller, endpoint, response } = visit;
    if (header(visit.request, 'mcp-session-id') !== undefined)
      throw new Fault('invalid-request', 'this session is initialized already');
    this.sessions.admit(caller.agent.id);
    const session = this.#create(visit);
    // A handshake slow enough to be streamed cannot say the id later: headers come first.
    const options = { headers: {}, streamHeaders: sessionHeaders(session), primes: false };
    const responder = new SessionResponder(response, session.streams, options);
    const context = {
      caller,
      session: session.state,
      era: 'legacy',
      deliver: responder.deliver,
      gone: null,
      paramHeaders: {},
    } as const;
    try {
      const { response: answer, httpStatus } = await session.peer.request(message, context);
      // A halt that came meanwhile ended the sessions it found, and this was not one yet.
      const halted = isHalted(this.#gateway, context);
      if ('result' in answer && !halted) {
        const version = answer.result.protocolVersion;
        if (typeof version === 'string') session.protocolVersion = version;
        this.sessions.add(session);
        responder.finish(answer, httpStatus, { 'mcp-session-id': session.id });
        this.#gateway.log.debug(
          { agent: caller.agent.id, endpoint, session: session.id.slice(0, 8) },
          'session opened',
        );
        return;
      }
      await this.#neverOpened(session);
      responder.finish(halted ? stoppedAnswer(message.id) : answer, halted ? 200 : httpStatus);
    } catch (error) {
      responder.abandon();
      await this.#neverOpened(session);
      throw error;
    }
  }

  async #neverOpened(session: McpSession): Promise<void> {
    this.sessions.giveUp(session.agent);
    await session.peer.close('initialize failed').catch((error: unknown) => {
      this.#gateway.log.warn({ err: error }, 'an upstream did not close cleanly');
    });
  }

  #create(visit: Visit): McpSession {
    const { caller, endpoint, path } = visit;
    const nowMs = this.#gateway.clock.nowMs();
    const id = Sessions.newId();
    const state = new SessionState(id, nowMs);
    const streams = new Streams(this.#gateway.limits.sseBufferEvents);
    const held: { session?: McpSession } = {};
    const asker = () =>
      held.session === undefined ? null : ({ caller: held.session.caller, session: state, era: 'legacy' } as const);
    const peer = peerFor(
      this.#gateway,
      endpoint,
      { caller, session: state, era: 'legacy' },
      {
        unsolicited: (frame) => streams.standalone.send(frame),
        asker,
        waiting: this.#waiting,
      },
    );
    const session: McpSession = {
      ...{
        id,
        endpoint: path,
        agent: caller.agent.id,
        subject: caller.subject,
        task: boundTask(caller),
        chain: chainOf(caller),
        state,
        streams,
        peer,
        caller,
      },
      ...{ startedAtMs: nowMs, lastSeenMs: nowMs, protocolVersion: '2025-06-18', inFlight: 0 },
    };
    held.session = session;
    return session;
  }

  async #request(visit: Visit, session: McpSession, message: RpcRequest): Promise<void> {
    const primes = session.protocolVersion >= PRIMES_SINCE;
    const responder = new SessionResponder(visit.response, session.streams, {
      headers: sessionHeaders(session),
      primes,
    });
    session.inFlight++;
    try {
      // A broken connection is no cancellation in these revisions: the call goes on, its answer can be fetched.
      const reply = await session.peer.request(message, {
        ...{
          caller: visit.caller,
          session: session.state,
          era: 'legacy',
          deliver: responder.deliver,
          gone: null,
          paramHeaders: {},
        },
        pause: responder.pause,
        patienceMs: statedPatienceMs(visit.request),
      });
      responder.finish(reply.response, sessionStatus(reply.httpStatus));
    } catch (error) {
      responder.abandon();
      throw error;
    } finally {
      session.inFlight--;
    }
  }
}

const STOPPED = "An operator has stopped this agent's actions. Do not repeat it; wait for a human to release it.";

function stoppedAnswer(id: RequestId): RpcResponse {
  return failure(id, { code: -32005, message: STOPPED });
}

function sessionHeaders(session: McpSession): Record<string, string> {
  return { 'mcp-session-id': session.id };
}

/** Session clients treat 404 as "the session is gone", so an unknown method must not use it here. */
function sessionStatus(httpStatus: number | null): number {
  return httpStatus === null || httpStatus === 404 || httpStatus === 401 || httpStatus === 403 ? 200 : httpStatus;
}
