import { createServer } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ConsolePerson, type ConsoleWorld, cookieOf, type Headers, openConsoleWorld } from '../console/world.ts';

let world: ConsoleWorld;
let operator: ConsolePerson;
beforeAll(async () => {
  world = await openConsoleWorld();
  operator = await world.person('operator');
});
afterAll(() => world?.close());

const LOCK = { target: 'agent:buyer', tier: 'halt', reason: 'forged' };
const lock = (headers: Headers, body: unknown = LOCK) => operator.api('POST', '/v1/locks', body, headers);
const locks = async () => (await world.admin('GET', '/v1/locks')).body.items.length as number;

describe('requests that other sites make a signed-in browser send', () => {
  it('an honest one works: what follows would work too if it were let in', async () => {
    expect((await lock({}, { ...LOCK, target: 'agent:other' })).status).toBe(200);
    expect(await locks()).toBe(1);
  });

  it.each<[string, Headers]>([
    ['no token', { 'x-csrf-token': undefined }],
    ['an empty token', { 'x-csrf-token': '' }],
    ['a wrong token', { 'x-csrf-token': 'A'.repeat(43) }],
    ['a token of another length', { 'x-csrf-token': 'A'.repeat(4_000) }],
    ['another origin', { origin: 'https://evil.example' }],
    ['an opaque origin', { origin: 'null' }],
    ['the same host over another scheme', { origin: 'https://localhost' }],
    ['the same host on another port', { origin: 'http://localhost:1' }],
    ['a longer host', { origin: 'http://localhost.evil.example' }],
    ['no origin, across sites', { origin: undefined, 'sec-fetch-site': 'cross-site' }],
    ['no origin, from a neighbour', { origin: undefined, 'sec-fetch-site': 'same-site' }],
    ['no origin, out of the address bar', { origin: undefined, 'sec-fetch-site': 'none' }],
    ['nothing said of where it comes from', { origin: undefined, 'sec-fetch-site': undefined }],
    ['our origin, but across sites', { 'sec-fetch-site': 'cross-site' }],
    ['a name that is not ours', { host: 'evil.example' }],
  ])('%s: refused, and nothing is stopped', async (_what, headers) => {
    const before = await locks();
    const answer = await lock(headers);
    expect(answer.status, answer.text).toBe(403);
    expect(answer.headers['content-type']).toContain('application/problem+json');
    expect(await locks()).toBe(before);
  });

  it.each([
    'text/plain',
    'application/x-www-form-urlencoded',
    'multipart/form-data; boundary=x',
    'text/csv',
    'application/jsonp',
    'text/plain; application/json',
    '',
  ])('a body of type %j is refused', async (type) => {
    const before = await locks();
    const answer = await lock({ 'content-type': type });
    expect([400, 415]).toContain(answer.status);
    expect(await locks()).toBe(before);
  });

  it('a form of another site, with the cookie, does nothing', async () => {
    const answer = await world.send({
      method: 'POST',
      path: '/console/api/v1/locks',
      headers: {
        cookie: cookieOf(operator),
        origin: 'https://evil.example',
        'content-type': 'application/x-www-form-urlencoded',
        'sec-fetch-site': 'cross-site',
      },
      body: 'target=all&tier=halt&reason=x',
    });
    expect(answer.status).toBe(403);
  });

  it('a token of another session of the same person is none of this one', async () => {
    const elsewhere = await world.person('operator');
    expect(elsewhere.csrf).not.toBe(operator.csrf);
    expect((await lock({ 'x-csrf-token': elsewhere.csrf })).json.code).toBe('csrf');
  });

  it('nobody is asked for a token to read, and no other origin reads', async () => {
    expect((await operator.api('GET', '/v1/agents', undefined, { 'x-csrf-token': undefined })).status).toBe(200);
    for (const headers of [{ origin: 'https://evil.example' }, { 'sec-fetch-site': 'cross-site', origin: undefined }])
      expect((await operator.api('GET', '/v1/agents', undefined, headers)).status).toBe(403);
  });

  it('no page of another origin is told that it may', async () => {
    const preflight = await world.send({
      method: 'OPTIONS',
      path: '/console/api/v1/locks',
      headers: {
        origin: 'https://evil.example',
        'access-control-request-method': 'POST',
        'access-control-request-headers': 'x-csrf-token',
      },
    });
    expect(preflight.status).toBeGreaterThanOrEqual(400);
    const answers = [preflight, await operator.api('GET', '/v1/me')];
    for (const { headers } of answers)
      expect(Object.keys(headers).filter((name) => name.startsWith('access-control'))).toEqual([]);
  });

  it('an origin that may call over MCP may not call here', async () => {
    const open = await openConsoleWorld({ listen: ', allowedOrigins: ["https://app.example"]' });
    try {
      const who = await open.person('operator');
      const answer = await who.api('POST', '/v1/locks', LOCK, { origin: 'https://app.example' });
      expect([answer.status, answer.json.code]).toEqual([403, 'origin-refused']);
    } finally {
      await open.close();
    }
  });
});

describe('pages of other sites around ours', () => {
  it.each([
    '/console',
    '/console/agents/buyer',
    '/console/api/v1/me',
    '/console/api/v1/nothing',
    '/console/assets/x.js',
  ])('%s is in no frame, is kept by no cache, and runs nothing from elsewhere', async (path) => {
    const { headers } = await world.send({
      method: 'GET',
      path,
      headers: { cookie: cookieOf(operator), host: new URL(world.origin).host },
    });
    expect(headers['x-frame-options']).toBe('DENY');
    expect(headers['x-content-type-options']).toBe('nosniff');
    expect(headers['cross-origin-opener-policy']).toBe('same-origin');
    expect(headers['cross-origin-resource-policy']).toBe('same-origin');
    expect(headers['referrer-policy']).toBe('same-origin');
    expect(headers['cache-control']).toBe('no-store');
    const policy = String(headers['content-security-policy']);
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain("frame-ancestors 'none'");
    expect(policy).toContain("base-uri 'none'");
    expect(policy).not.toMatch(/unsafe|\*|https?:/);
    expect(headers['strict-transport-security']).toBeUndefined();
  });

  it('where people come over https, browsers are told to stay there', async () => {
    const port = await freePort();
    const secure = await openConsoleWorld({ port, listen: ', publicUrl: "https://localhost"' });
    try {
      const { headers } = await secure.send({
        method: 'GET',
        path: '/console/api/v1/me',
        headers: { host: 'localhost' },
        origin: `http://localhost:${port}`,
      });
      expect(headers['strict-transport-security']).toBe('max-age=31536000');
    } finally {
      await secure.close();
    }
  });
});

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((done) => server.listen(0, 'localhost', done));
  const { port } = server.address() as { port: number };
  await new Promise((done) => server.close(done));
  return port;
}
