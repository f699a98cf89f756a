import type { Browser, CDPSession, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { AGENT_DEFAULTS, type Agent } from '../../src/model/agent.ts';
import type { InteractionDetails, Interactions } from '../../src/oauth/interactions.ts';
import { inspect, leftOut, openChromium, withAuthenticator } from './chromium.ts';
import { openPeopleWorld, PASSWORD, type PeopleWorld } from './world.ts';

const XSS = '<img src=x onerror="document.title=1"><script>document.title=1</script>"\'><svg/onload=document.title=1>';
const HIDDEN = 'Pay\u202eLap\u200b \u0421laude';

describe('passkeys and hostile names, in a real browser (CN1)', () => {
  if (leftOut('passkeys in a browser')) {
    it('is not tried here: there is no browser', () => {});
    return;
  }
  let browser: Browser;
  let world: PeopleWorld;
  let page: Page;
  let key: { cdp: CDPSession; id: string };

  beforeAll(async () => {
    browser = await openChromium();
  });
  afterAll(() => browser?.close());
  beforeEach(async () => {
    world = await openPeopleWorld({ host: 'localhost', agents: [desk()] });
    page = await (await browser.newContext()).newPage();
    page.setDefaultTimeout(10_000);
    key = await withAuthenticator(page);
    const { secret } = await world.parts.invitations.make('alice', 'operator');
    await page.goto(`${world.origin}/sign-in/invitation/${secret}`);
    await page.fill('#passkey-name', XSS.slice(0, 60));
    await page.click('text=Create a passkey');
    await page.waitForURL('**/account');
  });
  afterEach(async () => {
    await page.context().close();
    await world.close();
  });

  async function signIn(): Promise<string> {
    await page.context().clearCookies();
    await page.goto(`${world.origin}/sign-in`);
    await page.click('text=Sign in with a passkey');
    await Promise.race([page.waitForURL('**/account'), page.waitForSelector('#alert:not([hidden])')]);
    return new URL(page.url()).pathname;
  }

  it('a passkey signs in, is named as text, is not made twice on one device, and is gone once removed', async () => {
    expect(await signIn()).toBe('/account');
    expect(await page.textContent('#sign-in h3')).toBe(XSS.slice(0, 60));
    await page.click('text=Add a passkey');
    await page.click('text=Create a passkey');
    await page.waitForSelector('#alert:not([hidden])');
    expect(await page.textContent('#alert')).toContain('already');
    await page.click('#sign-in button:has-text("Remove")');
    await page.waitForURL(/passkey-removed/);
    expect(await signIn()).toBe('/sign-in');
    expect(await page.textContent('#alert')).toContain('does not open');
  });

  it('a counter that goes backwards is a copied authenticator', async () => {
    expect(await signIn()).toBe('/account');
    const [passkey] = await world.parts.credentials.passkeys('alice');
    expect(passkey!.counter).toBeGreaterThan(0);
    await world.parts.credentials.updatePasskey(passkey!, { counter: passkey!.counter + 100 });
    expect(await signIn()).toBe('/sign-in');
  });

  it('a device that did not verify its owner opens nothing', async () => {
    await key.cdp.send('WebAuthn.setUserVerified', { authenticatorId: key.id, isUserVerified: false });
    expect(await signIn()).toBe('/sign-in');
  });

  it('an answer is good once, and for the browser it was made for (replay)', async () => {
    const sent: { answer: object; token: string }[] = [];
    page.on('request', (request) => {
      if (request.url().endsWith('/sign-in/passkey')) {
        sent.push({ answer: request.postDataJSON() as object, token: request.headers()['x-csrf-token']! });
      }
    });
    expect(await signIn()).toBe('/account');
    const thief = world.browser();
    await thief.get('/sign-in');
    expect((await thief.json('/sign-in/passkey', sent[0]!.answer)).status).toBe(401);
    expect(thief.cookies.has('interlock')).toBe(false);
  });

  it('a deactivated person’s passkey opens nothing', async () => {
    await world.deactivate('alice');
    expect(await signIn()).toBe('/sign-in');
  });

  it.each(['agent', 'document', 'dynamic'] as const)(
    'what a client says of itself is text, whatever it says, and who it is stands apart: %s',
    async (registered) => {
      const agreed: unknown[] = [];
      world.interactions = interactionsOf(world, registered, agreed);
      await page.goto(`${world.origin}/oauth/interaction/uid-1`);
      const text = (await page.textContent('main'))!;
      expect(await page.title()).toBe('Allow access? · Interlock');
      expect(await page.$('main img, main svg, main script')).toBeNull();
      if (registered === 'document') expect(text).toContain('Asked by apps.example');
      if (registered === 'dynamic') expect(text).toContain('Nobody has checked who made this program');
      if (registered !== 'agent') expect(text).not.toMatch(/Asked by.*<img/);
      expect(text).toContain('<script>document.title=1</script>');
      for (const spelled of ['⟨U+202E⟩', '⟨U+200B⟩', 'С⟨U+0421⟩laude']) expect(text).toContain(spelled);
      await inspect(page, `consent-${registered}`);
      await page.uncheck('input[value="files:destructive"]');
      await page.check('input[name=duration][value=day]');
      await page.click('button:has-text("Allow"):not(:has-text("not"))');
      await page.waitForSelector('text=done');
      expect(agreed).toMatchObject([{ scopes: ['files:read', '*:all'], agentId: 'desk' }]);
      expect((agreed[0] as { untilMs: number }).untilMs).toBe(world.clock.nowMs() + 86_400_000);
    },
  );

  it('nothing ticked is not consent, and the choice to go is no form of another page', async () => {
    const agreed: unknown[] = [];
    world.interactions = interactionsOf(world, 'agent', agreed);
    const other = world.browser();
    await other.signIn('alice', PASSWORD);
    await other.get('/oauth/interaction/uid-1');
    expect((await other.post('/oauth/interaction/uid-1/consent', { agent: 'desk' })).status).toBe(400);
    expect((await other.post('/oauth/interaction/uid-1/consent', { agent: 'other', scope: 'files:read' })).status).toBe(
      403,
    );
    const forged = { agent: 'desk', scope: 'files:read', csrf: '' };
    expect((await other.post('/oauth/interaction/uid-1/consent', forged)).status).toBe(403);
    expect(
      (
        await other.post(
          '/oauth/interaction/uid-1/consent',
          { agent: 'desk', scope: 'files:read' },
          { origin: 'https://evil.example' },
        )
      ).status,
    ).toBe(403);
    expect(agreed).toEqual([]);
  });
});

function desk(): Agent {
  return {
    ...AGENT_DEFAULTS,
    id: 'desk',
    name: 'Desk',
    owner: 'bob',
    purpose: 'Tidies files',
    archetype: 'saas',
    riskTier: 'high',
  };
}

/** The seam with a client that tries everything; the authorization server behind it is tried elsewhere. */
function interactionsOf(
  world: PeopleWorld,
  registered: 'agent' | 'document' | 'dynamic',
  agreed: unknown[],
): Interactions {
  const nowMs = world.clock.nowMs();
  const id = registered === 'document' ? 'https://apps.example/client.json' : `client-${XSS}`;
  const details: InteractionDetails = {
    ...{ uid: 'uid-1', prompt: 'consent', person: world.directory.person('alice')!, loginHint: null, freshAfterMs: 0 },
    client: { id, name: `${HIDDEN} ${XSS}`, uri: null, logo: null, redirectUri: 'https://apps.example/cb', registered },
    agents: [{ id: 'desk', name: 'Desk', purpose: `${HIDDEN} ${XSS}`, agent: desk() }],
    scopes: [
      { server: 'files', rights: ['read', 'destructive'] },
      { server: '*', rights: ['all'] },
    ],
    ...{
      protocolScopes: ['offline_access'],
      resources: [],
      maxUntilMs: nowMs + 30 * 86_400_000,
      expiresAtMs: nowMs + 3_600_000,
    },
  };
  return {
    details: async () => details,
    consent: async (_request: unknown, response: { end(text: string): void }, what: unknown) => {
      agreed.push(what);
      response.end('done');
    },
    consentsOf: async () => [],
  } as unknown as Interactions;
}
