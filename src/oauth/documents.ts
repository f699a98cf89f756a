import { DPOP_ALGORITHMS } from '../identity/proof/dpop.ts';
import { SIGNATURE_ALGORITHMS } from '../identity/proof/jws.ts';
import { SIGNING_ALGORITHM, type SigningKeys } from '../identity/proof/keys.ts';
import { type Resources, serverOf } from '../identity/resources.ts';
import { ACTION_TYPE } from '../identity/tokens.ts';
import type { JsonObject } from '../model/json.ts';
import { RIGHTS } from '../model/scope.ts';
import { type HttpAnswer, publicDocument } from './answer.ts';
import { ID_JAG_TOKEN } from './assertions/issue-id-jag.ts';
import { BACKCHANNEL_PATH } from './backchannel/options.ts';
import { DELEGATION_TYPE, TASK_TYPE } from './grants/details.ts';
import { PROVIDER_ROUTES } from './provider/configuration.ts';
import { CLIENT_CREDENTIALS } from './token-endpoint.ts';

const MAX_AGE_SECONDS = 300;
const AS_METADATA = '/.well-known/oauth-authorization-server';
const OPENID_METADATA = '/.well-known/openid-configuration';
const RESOURCE_METADATA = '/.well-known/oauth-protected-resource';

/** What there is to discover, besides the addresses. */
export interface Discovery {
  /** Grants of our own token endpoint. */
  readonly grantTypes: readonly string[];
  /** `authorization_grant_profiles_supported`, such as ID-JAG. */
  readonly grantProfiles: readonly string[];
  /** Whether agents may get ID-JAGs here, to carry them elsewhere. */
  readonly issuesIdJags?: boolean;
  /** Agents may ask people beforehand. Left out: they may not. */
  readonly backchannel?: { readonly acrValues: readonly string[] };
  /** `null`: no person can sign in here. */
  readonly people: {
    readonly registration: boolean;
    readonly documents: boolean;
    /** Rights a client asks for first. */
    readonly basicRights: readonly string[];
  } | null;
}

export const AGENTS_ONLY: Discovery = { grantTypes: [CLIENT_CREDENTIALS], grantProfiles: [], people: null };

/**
 * Authorization server metadata (RFC 8414 section 3, OpenID Connect Discovery), for the path of a request. `null`: no such document.
 * Clients that take the MCP endpoint for the issuer insert its path (`…/oauth-authorization-server/mcp/x`); they get the one document
 * there is, with the one issuer there is.
 *
 * `authorization_endpoint` is there even where no person can sign in: MCP clients refuse metadata without one. It answers with an error.
 */
export function authorizationServerMetadata(
  resources: Resources,
  path: string,
  discovery: Discovery,
): HttpAnswer | null {
  const known = [AS_METADATA, OPENID_METADATA].some((base) => path === base || isProtected(resources, path, base));
  if (!known) return null;
  const { people, grantTypes, grantProfiles, issuesIdJags = false, backchannel } = discovery;
  return publicDocument(
    {
      issuer: resources.issuer,
      authorization_endpoint: resources.authorizationEndpoint,
      token_endpoint: resources.tokenEndpoint,
      jwks_uri: resources.jwksUri,
      introspection_endpoint: `${resources.issuer}/oauth/introspect`,
      introspection_endpoint_auth_methods_supported: ['private_key_jwt'],
      introspection_endpoint_auth_signing_alg_values_supported: SIGNATURE_ALGORITHMS,
      revocation_endpoint: `${resources.issuer}/oauth/revoke`,
      revocation_endpoint_auth_methods_supported: ['private_key_jwt', ...(people === null ? [] : ['none'])],
      revocation_endpoint_auth_signing_alg_values_supported: SIGNATURE_ALGORITHMS,
      response_types_supported: people === null ? [] : ['code'],
      grant_types_supported: [...(people === null ? [] : ['authorization_code', 'refresh_token']), ...grantTypes],
      ...(issuesIdJags ? { identity_chaining_requested_token_types_supported: [ID_JAG_TOKEN] } : {}),
      ...(grantProfiles.length === 0 ? {} : { authorization_grant_profiles_supported: grantProfiles }),
      token_endpoint_auth_methods_supported: ['private_key_jwt', ...(people === null ? [] : ['none'])],
      token_endpoint_auth_signing_alg_values_supported: SIGNATURE_ALGORITHMS,
      dpop_signing_alg_values_supported: DPOP_ALGORITHMS,
      protected_resources: [resources.aggregate],
      ...(people === null ? {} : forPeople(resources, people)),
      ...(backchannel === undefined ? {} : forBackchannel(resources, backchannel)),
    },
    MAX_AGE_SECONDS,
  );
}

/** OpenID Connect CIBA section 4, RFC 9396 section 10. Push is not supported. */
function forBackchannel({ issuer }: Resources, { acrValues }: NonNullable<Discovery['backchannel']>): JsonObject {
  return {
    backchannel_authentication_endpoint: `${issuer}${BACKCHANNEL_PATH}`,
    backchannel_token_delivery_modes_supported: ['poll', 'ping'],
    backchannel_authentication_request_signing_alg_values_supported: SIGNATURE_ALGORITHMS,
    backchannel_user_code_parameter_supported: false,
    acr_values_supported: acrValues,
    authorization_details_types_supported: [ACTION_TYPE, TASK_TYPE, DELEGATION_TYPE],
  };
}

function forPeople({ issuer }: Resources, people: NonNullable<Discovery['people']>): JsonObject {
  return {
    pushed_authorization_request_endpoint: `${issuer}${PROVIDER_ROUTES.pushed_authorization_request}`,
    ...(people.registration ? { registration_endpoint: `${issuer}${PROVIDER_ROUTES.registration}` } : {}),
    client_id_metadata_document_supported: people.documents,
    code_challenge_methods_supported: ['S256'],
    authorization_response_iss_parameter_supported: true,
    response_modes_supported: ['query', 'form_post'],
    // A server's own scopes are named where that server is described; its name is nothing for everybody.
    scopes_supported: ['openid', 'profile', 'email', 'offline_access', ...RIGHTS.map((right) => `*:${right}`)],
    subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: [SIGNING_ALGORITHM],
    claims_supported: ['sub', 'name', 'email', 'amr', 'acr', 'auth_time'],
  };
}

/**
 * Protected resource metadata (RFC 9728 section 3). The same answer whether a server exists or not: who asks has no credentials yet,
 * and the names of servers are not public. `null`: not the path of such a document.
 */
export function protectedResourceMetadata(
  resources: Resources,
  path: string,
  { people }: Discovery,
): HttpAnswer | null {
  if (path !== RESOURCE_METADATA && !isProtected(resources, path, RESOURCE_METADATA)) return null;
  const suffix = path.slice(RESOURCE_METADATA.length);
  const resource = suffix === '' ? resources.aggregate : `${resources.issuer}${suffix}`;
  const server = serverOf(resources, resource) ?? '*';
  return publicDocument(
    {
      resource,
      authorization_servers: [resources.issuer],
      bearer_methods_supported: ['header'],
      resource_name: 'Interlock',
      dpop_signing_alg_values_supported: DPOP_ALGORITHMS,
      ...(people === null ? {} : { scopes_supported: people.basicRights.map((right) => `${server}:${right}`) }),
    },
    MAX_AGE_SECONDS,
  );
}

/** `/mcp` or `/mcp/<server>` after the well-known part. */
function isProtected(resources: Resources, path: string, wellKnown: string): boolean {
  if (!path.startsWith(`${wellKnown}/`) || path.length > 300) return false;
  const resource = `${resources.issuer}${path.slice(wellKnown.length)}`;
  const server = serverOf(resources, resource);
  return resource === resources.aggregate || (server !== null && /^[a-z][a-z0-9-]{0,31}$/.test(server));
}

/** JWK set (RFC 7517 section 5): what signs the tokens, what did, and what will. */
export function jwkSet(keys: SigningKeys): HttpAnswer {
  const published = keys
    .published()
    .map(({ kty, crv, x, y, kid, alg }) => ({ kty, crv, x, y, kid, alg, use: 'sig' }) as JsonObject);
  return publicDocument({ keys: published }, MAX_AGE_SECONDS);
}
