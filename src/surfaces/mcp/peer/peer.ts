import type { Permit } from '../../../audit/journal.ts';
import { toAction } from '../../../gateway/action.ts';
import type { Attempt } from '../../../gateway/attempt.ts';
import { call } from '../../../gateway/call.ts';
import type { Gateway, ServerEntry } from '../../../gateway/gateway.ts';
import {
  CLIENT_NOTIFICATIONS,
  CLIENT_REQUESTS,
  type MethodSpec,
  SERVER_NOTIFICATIONS,
  SERVER_REQUESTS,
} from '../../../gateway/methods.ts';
import type { SessionState } from '../../../gateway/session-facts.ts';
import { mayBegin } from '../../../gateway/steps/enter.ts';
import type { Action } from '../../../model/action.ts';
import type { Caller } from '../../../model/caller.ts';
import { ConnectionNeeded } from '../../../model/credential.ts';
import { Fault, UpstreamFault } from '../../../model/fault.ts';
import type { JsonObject } from '../../../model/json.ts';
import {
  failure,
  type RpcMessage,
  type RpcNotification,
  type RpcRequest,
  type RpcResponse,
} from '../../../model/jsonrpc.ts';
import { metaOf } from '../../../model/mcp.ts';
import type { Era, OnMessage, UpstreamReply } from '../../../ports/upstream.ts';
import { answerRefusal } from '../answers.ts';
import { askToConnect, withoutOwnAnswer } from './connect/ask.ts';
import type { Conversation } from './conversation.ts';
import { checkParamHeaders, mirrorHeaders } from './headers.ts';
import { observeAndFilter } from './listing.ts';

/** What every frame of one client has in common for the time of one HTTP request or one session. */
export interface Asker {
  readonly caller: Caller;
  readonly session: SessionState;
  readonly era: Era;
}

export interface RequestContext extends Asker {
  /** Frames that go to the client before the answer. */
  readonly deliver: OnMessage;
  /** The server asks to be polled for the answer; a client that understands it is told so. */
  readonly pause?: (retryMs: number) => void;
  readonly gone: AbortSignal | null;
  /** `Mcp-Param-*` request headers (modern), lower-cased. */
  readonly paramHeaders: Readonly<Record<string, string>>;
}

/** What a client talks to: one server, or several behind one endpoint. */
export interface Peer {
  request(message: RpcRequest, context: RequestContext): Promise<UpstreamReply>;
  notify(message: RpcNotification, asker: Asker): Promise<void>;
  /** The client's answer to a request a server made. False when nothing waits for it. */
  answer(message: RpcResponse): boolean;
  close(why: string): Promise<void>;
}

export interface PeerOptions {
  readonly gateway: Gateway;
  /** The server as configured now; null when a reload removed it. */
  readonly server: () => ServerEntry | null;
  /** Opens the conversation on first use, under a permit of its own where that sends anything. */
  readonly open: (asker: Asker) => Promise<Conversation | UpstreamReply>;
  /** Where frames go that belong to no request (the session's standalone stream). */
  readonly unsolicited: OnMessage;
  /** On whose behalf unsolicited requests of the server are decided. */
  readonly asker: () => Asker | null;
}

const MAX_LIST_PAGES = 100;
/** Requests of one server that wait for one client at once, and how long one waits: some are answered by people. */
const MAX_ASKING = 16;
const ANSWER_MS = 600_000;

interface Waiting {
  answered(response: RpcResponse): void;
  failed(error: Fault): void;
}

export class ServerPeer implements Peer {
  readonly #options: PeerOptions;
  #conversation: Promise<Conversation | UpstreamReply> | null = null;
  /** Set while or after this conversation's catalogue was listed. */
  #listed: Promise<void> | null = null;
  /** The server says its catalogue changed. */
  #stale = false;
  readonly #waiting = new Map<string, Waiting>();
  #asking = 0;
  /** The client's handshake, for a server that has to be started anew. */
  #hello: RpcRequest | null = null;
  #greeted = false;
  /** The conversation is open: sending waits for nothing. */
  #ready = false;
  /** Requests under way that the client may cancel, by id (revisions with sessions). */
  readonly #cancels = new Map<string, AbortController>();
  #closed = false;
  /** Whose credential this conversation carries; set by its first request, and nobody else's from then on. */
  #holder: string | null = null;

  constructor(options: PeerOptions) {
    this.#options = options;
  }

  async request(received: RpcRequest, context: RequestContext): Promise<UpstreamReply> {
    const { message, answered } = withoutOwnAnswer(received);
    const spec = CLIENT_REQUESTS.get(message.method);
    if (spec === undefined || (spec.era !== 'both' && spec.era !== context.era)) return methodNotFound(message);
    const server = this.#server();
    this.#checkHolder(server, context.caller);
    const action = toAction(message, spec, server.id);
    if (action.target.kind === 'tool') await this.#ensureKnown(action, context);
    if (context.era === 'modern') checkParamHeaders(this.#gateway.inventory, action, context.paramHeaders);
    if (message.method === 'initialize') this.#hello = message;
    return context.gone === null
      ? this.#cancellable(message, { server, action, context, answered })
      : this.#walk(message, { server, action, context, answered });
  }

  /** A conversation that carries one holder's credential serves nobody else: another task or chain starts one of its own. */
  #checkHolder(server: ServerEntry, caller: Caller): void {
    if (server.credentials === null) return;
    const { key } = server.credentials.holderFor(caller);
    this.#holder ??= key;
    if (this.#holder !== key)
      throw new Fault(
        'unknown-session',
        'Session not found: another task needs a session of its own, start with initialize',
      );
  }

  /** A server does not answer what was cancelled: without this the call would hold its place until its time is over. */
  async #cancellable(message: RpcRequest, step: Step): Promise<UpstreamReply> {
    const key = JSON.stringify(message.id);
    const cancel = new AbortController();
    this.#cancels.set(key, cancel);
    try {
      return await this.#walk(message, { ...step, context: { ...step.context, gone: cancel.signal } });
    } finally {
      if (this.#cancels.get(key) === cancel) this.#cancels.delete(key);
    }
  }

  async #walk(message: RpcRequest, step: Step): Promise<UpstreamReply> {
    const { server, action, context } = step;
    let httpStatus: number | null = null;
    const result = await call(this.#gateway, {
      ...attemptOf(context, server, action),
      frame: message,
      traceparent: traceparentOf(message),
      parked: (id) => parkedNotice(message, id, context),
      release: async (permit, signal, changed) => {
        // Opened only now: a decided and recorded call is what starts a child process or a session, and nothing else does.
        const waited = !this.#ready;
        const conversation = await this.#converse(context, signal);
        if ('response' in conversation) {
          httpStatus = conversation.httpStatus;
          return { ...conversation.response, id: message.id } as RpcResponse;
        }
        signal.throwIfAborted();
        // Opening can take seconds: who was paused meanwhile sends nothing.
        if (waited && !mayBegin(this.#gateway, attemptOf(context, server, action)))
          throw notSent(new Fault('upstream-unavailable', 'The call was stopped before it was sent'));
        // What people signed is what is sent.
        const sent =
          changed === null ? message : { ...message, params: { ...message.params, arguments: changed.arguments } };
        const reply = await conversation.exchange(sent, {
          permit,
          signal,
          timeoutMs: isLongLived(message.method) ? 0 : server.timeoutMs,
          onMessage: (frame) => this.#fromServer(frame, context),
          ...(context.pause === undefined ? {} : { onPaused: context.pause }),
          headers:
            conversation.link.era === 'modern'
              ? mirrorHeaders(this.#gateway.inventory, sent, changed?.action ?? action)
              : {},
        });
        httpStatus = reply.httpStatus;
        return observeAndFilter(this.#gateway, {
          message,
          response: reply.response,
          caller: context.caller,
          server: server.id,
        });
      },
    });
    // Whoever has greeted is greeted for when the server can be reached after all.
    if (message.method === 'initialize') this.#greeted = true;
    if (result.kind === 'refused') {
      const { fault } = result.refusal;
      const client = { era: context.era, hello: this.#hello, answered: step.answered === true };
      const asked = fault instanceof ConnectionNeeded ? askToConnect(message, fault, client) : null;
      return asked ?? answerRefusal(message.id, result.refusal, action.target);
    }
    return { response: result.response, httpStatus };
  }

  async notify(message: RpcNotification, asker: Asker): Promise<void> {
    const spec = CLIENT_NOTIFICATIONS.get(message.method);
    if (spec === undefined || (spec.era !== 'both' && spec.era !== asker.era))
      throw new Fault('method-not-found', 'Method not found');
    const server = this.#server();
    this.#checkHolder(server, asker.caller);
    const action = toAction(message, spec, server.id);
    const result = await call(this.#gateway, {
      ...attemptOf(asker, server, action),
      frame: message,
      release: async (permit, signal) => {
        const conversation = await this.#converse(asker, signal);
        if ('response' in conversation) return conversation.response;
        await conversation.post(message, permit);
        if (message.method === 'notifications/cancelled')
          this.#cancels.get(JSON.stringify(message.params?.requestId))?.abort();
        if (message.method === 'notifications/initialized') conversation.link.listen();
        return { jsonrpc: '2.0', id: 0, result: {} };
      },
    });
    if (result.kind === 'refused') throw new Fault('forbidden', 'the notification was refused');
  }

  answer(message: RpcResponse): boolean {
    const key = JSON.stringify(message.id);
    const waiting = this.#waiting.get(key);
    if (waiting === undefined) return false;
    waiting.answered(message);
    return true;
  }

  async close(why: string): Promise<void> {
    this.#closed = true;
    this.#nobodyAnswers();
    const conversation = await this.#conversation?.catch(() => null);
    if (conversation !== null && conversation !== undefined && 'link' in conversation)
      await conversation.link.close(why);
  }

  get #gateway(): Gateway {
    return this.#options.gateway;
  }

  #server(): ServerEntry {
    const server = this.#options.server();
    if (server === null) throw new Fault('not-found', 'Not found');
    return server;
  }

  /** Whoever was to answer, or whoever asked, is gone. */
  #nobodyAnswers(): void {
    for (const waiting of [...this.#waiting.values()])
      waiting.failed(new Fault('upstream-unavailable', 'The conversation has ended'));
  }

  /**
   * Opened once; a failed or closed conversation is opened anew by the next call, unless the client's own end has come. Under the permit
   * of the call that needs it. Nothing of that call was sent when opening fails.
   */
  async #converse(asker: Asker, signal: AbortSignal): Promise<Conversation | UpstreamReply> {
    if (this.#closed) throw notSent(new Fault('upstream-unavailable', 'The conversation has ended'));
    const opening = this.#conversation ?? this.#open(asker, signal);
    this.#conversation = opening;
    try {
      const conversation = await opening;
      this.#ready = true;
      if ('response' in conversation) this.#drop(opening);
      else if (conversation.link.closed)
        throw new Fault('upstream-unavailable', 'The connection to the server has ended');
      return conversation;
    } catch (error) {
      this.#drop(opening);
      throw error instanceof Fault ? notSent(error) : error;
    }
  }

  /** Not one that somebody else opened meanwhile: nobody would ever close that. */
  #drop(opening: Promise<Conversation | UpstreamReply>): void {
    if (this.#conversation !== opening) return;
    this.#conversation = null;
    this.#ready = false;
    this.#listed = null;
  }

  async #open(asker: Asker, signal: AbortSignal): Promise<Conversation | UpstreamReply> {
    const again = this.#greeted;
    const conversation = await this.#options.open(asker);
    if (!('link' in conversation)) return conversation;
    this.#greeted = true;
    conversation.link.onUnsolicited((frame) => this.#fromServer(frame, null));
    conversation.link.onClosed(() => {
      this.#nobodyAnswers();
      conversation.ended?.();
    });
    if (again && conversation.link.era === 'legacy' && asker.era === 'legacy')
      await this.#greetAgain(conversation, signal);
    return conversation;
  }

  /** A server that died in the middle of a session is started anew, and told again who its client is. */
  async #greetAgain({ link }: Conversation, signal: AbortSignal): Promise<void> {
    if (this.#hello === null) return;
    const hello = { ...this.#hello, id: 'interlock-again' };
    await link.request(hello, { signal, onMessage: () => {}, timeoutMs: this.#server().timeoutMs });
    await link.post({ jsonrpc: '2.0', method: 'notifications/initialized' });
    link.listen();
  }

  /** A tool nobody has listed yet, or a catalogue the server says has changed: the gateway lists before it decides. */
  async #ensureKnown(action: Action, context: RequestContext): Promise<void> {
    const name = action.target.kind === 'tool' ? action.target.name : '';
    const known = this.#listed !== null || this.#gateway.inventory.resolve(action.server, name).state !== 'unknown';
    if (this.#stale || !known) {
      this.#stale = false;
      this.#listed = this.#listAll(context);
    }
    await this.#listed;
  }

  async #listAll(context: RequestContext): Promise<void> {
    let cursor: string | undefined;
    for (let page = 0; page < MAX_LIST_PAGES; page++) {
      const params: JsonObject = {
        ...inheritedMeta(context),
        ...(cursor === undefined ? {} : { cursor }),
      };
      const message: RpcRequest = { jsonrpc: '2.0', id: `interlock-list-${page}`, method: 'tools/list', params };
      const server = this.#server();
      const action = toAction(message, CLIENT_REQUESTS.get('tools/list')!, server.id);
      const reply = await this.#walk(message, {
        server,
        action,
        context: { ...context, deliver: () => {} },
      });
      if (!('result' in reply.response) || typeof reply.response.result.nextCursor !== 'string') return;
      cursor = reply.response.result.nextCursor;
    }
  }

  /** A frame from the server: what is not mapped does not pass. */
  #fromServer(frame: RpcMessage, context: RequestContext | null): void {
    if (!('method' in frame)) return;
    const deliver = context?.deliver ?? this.#options.unsolicited;
    if ('id' in frame) {
      const asker = context ?? this.#options.asker();
      void this.#ask(frame, { asker, deliver });
      return;
    }
    if (frame.method === 'notifications/tools/list_changed') {
      this.#listed = null;
      this.#stale = true;
    }
    if (SERVER_NOTIFICATIONS.has(frame.method)) deliver(frame);
    else
      this.#gateway.log.warn(
        { server: this.#options.server()?.id, method: frame.method.slice(0, 80) },
        'dropped an unmapped notification',
      );
  }

  /** A request of the server to the client (sampling, elicitation, roots) walks the same path, towards the client. */
  async #ask(message: RpcRequest, to: { asker: Asker | null; deliver: OnMessage }): Promise<void> {
    const conversation = await this.#conversation?.catch(() => null);
    if (conversation === null || conversation === undefined || 'response' in conversation) return;
    const spec: MethodSpec | undefined = SERVER_REQUESTS.get(message.method);
    let response: RpcResponse = failure(message.id, { code: -32601, message: 'Method not found' });
    if (spec !== undefined && to.asker !== null) {
      this.#asking++;
      // Beyond the bound not even decided: a server that asks without end takes neither the agent's places nor the journal's.
      if (this.#asking > MAX_ASKING)
        response = failure(message.id, { code: -32000, message: 'too many requests wait for the client' });
      else response = await this.#askClient(message, { spec, asker: to.asker, deliver: to.deliver });
      this.#asking--;
    }
    await conversation
      .post(response, null)
      .catch((error: unknown) => this.#gateway.log.warn({ err: error }, 'an answer did not reach the server'));
  }

  async #askClient(
    message: RpcRequest,
    to: { spec: MethodSpec; asker: Asker; deliver: OnMessage },
  ): Promise<RpcResponse> {
    try {
      const server = this.#server();
      const action = toAction(message, to.spec, server.id);
      const result = await call(this.#gateway, {
        ...attemptOf(to.asker, server, action),
        frame: message,
        release: (permit: Permit, signal) => {
          permit.spend();
          return this.#untilAnswered(message, { deliver: to.deliver, signal });
        },
      });
      if (result.kind === 'answered') return result.response;
      return failure(message.id, { code: -32003, message: 'the request was refused' });
    } catch (error) {
      this.#gateway.log.error({ err: error }, 'a request of a server failed');
      return failure(message.id, { code: -32603, message: 'Internal error' });
    }
  }

  #untilAnswered(message: RpcRequest, to: { deliver: OnMessage; signal: AbortSignal }): Promise<RpcResponse> {
    const key = JSON.stringify(message.id);
    return new Promise((resolve, reject) => {
      if (this.#waiting.has(key)) return reject(new Fault('upstream-protocol', 'the server used one id twice'));
      if (to.signal.aborted) return reject(to.signal.reason);
      const end = (settle: () => void): void => {
        clearTimeout(timer);
        to.signal.removeEventListener('abort', aborted);
        this.#waiting.delete(key);
        settle();
      };
      const failed = (error: unknown): void => end(() => reject(error));
      const aborted = (): void => failed(to.signal.reason);
      const timer = setTimeout(
        () => failed(new Fault('upstream-timeout', 'the client did not answer in time')),
        ANSWER_MS,
      );
      to.signal.addEventListener('abort', aborted);
      this.#waiting.set(key, { answered: (response) => end(() => resolve(response)), failed });
      to.deliver(message);
    });
  }
}

interface Step {
  /** The client brings the answer to a question of ours. */
  readonly answered?: boolean;
  readonly server: ServerEntry;
  readonly action: Action;
  readonly context: RequestContext;
}

function attemptOf(
  asker: Asker & { gone?: AbortSignal | null },
  server: ServerEntry,
  action: Action,
): Omit<Attempt, 'release' | 'frame'> {
  return { surface: 'mcp', caller: asker.caller, session: asker.session, server, action, gone: asker.gone ?? null };
}

/** The two methods whose answer may stay away for as long as the client likes. */
function isLongLived(method: string): boolean {
  return method === 'subscriptions/listen' || method === 'tasks/result';
}

/** What a stateless request must carry; the bridge to sessions takes it off again. */
function inheritedMeta(context: RequestContext): JsonObject {
  if (context.era !== 'modern') return {};
  return {
    _meta: {
      'io.modelcontextprotocol/protocolVersion': '2026-07-28',
      'io.modelcontextprotocol/clientInfo': { name: 'interlock', version: '0.1.0' },
      'io.modelcontextprotocol/clientCapabilities': {},
    },
  };
}

/** Tells a client that gave a progress token that its call waits for a human, so that it does not give up. */
function parkedNotice(message: RpcRequest, approval: string, context: RequestContext): void {
  const token = metaOf(message.params).progressToken;
  if (token === undefined) return;
  const params = { progressToken: token, progress: 0, message: `waiting for a human's approval (${approval})` };
  context.deliver({ jsonrpc: '2.0', method: 'notifications/progress', params });
}

/** `_meta.traceparent` (MCP 2026-07-28, basic, trace context). */
function traceparentOf(message: RpcRequest): string | null {
  const { traceparent } = metaOf(message.params);
  return typeof traceparent === 'string' ? traceparent : null;
}

/** Whatever went wrong while opening, the call itself did not leave. */
function notSent(fault: Fault): UpstreamFault {
  if (fault instanceof UpstreamFault && !fault.sent) return fault;
  return new UpstreamFault(fault.code, fault.message, {
    sent: false,
    ...(fault.detail === undefined ? {} : { detail: fault.detail }),
  });
}

function methodNotFound(message: RpcRequest): UpstreamReply {
  return { response: failure(message.id, { code: -32601, message: 'Method not found' }), httpStatus: 404 };
}
