import type { Agent } from '../model/agent.ts';
import { type HttpAnswer, OAuthRefused, tokenAnswer } from './answer.ts';
import { type Form, readForm } from './form.ts';
import {
  answered,
  type FrontOptions,
  type FrontRequest,
  findRefreshToken,
  provenAgent,
  verified,
} from './introspection.ts';

export interface RevocationOptions extends FrontOptions {
  /** Refuses this access token everywhere, before it resolves. */
  readonly endToken: (jti: string, expiresAtMs: number) => Promise<void>;
  /** Ends a consent and everything that came from it. */
  readonly endGrant: (grantId: string) => Promise<void>;
}

/**
 * POST /oauth/revoke (RFC 7009). An access token ends alone; a refresh token takes its consent with it, and with that every access token.
 * A token that is not good anyway is no error. Agents with keys prove themselves; a public client has the token and names itself.
 * Always answers.
 */
export function revoke(options: RevocationOptions, request: FrontRequest): Promise<HttpAnswer> {
  return answered(options, async () => {
    const form = readForm(request.contentType, request.body);
    const agent = await provenAgent(options, form);
    const token = form.get('token');
    if (token === null) throw new OAuthRefused('invalid_request', 'token is missing');
    const client = agent?.id ?? publicClient(options, form);
    await (token.includes('.') ? endAccess(options, token, client) : endRefresh(options, token, client));
    return tokenAnswer({});
  });
}

/** Who has registered keys must use them (RFC 7009 section 2.1). */
function publicClient(options: FrontOptions, form: Form): string {
  const id = form.get('client_id');
  const agent: Agent | undefined = id === null ? undefined : options.agents().get(id);
  if (id === null || (agent !== undefined && agent.keys.length > 0)) {
    throw new OAuthRefused('invalid_client', 'authenticate with private_key_jwt, or send client_id as a public client');
  }
  return id;
}

async function endAccess(options: RevocationOptions, token: string, client: string): Promise<void> {
  const claims = await verified(options, token, options.clock.nowMs());
  if (claims === null) return;
  if (claims.clientId !== client && claims.agentId !== client) throw notYours();
  await options.endToken(claims.jti, claims.expiresAtMs);
}

async function endRefresh(options: RevocationOptions, token: string, client: string): Promise<void> {
  const row = await findRefreshToken(options, token);
  if (row === null) return;
  if (row.client !== client) throw notYours();
  if (row.grantId !== null) await options.endGrant(row.grantId);
}

function notYours(): OAuthRefused {
  return new OAuthRefused('invalid_request', 'the token was issued to another client');
}
