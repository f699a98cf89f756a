import { type LookupAddress, lookup as systemLookup } from 'node:dns';
import { isIP, type LookupFunction } from 'node:net';
import { Agent, buildConnector, type Dispatcher, request as send } from 'undici';
import { type WebAnswer, WebError, type WebFetch, type WebRequest } from '../ports/web.ts';
import { isPublicAddress } from './web/address.ts';

const DEFAULTS = { maxBytes: 65_536, timeoutMs: 5_000 } as const;
const MAX_URL_LENGTH = 2048;
const CONNECTIONS = 16;
/** An answer's address is trusted for as long as its connection: not long. */
const KEEP_ALIVE_MS = 4_000;

export type Resolve = (host: string) => Promise<readonly LookupAddress[]>;

export interface WebOptions {
  /** Origins (`https://idp.corp:8443`) the operator's configuration names: they may be http, loopback or private. */
  readonly trusted: () => Iterable<string>;
  /** Default: the system's resolver. */
  readonly resolve?: Resolve;
}

export interface Web {
  readonly fetch: WebFetch;
  close(): Promise<void>;
}

/**
 * Fetches with the guard against server-side request forgery. The name is resolved once per connection, every address it has must be
 * public, and the connection goes to one of those very addresses: a name that changes its answer in between changes nothing. The
 * address of the open connection is looked at again.
 */
export function openWeb({ trusted, resolve = resolveBySystem }: WebOptions): Web {
  const open = agent({ resolve, allowed: () => true });
  const guarded = agent({ resolve, allowed: isPublicAddress });
  return {
    fetch: async (text, request = {}) => {
      const url = parse(text);
      const named = isNamed(url.origin, trusted());
      if (!named) checkPublic(url);
      return exchange(named ? open : guarded, url, request);
    },
    close: async () => {
      await Promise.all([open.destroy(), guarded.destroy()]);
    },
  };
}

function parse(text: string): URL {
  if (text.length > MAX_URL_LENGTH || !URL.canParse(text)) throw new WebError('refused', 'this is not a usable URL');
  const url = new URL(text);
  if (url.protocol !== 'https:' && url.protocol !== 'http:') throw new WebError('refused', 'only https is fetched');
  if (url.username !== '' || url.password !== '')
    throw new WebError('refused', 'a URL with user information is not fetched');
  return url;
}

function isNamed(origin: string, trusted: Iterable<string>): boolean {
  for (const known of trusted) if (URL.canParse(known) && new URL(known).origin === origin) return true;
  return false;
}

/** What can be said without asking a name server. The URL parser has already made dotted decimals of octal, hexadecimal and short forms. */
function checkPublic(url: URL): void {
  if (url.protocol !== 'https:') throw new WebError('refused', `${url.origin} is not fetched: only https is`);
  const host = url.hostname.replace(/^\[|\]$/g, '');
  if (isIP(host) !== 0 && !isPublicAddress(host)) {
    throw new WebError('refused', `${url.origin} is not fetched: its address is not public`);
  }
}

interface Guard {
  readonly resolve: Resolve;
  readonly allowed: (address: string) => boolean;
}

function agent(guard: Guard): Agent {
  const lookup: LookupFunction = (host, options, answer) => {
    checkedAddresses(guard, host).then(
      (addresses) => {
        const first = addresses[0] as LookupAddress;
        if (options.all === true) answer(null, [...addresses]);
        else answer(null, first.address, first.family);
      },
      (error: Error) => answer(error, '', 0),
    );
  };
  const connector = buildConnector({ lookup, timeout: DEFAULTS.timeoutMs, maxCachedSessions: 0 });
  const connect: buildConnector.connector = (options, done) =>
    connector(options, (error, socket) => {
      // Whatever its types say, a connector that failed gives no socket at all.
      if (error !== null || !socket) return done(error ?? new Error('no connection'), null);
      if (guard.allowed(socket.remoteAddress ?? '')) return done(null, socket);
      socket.destroy();
      done(new WebError('refused', 'the connection led to an address that is not public'), null);
    });
  return new Agent({
    connect,
    connections: CONNECTIONS,
    pipelining: 1,
    keepAliveTimeout: KEEP_ALIVE_MS,
    keepAliveMaxTimeout: KEEP_ALIVE_MS,
  });
}

/** One bad address among several spoils all: a name half of whose answers are private is an attack, not a service. */
async function checkedAddresses({ resolve, allowed }: Guard, host: string): Promise<readonly LookupAddress[]> {
  const addresses = await resolve(host);
  if (addresses.length === 0) throw new WebError('failed', `${host} has no address`);
  if (!addresses.every(({ address }) => allowed(address))) {
    throw new WebError('refused', `${host} is not fetched: its address is not public`);
  }
  return addresses;
}

function resolveBySystem(host: string): Promise<readonly LookupAddress[]> {
  return new Promise((done, failed) => {
    systemLookup(host, { all: true }, (error, addresses) => (error === null ? done(addresses) : failed(error)));
  });
}

async function exchange(dispatcher: Agent, url: URL, request: WebRequest): Promise<WebAnswer> {
  const { timeoutMs = DEFAULTS.timeoutMs, maxBytes = DEFAULTS.maxBytes } = request;
  const limit = AbortSignal.timeout(timeoutMs);
  const signal = request.signal === undefined ? limit : AbortSignal.any([limit, request.signal]);
  try {
    const answer = await send(url, {
      dispatcher,
      method: request.method ?? 'GET',
      headers: { accept: 'application/json', ...request.headers, 'accept-encoding': 'identity' },
      body: request.body ?? null,
      headersTimeout: timeoutMs,
      bodyTimeout: timeoutMs,
      signal,
    });
    const refused = whyNotTaken(answer);
    if (refused !== null) {
      await answer.body.dump({ limit: 0, signal }).catch(() => {});
      throw new WebError('refused', `${url.origin} ${refused}`);
    }
    return { status: answer.statusCode, headers: flat(answer.headers), body: await bounded(answer.body, maxBytes) };
  } catch (error) {
    throw asWebError(error, url.origin);
  }
}

function whyNotTaken({ statusCode, headers }: Dispatcher.ResponseData): string | null {
  if (statusCode >= 300 && statusCode < 400 && statusCode !== 304) return 'redirects, which is not followed';
  const encoding = headers['content-encoding'];
  return encoding === undefined || encoding === 'identity' ? null : 'sends a compressed answer nobody asked for';
}

async function bounded(body: Dispatcher.ResponseData['body'], maxBytes: number): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of body as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > maxBytes) throw new WebError('refused', `the answer is larger than ${maxBytes} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function flat(headers: Dispatcher.ResponseData['headers']): Readonly<Record<string, string>> {
  const entries = Object.entries(headers).map(([name, value]) => [
    name.toLowerCase(),
    Array.isArray(value) ? value.join(', ') : (value ?? ''),
  ]);
  return Object.fromEntries(entries) as Record<string, string>;
}

/** The reason, whatever layers the connection wrapped around it. */
function asWebError(error: unknown, origin: string): WebError {
  for (let cause: unknown = error; cause instanceof Error; cause = cause.cause) {
    if (cause instanceof WebError) return cause;
    if (cause instanceof AggregateError) {
      const inner = cause.errors.find((one) => one instanceof WebError);
      if (inner !== undefined) return inner as WebError;
    }
  }
  return new WebError('failed', `${origin} could not be reached, or did not answer in time`, { cause: error });
}
