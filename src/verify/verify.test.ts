import { createHmac, randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { type CryptoKey, calculateJwkThumbprint, exportJWK, generateKeyPair, type JWK, SignJWT } from 'jose';
import { beforeAll, describe, expect, it } from 'vitest';
import { canonicalize, digestJson, sha256Base64url } from '../model/canonical.ts';
import type { JsonObject } from '../model/json.ts';
import { Once } from './once.ts';
import { fromHeaders, fromMcpMeta, REASONS, type Reason, type VerifyOptions, verifyAction } from './verify.ts';

/** Credentials here are made by another implementation (jose), so that both sides cannot share a mistake. */
const NOW_MS = Date.UTC(2026, 9, 1, 12);
const ISSUER = 'https://gate.example';
const AUDIENCE = 'https://shop.example/mcp';
const ARGS = { item: 'PAPER', quantity: 2, nested: { b: [1, null], a: 'é' } };

interface Pair {
  readonly privateKey: CryptoKey;
  readonly jwk: JWK;
}

async function pair(alg = 'ES256'): Promise<Pair> {
  const { publicKey, privateKey } = await generateKeyPair(alg, { extractable: true });
  return { privateKey: privateKey as CryptoKey, jwk: await exportJWK(publicKey) };
}

let gate: Pair;
let presenter: Pair;
let jkt: string;
let jwks: { keys: JWK[] };

beforeAll(async () => {
  gate = await pair();
  presenter = await pair();
  jkt = await calculateJwkThumbprint(presenter.jwk);
  jwks = { keys: [{ ...gate.jwk, kid: 'k1', alg: 'ES256', use: 'sig' }] };
});

const nowS = NOW_MS / 1000;
const details = (more: JsonObject = {}): JsonObject => ({
  ...{ type: 'agent_action', server: 'shop', method: 'tools/call', tool: 'buy' },
  ...{ arguments_digest: digestJson(ARGS), action_digest: digestJson('all of it') },
  ...{ approval: 'ap-1', approved_by: ['alice', 'bob'], intent: { journal: 'gate+01020304', seq: 7 }, max_uses: 1 },
  ...more,
});
const claims = (more: JsonObject = {}): JsonObject => ({
  ...{ iss: ISSUER, aud: AUDIENCE, sub: 'alice', sub_profile: 'user', client_id: 'buyer' },
  act: { sub: 'buyer', sub_profile: 'ai_agent', act: { sub: 'planner', sub_profile: 'ai_agent' } },
  ...{ iat: nowS, exp: nowS + 60, jti: randomBytes(24).toString('base64url'), txn: 't-1', cnf: { jkt } },
  authorization_details: [details()],
  ...more,
});

interface Making {
  readonly claims?: JsonObject;
  readonly header?: Record<string, unknown>;
  readonly key?: CryptoKey;
}

const sign = ({ claims: more = {}, header = {}, key = gate.privateKey }: Making = {}): Promise<string> =>
  new SignJWT(claims(more) as never)
    .setProtectedHeader({ typ: 'interlock-action+jwt', alg: 'ES256', kid: 'k1', ...header } as never)
    .sign(key);

const prove = (token: string, more: JsonObject = {}, { by = presenter, typ = 'dpop+jwt' } = {}): Promise<string> =>
  new SignJWT({
    ...{ htm: 'POST', htu: AUDIENCE, iat: nowS, jti: randomBytes(9).toString('base64url') },
    ...{ ath: sha256Base64url(token), ...more },
  } as never)
    .setProtectedHeader({ typ, alg: 'ES256', jwk: by.jwk })
    .sign(by.privateKey);

const wanted = (more: Partial<VerifyOptions> = {}): VerifyOptions => ({
  ...{ token: null, issuer: ISSUER, audience: AUDIENCE, tool: 'buy', arguments: ARGS, jwks: jwks as never },
  clock: { nowMs: () => NOW_MS },
  ...more,
});

async function verify(making: Making, more: Partial<VerifyOptions> = {}, proof?: string | null) {
  const token = await sign(making);
  return verifyAction(wanted({ token, proof: proof === undefined ? await prove(token) : proof, ...more }));
}

const refusal = (reason: Reason) => ({ ok: false, reason, message: REASONS[reason] });

describe('a credential that is good (requirement CR3)', () => {
  it('says who acts, for whom, through whom, and who approved it', async () => {
    const verified = await verify({}, { server: 'shop', request: { method: 'POST', url: `${AUDIENCE}?session=1` } });
    expect(verified).toMatchObject({
      ...{ ok: true, agent: 'buyer', subject: 'alice', approval: 'ap-1', approvedBy: ['alice', 'bob'], txn: 't-1' },
      intent: { journal: 'gate+01020304', seq: 7 },
    });
    expect(verified.ok && verified.chain).toEqual([
      { id: 'buyer', kind: 'agent' },
      { id: 'planner', kind: 'agent' },
    ]);
  });

  it('of an agent that acts alone has no human in it', async () => {
    const alone = await verify({ claims: { sub: 'buyer', sub_profile: 'ai_agent', act: undefined as never } });
    expect(alone).toMatchObject({ ok: true, agent: 'buyer', subject: null, chain: [] });
  });

  it('does not care how the arguments are written down', async () => {
    const other = { quantity: 2, nested: { a: 'é', b: [1, null] }, item: 'PAPER' };
    expect(await verify({}, { arguments: other })).toMatchObject({ ok: true });
  });

  it('is bound to no key where it says so', async () => {
    expect(await verify({ claims: { cnf: undefined as never } }, {}, null)).toMatchObject({ ok: true });
  });

  it('is good once, however many ask at the same moment', async () => {
    const token = await sign();
    const proof = await prove(token);
    const all = await Promise.all(Array.from({ length: 50 }, () => verifyAction(wanted({ token, proof }))));
    expect(all.filter(({ ok }) => ok)).toHaveLength(1);
    expect(all.filter((one) => !one.ok && one.reason === 'used')).toHaveLength(49);
  });

  it('is not spent by a call it is not for', async () => {
    const token = await sign();
    const proof = await prove(token);
    expect(await verifyAction(wanted({ token, proof, tool: 'sell' }))).toEqual(refusal('tool'));
    expect(await verifyAction(wanted({ token, proof: null }))).toEqual(refusal('proof-missing'));
    expect(await verifyAction(wanted({ token, proof }))).toMatchObject({ ok: true });
  });
});

describe('each check refuses by itself (requirement CR3)', () => {
  it.each<[Reason, Partial<VerifyOptions>]>([
    ['missing', { token: undefined }],
    ['missing', { token: '' }],
    ['malformed', { token: 'a.b' }],
    ['malformed', { token: 'x'.repeat(9000) }],
    ['issuer', { issuer: 'https://other.example' }],
    ['audience', { audience: 'https://shop.example/other' }],
    ['expired', { clock: { nowMs: () => NOW_MS + 60_000 } }],
    ['not-yet', { clock: { nowMs: () => NOW_MS - 31_000 } }],
    ['server', { server: 'other' }],
    ['method', { method: 'prompts/get' }],
    ['tool', { tool: 'buy2' }],
    ['arguments', { arguments: { ...ARGS, quantity: 3 } }],
    ['arguments', { arguments: { ...ARGS, more: undefined, extra: 1 } }],
    ['arguments', { arguments: undefined }],
    ['arguments', { arguments: [ARGS] }],
    ['proof-request', { request: { method: 'GET', url: AUDIENCE } }],
    ['proof-request', { request: { method: 'POST', url: 'https://shop.example/else' } }],
  ])('%s: %j', async (reason, more) => {
    expect(await verify({}, more)).toEqual(refusal(reason));
  });

  it.each<[Reason, Making]>([
    ['typ', { header: { typ: 'at+jwt' } }],
    ['typ', { header: { typ: undefined } }],
    ['unknown-key', { header: { kid: 'k2' } }],
    ['unknown-key', { header: { kid: undefined } }],
    ['claims', { claims: { exp: nowS + 121 } }],
    ['claims', { claims: { exp: nowS } }],
    ['claims', { claims: { jti: 'short' } }],
    ['claims', { claims: { aud: [AUDIENCE, 'https://else.example'] } }],
    ['claims', { claims: { authorization_details: [] } }],
    ['claims', { claims: { authorization_details: [details(), details({ tool: 'sell' })] } }],
    ['claims', { claims: { authorization_details: [details({ type: 'other' })] } }],
    ['claims', { claims: { authorization_details: [details({ max_uses: 2 })] } }],
    ['claims', { claims: { authorization_details: [details({ arguments_digest: 'x' })] } }],
    ['claims', { claims: { authorization_details: [details({ approved_by: 'alice' })] } }],
    ['claims', { claims: { cnf: { 'x5t#S256': 'x' } } }],
    ['claims', { claims: { sub_profile: 'robot' } }],
    ['claims', { claims: { act: { sub: 'carol', sub_profile: 'user' } } }],
  ])('%s: %j', async (reason, making) => {
    expect(await verify(making)).toEqual(refusal(reason));
  });

  it('the algorithm: none, the public key as a secret, another curve', async () => {
    const token = await sign();
    const [, payload] = token.split('.') as [string, string];
    const head = (alg: string) =>
      Buffer.from(JSON.stringify({ typ: 'interlock-action+jwt', alg, kid: 'k1' })).toString('base64url');
    const hmac = createHmac('sha256', JSON.stringify(jwks.keys[0])).update(`${head('HS256')}.${payload}`);
    const forged = [`${head('none')}.${payload}.`, `${head('HS256')}.${payload}.${hmac.digest('base64url')}`];
    for (const one of forged)
      expect(await verifyAction(wanted({ token: one, proof: await prove(one) }))).toEqual(refusal('alg'));
    const p384 = await pair('ES384');
    expect(await verify({ header: { alg: 'ES384' }, key: p384.privateKey })).toEqual(refusal('alg'));
  });

  it('the signature: another gateway’s key under our name, or one the token brings along', async () => {
    const other = await pair();
    expect(await verify({ key: other.privateKey })).toEqual(refusal('signature'));
    const brought = { header: { jwk: other.jwk }, key: other.privateKey };
    expect(await verify(brought)).toEqual(refusal('signature'));
    expect(await verify({ header: { crit: ['exp'], exp: 1 } }).catch(() => refusal('malformed'))).toEqual(
      refusal('malformed'),
    );
  });

  it('the proof: stripped, another key’s, another credential’s, old, of another type, with a private key in it', async () => {
    const token = await sign();
    const proofs: readonly (readonly [Reason, string | null])[] = [
      ['proof-missing', null],
      ['proof-key', await prove(token, {}, { by: await pair() })],
      ['proof-token', await prove(await sign())],
      ['proof', await prove(token, { iat: nowS - 2 })],
      ['proof', await prove(token, { iat: nowS + 61 })],
      ['proof', await prove(token, { jti: '' })],
      ['proof', await prove(token, {}, { typ: 'jwt' })],
      ['proof', `${(await prove(token)).slice(0, -4)}AAAA`],
      ['proof', 'rubbish'],
      ['proof', 'x'.repeat(5000)],
    ];
    for (const [reason, proof] of proofs)
      expect([reason, await verifyAction(wanted({ token, proof }))]).toEqual([reason, refusal(reason)]);
  });

  it('the arguments, also where they are nothing that could be read', async () => {
    const round: Record<string, unknown> = {};
    round.again = round;
    let deep: unknown = 1;
    for (let i = 0; i < 50_000; i++) deep = [deep];
    for (const args of [round, { deep }, { big: 1n }, 'text', 5])
      expect(await verify({}, { arguments: args })).toEqual(refusal('arguments'));
  });

  it('the keys: nobody answers, or what answers is no key set', async () => {
    const token = await sign();
    const { jwks: _given, ...without } = wanted({ token, proof: await prove(token) });
    expect(await verifyAction({ ...without, jwksUri: 'http://127.0.0.1:9/jwks' })).toEqual(refusal('keys-unavailable'));
  });

  it('options that cannot be used are the author’s mistake, and said loudly', async () => {
    const token = await sign();
    const { jwks: _given, ...without } = wanted({ token });
    await expect(verifyAction({ ...without, jwksUri: 'nowhere' })).rejects.toThrow(TypeError);
  });
});

describe('redemption, as the library sees it (requirement CR3)', () => {
  const answering = (body: unknown, status = 200) =>
    (async () => new Response(typeof body === 'string' ? body : JSON.stringify(body), { status })) as never;
  const redeem = { url: `${ISSUER}/credentials/redeem` };

  it.each<[Reason, unknown]>([
    ['used', { redeemed: false, why: 'used' }],
    ['stopped', { redeemed: false, why: 'stopped' }],
    ['expired', { redeemed: false, why: 'expired' }],
    ['redeem-refused', { redeemed: false, why: 'invalid' }],
    ['redeem-unavailable', { redeemed: 'true' }],
    ['redeem-unavailable', 'not JSON'],
    ['redeem-unavailable', [true]],
  ])('%s: %j', async (reason, body) => {
    expect(await verify({}, { redeem, fetch: answering(body) })).toEqual(refusal(reason));
  });

  it('sends the credential and its proof, follows nobody elsewhere, and takes a yes', async () => {
    const sent: { url: unknown; init: RequestInit }[] = [];
    const fetch = (async (url: unknown, init: RequestInit) => {
      sent.push({ url, init });
      return new Response('{"redeemed":true}');
    }) as never;
    expect(await verify({}, { redeem, fetch })).toMatchObject({ ok: true });
    expect(sent[0]).toMatchObject({ url: redeem.url, init: { method: 'POST', redirect: 'error' } });
    expect(Object.keys(JSON.parse(String(sent[0]?.init.body)))).toEqual(['token', 'proof']);
  });

  it('that fails leaves the credential used: nobody knows whether it was taken', async () => {
    const token = await sign();
    const proof = await prove(token);
    const fetch = (async () => Promise.reject(new Error('down'))) as never;
    expect(await verifyAction(wanted({ token, proof, redeem, fetch }))).toEqual(refusal('redeem-unavailable'));
    expect(await verifyAction(wanted({ token, proof }))).toEqual(refusal('used'));
  });
});

describe('any single change is refused (requirement CR3)', () => {
  it('of a character of the credential or its proof', async () => {
    const token = await sign();
    const proof = await prove(token);
    const changed = (text: string, at: number, to: string): string => text.slice(0, at) + to + text.slice(at + 1);
    const place = fc.record({ which: fc.boolean(), at: fc.nat(), to: fc.constantFrom(...'AZaz09-_.') });
    await fc.assert(
      fc.asyncProperty(place, async ({ which, at, to }) => {
        const [one, other] = which ? [token, proof] : [proof, token];
        const text = changed(one, at % one.length, to);
        // The last characters of a base64url text can stand for the same bytes.
        const same = text.split('.').every((part, i) => Buffer.from(part, 'base64url').equals(bytesOf(one, i)));
        fc.pre(!same);
        const shown = which ? { token: text, proof: other } : { token: other, proof: text };
        expect((await verifyAction(wanted(shown))).ok).toBe(false);
      }),
      { numRuns: 400 },
    );
    expect(await verifyAction(wanted({ token, proof }))).toMatchObject({ ok: true });
  });

  it('of the arguments', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.dictionary(fc.string(), fc.jsonValue()),
        fc.dictionary(fc.string(), fc.jsonValue()),
        async (a, b) => {
          const [signed, given] = [JSON.parse(JSON.stringify(a)), JSON.parse(JSON.stringify(b))] as [
            JsonObject,
            JsonObject,
          ];
          const making = { claims: { authorization_details: [details({ arguments_digest: digestJson(signed) })] } };
          const same = canonicalize(signed) === canonicalize(given);
          expect(await verify(making, { arguments: given })).toMatchObject(same ? { ok: true } : refusal('arguments'));
        },
      ),
      { numRuns: 150 },
    );
  });

  it('of a claim, even signed by the gateway’s own key', async () => {
    const members: readonly (keyof ReturnType<typeof claims>)[] = ['iss', 'aud', 'iat', 'exp', 'jti', 'cnf', 'act'];
    const inDetails = ['type', 'server', 'method', 'tool', 'arguments_digest', 'intent', 'max_uses'];
    const strange = fc.oneof(fc.string(), fc.integer(), fc.constant(null), fc.constant([]), fc.constant({}));
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...members, ...inDetails), strange, async (name, value) => {
        const inside = inDetails.includes(name as string);
        fc.pre(!(name === 'jti' && typeof value === 'string' && value.length >= 22));
        const more = inside
          ? { authorization_details: [details({ [name]: value as never })] }
          : { [name]: value as never };
        expect((await verify({ claims: more }, { server: 'shop' })).ok).toBe(false);
      }),
      { numRuns: 300 },
    );
  });
});

function bytesOf(text: string, part: number): Buffer {
  return Buffer.from(text.split('.')[part] ?? '', 'base64url');
}

it('what is carried is found where it is carried, and nowhere twice', () => {
  const both = { token: 't', proof: 'p' };
  expect(fromMcpMeta({ _meta: { 'interlock/action': 't', 'interlock/action-proof': 'p' } })).toEqual(both);
  expect(fromMcpMeta({ 'interlock/action': 't', 'interlock/action-proof': 'p' })).toEqual(both);
  expect(fromHeaders({ 'interlock-action': 't', 'interlock-action-proof': 'p' })).toEqual(both);
  expect(fromHeaders(new Headers({ 'Interlock-Action': 't', 'Interlock-Action-Proof': 'p' }))).toEqual(both);
  for (const none of [undefined, null, 'x', {}, { _meta: null }, { _meta: { 'interlock/action': 5 } }])
    expect(fromMcpMeta(none)).toEqual({ token: null, proof: null });
  expect(fromHeaders({ 'interlock-action': ['t', 't'] })).toEqual({ token: null, proof: null });
});

it('what was used is remembered while it could be used again, within bounds', () => {
  const once = new Once(2);
  const at = (nowMs: number) => ({ nowMs, expiresAtMs: 100 });
  expect([once.take('a', at(0)), once.take('a', at(50)), once.take('b', at(0))]).toEqual(['first', 'used', 'first']);
  expect(once.take('c', at(99))).toBe('full');
  expect(once.take('c', { nowMs: 100, expiresAtMs: 200 })).toBe('first');
});
