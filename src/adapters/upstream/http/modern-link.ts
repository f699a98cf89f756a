import { bug } from '../../../model/fault.ts';
import type { RpcNotification, RpcRequest, RpcResponse } from '../../../model/jsonrpc.ts';
import type { Era, OnMessage, SendOptions, UpstreamLink, UpstreamReply } from '../../../ports/upstream.ts';
import { MODERN_VERSION } from '../discover.ts';
import type { CallPeer } from './call.ts';
import { closedFault, Flights, type HttpPeer, postOnce, withAction } from './peer.ts';
import { modernHeaders } from './wire/headers.ts';

/** MCP 2026-07-28: every request stands alone; closing its stream cancels it; nothing is resumed. */
export class ModernLink implements UpstreamLink {
  readonly era: Era = 'modern';
  readonly server: string;
  closed = false;

  readonly #peer: HttpPeer;
  readonly #calls: CallPeer;
  readonly #flights = new Flights();
  #onClosed: ((why: string) => void) | null = null;

  constructor(peer: HttpPeer) {
    this.#peer = peer;
    this.server = peer.id;
    this.#calls = this.#callPeer(peer);
  }

  #callPeer(peer: HttpPeer): CallPeer {
    return {
      json: peer.json,
      serverRequests: false,
      resume: null,
      send: ({ message, headers }, sink) => {
        const stream = message.method === 'subscriptions/listen';
        return peer.dispatch({ method: 'POST', headers, body: JSON.stringify(message), stream }, sink);
      },
      resumeFrom: () => bug('a modern stream cannot be resumed'),
      onHead: () => {},
      // Closing the stream, which every failed call does, is the cancellation (MCP 2026-07-28 "Cancellation").
      cancelled: () => {},
      sessionLost: () => {},
      refused: () => null,
      dropped: peer.dropped,
      done: (message, fault) => {
        this.#flights.land(message.id);
        peer.report(fault);
      },
    };
  }

  async request(message: RpcRequest, options: SendOptions): Promise<UpstreamReply> {
    if (this.closed) throw closedFault('request on a closed link');
    const headers = withAction(modernHeaders(message, options.headers), options);
    return this.#flights.start(this.#calls, { message, headers }, options);
  }

  async post(message: RpcNotification | RpcResponse): Promise<void> {
    if (this.closed) throw closedFault('post on a closed link');
    const headers = ['mcp-protocol-version', MODERN_VERSION];
    if ('method' in message) headers.push('mcp-method', message.method);
    await postOnce(this.#peer, { method: 'POST', headers, body: JSON.stringify(message), stream: false });
  }

  onUnsolicited(_handler: OnMessage): void {}

  listen(): void {}

  onClosed(handler: (why: string) => void): void {
    this.#onClosed = handler;
  }

  async close(why: string): Promise<void> {
    if (this.closed) return;
    this.closed = true;
    this.#flights.end(why);
    this.#peer.linkClosed(this);
    this.#onClosed?.(why);
  }
}
