import type { ServerResponse } from 'node:http';
import { frameText, type RpcMessage, type RpcResponse } from '../../model/jsonrpc.ts';
import { openSse, QUIET_MS, sendFrame, writeEvent } from './responder.ts';

interface Event {
  readonly seq: number;
  readonly data: string;
}

/** Kept of one stream for a client that comes back, whatever the number of events; the newest is always kept. */
const MAX_KEPT_CHARS = 8 * 1024 * 1024;

/**
 * One SSE stream of a session (2025-11-25 and before). Events carry ids, so a client whose connection broke gets what it missed by
 * `Last-Event-ID`; what is kept for that is bounded, oldest dropped first.
 */
export class EventStream {
  readonly id: number;
  readonly #max: number;
  #events: Event[] = [];
  #keptChars = 0;
  #nextSeq = 1;
  #response: ServerResponse | null = null;
  finished = false;

  constructor(id: number, maxEvents: number) {
    this.id = id;
    this.#max = maxEvents;
  }

  attach(response: ServerResponse, headers: Record<string, string>, afterSeq: number | null): void {
    this.#response?.end();
    this.#response = response;
    openSse(response, headers);
    response.once('close', () => {
      if (this.#response === response) this.#response = null;
    });
    if (afterSeq !== null) {
      for (const event of this.#events) if (event.seq > afterSeq) this.#write(response, event);
    }
    if (this.finished) this.end();
  }

  /** An event with an id and no data: from now on the client can come back for the rest. */
  prime(): void {
    this.#push(null);
  }

  send(frame: RpcMessage): void {
    this.#push(frame);
  }

  /** Closes the connection and keeps the stream: the client comes back for the rest (2025-11-25, SSE polling). */
  pause(retryMs: number): void {
    this.#response?.write(`retry: ${retryMs}\n\n`);
    this.#response?.end();
    this.#response = null;
  }

  end(): void {
    this.finished = true;
    this.#response?.end();
    this.#response = null;
  }

  #push(frame: RpcMessage | null): void {
    if (this.finished) return;
    const event = { seq: this.#nextSeq++, data: frame === null ? '' : frameText(frame) };
    this.#events.push(event);
    this.#keptChars += event.data.length;
    while (this.#events.length > this.#max || (this.#keptChars > MAX_KEPT_CHARS && this.#events.length > 1)) {
      this.#keptChars -= this.#events.shift()?.data.length ?? 0;
    }
    if (this.#response !== null) this.#write(this.#response, event);
  }

  #write(response: ServerResponse, event: Event): void {
    writeEvent(response, `${this.id}-${event.seq}`, event.data);
  }
}

/** All streams of one session: one per request that needed one, and the standalone one the client opens by GET. */
export class Streams {
  readonly #maxEvents: number;
  readonly #open = new Map<number, EventStream>();
  #nextId = 1;
  readonly standalone: EventStream;

  constructor(maxEvents: number) {
    this.#maxEvents = maxEvents;
    this.standalone = new EventStream(0, maxEvents);
  }

  create(): EventStream {
    const stream = new EventStream(this.#nextId++, this.#maxEvents);
    this.#open.set(stream.id, stream);
    return stream;
  }

  /** `Last-Event-ID` names the stream and the event. Null: never issued, or long forgotten. */
  find(lastEventId: string): { readonly stream: EventStream; readonly afterSeq: number } | null {
    const match = /^(\d{1,9})-(\d{1,12})$/.exec(lastEventId);
    if (match === null) return null;
    const id = Number(match[1]);
    const stream = id === 0 ? this.standalone : this.#open.get(id);
    return stream === undefined ? null : { stream, afterSeq: Number(match[2]) };
  }

  /** A finished stream is kept for a while for a client that lost its end; at most eight of them. */
  retire(stream: EventStream): void {
    stream.end();
    const finished = [...this.#open.values()].filter((s) => s.finished);
    for (const old of finished.slice(0, -8)) this.#open.delete(old.id);
  }

  close(): void {
    this.standalone.end();
    for (const stream of this.#open.values()) stream.end();
    this.#open.clear();
  }
}

/** Answers one request of a session: JSON when the answer is all there is, else a resumable stream. */
export class SessionResponder {
  readonly #response: ServerResponse;
  readonly #streams: Streams;
  readonly #headers: Record<string, string>;
  readonly #streamHeaders: Record<string, string>;
  readonly #primes: boolean;
  #stream: EventStream | null = null;
  readonly #quiet: NodeJS.Timeout;

  constructor(
    response: ServerResponse,
    streams: Streams,
    options: { headers: Record<string, string>; streamHeaders?: Record<string, string>; primes: boolean },
  ) {
    this.#response = response;
    this.#streams = streams;
    this.#headers = options.headers;
    this.#streamHeaders = options.streamHeaders ?? options.headers;
    this.#primes = options.primes;
    this.#quiet = setTimeout(() => this.#streamed(), QUIET_MS);
    this.#quiet.unref();
  }

  readonly deliver = (frame: RpcMessage): void => {
    this.#streamed().send(frame);
  };

  readonly pause = (retryMs: number): void => {
    if (this.#primes) this.#streamed().pause(retryMs);
  };

  /** `headers` are those only known with the answer (the session id of `initialize`). */
  finish(answer: RpcResponse, httpStatus: number | null, headers: Record<string, string> = {}): void {
    clearTimeout(this.#quiet);
    if (this.#stream === null) {
      sendFrame(this.#response, httpStatus ?? 200, answer, { ...this.#headers, ...headers });
      return;
    }
    this.#stream.send(answer);
    this.#streams.retire(this.#stream);
  }

  /** The request ends without an answer of its own: somebody else writes it, or nobody. */
  abandon(): void {
    clearTimeout(this.#quiet);
    if (this.#stream !== null) this.#streams.retire(this.#stream);
  }

  #streamed(): EventStream {
    clearTimeout(this.#quiet);
    if (this.#stream !== null) return this.#stream;
    const stream = this.#streams.create();
    this.#stream = stream;
    if (!this.#response.destroyed && !this.#response.headersSent)
      stream.attach(this.#response, this.#streamHeaders, null);
    // Older clients try to parse the empty data of a priming event.
    if (this.#primes) stream.prime();
    return stream;
  }
}
