import { randomUUID } from 'node:crypto';
import { SignJWT } from 'jose';
import type { Actor } from '../model/caller.ts';
import { isObject, type Json, type JsonObject } from '../model/json.ts';
import { CredentialRefused, isSignedBy, readJws } from './jws.ts';
import { SIGNING_ALGORITHM, type SigningKey } from './keys.ts';

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
  readonly agentId: string;
  /** On whose authority; `null` when the agent acts on its own (`sub` equals `client_id`). */
  readonly subject: string | null;
  /** RFC 8693 `act`, outermost (current actor) first. */
  readonly chain: readonly Actor[];
  /** RFC 8707 resources it may be used at. */
  readonly audiences: readonly string[];
  readonly issuedAtMs: number;
  readonly expiresAtMs: number;
  readonly jti: string;
  readonly taskId: string | null;
  /** RFC 7638 thumbprint of the registered key that obtained it: the token dies with the key. */
  readonly keyThumbprint: string;
}

export type MintRequest = Omit<AccessClaims, 'issuedAtMs' | 'expiresAtMs' | 'jti'> & {
  readonly nowMs: number;
  readonly ttlMs: number;
};

export interface Minted {
  readonly token: string;
  readonly jti: string;
  readonly expiresAtMs: number;
}

export interface AccessTokens {
  /** Signs an RFC 9068 access token (`at+jwt`). */
  mint(request: MintRequest): Promise<Minted>;
  /** Checks everything but the audience and the agent registry. Throws CredentialRefused. */
  verify(token: string, nowMs: number): Promise<AccessClaims>;
}

export function accessTokens(options: { key: SigningKey; issuer: () => string }): AccessTokens {
  const { key, issuer } = options;
  return {
    mint: (request) => mint(key, issuer(), request),
    verify: (token, nowMs) => verify(token, { key, issuer: issuer(), nowMs }),
  };
}

async function mint(key: SigningKey, issuer: string, request: MintRequest): Promise<Minted> {
  const { agentId, subject, chain, audiences, taskId, keyThumbprint, nowMs, ttlMs } = request;
  const issuedAt = Math.floor(nowMs / 1000);
  const expiresAt = issuedAt + Math.max(1, Math.floor(ttlMs / 1000));
  const jti = randomUUID();
  const claims = {
    iss: issuer,
    sub: subject ?? agentId,
    client_id: agentId,
    aud: audiences.length === 1 ? (audiences[0] as string) : [...audiences],
    iat: issuedAt,
    exp: expiresAt,
    jti,
    client_jkt: keyThumbprint,
    ...(taskId === null ? {} : { task: taskId }),
    ...(chain.length === 0 ? {} : { act: nestActors(chain) }),
  };
  const header = { alg: SIGNING_ALGORITHM, typ: 'at+jwt', kid: key.kid };
  const token = await new SignJWT(claims).setProtectedHeader(header).sign(key.privateKey);
  if (token.length > TOKEN_LIMITS.length)
    throw new CredentialRefused('the token would be too long: ask for fewer resources');
  return { token, jti, expiresAtMs: expiresAt * 1000 };
}

interface Checking {
  readonly key: SigningKey;
  readonly issuer: string;
  readonly nowMs: number;
}

/** RFC 9068 section 4 and RFC 8725. Cheap refusals come before the signature, and all of them say only what the bearer can see. */
async function verify(token: string, { key, issuer, nowMs }: Checking): Promise<AccessClaims> {
  const jws = readJws(token, TOKEN_LIMITS.length);
  if (jws.typ !== 'at+jwt') throw new CredentialRefused('this is not an access token (typ must be at+jwt)');
  if (jws.alg !== SIGNING_ALGORITHM || jws.kid !== key.kid) {
    throw new CredentialRefused('the token was not issued by this gateway, or before its key was replaced');
  }
  if (!(await isSignedBy(jws, key.publicJwk))) throw new CredentialRefused('the signature of the token is wrong');
  const { payload } = jws;
  if (payload.iss !== issuer) throw new CredentialRefused('the token was issued by somebody else ("iss")');
  const agentId = text(payload, 'client_id');
  const sub = text(payload, 'sub');
  const claims: AccessClaims = {
    agentId,
    subject: sub === agentId ? null : sub,
    chain: flattenActors(payload.act),
    audiences: audiencesOf(payload),
    issuedAtMs: time(payload, 'iat'),
    expiresAtMs: time(payload, 'exp'),
    jti: text(payload, 'jti'),
    taskId: payload.task === undefined ? null : text(payload, 'task'),
    keyThumbprint: text(payload, 'client_jkt'),
  };
  if (claims.expiresAtMs <= nowMs) throw new CredentialRefused('the token has expired');
  const startMs = Math.max(claims.issuedAtMs, payload.nbf === undefined ? 0 : time(payload, 'nbf'));
  if (startMs > nowMs + TOKEN_LIMITS.skewMs) throw new CredentialRefused('the token is not valid yet');
  return claims;
}

function text(payload: JsonObject, name: string): string {
  const value = payload[name];
  if (typeof value !== 'string' || value === '' || value.length > TOKEN_LIMITS.idLength) {
    throw new CredentialRefused(`the token has no usable "${name}"`);
  }
  return value;
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

/** `act` claims nest from the current actor outside to the first one inside (RFC 8693 section 4.1). */
function nestActors(chain: readonly Actor[]): JsonObject {
  return chain.reduceRight<JsonObject>(
    (inner, { id, kind }) => ({ sub: id, kind, ...(Object.keys(inner).length === 0 ? {} : { act: inner }) }),
    {},
  );
}

function flattenActors(act: Json | undefined): readonly Actor[] {
  const chain: Actor[] = [];
  for (let current = act; current !== undefined; ) {
    if (!isObject(current) || chain.length === TOKEN_LIMITS.chain)
      throw new CredentialRefused('the token has no usable "act"');
    const { kind } = current;
    if (kind !== 'agent' && kind !== 'person' && kind !== 'service')
      throw new CredentialRefused('the token has no usable "act"');
    chain.push({ id: text(current, 'sub'), kind });
    current = current.act;
  }
  return chain;
}
