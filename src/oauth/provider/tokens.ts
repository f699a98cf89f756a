import { errors, type KoaContextWithOIDC } from 'oidc-provider';
import { SIGNING_ALGORITHM } from '../../identity/proof/keys.ts';
import { normalizeResource, serverOf } from '../../identity/resources.ts';
import { identityClaims } from '../../identity/tokens.ts';
import type { JsonObject } from '../../model/json.ts';
import { intersectScopes, PROTOCOL_SCOPES, parseScopes, RIGHTS } from '../../model/scope.ts';
import { findConsent, whyNotGood } from '../consent/consents.ts';
import type { ProviderOptions } from './options.ts';

const SERVER_ID = /^[a-z][a-z0-9-]{0,31}$/;

/**
 * A resource a token can be for (RFC 8707), with the scopes there are. As long as nobody is signed in, every well-formed name of a server
 * is as good as any other: who asks must not learn which exist. Throws InvalidTarget.
 */
export function resourceServer(options: ProviderOptions, ctx: KoaContextWithOIDC, indicator: string): object {
  const resources = options.resources();
  const resource = normalizeResource(indicator);
  const server = resource === null ? null : serverOf(resources, resource);
  const aggregate = resource === resources.aggregate;
  if (resource === null || (!aggregate && (server === null || !SERVER_ID.test(server)))) throw noSuchTarget();
  const { oidc } = ctx;
  const nobody = oidc.session?.accountId === undefined && ASKING.has(oidc.route);
  if (server !== null && !nobody && !options.servers().has(server)) throw noSuchTarget();
  const servers = server === null ? ['*', ...options.servers().keys()] : [server];
  const scopes = servers.flatMap((id) => RIGHTS.map((right) => `${id}:${right}`));
  if (ASKING.has(oidc.route))
    askBasics(
      ctx,
      scopes,
      options.settings().basicRights.map((right) => `${server ?? '*'}:${right}`),
    );
  return {
    scope: scopes.join(' '),
    audience: resource,
    accessTokenFormat: 'jwt',
    jwt: { sign: { alg: SIGNING_ALGORITHM, kid: options.ring.current().kid } },
  };
}

const ASKING: ReadonlySet<string> = new Set(['authorization', 'resume', 'pushed_authorization_request']);

/** Who names no scope of ours asks for the basic ones (RFC 6749 section 3.3: a pre-defined default value). */
function askBasics({ oidc }: KoaContextWithOIDC, known: readonly string[], basics: readonly string[]): void {
  const asked = [...(oidc.requestParamScopes ?? [])];
  if (oidc.params === undefined || asked.some((scope) => known.includes(scope))) return;
  oidc.params.scope = [...asked.filter((scope) => PROTOCOL_SCOPES.has(scope)), ...basics].join(' ');
}

function noSuchTarget(): Error {
  return new errors.InvalidTarget('resource must be the address of the gateway or of a server behind it');
}

interface IssuedToken {
  readonly accountId?: string;
  readonly clientId?: string;
  readonly grantId?: string;
  readonly jkt?: string | undefined;
  scope?: string | undefined;
}

/**
 * Gives an access token the claims of ours (identity/tokens.ts): for the person, through the agent the consent is for, limited to what
 * was agreed and to what the agent may ever have. Throws InvalidGrant when the consent is good no more.
 */
export async function tokenShape(
  options: ProviderOptions,
  issued: unknown,
  jwt: { payload: JsonObject },
): Promise<undefined> {
  const token = issued as IssuedToken;
  const consent = await findConsent(options, token.grantId ?? '');
  const why = whyNotGood(options, consent);
  if (why !== null || consent === null) throw new errors.InvalidGrant(why ?? 'the consent is gone');
  const agent = options.directory.agent(consent.agentId);
  const agreed = parseScopes(token.scope ?? '') ?? [];
  const scopes = intersectScopes(agreed, agent?.scopes ?? null) ?? [];
  const { aud, jti, iat, exp, iss } = jwt.payload;
  const audience = typeof aud === 'string' ? aud : '';
  checkServer(options, agent?.servers ?? null, audience);
  // The answer to the client says what the token says.
  token.scope = scopes.join(' ');
  const claims = identityClaims({
    agentId: consent.agentId,
    clientId: consent.clientId,
    subject: consent.personId,
    chain: [{ id: consent.agentId, kind: 'agent' }],
    audiences: [audience],
    scopes,
    txn: crypto.randomUUID(),
    grant: consent.grantId,
    dpopJkt: token.jkt ?? null,
  });
  Object.assign(jwt, { payload: { jti, iat, exp, iss, ...claims } });
  return undefined;
}

/** The same answer for a server that is hidden from the agent and for one that does not exist. */
function checkServer(options: ProviderOptions, servers: readonly string[] | null, audience: string): void {
  const server = serverOf(options.resources(), audience);
  if (server !== null && servers?.includes(server) === false) throw noSuchTarget();
}
