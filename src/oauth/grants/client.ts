import { type AssertionOptions, type ProvenAgent, verifyAssertion } from '../../identity/proof/assertion.ts';
import { DpopRefused, verifyDpop } from '../../identity/proof/dpop.ts';
import { CredentialRefused } from '../../identity/proof/jws.ts';
import { normalizeResource, serverOf } from '../../identity/resources.ts';
import { TOKEN_LIMITS } from '../../identity/tokens.ts';
import type { Agent } from '../../model/agent.ts';
import { coversScope, parseScopes } from '../../model/scope.ts';
import { OAuthRefused } from '../answer.ts';
import type { GrantRequest, TokenEndpointOptions, TokenRequest } from './context.ts';

const JWT_BEARER = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';

/** RFC 6749 section 2.3: one method per request; section 5.2: 401 names the scheme the client tried. */
export function refuseOtherAuthentication(authorization: string | readonly string[] | undefined): void {
  if (authorization === undefined || authorization.length === 0) return;
  const first = typeof authorization === 'string' ? authorization : (authorization[0] ?? '');
  const scheme = /^[A-Za-z][A-Za-z0-9-]{0,30}/.exec(first)?.[0] ?? 'Basic';
  throw new OAuthRefused(
    'invalid_client',
    'authenticate with private_key_jwt: client_assertion, not an Authorization header',
    { 'www-authenticate': `${scheme} realm="interlock"` },
  );
}

/**
 * The agent that asks, proven by its key and able to act. `endpoint`: where it asks, when that is not the token endpoint; an assertion may
 * then name it as its audience. Throws OAuthRefused.
 */
export async function authenticateClient(
  options: TokenEndpointOptions,
  request: Pick<GrantRequest, 'form' | 'nowMs'>,
  endpoint?: string,
): Promise<ProvenAgent> {
  const { form, nowMs } = request;
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
  const { directory } = options;
  const checks: AssertionOptions = {
    agents: () => ({ get: (id) => directory.agent(id) }),
    replay: options.replay,
    audiences: () => [resources.tokenEndpoint, resources.issuer, ...(endpoint === undefined ? [] : [endpoint])],
    maxLifetimeMs: options.lifetimes().maxAssertionMs,
  };
  const clientId = form.get('client_id');
  try {
    // RFC 7521 section 4.2: client_id is optional, and must name the same client.
    const proven = await verifyAssertion(checks, assertion, { nowMs, ...(clientId === null ? {} : { clientId }) });
    return { ...proven, agent: standing(options, proven.agent, nowMs) };
  } catch (error) {
    if (error instanceof CredentialRefused) throw new OAuthRefused('invalid_client', error.message);
    throw error;
  }
}

/** An agent that may not act is given nothing. It has proven itself, so it may hear why. */
export function standing(options: TokenEndpointOptions, agent: Agent, nowMs: number): Agent {
  const why = options.directory.whyNotAlive(agent.id, nowMs);
  if (why === 'stale-view') throw new OAuthRefused('temporarily_unavailable', 'try again in a moment');
  if (why !== null) throw new OAuthRefused('unauthorized_client', `this agent may not act (${why})`);
  return agent;
}

/** The key a token will be bound to (RFC 9449 section 5). `null`: no proof was sent. Throws OAuthRefused. */
export async function provenKey(options: TokenEndpointOptions, request: TokenRequest): Promise<string | null> {
  if (request.dpop === undefined || request.dpop.length === 0) return null;
  const url = options.resources().tokenEndpoint;
  try {
    return await verifyDpop(options.replay, { proof: request.dpop, method: 'POST', url, nowMs: options.clock.nowMs() });
  } catch (error) {
    if (error instanceof DpopRefused) throw new OAuthRefused('invalid_dpop_proof', error.message);
    throw error;
  }
}

/** The scopes asked for; `null`: none were. Throws OAuthRefused. */
export function askedScopes({ form }: Pick<GrantRequest, 'form'>): readonly string[] | null {
  const text = form.get('scope');
  if (text === null) return null;
  const scopes = parseScopes(text);
  if (scopes === null)
    throw new OAuthRefused('invalid_scope', 'scopes are <server>:<read|write|destructive|external|credential|all>');
  return scopes;
}

/** Within what the agent may ever hold. Asked for none, a token has no limit of its own; the agent's still holds on every call. */
export function ownScopes(agent: Agent, asked: readonly string[] | null): readonly string[] | null {
  if (asked === null || asked.every((scope) => coversScope(agent.scopes, scope))) return asked;
  throw new OAuthRefused('invalid_scope', 'this agent may not hold all of these scopes');
}

/** RFC 8707 section 2, in one spelling each. Throws OAuthRefused. */
export function askedResources(
  options: TokenEndpointOptions,
  { form }: Pick<GrantRequest, 'form'>,
  agent: Agent,
): readonly string[] {
  const asked = form.all('resource');
  if (asked.length > TOKEN_LIMITS.audiences) {
    throw new OAuthRefused('invalid_target', `at most ${TOKEN_LIMITS.audiences} resources in one token`);
  }
  return [...new Set(asked.map((value) => target(options, value, agent)))];
}

/** The same answer for a server that is hidden from the agent and for one that does not exist. */
function target(options: TokenEndpointOptions, value: string, agent: Agent): string {
  const resources = options.resources();
  const resource = normalizeResource(value);
  if (resource === resources.aggregate) return resource;
  const server = resource === null ? null : serverOf(resources, resource);
  const hidden = server === null || !options.servers().has(server) || agent.servers?.includes(server) === false;
  if (resource === null || hidden) {
    throw new OAuthRefused(
      'invalid_target',
      `resource must be ${resources.aggregate} or ${resources.aggregate}/<server>`,
    );
  }
  return resource;
}
