import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ConsoleWorld, openConsoleWorld } from '../console/world.ts';
import { leftOut, openChromium, withAuthenticator } from './chromium.ts';

/** What the console's own script does, as text: it runs in the page. */
const CONFIRMED = `(async () => {
  const body = JSON.stringify({ reason: 'said in a browser' });
  const base64url = (text) => btoa(text).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
  const { csrf } = await (await fetch('/console/api/v1/me')).json();
  const headers = { 'content-type': 'application/json', 'x-csrf-token': csrf };
  const send = (path, text, more = {}) =>
    fetch('/console/api' + path, { method: 'POST', headers: { ...headers, ...more }, body: text });
  const refused = await (await send('/v1/keys/rotate', body)).json();
  const options = await (await send('/v1/step-up/options', JSON.stringify({ act: refused.act }))).json();
  const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(options);
  const credential = await navigator.credentials.get({ publicKey });
  const done = await send('/v1/keys/rotate', body, { 'x-step-up': base64url(JSON.stringify(credential)) });
  return { code: refused.code, status: done.status, text: await done.text() };
})()`;

describe('an act confirmed with a passkey, in a browser', { timeout: 60_000 }, () => {
  if (leftOut('confirming with a passkey in a browser')) {
    it('is not tried here: there is no browser', () => {});
    return;
  }
  let world: ConsoleWorld;
  let browser: Browser;
  let page: Page;
  beforeAll(async () => {
    world = await openConsoleWorld();
    browser = await openChromium();
    page = await browser.newPage();
    await withAuthenticator(page);
    const order = { by: 'test', reason: 'case' };
    const made = await world.admin('POST', '/v1/people/security-admin/invitations', order);
    await page.goto(made.body.url);
    await page
      .getByRole('button', { name: /passkey/i })
      .first()
      .click();
    await page.waitForURL('**/account*');
  });
  afterAll(async () => {
    await browser?.close();
    await world?.close();
  });

  it('is done, and recorded with what the authenticator signed', async () => {
    const outcome = (await page.evaluate(CONFIRMED)) as { code: string; status: number; text: string };
    expect(outcome, outcome.text).toMatchObject({ code: 'step-up-required', status: 200 });
    const acts = (await world.records()).filter((each) => each.type === 'admin' && each.reason === 'said in a browser');
    expect(acts.map((each) => (each as { act: string }).act)).toEqual(['console.step-up', 'keys.rotate']);
  });
});
