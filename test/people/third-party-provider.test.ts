import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { oidcProvider } from '../../src/adapters/oidc/provider.ts';
import { GLEWLWYD_CLIENT, type Glewlwyd, NO_GLEWLWYD, openGlewlwyd } from './glewlwyd.ts';
import { openPeopleWorld, type PeopleWorld } from './world.ts';

describe('people sign in at a provider somebody else wrote (CN1)', () => {
  if (NO_GLEWLWYD !== null) {
    process.stdout.write(`\nLEFT OUT: signing in at a third party's provider: ${NO_GLEWLWYD}.\n`);
    it('is not tried here: there is no such provider', () => {});
    return;
  }
  let world: PeopleWorld;
  let idp: Glewlwyd;

  beforeAll(async () => {
    world = await openPeopleWorld();
    idp = await openGlewlwyd(`${world.origin}/sign-in/callback/corp`);
    const time = { nowMs: () => Date.now(), monotonicUs: () => 0 };
    const provider = oidcProvider({
      ...{
        id: 'corp',
        name: 'Corp',
        issuer: idp.issuer,
        clientId: GLEWLWYD_CLIENT.id,
        scopes: ['openid'],
        clock: time,
      },
      authentication: { kind: 'secret', secret: GLEWLWYD_CLIENT.secret },
    });
    // It does not say whether an address is verified; its operator chooses them.
    const mapping = { userName: null, groups: null, attributes: {}, trustEmail: true };
    world.providers = [{ id: 'corp', provider, mapping, provision: 'existing-only' }];
  });
  afterAll(() => Promise.all([world?.close(), idp?.close()]));

  it('its discovery, keys, tokens and claims lead to the person here, and once only', async () => {
    const browser = world.browser();
    const begun = await browser.get('/sign-in/with/corp?return=/account');
    const back = new URL(await idp.visit(begun.location!));
    expect(back.origin).toBe(world.origin);
    const answer = await browser.get(back.pathname + back.search);
    expect(answer.text).toContain('Signed in');
    expect((await browser.get('/account')).text).toContain('Alice Example');
    expect((await browser.get(back.pathname + back.search)).status).toBe(400);
    expect((await world.parts.credentials.links('alice')).map(({ issuer }) => issuer)).toEqual([idp.issuer]);
  });

  it('an answer for another browser opens nothing', async () => {
    const [mine, other] = [world.browser(), world.browser()];
    const back = new URL(await idp.visit((await mine.get('/sign-in/with/corp')).location!));
    expect((await other.get(back.pathname + back.search)).status).toBe(400);
  });
});
