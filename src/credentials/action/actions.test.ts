import { createHash, createPublicKey, verify } from 'node:crypto';
import { compactVerify, importJWK, type JWK } from 'jose';
import { beforeAll, describe, expect, it } from 'vitest';
import { ACTION_LIMITS, readActionClaims, withholdActions, withoutActionMeta } from '../../model/action-credential.ts';
import { digestJson, sha256Base64url } from '../../model/canonical.ts';
import { type Actions, actionIds, openActions } from './actions.ts';

const NOW_MS = Date.UTC(2026, 9, 1, 12);
const clock = { nowMs: () => NOW_MS + 900, monotonicUs: () => 0 };

interface Ring {
  kid: string;
  readonly keys: Map<string, JWK>;
}

const ring: Ring = { kid: 'k1', keys: new Map() };
const claimed: string[] = [];
let actions: Actions;

beforeAll(async () => {
  const { generateKeyPairSync } = await import('node:crypto');
  for (const kid of ['k1', 'k2']) {
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    ring.keys.set(kid, privateKey.export({ format: 'jwk' }) as JWK);
  }
  actions = openActions({
    keys: { current: () => ({ kid: ring.kid }), currentPrivateJwk: () => ring.keys.get(ring.kid) as JWK },
    issuer: () => 'https://gate.example',
    replay: { claim: async (id) => claimed.push(id) > 0 },
    clock,
  });
});

const publicOf = ({ kty, crv, x, y }: JWK): JWK => ({ kty, crv, x, y }) as JWK;
const request = {
  identity: { sub: 'buyer', sub_profile: 'ai_agent', aud: 'https://shop.example/mcp' },
  credential: 'jti-of-the-token',
  details: {
    ...{ method: 'tools/call', tool: 'buy', argumentsDigest: digestJson({ a: 1 }), actionDigest: digestJson('all') },
    ...{ approval: 'ap-1', approvedBy: ['alice'], intent: { journal: 'gate+01020304', seq: 3 } },
  },
};
const settings = { audience: 'https://shop.example/mcp', ttlMs: 60_000, proof: true };
const shop = () => actions.of('shop', settings, 'https://shop.example/mcp?tenant=1');
const partOf = (jwt: string, part: number) => JSON.parse(Buffer.from(jwt.split('.')[part]!, 'base64url').toString());

describe('the credential of one action (requirement CR3)', () => {
  it('verifies with nothing but the published key and what every platform has', () => {
    const { headers, meta, jti, expiresAtMs } = shop().mint(request);
    const token = headers[1]!;
    const [header, payload, signature] = token.split('.') as [string, string, string];
    const key = createPublicKey({ key: publicOf(ring.keys.get('k1')!) as never, format: 'jwk' });
    const signed = Buffer.from(`${header}.${payload}`);
    const bytes = Buffer.from(signature, 'base64url');
    expect(verify('sha256', signed, { key, dsaEncoding: 'ieee-p1363' }, bytes)).toBe(true);
    const claims = partOf(token, 1);
    const args = createHash('sha256').update('{"a":1}').digest('base64url');
    expect(claims).toMatchObject({ iss: 'https://gate.example', iat: NOW_MS / 1000, exp: NOW_MS / 1000 + 60, jti });
    expect(claims).toMatchObject({ token_jti: 'jti-of-the-token', aud: 'https://shop.example/mcp' });
    expect(claims.authorization_details).toMatchObject([{ server: 'shop', tool: 'buy', arguments_digest: args }]);
    expect(expiresAtMs).toBe(NOW_MS + 60_000);
    expect(meta).toEqual({ 'interlock/action': token, 'interlock/action-proof': headers[3] });
    expect(headers.filter((_, i) => i % 2 === 0)).toEqual(['interlock-action', 'interlock-action-proof']);
    expect(readActionClaims(claims)).toMatchObject({ jti, details: { approval: 'ap-1', approvedBy: ['alice'] } });
  });

  it('has a proof by the key it is bound to, for this request and this credential', async () => {
    const made = actions.of('shop', settings, 'https://shop.example/mcp?tenant=1#x');
    const [, token, , proof] = made.mint(request).headers as [string, string, string, string];
    const { jwk, typ, alg } = partOf(proof, 0);
    await compactVerify(proof, await importJWK(jwk, alg), { algorithms: ['ES256'] });
    expect([typ, Object.keys(jwk).sort()]).toEqual(['dpop+jwt', ['crv', 'kty', 'x', 'y']]);
    expect(digestJson(jwk)).toBe(made.jkt);
    expect(partOf(proof, 1)).toMatchObject({
      ...{ htm: 'POST', htu: 'https://shop.example/mcp', iat: NOW_MS / 1000 },
      ath: sha256Base64url(token),
    });
  });

  it('for a child process names the process; without a proof it is bound to nothing', () => {
    const child = actions.of('till', { audience: 'urn:x', ttlMs: 1_500, proof: true }, null);
    const [, token, , proof] = child.mint(request).headers as [string, string, string, string];
    expect(partOf(proof, 1)).toMatchObject({ htm: 'STDIO', htu: 'urn:interlock:server:till' });
    expect(partOf(token, 1).exp - partOf(token, 1).iat).toBe(1);
    const unbound = actions.of('till', { audience: 'urn:x', ttlMs: 60_000, proof: false }, null);
    expect(unbound.jkt).toBeNull();
    const minted = unbound.mint(request);
    expect([minted.headers.length, Object.keys(minted.meta)]).toEqual([2, ['interlock/action']]);
  });

  it('is signed by whichever key signs now, and is another each time', () => {
    const kids = [shop(), shop()].map((one) => partOf(one.mint(request).headers[1]!, 0).kid);
    ring.kid = 'k2';
    kids.push(partOf(shop().mint(request).headers[1]!, 0).kid);
    ring.kid = 'k1';
    expect(kids).toEqual(['k1', 'k1', 'k2']);
    const ids = new Set(Array.from({ length: 50 }, () => shop().mint(request).jti));
    expect(ids.size).toBe(50);
  });

  it('of a call without an answer is ended by its id', async () => {
    await shop().end('some-id', NOW_MS);
    expect(claimed).toEqual([actionIds.ended('some-id')]);
  });

  it('of one gateway process is presented by no other', () => {
    const parts = { keys: { current: () => ({ kid: 'k1' }), currentPrivateJwk: () => ring.keys.get('k1') as JWK } };
    const other = openActions({ ...parts, issuer: () => 'x', replay: { claim: async () => true }, clock });
    expect(other.of('shop', settings, null).jkt).not.toBe(shop().jkt);
  });
});

describe('a credential in a text (requirement CR3)', () => {
  it('is withheld, whatever stands around it, and nothing else is', () => {
    const [, token, , proof] = shop().mint(request).headers as [string, string, string, string];
    const text = `{"a":"x${token}y","b":["Bearer ${token}"],"c":"${token}"}`;
    expect(withholdActions(text)).not.toContain(token.split('.')[2]);
    // What runs into it cannot be told from it.
    expect(withholdActions(`to "${token}" for`)).toBe('to "[credential withheld]" for');
    for (const other of [proof, 'eyJ0eXAiOiJhdCtqd3QifQ.e30.AAAA', 'no credential'])
      expect(withholdActions(other)).toBe(other);
  });

  it('is put into `_meta` by the gateway alone', () => {
    const _meta = { 'interlock/action': 'x', 'INTERLOCK/Action-Proof': 'y', progressToken: 1 };
    expect(withoutActionMeta({ name: 'buy', _meta })).toEqual({ name: 'buy', _meta: { progressToken: 1 } });
    const clean = { name: 'buy', _meta: { progressToken: 1 } };
    expect(withoutActionMeta(clean)).toBe(clean);
    expect(withoutActionMeta({ name: 'buy' })).toEqual({ name: 'buy' });
  });

  it('lives for two minutes at most', () => {
    expect(ACTION_LIMITS.ttlMs).toBe(120_000);
  });
});
