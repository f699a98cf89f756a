import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { oidcProvider } from '../../src/adapters/oidc/provider.ts';
import type { ProviderDoor } from '../../src/surfaces/account/account.ts';
import { CLIENT, type ForeignIdp, openForeignIdp } from './foreign-idp.ts';
import { type Browser, openPeopleWorld, type PageAnswer, type PeopleWorld } from './world.ts';

const VERIFIED = { email: 'alice@example.com', email_verified: true, name: 'Alice' };

describe('people sign in at their organisation (CN1)', () => {
  let world: PeopleWorld;
  let idp: ForeignIdp;
  let evil: ForeignIdp;

  beforeEach(async () => {
    world = await openPeopleWorld();
    idp = await openForeignIdp([`${world.origin}/sign-in/callback/corp`]);
    evil = await openForeignIdp([`${world.origin}/sign-in/callback/other`, `${world.origin}/sign-in/callback/corp`]);
    world.providers = [door('corp', idp.issuer), door('other', evil.issuer)];
    idp.account = { id: 'sub-1', claims: VERIFIED };
  });
  afterEach(() => Promise.all([world.close(), idp.close(), evil.close()]));

  function door(id: string, issuer: string, rest: Partial<ProviderDoor> = {}): ProviderDoor {
    const authentication = { kind: 'secret', secret: CLIENT.clientSecret } as const;
    const scopes = ['openid', 'profile', 'email'];
    const time = { nowMs: () => Date.now(), monotonicUs: () => 0 };
    return {
      id,
      provider: oidcProvider({ id, name: id, issuer, clientId: CLIENT.clientId, authentication, scopes, clock: time }),
      mapping: { userName: null, groups: 'groups', attributes: { title: 'title' }, trustEmail: false },
      provision: 'existing-only',
      ...rest,
    };
  }

  async function begin(browser: Browser, id = 'corp'): Promise<string> {
    const begun = await browser.get(`/sign-in/with/${id}?return=/account`);
    expect(begun.status).toBe(303);
    return begun.location!;
  }

  async function signInAt(browser: Browser, id = 'corp'): Promise<PageAnswer> {
    const back = new URL(await (id === 'corp' ? idp : evil).visit(await begin(browser, id)));
    return browser.get(back.pathname + back.search);
  }

  const signedIn = async (browser: Browser) => (await browser.get('/account')).status === 200;

  it('a verified address finds the person, once; from then on it is the subject that does', async () => {
    const browser = world.browser();
    const answer = await signInAt(browser);
    expect([answer.status, answer.text.includes('url=/account')]).toEqual([200, true]);
    expect((await browser.get('/account')).text).toContain('Alice Example');
    idp.account = { id: 'sub-1', claims: { email: 'renamed@example.com', email_verified: true } };
    const again = world.browser();
    await signInAt(again);
    expect((await again.get('/account')).text).toContain('Alice Example');
    expect(world.acts.at(-1)).toMatchObject({
      act: 'person.sign-in',
      by: 'alice',
      detail: { provider: 'corp', amr: ['pwd', 'otp'] },
    });
  });

  it('whoever the provider knew already has proven nothing anew: what needs that waits for it', async () => {
    const browser = world.browser();
    // An hour later than it is at the provider, which then says when the person signed in there.
    world.clock.forward(Date.now() - world.clock.nowMs() + 3_600_000);
    const back = new URL(await idp.visit(`${await begin(browser)}&max_age=100000`));
    expect((await browser.get(back.pathname + back.search)).status).toBe(200);
    expect((await browser.get('/account')).text).toContain('Sign in again to change');
    expect((await browser.post('/account/passkeys/remove', { id: 'k' })).status).toBe(403);
    await signInAt(browser);
    expect((await browser.get('/account')).text).not.toContain('Sign in again to change');
  });

  it('groups and attributes come with the sign-in and go with it; those of others stay', async () => {
    idp.account = { id: 'sub-1', claims: { ...VERIFIED, groups: ['buyers', 'emea'], title: 'Lead' } };
    await signInAt(world.browser());
    expect(world.directory.person('alice')).toMatchObject({
      groups: ['buyers', 'emea'],
      attributes: { title: 'Lead' },
    });
    idp.account = { id: 'sub-1', claims: { ...VERIFIED, groups: ['emea'] } };
    await signInAt(world.browser());
    expect(world.directory.person('alice')?.groups).toEqual(['emea']);
    expect(world.directory.person('alice')?.attributes).toEqual({});
  });

  it('an address nobody verified opens nothing (takeover by an unverified address)', async () => {
    for (const verified of [undefined, false, 'no', 1]) {
      idp.account = { id: 'sub-9', claims: { email: 'alice@example.com', email_verified: verified } };
      const browser = world.browser();
      const answer = await signInAt(browser);
      expect(answer.status).toBe(403);
      expect(answer.text).toContain('not verified');
      expect(await signedIn(browser)).toBe(false);
    }
  });

  it('a name given to somebody else at the provider opens nothing of who had it', async () => {
    await signInAt(world.browser());
    idp.account = { id: 'sub-2', claims: VERIFIED };
    const browser = world.browser();
    expect((await signInAt(browser)).status).toBe(403);
    expect(await signedIn(browser)).toBe(false);
  });

  it('whoever is deactivated here does not get in from there, and nobody is let in unknown', async () => {
    await signInAt(world.browser());
    await world.deactivate('alice');
    const browser = world.browser();
    expect((await signInAt(browser)).status).toBe(403);
    idp.account = { id: 'sub-3', claims: { email: 'stranger@example.com', email_verified: true } };
    expect((await signInAt(browser)).status).toBe(403);
    expect(await signedIn(browser)).toBe(false);
  });

  it('where the provider may bring people, a first sign-in makes one, and only one', async () => {
    world.providers = [door('corp', idp.issuer, { provision: 'just-in-time' })];
    idp.account = {
      id: 'sub-7',
      claims: { email: 'carol@example.com', email_verified: true, name: 'Carol', groups: ['new'] },
    };
    const browser = world.browser();
    expect((await signInAt(browser)).status).toBe(200);
    const carol = world.directory.personNamed('carol@example.com');
    expect(carol).toMatchObject({ name: 'Carol', groups: ['new'], active: true, origin: 'registry' });
    await signInAt(world.browser());
    expect([...world.directory.people()].map(({ id }) => id)).toEqual(['alice', 'bob', carol?.id]);
  });

  it('an answer is good once, and in the browser that asked (replay of state)', async () => {
    const [browser, other] = [world.browser(), world.browser()];
    const back = new URL(await idp.visit(await begin(browser)));
    expect((await other.get(back.pathname + back.search)).status).toBe(400);
    expect(await signedIn(other)).toBe(false);
    const tries = await Promise.all(Array.from({ length: 20 }, () => browser.get(back.pathname + back.search)));
    expect(tries.filter(({ status }) => status === 200)).toHaveLength(1);
    expect((await browser.get(back.pathname + back.search)).status).toBe(400);
  });

  it('a code of another sign-in is refused: its nonce and its proof key are another’s', async () => {
    const [browser, attacker] = [world.browser(), world.browser()];
    const stolen = new URL(await idp.visit(await begin(attacker)));
    const mine = new URL(await idp.visit(await begin(browser)));
    mine.searchParams.set('code', stolen.searchParams.get('code')!);
    expect((await browser.get(mine.pathname + mine.search)).status).toBe(400);
    expect(await signedIn(browser)).toBe(false);
  });

  it('one provider cannot pass its answer off as another’s (mix-up)', async () => {
    evil.account = { id: 'sub-1', claims: VERIFIED };
    const browser = world.browser();
    const honest = new URL(await begin(browser));
    // The browser is led to the other provider with the state of the honest one.
    const led = new URL(honest);
    led.host = new URL(evil.issuer).host;
    const back = new URL(await evil.visit(led.href));
    expect(back.searchParams.get('iss')).toBe(evil.issuer);
    expect((await browser.get(back.pathname + back.search)).status).toBe(400);
    // Nor under the address of the other one.
    const again = new URL(await idp.visit(await begin(browser)));
    expect((await browser.get(`/sign-in/callback/other${again.search}`)).status).toBe(400);
    // Nor with the issuer taken out.
    const third = new URL(await idp.visit(await begin(browser)));
    third.searchParams.delete('iss');
    expect((await browser.get(third.pathname + third.search)).status).toBe(400);
    expect(await signedIn(browser)).toBe(false);
  });

  it('a sign-in that was cancelled there, or a provider that is down, says so and lets people try again', async () => {
    const browser = world.browser();
    const state = new URL(await begin(browser)).searchParams.get('state')!;
    const query = new URLSearchParams({ error: 'access_denied', state, iss: idp.issuer });
    const cancelled = await browser.get(`/sign-in/callback/corp?${query}`);
    expect([cancelled.status, cancelled.text.includes('was cancelled')]).toEqual([400, true]);
    world.providers = [door('corp', 'http://127.0.0.1:9')];
    const down = await browser.get('/sign-in/with/corp');
    expect([down.status, down.text.includes('cannot be reached')]).toEqual([502, true]);
  });

  it('signing out here leads to the sign-out there', async () => {
    const browser = world.browser();
    await signInAt(browser);
    await browser.get('/account');
    const answer = await browser.post('/sign-out', {});
    expect(answer.text).toContain(`${idp.issuer}/session/end`);
    expect(await signedIn(browser)).toBe(false);
  });
});
