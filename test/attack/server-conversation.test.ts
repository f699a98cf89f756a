import { readFile, rm, writeFile } from 'node:fs/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { CONNECT, type House, openHouse, until } from '../cases/house.ts';
import { type HostileServer, hostileServer } from './hostile-server.ts';

/** What a server can do to its conversation, and what a stopped agent cannot begin. */
const INIT = {
  jsonrpc: '2.0',
  id: 1,
  method: 'initialize',
  params: { protocolVersion: '2025-11-25', capabilities: { sampling: {} }, clientInfo: { name: 'raw', version: '1' } },
};
const META = {
  'io.modelcontextprotocol/protocolVersion': '2026-07-28',
  'io.modelcontextprotocol/clientInfo': { name: 'raw', version: '1' },
  'io.modelcontextprotocol/clientCapabilities': {},
};
const PATH = '/mcp/hostile';
let house: House;
let server: HostileServer;

beforeAll(async () => {
  server = await hostileServer();
  const all = `${CONNECT} permit(principal, action in Action::"use", resource); permit(principal, action == Action::"sampling/createMessage", resource);`;
  house = await openHouse({ agents: ['buyer'], servers: server.yaml, policies: { 'a.cedar': all } });
  await until(async () => (await links()) === 0 && (await pinned()) === 3);
});
afterAll(() => house?.stop());
afterEach(async () => {
  await rm(server.hang, { force: true });
  await house.admin('DELETE', '/v1/locks/agent:buyer?reason=over&by=bob');
});

async function status(): Promise<{ links: number; tools: number }> {
  const { body } = await house.admin<{ items: { links: number; tools: number }[] }>('GET', '/v1/servers');
  return body.items[0]!;
}
const links = async () => (await status()).links;
const pinned = async () => (await status()).tools;
const starts = async () => (await readFile(server.starts, 'utf8')).length;
const halt = () => house.admin('POST', '/v1/locks', { target: 'agent:buyer', tier: 'halt', reason: 'test', by: 'bob' });

async function open(): Promise<string> {
  const answer = await house.raw({ path: PATH, agent: 'buyer', body: INIT });
  expect(answer.status).toBe(200);
  return answer.headers['mcp-session-id'] as string;
}

const modern = (method: string, params: object) => ({
  ...{ path: PATH, agent: 'buyer', headers: { 'mcp-protocol-version': '2026-07-28', 'mcp-method': method } },
  body: { jsonrpc: '2.0', id: 5, method, params: { ...params, _meta: META } },
});

describe('a server that asks its client without end', () => {
  it('has a bounded number of questions, and none is left open when the session is over', async () => {
    const session = await open();
    const call = { jsonrpc: '2.0', id: 2, method: 'tools/call', params: { name: 'flood', arguments: {} } };
    const answer = await house.raw({ path: PATH, agent: 'buyer', headers: { 'mcp-session-id': session }, body: call });
    expect(answer.status).toBe(200);
    const asked = async () =>
      (await house.records()).filter(
        (record) => record.type === 'intent' && record.action === 'sampling/createMessage',
      );
    await until(async () => (await asked()).length > 0);
    expect((await asked()).length).toBeLessThanOrEqual(16);
    await house.raw({ path: PATH, agent: 'buyer', method: 'DELETE', headers: { 'mcp-session-id': session } });
    const calls = (await asked()).map((record) => (record as { call: string }).call);
    const closed = async () =>
      (await house.records()).filter((record) => record.type === 'outcome' && calls.includes(record.call)).length;
    await until(async () => (await closed()) === calls.length, 5_000);
  });
});

describe('an agent that is stopped', () => {
  it('starts no server, in either protocol era', async () => {
    await until(async () => (await links()) === 0);
    await halt();
    const before = await starts();
    const legacy = await house.raw({ path: PATH, agent: 'buyer', body: INIT });
    expect(legacy.json.error.message).toMatch(/stopped/);
    const stateless = await house.raw(modern('tools/list', {}));
    expect(stateless.json.error.message).toMatch(/stopped/);
    expect(await starts()).toBe(before);
    expect(
      (await house.records()).filter((record) => record.type === 'refusal' && record.decision.code === 'killed'),
    ).toHaveLength(2);
  });

  it('leaves no child behind when it is stopped during a handshake that hangs', async () => {
    await until(async () => (await links()) === 0);
    await writeFile(server.hang, '');
    const waiting = house.raw(modern('tools/list', {}));
    await until(async () => (await links()) === 1);
    await halt();
    await waiting;
    await until(async () => (await links()) === 0, 5_000);
  });
});
