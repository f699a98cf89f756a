import type { SigningKey } from '../identity/keys.ts';
import { errorAnswer, type HttpAnswer, OAuthRefused } from './answer.ts';
import { authorizationServerMetadata, jwkSet, protectedResourceMetadata } from './documents.ts';
import { type TokenEndpointOptions, type TokenRequest, tokenEndpoint } from './token-endpoint.ts';

/** The OAuth endpoints, without a transport. Paths are those of the URL, without query. */
export interface AuthorizationServer {
  /** POST /oauth/token */
  tokenEndpoint(request: TokenRequest): Promise<HttpAnswer>;
  /** GET /.well-known/oauth-authorization-server[/mcp[/server]]; `null` for another path. */
  metadata(path: string): HttpAnswer | null;
  /** GET /.well-known/oauth-protected-resource[/mcp[/server]]; `null` for another path. */
  protectedResource(path: string): HttpAnswer | null;
  /** GET /oauth/jwks */
  jwks(): HttpAnswer;
  /** GET /oauth/authorize: says that no person can sign in here. */
  authorizationEndpoint(): HttpAnswer;
}

export function authorizationServer(options: TokenEndpointOptions & { readonly key: SigningKey }): AuthorizationServer {
  return {
    tokenEndpoint: (request) => tokenEndpoint(options, request),
    metadata: (path) => authorizationServerMetadata(options.resources(), path),
    protectedResource: (path) => protectedResourceMetadata(options.resources(), path),
    jwks: () => jwkSet(options.key),
    authorizationEndpoint: () =>
      errorAnswer(
        new OAuthRefused(
          'unsupported_response_type',
          'this gateway issues tokens to registered agents only: client_credentials with private_key_jwt, at its token endpoint',
        ),
      ),
  };
}
