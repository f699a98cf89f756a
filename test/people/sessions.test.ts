import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openPeopleWorld, PASSWORD, type PeopleWorld } from './world.ts';

describe('people sign in (CN1)', () => {
  let world: PeopleWorld;
  beforeEach(async () => {
    world = await openPeopleWorld();
  });
  afterEach(() => world.close());

  it('with a name or address and a password, and see their own account', async () => {
    for (const name of ['alice', 'ALICE@example.com']) {
      const browser = world.browser();
      const answer = await browser.signIn(name);
      expect(answer.status).toBe(200);
      expect(answer.text).toContain('url=/account');
      const page = await browser.get('/account');
      expect(page.status).toBe(200);
      expect(page.text).toContain('Alice Example');
    }
    expect(world.acts.filter(({ act }) => act === 'person.sign-in').map(({ by }) => by)).toEqual(['alice', 'alice']);
  });

  it('and are asked to when they are not', async () => {
    const answer = await world.browser().get('/account');
    expect([answer.status, answer.location]).toEqual([303, '/sign-in?return=%2Faccount']);
  });

  it('for so long as they use it, and for a day at most', async () => {
    const browser = world.browser();
    await browser.signIn();
    for (let half = 0; half < 4; half++) {
      world.clock.forward(1_800_000);
      expect((await browser.get('/account')).status).toBe(200);
    }
    world.clock.forward(3_600_001);
    expect((await browser.get('/account')).status).toBe(303);
    const other = world.browser();
    await other.signIn();
    world.lifetimes = { idleMs: 1e9, absoluteMs: 86_400_000 };
    world.clock.forward(3_000_000);
    expect((await other.get('/account')).status).toBe(200);
    world.clock.forward(86_400_000);
    expect((await other.get('/account')).status).toBe(303);
  });

  it('until they are deactivated: from then on their session is none, also after they return', async () => {
    const browser = world.browser();
    await browser.signIn();
    await world.deactivate('alice');
    expect((await browser.get('/account')).status).toBe(303);
    expect((await browser.signIn()).status).toBe(401);
    expect(await world.stores.oauth.list({ kind: 'PersonSession', account: 'alice', limit: 9 })).toEqual([]);
  });

  it('until they sign out, here or everywhere', async () => {
    const [first, second] = [world.browser(), world.browser()];
    await first.signIn();
    await second.signIn();
    await first.get('/account');
    const kept = new Map(first.cookies);
    expect((await first.post('/sign-out', {})).status).toBe(200);
    expect(first.cookies.size).toBe(0);
    for (const [name, value] of kept) first.cookies.set(name, value);
    expect((await first.get('/account')).status).toBe(303);
    expect((await second.get('/account')).status).toBe(200);
    await second.post('/account/sessions/end-all', {});
    expect((await second.get('/account')).status).toBe(303);
  });

  it('one session of another browser can be ended, somebody else’s cannot', async () => {
    const [alice, other] = [world.browser(), world.browser()];
    await alice.signIn();
    await other.signIn();
    const [newest] = await world.parts.sessions.list('alice');
    const bobs = await world.parts.sessions.start({ person: 'bob', amr: [], provider: null, userAgent: '' });
    const [bob] = await world.parts.sessions.list('bob');
    await alice.get('/account');
    await alice.post('/account/sessions/end', { id: newest!.id });
    await alice.post('/account/sessions/end', { id: bob!.id });
    const left = await Promise.all([alice, other].map(async (each) => (await each.get('/account')).status));
    expect(left.sort()).toEqual([200, 303]);
    expect(await world.parts.sessions.find(bobs)).not.toBeNull();
  });

  it('a changed password ends the other browsers; the old one has to be known', async () => {
    const [browser, other] = [world.browser(), world.browser()];
    await browser.signIn();
    await other.signIn();
    await browser.get('/account');
    expect(
      (await browser.post('/account/password', { old: 'wrong', password: 'green bicycle by the river' })).status,
    ).toBe(400);
    expect((await browser.post('/account/password', { old: PASSWORD, password: 'password1234' })).status).toBe(400);
    const done = await browser.post('/account/password', { old: PASSWORD, password: 'green bicycle by the river' });
    expect(done.location).toBe('/account?done=password');
    expect((await browser.get('/account')).status).toBe(200);
    expect((await other.get('/account')).status).toBe(303);
    expect((await other.signIn()).status).toBe(401);
    expect((await other.signIn('alice', 'green bicycle by the river')).status).toBe(200);
  });

  it('changing how one signs in needs a sign-in of the last quarter of an hour', async () => {
    const browser = world.browser();
    await browser.signIn();
    world.clock.forward(16 * 60_000);
    const page = await browser.get('/account');
    expect(page.text).toContain('Sign in again to change how you sign in');
    expect(
      (await browser.post('/account/password', { old: PASSWORD, password: 'green bicycle by the river' })).status,
    ).toBe(403);
    expect((await browser.get('/sign-in?again=1&return=/account')).text).toContain('needs to know that it is you');
  });

  it('a one-time link sets a first password, once, and not by looking at it', async () => {
    const { secret } = await world.parts.invitations.make('bob', 'operator');
    const browser = world.browser();
    const path = `/sign-in/invitation/${secret}`;
    expect((await browser.get(path)).status).toBe(200);
    expect((await browser.get(path)).text).toContain('Hello, Bob Example');
    expect((await browser.post(`${path}/password`, { password: 'short' })).status).toBe(400);
    const tries = await Promise.all(
      Array.from({ length: 20 }, () => browser.post(`${path}/password`, { password: 'green bicycle by the river' })),
    );
    expect(tries.filter(({ status }) => status === 200)).toHaveLength(1);
    expect((await browser.get(path)).status).toBe(410);
    expect((await world.browser().signIn('bob', 'green bicycle by the river')).status).toBe(200);
  });

  it('a link ends when a later one is made, when it is too old, and when its person is deactivated', async () => {
    const first = await world.parts.invitations.make('bob', 'operator');
    const second = await world.parts.invitations.make('bob', 'operator');
    const status = async (secret: string) => (await world.browser().get(`/sign-in/invitation/${secret}`)).status;
    expect([await status(first.secret), await status(second.secret)]).toEqual([410, 200]);
    world.clock.forward(4 * 86_400_000);
    expect(await status(second.secret)).toBe(410);
    const third = await world.parts.invitations.make('bob', 'operator');
    await world.deactivate('bob');
    expect(await status(third.secret)).toBe(410);
  });
});
