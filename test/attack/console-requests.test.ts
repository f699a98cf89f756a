import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ConsolePerson, type ConsoleWorld, cookieOf, openConsoleWorld } from '../console/world.ts';

let world: ConsoleWorld;
let operator: ConsolePerson;
beforeAll(async () => {
  world = await openConsoleWorld();
  operator = await world.person('operator');
});
afterAll(() => world?.close());

const LOCK = { target: 'agent:buyer', tier: 'watch', reason: 'looks odd' };
const acts = async (act: string) =>
  (await world.records()).flatMap((each) => (each.type === 'admin' && each.act === act ? [each] : []));

describe('in whose name an order is given', () => {
  it('is whoever is signed in, whatever the client says', async () => {
    expect((await operator.api('POST', '/v1/locks', LOCK)).status).toBe(200);
    expect((await operator.api('POST', '/v1/locks', { ...LOCK, by: 'operator' })).status).toBe(200);
    for (const by of ['security-admin', '', null, ['operator'], { id: 'operator' }, 1]) {
      const forged = await operator.api('POST', '/v1/locks', { ...LOCK, by });
      expect([by, forged.status, forged.json.code]).toEqual([by, 400, 'by-forged']);
    }
    expect((await acts('lock.put')).map(({ by }) => by)).toEqual(['operator', 'operator']);
  });

  it('also in a query, once or twice', async () => {
    for (const query of [
      'by=security-admin',
      'by=operator&by=security-admin',
      'by=security-admin&by=operator',
      'by=',
    ]) {
      const forged = await operator.api('DELETE', `/v1/locks/agent:buyer?reason=over&${query}`);
      expect([query, forged.status, forged.json.code]).toEqual([query, 400, 'by-forged']);
    }
    const released = await operator.api('DELETE', '/v1/locks/agent:buyer?reason=over');
    expect(released.status, released.text).toBe(200);
    expect((await acts('lock.release')).map(({ by }) => by)).toEqual(['operator']);
  });

  it('also where a body has the name twice, or one that is not its own', async () => {
    const twice = '{"target":"agent:buyer","tier":"watch","reason":"x","by":"operator","by":"security-admin"}';
    expect((await operator.api('POST', '/v1/locks', twice)).json.code).toBe('by-forged');
    for (const body of ['{"__proto__":{"by":"x"}}', '{"constructor":{"prototype":{"by":"x"}}}'])
      expect((await operator.api('POST', '/v1/locks', body)).status).toBe(400);
  });

  it('is nobody’s where there is no such route: that is said, and nobody is signed out for it', async () => {
    for (const method of ['GET', 'POST', 'PUT', 'DELETE']) {
      const answer = await operator.api(method, '/v1/nowhere', method === 'GET' ? undefined : {});
      expect([method, answer.status, answer.json.code]).toEqual([method, 404, 'not-found']);
    }
  });

  it('also where the route does not ask who it is', async () => {
    const forged = await operator.api('POST', '/v1/servers/none/scan', { by: 'security-admin' });
    expect(forged.json.code).toBe('by-forged');
    const query = await operator.api('POST', '/v1/servers/none/scan?by=security-admin');
    expect(query.json.code).toBe('by-forged');
  });

  it('also where a body is nothing, or anything but an object', async () => {
    for (const body of ['[{"by":"security-admin"}]', '[]', '[null]', '""', '0', 'false']) {
      const asked = await operator.api('POST', '/v1/servers/none/scan', body);
      expect([body, asked.status, asked.json.code]).toEqual([body, 400, 'invalid-request']);
    }
    expect(await acts('server.scan')).toEqual([]);
  });

  it('an answer to a request is not given in the operator’s words from a browser', async () => {
    const admin = await world.person('security-admin');
    const answer = await admin.api('POST', '/v1/approvals/x', { state: 'approved', by: 'alice' });
    expect([answer.status, answer.json.code]).toEqual([403, 'forbidden']);
  });
});

describe('addresses written otherwise', () => {
  /** As it stands: no client of ours would send it so. */
  const raw = (path: string, cookie = cookieOf(operator)) =>
    world.send({ method: 'GET', path, headers: { host: new URL(world.origin).host, cookie, origin: world.origin } });

  it.each([
    '/console/api/v1/../v1/locks',
    '/console/api//v1/locks',
    '/console//api/v1/locks',
    '/console/api/v1//locks',
    '/console/api/V1/locks',
    '/console/API/v1/locks',
    '/Console/api/v1/locks',
    '/console/api/v1/locks/',
    '/console/api/v1/locks%2f',
    '/console/api/v1%2flocks',
    '/console%2fapi/v1/locks',
    '/console/api\\v1\\locks',
    '/console/api/v1/locks;x=1',
    '/console/apiv1/locks',
  ])('%s leads past no check', async (path) => {
    const signedOut = await raw(path, '');
    expect(signedOut.json?.items).toBeUndefined();
    expect([200].includes(signedOut.status) && signedOut.text.includes('"epoch"')).toBe(false);
    const nobody = await world.person('nobody');
    const answer = await raw(path, cookieOf(nobody));
    expect(answer.text).not.toContain('"epoch"');
  });

  it('letters written as numbers are the same letters, with the same permission', async () => {
    const nobody = await world.person('nobody');
    const path = '/console/api/v1/%6cocks';
    expect((await raw(path)).status).toBe(200);
    expect((await raw(path, cookieOf(nobody))).status).toBe(403);
  });

  it.each([
    '/console/assets/../../package.json',
    '/console/assets/..%2f..%2fpackage.json',
    '/console/assets/%2e%2e/%2e%2e/package.json',
    '/console/assets/....//package.json',
    '/console/assets/.vite/manifest.json',
    '/console/assets/.env',
    '/console/assets/x\0.js',
    '/console/assets//etc/passwd',
    '/console/assets/',
    '/console/assets/index.js/../../../package.json',
  ])('no file outside the built ones: %j', async (path) => {
    const text = await request(
      `GET ${path} HTTP/1.1\r\nhost: ${new URL(world.origin).host}\r\nconnection: close\r\n\r\n`,
    );
    expect(text).toMatch(/^HTTP\/1\.1 (400|404)/);
    expect(text).not.toContain('"dependencies"');
  });

  it('a whole address in the request line is no address here', async () => {
    const { host } = new URL(world.origin);
    const line = `GET http://${host}/console/api/v1/locks HTTP/1.1\r\nhost: ${host}\r\ncookie: ${cookieOf(operator)}\r\n`;
    expect(await request(`${line}connection: close\r\n\r\n`)).toMatch(/^HTTP\/1\.1 404/);
  });
});

describe('too much', () => {
  it('a body longer than it may be is refused, and the connection ends with it', async () => {
    const answer = await operator.api('POST', '/v1/locks', { ...LOCK, reason: 'x'.repeat(1_100_000) });
    expect([answer.status, answer.headers.connection]).toEqual([413, 'close']);
  });

  it('one person can ask two hundred times at once and fifty times a second, and nobody else waits for it', async () => {
    const [greedy, other] = [await world.person('viewer'), await world.person('auditor')];
    const answers = await Promise.all(Array.from({ length: 320 }, () => greedy.api('GET', '/v1/me')));
    const refused = answers.filter(({ status }) => status === 429);
    expect(refused.length).toBeGreaterThan(20);
    expect(refused[0]).toMatchObject({ json: { code: 'too-many' }, headers: { 'retry-after': '1' } });
    expect(answers.filter(({ status }) => status === 200).length).toBeGreaterThanOrEqual(200);
    expect((await other.api('GET', '/v1/me')).status).toBe(200);
    await new Promise((done) => setTimeout(done, 300));
    expect((await greedy.api('GET', '/v1/me')).status).toBe(200);
  });
});

describe('secrets', () => {
  it('no answer of the console is kept by any cache, whatever it is', async () => {
    for (const path of ['/v1/me', '/v1/agents', '/v1/keys', '/v1/openapi.json', '/v1/nothing', '/v1/credentials'])
      expect((await operator.api('GET', path)).headers['cache-control']).toBe('no-store');
  });

  it('what a failure is answered with says nothing of the inside', async () => {
    const broken = await operator.api('POST', '/v1/locks', '{"target":');
    expect([broken.status, broken.headers['content-type']]).toEqual([400, 'application/problem+json; charset=utf-8']);
    expect(broken.text).not.toMatch(/node_modules|at \w+ \(|\.ts/);
  });

  it('what a server is started with is for the gateway’s own user', async () => {
    const secret = await openConsoleWorld({
      servers: `  tool: { command: /bin/false, args: ["--token=SECRET-ARGUMENT"] }
  far: { url: "http://127.0.0.1:9/mcp?key=SECRET-QUERY" }`,
    });
    try {
      const [viewer, admin] = [await secret.person('viewer'), await secret.person('security-admin')];
      for (const path of ['/v1/servers', '/v1/servers/lines', '/v1/servers/tool', '/v1/servers/far', '/v1/settings']) {
        const { status, text } = await viewer.api('GET', path);
        expect([path, status]).toEqual([path, 200]);
        expect(text).not.toMatch(/SECRET-/);
      }
      expect((await admin.api('GET', '/v1/servers')).text).not.toMatch(/SECRET-/);
      expect(JSON.stringify((await secret.admin('GET', '/v1/servers')).body)).toMatch(/SECRET-ARGUMENT/);
    } finally {
      await secret.close();
    }
  });
});

function request(text: string): Promise<string> {
  const { hostname, port } = new URL(world.origin);
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), hostname, () => socket.end(text));
    let answer = '';
    socket.on('data', (chunk) => (answer += chunk.toString('utf8')));
    socket.on('end', () => resolve(answer));
    socket.on('error', reject);
  });
}
