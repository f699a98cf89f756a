import { Fault, UpstreamFault } from '../../../model/fault.ts';
import type { RpcMessage, RpcNotification, RpcRequest, RpcResponse } from '../../../model/jsonrpc.ts';
import type { Era, OnMessage, SendOptions, UpstreamLink, UpstreamReply } from '../../../ports/upstream.ts';
import { refusesInitialize } from '../discover.ts';
import type { CallPeer } from './call.ts';
import { Listener } from './listener.ts';
import { acknowledged, closedFault, Flights, type HttpPeer, postOnce, withAction } from './peer.ts';
import type { Exchange, ExchangeSink, Head } from './wire/exchange.ts';

/** MCP 2025-11-25 "Session Management", item 1: visible ASCII. The length is ours. */
const SESSION_ID = /^[\x21-\x7e]{1,1024}$/;
const VERSION = /^[\x21-\x7e]{1,32}$/;

/** MCP 2025-06-18 and 2025-11-25 over streamable HTTP: one session, from `initialize` to DELETE. */
export class LegacyLink implements UpstreamLink {
  readonly era: Era = 'legacy';
  readonly server: string;
  closed = false;

  readonly #peer: HttpPeer;
  readonly #calls: CallPeer;
  readonly #flights = new Flights();
  #session: string | null = null;
  #initialized = false;
  /** Session and version, on every request after `initialize`. */
  #headers: readonly string[] = [];
  #listener: Listener | null = null;
  #listenWanted = false;
  #onUnsolicited: OnMessage | null = null;
  #onClosed: ((why: string) => void) | null = null;

  constructor(peer: HttpPeer) {
    this.#peer = peer;
    this.server = peer.id;
    this.#calls = this.#callPeer(peer);
  }

  async request(message: RpcRequest, options: SendOptions): Promise<UpstreamReply> {
    if (this.closed) throw closedFault('request on a closed link');
    const initialize = message.method === 'initialize';
    if (!this.#initialized && !initialize) throw new Fault('invalid-request', 'the first request must be initialize');
    const headers = withAction(this.#headers, options);
    const reply = await this.#flights.start(this.#calls, { message, headers }, options);
    if (initialize) this.#onInitialize(reply.response);
    return reply;
  }

  #callPeer(peer: HttpPeer): CallPeer {
    return {
      json: peer.json,
      serverRequests: true,
      resume: peer.resume,
      send: ({ message, headers }, sink) =>
        peer.dispatch({ method: 'POST', headers, body: JSON.stringify(message), stream: false }, sink),
      resumeFrom: (lastEventId, sink) => this.#get(lastEventId, sink),
      onHead: (message, head) => {
        if (message.method === 'initialize') this.#onInitializeHead(head);
      },
      cancelled: (message) => {
        // MCP 2025-11-25 "Cancellation": initialize must not be cancelled.
        if (message.method !== 'initialize') this.#cancel(message);
      },
      sessionLost: () => this.#lose(),
      refused: (status, response) => this.#refused(status, response),
      dropped: peer.dropped,
      done: (message, fault) => {
        this.#flights.land(message.id);
        peer.report(fault);
      },
    };
  }

  #onInitializeHead(head: Head): void {
    const session = head.headers['mcp-session-id'];
    if (head.status >= 300 || session === undefined) return;
    if (typeof session !== 'string' || !SESSION_ID.test(session)) {
      throw new UpstreamFault('upstream-protocol', 'the server assigned a session id that is not visible ASCII', {
        sent: true,
      });
    }
    this.#session = session;
    this.#headers = ['mcp-session-id', session];
  }

  #onInitialize(response: RpcResponse): void {
    if ('error' in response) {
      if (refusesInitialize(response)) this.#peer.initializeRefused();
      return;
    }
    const version = response.result.protocolVersion;
    const headers = this.#session === null ? [] : ['mcp-session-id', this.#session];
    if (typeof version === 'string' && VERSION.test(version)) headers.push('mcp-protocol-version', version);
    this.#headers = headers;
    this.#initialized = true;
    if (this.#listenWanted) this.listen();
  }

  #refused(status: number, response: RpcResponse | null): UpstreamFault | null {
    if (status !== 404 || this.#session === null) return null;
    // A dual-era server answers an unknown method with 404 too; anything else means that the session is gone.
    if (response !== null && 'error' in response && response.error.code === -32601) return null;
    return new UpstreamFault('upstream-unavailable', 'the server no longer knows the session', {
      sent: false,
      detail: 'HTTP 404',
    });
  }

  #cancel(message: RpcRequest): void {
    if (this.closed) return;
    const notice = { jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: message.id } } as const;
    this.#send(notice).catch((error: Error) => this.#peer.dropped(`a cancellation: ${error.message}`));
  }

  async post(message: RpcNotification | RpcResponse): Promise<void> {
    if (this.closed) throw closedFault('post on a closed link');
    await this.#send(message);
  }

  #send(message: RpcNotification | RpcResponse): Promise<void> {
    return postOnce(this.#peer, {
      method: 'POST',
      headers: this.#headers,
      body: JSON.stringify(message),
      stream: false,
    });
  }

  #get(lastEventId: string, sink: ExchangeSink, stream = false): Exchange {
    const headers = lastEventId === '' ? this.#headers : [...this.#headers, 'last-event-id', lastEventId];
    return this.#peer.dispatch({ method: 'GET', headers, body: null, stream }, sink);
  }

  onUnsolicited(handler: OnMessage): void {
    this.#onUnsolicited = handler;
  }

  listen(): void {
    this.#listenWanted = true;
    if (this.closed || !this.#initialized || this.#listener !== null) return;
    const peer = this.#peer;
    this.#listener = new Listener({
      json: peer.json,
      resume: peer.resume,
      get: (lastEventId, sink) => {
        try {
          return this.#get(lastEventId, sink, true);
        } catch (error) {
          if (!(error instanceof UpstreamFault)) throw error;
          return null;
        }
      },
      onMessage: (message: RpcMessage) => this.#onUnsolicited?.(message),
      sessionLost: () => this.#lose(),
      dropped: peer.dropped,
    });
  }

  onClosed(handler: (why: string) => void): void {
    this.#onClosed = handler;
  }

  async close(why: string): Promise<void> {
    if (!this.#end(why) || this.#session === null) return;
    // 405 is an answer too: the server keeps its session until it forgets it.
    const message = { method: 'DELETE', headers: this.#headers, body: null, stream: false } as const;
    await acknowledged(this.#peer, message, this.#peer.closeTimeoutMs).catch(() => {});
  }

  #lose(): void {
    this.#end('the server no longer knows the session');
  }

  #end(why: string): boolean {
    if (this.closed) return false;
    this.closed = true;
    this.#listener?.stop();
    this.#flights.end(why);
    this.#peer.linkClosed(this);
    this.#onClosed?.(why);
    return true;
  }
}
