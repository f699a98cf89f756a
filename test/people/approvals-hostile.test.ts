import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ApprovalWorld, openApprovalWorld, order } from './approvals-world.ts';
import { inspect, leftOut, openChromium, withAuthenticator } from './chromium.ts';

const MARKUP = '"><img src=x onerror="document.title=`owned`"><script>document.title=`owned`</script>';
/** In the names of arguments, in their values, in what the agent is called and says it is for. */
const HOSTILE = {
  [MARKUP]: MARKUP,
  [`${'n'.repeat(300)}`]: 'w'.repeat(3_000),
  'reads as “quoted”': '\u202eRUE 00.9 yaP\u202c',
  'line\nbreak': 'first\nsecond\u001b[2J\u009b2J',
  hebrew: 'שלם 900 יורו 12-34',
  spaces: `9.00 EUR${' '.repeat(4_000)}and 90,000.00 EUR`,
  nothing: '',
  false: 'false',
  deep: { list: [1, true, null, 'true', { [MARKUP]: [MARKUP, 'x'.repeat(400)] }] },
  towers: `o${'\u0321\u0334\u0489'.repeat(100)}`,
};
const NAME = `שוכר 900 ${MARKUP} ${'W'.repeat(200)}`;

/** HU1: whatever an agent writes is text on the page, in its place, on every screen. */
describe('hostile data in a real browser', { timeout: 180_000 }, () => {
  if (leftOut('hostile data in a browser')) {
    it('is not tried here: there is no browser', () => {});
    return;
  }
  let browser: Browser;
  let world: ApprovalWorld;
  let page: Page;
  let id: string;
  const errors: string[] = [];

  beforeAll(async () => {
    [browser, world] = await Promise.all([openChromium(), openApprovalWorld()]);
    page = await (await browser.newContext()).newPage();
    page.setDefaultTimeout(10_000);
    page.on('console', (message) => void (message.type() === 'error' && errors.push(message.text())));
    page.on('pageerror', (error) => void errors.push(error.message));
    await withAuthenticator(page);
    await page.goto(await world.invitation('alice'));
    await page.click('text=Create a passkey');
    await page.waitForURL('**/account');
    ({ id } = await world.park('buyer', order(700)));
    written(id);
  }, 120_000);
  afterAll(async () => {
    await browser?.close();
    await world?.close();
  });

  /** As the gateway would have kept it, had the agent sent it. */
  function written(row: string): void {
    const db = new DatabaseSync(join(world.dir, '.interlock', 'interlock.db'));
    try {
      const found = db.prepare('SELECT request FROM interlock_approvals WHERE id = ?').get(row) as { request: string };
      const shown = JSON.parse(found.request);
      shown.arguments = { ...shown.arguments, ...HOSTILE };
      shown.agent.name = NAME;
      shown.purpose = `${MARKUP}${'p'.repeat(900)}`;
      shown.bindingMessage = MARKUP;
      shown.sentence = [
        { text: 'Order ' },
        { argument: 'item', value: NAME, missing: false },
        { text: ' for 700 EUR' },
      ];
      shown.touches = [{ text: 'An order with ' }, { argument: 'x', value: HOSTILE.hebrew, missing: false }];
      shown.currency = 'E\u202eUR<b>';
      shown.environment = MARKUP;
      shown.policy = { reasons: [MARKUP], messages: [MARKUP], version: 'v'.repeat(70) };
      shown.origins = [{ at: '/spaces', from: 'untrusted-result', source: MARKUP }];
      const session = { ...shown.session, readUntrusted: true, calls: 1 };
      shown.session = { ...session, recent: [{ atMs: 0, tool: MARKUP, effect: null, outcome: 'ok' }] };
      db.prepare('UPDATE interlock_approvals SET request = ? WHERE id = ?').run(JSON.stringify(shown), row);
    } finally {
      db.close();
    }
  }

  async function harmless(name: string): Promise<string> {
    await inspect(page, name);
    expect(await page.locator('main img, main script').count()).toBe(0);
    expect(await page.title()).not.toContain('owned ');
    expect(errors).toEqual([]);
    return (await page.textContent('main')) ?? '';
  }

  it('is text on the page of the request, and hides nothing of it', async () => {
    await page.goto(`${world.origin}/approvals/${id}`);
    const text = await harmless('hostile-request');
    for (const seen of [
      'and 90,000.00 EUR',
      '⟨U+202E⟩',
      '⟨U+000A⟩',
      '⟨U+009B⟩',
      'empty text',
      'as text',
      'n'.repeat(300),
    ])
      expect(text).toContain(seen);
    expect(await page.title()).not.toMatch(/\u202e/);
  });

  it('is text in the list of what waits', async () => {
    await page.goto(`${world.origin}/approvals`);
    expect(await harmless('hostile-inbox')).toContain('for 700 EUR');
  });

  it('is text in the form that changes it', async () => {
    await page.goto(`${world.origin}/approvals/${id}/change`);
    expect(await harmless('hostile-change')).toContain('Change the arguments');
  });
});
