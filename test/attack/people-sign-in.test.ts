import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { returnPath } from '../../src/surfaces/account/web/visit.ts';
import { openPeopleWorld, PASSWORD, type PeopleWorld } from '../people/world.ts';

describe('attacks on people’s sign-in (CN1)', () => {
  let world: PeopleWorld;
  beforeEach(async () => {
    world = await openPeopleWorld();
  });
  afterEach(() => world.close());

  it('a session planted before the sign-in is not the one after it (fixation)', async () => {
    const attacker = world.browser();
    await attacker.get('/sign-in');
    const planted = new Map([...attacker.cookies, ['interlock', 'A'.repeat(43)]]);
    const victim = world.browser();
    for (const [name, value] of planted) victim.cookies.set(name, value);
    expect((await victim.signIn()).status).toBe(200);
    expect(victim.cookies.get('interlock')).not.toBe('A'.repeat(43));
    for (const [name, value] of planted) attacker.cookies.set(name, value);
    expect((await attacker.get('/account')).status).toBe(303);
  });

  it('signing in again ends the session the browser had', async () => {
    const browser = world.browser();
    await browser.signIn();
    const before = browser.cookies.get('interlock')!;
    await browser.get('/sign-in?again=1');
    await browser.post('/sign-in/password', { name: 'alice', password: PASSWORD });
    expect(browser.cookies.get('interlock')).not.toBe(before);
    expect(await world.parts.sessions.find(before)).toBeNull();
  });

  it.each([
    ['another origin', { origin: 'https://evil.example' }],
    ['an opaque origin', { origin: 'null' }],
    ['the same host on another port', { origin: 'http://127.0.0.1:1' }],
    ['no origin, across sites', { origin: undefined as unknown as string, 'sec-fetch-site': 'cross-site' }],
    ['no origin, from a neighbour', { origin: undefined as unknown as string, 'sec-fetch-site': 'same-site' }],
  ])('a form of %s changes nothing (CSRF)', async (_what, headers) => {
    const browser = world.browser();
    await browser.signIn();
    await browser.get('/account');
    const sent = Object.fromEntries(Object.entries(headers).filter(([, value]) => value !== undefined));
    const bare = 'origin' in sent ? sent : { ...sent, origin: '' };
    const answer = await browser.post('/account/sessions/end-all', {}, bare);
    expect(answer.status).toBe(403);
    expect((await browser.get('/account')).status).toBe(200);
  });

  it('a form with the token of another browser, or none, changes nothing (CSRF)', async () => {
    const [victim, attacker] = [world.browser(), world.browser()];
    await victim.signIn();
    await attacker.signIn();
    const { csrf } = await attacker.get('/account');
    for (const token of [csrf, '', 'A'.repeat(43)]) {
      expect((await victim.post('/account/sessions/end-all', { csrf: token })).status).toBe(403);
    }
    expect((await victim.get('/account')).status).toBe(200);
  });

  it('nobody can be signed in to somebody else’s account by a form elsewhere (login CSRF)', async () => {
    const victim = world.browser();
    await victim.get('/sign-in');
    const answer = await victim.post(
      '/sign-in/password',
      { name: 'alice', password: PASSWORD },
      { origin: 'https://evil.example' },
    );
    expect(answer.status).toBe(403);
    expect(victim.cookies.has('interlock')).toBe(false);
  });

  it.each(['/sign-in', '/account', '/nowhere-here', '/sign-in/invitation/none', '/oauth/interaction/x'])(
    '%s can be put in no frame and runs nothing from elsewhere (clickjacking)',
    async (path) => {
      const browser = world.browser();
      await browser.signIn();
      const { headers } = await browser.get(path === '/nowhere-here' ? '/account/nowhere' : path);
      const policy = String(headers['content-security-policy']);
      expect(policy).toContain("frame-ancestors 'none'");
      expect(policy).toContain("default-src 'none'");
      expect(policy).not.toMatch(/unsafe|\*|https?:/);
      expect(headers['x-frame-options']).toBe('DENY');
      expect(headers['cache-control']).toBe('no-store');
      expect(headers['referrer-policy']).toBe('same-origin');
      expect(headers['x-content-type-options']).toBe('nosniff');
    },
  );

  it.each([
    'https://evil.example',
    '//evil.example',
    '/\\evil.example',
    '/account//evil.example',
    '/account/..//evil.example',
    '/account@evil.example',
    '/account/../../oauth/token',
    'javascript:alert(1)',
    '/account\r\nset-cookie: a=b',
    '/account?x=<script>',
    '/oauth/authorize?redirect_uri=https://evil.example',
    '/signin/../sign-out',
    '/console/%2e%2e/sign-out',
    '/console/..%2f..%2fevil',
    '/console/\\evil.example',
    '/consoles',
  ])('after signing in, nobody is sent to %s (open redirect)', async (to) => {
    expect(returnPath(to)).toBe('/account');
    const browser = world.browser();
    await browser.get(`/sign-in?return=${encodeURIComponent(to)}`);
    const answer = await browser.post('/sign-in/password', { name: 'alice', password: PASSWORD, return: to });
    expect(answer.text).toContain('content="0; url=/account"');
    expect((await browser.get(`/sign-in?return=${encodeURIComponent(to)}`)).location).toBe('/account');
  });

  it('a password somebody was tricked out of makes no passkey where there are some, and removes none', async () => {
    const named = await openPeopleWorld({ host: 'localhost' });
    const browser = named.browser();
    await browser.signIn();
    await browser.get('/account');
    expect((await browser.json('/account/passkeys/options', {})).status).toBe(200);
    const key = {
      id: 'k',
      publicKey: 'AA',
      counter: 0,
      transports: [],
      synced: false,
      createdAtMs: 1,
      lastUsedMs: null,
    };
    await named.parts.credentials.addPasskey({ ...key, person: 'alice', name: 'Laptop' });
    const page = await browser.get('/account');
    expect(page.text).toContain('Sign in with a passkey to add or remove one');
    expect(page.text).not.toContain('data-base="/account/passkeys"');
    for (const path of ['/account/passkeys/options', '/account/passkeys'])
      expect((await browser.json(path, { answer: {} })).status).toBe(403);
    expect((await browser.post('/account/passkeys/remove', { id: 'k' })).status).toBe(403);
    expect(await named.parts.credentials.passkeys('alice')).toHaveLength(1);
    await named.close();
  });

  it('who exists cannot be told from answers, or from what is checked (enumeration)', async () => {
    const bodies = await Promise.all(
      ['alice', 'bob', 'nobody'].map(async (name) => {
        const answer = await world.browser().signIn(name, 'not the password of anyone');
        return [
          answer.status,
          answer.text.replaceAll(name, 'NAME').replace(/(csrf[^"]*" value|data-csrf)="[^"]+"/g, ''),
        ];
      }),
    );
    expect(bodies[0]?.[0]).toBe(401);
    expect(bodies[1]).toEqual(bodies[0]);
    expect(bodies[2]).toEqual(bodies[0]);
  });

  it('ten guesses at a password in a quarter of an hour, also fifty at once, also for somebody who does not exist', async () => {
    for (const name of ['alice', 'nobody']) {
      const browser = world.browser();
      await browser.get('/sign-in');
      const guesses = await Promise.all(
        Array.from({ length: 25 }, () => browser.post('/sign-in/password', { name, password: 'not the password' })),
      );
      expect(guesses.filter(({ status }) => status === 401)).toHaveLength(10);
      expect(guesses.filter(({ status }) => status === 429)).toHaveLength(15);
      expect((await browser.post('/sign-in/password', { name, password: PASSWORD })).status).toBe(429);
    }
    world.clock.forward(15 * 60_000);
    expect((await world.browser().signIn()).status).toBe(200);
  });

  it('a copy of the store opens no session and no invitation', async () => {
    const browser = world.browser();
    await browser.signIn();
    const { secret } = await world.parts.invitations.make('bob', 'operator');
    const rows = [
      ...(await world.stores.oauth.list({ account: 'alice', limit: 100 })),
      ...(await world.stores.oauth.list({ account: 'bob', limit: 100 })),
      ...(await world.stores.secrets.list({ kind: 'password', limit: 100 })),
    ];
    const text = JSON.stringify(rows);
    expect(text).toContain('argon2id');
    for (const hidden of [browser.cookies.get('interlock')!, secret, PASSWORD]) expect(text).not.toContain(hidden);
  });

  it('cookies of an https gateway are of this host alone and never sent over http', async () => {
    const { cookieNames, setCookie } = await import('../../src/surfaces/account/web/visit.ts');
    const lines: string[] = [];
    const response = { appendHeader: (_name: string, line: string) => void lines.push(line) } as never;
    const { session } = cookieNames('https://gateway.example');
    setCookie({ response, origin: 'https://gateway.example' }, session, 'secret');
    expect(lines).toEqual(['__Host-interlock=secret; Path=/; HttpOnly; SameSite=Lax; Secure']);
  });

  it('a page asked for under another name of the gateway moves to its own, and takes no form there', async () => {
    const browser = world.browser();
    const host = `localhost:${new URL(world.origin).port}`;
    expect((await browser.get('/sign-in', { host })).location).toBe(`${world.origin}/sign-in`);
    const answer = await browser.post('/sign-in/password', {}, { host, origin: `http://${host}` });
    expect(answer.status).toBe(403);
    expect((await browser.get('/sign-in', { host: 'evil.example' })).status).toBe(403);
  });

  it('with the embedded provider off, its passwords, passkeys and links open nothing', async () => {
    const { secret } = await world.parts.invitations.make('bob', 'operator');
    world.settings = { ...world.settings, embedded: false };
    const browser = world.browser();
    const page = await browser.get('/sign-in');
    expect(page.text).not.toContain('name="password"');
    await browser.get('/sign-in');
    expect((await browser.post('/sign-in/password', { name: 'alice', password: PASSWORD })).status).toBe(403);
    expect((await browser.get(`/sign-in/invitation/${secret}`)).status).toBe(404);
  });
});
