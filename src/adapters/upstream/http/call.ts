import { withholdActions } from '../../../model/action-credential.ts';
import { UpstreamFault } from '../../../model/fault.ts';
import type { RpcRequest, RpcResponse } from '../../../model/jsonrpc.ts';
import type { JsonLimits } from '../../../model/strict-json.ts';
import type { SendOptions, UpstreamReply } from '../../../ports/upstream.ts';
import { readFrame, sameId, toUpstreamFault, withId } from '../frames.ts';
import type { Exchange, ExchangeEnd, ExchangeSink, Head } from './wire/exchange.ts';

/** What the calls of one link need from it; made once a link, because a call is too frequent for closures of its own. */
export interface CallPeer {
  readonly json: JsonLimits;
  /** Whether the revision lets a server send requests on the stream of a response (until 2025-11-25). */
  readonly serverRequests: boolean;
  readonly resume: ResumeLimits | null;
  send(outgoing: Outgoing, sink: ExchangeSink): Exchange;
  /** GET with Last-Event-ID. */
  resumeFrom(lastEventId: string, sink: ExchangeSink): Exchange;
  onHead(message: RpcRequest, head: Head): void;
  /** Tells the server that nobody waits any more. */
  cancelled(message: RpcRequest): void;
  sessionLost(): void;
  /** An error status. A fault says that it is no answer to this request but the end of the session, which is then lost. */
  refused(status: number, response: RpcResponse | null): UpstreamFault | null;
  dropped(why: string): void;
  /** The call is over: what the server can be said to be by it. */
  done(message: RpcRequest, fault: UpstreamFault | null): void;
}

export interface Outgoing {
  readonly message: RpcRequest;
  readonly headers: readonly string[];
}

export interface ResumeLimits {
  /** Reconnections in a row that bring nothing new before the call is given up. */
  readonly attempts: number;
  readonly defaultRetryMs: number;
  readonly maxRetryMs: number;
}

/** How long a stream may stay open after its response before its connection is given up. */
const LINGER_MS = 1_000;

/** One JSON-RPC request over HTTP, from its POST to its response, over as many connections as that takes. */
export class HttpCall implements ExchangeSink {
  readonly promise: Promise<UpstreamReply>;

  readonly #peer: CallPeer;
  readonly #outgoing: Outgoing;
  readonly #message: RpcRequest;
  readonly #options: SendOptions;
  #resolve!: (reply: UpstreamReply) => void;
  #reject!: (fault: UpstreamFault) => void;
  #exchange: Exchange | null = null;
  #settled = false;
  #everStarted = false;
  #resuming = false;
  /** The server closed the stream itself, so the pause is its wish and no accident. */
  #paused = false;
  #attempts = 0;
  #lastEventId = '';
  #retryMs: number | null = null;
  #timer: NodeJS.Timeout | null = null;
  #pause: NodeJS.Timeout | null = null;

  constructor(peer: CallPeer, outgoing: Outgoing, options: SendOptions) {
    this.#peer = peer;
    this.#outgoing = outgoing;
    this.#message = outgoing.message;
    this.#options = options;
    this.promise = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  start(): void {
    const { signal, timeoutMs } = this.#options;
    if (signal.aborted) return this.#fail(cancelledFault(false, signal.reason));
    signal.addEventListener('abort', this.#onAbort);
    if (timeoutMs > 0) this.#timer = setTimeout(this.#onTimeout, timeoutMs);
    this.#exchange = this.#peer.send(this.#outgoing, this);
  }

  /** The link ends: whoever waits learns it, nobody is told upstream. */
  end(why: string): void {
    this.#fail(
      new UpstreamFault('upstream-unavailable', 'the connection to the server was closed', {
        sent: this.#sent(),
        detail: why,
      }),
    );
  }

  #sent(): boolean {
    return this.#everStarted || (this.#exchange?.started ?? false);
  }

  readonly #onAbort = (): void => {
    if (this.#settled) return;
    const sent = this.#sent();
    if (sent) this.#peer.cancelled(this.#message);
    this.#fail(cancelledFault(sent, this.#options.signal.reason));
  };

  readonly #onTimeout = (): void => {
    if (this.#settled) return;
    const sent = this.#sent();
    if (sent) this.#peer.cancelled(this.#message);
    const text = `the server did not answer within ${this.#options.timeoutMs} ms`;
    this.#fail(new UpstreamFault('upstream-timeout', text, { sent }));
  };

  onHead(head: Head): void {
    this.#everStarted = true;
    const { status } = head;
    if (status === 401 || status === 403) throw credentialsFault(head, this.#resuming);
    if (status >= 300 && status < 400) throw redirectFault(head);
    if (this.#resuming) return this.#onResumeHead(head);
    this.#peer.onHead(this.#message, head);
    if (status >= 300 && head.body === 'sse') throw statusFault(head);
  }

  #onResumeHead(head: Head): void {
    if (head.status === 404) {
      this.#peer.sessionLost();
      throw lost('the server no longer knows the session', 'GET with Last-Event-ID: HTTP 404');
    }
    if (head.status === 200 && head.body === 'sse') return;
    if (head.status < 500 && head.status !== 429) {
      throw lost('the server ended the stream before its answer', `it cannot be resumed: HTTP ${head.status}`);
    }
  }

  onData(data: string): void {
    const frame = readFrame(data, this.#peer.json);
    if (this.#settled) return this.#peer.dropped('a frame after the response');
    switch (frame.kind) {
      case 'invalid':
        throw new UpstreamFault('upstream-protocol', 'the server sent a frame that is not JSON-RPC', {
          sent: true,
          detail: frame.why,
        });
      case 'response':
        if (sameId(this.#message.id, frame.message.id)) return this.#succeed(frame.message, 200);
        return this.#peer.dropped('a response with an unknown id');
      case 'request':
        if (!this.#peer.serverRequests) return this.#peer.dropped('a request from a server of a revision without them');
        return this.#options.onMessage(frame.message);
      case 'notification':
        return this.#options.onMessage(frame.message);
    }
  }

  onEnd(end: ExchangeEnd): void {
    if (this.#settled) return;
    if (end.kind === 'body') return this.#onBody(end.head, end.text);
    if (end.kind === 'failed') {
      if (this.#resuming && end.fault.code === 'upstream-unavailable' && this.#retryable(end.fault))
        return this.#again();
      return this.#fail(end.fault);
    }
    if (end.lastEventId !== '' && end.lastEventId !== this.#lastEventId) {
      this.#lastEventId = end.lastEventId;
      this.#attempts = 0;
    }
    this.#retryMs = end.retryMs ?? this.#retryMs;
    this.#paused = end.fault === null;
    if (this.#peer.resume === null || this.#lastEventId === '') {
      return this.#fail(lost('the server ended the stream before its answer', end.fault?.detail));
    }
    this.#again();
  }

  /** A connection that could not be had is tried again; a refusal of ours (401, 404, a bad frame) is final. */
  #retryable(fault: UpstreamFault): boolean {
    return fault.cause instanceof Error;
  }

  #onBody(head: Head, text: string): void {
    if (this.#resuming) return this.#again();
    let response: RpcResponse | null;
    try {
      response = this.#read(head, text);
    } catch (error) {
      return this.#fail(toUpstreamFault(error, true));
    }
    const ended = head.status < 400 ? null : this.#peer.refused(head.status, response);
    if (ended !== null) {
      this.#fail(ended);
      return this.#peer.sessionLost();
    }
    if (response !== null) return this.#succeed(response, head.status);
    this.#fail(statusFault(head));
  }

  /** The response in a JSON body; null when an error status has none. */
  #read(head: Head, text: string): RpcResponse | null {
    const ok = head.status < 300;
    if (head.body !== 'json' || text === '') return null;
    const frame = readFrame(text, this.#peer.json);
    if (frame.kind !== 'response') {
      if (!ok) return null;
      throw new UpstreamFault('upstream-protocol', 'the server answered with something that is not a response', {
        sent: true,
        detail: frame.kind === 'invalid' ? frame.why : `a ${frame.kind}`,
      });
    }
    const { message } = frame;
    // HTTP itself says what it answers: an error without id (a server that could not read the request) is this request's.
    const own =
      sameId(this.#message.id, message.id) || ('error' in message && (message.id === null || message.id === undefined));
    if (own) return withId(message, this.#message.id);
    this.#peer.dropped('a response with an unknown id');
    throw new UpstreamFault('upstream-protocol', 'the server answered another request', { sent: true });
  }

  #again(): void {
    const limits = this.#peer.resume;
    if (limits === null || this.#attempts >= limits.attempts) {
      return this.#fail(
        lost('the server ended the stream before its answer', `not resumed after ${this.#attempts} attempts`),
      );
    }
    const asked = Math.min(this.#retryMs ?? limits.defaultRetryMs, limits.maxRetryMs);
    // The server's own pause is respected; attempts that bring nothing wait longer and longer.
    const pauseMs = Math.min(
      asked + (this.#attempts === 0 ? 0 : limits.defaultRetryMs * 2 ** (this.#attempts - 1)),
      limits.maxRetryMs,
    );
    this.#attempts++;
    this.#resuming = true;
    if (this.#paused) this.#options.onPaused?.(asked);
    this.#paused = false;
    this.#pause = setTimeout(() => {
      try {
        this.#exchange = this.#peer.resumeFrom(this.#lastEventId, this);
      } catch (error) {
        // No room, or the server is being removed: nobody else would catch it here.
        this.#fail(toUpstreamFault(error, true));
      }
    }, pauseMs);
  }

  #succeed(response: RpcResponse, httpStatus: number): void {
    if (!this.#settle(null)) return;
    const exchange = this.#exchange;
    // Dropping at once would throw away a connection that the server is about to finish cleanly.
    if (exchange !== null && !exchange.ended) setTimeout(() => exchange.drop(), LINGER_MS).unref();
    this.#resolve({ response, httpStatus });
  }

  #fail(fault: UpstreamFault): void {
    if (!this.#settle(fault)) return;
    this.#exchange?.drop();
    this.#reject(fault);
  }

  #settle(fault: UpstreamFault | null): boolean {
    if (this.#settled) return false;
    this.#settled = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    if (this.#pause !== null) clearTimeout(this.#pause);
    this.#options.signal.removeEventListener('abort', this.#onAbort);
    this.#peer.done(this.#message, fault);
    return true;
  }
}

function cancelledFault(sent: boolean, cause: unknown): UpstreamFault {
  return new UpstreamFault('upstream-unavailable', 'the call was cancelled', { sent, cause });
}

function lost(message: string, detail: string | undefined): UpstreamFault {
  return new UpstreamFault('upstream-unavailable', message, {
    sent: true,
    ...(detail === undefined ? {} : { detail }),
  });
}

/** The server refuses the credentials: it acted on nothing, unless it had taken the request already (`sent`). */
export class CredentialsRefused extends UpstreamFault {
  readonly status: number;

  constructor(status: number, detail: string, sent: boolean) {
    const text = 'the server refused the credentials of the gateway; an operator must check them';
    super('upstream-unavailable', text, { sent, detail });
    this.status = status;
  }
}

/** `sent`: the request itself was taken before, and only the way to its answer is refused. */
export function credentialsFault(head: Head, sent = false): CredentialsRefused {
  const challenge = head.headers['www-authenticate'];
  const said = challenge === undefined ? '' : `, WWW-Authenticate: ${withholdActions(String(challenge)).slice(0, 300)}`;
  return new CredentialsRefused(
    head.status,
    `HTTP ${head.status}${said}: check the credentials or headers configured for this server`,
    sent,
  );
}

export function redirectFault(head: Head): UpstreamFault {
  const location = withholdActions(String(head.headers.location ?? '(none)')).slice(0, 300);
  return new UpstreamFault('upstream-protocol', 'the server answered with a redirect, which is not followed', {
    sent: false,
    detail: `HTTP ${head.status} to ${location}: configure the final address`,
  });
}

/** An error status without a JSON-RPC body. 4xx: refused, no effect. 5xx: it may have acted. */
export function statusFault(head: Head): UpstreamFault {
  const { status } = head;
  if (status >= 500 || status === 429) {
    return new UpstreamFault('upstream-unavailable', 'the server failed to answer', {
      sent: status !== 429,
      detail: `HTTP ${status}`,
    });
  }
  const detail = `HTTP ${status}, content-type ${String(head.headers['content-type'] ?? '(none)').slice(0, 100)}`;
  return new UpstreamFault('upstream-protocol', 'the server answered without a JSON-RPC response', {
    sent: status < 400,
    detail,
  });
}
