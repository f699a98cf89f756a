import type { SigningKeys } from '../identity/proof/keys.ts';
import { errorAnswer, type HttpAnswer, OAuthRefused } from './answer.ts';
import {
  AGENTS_ONLY,
  authorizationServerMetadata,
  type Discovery,
  jwkSet,
  protectedResourceMetadata,
} from './documents.ts';
import { type TokenEndpointOptions, type TokenRequest, tokenEndpoint } from './token-endpoint.ts';

/** The OAuth endpoints, without a transport. Paths are those of the URL, without query. */
export interface AuthorizationServer {
  /** POST /oauth/token */
  tokenEndpoint(request: TokenRequest): Promise<HttpAnswer>;
  /** GET /.well-known/oauth-authorization-server[/mcp[/server]], or openid-configuration; `null` for another path. */
  metadata(path: string): HttpAnswer | null;
  /** GET /.well-known/oauth-protected-resource[/mcp[/server]]; `null` for another path. */
  protectedResource(path: string): HttpAnswer | null;
  /** GET /oauth/jwks */
  jwks(): HttpAnswer;
  /** GET /oauth/authorize where no person can sign in: says so. */
  authorizationEndpoint(): HttpAnswer;
}

export interface AuthorizationServerOptions extends TokenEndpointOptions {
  readonly keys: SigningKeys;
  /** Left out: agents only. */
  readonly discovery?: () => Discovery;
}

export function authorizationServer(options: AuthorizationServerOptions): AuthorizationServer {
  const discovery = () => options.discovery?.() ?? AGENTS_ONLY;
  return {
    tokenEndpoint: (request) => tokenEndpoint(options, request),
    metadata: (path) => authorizationServerMetadata(options.resources(), path, discovery()),
    protectedResource: (path) => protectedResourceMetadata(options.resources(), path, discovery()),
    jwks: () => jwkSet(options.keys),
    authorizationEndpoint: () =>
      errorAnswer(
        new OAuthRefused(
          'unsupported_response_type',
          'this gateway issues tokens to registered agents only: client_credentials with private_key_jwt, at its token endpoint',
        ),
      ),
  };
}
