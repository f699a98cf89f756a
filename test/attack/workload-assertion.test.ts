import { createHmac } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { bringWorkload, ISSUER, trustedIssuer, WORKLOAD, workloadToken } from './foreign-world.ts';
import { agentNamed, bearer, type KeyPair, keyPair, openWorld, present, type World } from './token-world.ts';

let world: World;
let pair: KeyPair;
beforeEach(async () => {
  world = await openWorld();
  const trusted = await trustedIssuer();
  pair = trusted.pair;
  world.issuers = [trusted.issuer];
  const workloads = [{ issuer: ISSUER, subject: WORKLOAD }];
  world.agents = new Map([['buyer', agentNamed('buyer', [], { workloads, scopes: ['orders:all'] })]]);
});
afterEach(() => world.close());

async function refused(token: string, fields: Record<string, string> = {}) {
  const answer = await bringWorkload(world, token, fields);
  expect(answer.status).toBe(400);
  expect(answer.json.access_token).toBeUndefined();
  return answer.json.error;
}

describe('ID2: a workload proves its agent by the token of its platform', () => {
  it.each(['ES256', 'ES384', 'EdDSA', 'RS256', 'PS256'])('signed with %s', async (alg) => {
    const trusted = await trustedIssuer({}, alg);
    world.issuers = [trusted.issuer];
    const answer = await bringWorkload(world, await workloadToken(world, trusted), { scope: 'orders:read' });
    expect([answer.status, answer.json.scope]).toEqual([200, 'orders:read']);
    const caller = await present(world, bearer(answer.json.access_token as string));
    expect([caller.agent.id, caller.scopes]).toEqual(['buyer', ['orders:read']]);
    expect(world.recorded.map(({ act }) => act)).toEqual(['token.workload']);
  });

  it('also as a JWT-SVID, which needs no "iss", within its own trust domain only', async () => {
    const issuer = { ...world.issuers[0]!, issuer: 'spiffe://shop.example', proves: ['workload'] as const };
    world.issuers = [issuer];
    const subject = 'spiffe://shop.example/buyer';
    world.agents = new Map([['buyer', agentNamed('buyer', [], { workloads: [{ issuer: issuer.issuer, subject }] })]]);
    const claims = { iss: undefined, jti: undefined, iat: undefined, sub: subject };
    expect((await bringWorkload(world, await workloadToken(world, { pair, claims }))).status).toBe(200);
    const foreign = { ...claims, iss: 'spiffe://shop.example', sub: 'spiffe://bank.example/buyer' };
    expect(await refused(await workloadToken(world, { pair, claims: foreign }))).toBe('invalid_grant');
  });
});

describe('a workload token that proves nobody', () => {
  const nowS = () => Math.floor(world.nowMs / 1000);
  it.each<[string, () => Record<string, unknown>]>([
    ['expired', () => ({ exp: nowS() - 1 })],
    ['without an end', () => ({ exp: undefined })],
    ['good for longer than its issuer may make it', () => ({ exp: nowS() + 7_200 })],
    ['not yet valid', () => ({ nbf: nowS() + 120 })],
    ['issued in the future', () => ({ iat: nowS() + 120 })],
    ['without the time it was issued', () => ({ iat: undefined })],
    ['for somebody else', () => ({ aud: 'https://other.example' })],
    ['for somebody else, too', () => ({ aud: [world.resources.tokenEndpoint, 'https://other.example'] })],
    ['for nobody', () => ({ aud: [] })],
    ['of an unknown issuer', () => ({ iss: 'https://evil.example' })],
    ['of no issuer', () => ({ iss: undefined })],
    ['of an issuer that only begins like one', () => ({ iss: `${ISSUER}/` })],
    ['of another workload', () => ({ sub: 'system:serviceaccount:shop:other' })],
    ['without a subject', () => ({ sub: undefined })],
  ])('is refused: %s', async (_what, claims) => {
    expect(await refused(await workloadToken(world, { pair, claims: claims() }))).toBe('invalid_grant');
    expect(world.recorded).toEqual([]);
  });

  it('is refused: an access token, an ID-JAG, a proof, whoever signed it', async () => {
    for (const typ of ['at+jwt', 'oauth-id-jag+jwt', 'dpop+jwt', 'logout+jwt', 'secevent+jwt'])
      expect(['invalid_grant', 'invalid_client']).toContain(
        (await bringWorkload(world, await workloadToken(world, { pair, header: { typ } }))).json.error,
      );
  });

  it('is refused: signed with another key, with none, or with the public key as a secret', async () => {
    const other = await keyPair('ES256', pair.publicJwk.kid);
    expect(await refused(await workloadToken(world, { pair: other }))).toBe('invalid_grant');
    const [, payload] = (await workloadToken(world, { pair })).split('.') as [string, string];
    const head = (alg: string) => Buffer.from(JSON.stringify({ alg, kid: pair.publicJwk.kid })).toString('base64url');
    expect(await refused(`${head('none')}.${payload}.`)).toBe('invalid_grant');
    const mac = createHmac('sha256', JSON.stringify(pair.publicJwk)).update(`${head('HS256')}.${payload}`);
    expect(await refused(`${head('HS256')}.${payload}.${mac.digest('base64url')}`)).toBe('invalid_grant');
  });

  it('is refused: of an issuer that was disabled, or is believed about people only', async () => {
    const [issuer] = world.issuers;
    world.issuers = [{ ...issuer!, enabled: false }];
    expect(await refused(await workloadToken(world, { pair }))).toBe('invalid_grant');
    world.issuers = [{ ...issuer!, proves: ['id-jag'] }];
    expect(await refused(await workloadToken(world, { pair }))).toBe('invalid_grant');
  });

  it('is refused: of an agent that may not act, or may not hold what it asks for', async () => {
    const agent = world.agents.get('buyer')!;
    expect(await refused(await workloadToken(world, { pair }), { scope: 'files:read' })).toBe('invalid_scope');
    world.locked.add('buyer');
    expect(await refused(await workloadToken(world, { pair }))).toBe('unauthorized_client');
    world.locked.clear();
    world.agents = new Map([['buyer', { ...agent, state: 'suspended' }]]);
    expect(await refused(await workloadToken(world, { pair }))).toBe('unauthorized_client');
  });

  it('is refused the second time, and of fifty at once one is good', async () => {
    const token = await workloadToken(world, { pair });
    const answers = await Promise.all(Array.from({ length: 50 }, () => bringWorkload(world, token)));
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    expect(answers.filter(({ json }) => json.error === 'invalid_grant')).toHaveLength(49);
  });

  it('is good again where its issuer is configured so, or carries no jti and differs', async () => {
    world.issuers = [{ ...world.issuers[0]!, singleUse: false }];
    const token = await workloadToken(world, { pair });
    expect((await bringWorkload(world, token)).status).toBe(200);
    expect((await bringWorkload(world, token)).status).toBe(200);
  });
});

describe('the keys of an issuer', () => {
  const JWKS = `${ISSUER}/keys`;
  const serve = (...pairs: readonly KeyPair[]) => {
    world.served.set(JWKS, JSON.stringify({ keys: pairs.map(({ publicJwk }) => ({ ...publicJwk, use: 'sig' })) }));
  };
  beforeEach(() => {
    world.issuers = [{ ...world.issuers[0]!, keys: { kind: 'discovery' } }];
    const metadata = { issuer: ISSUER, jwks_uri: JWKS };
    world.served.set(`${ISSUER}/.well-known/openid-configuration`, JSON.stringify(metadata));
    serve(pair);
  });

  it('are found by its metadata, read once for many, and again when it rotates', async () => {
    const many = await Promise.all(Array.from({ length: 20 }, () => workloadToken(world, { pair })));
    const answers = await Promise.all(many.map((token) => bringWorkload(world, token)));
    expect(answers.every(({ status }) => status === 200)).toBe(true);
    expect(world.fetched).toHaveLength(2);
    const next = await keyPair();
    serve(pair, next);
    world.nowMs += 31_000;
    expect((await bringWorkload(world, await workloadToken(world, { pair: next }))).status).toBe(200);
  });

  it('are not read again for every made-up kid', async () => {
    await bringWorkload(world, await workloadToken(world, { pair }));
    const before = world.fetched.length;
    world.nowMs += 31_000;
    for (let i = 0; i < 20; i++) await refused(await workloadToken(world, { pair, header: { kid: `made-up-${i}` } }));
    expect(world.fetched.length - before).toBe(2);
  });

  it('are not taken from metadata of somebody else, nor from a set with a secret key', async () => {
    world.served.set(
      `${ISSUER}/.well-known/openid-configuration`,
      JSON.stringify({ issuer: 'https://evil.example', jwks_uri: JWKS }),
    );
    const answer = await bringWorkload(world, await workloadToken(world, { pair }));
    expect([answer.status, answer.json.error]).toEqual([503, 'temporarily_unavailable']);
  });

  it('are believed for a while when they cannot be read again, and then no more', async () => {
    expect((await bringWorkload(world, await workloadToken(world, { pair }))).status).toBe(200);
    world.served.clear();
    world.nowMs += 1_800_000;
    expect((await bringWorkload(world, await workloadToken(world, { pair }))).status).toBe(200);
    world.nowMs += 1_900_000;
    expect((await bringWorkload(world, await workloadToken(world, { pair }))).status).toBe(503);
  });
});
