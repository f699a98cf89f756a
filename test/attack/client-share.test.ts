import { readFile } from 'node:fs/promises';
import { request } from 'node:http';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CONNECT, type House, openHouse, until } from '../cases/house.ts';
import { hostileServer } from './hostile-server.ts';

/** What a client may take, make up, and keep. */
const INIT = {
  ...{ jsonrpc: '2.0', id: 1, method: 'initialize' },
  params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'raw', version: '1' } },
};
const META = {
  'io.modelcontextprotocol/protocolVersion': '2026-07-28',
  'io.modelcontextprotocol/clientInfo': { name: 'raw', version: '1' },
  'io.modelcontextprotocol/clientCapabilities': {},
};
let house: House;

beforeAll(async () => {
  const { yaml } = await hostileServer();
  const all = `${CONNECT} permit(principal, action in Action::"use", resource);`;
  const extra = 'limits: { sessionsPerAgent: 2 }';
  house = await openHouse({ agents: ['buyer', 'leaver'], servers: yaml, policies: { 'a.cedar': all }, extra });
});
afterAll(() => house?.stop());

const stateless = (path: string, method: string, params: object = {}) =>
  house.raw({
    ...{ path, agent: 'buyer', headers: { 'mcp-protocol-version': '2026-07-28', 'mcp-method': method } },
    body: { jsonrpc: '2.0', id: 5, method, params: { ...params, _meta: META } },
  });

describe('a stateless client', () => {
  it('whose parameters are wrong is told so, and not that the server failed', async () => {
    const answer = await stateless('/mcp/hostile', 'tools/call', { name: 5 });
    expect([answer.status, answer.json.error.code, answer.json.id]).toEqual([400, -32602, 5]);
  });

  it('names what it calls by a text, and not by a list that reads like one', async () => {
    const answer = await stateless('/mcp', 'tools/call', { name: ['hostile__plain'], arguments: {} });
    expect(answer.json.error.message).toMatch(/^Unknown tool/);
  });

  it('has a share of the conversations, and no more', async () => {
    expect((await stateless('/mcp/hostile', 'tools/list')).status).toBe(200);
    expect((await stateless('/mcp', 'tools/list')).status).toBe(200);
    expect((await stateless('/mcp/', 'tools/list')).status).toBe(503);
  });
});

describe('a session', () => {
  it.each(['hostile:{', 'hostile:[1]', 'hostile:'])('takes no answer under a made-up id: %s', async (id) => {
    const opened = await house.raw({ path: '/mcp', agent: 'buyer', body: INIT });
    const session = { 'mcp-session-id': opened.headers['mcp-session-id'] as string };
    const body = { jsonrpc: '2.0', id, result: {} };
    const answer = await house.raw({ path: '/mcp', agent: 'buyer', headers: session, body });
    await house.raw({ path: '/mcp', agent: 'buyer', method: 'DELETE', headers: session });
    expect(answer.status).toBe(400);
  });

  it('ends, with its open stream, when its agent is removed from the configuration', async () => {
    const opened = await house.raw({ path: '/mcp/hostile', agent: 'leaver', body: INIT });
    const session = opened.headers['mcp-session-id'] as string;
    const headers = {
      accept: 'text/event-stream',
      authorization: `Bearer ${house.token('leaver')}`,
      'mcp-session-id': session,
    };
    let ended = false;
    const stream = request(new URL('/mcp/hostile', house.url), { headers, agent: false }, (answer) => {
      expect(answer.statusCode).toBe(200);
      answer.on('close', () => (ended = true)).resume();
    });
    const attached = new Promise((done) => stream.once('response', done));
    stream.end();
    await attached;
    const text = await readFile(join(house.dir, 'interlock.yaml'), 'utf8');
    const from = text.indexOf('  leaver:');
    await house.writeConfig(text.slice(0, from) + text.slice(text.indexOf('servers:\n', from)));
    expect((await house.gateway.reload('test')).ok).toBe(true);
    await until(() => ended, 3_000);
    stream.destroy();
  });
});
