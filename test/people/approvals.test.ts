import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../src/adapters/clock.ts';
import { openSqlite } from '../../src/adapters/sql/sqlite.ts';
import type { NoticeRow } from '../../src/ports/stores.ts';
import { textOf } from '../cases/house.ts';
import { type ApprovalWorld, answerAs, openApprovalWorld, order } from './approvals-world.ts';
import { inspect, leftOut, openChromium, withAuthenticator } from './chromium.ts';

/** HU1, HU3: a person sees exactly what would run, signs it with a passkey, and that runs, once. */
describe('approving in a real browser', () => {
  if (leftOut('approvals in a browser')) {
    it('is not tried here: there is no browser', () => {});
    return;
  }
  let browser: Browser;
  let world: ApprovalWorld;
  let page: Page;
  const errors: string[] = [];

  beforeAll(async () => {
    browser = await openChromium();
  });
  afterAll(() => browser?.close());
  beforeEach(async () => {
    world = await openApprovalWorld();
    page = await signedIn('alice');
  });
  afterEach(async () => {
    await page.context().close();
    await world.close();
    expect(errors.splice(0)).toEqual([]);
  });

  async function signedIn(person: string): Promise<Page> {
    const opened = await (await browser.newContext()).newPage();
    opened.setDefaultTimeout(10_000);
    opened.on('console', (message) => void (message.type() === 'error' && errors.push(message.text())));
    opened.on('pageerror', (error) => void errors.push(error.message));
    await withAuthenticator(opened);
    await opened.goto(await world.invitation(person));
    await opened.click('text=Create a passkey');
    await opened.waitForURL('**/account');
    return opened;
  }

  it('the call waits, the passkey signs what is seen, and exactly that runs', async () => {
    await page.goto(`${world.origin}/approvals`);
    expect(await page.textContent('main')).toContain('All answered');
    await inspect(page, 'inbox-empty');
    world.ticket('Please get me three docking stations, LAP-14, from northwind as soon as you can. Thank you!');
    const client = await world.client('buyer', '/mcp');
    await client.callTool({ name: 'crm__tickets.find', arguments: { customer: 'c-1002' } });
    await client.callTool({ name: 'erp__orders.list', arguments: { limit: 5 } });
    const wanted = order(1_249.5, { quantity: 3 });
    const bought = client.callTool({ ...wanted, name: 'erp__orders.create' });
    bought.catch(() => {});
    const { id } = await world.pending();
    await page.waitForSelector('.news p:not([hidden])');
    await page.click('.news a');
    await page.waitForSelector('.inbox');
    await inspect(page, 'inbox-one');
    await page.keyboard.press('j');
    await page.keyboard.press('Enter');
    await page.waitForURL(`**/approvals/${id}`);
    expect(await page.textContent('h1')).toBe('Order 3 × LAP-14 from northwind for 1249.5 EUR');
    const text = (await page.textContent('main'))!;
    for (const seen of ['Procurement agent', 'Alice Arnold', 'production', '1,249.50 EUR', 'crm/tickets.find']) {
      expect(text).toContain(seen);
    }
    expect(await page.textContent('.untrusted')).toContain('northwind');
    await inspect(page, 'request');
    await page.fill('#reason', 'Carol asked for them; checked with her.');
    await page.click('button:has-text("Approve")');
    await page.waitForURL(/done=approved/);
    expect((await bought).isError ?? false).toBe(false);
    expect(world.orders()).toMatchObject([{ supplier: 'northwind', quantity: 3, total_cents: 124_950 }]);
    await page.goto(`${world.origin}/approvals/${id}`);
    await inspect(page, 'request-used');
    await page.goto(`${world.origin}/approvals/history`);
    expect(await page.textContent('.inbox')).toContain('You approved');
    await inspect(page, 'history');
  });
});
