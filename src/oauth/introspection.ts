import { verifyAssertion } from '../identity/proof/assertion.ts';
import { CredentialRefused, readJws } from '../identity/proof/jws.ts';
import type { Resources } from '../identity/resources.ts';
import { type AccessClaims, type AccessTokens, TOKEN_LIMITS } from '../identity/tokens.ts';
import type { Agent } from '../model/agent.ts';
import type { JsonObject } from '../model/json.ts';
import type { Clock } from '../ports/clock.ts';
import type { OAuthRow, OAuthStore } from '../ports/identity-stores.ts';
import type { ReplayStore } from '../ports/stores.ts';
import { errorAnswer, type HttpAnswer, OAuthRefused, tokenAnswer } from './answer.ts';
import { type Form, readForm } from './form.ts';
import { storedId } from './provider/adapter.ts';

const ASSERTION = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';
/** Agents of this group may ask about every token: servers that take our tokens themselves. */
const ASKS_ABOUT_ALL = 'resource-servers';

export interface FrontOptions {
  readonly tokens: AccessTokens;
  readonly store: OAuthStore;
  readonly replay: ReplayStore;
  readonly clock: Clock;
  readonly resources: () => Resources;
  readonly agents: () => { get(id: string): Agent | undefined };
  /** Why a token that verifies is good for nothing now: revoked, or somebody in its chain may not act. `null`: it is good. */
  readonly whyDead: (claims: AccessClaims, nowMs: number) => string | null;
  /** The same for the consent behind a refresh token. */
  readonly whyGrantDead: (grantId: string) => Promise<string | null>;
  readonly isAlive: (agentId: string, nowMs: number) => boolean;
  readonly maxAssertionMs: () => number;
  readonly onError: (error: unknown) => void;
}

export interface FrontRequest {
  readonly contentType: string | undefined;
  readonly body: string;
}

/**
 * POST /oauth/introspect (RFC 7662), for tokens of any process: an answer about a token the asking agent holds or is part of, and for
 * servers of the group `resource-servers` about any. Always answers.
 */
export function introspect(options: FrontOptions, request: FrontRequest): Promise<HttpAnswer> {
  return answered(options, async () => {
    const form = readForm(request.contentType, request.body);
    const agent = await provenAgent(options, form);
    const token = form.get('token');
    if (agent === null) throw new OAuthRefused('invalid_client', 'authenticate with private_key_jwt');
    if (token === null) throw new OAuthRefused('invalid_request', 'token is missing');
    return tokenAnswer((await describe(options, token, agent)) ?? { active: false });
  });
}

async function describe(options: FrontOptions, token: string, asking: Agent): Promise<JsonObject | null> {
  const nowMs = options.clock.nowMs();
  if (!token.includes('.')) return refreshToken(options, token, asking);
  const claims = await verified(options, token, nowMs);
  if (claims === null || options.whyDead(claims, nowMs) !== null) return null;
  const part = [claims.agentId, claims.clientId, ...claims.chain.map(({ id }) => id)];
  if (!part.includes(asking.id) && !asking.groups.includes(ASKS_ABOUT_ALL)) return null;
  const { payload } = readJws(token, TOKEN_LIMITS.length);
  return { active: true, token_type: claims.dpopJkt === null ? 'Bearer' : 'DPoP', ...payload };
}

async function refreshToken(options: FrontOptions, token: string, asking: Agent): Promise<JsonObject | null> {
  const row = await findRefreshToken(options, token);
  if (row === null || row.consumedAtMs !== null || row.client !== asking.id || row.grantId === null) return null;
  if ((await options.whyGrantDead(row.grantId)) !== null) return null;
  const { scope, iat, exp } = row.payload;
  return { active: true, token_type: 'refresh_token', client_id: row.client, sub: row.account ?? '', scope, iat, exp };
}

/** `null`: not one of ours, or expired: nobody learns which. */
export async function verified(options: FrontOptions, token: string, nowMs: number): Promise<AccessClaims | null> {
  try {
    return await options.tokens.verify(token, nowMs);
  } catch (error) {
    if (error instanceof CredentialRefused) return null;
    throw error;
  }
}

export function findRefreshToken({ store }: Pick<FrontOptions, 'store'>, token: string): Promise<OAuthRow | null> {
  const usable = token.length <= 200 && /^[\w-]+$/.test(token);
  return usable ? store.find('RefreshToken', storedId('RefreshToken', token)) : Promise.resolve(null);
}

/** The agent a client assertion proves; `null` when there is none. An agent that may not act may not ask. Throws OAuthRefused. */
export async function provenAgent(options: FrontOptions, form: Form): Promise<Agent | null> {
  const assertion = form.get('client_assertion');
  if (assertion === null) return null;
  if (form.get('client_assertion_type') !== ASSERTION) {
    throw new OAuthRefused('invalid_client', `client_assertion_type must be ${ASSERTION}`);
  }
  const { issuer, tokenEndpoint } = options.resources();
  const nowMs = options.clock.nowMs();
  const clientId = form.get('client_id');
  const checks = {
    agents: options.agents,
    replay: options.replay,
    audiences: () => [tokenEndpoint, issuer, `${issuer}/oauth/introspect`, `${issuer}/oauth/revoke`],
    maxLifetimeMs: options.maxAssertionMs(),
  };
  try {
    const { agent } = await verifyAssertion(checks, assertion, { nowMs, ...(clientId === null ? {} : { clientId }) });
    if (!options.isAlive(agent.id, nowMs)) throw new CredentialRefused('this agent may not act now');
    return agent;
  } catch (error) {
    if (error instanceof CredentialRefused) throw new OAuthRefused('invalid_client', error.message);
    throw error;
  }
}

export async function answered(options: FrontOptions, answer: () => Promise<HttpAnswer>): Promise<HttpAnswer> {
  try {
    return await answer();
  } catch (error) {
    if (error instanceof OAuthRefused) return errorAnswer(error);
    options.onError(error);
    return errorAnswer(new OAuthRefused('temporarily_unavailable', 'this could not be answered; try again'));
  }
}
