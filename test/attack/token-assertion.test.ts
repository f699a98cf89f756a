import { createHmac, generateKeyPairSync, sign } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { exportSPKI, importJWK, SignJWT, UnsecuredJWT } from 'jose';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openSqlite } from '../../src/adapters/sql/sqlite.ts';
import { algorithmsOf } from '../../src/identity/proof/jws.ts';
import {
  agentNamed,
  askToken,
  assertionFor,
  bearer,
  claimsFor,
  keyPair,
  openWorld,
  present,
  type World,
} from './token-world.ts';

let world: World;
beforeEach(async () => {
  world = await openWorld();
});
afterEach(() => world.close());

async function isRefused(assertion: string): Promise<void> {
  const answer = await askToken(world, assertion);
  expect(answer.status).toBe(401);
  expect(answer.json.error).toBe('invalid_client');
  expect(answer.json.access_token).toBeUndefined();
  expect(answer.headers['cache-control']).toBe('no-store');
  expect(world.errors).toEqual([]);
}

describe('an assertion that is right', () => {
  it.each(['ES256', 'ES384', 'EdDSA', 'Ed25519', 'PS256', 'RS256'])(
    'signed with %s gets a token that works',
    async (alg) => {
      const pair = await keyPair(alg);
      world.agents = new Map([['buyer', agentNamed('buyer', [world.buyer.publicJwk, pair.publicJwk])]]);
      const answer = await askToken(world, await assertionFor(world, { pair, claims: { task: 'task-7' } }));
      expect(answer.status).toBe(200);
      expect(answer.json).toMatchObject({ token_type: 'Bearer', expires_in: 600 });
      const caller = await present(world, bearer(answer.json.access_token as string));
      expect(caller).toMatchObject({ agent: { id: 'buyer' }, method: 'token', taskId: 'task-7' });
    },
  );

  it('needs no kid: the agent’s keys of that type are tried', async () => {
    const others = await Promise.all([keyPair('ES256'), keyPair('EdDSA')]);
    world.agents = new Map([
      ['buyer', agentNamed('buyer', [...others.map((pair) => pair.publicJwk), world.buyer.publicJwk])],
    ]);
    expect((await askToken(world, await assertionFor(world, { header: { kid: undefined } }))).status).toBe(200);
  });

  it('may name the issuer instead of the token endpoint, alone or in a list of one', async () => {
    for (const aud of [world.resources.issuer, [world.resources.issuer], [world.resources.tokenEndpoint]]) {
      expect((await askToken(world, await assertionFor(world, { claims: { aud } }))).status).toBe(200);
    }
  });
});

describe('an assertion that is used again', () => {
  it('gets exactly one token out of fifty presentations at the same time', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'interlock-replay-'));
    const stores = await openSqlite({
      path: join(dir, 'store.db'),
      clock: { nowMs: () => world.nowMs, monotonicUs: () => process.hrtime()[1] / 1000 },
    });
    const real = await openWorld({ replay: stores.replay });
    world.agents = real.agents;
    try {
      const assertion = await assertionFor(real);
      const answers = await Promise.all(Array.from({ length: 50 }, () => askToken(real, assertion)));
      expect(answers.filter((answer) => answer.status === 200)).toHaveLength(1);
      const losers = answers.filter((answer) => answer.status !== 200);
      expect(losers.every((answer) => answer.json.error === 'invalid_client')).toBe(true);
      // Still spent after its time began to run out.
      real.nowMs += 59_000;
      expect((await askToken(real, assertion)).status).toBe(401);
    } finally {
      await real.close();
      await stores.close();
      await rm(dir, { recursive: true });
    }
  });

  it('is refused in another spelling of the same bytes', async () => {
    const assertion = await assertionFor(world);
    expect((await askToken(world, assertion)).status).toBe(200);
    await isRefused(`${assertion}=`);
    await isRefused(` ${assertion}`);
    await isRefused(assertion.replace(/.$/, (last) => String.fromCharCode(last.charCodeAt(0) + 1)));
  });

  it('spends nothing when somebody else signed it', async () => {
    const thief = await keyPair();
    const claims = claimsFor(world);
    await isRefused(await assertionFor(world, { claims, pair: { ...thief, publicJwk: world.buyer.publicJwk } }));
    expect((await askToken(world, await assertionFor(world, { claims }))).status).toBe(200);
  });

  it('is the agent’s own: the same jti of another agent is another assertion', async () => {
    const seller = await keyPair();
    world.agents = new Map([...world.agents, ['seller', agentNamed('seller', [seller.publicJwk])]]);
    const jti = 'same';
    expect((await askToken(world, await assertionFor(world, { claims: { jti } }))).status).toBe(200);
    const other = await assertionFor(world, { claims: { jti, iss: 'seller', sub: 'seller' }, pair: seller });
    expect((await askToken(world, other)).status).toBe(200);
  });

  it('gets nothing while the store cannot say whether it is the first', async () => {
    const broken = await openWorld({
      replay: { claim: () => Promise.reject(new Error('disk on fire')), prune: async () => 0 },
    });
    try {
      const answer = await askToken(broken, await assertionFor(broken));
      expect(answer.status).toBe(503);
      expect(answer.body).not.toContain('fire');
      expect(broken.errors).toHaveLength(1);
    } finally {
      await broken.close();
    }
  });
});

describe('an assertion with wrong claims', () => {
  const s = (ms: number) => Math.floor(ms / 1000);
  it.each<[string, (nowMs: number) => Record<string, unknown>]>([
    ['no issuer', () => ({ iss: undefined })],
    ['another subject', () => ({ sub: 'admin' })],
    ['no subject', () => ({ sub: undefined })],
    ['another audience', () => ({ aud: 'https://other.example/oauth/token' })],
    ['no audience', () => ({ aud: undefined })],
    ['several audiences', () => ({ aud: ['https://gate.example', 'https://other.example'] })],
    ['an audience that begins alike', () => ({ aud: 'https://gate.example.evil.example' })],
    ['no expiry', () => ({ exp: undefined })],
    ['an expiry that is now', (nowMs) => ({ exp: s(nowMs) })],
    ['an expiry in the past', (nowMs) => ({ exp: s(nowMs) - 1, iat: s(nowMs) - 60 })],
    ['an expiry too far ahead', (nowMs) => ({ exp: s(nowMs) + 331 })],
    ['an expiry that never comes', () => ({ exp: 1e15 })],
    ['an expiry that is a text', (nowMs) => ({ exp: `${s(nowMs) + 60}` })],
    ['a future issue time', (nowMs) => ({ iat: s(nowMs) + 31 })],
    ['a start in the future', (nowMs) => ({ nbf: s(nowMs) + 31 })],
    ['no jti', () => ({ jti: undefined })],
    ['an empty jti', () => ({ jti: '' })],
    ['a jti that is a number', () => ({ jti: 7 })],
    ['an endless jti', () => ({ jti: 'x'.repeat(257) })],
    ['a task id that is an object', () => ({ task: { id: 1 } })],
    ['an unknown agent', () => ({ iss: 'ghost', sub: 'ghost' })],
    ['a prototype as agent', () => ({ iss: '__proto__', sub: '__proto__' })],
  ])('is refused: %s', async (_what, claims) => {
    await isRefused(await assertionFor(world, { claims: claims(world.nowMs) }));
  });

  it('gets the same answer for an unknown agent as for a wrong key', async () => {
    const thief = await keyPair();
    const unknown = await askToken(
      world,
      await assertionFor(world, { claims: { iss: 'ghost', sub: 'ghost' }, pair: thief }),
    );
    const wrong = await askToken(world, await assertionFor(world, { pair: thief }));
    expect(unknown.body).toBe(wrong.body);
  });

  it('is refused when client_id names another agent, and accepted when it names the same', async () => {
    const other = await askToken(world, await assertionFor(world), { client_id: 'seller' });
    expect(other.json.error).toBe('invalid_client');
    expect((await askToken(world, await assertionFor(world), { client_id: 'buyer' })).status).toBe(200);
  });
});

describe('a forged assertion', () => {
  it('without a signature is refused', async () => {
    await isRefused(new UnsecuredJWT(claimsFor(world)).encode());
    const payload = Buffer.from(JSON.stringify(claimsFor(world))).toString('base64url');
    for (const alg of ['none', 'None', 'NONE']) {
      await isRefused(`${Buffer.from(JSON.stringify({ alg })).toString('base64url')}.${payload}.`);
    }
  });

  it('with the agent’s public key as a shared secret is refused', async () => {
    const spki = await exportSPKI(
      (await importJWK({ ...world.buyer.publicJwk }, 'ES256', { extractable: true })) as never,
    );
    const { kid } = world.buyer.publicJwk;
    const header = Buffer.from(JSON.stringify({ alg: 'HS256', kid })).toString('base64url');
    const payload = Buffer.from(JSON.stringify(claimsFor(world))).toString('base64url');
    for (const secret of [spki, JSON.stringify(world.buyer.publicJwk)]) {
      await isRefused(
        `${header}.${payload}.${createHmac('sha256', secret).update(`${header}.${payload}`).digest('base64url')}`,
      );
    }
  });

  it('with another agent’s key, also under its kid, is refused', async () => {
    const seller = await keyPair();
    world.agents = new Map([...world.agents, ['seller', agentNamed('seller', [seller.publicJwk])]]);
    await isRefused(await assertionFor(world, { pair: seller }));
    await isRefused(await assertionFor(world, { pair: seller, header: { kid: world.buyer.publicJwk.kid } }));
    await isRefused(await assertionFor(world, { pair: seller, header: { kid: undefined } }));
  });

  it('under the kid of another key of the same agent, or of none, is refused', async () => {
    const second = await keyPair();
    world.agents = new Map([['buyer', agentNamed('buyer', [world.buyer.publicJwk, second.publicJwk])]]);
    await isRefused(await assertionFor(world, { header: { kid: second.publicJwk.kid } }));
    await isRefused(await assertionFor(world, { header: { kid: 'unknown' } }));
    expect((await askToken(world, await assertionFor(world, { pair: second }))).status).toBe(200);
  });

  it('with an algorithm the registered key does not have is refused', async () => {
    const rsa = await keyPair('RS256');
    world.agents = new Map([['buyer', agentNamed('buyer', [{ ...rsa.publicJwk, alg: 'PS256' }])]]);
    await isRefused(await assertionFor(world, { pair: rsa }));
    world.agents = new Map([['buyer', agentNamed('buyer', [rsa.publicJwk])]]);
    expect((await askToken(world, await assertionFor(world, { pair: rsa }))).status).toBe(200);
  });

  it('with a weak RSA key is refused even when an operator registered it', async () => {
    const weak = generateKeyPairSync('rsa', { modulusLength: 1024 });
    const jwk = weak.publicKey.export({ format: 'jwk' }) as { kty: string; n: string; e: string };
    world.agents = new Map([['buyer', agentNamed('buyer', [{ ...jwk, kid: 'weak' }])]]);
    expect(algorithmsOf({ ...jwk, kid: 'weak' })).toEqual([]);
    const header = Buffer.from(JSON.stringify({ alg: 'RS256', kid: 'weak' })).toString('base64url');
    const payload = Buffer.from(JSON.stringify(claimsFor(world))).toString('base64url');
    const signature = sign('sha256', Buffer.from(`${header}.${payload}`), weak.privateKey).toString('base64url');
    await isRefused(`${header}.${payload}.${signature}`);
  });

  it.each([
    { crit: ['exp'] },
    { b64: false, crit: ['b64'] },
    { jku: 'https://evil.example' },
    { typ: 'at+jwt' },
    { typ: 'dpop+jwt' },
  ])('with the header %j is refused', async (extra) => {
    const [, payload, signature] = (await assertionFor(world)).split('.');
    const header = { alg: 'ES256', kid: world.buyer.publicJwk.kid, ...extra };
    await isRefused(`${Buffer.from(JSON.stringify(header)).toString('base64url')}.${payload}.${signature}`);
    if (!('crit' in extra)) await isRefused(await assertionFor(world, { header: extra }));
  });

  it('that brings its own key is refused', async () => {
    const thief = await keyPair();
    const jwt = new SignJWT(claimsFor(world)).setProtectedHeader({ alg: 'ES256', jwk: thief.publicJwk as never });
    await isRefused(await jwt.sign(thief.privateKey));
  });

  it('that is a token of this gateway is refused', async () => {
    const answer = await askToken(world, await assertionFor(world));
    await isRefused(answer.json.access_token as string);
  });

  it('of any shape is refused', async () => {
    for (const text of ['', '.', '..', '...', 'a', 'a.b.c', '{}', `${'a'.repeat(9000)}.b.c`, 'é.ü.ß', '\u0000']) {
      const answer = await askToken(world, text);
      expect(answer.status).toBe(401);
    }
    const deep = Buffer.from(`{"alg":"ES256","x":${'['.repeat(500)}${']'.repeat(500)}}`).toString('base64url');
    await isRefused(`${deep}.e30.AAAA`);
  });
});
