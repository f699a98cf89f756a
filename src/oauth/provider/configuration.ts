import { type Configuration, errors, interactionPolicy, type KoaContextWithOIDC } from 'oidc-provider';
import { ASSERTION_LIMITS } from '../../identity/proof/assertion.ts';
import { DPOP_ALGORITHMS } from '../../identity/proof/dpop.ts';
import { SIGNATURE_ALGORITHMS } from '../../identity/proof/jws.ts';
import { SIGNING_ALGORITHM } from '../../identity/proof/keys.ts';
import { sha256Base64url } from '../../model/canonical.ts';
import { findConsent, whyNotGood } from '../consent/consents.ts';
import { INTERACTION_PATH } from '../interactions.ts';
import { storeAdapter } from './adapter.ts';
import { agentClient, clientFetch, mayFetchDocument } from './clients.ts';
import type { ProviderOptions } from './options.ts';
import { errorPage } from './page.ts';
import { resourceServer, tokenShape } from './tokens.ts';

/** Where things are; every other path is ours. */
export const PROVIDER_ROUTES = {
  authorization: '/oauth/authorize',
  pushed_authorization_request: '/oauth/par',
  registration: '/oauth/register',
  token: '/oauth/token',
  end_session: '/oauth/session/end',
  jwks: '/oauth/jwks',
} as const;

export const AUTH_METHODS = ['private_key_jwt', 'none'] as const;
const TTL_SECONDS = { code: 60, interaction: 1_800, session: 8 * 3_600 } as const;

export function configuration(options: ProviderOptions): Configuration {
  const settings = options.settings();
  return {
    adapter: (kind) => (kind === 'Client' ? clientAdapter(options) : storeAdapter(options, kind)),
    fetch: clientFetch(options.web, options.settings) as Configuration['fetch'],
    findAccount: (_ctx, id, source) => findAccount(options, id, source),
    jwks: { keys: [{ ...options.ring.currentPrivateJwk(), kid: options.ring.current().kid } as never] },
    routes: PROVIDER_ROUTES,
    features: features(options),
    responseTypes: ['code'],
    pkce: { required: () => true },
    scopes: ['openid', 'offline_access'],
    claims: { openid: ['sub', 'amr', 'acr', 'auth_time'], profile: ['name'], email: ['email'] } as never,
    clientAuthMethods: [...AUTH_METHODS],
    clientDefaults: {
      grant_types: ['authorization_code', 'refresh_token'],
      id_token_signed_response_alg: SIGNING_ALGORITHM,
      response_types: ['code'],
      token_endpoint_auth_method: 'none',
    },
    enabledJWA: {
      idTokenSigningAlgValues: [SIGNING_ALGORITHM],
      clientAuthSigningAlgValues: enabled(SIGNATURE_ALGORITHMS, CLIENT_ALGORITHMS) as never,
      dPoPSigningAlgValues: enabled(DPOP_ALGORITHMS, DPOP_KNOWN) as never,
    },
    // Once signed in, whatever was agreed to lasts as long as agreed: closing a browser does not stop an agent, withdrawing does.
    expiresWithSession: async () => false,
    issueRefreshToken: async (_ctx, client) => client.grantTypeAllowed('refresh_token'),
    rotateRefreshToken: () => true,
    revokeGrantPolicy: () => true,
    allowOmittingSingleRegisteredRedirectUri: false,
    assertJwtClientAuthClaimsAndHeader: (_ctx, claims, _header, client) =>
      spendAssertion(options, claims as AssertionClaims, client.clientId),
    // The listener has checked Origin already: those that get here may call.
    clientBasedCORS: () => true,
    formats: {
      bitsOfOpaqueRandomness: 256,
      customizers: { jwt: (_ctx, token, jwt) => tokenShape(options, token, jwt as never) },
    },
    interactions: {
      policy: policy(),
      url: (_ctx, interaction) => `${INTERACTION_PATH}/${interaction.uid}`,
    },
    cookies: {
      names: { session: 'interlock_session', interaction: 'interlock_interaction', resume: 'interlock_resume' },
      long: { httpOnly: true, sameSite: 'lax', signed: false },
      short: { httpOnly: true, sameSite: 'lax', signed: false },
    },
    renderError: (ctx, out) => errorPage(ctx, out),
    ttl: {
      AccessToken: (ctx) => atMost(options.tokenMs(), ctx),
      IdToken: (ctx) => atMost(options.tokenMs(), ctx),
      RefreshToken: (ctx) => atMost(settings.refreshMs, ctx),
      AuthorizationCode: TTL_SECONDS.code,
      Interaction: TTL_SECONDS.interaction,
      Session: TTL_SECONDS.session,
      Grant: Math.floor(settings.consentMs / 1000),
    },
  };
}

/** What the provider can verify; a list of ours may only narrow it. */
const CLIENT_ALGORITHMS = ['RS256', 'PS256', 'ES256', 'ES384', 'Ed25519', 'EdDSA'];
const DPOP_KNOWN = ['RS256', 'PS256', 'ES256', 'ES384', 'Ed25519', 'EdDSA'];

function enabled(ours: readonly string[], known: readonly string[]): string[] {
  return ours.filter((alg) => known.includes(alg));
}

function features(options: ProviderOptions): NonNullable<Configuration['features']> {
  const { registration, documents } = options.settings();
  return {
    devInteractions: { enabled: false },
    userinfo: { enabled: false },
    rpInitiatedLogout: { enabled: false },
    dPoP: { enabled: true },
    pushedAuthorizationRequests: { enabled: true },
    resourceIndicators: {
      enabled: true,
      // Without `resource`, the token is for every server, and policies decide what that is worth.
      defaultResource: async (_ctx, _client, oneOf) => oneOf?.[0] ?? options.resources().aggregate,
      useGrantedResource: async () => true,
      getResourceServerInfo: async (ctx, indicator) => resourceServer(options, ctx, indicator) as never,
    },
    registration: {
      enabled: registration.enabled,
      initialAccessToken: registration.initialAccessToken ?? false,
      issueRegistrationAccessToken: false,
      // The underscore keeps them apart from the ids of agents.
      idFactory: () => `dcr_${crypto.randomUUID()}`,
    },
    clientIdMetadataDocument: {
      enabled: documents.enabled,
      ack: 'draft-02',
      allowFetch: async (_ctx: KoaContextWithOIDC, id: string) => mayFetchDocument(options, id),
      allowClient: async (_ctx: KoaContextWithOIDC, client: { clientId: string }) =>
        mayFetchDocument(options, client.clientId),
      cacheDuration: { min: 30, max: 86_400 },
    },
  } as NonNullable<Configuration['features']>;
}

/** Agents first: nobody can register a client under the id of one. */
function clientAdapter(options: ProviderOptions): ReturnType<typeof storeAdapter> {
  const stored = storeAdapter(options, 'Client');
  return {
    ...stored,
    async find(id) {
      const agent = options.directory.agent(id);
      if (agent === undefined) return stored.find(id);
      const alive = options.directory.whyNotAlive(id, options.clock.nowMs()) === null;
      return alive ? (agentClient(agent) as never) : undefined;
    },
    // Nobody is asked about a client that registered itself and was never used again.
    upsert: (id, payload) => stored.upsert(id, payload, 365 * 86_400),
  };
}

/**
 * A person as the provider may know them; nobody when inactive. Asked whenever something is about to be issued: where there is a consent,
 * it must be good, so that a refresh token is not used up for nothing.
 */
async function findAccount(options: ProviderOptions, id: string, source: unknown) {
  const { directory } = options;
  const person = directory.person(id);
  if (person === undefined || directory.whyNoSubject(id) !== null) return undefined;
  const grantId = (source as { grantId?: unknown } | undefined)?.grantId;
  if (typeof grantId === 'string') {
    const why = whyNotGood(options, await findConsent(options, grantId));
    if (why !== null) throw new errors.InvalidGrant(why);
  }
  const { name, email } = person;
  return { accountId: id, claims: async () => ({ sub: id, name, ...(email === null ? {} : { email }) }) };
}

interface AssertionClaims {
  readonly jti?: unknown;
  readonly exp?: unknown;
  readonly aud?: unknown;
}

/** The same rules, and the same memory of what was spent, as at our own token endpoint (identity/proof/assertion.ts). */
async function spendAssertion(options: ProviderOptions, claims: AssertionClaims, clientId: string): Promise<void> {
  const { jti, exp, aud } = claims;
  const { issuer, tokenEndpoint } = options.resources();
  const audience = Array.isArray(aud) && aud.length === 1 ? aud[0] : aud;
  if (
    typeof audience !== 'string' ||
    ![issuer, tokenEndpoint, `${issuer}${PROVIDER_ROUTES.pushed_authorization_request}`].includes(audience)
  ) {
    throw new errors.InvalidClientAuth('aud must be exactly one of ours');
  }
  if (typeof jti !== 'string' || jti.length > ASSERTION_LIMITS.jtiLength)
    throw new errors.InvalidClientAuth('jti is unusable');
  const latestMs = options.clock.nowMs() + ASSERTION_LIMITS.lifetimeMs + ASSERTION_LIMITS.skewMs;
  if (typeof exp !== 'number' || exp * 1000 > latestMs) throw new errors.InvalidClientAuth('exp is too far ahead');
  const first = await options.replay.claim(
    `assertion:${sha256Base64url(`${clientId}\n${jti}`)}`,
    exp * 1000 + ASSERTION_LIMITS.skewMs,
  );
  if (!first) throw new errors.InvalidClientAuth('the assertion was used before');
}

/** The provider's own steps, and one more: who is signed in must still be somebody. */
function policy(): NonNullable<NonNullable<Configuration['interactions']>['policy']> {
  const { Check, base } = interactionPolicy;
  const steps = base();
  const gone = new Check('account_gone', 'the person is not active', (ctx) => {
    const { oidc } = ctx;
    return oidc.session?.accountId !== undefined && oidc.account === undefined
      ? Check.REQUEST_PROMPT
      : Check.NO_NEED_TO_PROMPT;
  });
  steps.get('login')?.checks.add(gone);
  return steps;
}

/** A duration in whole seconds, never longer than the consent it comes from. */
function atMost(durationMs: number, ctx: KoaContextWithOIDC): number {
  const left = ctx?.oidc?.entities?.Grant?.remainingTTL;
  return Math.max(1, Math.min(Math.floor(durationMs / 1000), left ?? Number.POSITIVE_INFINITY));
}
