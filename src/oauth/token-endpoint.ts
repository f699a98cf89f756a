import { errorAnswer, type HttpAnswer, OAuthRefused } from './answer.ts';
import { readForm } from './form.ts';
import { provenKey, refuseOtherAuthentication } from './grants/client.ts';
import { clientCredentials } from './grants/client-credentials.ts';
import type { Grant, TokenEndpointOptions, TokenRequest } from './grants/context.ts';
import { TOKEN_EXCHANGE, tokenExchange } from './grants/exchange.ts';

export type { TokenEndpointOptions, TokenRequest } from './grants/context.ts';

export const CLIENT_CREDENTIALS = 'client_credentials';

/** The grants for agents. Those for people are the provider's (provider/provider.ts). */
const GRANTS: ReadonlyMap<string, Grant> = new Map([
  [CLIENT_CREDENTIALS, clientCredentials],
  [TOKEN_EXCHANGE, tokenExchange],
]);

/** POST /oauth/token, for agents (RFC 6749 section 3.2). Always answers; never rejects. */
export async function tokenEndpoint(options: TokenEndpointOptions, request: TokenRequest): Promise<HttpAnswer> {
  try {
    return await handle(options, request);
  } catch (error) {
    if (error instanceof OAuthRefused) return errorAnswer(error);
    options.onError(error);
    return errorAnswer(new OAuthRefused('temporarily_unavailable', 'the token could not be issued; try again'));
  }
}

/** Every grant of agents there is here, for the metadata. */
export function grantTypes({ grants }: Pick<TokenEndpointOptions, 'grants'>): readonly string[] {
  return [...GRANTS.keys(), ...(grants?.keys() ?? [])];
}

/** What is asked of a token exchange decides who answers it. */
function grantFor(options: TokenEndpointOptions, grantType: string, wanted: string | null): Grant | undefined {
  const special = grantType === TOKEN_EXCHANGE && wanted !== null ? options.exchanges?.get(wanted) : undefined;
  return special ?? GRANTS.get(grantType) ?? options.grants?.get(grantType);
}

async function handle(options: TokenEndpointOptions, request: TokenRequest): Promise<HttpAnswer> {
  if (request.method !== 'POST') throw new OAuthRefused('invalid_request', 'use POST', { allow: 'POST' });
  refuseOtherAuthentication(request.authorization);
  const form = readForm(request.contentType, request.body);
  const grantType = form.get('grant_type');
  if (grantType === null) throw new OAuthRefused('invalid_request', 'grant_type is missing');
  const grant = grantFor(options, grantType, form.get('requested_token_type'));
  if (grant === undefined)
    throw new OAuthRefused('unsupported_grant_type', `supported are ${grantTypes(options).join(', ')}`);
  const nowMs = options.clock.nowMs();
  const dpopJkt = await provenKey(options, request);
  return grant(options, { form, nowMs, dpopJkt });
}
