import { decodeJwt, SignJWT } from 'jose';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { PERSON_DEFAULTS } from '../../src/model/person.ts';
import { ISSUER, idJag, redeem, trustedIssuer } from './foreign-world.ts';
import { bearer, type KeyPair, keyPair, openWorld, present, type World } from './token-world.ts';

let world: World;
let pair: KeyPair;
beforeEach(async () => {
  world = await openWorld();
  const trusted = await trustedIssuer();
  pair = trusted.pair;
  world.issuers = [trusted.issuer];
});
afterEach(() => world.close());

async function refused(claims: Record<string, unknown>, fields: Record<string, string> = {}) {
  const answer = await redeem(world, await idJag(world, { pair, claims }), fields);
  expect(answer.status).toBe(400);
  expect(world.recorded).toEqual([]);
  return answer.json.error;
}

describe('CR1: an ID-JAG of a trusted provider', () => {
  it('is redeemed for a token of its person, through the client it names, and for no refresh token', async () => {
    const resource = `${world.resources.aggregate}/orders`;
    const claims = {
      scope: 'orders:read files:read chat.history',
      resource: [resource, `${world.resources.aggregate}/files`],
    };
    const answer = await redeem(world, await idJag(world, { pair, claims }), { scope: 'orders:read', resource });
    expect([answer.status, answer.json.scope, answer.json.refresh_token]).toEqual([200, 'orders:read', undefined]);
    const caller = await present(world, bearer(answer.json.access_token as string), resource);
    expect([caller.agent.id, caller.subject, caller.chain.map(({ id }) => id)]).toEqual(['buyer', 'ada', ['buyer']]);
    expect(world.recorded).toMatchObject([{ act: 'token.id-jag', detail: { subject: 'ada', issuer: ISSUER } }]);
  });

  it('grants what it says where nothing is asked, and never what it does not', async () => {
    const claims = { scope: 'orders:read' };
    expect((await redeem(world, await idJag(world, { pair, claims }))).json.scope).toBe('orders:read');
    world.recorded.length = 0;
    expect(await refused(claims, { scope: 'orders:write' })).toBe('invalid_scope');
    expect(await refused({ scope: 'chat.read' })).toBe('invalid_scope');
    const resource = `${world.resources.aggregate}/orders`;
    expect(await refused({ resource }, { resource: `${world.resources.aggregate}/files` })).toBe('invalid_target');
    expect(await refused({ resource: 'https://other.example/mcp' })).toBe('invalid_target');
  });

  it.each<['aud-sub' | 'sub' | 'email', Record<string, unknown>]>([
    ['aud-sub', { sub: 'u1', aud_sub: 'ada' }],
    ['sub', { sub: 'ext-ada' }],
    ['sub', { sub: 'ada' }],
    ['email', { sub: 'u1', email: 'Ada@example.com', email_verified: true }],
  ])('finds its person by %s', async (person, claims) => {
    world.people = [
      { ...PERSON_DEFAULTS, id: 'ada', userName: 'ada', name: 'Ada', email: 'ada@example.com', externalId: 'ext-ada' },
    ];
    world.issuers = [{ ...world.issuers[0]!, person }];
    const answer = await redeem(world, await idJag(world, { pair, claims }));
    expect(decodeJwt(answer.json.access_token as string).sub).toBe('ada');
  });
});

describe('an ID-JAG that is refused', () => {
  const nowS = () => Math.floor(world.nowMs / 1000);
  it.each<[string, () => Record<string, unknown>]>([
    ['for two audiences', () => ({ aud: [world.resources.issuer, 'https://other.example'] })],
    ['for the token endpoint', () => ({ aud: world.resources.tokenEndpoint })],
    ['for the resource instead of its authorization server', () => ({ aud: world.resources.aggregate })],
    ['of another client', () => ({ client_id: 'seller' })],
    ['of no client', () => ({ client_id: undefined })],
    ['expired', () => ({ exp: nowS() - 1 })],
    ['not yet valid', () => ({ nbf: nowS() + 120 })],
    ['issued in the future', () => ({ iat: nowS() + 120 })],
    ['without an id', () => ({ jti: undefined })],
    ['of an unknown issuer', () => ({ iss: 'https://evil.example' })],
    ['for nobody known', () => ({ sub: 'mallory' })],
    ['bound to a key nobody showed', () => ({ cnf: { jkt: 'x'.repeat(43) } })],
    ['bound in a way that is not understood', () => ({ cnf: { 'x5t#S256': 'x' } })],
    ['with actors nobody here can vouch for', () => ({ act: { sub: 'x' } })],
    ['with limits that would be dropped', () => ({ authorization_details: [{ type: 'payment' }] })],
  ])('%s', async (_what, claims) => {
    expect(await refused(claims())).toBe('invalid_grant');
  });

  it('of a disabled issuer (the shape of CVE-2026-1486), or one believed about workloads only', async () => {
    const [issuer] = world.issuers;
    world.issuers = [{ ...issuer!, enabled: false }];
    expect(await refused({})).toBe('invalid_grant');
    world.issuers = [{ ...issuer!, proves: ['workload'] }];
    expect(await refused({})).toBe('invalid_grant');
  });

  it('for a disabled person (the shape of CVE-2026-1609), or one who is locked', async () => {
    world.locked.add('ada');
    expect(await refused({})).toBe('invalid_grant');
    world.locked.clear();
    const eve = { ...PERSON_DEFAULTS, id: 'eve', userName: 'eve', name: 'Eve', active: false };
    world.people = [...world.people, eve];
    expect(await refused({ sub: 'eve' })).toBe('invalid_grant');
  });

  it('with another typ, another key, or none', async () => {
    for (const typ of ['at+jwt', 'JWT'])
      expect((await redeem(world, await idJag(world, { pair, header: { typ } }))).status).toBe(400);
    const other = await keyPair('ES256', pair.publicJwk.kid);
    expect((await redeem(world, await idJag(world, { pair: other }))).json.error).toBe('invalid_grant');
    const [, payload] = (await idJag(world, { pair })).split('.');
    const head = Buffer.from(JSON.stringify({ alg: 'none', typ: 'oauth-id-jag+jwt' })).toString('base64url');
    expect((await redeem(world, `${head}.${payload}.`)).json.error).toBe('invalid_grant');
  });

  it('that was redeemed before; of fifty at once one is good', async () => {
    const grant = await idJag(world, { pair });
    const answers = await Promise.all(Array.from({ length: 50 }, () => redeem(world, grant)));
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
  });

  it('that we issued ourselves, even where we are listed as an issuer', async () => {
    const nowS = Math.floor(world.nowMs / 1000);
    const { issuer } = world.resources;
    world.issuers = [{ ...world.issuers[0]!, issuer, keys: { kind: 'inline', keys: [world.key.publicJwk] } }];
    const own = await new SignJWT({
      iss: issuer,
      sub: 'ada',
      aud: issuer,
      client_id: 'buyer',
      jti: 'j',
      iat: nowS,
      exp: nowS + 60,
    })
      .setProtectedHeader({ alg: 'ES256', typ: 'oauth-id-jag+jwt', kid: world.key.kid })
      .sign(world.key.privateKey);
    const answer = await redeem(world, own);
    expect([answer.json.error, answer.json.error_description]).toEqual([
      'invalid_grant',
      'the assertion was issued here',
    ]);
  });
});
