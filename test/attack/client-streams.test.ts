import { readFile } from 'node:fs/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { EventStream } from '../../src/surfaces/mcp/streams.ts';
import { CONNECT, type House, openHouse, until } from '../cases/house.ts';
import { type HostileServer, hostileServer } from './hostile-server.ts';

/** Sessions and streams of clients that want more than their share, or more than they still have. */
const INIT = {
  ...{ jsonrpc: '2.0', id: 1, method: 'initialize' },
  params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'raw', version: '1' } },
};
let house: House;
let server: HostileServer;

beforeAll(async () => {
  server = await hostileServer();
  const limits = 'limits: { sessionsPerAgent: 3 }';
  house = await openHouse({ servers: server.yaml, policies: { 'a.cedar': CONNECT }, extra: limits });
  await until(async () => (await readFile(server.starts, 'utf8')).length > 0);
});
afterAll(() => house?.stop());
afterEach(() => house.admin('DELETE', '/v1/locks/agent:buyer?reason=over&by=bob'));

const open = (path = '/mcp/hostile') => house.raw({ path, agent: 'buyer', body: INIT });
const sessions = async () => (await house.admin<{ items: { id: string }[] }>('GET', '/v1/sessions')).body.items;
const end = (id: string) =>
  house.raw({ path: '/mcp/hostile', agent: 'buyer', method: 'DELETE', headers: { 'mcp-session-id': id } });

describe('sessions', () => {
  it('are bounded also when all are opened at once, and a place that was given up is free again', async () => {
    const answers = await Promise.all(Array.from({ length: 12 }, () => open()));
    expect(answers.filter((answer) => answer.status === 200)).toHaveLength(3);
    expect(await sessions()).toHaveLength(3);
    for (const { id } of await sessions()) await end(id);
    expect((await open()).status).toBe(200);
    for (const { id } of await sessions()) await end(id);
  });

  it('are not opened for an agent that is halted, not even without a server', async () => {
    await house.admin('POST', '/v1/locks', { target: 'agent:buyer', tier: 'halt', reason: 'test', by: 'bob' });
    const answer = await open('/mcp');
    expect(answer.json.error.message).toMatch(/stopped/);
    expect(answer.headers['mcp-session-id']).toBeUndefined();
    expect(await sessions()).toEqual([]);
  });
});

describe('what a stream keeps for a client that comes back', () => {
  it('is bounded in size, not only in number', () => {
    const stream = new EventStream(1, 256);
    const data = 'x'.repeat(1024 * 1024);
    for (let i = 0; i < 64; i++) stream.send({ jsonrpc: '2.0', method: 'notifications/message', params: { data } });
    let written = 0;
    const response = {
      writeHead() {},
      flushHeaders() {},
      once() {},
      write: (text: string) => (written += text.length),
    };
    stream.attach(response as never, {}, 0);
    expect(written).toBeGreaterThan(1024 * 1024);
    expect(written).toBeLessThan(10 * 1024 * 1024);
  });
});
