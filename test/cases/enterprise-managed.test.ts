import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  Client,
  CrossAppAccessProvider,
  createPrivateKeyJwtAuth,
  requestJwtAuthorizationGrant,
  StreamableHTTPClientTransport,
} from '@modelcontextprotocol/client';
import { calculateJwkThumbprint, exportJWK, importJWK, type JWK, SignJWT } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '../../src/adapters/clock.ts';
import { openSqlite } from '../../src/adapters/sql/sqlite.ts';
import { keepConsent } from '../../src/oauth/consent/consents.ts';
import { type KeyPair, keyPair } from '../attack/token-world.ts';
import { CONNECT, EVERYTHING, type House, openHouse } from './house.ts';

/** Two gateways that know nothing of each other's store: one is the enterprise's identity provider, behind the other is the server. */
let provider: House;
let resource: House;
let buyer: KeyPair;

const LAB = `  lab:\n    command: ${process.execPath}\n    args: [${EVERYTHING}, stdio]\n    trust: first-use\n`;

beforeAll(async () => {
  buyer = await keyPair();
  const shared = {
    servers: LAB,
    policies: { 'all.cedar': `${CONNECT}\npermit(principal, action, resource);` },
    agentExtra: { buyer: `    keys: [${JSON.stringify(buyer.publicJwk)}]\n` },
  };
  provider = await openHouse(shared);
  const issuer = `oauth:\n  issuers:\n    enterprise: { issuer: "${provider.url}", proves: [id-jag], person: sub }\n`;
  resource = await openHouse({ ...shared, extra: issuer });
  await resource.acceptAll('lab');
  const config = await readFile(join(provider.dir, 'interlock.yaml'), 'utf8');
  const to = `{ agent: buyer, audience: "${resource.url}", clientId: buyer, resources: ["${resource.url}/mcp/lab"], scopes: ["lab:read", "lab:all"] }`;
  await provider.writeConfig(`${config}oauth:\n  identityAssertions: [${to}]\n`);
  expect(await provider.gateway.reload('test')).toMatchObject({ ok: true });
  await consent('bob');
});
afterAll(async () => {
  await provider.stop();
  await resource.stop();
});

/** As the consent page keeps it. */
async function consent(person: string): Promise<void> {
  const stores = await openSqlite({ path: join(provider.dir, '.interlock', 'interlock.db'), clock: systemClock });
  const [atMs, untilMs] = [Date.now(), Date.now() + 600_000];
  const given = { grantId: 'g', personId: person, agentId: 'buyer', clientId: 'buyer', clientName: 'Buyer' };
  const kept = { ...given, scopes: [], resources: [], atMs, untilMs };
  await keepConsent({ store: stores.oauth } as never, kept);
  await stores.close();
}

/** As the provider's own sign-in makes it, with the provider's own key. */
async function idTokenFor(person: string): Promise<string> {
  const text = await readFile(join(provider.dir, '.interlock', 'keys', 'token-signing.jwk.json'), 'utf8');
  const jwk = JSON.parse(text) as JWK;
  const nowS = Math.floor(Date.now() / 1000);
  return new SignJWT({ iss: provider.url, sub: person, aud: 'buyer', iat: nowS, exp: nowS + 300 })
    .setProtectedHeader({ alg: 'ES256', kid: await calculateJwkThumbprint(jwk) })
    .sign(await importJWK(jwk, 'ES256'));
}

/** The official client; its helper for the provider knows secrets only, so the assertion is added on the way. */
async function clientFor(person: string): Promise<Client> {
  const privateKey = (await exportJWK(buyer.privateKey)) as Record<string, unknown>;
  const proof = { issuer: 'buyer', subject: 'buyer', privateKey, alg: 'ES256' };
  const withAssertion = async (url: string | URL, init: RequestInit = {}) => {
    const params = new URLSearchParams(String(init.body));
    await createPrivateKeyJwtAuth(proof)(new Headers(), params, provider.url + '/oauth/token');
    return fetch(url, { ...init, body: params });
  };
  const authProvider = Object.assign(
    new CrossAppAccessProvider({
      ...{ clientId: 'buyer', clientSecret: randomUUID(), expectedIssuer: resource.url },
      assertion: async ({ authorizationServerUrl, resourceUrl }) => {
        const { jwtAuthGrant } = await requestJwtAuthorizationGrant({
          tokenEndpoint: `${provider.url}/oauth/token`,
          ...{ audience: authorizationServerUrl, resource: resourceUrl, clientId: 'buyer', scope: 'lab:all' },
          ...{ idToken: await idTokenFor(person), fetchFn: withAssertion as typeof fetch },
        });
        return jwtAuthGrant;
      },
    }),
    { addClientAuthentication: createPrivateKeyJwtAuth(proof) },
  );
  const client = new Client({ name: 'case', version: '1' });
  await client.connect(new StreamableHTTPClientTransport(new URL('/mcp/lab', resource.url), { authProvider }));
  return client;
}

describe('CR1: enterprise-managed authorization with the official client', () => {
  it('carries a person from one gateway to a server behind another, steps up by itself, on record at both', async () => {
    const client = await clientFor('bob');
    // The token begins with the right to read; the tool needs more, and the client comes back for it with another assertion.
    const result = await client.callTool({ name: 'echo', arguments: { message: 'hello' } });
    expect(JSON.stringify(result)).toContain('hello');
    await client.close();
    const issued = (await provider.records()).filter((one) => one.type === 'admin' && one.act === 'id-jag.issue');
    const redeemed = (await resource.records()).filter((one) => one.type === 'admin' && one.act === 'token.id-jag');
    expect([issued.length, redeemed.length]).toEqual([2, 2]);
    for (const one of [...issued, ...redeemed]) expect(one).toMatchObject({ by: 'buyer', detail: { subject: 'bob' } });
    const calls = (await resource.records()).filter((one) => one.type === 'intent' && one.agent !== 'interlock');
    expect(calls).not.toEqual([]);
    for (const one of calls) expect(one).toMatchObject({ agent: 'buyer', subject: 'bob', chain: [{ id: 'buyer' }] });
  });

  it('gives nothing for somebody who did not let the agent act for them', async () => {
    await expect(clientFor('alice')).rejects.toThrow(/does not let this agent act/);
  });

  it('gives nothing for somebody the other gateway does not know', async () => {
    await expect(clientFor('mallory')).rejects.toThrow();
  });
});
