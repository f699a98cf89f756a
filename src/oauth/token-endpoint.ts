import { type AssertionOptions, type ProvenAgent, verifyAssertion } from '../identity/assertion.ts';
import { CredentialRefused } from '../identity/jws.ts';
import { thumbprint } from '../identity/keys.ts';
import { normalizeResource, type Resources, serverOf } from '../identity/resources.ts';
import { type AccessTokens, TOKEN_LIMITS } from '../identity/tokens.ts';
import type { Agent } from '../model/agent.ts';
import { intersectScopes, parseScopes } from '../model/scope.ts';
import type { Clock } from '../ports/clock.ts';
import type { ReplayStore } from '../ports/stores.ts';
import { errorAnswer, type HttpAnswer, OAuthRefused, tokenAnswer } from './answer.ts';
import { type Form, readForm } from './form.ts';

export const CLIENT_CREDENTIALS = 'client_credentials';
const JWT_BEARER = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';

export interface TokenRequest {
  readonly method: string;
  readonly contentType: string | undefined;
  readonly authorization: string | readonly string[] | undefined;
  /** At most a few kilobytes are ever needed; the surface bounds it before reading. */
  readonly body: string;
}

export interface TokenEndpointOptions {
  readonly tokens: AccessTokens;
  readonly resources: () => Resources;
  readonly agents: () => { get(id: string): Agent | undefined };
  /** Ids of the configured servers. */
  readonly servers: () => { has(id: string): boolean };
  readonly replay: ReplayStore;
  readonly clock: Clock;
  readonly lifetimes: () => { readonly tokenMs: number; readonly maxAssertionMs: number };
  /** An unexpected failure, for the operator's log. The client hears `temporarily_unavailable`. */
  readonly onError: (error: unknown) => void;
}

/**
 * POST /oauth/token: an access token for an agent that proves itself with a signed assertion (RFC 6749 section 4.4, RFC 7523
 * section 2.2, RFC 8707). Always answers; never rejects.
 */
export async function tokenEndpoint(options: TokenEndpointOptions, request: TokenRequest): Promise<HttpAnswer> {
  try {
    return await handle(options, request);
  } catch (error) {
    if (error instanceof OAuthRefused) return errorAnswer(error);
    options.onError(error);
    return errorAnswer(new OAuthRefused('temporarily_unavailable', 'the token could not be issued; try again'));
  }
}

async function handle(options: TokenEndpointOptions, request: TokenRequest): Promise<HttpAnswer> {
  if (request.method !== 'POST') throw new OAuthRefused('invalid_request', 'use POST', { allow: 'POST' });
  refuseOtherAuthentication(request.authorization);
  const form = readForm(request.contentType, request.body);
  const grantType = form.get('grant_type');
  if (grantType === null) throw new OAuthRefused('invalid_request', 'grant_type is missing');
  if (grantType !== CLIENT_CREDENTIALS)
    throw new OAuthRefused('unsupported_grant_type', `only ${CLIENT_CREDENTIALS} is supported`);
  const nowMs = options.clock.nowMs();
  const proven = await authenticateClient(options, form, nowMs);
  const scope = form.get('scope');
  const asked = scope === null ? null : parseScopes(scope);
  if (scope !== null && asked === null) throw new OAuthRefused('invalid_scope', 'scopes are <server>:<right>');
  const scopes = intersectScopes(asked, proven.agent.scopes);
  const audiences = targets(options, form, proven.agent);
  const ttlMs = options.lifetimes().tokenMs;
  const minted = await options.tokens.mint({
    agentId: proven.agent.id,
    subject: null,
    chain: [],
    audiences,
    scopes,
    taskId: proven.taskId,
    keyThumbprint: thumbprint(proven.key),
    nowMs,
    ttlMs,
  });
  const expires_in = Math.floor((minted.expiresAtMs - nowMs) / 1000);
  const granted = scopes === null ? {} : { scope: scopes.join(' ') };
  return tokenAnswer({ access_token: minted.token, token_type: 'Bearer', expires_in, ...granted });
}

/** RFC 6749 section 2.3: one method per request; section 5.2: 401 names the scheme the client tried. */
function refuseOtherAuthentication(authorization: string | readonly string[] | undefined): void {
  if (authorization === undefined || authorization.length === 0) return;
  const first = typeof authorization === 'string' ? authorization : (authorization[0] ?? '');
  const scheme = /^[A-Za-z][A-Za-z0-9-]{0,30}/.exec(first)?.[0] ?? 'Basic';
  throw new OAuthRefused(
    'invalid_client',
    'authenticate with private_key_jwt: client_assertion, not an Authorization header',
    {
      'www-authenticate': `${scheme} realm="interlock"`,
    },
  );
}

async function authenticateClient(options: TokenEndpointOptions, form: Form, nowMs: number): Promise<ProvenAgent> {
  if (form.get('client_secret') !== null) {
    throw new OAuthRefused('invalid_client', 'agents have no secrets: authenticate with private_key_jwt');
  }
  const assertion = form.get('client_assertion');
  if (assertion === null || form.get('client_assertion_type') !== JWT_BEARER) {
    throw new OAuthRefused(
      'invalid_client',
      `send client_assertion and client_assertion_type=${JWT_BEARER} (private_key_jwt)`,
    );
  }
  const resources = options.resources();
  const checks: AssertionOptions = {
    agents: options.agents,
    replay: options.replay,
    audiences: () => [resources.tokenEndpoint, resources.issuer],
    maxLifetimeMs: options.lifetimes().maxAssertionMs,
  };
  const clientId = form.get('client_id');
  try {
    // RFC 7521 section 4.2: client_id is optional, and must name the same client.
    return await verifyAssertion(checks, assertion, { nowMs, ...(clientId === null ? {} : { clientId }) });
  } catch (error) {
    if (error instanceof CredentialRefused) throw new OAuthRefused('invalid_client', error.message);
    throw error;
  }
}

/** RFC 8707 section 2. Without `resource`, the token is for every server, and policies decide what that is worth. */
function targets(options: TokenEndpointOptions, form: Form, agent: Agent): readonly string[] {
  const resources = options.resources();
  const asked = form.all('resource');
  if (asked.length === 0) return [resources.aggregate];
  if (asked.length > TOKEN_LIMITS.audiences) {
    throw new OAuthRefused('invalid_target', `at most ${TOKEN_LIMITS.audiences} resources in one token`);
  }
  const found = asked.map((value) => target(options, { value, resources, agent }));
  return [...new Set(found)];
}

interface Asked {
  readonly value: string;
  readonly resources: Resources;
  readonly agent: Agent;
}

/** The same answer for a server that is hidden from the agent and for one that does not exist. */
function target(options: TokenEndpointOptions, { value, resources, agent }: Asked): string {
  const resource = normalizeResource(value);
  if (resource === resources.aggregate) return resource;
  const server = resource === null ? null : serverOf(resources, resource);
  if (
    resource === null ||
    server === null ||
    !options.servers().has(server) ||
    agent.servers?.includes(server) === false
  ) {
    throw new OAuthRefused(
      'invalid_target',
      `resource must be ${resources.aggregate} or ${resources.aggregate}/<server>`,
    );
  }
  return resource;
}
