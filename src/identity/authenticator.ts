import { timingSafeEqual } from 'node:crypto';
import type { Agent } from '../model/agent.ts';
import { type Acting, type Actor, ALONE, type Caller } from '../model/caller.ts';
import { sha256Base64url } from '../model/canonical.ts';
import { Fault } from '../model/fault.ts';
import type { Task } from '../model/task.ts';
import type { ReplayStore } from '../ports/stores.ts';
import { AuthFault, type BearerError } from './challenge.ts';
import type { Directory } from './directory.ts';
import { DpopRefused, verifyDpop } from './proof/dpop.ts';
import { CredentialRefused } from './proof/jws.ts';
import { thumbprint } from './proof/keys.ts';
import { covers, type Resources, resourceMetadataUrl } from './resources.ts';
import type { AccessClaims, AccessTokens } from './tokens.ts';
import { VerifiedCache } from './verified.ts';

export interface AuthenticatorOptions {
  readonly tokens: AccessTokens;
  readonly resources: () => Resources;
  readonly directory: Directory;
  /** Whether what a token rests on was revoked after it was issued: itself, its consent, its agent, … From memory. */
  readonly isRevoked: (claims: AccessClaims, nowMs: number) => boolean;
  /** Where a DPoP proof is spent. */
  readonly replay: ReplayStore;
  /** All off in production: agents' development tokens (base64url SHA-256, by agent id), and the agent everybody without credentials is. */
  readonly development: () => {
    readonly allowStaticTokens: boolean;
    readonly anonymousAgent: string | null;
    readonly staticTokens: ReadonlyMap<string, string>;
  };
  readonly maxCachedTokens?: number;
  readonly maxPendingVerifications?: number;
}

export interface AuthRequest {
  /** The Authorization header; all of them when there are several. */
  readonly authorization: string | readonly string[] | undefined;
  /** The DPoP header (RFC 9449); all of them when there are several. */
  readonly dpop?: string | readonly string[] | undefined;
  readonly method?: string;
  /** The resource asked for: `<publicUrl>/mcp` or `<publicUrl>/mcp/<server>`. */
  readonly audience: string;
  readonly nowMs: number;
}

export interface Authenticator {
  /**
   * Who is calling (RFC 6750, header only; RFC 9068; RFC 9449). Answers at once for a bearer token that was seen before, with a promise
   * otherwise. Whether everybody in the chain may still act is not asked here but on the path, where the answer is recorded.
   * Throws, or rejects with, AuthFault; Fault `overloaded` when too many new tokens are being checked.
   */
  authenticate(request: AuthRequest): Caller | Promise<Caller>;
  readonly cachedTokens: number;
}

const DEFAULT_CACHED_TOKENS = 20_000;
const DEFAULT_PENDING = 1_000;
const MAX_HEADER_LENGTH = 8300;
/** RFC 6750 section 2.1, RFC 9449 section 7.1; schemes are case-insensitive (RFC 9110 section 11.1). */
const CREDENTIAL = /^(bearer|dpop) +([A-Za-z0-9._~+/-]+=*)$/i;

interface Entry {
  readonly caller: Caller;
  readonly claims: AccessClaims;
  readonly token: string;
  /** Shown as `DPoP`, not `Bearer`. */
  readonly proven: boolean;
  /** The version of the directory it was bound to. */
  readonly version: number;
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

  /** Everything that can have changed since the signature was checked. */
  #admit(header: string, known: Entry, request: AuthRequest): Caller | Promise<Caller> {
    const { directory, isRevoked, resources } = this.#options;
    let entry = known;
    if (entry.claims.expiresAtMs <= request.nowMs) {
      this.#cache.delete(header);
      throw new CredentialRefused('the token has expired');
    }
    if (isRevoked(entry.claims, request.nowMs)) {
      this.#cache.delete(header);
      throw new CredentialRefused('the token has been revoked');
    }
    if (entry.version !== directory.version) {
      this.#cache.delete(header);
      entry = this.#bind(known);
      this.#cache.set(header, entry);
    }
    if (!covers(resources(), entry.claims.audiences, request.audience)) {
      throw new CredentialRefused(`the token is for another resource than ${request.audience}`);
    }
    return entry.proven ? this.#proven(entry, request) : entry.caller;
  }

  /** RFC 9449 section 7: a bound token is good only together with a fresh proof by its key. */
  async #proven({ caller, claims, token }: Entry, request: AuthRequest): Promise<Caller> {
    const { dpop, method = 'POST', audience, nowMs } = request;
    const proof = { proof: dpop, method, url: audience, accessToken: token, nowMs };
    const jkt = await verifyDpop(this.#options.replay, proof);
    if (jkt !== claims.dpopJkt) throw new DpopRefused('the DPoP proof is by another key than the token is bound to');
    return caller;
  }

  #check(header: string, request: AuthRequest): Caller | Promise<Caller> {
    if (header.length > MAX_HEADER_LENGTH) throw new CredentialRefused('the Authorization header is too long');
    const [, scheme, token] = CREDENTIAL.exec(header) ?? [];
    if (scheme === undefined || token === undefined) {
      throw new CredentialRefused('send "Authorization: Bearer <access token>"');
    }
    const proven = scheme.toLowerCase() === 'dpop';
    const agent = !proven && this.#options.development().allowStaticTokens ? this.#staticAgent(token) : null;
    if (agent !== null) return this.#developmentCaller(agent, `static:${agent.id}`);
    let pending = this.#pending.get(header);
    if (pending === undefined) {
      if (this.#pending.size >= (this.#options.maxPendingVerifications ?? DEFAULT_PENDING)) {
        throw new Fault('overloaded', 'too many credentials are being checked; try again shortly');
      }
      pending = this.#verify(header, { token, proven }, request.nowMs).finally(() => this.#pending.delete(header));
      this.#pending.set(header, pending);
    }
    return pending.then((entry) => this.#admit(header, entry, request));
  }

  async #verify(header: string, shown: { token: string; proven: boolean }, nowMs: number): Promise<Entry> {
    const claims = await this.#options.tokens.verify(shown.token, nowMs);
    // RFC 9449 section 7.1: a bound token that is shown as a bearer token has been stolen, or soon will be.
    if (claims.dpopJkt !== null && !shown.proven)
      throw new CredentialRefused('the token is bound to a key: use the DPoP scheme');
    if (claims.dpopJkt === null && shown.proven)
      throw new CredentialRefused('the token is bound to no key: use the Bearer scheme');
    // After the wait: what was revoked meanwhile counts, here and where it is admitted.
    const entry = this.#bind({ ...shown, claims });
    this.#cache.set(header, entry);
    return entry;
  }

  /** The agents and people as known now; the acting agent must still have the key that obtained the token. */
  #bind({ claims, token, proven }: Pick<Entry, 'claims' | 'token' | 'proven'>): Entry {
    const { directory } = this.#options;
    const { version } = directory;
    const { subject, chain, jti, expiresAtMs, taskId, scopes, txn, keyThumbprint, approved } = claims;
    const acting = this.#acting(claims.agentId);
    const hasKey = keyThumbprint === null || acting.agent.keys.some((key) => thumbprint(key) === keyThumbprint);
    const person = subject === null ? null : (directory.person(subject) ?? null);
    if (!hasKey || (subject !== null && person === null)) throw new CredentialRefused('the token has been revoked');
    const through = chain
      .slice(1)
      .filter(isAgent)
      .map((actor) => this.#acting(actor.id));
    const tasks = claims.taskBound && taskId !== null ? this.#tasks(taskId) : [];
    const caller: Caller = {
      ...{ ...acting, subject, person, chain, through, scopes, taskId, tasks, txn, expiresAtMs, approved },
      method: proven ? 'dpop' : 'token',
      credentialId: jti,
      credential: claims,
    };
    return { caller, claims, token, proven, version };
  }

  #acting(id: string): Acting {
    const { directory } = this.#options;
    const agent = directory.agent(id);
    if (agent === undefined) throw new CredentialRefused('the token has been revoked');
    return { agent, owner: directory.person(agent.owner) ?? null };
  }

  /** The terms it is bound to, innermost first. A task that is gone takes its tokens with it. */
  #tasks(id: string): readonly Task[] {
    const tasks: Task[] = [];
    for (let next: string | null = id; next !== null; ) {
      const task: Task | undefined = this.#options.directory.task(next);
      if (task === undefined || tasks.includes(task)) throw new CredentialRefused('the token has been revoked');
      tasks.push(task);
      next = task.parent;
    }
    return tasks;
  }

  #anonymous(): Caller {
    const { allowStaticTokens, anonymousAgent } = this.#options.development();
    const agent =
      allowStaticTokens && anonymousAgent !== null ? this.#options.directory.agent(anonymousAgent) : undefined;
    if (agent === undefined) throw new NoCredentials();
    return this.#developmentCaller(agent, 'anonymous');
  }

  /** Every agent's is compared, in constant time each: the time says neither whose token it is nor how much of it fits. */
  #staticAgent(token: string): Agent | null {
    const presented = Buffer.from(sha256Base64url(token));
    let found: string | null = null;
    for (const [id, sha256] of this.#options.development().staticTokens) {
      const expected = Buffer.from(sha256);
      if (expected.length === presented.length && timingSafeEqual(expected, presented)) found = id;
    }
    return found === null ? null : (this.#options.directory.agent(found) ?? null);
  }

  #developmentCaller(agent: Agent, credentialId: string): Caller {
    return {
      ...ALONE,
      agent,
      owner: this.#options.directory.person(agent.owner) ?? null,
      method: 'static-development',
      credentialId,
      credential: null,
      expiresAtMs: Number.MAX_SAFE_INTEGER,
    };
  }

  #refuse(error: unknown, { audience, authorization }: AuthRequest): never {
    if (!(error instanceof CredentialRefused)) throw error;
    const several = typeof authorization === 'object' && authorization.length > 1;
    const code: BearerError | null =
      error instanceof NoCredentials ? null : several ? 'invalid_request' : 'invalid_token';
    const resourceMetadata = resourceMetadataUrl(this.#options.resources(), audience);
    const dpop = error instanceof DpopRefused ? error.error : null;
    throw new AuthFault({ error: code, description: error.message, resourceMetadata, dpop }, { cause: error });
  }
}

function isAgent(actor: Actor): boolean {
  return actor.kind === 'agent';
}

class NoCredentials extends CredentialRefused {
  constructor() {
    super('authentication is required: send an access token');
  }
}
