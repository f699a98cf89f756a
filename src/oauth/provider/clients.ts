import type { ClientMetadata } from 'oidc-provider';
import { algorithmsOf } from '../../identity/proof/jws.ts';
import type { Agent } from '../../model/agent.ts';
import { isObject, type Json, type JsonObject } from '../../model/json.ts';
import { parseStrict } from '../../model/strict-json.ts';
import type { WebFetch } from '../../ports/web.ts';
import type { ProviderOptions, ProviderSettings } from './options.ts';

const LOOPBACK = new Set(['127.0.0.1', '[::1]', 'localhost']);
const MAX_ID_LENGTH = 256;
/** Schemes that run or read something in a browser instead of going somewhere. */
const DANGEROUS = new Set([
  'javascript:',
  'vbscript:',
  'data:',
  'blob:',
  'file:',
  'about:',
  'view-source:',
  'ws:',
  'wss:',
]);

/** An agent that is a client itself: its registered keys authenticate it; without keys it is a public client with exact redirect URIs. */
export function agentClient(agent: Agent): ClientMetadata | undefined {
  const keys = agent.keys.filter((key) => algorithmsOf(key).length > 0);
  if (keys.length === 0 && agent.redirectUris.length === 0) return undefined;
  const interactive = agent.redirectUris.length > 0;
  return {
    client_id: agent.id,
    client_name: agent.name,
    redirect_uris: [...agent.redirectUris],
    grant_types: interactive ? ['authorization_code', 'refresh_token'] : [],
    response_types: interactive ? ['code'] : [],
    application_type: applicationType(agent.redirectUris),
    ...(keys.length === 0
      ? { token_endpoint_auth_method: 'none' }
      : { token_endpoint_auth_method: 'private_key_jwt', jwks: { keys: keys.map((key) => ({ ...key })) } }),
  } as ClientMetadata;
}

/**
 * Loopback addresses and app schemes belong to programs on people's machines: their port may differ (RFC 8252 section 7.3), and a
 * consent is never assumed for them.
 */
export function applicationType(redirectUris: readonly string[]): 'native' | 'web' {
  const local = redirectUris.filter((uri) => URL.canParse(uri)).map((uri) => new URL(uri));
  const native = local.some(
    ({ protocol, hostname }) => protocol !== 'https:' && (protocol !== 'http:' || LOOPBACK.has(hostname)),
  );
  return native ? 'native' : 'web';
}

/** Whether a URL may be a client id here, before anything is fetched. */
export function mayFetchDocument(options: Pick<ProviderOptions, 'settings' | 'directory'>, id: string): boolean {
  const { documents, unregistered } = options.settings();
  if (!documents.enabled || id.length > MAX_ID_LENGTH || !URL.canParse(id)) return false;
  const { hostname, pathname } = new URL(id);
  if (pathname === '/' || !onHost(hostname, documents.hosts)) return false;
  // Where only registered clients get anything, no other URL is worth a request.
  return unregistered === 'per-user' || options.directory.agentsOfClient(id).length > 0;
}

export function onHost(hostname: string, hosts: readonly string[] | null): boolean {
  if (hosts === null) return true;
  return hosts.some((host) => (host.startsWith('*.') ? hostname.endsWith(host.slice(1)) : hostname === host));
}

/**
 * Client metadata as we accept it: without what would make a client another kind of client than it says, and with the kind of
 * application its redirect URIs show. Throws Error with what is wrong.
 */
export function checkMetadata(
  metadata: JsonObject,
  settings: ProviderSettings,
  from: 'document' | 'registration',
): JsonObject {
  const uris = metadata.redirect_uris;
  if (!Array.isArray(uris) || uris.length === 0 || uris.length > 20)
    throw new Error('redirect_uris must have 1 to 20 members');
  for (const uri of uris) checkRedirect(uri, from === 'registration' ? settings.registration.redirectHosts : null);
  const method = metadata.token_endpoint_auth_method;
  if (method !== undefined && method !== 'none' && method !== 'private_key_jwt') {
    throw new Error('token_endpoint_auth_method must be none or private_key_jwt');
  }
  const asked = Array.isArray(metadata.grant_types) ? metadata.grant_types : ['authorization_code', 'refresh_token'];
  const grants = asked.filter((grant) => grant === 'authorization_code' || grant === 'refresh_token');
  return {
    ...pick(metadata, [
      'client_id',
      'client_name',
      'client_uri',
      'logo_uri',
      'contacts',
      'tos_uri',
      'policy_uri',
      'jwks',
      'jwks_uri',
    ]),
    ...pick(metadata, [
      'client_secret',
      'client_secret_expires_at',
      'dpop_bound_access_tokens',
      'require_pushed_authorization_requests',
    ]),
    redirect_uris: uris,
    grant_types: grants,
    response_types: ['code'],
    token_endpoint_auth_method: method ?? 'none',
    application_type: applicationType(uris as string[]),
  };
}

function checkRedirect(uri: Json, hosts: readonly string[] | null): void {
  if (typeof uri !== 'string' || uri.length > 2000 || !URL.canParse(uri))
    throw new Error('redirect_uris must be absolute URIs');
  const { protocol, hostname, username, password } = new URL(uri);
  if (/[\s\\#]/.test(uri) || username !== '' || password !== '')
    throw new Error(`the redirect URI ${uri} has parts it must not have`);
  if (DANGEROUS.has(protocol)) throw new Error(`redirect URIs with ${protocol} are not accepted`);
  if (protocol === 'http:' && !LOOPBACK.has(hostname))
    throw new Error('redirect URIs must be https, or http on a loopback address');
  if (protocol === 'http:' || hosts === null) return;
  if (protocol !== 'https:' || !onHost(hostname, hosts))
    throw new Error(`redirect URIs at ${hostname || protocol} are not accepted here`);
}

function pick(from: JsonObject, names: readonly string[]): JsonObject {
  return Object.fromEntries(names.filter((name) => from[name] !== undefined).map((name) => [name, from[name]]));
}

/** The provider's way out: client documents and key sets, through the guard, with documents brought into the shape we accept. */
export function clientFetch(
  web: WebFetch,
  settings: () => ProviderSettings,
): (url: URL | string, init?: RequestInit) => Promise<Response> {
  return async (url, init = {}) => {
    const request = { headers: { accept: 'application/json' }, maxBytes: 65_536, timeoutMs: 3_000 };
    const signal = init.signal === undefined || init.signal === null ? {} : { signal: init.signal };
    const { status, headers, body } = await web(String(url), { ...request, ...signal });
    return new Response(status === 200 ? shaped(body, settings()) : '', { status, headers: { ...cacheable(headers) } });
  };
}

function cacheable(headers: Readonly<Record<string, string>>): Record<string, string> {
  const kept = ['content-type', 'cache-control', 'expires'].filter((name) => headers[name] !== undefined);
  return Object.fromEntries(kept.map((name) => [name, headers[name] as string]));
}

/** A key set goes through as it is; a client document is checked. */
function shaped(body: string, settings: ProviderSettings): string {
  const value = parseStrict(body, { maxDepth: 10, maxNodes: 2_000 });
  if (!isObject(value)) throw new Error('this is no JSON object');
  if (value.client_id === undefined) return JSON.stringify(value);
  return JSON.stringify(checkMetadata(value, settings, 'document'));
}
