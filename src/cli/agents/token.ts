import { randomUUID } from 'node:crypto';
import type { Clock } from '../../ports/clock.ts';
import { CliError, EXIT } from '../shell/exit.ts';
import type { HttpClient } from './http.ts';
import type { AgentKey } from './keys.ts';

export interface TokenRequest {
  readonly agent: string;
  readonly key: AgentKey['privateJwk'];
  /** Base URL of the gateway, without a final slash. */
  readonly gateway: string;
  /** What the token is for: `<gateway>/mcp/<server>`, or `<gateway>/mcp` for all servers (RFC 8707). */
  readonly resource: string;
}

export interface AccessToken {
  readonly token: string;
  readonly expiresAtMs: number;
}

/** Life of the assertion: it is used at once and only once. */
const ASSERTION_SECONDS = 60;
const MAX_ANSWER_BYTES = 65_536;

/**
 * A client assertion (RFC 7523 section 3, as private_key_jwt uses it): iss and sub are the agent, aud is the token
 * endpoint, jti is new every time.
 */
export async function signAssertion(request: Omit<TokenRequest, 'resource'>, nowMs: number): Promise<string> {
  const { importJWK, SignJWT } = await import('jose');
  const key = await importJWK(request.key, request.key.alg);
  const issuedAt = Math.floor(nowMs / 1000);
  return await new SignJWT()
    .setProtectedHeader({ alg: request.key.alg, kid: request.key.kid, typ: 'JWT' })
    .setIssuer(request.agent)
    .setSubject(request.agent)
    .setAudience(`${request.gateway}/oauth/token`)
    .setJti(randomUUID())
    .setIssuedAt(issuedAt)
    .setExpirationTime(issuedAt + ASSERTION_SECONDS)
    .sign(key);
}

/** RFC 6749 section 4.4 with an assertion instead of a secret. CliError 5 with the gateway's own reason when it refuses. */
export async function fetchToken(
  request: TokenRequest,
  outside: { http: HttpClient; clock: Clock },
): Promise<AccessToken> {
  const nowMs = outside.clock.nowMs();
  const form = new URLSearchParams({
    grant_type: 'client_credentials',
    client_id: request.agent,
    client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
    client_assertion: await signAssertion(request, nowMs),
    resource: request.resource,
  });
  const answer = await outside.http.send({
    method: 'POST',
    url: `${request.gateway}/oauth/token`,
    headers: { 'content-type': 'application/x-www-form-urlencoded', accept: 'application/json' },
    body: form.toString(),
  });
  const body = parseBody(await answer.text(MAX_ANSWER_BYTES));
  if (answer.status !== 200) throw refusal(answer.status, body);
  const { access_token: token, expires_in: seconds } = body;
  if (typeof token !== 'string' || token === '' || typeof seconds !== 'number' || !(seconds > 0)) {
    throw new CliError(EXIT.failed, 'the gateway answered without a token', {
      help: 'is this address really the gateway?',
    });
  }
  return { token, expiresAtMs: nowMs + seconds * 1000 };
}

function parseBody(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}

function refusal(status: number, body: Record<string, unknown>): CliError {
  const code = typeof body.error === 'string' ? body.error : `HTTP ${status}`;
  const why = typeof body.error_description === 'string' ? `: ${body.error_description}` : '';
  const help =
    status === 404
      ? 'is this address really the gateway?'
      : 'is this key in the configuration of the running gateway? interlock agents list';
  return new CliError(status >= 500 ? EXIT.failed : EXIT.refused, `no token, ${code}${why}`, {
    help,
    detail: { code, status },
  });
}

export interface TokenSource {
  /** A token with life left; a new one when the old has none, or `stale` is the one that was refused. */
  get(stale?: string): Promise<string>;
}

/** Renews when a fifth of the life is left. Calls at the same time share one request. */
export function tokenSource(request: TokenRequest, outside: { http: HttpClient; clock: Clock }): TokenSource {
  let current: { token: string; renewAtMs: number } | null = null;
  let pending: Promise<string> | null = null;
  const renew = async (): Promise<string> => {
    const startMs = outside.clock.nowMs();
    const { token, expiresAtMs } = await fetchToken(request, outside);
    current = { token, renewAtMs: startMs + (expiresAtMs - startMs) * 0.8 };
    return token;
  };
  return {
    async get(stale) {
      const usable = current !== null && current.token !== stale && outside.clock.nowMs() < current.renewAtMs;
      if (usable && current !== null) return current.token;
      pending ??= renew().finally(() => {
        pending = null;
      });
      return await pending;
    },
  };
}

/** A token that was given, not earned: the development-only static one. It cannot be renewed. */
export function fixedToken(token: string): TokenSource {
  return { get: async () => token };
}
