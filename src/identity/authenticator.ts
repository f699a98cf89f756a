import { timingSafeEqual } from 'node:crypto';
import type { Agent } from '../model/agent.ts';
import { ALONE, type Caller } from '../model/caller.ts';
import { sha256Base64url } from '../model/canonical.ts';
import { Fault } from '../model/fault.ts';
import { AuthFault, type BearerError } from './challenge.ts';
import { CredentialRefused } from './jws.ts';
import { thumbprint } from './keys.ts';
import { covers, type Resources, resourceMetadataUrl } from './resources.ts';
import type { AccessClaims, AccessTokens } from './tokens.ts';
import { VerifiedCache } from './verified.ts';

export interface RegisteredAgent extends Agent {
  /** base64url SHA-256 of its development token. Used only while static tokens are allowed. */
  readonly staticTokenSha256?: string | null;
}

/** Immutable: a change of the registry is a new map. */
export type AgentRegistry = ReadonlyMap<string, RegisteredAgent>;

export interface AuthenticatorOptions {
  readonly tokens: AccessTokens;
  readonly resources: () => Resources;
  readonly agents: () => AgentRegistry;
  /** Both off in production: an agent's development token, and the agent everybody without credentials is. */
  readonly development: () => { readonly allowStaticTokens: boolean; readonly anonymousAgent: string | null };
  readonly maxCachedTokens?: number;
  readonly maxPendingVerifications?: number;
}

export interface AuthRequest {
  /** The Authorization header; all of them when there are several. */
  readonly authorization: string | readonly string[] | undefined;
  /** The resource asked for: `<publicUrl>/mcp` or `<publicUrl>/mcp/<server>`. */
  readonly audience: string;
  readonly nowMs: number;
}

export interface Authenticator {
  /**
   * Who is calling (RFC 6750, header only; RFC 9068). Answers at once for a token that was seen before, with a promise otherwise.
   * Throws, or rejects with, AuthFault; Fault `overloaded` when too many new tokens are being checked.
   */
  authenticate(request: AuthRequest): Caller | Promise<Caller>;
  /** From now on this token is refused, until it would have expired anyway. This process only. */
  revokeToken(credentialId: string, expiresAtMs: number): void;
  /** From now on every token of this agent issued up to that time is refused. This process only. */
  revokeAgent(agentId: string, issuedUntilMs: number): void;
  readonly cachedTokens: number;
}

const DEFAULT_CACHED_TOKENS = 20_000;
const DEFAULT_PENDING = 1_000;
const MAX_REVOKED = 100_000;
const MAX_HEADER_LENGTH = 8300;
/** RFC 6750 section 2.1; the scheme is case-insensitive (RFC 9110 section 11.1). */
const BEARER = /^bearer +([A-Za-z0-9._~+/-]+=*)$/i;

interface Entry {
  readonly caller: Caller;
  readonly claims: AccessClaims;
  /** The registry it was checked against. */
  readonly agents: AgentRegistry;
}

export function createAuthenticator(options: AuthenticatorOptions): Authenticator {
  return new CachingAuthenticator(options);
}

class CachingAuthenticator implements Authenticator {
  readonly #options: AuthenticatorOptions;
  /**
   * By the whole Authorization header, so that a token differing in one bit is another key. Map lookup is by content hash seeded per
   * process, then full comparison: it tells an attacker nothing a signature check would not.
   */
  readonly #cache: VerifiedCache<Entry>;
  readonly #pending = new Map<string, Promise<Entry>>();
  readonly #revokedTokens = new Map<string, number>();
  readonly #revokedAgents = new Map<string, number>();

  constructor(options: AuthenticatorOptions) {
    this.#options = options;
    this.#cache = new VerifiedCache(options.maxCachedTokens ?? DEFAULT_CACHED_TOKENS);
  }

  get cachedTokens(): number {
    return this.#cache.size;
  }

  authenticate(request: AuthRequest): Caller | Promise<Caller> {
    try {
      const caller = this.#authenticate(request);
      return caller instanceof Promise ? caller.catch((error: unknown) => this.#refuse(error, request)) : caller;
    } catch (error) {
      return this.#refuse(error, request);
    }
  }

  #authenticate(request: AuthRequest): Caller | Promise<Caller> {
    const { authorization } = request;
    if (authorization === undefined || authorization.length === 0) return this.#anonymous();
    const header = typeof authorization === 'string' ? authorization : authorization[0];
    if (header === undefined || (typeof authorization !== 'string' && authorization.length > 1)) {
      throw new CredentialRefused('send exactly one Authorization header');
    }
    const entry = this.#cache.get(header);
    return entry === undefined ? this.#check(header, request) : this.#admit(header, entry, request);
  }

  revokeToken(credentialId: string, expiresAtMs: number): void {
    if (this.#revokedTokens.size >= MAX_REVOKED)
      throw new Fault('overloaded', 'too many revoked tokens are remembered');
    this.#revokedTokens.set(credentialId, expiresAtMs);
    this.#cache.deleteWhere((entry) => entry.claims.jti === credentialId);
  }

  revokeAgent(agentId: string, issuedUntilMs: number): void {
    this.#revokedAgents.set(agentId, Math.max(issuedUntilMs, this.#revokedAgents.get(agentId) ?? 0));
    this.#cache.deleteWhere((entry) => entry.caller.agent.id === agentId);
  }

  /** Everything that can have changed since the signature was checked. */
  #admit(header: string, known: Entry, request: AuthRequest): Caller {
    let entry = known;
    if (entry.claims.expiresAtMs <= request.nowMs) {
      this.#cache.delete(header);
      throw new CredentialRefused('the token has expired');
    }
    if (entry.agents !== this.#options.agents()) {
      this.#cache.delete(header);
      entry = this.#bind(entry.claims, request.nowMs);
      this.#cache.set(header, entry);
    }
    if (!covers(this.#options.resources(), entry.claims.audiences, request.audience)) {
      throw new CredentialRefused(`the token is for another resource than ${request.audience}`);
    }
    return entry.caller;
  }

  #check(header: string, request: AuthRequest): Caller | Promise<Caller> {
    if (header.length > MAX_HEADER_LENGTH) throw new CredentialRefused('the Authorization header is too long');
    const token = BEARER.exec(header)?.[1];
    if (token === undefined) throw new CredentialRefused('send "Authorization: Bearer <access token>"');
    const agent = this.#options.development().allowStaticTokens ? this.#staticAgent(token) : null;
    if (agent !== null) return developmentCaller(agent, `static:${agent.id}`);
    let pending = this.#pending.get(header);
    if (pending === undefined) {
      if (this.#pending.size >= (this.#options.maxPendingVerifications ?? DEFAULT_PENDING)) {
        throw new Fault('overloaded', 'too many credentials are being checked; try again shortly');
      }
      pending = this.#verify(header, token, request.nowMs).finally(() => this.#pending.delete(header));
      this.#pending.set(header, pending);
    }
    return pending.then((entry) => this.#admit(header, entry, request));
  }

  async #verify(header: string, token: string, nowMs: number): Promise<Entry> {
    const claims = await this.#options.tokens.verify(token, nowMs);
    // After the wait: a revocation that arrived meanwhile counts.
    const entry = this.#bind(claims, nowMs);
    this.#cache.set(header, entry);
    return entry;
  }

  /** The agent as registered now; it must still have the key that obtained the token. */
  #bind(claims: AccessClaims, nowMs: number): Entry {
    const agents = this.#options.agents();
    const agent = agents.get(claims.agentId);
    const hasKey = agent?.keys.some((key) => thumbprint(key) === claims.keyThumbprint) ?? false;
    if (agent === undefined || !hasKey || this.#isRevoked(claims, nowMs)) {
      throw new CredentialRefused('the token has been revoked');
    }
    const { subject, chain, jti, expiresAtMs, taskId } = claims;
    const caller: Caller = { ...ALONE, agent, subject, chain, method: 'token', credentialId: jti, expiresAtMs, taskId };
    return { caller, claims, agents };
  }

  #isRevoked(claims: AccessClaims, nowMs: number): boolean {
    for (const [jti, expiresAtMs] of this.#revokedTokens) {
      // Insertion order is close to order of expiry: stop at the first that still counts.
      if (expiresAtMs > nowMs) break;
      this.#revokedTokens.delete(jti);
    }
    if (this.#revokedTokens.has(claims.jti)) return true;
    return claims.issuedAtMs <= (this.#revokedAgents.get(claims.agentId) ?? -1);
  }

  #anonymous(): Caller {
    const { allowStaticTokens, anonymousAgent } = this.#options.development();
    const agent = allowStaticTokens && anonymousAgent !== null ? this.#options.agents().get(anonymousAgent) : undefined;
    if (agent === undefined) throw new NoCredentials();
    return developmentCaller(agent, 'anonymous');
  }

  /** Every agent is compared, in constant time each: the time says neither whose token it is nor how much of it fits. */
  #staticAgent(token: string): Agent | null {
    const presented = Buffer.from(sha256Base64url(token));
    let found: Agent | null = null;
    for (const agent of this.#options.agents().values()) {
      if (typeof agent.staticTokenSha256 !== 'string') continue;
      const expected = Buffer.from(agent.staticTokenSha256);
      if (expected.length === presented.length && timingSafeEqual(expected, presented)) found = agent;
    }
    return found;
  }

  #refuse(error: unknown, { audience, authorization }: AuthRequest): never {
    if (!(error instanceof CredentialRefused)) throw error;
    const several = typeof authorization === 'object' && authorization.length > 1;
    const code: BearerError | null =
      error instanceof NoCredentials ? null : several ? 'invalid_request' : 'invalid_token';
    const resourceMetadata = resourceMetadataUrl(this.#options.resources(), audience);
    throw new AuthFault({ error: code, description: error.message, resourceMetadata }, { cause: error });
  }
}

class NoCredentials extends CredentialRefused {
  constructor() {
    super('authentication is required: send an access token');
  }
}

function developmentCaller(agent: Agent, credentialId: string): Caller {
  return {
    ...ALONE,
    agent,
    method: 'static-development',
    credentialId,
    expiresAtMs: Number.MAX_SAFE_INTEGER,
  };
}
