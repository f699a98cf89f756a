import type { DelegationRules } from '../../identity/delegation/narrow.ts';
import type { Directory } from '../../identity/directory.ts';
import type { Resources } from '../../identity/resources.ts';
import type { AccessClaims, AccessTokens, MintRequest } from '../../identity/tokens.ts';
import type { JsonObject } from '../../model/json.ts';
import type { Task } from '../../model/task.ts';
import type { Clock } from '../../ports/clock.ts';
import type { ReplayStore } from '../../ports/stores.ts';
import { type HttpAnswer, tokenAnswer } from '../answer.ts';

export interface TokenRequest {
  readonly method: string;
  readonly contentType: string | undefined;
  readonly authorization: string | readonly string[] | undefined;
  /** The DPoP header; all of them when there are several. */
  readonly dpop?: string | readonly string[] | undefined;
  /** At most a few kilobytes are ever needed; the surface bounds it before reading. */
  readonly body: string;
}

/** An act that is on record before a token that follows from it is handed out. */
export interface GrantAct {
  readonly act: string;
  readonly by: string;
  readonly reason: string;
  readonly detail: JsonObject;
}

export interface TokenEndpointOptions {
  readonly tokens: AccessTokens;
  readonly resources: () => Resources;
  readonly directory: Directory;
  /** Ids of the configured servers. */
  readonly servers: () => { has(id: string): boolean };
  readonly replay: ReplayStore;
  readonly clock: Clock;
  readonly lifetimes: () => { readonly tokenMs: number; readonly maxAssertionMs: number };
  /** Whether a token that verifies was revoked. From memory. */
  readonly isRevoked: (claims: AccessClaims, nowMs: number) => boolean;
  readonly isLocked: DelegationRules['isLocked'];
  readonly maxDepth: () => number;
  /** Resolves when the act is on stable storage; rejects when it cannot be, and then no token is made. */
  readonly record: (act: GrantAct) => Promise<void>;
  /** Puts a new task in the directory; `false`: somebody else made one of that id. */
  readonly addTask: (task: Task, by: string) => Promise<boolean>;
  /** Other grants, by `grant_type`. */
  readonly grants?: ReadonlyMap<string, Grant>;
  /** Token exchanges that give something else than an access token, by `requested_token_type`. */
  readonly exchanges?: ReadonlyMap<string, Grant>;
  /** An unexpected failure, for the operator's log. The client hears `temporarily_unavailable`. */
  readonly onError: (error: unknown) => void;
}

/** One grant of the token endpoint. Throws OAuthRefused. */
export type Grant = (options: TokenEndpointOptions, request: GrantRequest) => Promise<HttpAnswer>;

export interface GrantRequest {
  readonly form: {
    get(name: string): string | null;
    all(name: string): readonly string[];
  };
  readonly nowMs: number;
  /** The key the client proved to hold (RFC 9449); the token is bound to it. `null`: it proved none. */
  readonly dpopJkt: string | null;
}

export const ACCESS_TOKEN = 'urn:ietf:params:oauth:token-type:access_token';

/** Signs the token and answers with it (RFC 6749 section 5.1). `more` goes into the answer. */
export async function issue(
  options: TokenEndpointOptions,
  mint: MintRequest,
  more: (minted: { readonly jti: string; readonly txn: string }) => Promise<JsonObject> | JsonObject = () => ({}),
): Promise<HttpAnswer> {
  const minted = await options.tokens.mint(mint);
  const extra = await more(minted);
  return tokenAnswer({
    access_token: minted.token,
    token_type: (mint.dpopJkt ?? null) === null ? 'Bearer' : 'DPoP',
    expires_in: Math.floor((minted.expiresAtMs - mint.nowMs) / 1000),
    ...((mint.scopes ?? null) === null ? {} : { scope: (mint.scopes ?? []).join(' ') }),
    ...extra,
  });
}
