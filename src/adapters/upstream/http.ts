import { Pool } from 'undici';
import { Fault, UpstreamFault } from '../../model/fault.ts';
import type { JsonLimits } from '../../model/strict-json.ts';
import type { Clock } from '../../ports/clock.ts';
import type { CredentialHolder, Era, UpstreamHealth, UpstreamLink, UpstreamServer } from '../../ports/upstream.ts';
import { CarryingLink, carried, carryingPeer } from './carrying.ts';
import { type ClientInfo, discoverRequest, type Eras, erasFrom, KnownEras } from './discover.ts';
import { RESPONSE_JSON, SILENT, type UpstreamLog } from './frames.ts';
import type { ResumeLimits } from './http/call.ts';
import { LegacyLink } from './http/legacy-link.ts';
import { ModernLink } from './http/modern-link.ts';
import type { HttpMessage, HttpPeer } from './http/peer.ts';
import { Exchange, type ExchangeSink } from './http/wire/exchange.ts';
import { configuredHeaders, postHeaders } from './http/wire/headers.ts';
import { Lane } from './http/wire/lane.ts';

export interface HttpUpstreamOptions {
  readonly id: string;
  /** http or https, no credentials in it. Its origin is the only one ever spoken to. */
  readonly url: string;
  /** Sent with every request; may hold credentials, so they are never logged. */
  readonly headers?: Readonly<Record<string, string>>;
  /** PEM. `ca` replaces the system's authorities for this server. */
  readonly tls?: { readonly ca?: string; readonly cert?: string; readonly key?: string; readonly servername?: string };
  readonly limits?: Partial<HttpLimits>;
  readonly clientInfo?: ClientInfo;
  readonly log?: UpstreamLog;
  /** Without it nobody knows since when a server is up or down. */
  readonly clock?: Clock;
}

export interface HttpLimits {
  /** Connections for requests; more requests wait for one. */
  readonly connections: number;
  /** Connections that stay open by design: GET streams of sessions and `subscriptions/listen`. */
  readonly streams: number;
  /** Requests that wait for a connection. */
  readonly waiting: number;
  readonly links: number;
  readonly responseBytes: number;
  readonly streamBytes: number;
  readonly connectTimeoutMs: number;
  readonly keepAliveMs: number;
  readonly probeTimeoutMs: number;
  readonly postTimeoutMs: number;
  readonly closeTimeoutMs: number;
  readonly json: JsonLimits;
  readonly resume: ResumeLimits;
}

export const HTTP_LIMITS: HttpLimits = {
  connections: 256,
  streams: 10_000,
  waiting: 4_096,
  links: 100_000,
  responseBytes: 4 * 1024 * 1024,
  streamBytes: 64 * 1024 * 1024,
  connectTimeoutMs: 5_000,
  keepAliveMs: 4_000,
  probeTimeoutMs: 5_000,
  postTimeoutMs: 30_000,
  closeTimeoutMs: 2_000,
  json: RESPONSE_JSON,
  resume: { attempts: 10, defaultRetryMs: 1_000, maxRetryMs: 60_000 },
};

/**
 * One MCP server over streamable HTTP, all revisions since 2025-06-18.
 * Throws a Fault `internal` when the options cannot be used; everything else is a fault of the call that met it.
 */
export function httpUpstream(options: HttpUpstreamOptions): UpstreamServer {
  return new HttpServer(options);
}

class HttpServer implements UpstreamServer {
  readonly id: string;

  readonly #options: HttpUpstreamOptions;
  readonly #limits: HttpLimits;
  readonly #log: UpstreamLog;
  readonly #path: string;
  readonly #calls: Lane;
  readonly #streams: Lane;
  readonly #headers: {
    readonly POST: readonly string[];
    readonly GET: readonly string[];
    readonly DELETE: readonly string[];
  };
  readonly #links = new Set<UpstreamLink>();
  readonly #peer: HttpPeer;
  #dropped = 0;
  #state: UpstreamHealth['state'] = 'unknown';
  #sinceMs: number | null = null;
  #lastError: string | null = null;
  readonly #eras = new KnownEras((holder) => this.#probe(holder));
  #closed = false;

  constructor(options: HttpUpstreamOptions) {
    this.id = options.id;
    this.#options = options;
    this.#limits = { ...HTTP_LIMITS, ...options.limits };
    this.#log = options.log ?? SILENT;
    const url = parseUrl(options);
    this.#path = url.pathname + url.search;
    const { connections, waiting, streams } = this.#limits;
    this.#calls = new Lane(this.#pool(url.origin, connections), connections, waiting);
    this.#streams = new Lane(this.#pool(url.origin, streams), streams, 0);
    const configured = configuredHeaders(options.id, options.headers ?? {});
    const stream = [...configured, 'accept', 'text/event-stream'];
    this.#headers = { POST: postHeaders(configured), GET: stream, DELETE: configured };
    this.#peer = this.#makePeer();
  }

  #pool(origin: string, connections: number): Pool {
    const { connectTimeoutMs, keepAliveMs } = this.#limits;
    return new Pool(origin, {
      connections,
      pipelining: 1,
      allowH2: false,
      // Each call has its own deadline; these would cut streams that are quiet by design.
      headersTimeout: 0,
      bodyTimeout: 0,
      connectTimeout: connectTimeoutMs,
      keepAliveTimeout: keepAliveMs,
      connect: { timeout: connectTimeoutMs, ...this.#options.tls },
    });
  }

  #makePeer(): HttpPeer {
    const { json, resume, postTimeoutMs, closeTimeoutMs } = this.#limits;
    return {
      id: this.id,
      json,
      resume,
      postTimeoutMs,
      closeTimeoutMs,
      dispatch: (message, sink) => this.#dispatch(message, sink),
      dropped: (why) => {
        this.#dropped++;
        this.#log.debug({ server: this.id, why }, 'frame dropped');
      },
      report: (fault) => this.#report(fault),
      initializeRefused: () => this.#eras.initializeRefused(),
      linkClosed: (link) => this.#links.delete(link),
    };
  }

  #dispatch(message: HttpMessage, sink: ExchangeSink): Exchange {
    const { responseBytes, streamBytes } = this.#limits;
    const { stream, method, body } = message;
    if (this.#closed) throw overloaded('the server is being removed');
    const lane = stream ? this.#streams : this.#calls;
    if (lane.full) throw overloaded(stream ? 'too many streams' : 'too many requests');
    const headers =
      message.headers.length === 0 ? this.#headers[method] : this.#headers[method].concat(message.headers);
    const limits = { responseBytes, streamBytes: stream ? 0 : streamBytes };
    const exchange = new Exchange({ method, path: this.#path, headers, body }, sink, {
      limits,
      onGone: (gone) => lane.gone(gone),
    });
    lane.send(exchange);
    return exchange;
  }

  #report(fault: UpstreamFault | null): void {
    if (fault === null) return this.#enter('up');
    if (fault.code !== 'upstream-unavailable' || fault.cause === undefined) return;
    this.#lastError = fault.detail ?? fault.message;
    if (fault.sent) return;
    this.#enter('down');
    // It may come back as another version of itself.
    this.#eras.forget();
  }

  #enter(state: UpstreamHealth['state']): void {
    if (state === this.#state) return;
    this.#state = state;
    this.#sinceMs = this.#options.clock?.nowMs() ?? null;
  }

  async open(era: Era, holder: CredentialHolder | null = null): Promise<UpstreamLink> {
    if (holder === null) return this.#link(era, this.#peer);
    const with_ = await carried(holder);
    return new CarryingLink(this.#link(era, carryingPeer(this.#peer, with_)), with_);
  }

  #link(era: Era, peer: HttpPeer): UpstreamLink {
    if (this.#closed) throw overloaded('the server is being removed');
    if (this.#links.size >= this.#limits.links) throw overloaded('too many links');
    const link = era === 'legacy' ? new LegacyLink(peer) : new ModernLink(peer);
    this.#links.add(link);
    return link;
  }

  eras(holder: CredentialHolder | null = null): Promise<Eras> {
    return this.#eras.get(holder);
  }

  async #probe(holder: CredentialHolder | null): Promise<Eras> {
    const client = this.#options.clientInfo ?? { name: 'interlock', version: '0' };
    const link = await this.open('modern', holder);
    try {
      const options = {
        signal: new AbortController().signal,
        onMessage: () => {},
        timeoutMs: this.#limits.probeTimeoutMs,
      };
      return erasFrom((await link.request(discoverRequest(client), options)).response);
    } catch (error) {
      // An error status without a JSON-RPC body is how a legacy server refuses what it does not know.
      if (error instanceof UpstreamFault && error.code === 'upstream-protocol' && !error.sent)
        return { legacy: true, modern: false, discover: null };
      throw error;
    } finally {
      await link.close('probed');
    }
  }

  health(): UpstreamHealth {
    return {
      state: this.#state,
      sinceMs: this.#sinceMs,
      links: this.#links.size,
      lastError: this.#lastError,
      restarts: 0,
      dropped: this.#dropped,
    };
  }

  async close(): Promise<void> {
    await Promise.all([...this.#links].map((link) => link.close('the server was removed')));
    this.#closed = true;
    await Promise.all([this.#calls.destroy(), this.#streams.destroy()]);
  }
}

function parseUrl({ id, url }: HttpUpstreamOptions): URL {
  const parsed = URL.canParse(url) ? new URL(url) : null;
  if (parsed === null || (parsed.protocol !== 'http:' && parsed.protocol !== 'https:')) {
    throw new Fault('internal', `server ${id}: the url must begin with http:// or https://`);
  }
  if (parsed.username !== '' || parsed.password !== '') {
    throw new Fault('internal', `server ${id}: put credentials in headers, not in the url`);
  }
  return parsed;
}

function overloaded(why: string): UpstreamFault {
  return new UpstreamFault(
    'overloaded',
    'the gateway has no room for another request to this server; try again later',
    { sent: false, detail: why },
  );
}
