import { randomUUID } from 'node:crypto';
import type { Caller } from '../../model/caller.ts';
import type { ExchangeSettings } from '../../model/credential.ts';
import type { JsonObject } from '../../model/json.ts';
import type { Clock } from '../../ports/clock.ts';
import { type FetchCredential, place } from '../held.ts';
import { freshUntil, type SignJwt, type UpstreamClient } from '../oauth/client.ts';

export const TOKEN_EXCHANGE = 'urn:ietf:params:oauth:grant-type:token-exchange';
const SUBJECT_TOKEN_S = 60;

export interface ExchangeParts {
  readonly client: UpstreamClient;
  readonly sign: SignJwt;
  readonly clock: Clock;
  /** The gateway's own issuer. */
  readonly issuer: () => string;
}

/** Who acts for whom, as far as the credential depends on it. */
export interface Acting {
  readonly subject: string | null;
  readonly agent: string;
  /** Ids, the actor of now first. */
  readonly chain: readonly { readonly id: string; readonly kind: string }[];
  readonly task: string | null;
}

export function actingOf(caller: Caller): Acting {
  return { subject: caller.subject, agent: caller.agent.id, chain: caller.chain, task: caller.taskId };
}

/** RFC 8693: a token of the gateway's own about this user, agent and task, exchanged at the upstream's authorization server. */
export function exchangeSource(settings: ExchangeSettings, acting: Acting, parts: ExchangeParts): FetchCredential {
  return async () => {
    const { client, clock, sign } = parts;
    const { issuer: audience } = await client.metadata();
    const subjectToken = await sign(
      'JWT',
      subjectClaims(acting, { audience, issuer: parts.issuer(), nowMs: clock.nowMs() }),
    );
    const answer = await client.grant(TOKEN_EXCHANGE, {
      subject_token: subjectToken,
      subject_token_type: settings.subjectTokenType,
      requested_token_type: 'urn:ietf:params:oauth:token-type:access_token',
      audience: settings.audience,
      resource: settings.resource,
      scope: settings.scope,
    });
    return {
      credential: place(settings.placement, answer.access_token),
      freshUntilMs: freshUntil(clock.nowMs(), answer.expires_in),
    };
  };
}

/**
 * Minted for the upstream's authorization server alone: its audience is that server, it lives a minute, and its type is not that of an
 * access token, so that it is worth nothing anywhere else, the gateway itself included.
 */
export function subjectClaims(acting: Acting, on: { audience: string; issuer: string; nowMs: number }): JsonObject {
  const iat = Math.floor(on.nowMs / 1000);
  return {
    iss: on.issuer,
    sub: acting.subject ?? acting.agent,
    sub_profile: acting.subject === null ? 'ai_agent' : 'user',
    aud: on.audience,
    client_id: acting.agent,
    iat,
    exp: iat + SUBJECT_TOKEN_S,
    jti: randomUUID(),
    ...(acting.task === null ? {} : { task: acting.task }),
    ...actClaim(acting, on.issuer),
  };
}

const PROFILES: Readonly<Record<string, string>> = { agent: 'ai_agent', person: 'user', service: 'service' };

/** RFC 8693 section 4.1: outermost who acts now. */
function actClaim({ chain }: Acting, iss: string): JsonObject {
  let act: JsonObject | null = null;
  for (const { id, kind } of [...chain].reverse())
    act = { sub: id, iss, sub_profile: PROFILES[kind] ?? 'service', ...(act === null ? {} : { act }) };
  return act === null ? {} : { act };
}
