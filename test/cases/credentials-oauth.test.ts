import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '../../src/adapters/clock.ts';
import { openSqlite } from '../../src/adapters/sql/sqlite.ts';
import { loadConfig } from '../../src/config/load.ts';
import type { Credentials } from '../../src/credentials/credentials.ts';
import { onlyKey, openSigningKey } from '../../src/identity/proof/keys.ts';
import type { Stores } from '../../src/ports/stores.ts';
import { credentialServers, openCredentials } from '../../src/start/credentials.ts';
import { type ForeignAs, listenForeign } from './fixtures/foreign-as.ts';
import { type GuardedServer, guardedServer } from './fixtures/guarded-server.ts';
import { CONNECT, type House, openHouse, textOf, until } from './house.ts';

/** Requirement CN8: an account connected once is used by the agent, refreshed by the gateway and taken back by its person. */
let house: House;
let crm: GuardedServer;
let as: ForeignAs;
/** Another gateway on the same store, which the test connects through. */
let other: Credentials;
let stores: Stores;
const SILENT = { debug() {}, info() {}, warn() {}, error() {} };

beforeAll(async () => {
  const listening = await listenForeign();
  const held: { as?: ForeignAs } = {};
  crm = await guardedServer((token) => held.as?.whose(token) ?? null);
  house = await openHouse({
    agents: ['buyer', 'seller'],
    servers: `  crm:
    url: ${crm.url}
    credentials: { kind: oauth, issuer: "${listening.issuer}", clientId: interlock, scope: "openid offline_access crm:read" }
    tools: { "*": { effect: read, dataClass: public } }
`,
    policies: { 'a.cedar': `${CONNECT} permit(principal, action in Action::"use", resource);` },
  });
  as = await listening.open({ gateway: house.url, account: () => 'alice-at-crm' });
  held.as = as;
  const loaded = await loadConfig(join(house.dir, 'interlock.yaml'), {});
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems));
  stores = await openSqlite({ path: join(house.dir, '.interlock', 'interlock.db'), clock: systemClock });
  other = await openCredentials({
    config: loaded.config,
    env: {},
    store: stores.secrets,
    keys: onlyKey(await openSigningKey(join(house.dir, '.interlock', 'keys'))),
    url: () => house.url,
    log: SILENT,
  });
  other.configure(credentialServers(loaded.config));
});
afterAll(async () => {
  await other?.close();
  await stores?.close();
  await house?.stop();
  await as?.close();
  await crm?.close();
});

/** What a browser does, from the authorization URL to the callback. */
async function browse(url: string): Promise<URLSearchParams> {
  const jar = new Map<string, string>();
  let at = url;
  for (let hop = 0; hop < 12; hop++) {
    if (at.startsWith(`${house.url}/connect/`)) return new URL(at).searchParams;
    const cookie = [...jar].map(([name, value]) => `${name}=${value}`).join('; ');
    const answer = await globalThis.fetch(at, { redirect: 'manual', headers: { cookie } });
    for (const set of answer.headers.getSetCookie()) {
      const [, name, value] = /^([^=]+)=([^;]*)/.exec(set)!;
      jar.set(name!, value!);
    }
    const to = answer.headers.get('location');
    if (to === null) throw new Error(`${at}: ${answer.status} ${await answer.text()}`);
    at = new URL(to, at).href;
  }
  throw new Error('too many redirects');
}

async function connect(agent: string): Promise<void> {
  const { url, browser } = await other.begin('crm', { person: 'alice', owner: `agent:${agent}` });
  await other.finish('crm', { person: 'alice', browser, parameters: await browse(url) });
}

describe('an account nobody has connected (requirement CN8)', () => {
  it.each(['legacy', 'auto'] as const)('refuses the call with words and the link (%s)', async (mode) => {
    const error = await house.client('buyer', '/mcp/crm', { mode }).then(
      async (client) => textOf(await client.callTool({ name: 'whoami', arguments: {} })),
      (thrown: Error) => thrown.message,
    );
    expect(error).toContain(`${house.url}/connect/crm?agent=buyer`);
    expect(crm.calls).toEqual([]);
  });
});

describe('a connected account (requirement CN8)', () => {
  it('is used by its own agent and by no other', async () => {
    await connect('buyer');
    const client = await house.client('buyer', '/mcp/crm');
    expect(textOf(await client.callTool({ name: 'whoami', arguments: {} }))).toBe('account of alice-at-crm');
    await expect(house.client('seller', '/mcp/crm')).rejects.toThrow(/connect\/crm\?agent=seller/);
  });

  it('is refreshed when the server refuses it, with rotation, and the call goes through', async () => {
    const client = await house.client('buyer', '/mcp/crm');
    await client.callTool({ name: 'whoami', arguments: {} });
    const before = as.grants.filter(({ type }) => type === 'refresh_token').length;
    as.forgetAll();
    expect(textOf(await client.callTool({ name: 'whoami', arguments: {} }))).toBe('account of alice-at-crm');
    expect(as.grants.filter(({ type }) => type === 'refresh_token').length).toBe(before + 1);
  });

  it('is listed without its tokens', async () => {
    const listed = await other.connections({ limit: 10 });
    expect(listed).toEqual([
      expect.objectContaining({ server: 'crm', owner: 'agent:buyer', by: 'alice', issuer: as.issuer, readable: true }),
    ]);
    expect(JSON.stringify(listed)).not.toMatch(/access|refresh/);
  });

  it('taken back at one gateway is gone at the other: the call is refused and the session’s link ends', async () => {
    const client = await house.client('buyer', '/mcp/crm');
    await client.callTool({ name: 'whoami', arguments: {} });
    expect(await other.endFor({ agent: 'buyer' })).toMatchObject({ removed: 1 });
    await until(async () => {
      const said = await client.callTool({ name: 'whoami', arguments: {} });
      return said.isError === true && textOf(said).includes('/connect/crm');
    });
  });
});

describe('what an operator does (requirement CN8)', () => {
  const order = { by: 'olga', reason: 'a test' };

  it('rotates the vault’s key, and everything still opens', async () => {
    await connect('seller');
    const before = (await house.admin<{ newestKey: string }>('GET', '/v1/vault')).body.newestKey;
    const { body } = await house.admin<{ newestKey: string; unreadable: unknown[] }>('POST', '/v1/vault/rotate', order);
    expect(body.newestKey).not.toBe(before);
    expect(body.unreadable).toEqual([]);
    const { rows } = (await house.admin<{ rows: object }>('GET', '/v1/vault')).body;
    expect(Object.keys(rows)).toEqual([body.newestKey]);
    const client = await house.client('seller', '/mcp/crm');
    expect(textOf(await client.callTool({ name: 'whoami', arguments: {} }))).toBe('account of alice-at-crm');
  });

  it('lists what an agent holds and ends it; both are on record, and no token is anywhere', async () => {
    const client = await house.client('seller', '/mcp/crm');
    const list = () => house.admin<{ items: object[] }>('GET', '/v1/credentials?agent=seller');
    // What is in memory of a row is dropped when the row was changed, as by the rotation just now, and is back with the next call.
    await until(async () => {
      await client.callTool({ name: 'whoami', arguments: {} });
      return (await list()).body.items.length === 2;
    });
    const token = crm.seen.at(-1)!.authorization!.replace('Bearer ', '');
    const listed = await list();
    expect(listed.body.items).toEqual([
      expect.objectContaining({ where: 'vault', server: 'crm', agent: 'seller', person: null }),
      expect.objectContaining({ where: 'memory', server: 'crm', agent: 'seller' }),
    ]);
    const ended = await house.admin('POST', '/v1/credentials/revoke', { agent: 'seller', ...order });
    expect(ended.body).toMatchObject({ removed: 1 });
    // Revoked at the other side as well.
    await until(async () => (await as.whose(token)) === null);
    const acts = (await house.records())
      .filter((record) => record.type === 'admin')
      .map((record) => JSON.stringify(record));
    for (const act of ['credential.revoke', 'vault.rotate', 'vault.rotated'])
      expect(acts.some((text) => text.includes(`"${act}"`) && text.includes('olga'))).toBe(true);
    expect(JSON.stringify([listed.body, ended.body, acts])).not.toContain(token);
    const nobody = await house.admin('POST', '/v1/credentials/revoke', order);
    expect(nobody.status).toBe(400);
  });
});

it('the link leads to a page of the gateway, for whoever is signed in (requirement CN8)', async () => {
  const { status, headers } = await house.raw({ path: '/connect/crm?agent=buyer', method: 'GET' });
  expect(status).toBe(303);
  expect(headers.location).toMatch(/^\/sign-in\?return=/);
});

describe('a client that can open a page for its person (requirement CN8)', () => {
  const capabilities = { elicitation: { url: {} } };

  it('is asked by URL elicitation where it has sessions', async () => {
    const thrown = await house.client('buyer', '/mcp/crm', { capabilities }).catch((error: unknown) => error);
    expect(thrown).toMatchObject({ code: -32042 });
    expect((thrown as { elicitations: object[] }).elicitations).toEqual([
      expect.objectContaining({ mode: 'url', url: `${house.url}/connect/crm?agent=buyer` }),
    ]);
  });

  it('is asked by an input request where it has none, once, and its answer goes no further', async () => {
    const meta = {
      'io.modelcontextprotocol/protocolVersion': '2026-07-28',
      'io.modelcontextprotocol/clientInfo': { name: 'case', version: '1' },
      'io.modelcontextprotocol/clientCapabilities': capabilities,
    };
    const ask = (params: object) =>
      house.raw({
        path: '/mcp/crm',
        agent: 'buyer',
        headers: { 'mcp-protocol-version': '2026-07-28', 'mcp-method': 'tools/call', 'mcp-name': 'whoami' },
        body: {
          jsonrpc: '2.0',
          id: 1,
          method: 'tools/call',
          params: { name: 'whoami', arguments: {}, _meta: meta, ...params },
        },
      });
    const { result } = (await ask({})).json;
    expect(result).toMatchObject({
      resultType: 'input_required',
      inputRequests: { 'interlock-connect': { method: 'elicitation/create', params: { mode: 'url' } } },
    });
    const inputResponses = { 'interlock-connect': { action: 'accept' } };
    const again = (await ask({ inputResponses })).json.result;
    expect(again.isError).toBe(true);
    expect(textOf(again)).toContain('/connect/crm?agent=buyer');
    await connect('buyer');
    await until(async () => textOf((await ask({ inputResponses })).json.result).includes('alice-at-crm'));
    await other.endFor({ agent: 'buyer' });
  });
});

describe('the answer of the authorization server (requirement CN8)', () => {
  const begun = () => other.begin('crm', { person: 'alice', owner: 'person:alice' });

  it('is good once, for the person and the browser that began it', async () => {
    const first = await begun();
    const parameters = await browse(first.url);
    await expect(other.finish('crm', { person: 'bob', browser: first.browser, parameters })).rejects.toThrow(
      /start again/,
    );
    const second = await begun();
    const again = await browse(second.url);
    await expect(other.finish('crm', { person: 'alice', browser: 'another', parameters: again })).rejects.toThrow(
      /start again/,
    );
    const third = await begun();
    const good = await browse(third.url);
    const results = await Promise.allSettled(
      Array.from({ length: 50 }, () =>
        other.finish('crm', { person: 'alice', browser: third.browser, parameters: good }),
      ),
    );
    expect(results.filter(({ status }) => status === 'fulfilled').length).toBe(1);
    await other.endFor({ person: 'alice' });
  });

  it('from another issuer, or with a state of somebody’s own making, connects nothing', async () => {
    const { url, browser } = await begun();
    const parameters = await browse(url);
    expect(parameters.get('iss')).toBe(as.issuer);
    parameters.set('iss', 'https://evil.example');
    await expect(other.finish('crm', { person: 'alice', browser, parameters })).rejects.toThrow();
    const made = new URLSearchParams({ code: 'x', state: 'x', iss: as.issuer });
    await expect(other.finish('crm', { person: 'alice', browser, parameters: made })).rejects.toThrow(/start again/);
    expect(await other.connections({ owner: 'person:alice', limit: 1 })).toEqual([]);
  });

  it('asks with PKCE, state, nonce and the resource', async () => {
    const asked = new URL((await begun()).url).searchParams;
    expect(asked.get('code_challenge_method')).toBe('S256');
    expect(asked.get('resource')).toBe(crm.url);
    for (const name of ['state', 'nonce', 'code_challenge']) expect(asked.get(name)!.length).toBeGreaterThan(40);
  });
});
