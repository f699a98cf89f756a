import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '../../src/adapters/clock.ts';
import { openSqlite } from '../../src/adapters/sql/sqlite.ts';
import { loadConfig } from '../../src/config/load.ts';
import { accessTokens } from '../../src/identity/tokens.ts';
import { openAuthority } from '../../src/start/authority/authority.ts';
import { openLog } from '../../src/surfaces/ops/log.ts';
import { EVERYTHING, type House, openHouse, textOf } from './house.ts';

/** An agent that acts for somebody, calling through a whole gateway (AZ2). */
const MODEL = `model
  schema 1.1
type user
type group
  relations
    define member: [user, group#member]
type customer
  relations
    define viewer: [user, group#member]
`;
const SERVERS = `  everything:
    command: node
    args: ["${EVERYTHING}"]
    tools: { echo: { effect: read, dataClass: internal }, get-sum: { effect: write, dataClass: internal } }
`;
const POLICIES = { 'all.cedar': 'permit(principal, action, resource);' };
const RULES = `  rules:
    - id: customers
      match: { tools: [everything/echo] }
      grant: { relation: { relation: viewer, object: "customer:{args.message}" } }
    - id: sums
      match: { tools: [everything/get-sum] }
      grant: { groups: [accounting] }
`;

let dir = '';
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'interlock-rights-calls-'));
  await writeFile(join(dir, 'model.fga'), MODEL);
});
afterAll(() => rm(dir, { recursive: true, force: true }));

/** A token for the agent on somebody's authority, as a second gateway on the same store would mint it. */
async function tokenFor(house: House, subject: string): Promise<string> {
  const loaded = await loadConfig(join(house.dir, 'interlock.yaml'), process.env);
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems));
  const { config } = loaded;
  const stores = await openSqlite({ path: join(config.dataDir, 'interlock.db'), clock: systemClock });
  const authority = await openAuthority({ config, stores, log: openLog('error', 'json'), trusted: () => [] });
  const { token } = await accessTokens({ keys: authority.ring, issuer: () => house.url }).mint({
    agentId: 'buyer',
    subject,
    chain: [{ id: 'buyer', kind: 'agent' }],
    audiences: [`${house.url}/mcp/everything`],
    nowMs: systemClock.nowMs(),
    ttlMs: 600_000,
  });
  await authority.close();
  await stores.close();
  return token;
}

async function connect(house: House, token: string): Promise<Client> {
  const headers = { authorization: `Bearer ${token}` };
  const client = new Client({ name: 'case', version: '1' });
  await client.connect(
    new StreamableHTTPClientTransport(new URL('/mcp/everything', house.url), { requestInit: { headers } }),
  );
  return client;
}

async function echo(client: Client, message: string): Promise<string> {
  const result = await client.callTool({ name: 'echo', arguments: { message } });
  return result.isError === true ? 'refused' : textOf(result);
}

const write = (house: House, kind: 'writes' | 'deletes', user: string, object: string) =>
  house.admin('POST', '/v1/relations', { [kind]: [{ user, relation: 'viewer', object }], by: 'carol', reason: 'test' });

describe('an agent that acts for a person (AZ2)', { timeout: 120_000 }, () => {
  it('is permitted exactly what the person is, from one call to the next, and every record says why', async () => {
    const house = await openHouse({
      servers: SERVERS,
      policies: POLICIES,
      extra: `permissions:\n  model: ${join(dir, 'model.fga')}\n${RULES}`,
    });
    try {
      await house.admin('POST', '/v1/servers/everything/scan');
      await house.acceptAll('everything');
      const client = await connect(house, await tokenFor(house, 'alice'));
      expect((await client.listTools()).tools.map((tool) => tool.name)).toEqual(['echo']);
      expect(await echo(client, '7')).toBe('refused');
      expect((await write(house, 'writes', 'user:alice', 'customer:7')).status).toBe(200);
      expect(await echo(client, '7')).toContain('7');
      expect(await echo(client, '8')).toBe('refused');
      await write(house, 'deletes', 'user:alice', 'customer:7');
      expect(await echo(client, '7')).toBe('refused');
      await client.close();
      // The agent on its own is no person: the policies alone decide.
      const alone = await house.client('buyer', '/mcp/everything');
      expect(await echo(alone, '8')).toContain('8');
      const told = (await house.records()).filter((record) => JSON.stringify(record).includes('customers: '));
      const texts = told.map((record) => JSON.stringify(record));
      expect(
        texts.filter((text) => text.includes('deny: no rule grants: customers: not viewer of customer:7')).length,
      ).toBe(2);
      expect(texts.filter((text) => text.includes('permit: customers: viewer of customer:{args.message}')).length).toBe(
        1,
      );
    } finally {
      await house.stop();
    }
  });

  it('is permitted what an OpenFGA server says of the person, and nothing when it does not say', async () => {
    const state = { answer: '{"allowed":true}', asked: [] as string[] };
    const server: Server = createServer(async (request, response) => {
      let text = '';
      for await (const chunk of request) text += chunk;
      state.asked.push(`${request.headers.authorization} ${JSON.stringify(JSON.parse(text).tuple_key)}`);
      if (state.answer !== '') response.writeHead(200, { 'content-type': 'application/json' }).end(state.answer);
    });
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    process.env.RIGHTS_TEST_TOKEN = 'fga-secret';
    const house = await openHouse({
      servers: SERVERS,
      policies: POLICIES,
      extra: `permissions:\n  server: { url: "${url}", store: S1, token: "\${RIGHTS_TEST_TOKEN}", timeoutMs: 200 }\n${RULES}`,
    });
    try {
      await house.admin('POST', '/v1/servers/everything/scan');
      await house.acceptAll('everything');
      const client = await connect(house, await tokenFor(house, 'bob'));
      expect(await echo(client, '7')).toContain('7');
      expect(state.asked).toEqual(['Bearer fga-secret {"user":"user:bob","relation":"viewer","object":"customer:7"}']);
      for (const answer of ['{"allowed":false}', 'nonsense', '']) {
        state.answer = answer;
        expect([answer, await echo(client, '7')]).toEqual([answer, 'refused']);
      }
      const { status, body } = await write(house, 'writes', 'user:bob', 'customer:7');
      expect([status, body.detail]).toEqual([409, 'relations come from the OpenFGA server: write them there']);
      await client.close();
    } finally {
      await house.stop();
      server.closeAllConnections();
      server.close();
    }
  });
});
