import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { leftOut } from './chromium.ts';
import { type ConsoleWorld, openConsoleWorld } from './console-world.ts';

/** What has the focus, by its words; `page`: nothing has. */
const FOCUSED = `(() => {
  const at = document.activeElement;
  if (at === null || at === document.body) return 'page';
  return (at.getAttribute('aria-label') ?? at.textContent ?? '').trim() || at.id;
})()`;
const IN_DIALOG = `document.querySelector('[role=dialog]')?.contains(document.activeElement) ?? false`;
const MOST_TABS = 60;

/** As somebody without a mouse. */
describe.skipIf(leftOut('the console by keyboard'))('the console by keyboard', { timeout: 120_000 }, () => {
  let world: ConsoleWorld;
  beforeAll(async () => {
    world = await openConsoleWorld();
    await world.traffic();
  }, 120_000);
  afterAll(() => world?.close());
  afterEach(() => expect(world.complaints()).toEqual([]));

  const focused = async (page: Page): Promise<string> => String(await page.evaluate(FOCUSED));
  const comesTo = (page: Page, name: string): Promise<void> =>
    expect.poll(() => focused(page), { timeout: 5_000 }).toBe(name);

  async function tabTo(page: Page, name: string): Promise<void> {
    const passed: string[] = [];
    for (let i = 0; i < MOST_TABS; i++) {
      await page.keyboard.press('Tab');
      const here = await focused(page);
      if (here === name) return;
      passed.push(here);
    }
    throw new Error(`${name} cannot be reached: ${passed.join(' | ')}`);
  }

  /** Round and round, and never out. */
  async function staysInDialog(page: Page): Promise<void> {
    await page.getByRole('dialog').waitFor();
    await expect.poll(() => page.evaluate(IN_DIALOG)).toBe(true);
    for (let i = 0; i < 14; i++) {
      await page.keyboard.press(i < 10 ? 'Tab' : 'Shift+Tab');
      expect([await focused(page), await page.evaluate(IN_DIALOG)]).toEqual([expect.any(String), true]);
    }
  }

  async function closes(page: Page, backTo: string): Promise<void> {
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    await comesTo(page, backTo);
  }

  it('from the list to one agent, to its red button and back, and to what the menu offers', async () => {
    const page = await world.consolePage('operator', '/agents');
    await page.getByRole('row').filter({ hasText: 'Spending analyst' }).waitFor();
    await page.keyboard.press('Tab');
    await comesTo(page, 'Skip to content');
    await page.keyboard.press('Enter');
    await tabTo(page, 'Agents');
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Enter');
    await page.waitForURL('**/console/agents/*');
    await page.getByRole('button', { name: 'Stop', exact: true }).waitFor();
    // On the new page one begins with its content, not with the way there.
    await tabTo(page, 'Agents');
    await tabTo(page, 'Stop');
    await page.keyboard.press('Enter');
    await staysInDialog(page);
    await closes(page, 'Stop');
    await page.keyboard.press('Enter');
    await page.getByRole('dialog').waitFor();
    await tabTo(page, 'Cancel');
    await page.keyboard.press('Enter');
    await comesTo(page, 'Stop');
    await page.keyboard.press('Shift+Tab');
    await comesTo(page, 'Manage');
    await page.keyboard.press('Enter');
    await page.getByRole('menu').waitFor();
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Enter');
    await staysInDialog(page);
    await closes(page, 'Manage');
    await tabTo(page, 'Overview');
    await page.keyboard.press('ArrowRight');
    await comesTo(page, 'What it can do');
    await page.getByRole('row', { name: /orders\.list/ }).waitFor();
  });

  it('anywhere by a few letters, and back where one was', async () => {
    const page = await world.consolePage('operator', '/servers');
    await page.getByRole('row', { name: /erp/ }).waitFor();
    await tabTo(page, 'Search servers');
    await page.keyboard.press('Control+k');
    await comesTo(page, 'Search pages, agents and the record');
    await page.keyboard.press('Escape');
    await comesTo(page, 'Search servers');
    await page.keyboard.press('Control+k');
    await page.keyboard.type('procure');
    await page.getByRole('option', { name: /Procurement agent/ }).waitFor();
    await page.keyboard.press('Enter');
    await page.waitForURL('**/console/agents/procurement');
    await page.getByRole('heading', { level: 1, name: /Procurement agent/ }).waitFor();
    await page.keyboard.press('?');
    await page.getByRole('dialog').waitFor();
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    await page.keyboard.press('g');
    await page.keyboard.press('a');
    await page.waitForURL('**/console/agents');
  });

  it('a row opens what it stands for, and closing it leads back to the list', async () => {
    const page = await world.consolePage('viewer', '/servers?tab=tools');
    await page.getByRole('row', { name: /orders\.create/ }).waitFor();
    await tabTo(page, 'Tools');
    await tabTo(page, 'Tools');
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Enter');
    await staysInDialog(page);
    await closes(page, 'Tools');
  });

  it('what waits is withdrawn, or not', async () => {
    const client = await world.client('procurement');
    const order = { supplier: 'northwind', item: 'LAP-14', quantity: 1, total: 900, currency: 'EUR' };
    client.callTool({ name: 'erp__orders.create', arguments: order }).catch(() => {});
    const page = await world.consolePage('operator', '/approvals?tab=pending');
    await page.getByRole('option', { name: /LAP-14/ }).waitFor();
    await page.getByRole('button', { name: 'Withdraw…' }).waitFor();
    await page.keyboard.press('j');
    await comesTo(page, 'All that waits');
    await tabTo(page, 'Withdraw…');
    await page.keyboard.press('Enter');
    await staysInDialog(page);
    await closes(page, 'Withdraw…');
  });

  it('a draft is begun, written, saved and left', async () => {
    const page = await world.consolePage('policy-author', '/policies');
    await page.getByRole('button', { name: 'New draft' }).waitFor();
    await tabTo(page, 'New draft');
    await page.keyboard.press('Enter');
    await staysInDialog(page);
    await closes(page, 'New draft');
    await page.keyboard.press('Enter');
    await page.getByRole('dialog').waitFor();
    await page.keyboard.type('By keyboard');
    await page.keyboard.press('Enter');
    await page.waitForURL('**/policies/drafts/*');
    await page.getByRole('button', { name: 'New file' }).waitFor();
    await tabTo(page, 'Rename or discard this draft');
    await page.keyboard.press('Enter');
    await page.getByRole('menu').waitFor();
    await page.keyboard.press('Enter');
    await staysInDialog(page);
    await closes(page, 'Rename or discard this draft');
    await tabTo(page, 'New file');
    await page.keyboard.press('Enter');
    await staysInDialog(page);
    await closes(page, 'New file');
    // The editor takes Tab for itself, until Escape.
    for (let i = 0; i < 4 && (await page.locator('.cm-content:focus').count()) === 0; i++)
      await page.keyboard.press('Tab');
    expect(await page.locator('.cm-content:focus').count()).toBe(1);
    await page.keyboard.press('Control+Home');
    await page.keyboard.type('// mine\n');
    await page.keyboard.press('Control+s');
    await page.locator('[role=status] >> text=Saved').waitFor();
    await page.keyboard.press('Escape');
    await page.keyboard.press('Tab');
    expect(await page.locator('.cm-content:focus').count()).toBe(0);
    await page.getByRole('tab', { name: 'Difference (1)' }).waitFor();
    await tabTo(page, 'Difference (1)');
  });
});
