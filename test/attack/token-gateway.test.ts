import { Client, PrivateKeyJwtProvider, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { exportPKCS8 } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CONNECT, EVERYTHING, type House, openHouse, textOf } from '../cases/house.ts';
import { type KeyPair, keyPair } from './token-world.ts';

let house: House;
let key: KeyPair;

const PING = { jsonrpc: '2.0', id: 1, method: 'ping' };

beforeAll(async () => {
  key = await keyPair();
  const server = (id: string) => `  ${id}:
    command: ${process.execPath}
    args: [${EVERYTHING}, stdio]
    tools: { "*": { effect: read, dataClass: public } }
`;
  house = await openHouse({
    servers: server('every') + server('other'),
    policies: { 'a.cedar': `${CONNECT}\n@id("all") permit(principal, action in Action::"use", resource);` },
    agentExtra: { buyer: `    keys: [${JSON.stringify(key.publicJwk)}]\n` },
  });
});
afterAll(() => house?.stop());

async function provider(clientId = 'buyer'): Promise<PrivateKeyJwtProvider> {
  const privateKey = await exportPKCS8(key.privateKey);
  return new PrivateKeyJwtProvider({ clientId, privateKey, algorithm: 'ES256', expectedIssuer: house.url });
}

async function connect(authProvider: PrivateKeyJwtProvider, path: string): Promise<Client> {
  const client = new Client({ name: 'attack', version: '1' });
  await client.connect(new StreamableHTTPClientTransport(new URL(path, house.url), { authProvider }));
  return client;
}

describe('the official client, given only an address and a private key', () => {
  it('discovers, proves itself, connects and calls; the record says how it proved itself', async () => {
    const agent = await provider();
    const client = await connect(agent, '/mcp/every');
    const answer = await client.callTool({ name: 'echo', arguments: { message: 'hello' } });
    expect(textOf(answer)).toContain('hello');
    await client.close();
    const intent = (await house.records()).find((record) => record.type === 'intent' && record.action === 'tools/call');
    expect(intent).toMatchObject({ agent: 'buyer', auth: 'token' });
    expect(JSON.stringify(await house.records())).not.toContain(agent.tokens()?.access_token as string);
  });

  it('is sent away under a name it has no key for', async () => {
    await expect(connect(await provider('ghost'), '/mcp/every')).rejects.toThrow(/not signed by a key registered/);
  });
});

describe('a token at the real door', () => {
  it('of one server opens no other server, and not the aggregate', async () => {
    const agent = await provider();
    await (await connect(agent, '/mcp/every')).close();
    const authorization = `Bearer ${agent.tokens()?.access_token}`;
    for (const path of ['/mcp/other', '/mcp']) {
      const refused = await house.raw({ path, headers: { authorization }, body: PING });
      expect(refused.status).toBe(401);
      expect(refused.headers['www-authenticate']).toContain('error="invalid_token"');
      expect(refused.headers['www-authenticate']).toContain(`/.well-known/oauth-protected-resource${path}"`);
    }
  });

  it('that is missing, garbage or of another scheme is answered with a challenge that leads to the metadata', async () => {
    for (const authorization of [
      undefined,
      'Bearer garbage',
      'Bearer a.b.c',
      'Basic YTpi',
      `Bearer ${'x'.repeat(9000)}`,
    ]) {
      const refused = await house.raw({ path: '/mcp/every', headers: { authorization }, body: PING });
      expect(refused.status).toBe(401);
      const found = /resource_metadata="([^"]+)"/.exec(refused.headers['www-authenticate'] ?? '')?.[1] as string;
      const metadata = await house.raw({ path: new URL(found).pathname, method: 'GET' });
      expect(metadata.json).toMatchObject({ resource: `${house.url}/mcp/every`, authorization_servers: [house.url] });
    }
  });

  it('says the same about a server that does not exist', async () => {
    const absent = await house.raw({ path: '/mcp/absent', body: PING });
    const present = await house.raw({ path: '/mcp/every', body: PING });
    expect(absent.status).toBe(present.status);
    expect(absent.text).toBe(present.text);
  });
});
