import type { IncomingMessage, ServerResponse } from 'node:http';
import { Provider } from 'oidc-provider';
import { isObject } from '../../model/json.ts';
import { parseStrict } from '../../model/strict-json.ts';
import { errorAnswer, type HttpAnswer, OAuthRefused } from '../answer.ts';
import { checkMetadata } from './clients.ts';
import { configuration, PROVIDER_ROUTES } from './configuration.ts';
import type { ProviderEvent, ProviderOptions } from './options.ts';

/** The authorization server for people, on our store. All it knows is in the store: any process can go on with what another began. */
export interface PeopleServer {
  /** Paths it answers: the authorization endpoint, pushed requests, registration where it is on. The token endpoint is dispatched by ours. */
  serves(method: string, path: string): boolean;
  /** Answers the request. `body`: what was read already. */
  handle(request: IncomingMessage, response: ServerResponse, body?: Buffer): Promise<void>;
  /** The provider for the keys and settings of now. */
  provider(): Provider;
}

const EVENTS = [
  'grant.error',
  'authorization.error',
  'pushed_authorization_request.error',
  'registration_create.error',
  'server_error',
] as const;

export function peopleServer(options: ProviderOptions): PeopleServer {
  let made: { readonly of: readonly unknown[]; readonly provider: Provider } | null = null;
  const provider = (): Provider => {
    // Keys and settings are fixed when it is made. It holds nothing else, so that making another is no loss.
    const of = [options.resources().issuer, options.ring.current().kid, options.settings()];
    if (made === null || made.of.some((part, i) => part !== of[i])) made = { of, provider: make(options) };
    return made.provider;
  };
  return {
    provider,
    serves: (method, path) => {
      if (path === PROVIDER_ROUTES.registration) return method === 'POST' && options.settings().registration.enabled;
      if (path === PROVIDER_ROUTES.pushed_authorization_request) return method === 'POST' || method === 'OPTIONS';
      if (path === `${PROVIDER_ROUTES.end_session}/confirm`) return method === 'POST';
      if (path === PROVIDER_ROUTES.token) return method === 'OPTIONS';
      return method === 'GET' && isAuthorization(path);
    },
    async handle(request, response, body) {
      const path = (request.url ?? '/').split('?', 1)[0] as string;
      const read = path === PROVIDER_ROUTES.registration ? registration(options, body) : body;
      if (read !== undefined && !Buffer.isBuffer(read)) return void send(response, read);
      asClientsCallIt(request, options.resources().issuer);
      if (read !== undefined) again(request, read);
      await provider().callback()(request, response);
    },
  };
}

function isAuthorization(path: string): boolean {
  const { authorization } = PROVIDER_ROUTES;
  return (
    path === authorization ||
    /^\/[\w-]{10,100}$/.test(path.startsWith(authorization) ? path.slice(authorization.length) : '')
  );
}

function make(options: ProviderOptions): Provider {
  const { issuer } = options.resources();
  const provider = new Provider(issuer, configuration(options));
  // What clients call it is the issuer's address, whatever a proxy in between made of the request (see asClientsCallIt).
  provider.proxy = true;
  provider.silent = true;
  for (const what of EVENTS) {
    provider.on(what as 'server_error', (ctx, error) => options.onEvent(eventOf(what, ctx as never, error as never)));
  }
  return provider;
}

interface Failed extends Error {
  readonly error?: string;
  readonly error_description?: string;
  readonly error_detail?: string;
}

function eventOf(what: string, ctx: { oidc?: { params?: { client_id?: unknown } } }, error: Failed): ProviderEvent {
  const id = ctx.oidc?.params?.client_id;
  const unexpected = what === 'server_error';
  const detail = [error.error_description, error.error_detail, unexpected ? error.stack : null]
    .filter(Boolean)
    .join(': ');
  return {
    level: unexpected ? 'error' : 'debug',
    what,
    client: typeof id === 'string' ? id.slice(0, 256) : null,
    error: error.error ?? error.message,
    detail: detail === '' ? null : detail,
  };
}

/** Scheme and host of the issuer, decided by the configuration and by nothing that came with the request. */
function asClientsCallIt(request: IncomingMessage, issuer: string): void {
  const { protocol, host } = new URL(issuer);
  request.headers.host = host;
  request.headers['x-forwarded-proto'] = protocol.slice(0, -1);
  request.headers['x-forwarded-host'] = host;
  delete request.headers['x-forwarded-for'];
}

/** Lets a body that was read be read again, as the stream it was. */
function again(request: IncomingMessage, body: Buffer): void {
  delete request.headers['transfer-encoding'];
  request.headers['content-length'] = String(body.length);
  Object.defineProperty(request, 'readable', { value: true, configurable: true });
  const once = async function* (): AsyncGenerator<Buffer> {
    yield body;
  };
  Object.assign(request, { iterator: once });
}

/** A registration the operator's rules allow, brought into the shape we accept (RFC 7591 section 2: a server may replace what it is sent). */
function registration(options: ProviderOptions, body: Buffer | undefined): Buffer | HttpAnswer {
  try {
    const sent = parseStrict(body?.toString('utf8') ?? '', { maxDepth: 10, maxNodes: 1_000 });
    if (!isObject(sent)) throw new Error('send the metadata as a JSON object');
    const {
      client_id: _id,
      client_secret: _secret,
      ...metadata
    } = checkMetadata(sent, options.settings(), 'registration');
    return Buffer.from(JSON.stringify(metadata));
  } catch (error) {
    const message = (error as Error).message;
    const about = message.startsWith('redirect') || message.startsWith('the redirect');
    return errorAnswer(new OAuthRefused(about ? 'invalid_redirect_uri' : 'invalid_client_metadata', message));
  }
}

function send(response: ServerResponse, { status, headers, body }: HttpAnswer): void {
  response.writeHead(status, headers).end(body);
}
