import { readFile } from 'node:fs/promises';
import type { Client } from '@modelcontextprotocol/client';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { until } from '../cases/house.ts';
import { leftOut } from './chromium.ts';
import { type ConsoleWorld, openConsoleWorld } from './console-world.ts';

/** A page that stays open for long, whose lists move and whose gateway goes away: what it shows is so, or it says that it may not be. */
describe('what the console shows', { timeout: 240_000 }, () => {
  if (leftOut('what the console shows')) {
    it('is not tried here: there is no browser', () => {});
    return;
  }
  let world: ConsoleWorld;
  let client: Client;
  beforeAll(async () => {
    world = await openConsoleWorld();
    await world.traffic();
    client = await world.client('procurement');
  }, 120_000);
  afterAll(() => world?.close());

  const list = (): Promise<unknown> => client.callTool({ name: 'erp__orders.list', arguments: {} });
  const heading = (page: Page, name: string) => page.getByRole('heading', { name, exact: true });

  it('a search goes on while the gateway has not looked at everything: none so far is not none', async () => {
    const page = await world.consolePage('auditor');
    await page.route('**/v1/records?*', async (route) => {
      const url = new URL(route.request().url());
      if (url.searchParams.has('cursor')) {
        url.searchParams.delete('cursor');
        return route.continue({ url: url.href });
      }
      return route.fulfill({ json: { items: [], next: 'rzz' } });
    });
    await page.goto(`${world.origin}/console/audit?agent=procurement`);
    await page.getByRole('grid', { name: 'Records' }).getByText('erp/orders.list').first().waitFor();
    await page.unroute('**/v1/records?*');
  });

  it('the rest of a list that is refused is not asked for over and over', async () => {
    const page = await world.consolePage('viewer');
    let asked = 0;
    await page.route('**/v1/people?*', async (route) => {
      const url = new URL(route.request().url());
      if (url.searchParams.has('cursor')) {
        asked++;
        const problem = { status: 429, title: 'Too many', detail: 'wait a second', code: 'too-many' };
        return route.fulfill({ status: 429, contentType: 'application/problem+json', json: problem });
      }
      const answer = await route.fetch();
      return route.fulfill({ json: { ...((await answer.json()) as object), next: 'more' } });
    });
    await page.goto(`${world.origin}/console/people`);
    await page.getByRole('grid', { name: 'People' }).waitFor();
    await until(() => asked > 0);
    await page.waitForTimeout(1_000);
    expect(asked).toBeLessThan(3);
    await page.unroute('**/v1/people?*');
    world.forgive(429);
  });

  it('numbers of a gateway that does not answer are said to be old, until it answers', async () => {
    const page = await world.consolePage('viewer', '/stop');
    await page.getByText('Nothing is stopped').waitFor();
    await page.route('**/console/api/**', (route) => route.abort());
    await page
      .getByRole('alert')
      .getByText('The gateway does not answer. What is shown is of')
      .waitFor({ timeout: 30_000 });
    await page.unroute('**/console/api/**');
    await page
      .getByText('The gateway does not answer. What is shown is of')
      .waitFor({ state: 'detached', timeout: 60_000 });
    world.complaints();
  });

  it('what somebody may not see any more goes from their page', async () => {
    const { items } = (
      await world.admin<{ items: { record: { call: string } }[] }>(
        'GET',
        '/v1/records?agent=support&type=intent&limit=1',
      )
    ).body;
    const page = await world.consolePage('auditor', `/calls/${items[0]!.record.call}`);
    await page.getByText('c-1002').first().waitFor();
    await page.route('**/v1/calls/*', (route) =>
      route.fulfill({
        status: 403,
        contentType: 'application/problem+json',
        json: { status: 403, code: 'forbidden', title: 'Not yours' },
      }),
    );
    await page.getByText('Not yours').waitFor();
    expect(await page.getByText('c-1002').count()).toBe(0);
    await page.unroute('**/v1/calls/*');
    world.forgive(403);
  });

  it('what is exported is what the filters show, locks included', async () => {
    const lock = { target: 'agent:support', tier: 'watch', reason: 'case', by: 'sara' };
    await world.admin('POST', '/v1/locks', lock);
    const page = await world.consolePage('viewer', '/agents?lock=any');
    await page.getByText('1 agent matches').waitFor();
    await page.getByRole('button', { name: 'More' }).click();
    const download = page.waitForEvent('download');
    await page.getByRole('menuitem', { name: 'Export these as CSV' }).click();
    const lines = (await readFile(await (await download).path(), 'utf8')).trim().split('\n');
    expect(lines.slice(1).map((line) => line.split(',')[0])).toEqual(['support']);
    await world.admin('DELETE', '/v1/locks/agent%3Asupport?by=sara&reason=over');
  });

  it('the request somebody is reading stays before them when another one comes', async () => {
    const order = (total: number): void => {
      const args = { supplier: 'northwind', item: 'LAP-14', quantity: 1, total, currency: 'EUR' };
      client.callTool({ name: 'erp__orders.create', arguments: args }).catch(() => {});
    };
    const waiting = async (n: number): Promise<void> => {
      await until(async () => {
        const { body } = await world.admin<{ items: unknown[] }>('GET', '/v1/approvals/inbox?of=pending');
        return body.items.length === n;
      });
    };
    order(911);
    await waiting(1);
    const page = await world.consolePage('approver', '/approvals');
    const request = page.getByRole('article', { name: 'Request' });
    await request.getByText('911').first().waitFor();
    order(922);
    await waiting(2);
    await page.getByRole('option').filter({ hasText: '922' }).waitFor();
    await page.waitForTimeout(300);
    expect(await request.getByText('911').count()).toBeGreaterThan(0);
    expect(await request.getByText('922').count()).toBe(0);
  });

  it('the live page says in which time it saw nothing, and counts from where it was cleared', async () => {
    const page = await world.consolePage('viewer', '/live');
    await page.getByText('Connected', { exact: true }).waitFor();
    await list();
    await page.getByRole('grid', { name: 'Live calls' }).getByText('erp/orders.list').first().waitFor();
    await page.getByRole('button', { name: 'Pause' }).click();
    await page.getByRole('button', { name: 'Clear', exact: true }).click();
    await page.getByText('Paused, 0 since').waitFor();
    expect(await page.getByText('erp/orders.list').count()).toBe(0);
    await page.getByRole('button', { name: 'Resume' }).click();
    const look = (state: string): Promise<unknown> =>
      page.evaluate(`Object.defineProperty(document, 'visibilityState', { value: '${state}', configurable: true });
        document.dispatchEvent(new Event('visibilitychange', { bubbles: true }))`);
    await look('hidden');
    await page.getByText('Stopped while you look elsewhere').waitFor();
    await list();
    await look('visible');
    await page.getByText('Connected', { exact: true }).waitFor();
    await page.getByText(/Not connected from .* to .*: what happened then/).waitFor();
  });

  it('a row of the live page that is pressed is the one that opens, whatever pours in before the button is let go', async () => {
    const page = await world.consolePage('viewer', '/live?agent=procurement&effect=permit');
    await page.getByText('Connected', { exact: true }).waitFor();
    await list();
    const row = page.getByRole('grid', { name: 'Live calls' }).getByRole('row').nth(1);
    await row.getByText('orders.list').waitFor();
    const key = await row.getAttribute('data-key');
    const box = (await row.boundingBox())!;
    await page.mouse.move(box.x + box.width - 150, box.y + box.height / 2);
    await page.mouse.down();
    await list();
    await until(async () => (await row.getAttribute('data-key')) !== key);
    await page.mouse.up();
    await page.waitForURL('**call=**');
    const { record } = (await world.admin<{ record: { call: string } }>('GET', `/v1/records/${key}`)).body;
    expect(new URL(page.url()).searchParams.get('call')).toBe(record.call);
  });

  it('the log is checked once however often the button is pressed', async () => {
    const page = await world.consolePage('auditor', '/audit?tab=verify');
    const button = page.getByRole('button', { name: 'Verify', exact: true });
    await button.waitFor();
    let asked = 0;
    await page.route('**/v1/journal', async (route) => {
      asked++;
      await new Promise((resolve) => setTimeout(resolve, 500));
      await route.continue();
    });
    const before = asked;
    await button.click();
    await button.click({ timeout: 400 }).catch(() => {});
    await page.locator('[data-verdict=intact]').waitFor();
    expect(asked - before).toBe(1);
    await page.unroute('**/v1/journal');
  });

  it('each number of the overview leads to the list it counts', async () => {
    const page = await world.consolePage('viewer', '/');
    await page.getByRole('link', { name: /^\d+ read$/ }).click();
    await page.getByRole('tab', { name: 'Tools', selected: true }).waitFor();
    expect(await page.getByRole('combobox', { name: 'Effect' }).inputValue()).toBe('read');
    await page.goBack();
    await page.getByRole('link', { name: /failing$/ }).click();
    await heading(page, 'Servers and tools').waitFor();
    expect(await page.getByRole('combobox', { name: 'Health' }).inputValue()).toBe('down');
  });
});
