import { isObject, type Json } from '../../model/json.ts';
import { freshUntil, type TokenAnswer } from './client.ts';

/** What an upstream's authorization server gave for one person or agent, as it lies in the vault. */
export interface UpstreamTokens {
  readonly server: string;
  /** Tokens of one issuer are never shown to another. */
  readonly issuer: string;
  readonly clientId: string;
  readonly access: string;
  /** Wall clock; `null`: the server did not say. */
  readonly expiresAtMs: number | null;
  /** Wall clock; from then on it is refreshed, where it can be. */
  readonly refreshAtMs: number;
  readonly refresh: string | null;
  readonly scope: string | null;
  /** The person who connected it. */
  readonly by: string;
  readonly connectedAtMs: number;
  /** Who refreshes it now; nobody else does until then. */
  readonly lease: { readonly id: string; readonly untilMs: number } | null;
}

/** Whose tokens: a person, or an agent that acts for itself. */
export type Owner = `person:${string}` | `agent:${string}`;

export function ownerOf(subject: string | null, agent: string): Owner {
  return subject === null ? `agent:${agent}` : `person:${subject}`;
}

export function placeOf(server: string, owner: Owner): { kind: 'upstream-token'; id: string; owner: Owner } {
  return { kind: 'upstream-token', id: `${server} ${owner}`, owner };
}

/** The server a row is for. Ids of servers have no spaces. */
export function serverOf(id: string): string {
  return id.slice(0, id.indexOf(' '));
}

/** `null`: not what this gateway wrote. */
export function readTokens(secret: Json | undefined): UpstreamTokens | null {
  if (!isObject(secret)) return null;
  const { access, issuer, server } = secret;
  if (typeof access !== 'string' || typeof issuer !== 'string' || typeof server !== 'string') return null;
  return secret as unknown as UpstreamTokens;
}

export function asSecret(tokens: UpstreamTokens): Json {
  return { ...tokens, lease: tokens.lease === null ? null : { ...tokens.lease } };
}

/** After a grant: what the answer leaves out stays as it was (RFC 6749 section 6). */
export function tokensAfter(before: UpstreamTokens, answer: TokenAnswer, nowMs: number): UpstreamTokens {
  return {
    ...before,
    access: answer.access_token,
    expiresAtMs: answer.expires_in === undefined ? null : nowMs + answer.expires_in * 1000,
    refreshAtMs: freshUntil(nowMs, answer.expires_in),
    refresh: answer.refresh_token ?? before.refresh,
    scope: answer.scope ?? before.scope,
    lease: null,
  };
}
