import { readFile } from 'node:fs/promises';
import type { Client } from '@modelcontextprotocol/client';
import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { AdminRecord } from '../../src/model/record.ts';
import { textOf, until } from '../cases/house.ts';
import { leftOut } from './chromium.ts';
import { type ConsoleWorld, openConsoleWorld } from './console-world.ts';

/** HU1, HU3, in the console: what waits is gone through with the keyboard, and signed on the one page where things are signed. */
describe('approvals in the console', { timeout: 180_000 }, () => {
  if (leftOut('approvals in the console')) {
    it('is not tried here: there is no browser', () => {});
    return;
  }
  let world: ConsoleWorld;
  let client: Client;

  beforeAll(async () => {
    world = await openConsoleWorld();
    client = await world.client('procurement');
  }, 120_000);
  afterAll(() => world?.close());
  afterEach(() => expect(world.complaints()).toEqual([]));

  /** A call that may end with its connection, without anybody being surprised. */
  function ordering(more: object): ReturnType<Client['callTool']> {
    const args = { supplier: 'northwind', item: 'LAP-14', quantity: 1, total: 900, currency: 'EUR', ...more };
    const under = client.callTool({ name: 'erp__orders.create', arguments: args });
    under.catch(() => {});
    return under;
  }

  /** Of the order with that total, once it waits. */
  async function pendingId(total: number): Promise<string> {
    let id: string | undefined;
    await until(async () => {
      const { body } = await world.admin<{ items: { id: string }[] }>(
        'GET',
        `/v1/approvals/inbox?of=pending&text=${total}`,
      );
      id = body.items[0]?.id;
      return id !== undefined;
    });
    return id!;
  }

  async function outcomeOf(id: string): Promise<AdminRecord> {
    const record = await world.act('approval.outcome');
    expect((record.detail as { approval: string }).approval).toBe(id);
    return record;
  }

  /** As somebody without a mouse: on with the key until the focus is there. */
  async function tabTo(page: Page, name: string): Promise<void> {
    for (let i = 0; i < 40; i++) {
      const here = await page.evaluate("document.activeElement?.textContent?.trim() ?? ''");
      if (String(here).startsWith(name)) return;
      await page.keyboard.press('Tab');
    }
    throw new Error(`${name} cannot be reached with the keyboard`);
  }

  it('an approver signs with an authenticator, beginning at the inbox, with the keyboard alone', async () => {
    const page = await world.consolePage('approver', '/approvals');
    await page.waitForSelector('text=All answered');
    await world.checkPage(page, 'console-approvals-empty');
    const first = ordering({ item: 'DOCK-3', total: 700 });
    const id = await pendingId(700);
    const second = ordering({ quantity: 2, total: 1_900 });
    // Both come by themselves.
    await page.waitForSelector('[role=option] >> nth=1');
    await page.waitForSelector('article:has-text("Exactly this would run")');
    await world.checkPage(page, 'console-approvals-inbox');
    await page.keyboard.press('j');
    await page.keyboard.press('j');
    await page.waitForSelector(`article h2:has-text("DOCK-3")`);
    expect(await page.textContent('article')).toContain('Alice Arnold, who owns Procurement agent');
    await page.keyboard.press('Enter');
    await page.waitForURL(`**/approvals/${id}?from=console`);
    await page.keyboard.press('Tab');
    await tabTo(page, 'Approve');
    await page.keyboard.press('Enter');
    await page.waitForURL(/done=approved/);
    expect((await first).isError ?? false).toBe(false);
    // What is done leads on by itself: the focus is on the way back.
    await page.waitForFunction("document.activeElement?.textContent === 'Back to the console'");
    await page.keyboard.press('Enter');
    await page.waitForURL('**/console/approvals');
    await page.waitForSelector('text=One request waits for you');
    const record = await outcomeOf(id);
    expect([record.by, record.detail]).toEqual([
      'alice',
      expect.objectContaining({ outcome: 'approved', answers: [expect.objectContaining({ assurance: 'passkey' })] }),
    ]);
    await page.keyboard.press('3');
    await page.waitForSelector('[role=option]:has-text("Approved and used")');
    await page.waitForSelector('text=Download the receipt');
    await world.checkPage(page, 'console-approvals-history');
    const [download] = await Promise.all([page.waitForEvent('download'), page.click('text=Download the receipt')]);
    expect(await readFile(await download.path(), 'utf8')).toContain(id);
    await world.admin('POST', `/v1/approvals/${await pendingId(1_900)}/withdraw`, {
      by: 'sara',
      reason: 'end of the case',
    });
    await second;
  });

  it('an approver denies on a phone, with a reason, and is led back', async () => {
    const page = await world.consolePage('approver', '/approvals');
    await page.setViewportSize({ width: 390, height: 844 });
    const asked = ordering({ total: 800 });
    const id = await pendingId(800);
    await page.click('[role=option]:has-text("800")');
    await page.waitForSelector('article');
    await page.click('text=Answer with passkey');
    await page.waitForURL(`**/approvals/${id}?from=console`);
    await page.fill('#reason', 'We have enough of them.');
    await page.click('button:has-text("Deny")');
    await page.waitForURL(/done=denied/);
    expect(textOf(await asked)).toContain('denied this action');
    await page.click('text=Back to the console');
    await page.waitForURL('**/console/approvals');
    await page.waitForSelector('text=All answered');
    expect(await outcomeOf(id)).toMatchObject({ by: 'alice', reason: 'We have enough of them.' });
  });

  it('an operator withdraws with a reason; who may not see content sees who asks for what, and no arguments', async () => {
    const hostile = '<img src=x onerror="document.title=1">\u202Eevil';
    const asked = ordering({ total: 650, item: hostile });
    const id = await pendingId(650);
    const viewer = await world.consolePage('viewer', '/approvals?tab=pending');
    await viewer.waitForSelector('article:has-text("hidden from your role")');
    const seen = (await viewer.textContent('main'))!;
    expect([seen.includes('erp/orders.create'), seen.includes('northwind')]).toEqual([true, false]);
    expect(await viewer.locator('text=Withdraw').count()).toBe(0);
    await world.checkPage(viewer, 'console-approvals-hidden');
    const operator = await world.consolePage('operator', `/approvals?tab=pending&id=${id}`);
    await operator.waitForSelector('article:has-text("⟨U+202E⟩")');
    expect(await operator.locator('article img, [role=listbox] img').count()).toBe(0);
    expect(await operator.textContent('article')).toContain('You cannot answer this');
    await operator.click('button:has-text("Withdraw…")');
    await operator.fill('[role=dialog] textarea', 'The supplier is under review.');
    await operator.click('[role=dialog] button:has-text("Withdraw")');
    await operator.waitForSelector('text=Withdrawn. Nothing runs.');
    expect((await asked).isError).toBe(true);
    const record = await outcomeOf(id);
    expect([record.by, record.reason]).toEqual(['olga', 'The supplier is under review.']);
  });
});
