import { createHash, createHmac, randomUUID } from 'node:crypto';
import { exportJWK, generateKeyPair, SignJWT, UnsecuredJWT } from 'jose';
import { describe, expect, it } from 'vitest';
import { DPOP_LIMITS, DpopRefused, type DpopRequest, verifyDpop } from '../../src/identity/proof/dpop.ts';
import { thumbprint } from '../../src/identity/proof/keys.ts';
import { keyPair, memoryReplay, START_MS } from './token-world.ts';

const URL_ = 'https://gate.example/mcp/orders';
const TOKEN = 'an.access.token';
const ATH = createHash('sha256').update(TOKEN).digest('base64url');
const pair = await keyPair('ES256');
const { kid: _kid, alg: _alg, ...jwk } = pair.publicJwk;

interface Change {
  readonly claims?: Record<string, unknown>;
  readonly header?: Record<string, unknown>;
}

/** A good proof; each attack below changes one thing. */
function proof({ claims = {}, header = {} }: Change = {}): Promise<string> {
  const good = { htm: 'POST', htu: URL_, iat: START_MS / 1000, jti: randomUUID(), ath: ATH };
  return new SignJWT({ ...good, ...claims })
    .setProtectedHeader({ alg: 'ES256', typ: 'dpop+jwt', jwk, ...header } as never)
    .sign(pair.privateKey);
}

function check(text: DpopRequest['proof'], more: Partial<DpopRequest> = {}): Promise<string> {
  const request = { proof: text, method: 'POST', url: URL_, accessToken: TOKEN, nowMs: START_MS, ...more };
  return verifyDpop(memoryReplay(), request);
}

describe('a DPoP proof that is good (ID5)', () => {
  it('yields the thumbprint of its key', async () => {
    expect(await check(await proof())).toBe(thumbprint(pair.publicJwk));
  });

  it.each(['ES384', 'Ed25519', 'PS256'])('may be signed with %s', async (alg) => {
    const other = await generateKeyPair(alg, { modulusLength: 2048, extractable: true });
    const text = await new SignJWT({ htm: 'POST', htu: URL_, iat: START_MS / 1000, jti: 'x', ath: ATH })
      .setProtectedHeader({ alg, typ: 'dpop+jwt', jwk: (await exportJWK(other.publicKey)) as never })
      .sign(other.privateKey);
    expect(await check(text)).toHaveLength(43);
  });

  it.each([
    'https://gate.example/mcp/orders?x=1#y',
    'HTTPS://GATE.example:443/mcp/orders',
    'https://gate.example/mcp/x/../orders',
  ])('may spell the address %s', async (htu) => {
    expect(await check(await proof({ claims: { htu } }))).toHaveLength(43);
  });
});

describe('a DPoP proof is refused', () => {
  it.each([
    ['an access token', { header: { typ: 'at+jwt' } }],
    ['without a type', { header: { typ: undefined } }],
    ['without a key', { header: { jwk: undefined } }],
    ['with a key that is a text', { header: { jwk: 'x' } }],
    ['with a private key', { header: { jwk: { ...jwk, d: 'AAAA' } } }],
    ['with a symmetric key', { header: { jwk: { kty: 'oct', k: 'AAAA' } } }],
    ['with a key of another curve', { header: { jwk: { ...jwk, crv: 'secp256k1' } } }],
    ['with a critical header', { header: { crit: ['x'], x: 1 } }],
    ['with a second way to name its key', { header: { jku: 'https://evil.example/jwks' } }],
    ['for another method', { claims: { htm: 'GET' } }],
    ['for a method in lower case', { claims: { htm: 'post' } }],
    ['for another path', { claims: { htu: 'https://gate.example/mcp/other' } }],
    ['for another host', { claims: { htu: 'https://evil.example/mcp/orders' } }],
    ['for another scheme', { claims: { htu: 'http://gate.example/mcp/orders' } }],
    ['for another port', { claims: { htu: 'https://gate.example:444/mcp/orders' } }],
    ['with user information', { claims: { htu: 'https://a@gate.example/mcp/orders' } }],
    ['without an address', { claims: { htu: undefined } }],
    ['too old', { claims: { iat: START_MS / 1000 - 61 } }],
    ['from the future', { claims: { iat: START_MS / 1000 + 31 } }],
    ['without a time', { claims: { iat: undefined } }],
    ['expired', { claims: { exp: START_MS / 1000 } }],
    ['not valid yet', { claims: { nbf: START_MS / 1000 + 31 } }],
    ['without an id', { claims: { jti: undefined } }],
    ['with an empty id', { claims: { jti: '' } }],
    ['with an endless id', { claims: { jti: 'x'.repeat(DPOP_LIMITS.jtiLength + 1) } }],
    ['with a line break in its id', { claims: { jti: 'a\nb' } }],
    ['of another access token', { claims: { ath: createHash('sha256').update('other').digest('base64url') } }],
    ['that names no access token', { claims: { ath: undefined } }],
  ] as [string, Change][])('%s', async (_what, change) => {
    // The signing library refuses critical headers it does not know: such a proof is put together by hand.
    const text = await proof(change).catch(() => handmade(change));
    await expect(check(text)).rejects.toBeInstanceOf(DpopRefused);
  });

  it('signed by another key than the one it names', async () => {
    const other = await keyPair('ES256');
    const { kid: _k, alg: _a, ...stolen } = other.publicJwk;
    await expect(check(await proof({ header: { jwk: stolen } }))).rejects.toThrow('not signed by the key');
  });

  it('unsigned, or signed with the public key as a secret', async () => {
    const claims = { htm: 'POST', htu: URL_, iat: START_MS / 1000, jti: 'x', ath: ATH };
    await expect(check(new UnsecuredJWT(claims).encode())).rejects.toBeInstanceOf(DpopRefused);
    const head = b64({ alg: 'HS256', typ: 'dpop+jwt', jwk });
    const mac = createHmac('sha256', JSON.stringify(jwk))
      .update(`${head}.${b64(claims)}`)
      .digest('base64url');
    await expect(check(`${head}.${b64(claims)}.${mac}`)).rejects.toThrow('"alg" must be one of');
  });

  it('missing, or sent twice', async () => {
    await expect(check(undefined)).rejects.toThrow('is required');
    const text = await proof();
    await expect(check([text, text])).rejects.toThrow('exactly one');
    await expect(check(`${text}, ${text}`)).rejects.toBeInstanceOf(DpopRefused);
  });

  it('the second time, and only one of fifty at once is the first', async () => {
    const replay = memoryReplay();
    const text = await proof();
    const request = { proof: text, method: 'POST', url: URL_, accessToken: TOKEN, nowMs: START_MS };
    const all = await Promise.allSettled(Array.from({ length: 50 }, () => verifyDpop(replay, request)));
    expect(all.filter((one) => one.status === 'fulfilled')).toHaveLength(1);
    await expect(verifyDpop(replay, request)).rejects.toThrow('used before');
  });

  it('without the nonce where one is demanded, and says which error that is', async () => {
    const isNonce = (nonce: string) => nonce === 'n1';
    for (const claims of [{}, { nonce: 'n2' }, { nonce: 1 }]) {
      await expect(check(await proof({ claims }), { isNonce })).rejects.toMatchObject({ error: 'use_dpop_nonce' });
    }
    expect(await check(await proof({ claims: { nonce: 'n1' } }), { isNonce })).toHaveLength(43);
  });
});

it('what is refused spends no proof', async () => {
  const replay = memoryReplay();
  const text = await proof();
  const request = { proof: text, method: 'POST', url: URL_, accessToken: TOKEN, nowMs: START_MS };
  await expect(verifyDpop(replay, { ...request, method: 'GET' })).rejects.toBeInstanceOf(DpopRefused);
  await expect(verifyDpop(replay, { ...request, accessToken: 'other' })).rejects.toBeInstanceOf(DpopRefused);
  expect(await verifyDpop(replay, request)).toHaveLength(43);
});

function b64(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}

function handmade({ claims = {}, header = {} }: Change): string {
  const good = { htm: 'POST', htu: URL_, iat: START_MS / 1000, jti: randomUUID(), ath: ATH, ...claims };
  return `${b64({ alg: 'ES256', typ: 'dpop+jwt', jwk, ...header })}.${b64(good)}.${b64({ not: 'a signature' })}`;
}
