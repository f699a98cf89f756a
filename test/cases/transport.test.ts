import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CONNECT, EVERYTHING, type House, openHouse } from './house.ts';

/** The door and the session rules of streamable HTTP. Requirement CN1. */
let house: House;
const INIT = {
  jsonrpc: '2.0',
  id: 1,
  method: 'initialize',
  params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'raw', version: '1' } },
};
const META = {
  'io.modelcontextprotocol/protocolVersion': '2026-07-28',
  'io.modelcontextprotocol/clientInfo': { name: 'raw', version: '1' },
  'io.modelcontextprotocol/clientCapabilities': {},
};
const modern = (method: string, params: object = {}) => ({
  jsonrpc: '2.0',
  id: 5,
  method,
  params: { ...params, _meta: META },
});
const headers = (method: string, name?: string) => ({
  'mcp-protocol-version': '2026-07-28',
  'mcp-method': method,
  ...(name === undefined ? {} : { 'mcp-name': name }),
});

beforeAll(async () => {
  house = await openHouse({
    agents: ['buyer', 'other'],
    servers: `  every:\n    command: ${process.execPath}\n    args: [${EVERYTHING}, stdio]\n    tools: { "*": { effect: read, dataClass: public } }\n  secret:\n    command: ${process.execPath}\n    args: [${EVERYTHING}, stdio]\n`,
    agentExtra: { buyer: '    servers: [every]\n', other: '    servers: [every]\n' },
    policies: { 'a.cedar': `${CONNECT} permit(principal, action in Action::"use", resource);` },
  });
});
afterAll(() => house?.stop());

async function open(agent = 'buyer'): Promise<string> {
  const answer = await house.raw({ path: '/mcp/every', agent, body: INIT });
  return answer.headers['mcp-session-id'] as string;
}

describe('the door', () => {
  it('asks who is there, with a challenge that helps', async () => {
    const answer = await house.raw({ path: '/mcp/every', body: INIT });
    expect(answer.status).toBe(401);
    expect(answer.headers['www-authenticate']).toMatch(
      /^Bearer .*resource_metadata="http.*\/\.well-known\/oauth-protected-resource\/mcp\/every"/,
    );
  });

  it('says the same of a server that does not exist and of one the agent is not connected to', async () => {
    const absent = await house.raw({ path: '/mcp/nothing', agent: 'buyer', body: INIT });
    const hidden = await house.raw({ path: '/mcp/secret', agent: 'buyer', body: INIT });
    expect([absent.status, absent.text]).toEqual([404, hidden.text]);
    expect(hidden.status).toBe(404);
  });

  it.each([
    ['a foreign Host', { host: 'evil.example.com' }],
    ['a foreign Origin', { origin: 'http://evil.example.com' }],
    ['a foreign Origin on our own Host', { origin: 'null' }],
  ])('refuses %s: DNS rebinding', async (_name, extra) => {
    expect((await house.raw({ path: '/mcp/every', agent: 'buyer', body: INIT, headers: extra })).status).toBe(403);
  });

  it('lets its own origin in and says so to browsers', async () => {
    const answer = await house.raw({ path: '/mcp/every', agent: 'buyer', body: INIT, headers: { origin: house.url } });
    expect(answer.status).toBe(200);
    expect(answer.headers['access-control-allow-origin']).toBe(house.url);
  });

  it.each([
    ['another content type', { 'content-type': 'text/plain' }, 415],
    ['an Accept that cannot take the answer', { accept: 'text/html' }, 406],
    ['an Accept of only one kind', { accept: 'application/json' }, 406],
  ])('refuses %s', async (_name, extra, status) => {
    expect((await house.raw({ path: '/mcp/every', agent: 'buyer', body: INIT, headers: extra })).status).toBe(status);
  });

  it('answers other methods with 405 and what is allowed', async () => {
    const answer = await house.raw({ path: '/mcp/every', agent: 'buyer', method: 'PUT', body: INIT });
    expect([answer.status, answer.headers.allow]).toEqual([405, 'POST, GET, DELETE, OPTIONS']);
  });
});

describe('sessions (2025-11-25 and before)', () => {
  it('belong to the agent that opened them: to others they do not exist', async () => {
    const session = await open();
    const list = { jsonrpc: '2.0', id: 2, method: 'tools/list' };
    const own = await house.raw({
      path: '/mcp/every',
      agent: 'buyer',
      headers: { 'mcp-session-id': session },
      body: list,
    });
    const stolen = await house.raw({
      path: '/mcp/every',
      agent: 'other',
      headers: { 'mcp-session-id': session },
      body: list,
    });
    const invented = await house.raw({
      path: '/mcp/every',
      agent: 'other',
      headers: { 'mcp-session-id': 'x' },
      body: list,
    });
    expect(own.status).toBe(200);
    expect([stolen.status, stolen.text]).toEqual([404, invented.text]);
  });

  it('are over after DELETE', async () => {
    const session = await open();
    const ended = await house.raw({
      path: '/mcp/every',
      agent: 'buyer',
      method: 'DELETE',
      headers: { 'mcp-session-id': session },
    });
    expect(ended.status).toBe(204);
    const after = await house.raw({
      path: '/mcp/every',
      agent: 'buyer',
      headers: { 'mcp-session-id': session },
      body: { jsonrpc: '2.0', id: 2, method: 'ping' },
    });
    expect(after.status).toBe(404);
  });

  it('are required for everything but initialize', async () => {
    const answer = await house.raw({
      path: '/mcp/every',
      agent: 'buyer',
      body: { jsonrpc: '2.0', id: 2, method: 'tools/list' },
    });
    expect([answer.status, answer.json.id]).toEqual([400, 2]);
  });

  it('pass nothing that is not in the method table', async () => {
    const session = await open();
    const answer = await house.raw({
      path: '/mcp/every',
      agent: 'buyer',
      headers: { 'mcp-session-id': session },
      body: { jsonrpc: '2.0', id: 3, method: 'admin/reset' },
    });
    expect(answer.json.error.code).toBe(-32601);
    const note = await house.raw({
      path: '/mcp/every',
      agent: 'buyer',
      headers: { 'mcp-session-id': session },
      body: { jsonrpc: '2.0', method: 'notifications/reset' },
    });
    expect(note.status).toBe(404);
  });

  it('resume a stream from its last event and replay what was missed, only on its own stream', async () => {
    const session = await open();
    await house.raw({
      path: '/mcp/every',
      agent: 'buyer',
      headers: { 'mcp-session-id': session },
      body: { jsonrpc: '2.0', method: 'notifications/initialized' },
    });
    const args = { duration: 1, steps: 3 };
    const body = {
      jsonrpc: '2.0',
      id: 9,
      method: 'tools/call',
      params: { name: 'trigger-long-running-operation', arguments: args, _meta: { progressToken: 'p' } },
    };
    const whole = await house.raw({ path: '/mcp/every', agent: 'buyer', headers: { 'mcp-session-id': session }, body });
    const ids = [...whole.text.matchAll(/^id: (.+)$/gm)].map((match) => match[1]!);
    expect(ids.length).toBeGreaterThanOrEqual(4);
    const rest = await house.raw({
      path: '/mcp/every',
      agent: 'buyer',
      method: 'GET',
      headers: { 'mcp-session-id': session, 'last-event-id': ids[1], accept: 'text/event-stream' },
    });
    expect([...rest.text.matchAll(/^id: (.+)$/gm)].map((match) => match[1])).toEqual(ids.slice(2));
    expect(rest.json.id).toBe(9);
    const bad = await house.raw({
      path: '/mcp/every',
      agent: 'buyer',
      method: 'GET',
      headers: { 'mcp-session-id': session, 'last-event-id': '77-1', accept: 'text/event-stream' },
    });
    expect(bad.status).toBe(400);
  });
});

describe('stateless requests (2026-07-28)', () => {
  it('must say in headers what they say in the body', async () => {
    const cells: readonly (readonly [string, object, Record<string, string | undefined>, number])[] = [
      ['agree', modern('tools/list'), headers('tools/list'), 200],
      ['another method', modern('tools/list'), headers('tools/call'), -32020],
      ['no method', modern('tools/list'), { 'mcp-protocol-version': '2026-07-28' }, -32020],
      ['another name', modern('tools/call', { name: 'echo', arguments: {} }), headers('tools/call', 'get-sum'), -32020],
      ['no name', modern('tools/call', { name: 'echo', arguments: {} }), headers('tools/call'), -32020],
      [
        'another version',
        modern('tools/list'),
        { ...headers('tools/list'), 'mcp-protocol-version': '2025-11-25' },
        -32020,
      ],
    ];
    for (const [name, body, extra, wanted] of cells) {
      const answer = await house.raw({ path: '/mcp/every', agent: 'buyer', headers: extra, body });
      expect([name, wanted === 200 ? answer.status : answer.json.error.code]).toEqual([name, wanted]);
      if (wanted !== 200) expect([answer.status, answer.json.id]).toEqual([400, 5]);
    }
  });

  it('name a version that is served, or hear which are', async () => {
    const body = modern('tools/list');
    (body.params as { _meta: object })._meta = { ...META, 'io.modelcontextprotocol/protocolVersion': '2199-01-01' };
    const answer = await house.raw({
      path: '/mcp/every',
      agent: 'buyer',
      headers: { 'mcp-protocol-version': '2199-01-01', 'mcp-method': 'tools/list' },
      body,
    });
    expect(answer.json.error).toMatchObject({
      code: -32022,
      data: { supported: ['2026-07-28'], requested: '2199-01-01' },
    });
  });

  it('get 404 and -32601 for methods this revision removed', async () => {
    for (const method of ['initialize', 'ping', 'logging/setLevel', 'resources/subscribe', 'nothing/here']) {
      const answer = await house.raw({
        path: '/mcp/every',
        agent: 'buyer',
        headers: headers(method),
        body: modern(method),
      });
      expect([method, answer.status, answer.json.error.code]).toEqual([method, 404, -32601]);
    }
  });

  it('are answered from a server that only knows sessions', async () => {
    const found = await house.raw({
      path: '/mcp/every',
      agent: 'buyer',
      headers: headers('server/discover'),
      body: modern('server/discover'),
    });
    expect(found.json.result).toMatchObject({
      resultType: 'complete',
      supportedVersions: ['2026-07-28'],
      cacheScope: 'private',
    });
    const called = await house.raw({
      path: '/mcp/every',
      agent: 'buyer',
      headers: headers('tools/call', 'echo'),
      body: modern('tools/call', { name: 'echo', arguments: { message: 'hi' } }),
    });
    expect(called.json.result.resultType).toBe('complete');
  });
});
