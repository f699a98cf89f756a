import { randomUUID } from 'node:crypto';
import { SignJWT } from 'jose';
import type { TrustedIssuer } from '../../src/model/issuer.ts';
import { askToken, assertionFor, type KeyPair, keyPair, type TokenAnswer, type World } from './token-world.ts';

export const JWT_BEARER = 'urn:ietf:params:oauth:grant-type:jwt-bearer';
export const TOKEN_EXCHANGE = 'urn:ietf:params:oauth:grant-type:token-exchange';
export const ACCESS_TOKEN = 'urn:ietf:params:oauth:token-type:access_token';
export const ISSUER = 'https://idp.example';
export const WORKLOAD = 'system:serviceaccount:shop:buyer';

/** An issuer with a key of its own, trusted for both until told otherwise. */
export async function trustedIssuer(more: Partial<TrustedIssuer> = {}, alg = 'ES256') {
  const pair = await keyPair(alg);
  const issuer: TrustedIssuer = {
    ...{ issuer: ISSUER, enabled: true, proves: ['workload', 'id-jag'], audiences: [], maxLifetimeMs: 3_600_000 },
    ...{ keys: { kind: 'inline', keys: [pair.publicJwk] }, singleUse: true, person: 'sub' },
    ...more,
  };
  return { pair, issuer };
}

export interface Said {
  readonly pair: KeyPair;
  readonly claims?: Record<string, unknown>;
  readonly header?: Record<string, unknown>;
}

function signed(
  world: World,
  { pair, claims = {}, header = {} }: Said,
  base: Record<string, unknown>,
): Promise<string> {
  const nowS = Math.floor(world.nowMs / 1000);
  const payload = { iss: ISSUER, iat: nowS, exp: nowS + 300, jti: randomUUID(), ...base, ...claims };
  return new SignJWT(payload)
    .setProtectedHeader({ alg: pair.alg, kid: pair.publicJwk.kid, ...header })
    .sign(pair.privateKey);
}

/** A workload token as its platform would make it. A claim of `undefined` is left out. */
export function workloadToken(world: World, said: Said): Promise<string> {
  return signed(world, said, { sub: WORKLOAD, aud: world.resources.tokenEndpoint });
}

/** An ID-JAG for ada, through the agent `buyer`. */
export function idJag(world: World, said: Said): Promise<string> {
  const header = { typ: 'oauth-id-jag+jwt', ...said.header };
  return signed(world, { ...said, header }, { sub: 'ada', aud: world.resources.issuer, client_id: 'buyer' });
}

/** Anything at the token endpoint, with no client authentication but what `fields` says. */
export async function post(world: World, fields: Record<string, string>): Promise<TokenAnswer> {
  const answer = await world.server.tokenEndpoint({
    method: 'POST',
    contentType: 'application/x-www-form-urlencoded',
    authorization: undefined,
    body: new URLSearchParams(fields).toString(),
  });
  return { ...answer, json: JSON.parse(answer.body) as Record<string, unknown> };
}

export async function bringWorkload(world: World, assertion: string, fields: Record<string, string> = {}) {
  return post(world, { grant_type: JWT_BEARER, assertion, ...fields });
}

export async function redeem(world: World, assertion: string, fields: Record<string, string> = {}) {
  return askToken(world, await assertionFor(world), { grant_type: JWT_BEARER, assertion, ...fields });
}
