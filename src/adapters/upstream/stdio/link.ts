import { Fault, UpstreamFault } from '../../../model/fault.ts';
import { isObject, type Json } from '../../../model/json.ts';
import {
  isRequestId,
  type RequestId,
  type RpcMessage,
  type RpcNotification,
  type RpcRequest,
  type RpcResponse,
} from '../../../model/jsonrpc.ts';
import type { JsonLimits } from '../../../model/strict-json.ts';
import type { Era, OnMessage, SendOptions, UpstreamLink, UpstreamReply } from '../../../ports/upstream.ts';
import { refusesInitialize } from '../discover.ts';
import { decodeUtf8, readFrame, toUpstreamFault, withId } from '../frames.ts';

export interface StdioPeer {
  readonly id: string;
  readonly json: JsonLimits;
  /** From the first request to the first frame. */
  readonly startupTimeoutMs: number;
  /** Lines that are no frames, before the child is given up. */
  readonly maxGarbage: number;
  dropped(why: string): void;
  initializeRefused(): void;
  /** The first frame arrived. */
  answered(): void;
  ended(link: StdioLink): void;
}

/** What a link writes to and ends. */
export interface Pipe {
  /** Faults `overloaded`, `upstream-unavailable`. */
  write(line: string): void;
  stop(): void;
  readonly gone: Promise<void>;
}

interface Flight {
  readonly message: RpcRequest;
  readonly options: SendOptions;
  readonly token: Json | undefined;
  readonly resolve: (reply: UpstreamReply) => void;
  readonly reject: (fault: Fault) => void;
  readonly onAbort: () => void;
  readonly timer: NodeJS.Timeout | null;
}

/** Cancelled requests whose answer may still come: their ids stay taken. */
const MAX_LATE = 1_000;
/** A refused frame is looked at once more for its id only, and only when that is cheap. */
const PEEK_CHARS = 65_536;
const SUBSCRIPTION = 'io.modelcontextprotocol/subscriptionId';
/** Told to the session, whatever request happens to be in flight. */
const ABOUT_THE_SESSION = /^notifications\/(?:.+\/list_changed|resources\/updated)$/;

/** One conversation over the pipes of one child. All answers share a channel: ids and tokens say what belongs to what. */
export class StdioLink implements UpstreamLink {
  readonly server: string;
  readonly era: Era;
  closed = false;
  /** Who ended it: the session it served, or the server by dying or by what it sent. Null while it is open. */
  endedBy: 'session' | 'server' | null = null;

  readonly #peer: StdioPeer;
  readonly #flights = new Map<RequestId, Flight>();
  readonly #late = new Set<RequestId>();
  #pipe!: Pipe;
  #opened = false;
  #heard = false;
  #garbage = 0;
  #startup: NodeJS.Timeout | null = null;
  #onUnsolicited: OnMessage | null = null;
  #onClosed: ((why: string) => void) | null = null;

  constructor(peer: StdioPeer, era: Era) {
    this.#peer = peer;
    this.server = peer.id;
    this.era = era;
  }

  attach(pipe: Pipe): void {
    this.#pipe = pipe;
  }

  /** Whether the child ever said anything that was a frame. */
  get heard(): boolean {
    return this.#heard;
  }

  async request(message: RpcRequest, options: SendOptions): Promise<UpstreamReply> {
    if (this.closed) throw closedFault('request on a closed link', false);
    const { id, method } = message;
    if (this.era === 'legacy' && !this.#opened && method !== 'initialize') {
      throw new Fault('invalid-request', 'the first request must be initialize');
    }
    if (this.#flights.has(id)) throw new Fault('invalid-request', 'a request with this id is still in flight');
    if (this.#late.has(id))
      throw new Fault('invalid-request', 'a request with this id was cancelled and may still be answered');
    if (options.signal.aborted) throw cancelledFault(options.signal.reason, false);
    this.#pipe.write(JSON.stringify(message));
    this.#opened = true;
    if (!this.#heard) this.#startup ??= setTimeout(() => this.#onStartupTimeout(), this.#peer.startupTimeoutMs);
    return new Promise((resolve, reject) => this.#track(message, options, { resolve, reject }));
  }

  #track(message: RpcRequest, options: SendOptions, settle: Pick<Flight, 'resolve' | 'reject'>): void {
    const meta = message.params?._meta;
    const give = (fault: UpstreamFault): void => this.#giveUp(message, fault);
    const onAbort = (): void => give(cancelledFault(options.signal.reason, true));
    const onTimeout = (): void =>
      give(
        new UpstreamFault('upstream-timeout', `the server did not answer within ${options.timeoutMs} ms`, {
          sent: true,
        }),
      );
    const timer = options.timeoutMs > 0 ? setTimeout(onTimeout, options.timeoutMs) : null;
    options.signal.addEventListener('abort', onAbort);
    const token = isObject(meta) ? meta.progressToken : undefined;
    this.#flights.set(message.id, { message, options, token, ...settle, onAbort, timer });
  }

  #giveUp(message: RpcRequest, fault: UpstreamFault): void {
    const flight = this.#land(message.id);
    if (flight === null) return;
    if (this.#late.size >= MAX_LATE) this.#late.delete(this.#late.values().next().value as RequestId);
    this.#late.add(message.id);
    // MCP 2025-11-25 "Cancellation": initialize must not be cancelled.
    if (message.method !== 'initialize') {
      const notice = { jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: message.id } };
      try {
        this.#pipe.write(JSON.stringify(notice));
      } catch (error) {
        this.#peer.dropped(`a cancellation: ${(error as Error).message}`);
      }
    }
    flight.reject(fault);
  }

  #land(id: RequestId): Flight | null {
    const flight = this.#flights.get(id);
    if (flight === undefined) return null;
    this.#flights.delete(id);
    if (flight.timer !== null) clearTimeout(flight.timer);
    flight.options.signal.removeEventListener('abort', flight.onAbort);
    return flight;
  }

  onLine(line: Buffer): void {
    if (this.closed) return;
    let text = '';
    try {
      text = decodeUtf8(line);
      const frame = readFrame(text, this.#peer.json);
      if (frame.kind === 'invalid') return this.#onGarbage(frame.why);
      this.#onFrame(frame.message);
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      if (error.code === 'unsafe-json') this.#onUnsafe(text, error);
      else this.#onGarbage(error.message);
    }
  }

  #onFrame(message: RpcMessage): void {
    if (!this.#heard) {
      this.#heard = true;
      if (this.#startup !== null) clearTimeout(this.#startup);
      this.#peer.answered();
    }
    if (!('method' in message)) return this.#onResponse(message);
    if ('id' in message && this.era === 'modern')
      return this.#peer.dropped('a request from a server of a revision without them');
    const flight = this.#owner(message);
    if (flight !== null && message.method === 'notifications/cancelled')
      return this.#onServerCancelled(flight, message);
    if (flight === null) this.#onUnsolicited?.(message);
    else flight.options.onMessage(message);
  }

  /** The request a notification or server request belongs to, as far as the protocol says it. */
  #owner(message: RpcNotification | RpcRequest): Flight | null {
    const params = message.params;
    const meta = params?._meta;
    const subscription = isObject(meta) ? meta[SUBSCRIPTION] : undefined;
    if (isRequestId(subscription)) return this.#flights.get(subscription) ?? null;
    if (message.method === 'notifications/progress') {
      for (const flight of this.#flights.values()) {
        if (flight.token !== undefined && flight.token === params?.progressToken) return flight;
      }
      return null;
    }
    if (message.method === 'notifications/cancelled') {
      const id = params?.requestId;
      const flight = isRequestId(id) ? this.#flights.get(id) : undefined;
      // Only a subscription can be ended this way; any other id is one of the server's own requests.
      return flight !== undefined && flight.message.method === 'subscriptions/listen' ? flight : this.#only();
    }
    return ABOUT_THE_SESSION.test(message.method) ? null : this.#only();
  }

  #only(): Flight | null {
    return this.#flights.size === 1 ? (this.#flights.values().next().value as Flight) : null;
  }

  #onServerCancelled(flight: Flight, message: RpcNotification | RpcRequest): void {
    flight.options.onMessage(message);
    if (flight.message.method !== 'subscriptions/listen' || message.params?.requestId !== flight.message.id) return;
    this.#land(flight.message.id);
    flight.reject(new UpstreamFault('upstream-unavailable', 'the server ended the subscription', { sent: true }));
  }

  #onResponse(response: RpcResponse): void {
    const { id } = response;
    const flight = isRequestId(id) ? this.#land(id) : this.#anonymous();
    if (flight !== null) {
      if (flight.message.method === 'initialize' && refusesInitialize(response)) this.#peer.initializeRefused();
      return flight.resolve({ response: withId(response, flight.message.id), httpStatus: null });
    }
    if (isRequestId(id) && this.#late.delete(id)) return this.#peer.dropped('the answer to a cancelled request');
    this.#peer.dropped('a response with an unknown id');
  }

  /** An error without id says that a request could not be read: with one in flight there is no doubt which. */
  #anonymous(): Flight | null {
    const only = this.#only();
    return only === null ? null : this.#land(only.message.id);
  }

  onOversize(): void {
    if (this.closed) return;
    const fault = new UpstreamFault('response-too-large', 'the server sent a message that is too large', {
      sent: true,
    });
    const only = this.#only();
    this.#peer.dropped('a line over its limit');
    // Whose it was cannot be read any more; with several in flight none of them may wait for it.
    if (only === null) return this.#end('a message was too large', fault);
    this.#land(only.message.id);
    this.#late.add(only.message.id);
    only.reject(fault);
  }

  #onUnsafe(text: string, error: Fault): void {
    const fault = toUpstreamFault(error, true);
    const id = peekId(text);
    const flight = id === null ? this.#anonymous() : this.#land(id);
    this.#peer.dropped(`a refused frame: ${error.message}`);
    flight?.reject(fault);
  }

  #onGarbage(why: string): void {
    this.#garbage++;
    this.#peer.dropped(`not a frame: ${why}`);
    if (this.#garbage > this.#peer.maxGarbage) {
      this.#end(
        'too much garbage',
        new UpstreamFault('upstream-protocol', 'the server does not speak MCP on its standard output', { sent: true }),
      );
    }
  }

  #onStartupTimeout(): void {
    const text = `the server said nothing within ${this.#peer.startupTimeoutMs} ms of its start`;
    this.#end('no answer after the start', new UpstreamFault('upstream-timeout', text, { sent: true }));
  }

  /** The child is gone. */
  onExit(how: string): void {
    this.#end(
      `the server ended: ${how}`,
      new UpstreamFault('upstream-unavailable', 'the server ended before its answer', { sent: true, detail: how }),
    );
  }

  async post(message: RpcNotification | RpcResponse): Promise<void> {
    if (this.closed) throw closedFault('post on a closed link', false);
    this.#pipe.write(JSON.stringify(message));
  }

  onUnsolicited(handler: OnMessage): void {
    this.#onUnsolicited = handler;
  }

  listen(): void {}

  onClosed(handler: (why: string) => void): void {
    this.#onClosed = handler;
  }

  async close(why: string): Promise<void> {
    this.#end(why, closedFault(why, true), 'session');
    await this.#pipe.gone;
  }

  #end(why: string, fault: UpstreamFault, endedBy: 'session' | 'server' = 'server'): void {
    if (this.closed) return;
    this.closed = true;
    this.endedBy = endedBy;
    if (this.#startup !== null) clearTimeout(this.#startup);
    for (const id of [...this.#flights.keys()]) this.#land(id)?.reject(fault);
    this.#pipe.stop();
    this.#peer.ended(this);
    this.#onClosed?.(why);
  }
}

function closedFault(why: string, sent: boolean): UpstreamFault {
  return new UpstreamFault('upstream-unavailable', 'the connection to the server was closed', { sent, detail: why });
}

function cancelledFault(cause: unknown, sent: boolean): UpstreamFault {
  return new UpstreamFault('upstream-unavailable', 'the call was cancelled', { sent, cause });
}

function peekId(text: string): RequestId | null {
  if (text.length > PEEK_CHARS) return null;
  try {
    const value = JSON.parse(text) as Json;
    return isObject(value) && isRequestId(value.id) ? value.id : null;
  } catch {
    return null;
  }
}
