import type { IncomingHttpHeaders } from 'node:http';
import type { Dispatcher } from 'undici';
import { bug, Fault, UpstreamFault } from '../../../../model/fault.ts';
import { decodeUtf8, toUpstreamFault } from '../../frames.ts';
import { SseReader } from './sse.ts';

export interface ExchangeLimits {
  /** Bound on a JSON body and on one event of a stream. */
  readonly responseBytes: number;
  /** Bound on a whole event stream; 0: none (streams that stay open by design). */
  readonly streamBytes: number;
}

/** What is sent. */
export interface ExchangeRequest {
  readonly method: 'POST' | 'GET' | 'DELETE';
  readonly path: string;
  readonly headers: readonly string[];
  readonly body: string | null;
}

export interface Head {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: 'json' | 'sse' | 'other';
}

export type ExchangeEnd =
  | { readonly kind: 'body'; readonly head: Head /** '' unless the body is JSON. */; readonly text: string }
  | {
      readonly kind: 'stream';
      readonly lastEventId: string;
      readonly retryMs: number | null;
      readonly fault: UpstreamFault | null;
    }
  | { readonly kind: 'failed'; readonly fault: UpstreamFault };

export interface ExchangeSink {
  /** May throw a Fault to refuse the answer. */
  onHead(head: Head): void;
  onData(data: string): void;
  /** Exactly once, unless the exchange was dropped. */
  onEnd(end: ExchangeEnd): void;
}

/** What an answer nobody will read may still cost before its connection is given up. */
const DRAIN_BYTES = 65_536;

/**
 * One HTTP exchange on undici's lowest interface: `Pool.dispatch` costs a fraction of `request`, which builds a stream nobody
 * needs for a body that is read whole. Not reused.
 */
export class Exchange implements Dispatcher.DispatchHandler {
  /** Bytes may have left: from here on the outcome is the server's. */
  started = false;
  ended = false;

  readonly #sink: ExchangeSink;
  readonly #limits: ExchangeLimits;
  readonly #onGone: (exchange: Exchange) => void;
  #request: ExchangeRequest | null;
  #controller: Dispatcher.DispatchController | null = null;
  #cancelled: Error | null = null;
  #silent = false;
  #head: Head | null = null;
  #sse: SseReader | null = null;
  #chunks: Buffer[] = [];
  #bytes = 0;

  constructor(
    request: ExchangeRequest,
    sink: ExchangeSink,
    options: { limits: ExchangeLimits; onGone: (exchange: Exchange) => void },
  ) {
    this.#request = request;
    this.#sink = sink;
    this.#limits = options.limits;
    this.#onGone = options.onGone;
  }

  /** What to send, told once: from here on the exchange ends by what the connection does. */
  dispatched(): ExchangeRequest {
    const request = this.#request ?? bug('an exchange is dispatched once');
    this.#request = null;
    return request;
  }

  /** Closes the connection and tells the sink nothing more. Safe at any time, also while still waiting for a connection. */
  drop(): void {
    this.#silent = true;
    if (this.#request === null) return this.#abort(new Fault('upstream-unavailable', 'dropped'));
    this.#request = null;
    this.ended = true;
    this.#onGone(this);
  }

  #abort(reason: Error): void {
    this.#cancelled ??= reason;
    if (!this.ended) this.#controller?.abort(reason);
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    if (this.#cancelled === null) this.started = true;
    else controller.abort(this.#cancelled);
  }

  onResponseStart(_controller: Dispatcher.DispatchController, status: number, headers: IncomingHttpHeaders): void {
    if (status < 200 || this.#silent) return;
    this.#guard(() => {
      const head = { status, headers, body: bodyKind(headers) };
      this.#head = head;
      if (head.body === 'sse') {
        // A UTF-16 unit is at least one byte of UTF-8: the bound in bytes also bounds the units.
        this.#sse = new SseReader({ maxEventChars: this.#limits.responseBytes, onData: (data) => this.#onData(data) });
      } else if (head.body === 'json' && Number(headers['content-length'] ?? 0) > this.#limits.responseBytes) {
        throw new Fault('response-too-large', 'the server sent an answer that is too large');
      }
      this.#sink.onHead(head);
    });
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.#silent || this.#head === null) return;
    this.#guard(() => {
      this.#bytes += chunk.length;
      if (this.#sse !== null) {
        const bound = this.#limits.streamBytes;
        if (bound > 0 && this.#bytes > bound)
          throw new Fault('response-too-large', 'the server sent a stream that is too large');
        this.#sse.push(chunk);
      } else if (this.#head?.body === 'json') {
        if (this.#bytes > this.#limits.responseBytes) {
          throw new Fault('response-too-large', 'the server sent an answer that is too large');
        }
        this.#chunks.push(chunk);
      } else if (this.#bytes > DRAIN_BYTES)
        throw new Fault('upstream-protocol', 'the server sent an answer that is not JSON');
    });
  }

  onResponseEnd(): void {
    if (this.#sse !== null) return this.#finish(this.#streamEnd(null));
    const head = this.#head;
    if (head === null) return this.#finish({ kind: 'failed', fault: toUpstreamFault(new Error('no answer'), true) });
    let text: string;
    try {
      text = head.body === 'json' ? decodeUtf8(this.#whole()) : '';
    } catch (error) {
      return this.#finish({ kind: 'failed', fault: toUpstreamFault(error, true) });
    }
    this.#finish({ kind: 'body', head, text });
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    const fault = toUpstreamFault(this.#cancelled ?? error, this.started);
    // A refusal of ours ends the matter; a broken stream may be resumed.
    if (this.#sse !== null && this.#cancelled === null) return this.#finish(this.#streamEnd(fault));
    this.#finish({ kind: 'failed', fault });
  }

  #onData(data: string): void {
    if (!this.#silent) this.#sink.onData(data);
  }

  #whole(): Buffer {
    return this.#chunks.length === 1 ? (this.#chunks[0] as Buffer) : Buffer.concat(this.#chunks, this.#bytes);
  }

  #streamEnd(fault: UpstreamFault | null): ExchangeEnd {
    return { kind: 'stream', lastEventId: this.#sse?.lastEventId ?? '', retryMs: this.#sse?.retryMs ?? null, fault };
  }

  /** undici must never see an exception of ours: it would become an unrelated error of the socket. */
  #guard(step: () => void): void {
    try {
      step();
    } catch (error) {
      this.#abort(error instanceof Error ? error : new Error(String(error)));
    }
  }

  #finish(end: ExchangeEnd): void {
    if (this.ended) return;
    this.ended = true;
    this.#onGone(this);
    if (!this.#silent) this.#sink.onEnd(end);
  }
}

function bodyKind(headers: IncomingHttpHeaders): Head['body'] {
  const encoding = headers['content-encoding'];
  if (encoding !== undefined && encoding !== 'identity') {
    throw new Fault('upstream-protocol', 'the server compressed its answer although it was not asked to');
  }
  const type = headers['content-type'];
  if (typeof type !== 'string') return 'other';
  const media = (type.split(';', 1)[0] as string).trim().toLowerCase();
  if (media === 'application/json' || media.endsWith('+json')) return 'json';
  return media === 'text/event-stream' ? 'sse' : 'other';
}
