import type { RpcMessage } from '../../../model/jsonrpc.ts';
import type { JsonLimits } from '../../../model/strict-json.ts';
import { readFrame } from '../frames.ts';
import type { ResumeLimits } from './call.ts';
import type { Exchange, ExchangeEnd, ExchangeSink, Head } from './wire/exchange.ts';

export interface ListenerPeer {
  readonly json: JsonLimits;
  readonly resume: ResumeLimits;
  /** Opens the GET stream, after `lastEventId` unless that is ''. Null: no stream can be had now. */
  get(lastEventId: string, sink: ExchangeSink): Exchange | null;
  onMessage(message: RpcMessage): void;
  sessionLost(): void;
  dropped(why: string): void;
}

/** The standalone GET stream of a legacy session, kept open until it is stopped or the server says that it has none. */
export class Listener implements ExchangeSink {
  readonly #peer: ListenerPeer;
  #exchange: Exchange | null = null;
  #pause: NodeJS.Timeout | null = null;
  #lastEventId = '';
  #retryMs: number | null = null;
  #failures = 0;
  #stopped = false;

  constructor(peer: ListenerPeer) {
    this.#peer = peer;
    this.#open();
  }

  stop(): void {
    this.#stopped = true;
    if (this.#pause !== null) clearTimeout(this.#pause);
    this.#exchange?.drop();
  }

  onHead({ status, body }: Head): void {
    if (status === 404) {
      this.stop();
      return this.#peer.sessionLost();
    }
    if (status === 200 && body === 'sse') return;
    // 405: the server offers no such stream (MCP 2025-11-25 "Listening for Messages from the Server"). Other refusals are as final.
    if (status < 500 && status !== 429) this.stop();
  }

  onData(data: string): void {
    this.#failures = 0;
    const frame = readFrame(data, this.#peer.json);
    if (frame.kind === 'invalid') return this.#peer.dropped(frame.why);
    // A response has no place here: each request's own stream carries it, also when resumed.
    if (frame.kind === 'response') return this.#peer.dropped('a response on the standalone stream');
    this.#peer.onMessage(frame.message);
  }

  onEnd(end: ExchangeEnd): void {
    if (this.#stopped) return;
    if (end.kind === 'stream') {
      if (end.lastEventId !== '') this.#lastEventId = end.lastEventId;
      this.#retryMs = end.retryMs ?? this.#retryMs;
    }
    this.#later();
  }

  #open(): void {
    this.#exchange = this.#peer.get(this.#lastEventId, this);
    if (this.#exchange === null) this.#later();
  }

  #later(): void {
    const { defaultRetryMs, maxRetryMs } = this.#peer.resume;
    const asked = Math.min(this.#retryMs ?? defaultRetryMs, maxRetryMs);
    const backoff = Math.min(defaultRetryMs * 2 ** Math.min(this.#failures, 16), maxRetryMs);
    this.#failures++;
    // Spread, so that the sessions of a server that restarts do not all come back at once.
    const pauseMs = Math.max(asked, backoff) * (1 + Math.random() / 4);
    this.#pause = setTimeout(() => this.#open(), pauseMs).unref();
  }
}
