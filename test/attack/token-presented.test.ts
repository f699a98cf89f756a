import { createHmac, randomBytes } from 'node:crypto';
import { CompactSign, decodeJwt, exportSPKI, importJWK, SignJWT, UnsecuredJWT } from 'jose';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { AuthFault } from '../../src/identity/challenge.ts';
import { thumbprint } from '../../src/identity/proof/keys.ts';
import { agentNamed, bearer, keyPair, mintFor, openWorld, present, signAsGateway, type World } from './token-world.ts';

let world: World;
beforeEach(async () => {
  world = await openWorld();
});
afterEach(() => world.close());

/** The refusal, whether thrown or rejected. Fails when the credential is accepted. */
async function refusal(authorization: string | readonly string[] | undefined, audience?: string): Promise<AuthFault> {
  let error: unknown;
  try {
    await present(world, authorization, audience);
  } catch (thrown) {
    error = thrown;
  }
  expect(error).toBeInstanceOf(AuthFault);
  return error as AuthFault;
}

async function isRefused(token: string): Promise<void> {
  const fault = await refusal(bearer(token));
  expect(fault.code).toBe('unauthenticated');
  expect(fault.challenge).toContain('error="invalid_token"');
  expect(world.authenticator.cachedTokens).toBe(0);
}

/** Claims of a good token: each attack below changes one thing. */
async function goodClaims(): Promise<Record<string, unknown>> {
  return { ...decodeJwt(await mintFor(world)) };
}

describe('a request without a usable credential', () => {
  it('learns where to get one, and hears of no error, when it carries none', async () => {
    const fault = await refusal(undefined, `${world.resources.aggregate}/orders`);
    expect(fault.code).toBe('unauthenticated');
    expect(fault.challenge).toBe(
      'Bearer realm="interlock", resource_metadata="https://gate.example/.well-known/oauth-protected-resource/mcp/orders"',
    );
  });

  it('is a bad request when it carries two Authorization headers, even two good ones', async () => {
    const header = bearer(await mintFor(world));
    const fault = await refusal([header, header]);
    expect(fault.code).toBe('invalid-request');
    expect(fault.challenge).toContain('error="invalid_request"');
  });

  it.each([
    ['nothing after the scheme', 'Bearer '],
    ['another scheme', 'Basic YTpi'],
    ['DPoP', 'DPoP abc'],
    ['a comma-joined pair', 'Bearer abc, Bearer def'],
    ['two tokens', 'Bearer abc def'],
    ['garbage', `Bearer ${randomBytes(64).toString('base64url')}`],
    ['three garbage parts', 'Bearer a.b.c'],
    ['five parts, as an encrypted token has', 'Bearer a.b.c.d.e'],
    ['a line break', 'Bearer abc\r\nX: y'],
    ['ten kilobytes', `Bearer ${'a'.repeat(10_000)}`],
  ])('is refused with %s', async (_what, header) => {
    expect((await refusal(header)).challenge).toContain('error="invalid_token"');
  });

  it('cannot break out of the challenge header through the resource it asks for', async () => {
    const fault = await refusal(undefined, `${world.resources.issuer}/mcp/a"\r\nx: y, b="`);
    expect(fault.challenge).not.toMatch(/[\r\n]/);
    expect(fault.challenge.match(/"/g)).toHaveLength(4);
  });
});

describe('a token that is good', () => {
  it('names its agent, and is answered without a promise from the second time on', async () => {
    const header = bearer(await mintFor(world, { taskId: 'task-7' }));
    const first = await present(world, header);
    expect(first).toMatchObject({
      method: 'token',
      subject: null,
      chain: [],
      taskId: 'task-7',
      agent: { id: 'buyer' },
    });
    expect(present(world, header)).toBe(first);
    expect(present(world, [header])).toBe(first);
  });

  it('keeps the subject and the chain of actors it was minted with', async () => {
    const chain = [
      { id: 'buyer', kind: 'agent' as const },
      { id: 'planner', kind: 'agent' as const },
    ];
    world.agents = new Map([...world.agents, ['planner', agentNamed('planner', [])]]);
    const token = await mintFor(world, { subject: 'ada', chain });
    expect(await present(world, bearer(token))).toMatchObject({
      ...{ subject: 'ada', person: { id: 'ada' }, chain },
      through: [{ agent: { id: 'planner' }, owner: { id: 'ada' } }],
    });
    expect(decodeJwt(token)).toMatchObject({
      sub: 'ada',
      client_id: 'buyer',
      act: { sub: 'buyer', act: { sub: 'planner' } },
    });
  });

  it('is checked once when a hundred requests bring it at the same time', async () => {
    const header = bearer(await mintFor(world));
    const callers = await Promise.all(Array.from({ length: 100 }, () => present(world, header)));
    expect(new Set(callers).size).toBe(1);
  });
});

describe('a token at the wrong time or place', () => {
  it('is refused from the second it expires, also while it is remembered', async () => {
    const header = bearer(await mintFor(world, { ttlMs: 60_000 }));
    await present(world, header);
    world.nowMs += 59_999;
    expect(present(world, header)).toMatchObject({ agent: { id: 'buyer' } });
    world.nowMs += 1;
    expect((await refusal(header)).message).toContain('expired');
    expect((await refusal(header)).message).toContain('expired');
  });

  it('is refused when it expired before it was first seen, and is not remembered', async () => {
    const token = await mintFor(world, { ttlMs: 60_000 });
    world.nowMs += 60_000;
    await expect(world.tokens.verify(token, world.nowMs)).rejects.toThrow('expired');
    await isRefused(token);
  });

  it('is refused before its time', async () => {
    const claims = await goodClaims();
    const nowS = Math.floor(world.nowMs / 1000);
    await isRefused(await signAsGateway(world, { ...claims, nbf: nowS + 31 }));
    await isRefused(await signAsGateway(world, { ...claims, iat: nowS + 31 }));
    expect(await present(world, bearer(await signAsGateway(world, { ...claims, nbf: nowS + 29 })))).toBeTruthy();
  });

  it('of one server is refused at another, at the aggregate, and at names that only begin alike', async () => {
    const { aggregate } = world.resources;
    const header = bearer(await mintFor(world, { audiences: [`${aggregate}/orders`] }));
    expect(await present(world, header, `${aggregate}/orders`)).toMatchObject({ agent: { id: 'buyer' } });
    for (const elsewhere of ['/files', '/orders2', '/orders/', '/orders/x', '/order', '', 's/orders']) {
      const fault = await refusal(header, `${aggregate}${elsewhere}`);
      expect(fault.challenge).toContain('error="invalid_token"');
    }
    // Still good where it belongs.
    expect(present(world, header, `${aggregate}/orders`)).toMatchObject({ agent: { id: 'buyer' } });
  });

  it('of the aggregate covers every server under it, and nothing beside it', async () => {
    const header = bearer(await mintFor(world));
    expect(await present(world, header, `${world.resources.aggregate}/orders`)).toBeTruthy();
    await refusal(header, `${world.resources.issuer}/mcpx/orders`);
    await refusal(header, 'https://other.example/mcp');
  });

  it('of another issuer is refused, even when signed with the right key', async () => {
    await isRefused(await signAsGateway(world, { ...(await goodClaims()), iss: 'https://evil.example' }));
    await isRefused(await signAsGateway(world, { ...(await goodClaims()), iss: undefined }));
  });
});

describe('a forged token', () => {
  it('signed with another key under the gateway’s kid is refused', async () => {
    const thief = await keyPair();
    const forged = await new SignJWT(await goodClaims())
      .setProtectedHeader({ alg: 'ES256', typ: 'at+jwt', kid: world.key.kid })
      .sign(thief.privateKey);
    await isRefused(forged);
  });

  it('with alg none is refused, in every spelling', async () => {
    await isRefused(new UnsecuredJWT(await goodClaims()).encode());
    const payload = (await mintFor(world)).split('.')[1];
    for (const alg of ['none', 'None', 'NONE', 'nOnE', '']) {
      const header = Buffer.from(JSON.stringify({ alg, typ: 'at+jwt', kid: world.key.kid })).toString('base64url');
      await isRefused(`${header}.${payload}.`);
      await isRefused(`${header}.${payload}.AA`);
    }
  });

  it('with HS256 and the public key as the secret is refused', async () => {
    const publicKey = await importJWK({ ...world.key.publicJwk }, 'ES256', { extractable: true });
    const secrets = [
      await exportSPKI(publicKey as never),
      JSON.stringify(world.key.publicJwk),
      world.key.publicJwk.x as string,
    ];
    const payload = (await mintFor(world)).split('.')[1];
    for (const alg of ['HS256', 'HS384', 'HS512']) {
      const header = Buffer.from(JSON.stringify({ alg, typ: 'at+jwt', kid: world.key.kid })).toString('base64url');
      for (const secret of secrets) {
        const mac = createHmac(alg.replace('HS', 'sha'), secret).update(`${header}.${payload}`).digest('base64url');
        await isRefused(`${header}.${payload}.${mac}`);
      }
    }
  });

  it.each(['../../../../dev/null', "' OR 1=1 --", 'https://evil.example/jwks', '__proto__', '', 'x'.repeat(201)])(
    'whose kid is %j is refused without looking anywhere',
    async (kid) => isRefused(await signAsGateway(world, await goodClaims(), { kid })),
  );

  it('that brings or names its own key is refused', async () => {
    const thief = await keyPair();
    const claims = await goodClaims();
    for (const extra of [
      { jwk: thief.publicJwk },
      { jku: 'https://evil.example/jwks' },
      { x5u: 'https://evil.example/cert' },
      { x5c: ['AAAA'] },
      { b64: true },
    ]) {
      const header = { alg: 'ES256', typ: 'at+jwt', kid: world.key.kid, ...extra };
      await isRefused(await new SignJWT(claims).setProtectedHeader(header as never).sign(thief.privateKey));
      await isRefused(await signAsGateway(world, claims, extra));
    }
  });

  it('with a critical extension nobody knows is refused', async () => {
    const [, payload, signature] = (await signAsGateway(world, await goodClaims())).split('.');
    const header = Buffer.from(JSON.stringify({ alg: 'ES256', typ: 'at+jwt', kid: world.key.kid, crit: ['x'], x: 1 }));
    await isRefused(`${header.toString('base64url')}.${payload}.${signature}`);
  });

  it('with one bit flipped anywhere is refused', async () => {
    const token = await mintFor(world);
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
    for (let at = 0; at < token.length; at += 7) {
      const index = alphabet.indexOf(token[at] as string);
      if (index < 0) continue;
      await isRefused(`${token.slice(0, at)}${alphabet[index ^ 1]}${token.slice(at + 1)}`);
    }
  });

  it('that is the agent’s own assertion, or a JWT of another kind by the gateway, is refused', async () => {
    const claims = await goodClaims();
    await isRefused(await signAsGateway(world, claims, { typ: 'JWT' }));
    await isRefused(await signAsGateway(world, claims, { typ: undefined }));
    await isRefused(await signAsGateway(world, claims, { typ: 'approval+jwt' }));
  });

  it.each([
    ['client_id', undefined],
    ['sub', 7],
    ['aud', undefined],
    ['aud', []],
    ['aud', [7]],
    ['aud', { 0: 'https://gate.example/mcp' }],
    ['exp', undefined],
    ['exp', '9999999999'],
    ['exp', -1],
    ['iat', undefined],
    ['jti', undefined],
    ['authorization_details', []],
    ['authorization_details', { type: 'agent_action', approval: 'a', digest: 'd' }],
    ['authorization_details', [{ type: 'payment', approval: 'a', digest: 'd' }]],
    ['authorization_details', [{ type: 'agent_action', approval: 'a' }]],
    ['authorization_details', [{ type: 'agent_action', approval: 'a', digest: 'd', only_before: 1 }]],
    ['act', 'buyer'],
    ['act', { sub: 'x', kind: 'god' }],
  ])('without a usable %s (%j) is refused', async (name, value) => {
    await isRefused(await signAsGateway(world, { ...(await goodClaims()), [name]: value }));
  });

  it('whose JSON says two things at once is refused', async () => {
    const payload = JSON.stringify(await goodClaims());
    const twice = `${payload.slice(0, -1)},"client_id":"admin"}`;
    const token = await new CompactSign(Buffer.from(twice))
      .setProtectedHeader({ alg: 'ES256', typ: 'at+jwt', kid: world.key.kid })
      .sign(world.key.privateKey);
    await isRefused(token);
  });
});

describe('a token whose agent changed', () => {
  it('of an unknown agent is refused', async () => {
    await isRefused(await mintFor(world, { agentId: 'ghost' }));
  });

  it('of a removed agent is refused on the next call, though it was remembered', async () => {
    const header = bearer(await mintFor(world));
    await present(world, header);
    world.agents = new Map();
    expect((await refusal(header)).message).toContain('revoked');
    expect(world.authenticator.cachedTokens).toBe(0);
  });

  it('dies with the key that obtained it, and lives through other changes with the new facts', async () => {
    const header = bearer(await mintFor(world));
    await present(world, header);
    const next = await keyPair();
    world.agents = new Map([
      ['buyer', agentNamed('buyer', [world.buyer.publicJwk, next.publicJwk], { riskTier: 'high' })],
    ]);
    expect(present(world, header)).toMatchObject({ agent: { riskTier: 'high' } });
    world.agents = new Map([['buyer', agentNamed('buyer', [next.publicJwk])]]);
    await refusal(header);
  });

  it('is refused when another key takes over the kid', async () => {
    const header = bearer(await mintFor(world));
    await present(world, header);
    const next = await keyPair('ES256', world.buyer.publicJwk.kid);
    expect(thumbprint(next.publicJwk)).not.toBe(thumbprint(world.buyer.publicJwk));
    world.agents = new Map([['buyer', agentNamed('buyer', [next.publicJwk])]]);
    await refusal(header);
  });

  it('is refused from the moment it is revoked, remembered or still being checked', async () => {
    const header = bearer(await mintFor(world));
    const { credentialId } = await present(world, header);
    world.revoked.add(credentialId);
    await refusal(header);

    const other = bearer(await mintFor(world));
    const checking = present(world, other);
    world.revoked.add('buyer');
    await expect(checking).rejects.toBeInstanceOf(AuthFault);
    world.revoked.delete('buyer');
    expect(await present(world, bearer(await mintFor(world)))).toBeTruthy();
  });
});
