import { request as httpRequest } from 'node:http';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type ConsoleDoor, consoleDoor } from '../../src/surfaces/console/console.ts';
import { type Listener, listen } from '../../src/surfaces/http/listener.ts';
import { type ConsolePerson, type ConsoleWorld, cookieOf, type Headers, openConsoleWorld } from '../console/world.ts';
import { browserAt, openPeopleWorld, type PeopleWorld } from '../people/world.ts';

let world: ConsoleWorld;
beforeAll(async () => {
  world = await openConsoleWorld();
});
afterAll(() => world?.close());

const LOCK = { target: 'agent:buyer', tier: 'watch', reason: 'x' };
const host = () => new URL(world.origin).host;
const get = (path: string, cookie?: string) =>
  world.send({ method: 'GET', path, headers: { host: host(), ...(cookie === undefined ? {} : { cookie }) } });

describe('sessions of the console', () => {
  it('nobody signed in is told nothing, not even what there is', async () => {
    for (const path of ['/v1/me', '/v1/agents', '/v1/locks', '/metrics', '/v1/nothing', '/', '']) {
      const answer = await get(`/console/api${path}`);
      expect([path, answer.status, answer.json?.code]).toEqual([path, 401, 'signed-out']);
    }
    const posted = await world.send({
      method: 'POST',
      path: '/console/api/v1/locks',
      headers: { host: host(), origin: world.origin, 'content-type': 'application/json' },
      body: JSON.stringify(LOCK),
    });
    expect(posted.status).toBe(401);
  });

  it('a page leads to the sign-in, and from there back to itself', async () => {
    const places: readonly (readonly [string, string])[] = [
      ['/console', '/console'],
      ['/console/agents/buyer', '/console/agents/buyer'],
      ['/console/live?agent=buyer&decision=denied', '/console/live?agent=buyer&decision=denied'],
      ['/console/servers/crm/tools/tickets%2Ffind', '/console/servers/crm/tools/tickets%2Ffind'],
      ['/console//evil.example', '/console'],
      ['/console/x?next=<script>', '/console/x'],
      ['/console/%2e%2e/account', '/console'],
    ];
    for (const [asked, back] of places) {
      const answer = await get(asked);
      expect([asked, answer.status]).toEqual([asked, 303]);
      expect(answer.headers.location).toBe(`/sign-in?${new URLSearchParams({ return: back }).toString()}`);
    }
  });

  it('the pages of the account lead to it whoever has a role, and nobody else', async () => {
    const [viewer, nobody] = [await world.person('viewer'), await world.person('nobody')];
    for (const page of ['/account', '/approvals']) {
      expect((await viewer.browser.get(page)).text).toContain('href="/console"');
      expect((await nobody.browser.get(page)).text).not.toContain('href="/console"');
    }
  });

  it('a session planted before the sign-in is not the one after it', async () => {
    const planted = 'A'.repeat(43);
    expect((await get('/console/api/v1/me', `interlock=${planted}`)).status).toBe(401);
    const victim = await world.person('viewer');
    expect(cookieOf(victim)).not.toContain(planted);
    expect((await get('/console/api/v1/me', `interlock=${planted}`)).status).toBe(401);
  });

  it('no cookie of a visitor, an agent’s token or a guess opens it', async () => {
    const browser = browserAt(world.origin);
    await browser.get('/sign-in');
    const visit = browser.cookies.get('interlock-visit') ?? '';
    for (const cookie of [
      `interlock=${visit}`,
      `interlock-visit=${visit}`,
      'interlock=',
      'interlock=%00',
      '__Host-interlock=x',
    ])
      expect((await get('/console/api/v1/me', cookie)).status).toBe(401);
    const bearer = await world.send({
      method: 'GET',
      path: '/console/api/v1/me',
      headers: { host: host(), authorization: 'Bearer x' },
    });
    expect(bearer.status).toBe(401);
  });

  it('the cookie is out of reach of scripts and other sites', async () => {
    const browser = browserAt(world.origin);
    const made = await world.admin('POST', '/v1/people/nobody/invitations', { by: 'test', reason: 'case' });
    const path = new URL(made.body.url).pathname;
    await browser.get(path);
    const set = await browser.post(`${path}/password`, { password: 'lantern quarry sixteen umbrellas' });
    const cookie = set.headers['set-cookie']?.find((line) => line.startsWith('interlock=')) ?? '';
    expect(cookie).toMatch(/HttpOnly/);
    expect(cookie).toMatch(/SameSite=Lax/);
    expect(cookie).not.toMatch(/Domain=/i);
  });

  it('signing out ends it at once', async () => {
    const viewer = await world.person('viewer');
    expect((await viewer.api('GET', '/v1/me')).status).toBe(200);
    const cookie = cookieOf(viewer);
    await viewer.browser.get('/account');
    await viewer.browser.post('/sign-out', {});
    expect((await get('/console/api/v1/me', cookie)).status).toBe(401);
  });

  it('a role that is taken away is gone with the next request, and one given is there', async () => {
    const operator = await world.person('operator');
    expect((await operator.api('POST', '/v1/locks', LOCK)).status).toBe(200);
    await world.configure((yaml) => yaml.replace('["person:operator"]', '[]'));
    expect((await operator.api('POST', '/v1/locks', LOCK)).status).toBe(403);
    expect((await operator.api('GET', '/v1/agents')).status).toBe(403);
    expect((await operator.api('GET', '/v1/me')).json).toMatchObject({ roles: [], permissions: ['self'] });
    await world.configure((yaml) => yaml.replace('operator: []', 'operator: ["person:operator"]'));
    expect((await operator.api('POST', '/v1/locks', LOCK)).status).toBe(200);
  });

  it('a group gives its role only while they are in it', async () => {
    await world.configure((yaml) =>
      yaml.replace('viewer: ["person:viewer"]', 'viewer: ["person:viewer", "group:watch"]'),
    );
    const made = await world.admin('POST', '/v1/people', {
      ...{ userName: 'wanda', name: 'Wanda', groups: ['watch'], by: 'test', reason: 'case' },
    });
    const wanda = await world.person(made.body.id);
    expect((await wanda.api('GET', '/v1/me')).json.roles).toEqual(['viewer']);
    const change = { groups: [], by: 'test', reason: 'case' };
    expect((await world.admin('PATCH', `/v1/people/${made.body.id}`, change)).status).toBe(200);
    expect((await wanda.api('GET', '/v1/me')).json.roles).toEqual([]);
    expect((await wanda.api('GET', '/v1/agents')).status).toBe(403);
  });

  it('a person who is deactivated is out at once', async () => {
    const made = await world.admin('POST', '/v1/people', {
      ...{ userName: 'leaver', name: 'Leaver', by: 'test', reason: 'case' },
    });
    const leaver = await world.person(made.body.id);
    expect((await leaver.api('GET', '/v1/me')).status).toBe(200);
    await world.admin('POST', `/v1/people/${made.body.id}/deactivate`, { by: 'test', reason: 'left' });
    expect((await leaver.api('GET', '/v1/me')).status).toBe(401);
  });

  it('what is signed out while its body arrives does nothing', async () => {
    const operator = await world.person('operator');
    const before = (await world.admin('GET', '/v1/locks')).body.epoch;
    const body = JSON.stringify({ ...LOCK, reason: 'late' });
    const sent = slowly(operator, body);
    await sent.begun;
    await operator.browser.get('/account');
    await operator.browser.post('/sign-out', {});
    expect((await sent.finish()).status).toBe(401);
    expect((await world.admin('GET', '/v1/locks')).body.epoch).toBe(before);
  });

  it('a console that is switched off is not there', async () => {
    const viewer = await world.person('viewer');
    await world.configure((yaml) => yaml.replace('console:\n', 'console:\n  enabled: false\n'));
    expect((await viewer.api('GET', '/v1/me')).status).toBe(404);
    expect((await get('/console', cookieOf(viewer))).status).toBe(404);
    await world.configure((yaml) => yaml.replace('  enabled: false\n', ''));
    expect((await viewer.api('GET', '/v1/me')).status).toBe(200);
  });
});

describe('how long a session lasts', () => {
  let people: PeopleWorld;
  let door: ConsoleDoor;
  let listener: Listener;
  beforeEach(async () => {
    people = await openPeopleWorld();
    const roles = new Map([['viewer' as const, ['person:alice']]]);
    door = consoleDoor({
      ...people.parts,
      settings: () => ({ enabled: true, roles, separatePolicyDuties: false, policies: 'edit' }),
      lifetimes: () => people.lifetimes,
      ...{ store: people.stores.oauth, version: '0', siteDir: '/nowhere' },
    });
    await door.open([]);
    const limits = { headerBytes: 16_384, connections: 100, headersTimeoutMs: 5_000, bodyTimeoutMs: 5_000 };
    listener = await listen({ host: '127.0.0.1', port: 0, tls: null, ...limits }, door.handle, {} as never);
  });
  afterEach(async () => {
    await listener.close(0);
    await door.close();
    await people.close();
  });

  async function signedIn() {
    const browser = people.browser();
    await browser.signIn();
    const { send } = world;
    return async (headers: Headers = {}) => {
      const whole = { host: new URL(people.origin).host, cookie: cookieOf({ browser }), ...headers };
      const answer = await send({ method: 'GET', path: '/console/api/v1/me', headers: whole, origin: listener.url });
      return answer.status;
    };
  }

  it('an hour without use ends it, use keeps it, a day ends it whatever happens', async () => {
    const me = await signedIn();
    for (let hour = 0; hour < 24; hour++) {
      people.clock.forward(59 * 60_000);
      expect([hour, await me()]).toEqual([hour, 200]);
    }
    people.clock.forward(25 * 60_000);
    expect(await me()).toBe(401);
    const idle = await signedIn();
    people.clock.forward(61 * 60_000);
    expect(await idle()).toBe(401);
  });

  it.each<[string, Headers]>([
    ['a page asks by itself', { 'x-unattended': '1' }],
    ['a page listens', { accept: 'text/event-stream' }],
  ])('what %s is no use of it', async (_what, headers) => {
    const me = await signedIn();
    for (let minutes = 0; minutes < 50; minutes += 10) {
      people.clock.forward(10 * 60_000);
      expect(await me(headers)).toBe(200);
    }
    people.clock.forward(11 * 60_000);
    expect(await me(headers)).toBe(401);
  });
});

/** A request whose body stops in the middle until it is told to go on. */
function slowly(person: ConsolePerson, body: string): { begun: Promise<void>; finish(): Promise<{ status: number }> } {
  const { hostname, port } = new URL(world.origin);
  const headers = {
    ...{ cookie: cookieOf(person), origin: world.origin, 'x-csrf-token': person.csrf },
    'content-type': 'application/json',
    'content-length': String(Buffer.byteLength(body)),
  };
  const sent = httpRequest({ hostname, port, method: 'POST', path: '/console/api/v1/locks', headers, agent: false });
  const answered = new Promise<{ status: number }>((resolve, reject) => {
    sent.on('error', reject);
    sent.on('response', (answer) => {
      answer.resume();
      resolve({ status: answer.statusCode ?? 0 });
    });
  });
  sent.write(body.slice(0, 5));
  return {
    begun: new Promise((done) => setTimeout(done, 100)),
    finish() {
      sent.end(body.slice(5));
      return answered;
    },
  };
}
