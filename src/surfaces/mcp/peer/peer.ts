import { toAction } from '../../../gateway/action.ts';
import type { Attempt, CallResult } from '../../../gateway/attempt.ts';
import { call } from '../../../gateway/call.ts';
import type { Gateway, ServerEntry } from '../../../gateway/gateway.ts';
import { CLIENT_NOTIFICATIONS, CLIENT_REQUESTS, SERVER_NOTIFICATIONS } from '../../../gateway/methods.ts';
import { mayBegin } from '../../../gateway/steps/enter.ts';
import { couldAsk } from '../../../gateway/tiers/everyone.ts';
import type { Action } from '../../../model/action.ts';
import type { Caller } from '../../../model/caller.ts';
import { ConnectionNeeded } from '../../../model/credential.ts';
import { Fault, UpstreamFault } from '../../../model/fault.ts';
import type { Json, JsonObject } from '../../../model/json.ts';
import {
  failure,
  type RpcMessage,
  type RpcNotification,
  type RpcRequest,
  type RpcResponse,
} from '../../../model/jsonrpc.ts';
import { metaOf } from '../../../model/mcp.ts';
import type { OnMessage, UpstreamReply } from '../../../ports/upstream.ts';
import { answerRefusal, withApproval } from '../answers.ts';
import { Offers } from '../waiting/capabilities.ts';
import type { Held } from '../waiting/held.ts';
import { askToConnect } from '../waiting/page/ask.ts';
import { isAboutOwnTask, withOwnTasks } from '../waiting/tasks/peer-tasks.ts';
import type { Waiting } from '../waiting/waiting.ts';
import { carrying, withheld, withoutAction } from './action/carry.ts';
import { ClientAsks } from './client/asks.ts';
import type { Asker, Peer, RequestContext } from './client/context.ts';
import { type Going, NOTHING_CAME, OwnTasks } from './client/tasks.ts';
import { type Conversation, greetAgain } from './conversation.ts';
import { checkParamHeaders, mirrorHeaders } from './headers.ts';
import { observeAndFilter } from './listing.ts';

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
  readonly waiting: Waiting;
}

const MAX_LIST_PAGES = 100;

/** A request under way that its client may cancel. */
interface Cancel {
  readonly controller: AbortController;
  /** The server knows of it. */
  sent: boolean;
}

export class ServerPeer implements Peer {
  readonly #options: PeerOptions;
  #conversation: Promise<Conversation | UpstreamReply> | null = null;
  /** Set while or after this conversation's catalogue was listed. */
  #listed: Promise<void> | null = null;
  /** The server says its catalogue changed. */
  #stale = false;
  readonly #asks: ClientAsks;
  /** The client's handshake, for a server that has to be started anew. */
  #hello: RpcRequest | null = null;
  #greeted = false;
  /** The conversation is open: sending waits for nothing. */
  #ready = false;
  /** Requests under way that the client may cancel, by id (revisions with sessions). */
  readonly #cancels = new Map<string, Cancel>();
  /** What this client was told the gateway can do. */
  readonly #offers = new Offers();
  readonly #tasks: OwnTasks;
  #closed = false;
  /** Whose credential this conversation carries; set by its first request, and nobody else's from then on. */
  #holder: string | null = null;

  constructor(options: PeerOptions) {
    this.#options = options;
    this.#tasks = new OwnTasks({
      ...{ gateway: options.gateway, desk: options.waiting.desk, unsolicited: options.unsolicited },
      closed: () => this.#closed,
      walk: (message, step) => this.#walk(message, { ...step, server: this.#server() }),
      call: async (message, step) => (await this.#call(message, { ...step, server: this.#server() })).result,
      ready: async ({ action, context }) => {
        this.#checkHolder(this.#server(), context.caller);
        if (action.target.kind === 'tool') await this.#ensureKnown(action, context);
      },
      server: () => this.#server().id,
    });
    this.#asks = new ClientAsks({ gateway: options.gateway, server: () => this.#server() });
  }

  async request(received: RpcRequest, context: RequestContext): Promise<UpstreamReply> {
    const came = await this.#options.waiting.receive(withoutAction(received), context.caller);
    if (isAboutOwnTask(came.message, context.era)) return this.#aboutTask(came.message, context);
    const spec = CLIENT_REQUESTS.get(came.message.method);
    if (spec === undefined || (spec.era !== 'both' && spec.era !== context.era)) return methodNotFound(came.message);
    const server = this.#server();
    this.#checkHolder(server, context.caller);
    const task = this.#taskOfOurs(came.message, context);
    const message = task === null ? came.message : task.message;
    const action = toAction(message, spec, server.id);
    if (came.returned !== null && came.returned.digest !== action.digest)
      throw new Fault('invalid-params', 'requestState was given for another request: make this call without it');
    if (action.target.kind === 'tool') await this.#ensureKnown(action, context);
    if (context.era === 'modern') checkParamHeaders(this.#gateway.inventory, action, context.paramHeaders);
    if (message.method === 'initialize') this.#hello = message;
    const step = { server, action, context, came };
    if (task !== null)
      return this.#cancellable(message, ({ controller }) =>
        this.#tasks.start(message, { ...step, controller, ttl: task.ttl }),
      );
    return context.gone === null
      ? this.#cancellable(message, ({ controller }) =>
          this.#walk(message, { ...step, context: { ...context, gone: controller.signal } }),
        )
      : this.#walk(message, step);
  }

  #aboutTask(message: RpcRequest, context: RequestContext): Promise<UpstreamReply> {
    this.#checkHolder(this.#server(), context.caller);
    return this.#cancellable(message, ({ controller: { signal } }) => {
      const gone = context.gone === null ? signal : AbortSignal.any([context.gone, signal]);
      return this.#tasks.about(message, { ...context, gone });
    });
  }

  /** A call its client wants as a task (2025-11-25), where the server keeps none of this tool: the gateway does. */
  #taskOfOurs(message: RpcRequest, { era }: RequestContext): { message: RpcRequest; ttl: Json | undefined } | null {
    if (era !== 'legacy' || message.method !== 'tools/call') return null;
    const tool = this.#gateway.inventory.resolve(this.#server().id, String(message.params?.name));
    return this.#offers.taskOf(message, tool.state === 'pinned' ? tool.definition : null);
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
  async #cancellable(message: RpcRequest, run: (cancel: Cancel) => Promise<UpstreamReply>): Promise<UpstreamReply> {
    const key = JSON.stringify(message.id);
    const cancel: Cancel = { controller: new AbortController(), sent: false };
    this.#cancels.set(key, cancel);
    try {
      return await run(cancel);
    } finally {
      if (this.#cancels.get(key) === cancel) this.#cancels.delete(key);
    }
  }

  async #walk(message: RpcRequest, step: Step): Promise<UpstreamReply> {
    const { waiting } = this.#options;
    const { action, context, came } = step;
    const speaker = { era: context.era, hello: this.#hello };
    const waiter = {
      ...{ ...came, message, caller: context.caller, speaker, version: this.#offers.versionOf(context.era) },
      ...{
        session: context.session.id,
        taskAsked: step.taskAsked === true,
        deliver: context.deliver,
        unsolicited: this.#options.unsolicited,
      },
      patienceMs: context.patienceMs ?? null,
    };
    const held = waiting.hold(waiter);
    const { result, httpStatus } = await this.#call(message, { ...step, held }).finally(() => held.end());
    if (result.kind === 'answered') {
      const response = withApproval(result.response, result.approval);
      return { response: this.#withTasks(message, response, context), httpStatus };
    }
    const { refusal } = result;
    const asked =
      refusal.fault instanceof ConnectionNeeded
        ? askToConnect(message, refusal.fault, { ...speaker, answers: came.answers })
        : null;
    if (asked !== null) return asked;
    if (refusal.code !== 'approval-pending' || refusal.approval === null || refusal.hidden)
      return answerRefusal(message.id, refusal, action.target);
    return waiting.tell(waiter, { held, refusal, action, runner: this.#tasks.runner(message, context) });
  }

  /** What the gateway itself adds to what the server says. */
  #withTasks(message: RpcRequest, response: RpcResponse, context: RequestContext): RpcResponse {
    const { caller, era } = context;
    const server = this.#server().id;
    if (message.method === 'tasks/list') return withOwnTasks(this.#options.waiting.desk, response, { caller, server });
    return this.#offers.add(response, {
      ...{ method: message.method, era, asks: this.#gateway.snapshot().policies.asks },
      mightAsk: (tool) => couldAsk(this.#gateway, { caller, server, tool }),
    });
  }

  /** The one path, for one request of this client. */
  async #call(message: RpcRequest, step: Calling): Promise<{ result: CallResult; httpStatus: number | null }> {
    const { server, action, context, held } = step;
    let httpStatus: number | null = null;
    const result = await call(this.#gateway, {
      ...attemptOf(context, server, action),
      frame: message,
      traceparent: traceparentOf(message),
      ...(held === undefined ? {} : { parked: held.parked, enough: held.enough }),
      ...(step.resumes === undefined ? {} : { resumes: step.resumes }),
      release: async (permit, signal, { changed, lease }) => {
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
        const signed =
          changed === null ? message : { ...message, params: { ...message.params, arguments: changed.arguments } };
        const sent = lease === null ? { message: signed, extra: {} } : carrying(signed, lease.present());
        this.#sending(message, step);
        const reply = await conversation.exchange(sent.message, {
          ...sent.extra,
          permit,
          signal,
          timeoutMs: isLongLived(message.method) ? 0 : server.timeoutMs,
          onMessage: (frame) => this.#fromServer(frame, context),
          ...(context.pause === undefined ? {} : { onPaused: context.pause }),
          headers:
            conversation.link.era === 'modern'
              ? mirrorHeaders(this.#gateway.inventory, signed, changed?.action ?? action)
              : {},
        });
        httpStatus = reply.httpStatus;
        return observeAndFilter(this.#gateway, {
          message,
          response: server.actions === null ? reply.response : withheld(reply.response),
          caller: context.caller,
          server: server.id,
        });
      },
    });
    // Whoever has greeted is greeted for when the server can be reached after all.
    if (message.method === 'initialize') this.#greeted = true;
    return { result, httpStatus };
  }

  /** From now on the server has to be told when its client does not want it any more. */
  #sending(message: RpcRequest, step: Calling): void {
    const cancel = this.#cancels.get(JSON.stringify(message.id));
    if (cancel !== undefined) cancel.sent = true;
    step.onSent?.();
  }

  async notify(received: RpcNotification, asker: Asker): Promise<void> {
    const message = withoutAction(received);
    const spec = CLIENT_NOTIFICATIONS.get(message.method);
    if (spec === undefined || (spec.era !== 'both' && spec.era !== asker.era))
      throw new Fault('method-not-found', 'Method not found');
    if (message.method === 'notifications/cancelled' && this.#neverSent(message)) return;
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
          this.#cancels.get(JSON.stringify(message.params?.requestId))?.controller.abort();
        if (message.method === 'notifications/initialized') conversation.link.listen();
        return { jsonrpc: '2.0', id: 0, result: {} };
      },
    });
    if (result.kind === 'refused') throw new Fault('forbidden', 'the notification was refused');
  }

  /** A call that waits for people is cancelled here: its server has nothing to stop. The question stays. */
  #neverSent(message: RpcNotification): boolean {
    const cancel = this.#cancels.get(JSON.stringify(message.params?.requestId));
    if (cancel === undefined || cancel.sent) return false;
    cancel.controller.abort();
    return true;
  }

  answer(message: RpcResponse): boolean {
    return this.#asks.answer(message);
  }

  async close(why: string): Promise<void> {
    this.#closed = true;
    this.#asks.end();
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
      this.#asks.end();
      conversation.ended?.();
    });
    const timeoutMs = this.#server().timeoutMs;
    if (again && this.#hello !== null && conversation.link.era === 'legacy' && asker.era === 'legacy')
      await greetAgain(conversation.link, this.#hello, { signal, timeoutMs });
    return conversation;
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
        came: NOTHING_CAME,
      });
      if (!('result' in reply.response) || typeof reply.response.result.nextCursor !== 'string') return;
      cursor = reply.response.result.nextCursor;
    }
  }

  /** A frame from the server: what is not mapped does not pass. */
  #fromServer(received: RpcMessage, context: RequestContext | null): void {
    const frame = (this.#options.server()?.actions ?? null) === null ? received : withheld(received);
    if (!('method' in frame)) return;
    const deliver = context?.deliver ?? this.#options.unsolicited;
    if ('id' in frame) {
      const asker = context ?? this.#options.asker();
      void this.#asks.ask(frame, { asker, deliver, conversation: this.#conversation });
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
}

interface Step extends Going {
  readonly server: ServerEntry;
}

interface Calling extends Pick<Going, 'action' | 'context' | 'onSent'> {
  readonly server: ServerEntry;
  readonly held?: Held;
  readonly resumes?: string;
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
