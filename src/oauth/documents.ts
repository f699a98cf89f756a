import { SIGNATURE_ALGORITHMS } from '../identity/jws.ts';
import type { SigningKey } from '../identity/keys.ts';
import { type Resources, serverOf } from '../identity/resources.ts';
import { type HttpAnswer, publicDocument } from './answer.ts';
import { CLIENT_CREDENTIALS } from './token-endpoint.ts';

const MAX_AGE_SECONDS = 300;
const AS_METADATA = '/.well-known/oauth-authorization-server';
const RESOURCE_METADATA = '/.well-known/oauth-protected-resource';

/**
 * Authorization server metadata (RFC 8414 section 3), for the path of a request. `null`: no such document. Clients that take the
 * MCP endpoint for the issuer insert its path (`…/oauth-authorization-server/mcp/x`); they get the one document there is, with the
 * one issuer there is.
 *
 * `authorization_endpoint` is there although no grant uses it: MCP clients refuse metadata without one. It answers with an error.
 */
export function authorizationServerMetadata(resources: Resources, path: string): HttpAnswer | null {
  if (path !== AS_METADATA && !isProtected(resources, path, AS_METADATA)) return null;
  return publicDocument(
    {
      issuer: resources.issuer,
      authorization_endpoint: resources.authorizationEndpoint,
      token_endpoint: resources.tokenEndpoint,
      jwks_uri: resources.jwksUri,
      response_types_supported: [],
      grant_types_supported: [CLIENT_CREDENTIALS],
      token_endpoint_auth_methods_supported: ['private_key_jwt'],
      token_endpoint_auth_signing_alg_values_supported: SIGNATURE_ALGORITHMS,
      protected_resources: [resources.aggregate],
    },
    MAX_AGE_SECONDS,
  );
}

/**
 * Protected resource metadata (RFC 9728 section 3). The same answer whether a server exists or not: who asks has no credentials yet,
 * and the names of servers are not public. `null`: not the path of such a document.
 */
export function protectedResourceMetadata(resources: Resources, path: string): HttpAnswer | null {
  if (path !== RESOURCE_METADATA && !isProtected(resources, path, RESOURCE_METADATA)) return null;
  const suffix = path.slice(RESOURCE_METADATA.length);
  return publicDocument(
    {
      resource: suffix === '' ? resources.aggregate : `${resources.issuer}${suffix}`,
      authorization_servers: [resources.issuer],
      bearer_methods_supported: ['header'],
      resource_name: 'Interlock',
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

/** JWK set (RFC 7517 section 5): what signs the tokens. */
export function jwkSet(key: SigningKey): HttpAnswer {
  const { kty, crv, x, y, kid, alg } = key.publicJwk;
  return publicDocument({ keys: [{ kty, crv, x, y, kid, alg, use: 'sig' }] }, MAX_AGE_SECONDS);
}
