import { randomUUID } from 'node:crypto';
import { SignJWT } from 'jose';
import type { Actor, ApprovedAction } from '../model/caller.ts';
import { isObject, type Json, type JsonObject } from '../model/json.ts';
import { parseScopes } from '../model/scope.ts';
import { CredentialRefused, isSignedBy, readJws } from './proof/jws.ts';
import { SIGNING_ALGORITHM, type SigningKeys } from './proof/keys.ts';

/** RFC 9396: one exact action, approved beforehand. */
export const ACTION_TYPE = 'agent_action';

export const TOKEN_LIMITS = {
  /** Characters of the whole JWT. */
  length: 8192,
  skewMs: 30_000,
  audiences: 16,
  chain: 8,
  idLength: 256,
} as const;

/** Everything an access token says, checked. */
export interface AccessClaims {
  /** Who acts now: the outermost `act`, or the client where there is none. */
  readonly agentId: string;
  /** The OAuth client it was issued to: the agent itself, or one that acts as it. */
  readonly clientId: string;
  /** The human at the root; `null` when there is none. */
  readonly subject: string | null;
  /**
   * Every actor, the one that acts now first; where no human is at the root, the agent or service at the root comes last. Empty when
   * the agent acts alone and for itself.
   */
  readonly chain: readonly Actor[];
  /** RFC 8707 resources it may be used at. */
  readonly audiences: readonly string[];
  /** model/scope.ts. `null`: no limit of its own. */
  readonly scopes: readonly string[] | null;
  readonly issuedAtMs: number;
  readonly expiresAtMs: number;
  readonly jti: string;
  /** One id for everything that follows from one root authorization. `null` only in tokens made elsewhere. */
  readonly txn: string | null;
  /** The consent it comes from: withdrawn, the token dies with it. */
  readonly grant: string | null;
  readonly taskId: string | null;
  /** `taskId` is a registered task and its terms hold; else it is only declared. */
  readonly taskBound: boolean;
  /** RFC 7638 thumbprint of the registered key that obtained it: the token dies with the key. `null`: no registered key did. */
  readonly keyThumbprint: string | null;
  /** RFC 9449 section 6: presented only with a proof by this key. */
  readonly dpopJkt: string | null;
  /** How often it may be exchanged for another (requirements CR2). `null`: as often as it lives. */
  readonly maxUses: number | null;
  /** `authorization_details` (RFC 9396 section 9.1): the one action people approved beforehand. `null`: none. */
  readonly approved: ApprovedAction | null;
  /** The gateway's key that signed it: the token dies with that key, too. */
  readonly signedBy: string;
}

type Optional =
  | 'clientId'
  | 'scopes'
  | 'txn'
  | 'grant'
  | 'taskId'
  | 'taskBound'
  | 'keyThumbprint'
  | 'dpopJkt'
  | 'maxUses'
  | 'approved';

/** What is left out is `null` (`clientId`: the agent; `txn`: a new one). */
export type MintRequest = Pick<AccessClaims, 'agentId' | 'subject' | 'chain' | 'audiences'> &
  Partial<Pick<AccessClaims, Optional>> & {
    readonly nowMs: number;
    readonly ttlMs: number;
  };

export interface Minted {
  readonly token: string;
  readonly jti: string;
  readonly txn: string;
  readonly expiresAtMs: number;
}

export interface AccessTokens {
  /** Signs an RFC 9068 access token (`at+jwt`). */
  mint(request: MintRequest): Promise<Minted>;
  /** Checks everything but the audience, the registry and revocation. Throws CredentialRefused. */
  verify(token: string, nowMs: number): Promise<AccessClaims>;
}

export function accessTokens(options: { keys: SigningKeys; issuer: () => string }): AccessTokens {
  const { keys, issuer } = options;
  return {
    mint: (request) => mint(keys, issuer(), request),
    verify: (token, nowMs) => verify(token, { keys, issuer: issuer(), nowMs }),
  };
}

async function mint(keys: SigningKeys, issuer: string, request: MintRequest): Promise<Minted> {
  const issuedAt = Math.floor(request.nowMs / 1000);
  const expiresAt = issuedAt + Math.max(1, Math.floor(request.ttlMs / 1000));
  const jti = randomUUID();
  const txn = request.txn ?? randomUUID();
  const claims = { iss: issuer, iat: issuedAt, exp: expiresAt, jti, ...identityClaims({ ...request, txn }) };
  const key = keys.current();
  const header = { alg: SIGNING_ALGORITHM, typ: 'at+jwt', kid: key.kid };
  const token = await new SignJWT(claims).setProtectedHeader(header).sign(key.privateKey);
  if (token.length > TOKEN_LIMITS.length)
    throw new CredentialRefused('the token would be too long: ask for fewer resources');
  return { token, jti, txn, expiresAtMs: expiresAt * 1000 };
}

/** The claims that say who acts, for whom, where and how far; without times and ids. One shape for every way a token is made. */
export function identityClaims(request: Omit<MintRequest, 'nowMs' | 'ttlMs'>): JsonObject {
  const { agentId, subject, audiences, keyThumbprint = null, dpopJkt = null, scopes = null } = request;
  const { taskId = null, taskBound = false, txn = null, grant = null, maxUses = null, approved = null } = request;
  const { root, actors } = rooted(request);
  return {
    sub: root.id,
    sub_profile: PROFILE_OF[root.kind],
    client_id: request.clientId ?? agentId,
    aud: audiences.length === 1 ? (audiences[0] as string) : [...audiences],
    ...(scopes === null ? {} : { scope: scopes.join(' ') }),
    ...(txn === null ? {} : { txn }),
    ...(grant === null ? {} : { grant }),
    ...(maxUses === null ? {} : { max_uses: maxUses }),
    ...(approved === null ? {} : { authorization_details: [{ type: ACTION_TYPE, ...approved }] }),
    ...(keyThumbprint === null ? {} : { client_jkt: keyThumbprint }),
    ...(dpopJkt === null ? {} : { cnf: { jkt: dpopJkt } }),
    ...(taskId === null ? {} : { task: taskId, ...(taskBound ? { task_bound: true } : {}) }),
    // An agent that acts alone is its own subject and its own client, and needs no `act` to say so.
    ...(subject === null && actors.length === 0 ? {} : { act: nestActors(actors) }),
  };
}

/** Who stands at the root, and who acts between: the last of a chain without a human is its root. */
function rooted({ agentId, subject, chain }: Pick<MintRequest, 'agentId' | 'subject' | 'chain'>): {
  root: Actor;
  actors: readonly Actor[];
} {
  const self: Actor = { id: agentId, kind: 'agent' };
  if (subject !== null) return { root: { id: subject, kind: 'person' }, actors: chain.length === 0 ? [self] : chain };
  return { root: chain.at(-1) ?? self, actors: chain.slice(0, -1) };
}

interface Checking {
  readonly keys: SigningKeys;
  readonly issuer: string;
  readonly nowMs: number;
}

/** RFC 9068 section 4 and RFC 8725. Cheap refusals come before the signature, and all of them say only what the bearer can see. */
async function verify(token: string, { keys, issuer, nowMs }: Checking): Promise<AccessClaims> {
  const jws = readJws(token, TOKEN_LIMITS.length);
  if (jws.typ !== 'at+jwt') throw new CredentialRefused('this is not an access token (typ must be at+jwt)');
  const key = jws.alg === SIGNING_ALGORITHM && jws.kid !== null ? keys.find(jws.kid) : undefined;
  if (key === undefined) {
    throw new CredentialRefused('the token was not issued by this gateway, or before its key was replaced');
  }
  if (!(await isSignedBy(jws, key))) throw new CredentialRefused('the signature of the token is wrong');
  const { payload } = jws;
  if (payload.iss !== issuer) throw new CredentialRefused('the token was issued by somebody else ("iss")');
  const claims: AccessClaims = {
    ...whoOf(payload),
    audiences: audiencesOf(payload),
    scopes: scopesOf(payload),
    issuedAtMs: time(payload, 'iat'),
    expiresAtMs: time(payload, 'exp'),
    jti: text(payload, 'jti'),
    txn: optional(payload, 'txn'),
    grant: optional(payload, 'grant'),
    taskId: optional(payload, 'task'),
    taskBound: payload.task_bound === true && payload.task !== undefined,
    keyThumbprint: optional(payload, 'client_jkt'),
    dpopJkt: dpopKeyOf(payload),
    maxUses: usesOf(payload),
    approved: approvedOf(payload),
    signedBy: key.kid,
  };
  if (claims.expiresAtMs <= nowMs) throw new CredentialRefused('the token has expired');
  const startMs = Math.max(claims.issuedAtMs, payload.nbf === undefined ? 0 : time(payload, 'nbf'));
  if (startMs > nowMs + TOKEN_LIMITS.skewMs) throw new CredentialRefused('the token is not valid yet');
  return claims;
}

/** Person, agents and client, as the chain in `Caller` wants them (model/caller.ts). Throws CredentialRefused. */
export function whoOf(payload: JsonObject): Pick<AccessClaims, 'agentId' | 'clientId' | 'subject' | 'chain'> {
  const clientId = text(payload, 'client_id');
  const root: Actor = { id: text(payload, 'sub'), kind: kindOf(payload.sub_profile, 'sub_profile') };
  const acting = flattenActors(payload.act);
  if (root.kind === 'person') {
    const chain: readonly Actor[] = acting.length === 0 ? [{ id: clientId, kind: 'agent' }] : acting;
    return { agentId: actingAgent(chain), clientId, subject: root.id, chain };
  }
  if (acting.length > 0) return { agentId: actingAgent(acting), clientId, subject: null, chain: [...acting, root] };
  // Alone, an agent can only act as itself: a client that is somebody else would need an `act`.
  if (root.kind !== 'agent' || root.id !== clientId) throw new CredentialRefused('the token does not say who acts');
  return { agentId: clientId, clientId, subject: null, chain: [] };
}

function actingAgent(chain: readonly Actor[]): string {
  const first = chain[0];
  if (first === undefined || first.kind !== 'agent') throw new CredentialRefused('the token does not say who acts');
  return first.id;
}

const PROFILE_OF = { person: 'user', agent: 'ai_agent', service: 'service' } as const;

function kindOf(profile: Json | undefined, name: string): Actor['kind'] {
  if (profile === 'user') return 'person';
  if (profile === 'ai_agent') return 'agent';
  if (profile === 'service') return 'service';
  throw new CredentialRefused(`the token has no usable "${name}"`);
}

function text(payload: JsonObject, name: string): string {
  const value = payload[name];
  if (typeof value !== 'string' || value === '' || value.length > TOKEN_LIMITS.idLength) {
    throw new CredentialRefused(`the token has no usable "${name}"`);
  }
  return value;
}

function optional(payload: JsonObject, name: string): string | null {
  return payload[name] === undefined ? null : text(payload, name);
}

function time(payload: JsonObject, name: string): number {
  const value = payload[name];
  if (typeof value !== 'number' || value < 0 || value > 1e11)
    throw new CredentialRefused(`the token has no usable "${name}"`);
  return value * 1000;
}

function audiencesOf(payload: JsonObject): readonly string[] {
  const list = typeof payload.aud === 'string' ? [payload.aud] : payload.aud;
  const usable = Array.isArray(list) && list.length > 0 && list.length <= TOKEN_LIMITS.audiences;
  if (!usable || !list.every((item) => typeof item === 'string'))
    throw new CredentialRefused('the token has no usable "aud"');
  return list as readonly string[];
}

/** An empty `scope` is a limit, too: to nothing. */
function scopesOf(payload: JsonObject): readonly string[] | null {
  if (payload.scope === undefined) return null;
  const scopes = typeof payload.scope === 'string' ? parseScopes(payload.scope) : null;
  if (scopes === null) throw new CredentialRefused('the token has no usable "scope"');
  return scopes;
}

/** A limit that is not understood must not be taken for none. */
function usesOf({ max_uses: uses }: JsonObject): number | null {
  if (uses === undefined) return null;
  if (typeof uses !== 'number' || !Number.isSafeInteger(uses) || uses < 1)
    throw new CredentialRefused('the token has no usable "max_uses"');
  return uses;
}

/** A detail that is not understood may be a limit. */
function approvedOf({ authorization_details: details }: JsonObject): ApprovedAction | null {
  if (details === undefined) return null;
  const one = Array.isArray(details) && details.length === 1 ? details[0] : undefined;
  const known = isObject(one) && Object.keys(one).sort().join() === 'approval,digest,type' && one.type === ACTION_TYPE;
  if (!known) throw new CredentialRefused('the token has no usable "authorization_details"');
  return { approval: text(one, 'approval'), digest: text(one, 'digest') };
}

/** A confirmation that is not understood must not be taken for none. */
function dpopKeyOf(payload: JsonObject): string | null {
  const { cnf } = payload;
  if (cnf === undefined) return null;
  if (!isObject(cnf) || Object.keys(cnf).join() !== 'jkt') throw new CredentialRefused('the token has no usable "cnf"');
  return text(cnf, 'jkt');
}

/** `act` claims nest from the current actor outside to the first one inside (RFC 8693 section 4.1). */
function nestActors(chain: readonly Actor[]): JsonObject {
  return chain.reduceRight<JsonObject>(
    (inner, { id, kind }) => ({
      sub: id,
      sub_profile: PROFILE_OF[kind],
      ...(Object.keys(inner).length === 0 ? {} : { act: inner }),
    }),
    {},
  );
}

function flattenActors(act: Json | undefined): readonly Actor[] {
  const chain: Actor[] = [];
  for (let current = act; current !== undefined; ) {
    if (!isObject(current) || chain.length === TOKEN_LIMITS.chain)
      throw new CredentialRefused('the token has no usable "act"');
    chain.push({ id: text(current, 'sub'), kind: kindOf(current.sub_profile, 'act') });
    current = current.act;
  }
  return chain;
}
