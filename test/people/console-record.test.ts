import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { Client } from '@modelcontextprotocol/client';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CallView, SessionLine } from '../../src/model/insight/records.ts';
import { leftOut } from './chromium.ts';
import { type ConsoleWorld, openConsoleWorld } from './console-world.ts';
import { EVERYTHING_HOSTILE, HOSTILE, onlyText } from './hostile.ts';

/** What happened, looked at in a browser: as it happens, session by session, and proven. */
const SMALL = { supplier: 'northwind', item: 'PAP-A4', quantity: 10, total: 49.9, currency: 'EUR' };
const LARGE = { ...SMALL, quantity: 3000, total: 14_970 };

describe.skipIf(leftOut('the record in the console'))('the record of calls (OB2)', { timeout: 240_000 }, () => {
  let world: ConsoleWorld;
  let procurement: Client;

  beforeAll(async () => {
    world = await openConsoleWorld({
      change: (config) => {
        config.journal.results = 'keep';
        config.agents.support.name = `Support ${HOSTILE.image}`;
        config.agents.support.purpose = EVERYTHING_HOSTILE;
      },
    });
    procurement = await world.client('procurement');
    await procurement.callTool({ name: 'erp__orders.list', arguments: { limit: 3 } });
    await procurement.callTool({ name: 'erp__orders.create', arguments: SMALL });
    await procurement.callTool({ name: 'erp__orders.create', arguments: LARGE });
  });
  afterAll(() => world?.close());

  const sessions = async (page: Page, agent: string): Promise<readonly SessionLine[]> =>
    (await world.api<{ items: SessionLine[] }>(page, 'GET', `/v1/sessions/history?agent=${agent}`)).body.items;
  const callsOf = async (page: Page, id: string): Promise<readonly CallView[]> =>
    (await world.api<{ calls: CallView[] }>(page, 'GET', `/v1/sessions/history/${encodeURIComponent(id)}`)).body.calls;
  const callOn = async (page: Page, agent: string, fits: (call: CallView) => boolean): Promise<CallView> => {
    for (let tries = 0; tries < 50; tries++) {
      for (const { id } of await sessions(page, agent)) {
        const found = (await callsOf(page, id)).find(fits);
        if (found !== undefined) return found;
      }
      await page.waitForTimeout(200);
    }
    throw new Error('there is no such call on record');
  };

  it('a call is seen as it happens, filtered by the address, paused with Space, and opened beside the stream', async () => {
    const page = await world.consolePage('operator', '/live');
    await page.getByText('Connected', { exact: true }).waitFor();
    await procurement.callTool({ name: 'erp__orders.list', arguments: { limit: 1 } });
    const rows = page.locator('[role=grid] [data-key]');
    await rows.filter({ hasText: 'orders.list' }).filter({ hasText: 'Permitted' }).first().waitFor();
    await rows.filter({ hasText: 'orders.list' }).filter({ hasText: 'Done' }).first().waitFor();
    await world.checkPage(page, 'live');

    await page.keyboard.press('Space');
    await page.getByText(/^Paused/).waitFor();
    const before = await rows.count();
    await procurement.callTool({ name: 'erp__orders.create', arguments: LARGE });
    await page.getByText('Paused, 1 since').waitFor();
    expect(await rows.count()).toBe(before);
    await page.keyboard.press('Space');
    const denied = rows.filter({ hasText: 'Denied' }).first();
    await denied.waitFor();
    await denied.locator('[role=gridcell]').first().click();
    const dialog = page.getByRole('dialog');
    await dialog.getByText('Below 400.00').or(dialog.getByText('never-above-10000')).first().waitFor();
    await page.keyboard.press('Escape');
    await dialog.waitFor({ state: 'detached' });

    await page.getByLabel('Decision', { exact: true }).selectOption('deny');
    await page.waitForURL(/effect=deny/);
    await page.getByText('Connected', { exact: true }).waitFor();
    await procurement.callTool({ name: 'erp__orders.list', arguments: { limit: 1 } });
    await procurement.callTool({ name: 'erp__orders.create', arguments: LARGE });
    await rows.first().waitFor();
    expect(await rows.filter({ hasText: 'orders.list' }).count()).toBe(0);
    expect(await rows.filter({ hasText: 'Denied' }).count()).toBe(await rows.count());
  });

  it('the stream says when it is not connected, connects again, and rests while nobody looks', async () => {
    const page = await world.consolePage('operator', '/live');
    await page.getByText('Connected', { exact: true }).waitFor();
    await page.evaluate(
      `Object.defineProperty(document, 'visibilityState', { configurable: true, get: () => 'hidden' }); document.dispatchEvent(new Event('visibilitychange'))`,
    );
    await page.getByText('Stopped while you look elsewhere').waitFor();
    await page.evaluate(`delete document.visibilityState; document.dispatchEvent(new Event('visibilitychange'))`);
    await page.getByText('Connected', { exact: true }).waitFor();
    await page.route('**/v1/live*', (route) => route.abort());
    await page.reload();
    await page.getByText(/^Disconnected/).waitFor();
    await page.unroute('**/v1/live*');
    await page.getByText('Connected', { exact: true }).waitFor();
    // The browser says so on its console; that is its business.
    (world.complaints() as string[]).splice(0);
  });

  it('a session is a timeline, a graph and a list; it is stepped through with the keyboard, shared, exported, and stopped', async () => {
    const page = await world.consolePage('security-admin', '/sessions?agent=procurement');
    const [session] = await sessions(page, 'procurement');
    const row = page.locator('[role=grid] [data-key]').first();
    await row.waitFor();
    await page.screenshot();
    await world.checkPage(page, 'sessions');
    await page.locator('[role=grid]').press('j');
    await page.locator('[role=grid]').press('Enter');
    await page.waitForURL(new RegExp(session!.id));
    const whole = await callsOf(page, session!.id);
    // What only connects is left out, and said to be.
    const calls = whole.filter(({ action }) => action === 'tools/call');
    await page.getByText(`${calls.length} calls`).first().waitFor();
    await page.getByText(`${whole.length - calls.length} that only connect are left out`).waitFor();
    await page.keyboard.press('ArrowRight');
    await page.getByText(`1 of ${calls.length}`).waitFor();
    expect(new URL(page.url()).searchParams.get('call')).toBe(calls[0]!.call);
    const details = page.getByRole('region', { name: 'Details of the chosen call' });
    await details.getByText('purchasing.cedar#look-things-up').waitFor();
    await details.getByText('"limit": 3').waitFor();
    await details.getByText('Decide again under the policies of now').click();
    await details.getByText('The same answer:').waitFor();
    await world.checkPage(page, 'session');

    await page.keyboard.press('ArrowRight');
    await page.keyboard.press('ArrowLeft');
    await page.getByText(`1 of ${calls.length}`).waitFor();
    await page.locator('main').click({ position: { x: 5, y: 5 } });
    await page.keyboard.press('Space');
    await page.getByText(`3 of ${calls.length}`).waitFor();
    await page.keyboard.press('Space');
    await page.getByRole('tab', { name: 'Cause and effect' }).click();
    await page.locator('button[data-call]').filter({ hasText: 'erp/orders.list' }).first().click();
    await page.waitForURL(/view=graph/);
    await page.getByRole('heading', { name: 'erp/orders.list' }).waitFor();
    await world.checkPage(page, 'session-graph');
    await page.getByRole('tab', { name: 'List' }).click();
    await page.getByLabel('Decision', { exact: true }).selectOption('deny');
    await expectRows(page, calls.filter(({ effect }) => effect === 'deny').length);
    await page.getByLabel('Decision', { exact: true }).selectOption('');

    const file = page.waitForEvent('download');
    await page.getByRole('button', { name: 'Export' }).click();
    await page.getByText('NDJSON, one call a line').click();
    const text = await readFile(await (await file).path(), 'utf8');
    expect(
      text
        .trimEnd()
        .split('\n')
        .map((line) => (JSON.parse(line) as CallView).call),
    ).toEqual(whole.map(({ call }) => call));

    await page.getByRole('button', { name: 'Stop session' }).click();
    await page.getByLabel('Reason').fill('an experiment');
    await page.getByRole('dialog').getByRole('button', { name: 'Stop session' }).click();
    await page.getByText('The session is stopped.').waitFor();
    const act = await world.act('lock.put', 'sara');
    expect(act).toMatchObject({ reason: 'an experiment' });
    expect(JSON.stringify(act.detail)).toContain(session!.id);
    await expect(procurement.callTool({ name: 'erp__orders.list', arguments: {} })).rejects.toThrow(
      /Session not found/,
    );
    procurement = await world.client('procurement');
  });

  it('everything about one call is on its page, and its receipt is verified in the browser; a forged one is not', async () => {
    const page = await world.consolePage('auditor', '/');
    const call = await callOn(
      page,
      'procurement',
      ({ target, effect }) => target === 'orders.create' && effect === 'permit',
    );
    await page.goto(`${world.origin}/console/calls/${call.call}`);
    await page.getByText('buy-small-things').waitFor();
    await page.getByText('"supplier": "northwind"').first().waitFor();
    await page.getByRole('button', { name: 'Verify in this browser' }).click();
    await page.getByText(`Record ${call.records[0]} is genuine`).waitFor();
    await world.checkPage(page, 'call');
    const file = page.waitForEvent('download');
    await page.getByRole('button', { name: 'Receipt' }).click();
    const receipt = await readFile(await (await file).path(), 'utf8');
    expect(receipt).toContain('northwind');

    await page.goto(`${world.origin}/console/audit?tab=verify`);
    const drop = page.getByLabel('Drop a receipt here');
    const give = (name: string, text: string) =>
      drop.setInputFiles({ name, mimeType: 'application/json', buffer: Buffer.from(text) });
    await give('honest.receipt', receipt);
    await page.getByText(`Record ${call.records[0]} is genuine`).waitFor();
    await give('forged.receipt', receipt.replace('northwind', 'southwind'));
    await page.getByText('This receipt does not verify').waitFor();
    await page.getByText('The record is not part of the log its checkpoint covers').waitFor();
    await give(
      'other.receipt',
      JSON.stringify({ ...JSON.parse(receipt), proof: JSON.parse(receipt).proof.replace(/— .*/, '— x AAAA') }),
    );
    await page.getByText('Its checkpoint is not signed by the key').waitFor();
    await give('nothing.txt', '<b>no receipt</b>');
    await page.getByText('This is no receipt: it is not JSON.').waitFor();
  });

  it('the whole log is verified in the browser, against a checkpoint kept elsewhere, and the gateway checks too', async () => {
    const page = await world.consolePage('auditor', '/audit?tab=verify');
    const saved = page.waitForEvent('download');
    await page.getByRole('button', { name: 'Latest checkpoint' }).click();
    const note = await readFile(await (await saved).path());
    await procurement.callTool({ name: 'erp__orders.list', arguments: { limit: 2 } });
    await page
      .getByLabel('A checkpoint you kept elsewhere')
      .setInputFiles({ name: 'kept.checkpoint', mimeType: 'text/plain', buffer: note });
    await page.getByText('Compared with your checkpoint').waitFor();
    await page.getByRole('button', { name: 'Verify', exact: true }).click();
    await page.getByText('The whole log is intact').waitFor();
    await page.getByText('Nothing your checkpoint covers was changed').waitFor();
    await page.getByRole('button', { name: 'Run' }).click();
    await page.getByText('Intact', { exact: true }).waitFor();
    await world.checkPage(page, 'verify');
  });

  it('a key that changed is reported loudly, and not followed', async () => {
    const page = await world.consolePage('auditor', '/audit?tab=verify');
    await page.getByText('Verifier key').first().waitFor();
    const other = 'gateway.example/interlock+233532aa+AYEa9yrR9WXhlPSTGlAI+8iFvKPoqhW11phmmXNUOHLs';
    const kept = await page.evaluate(`localStorage.getItem('interlock-verifier-key')`);
    await page.evaluate(
      `localStorage.setItem('interlock-verifier-key', JSON.stringify({ vkey: '${other}', how: 'given', sinceMs: 1 }))`,
    );
    await page.reload();
    await page.getByText('The gateway shows another key than the one this browser trusts').waitFor();
    await page.getByRole('button', { name: 'Verify', exact: true }).click();
    await page.getByText('The log is NOT intact').waitFor();
    await world.checkPage(page, 'verify-changed-key');
    await page.evaluate(`localStorage.setItem('interlock-verifier-key', ${JSON.stringify(String(kept))})`);
  });

  it('the record is found by words and by exact filters, which are in the address', async () => {
    const page = await world.consolePage('auditor', '/audit');
    const box = page.getByLabel('Search the record');
    await box.fill('agent:procurement PAP-A4');
    await box.press('Enter');
    await page.waitForURL(/agent=procurement/);
    expect(new URL(page.url()).searchParams.get('q')).toBe('PAP-A4');
    const rows = page.locator('[role=grid] [data-key]');
    // What was there stays until the answer comes.
    await becomes(
      page,
      `(() => { const text = document.querySelector('[role=grid]')?.textContent ?? ''; return text.includes('orders.create') && !text.includes('orders.list'); })()`,
    );
    await page.getByLabel('Add a filter').selectOption('effect');
    await page.getByLabel('Decision', { exact: true }).selectOption('deny');
    await page.waitForURL(/effect=deny/);
    await becomes(
      page,
      `[...document.querySelectorAll('[role=grid] [data-key]')].every((row) => row.textContent.includes('Denied'))`,
    );
    await world.checkPage(page, 'audit');
    await rows.first().locator('[role=gridcell]').nth(3).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByText('"type": "refusal"').waitFor();
    await dialog.getByRole('button', { name: 'Verify in this browser' }).click();
    await dialog.getByText(/is genuine/).waitFor();
    await world.checkPage(page, 'audit-record');
    await page.keyboard.press('Escape');
    await page.getByLabel('Remove the filter Decision').click();
    await becomes(page, `!location.search.includes('effect=')`);
  });

  it('whoever may not see content sees everything else, and no arguments, results or receipts', async () => {
    const page = await world.consolePage('viewer', '/');
    const call = await callOn(
      page,
      'procurement',
      ({ target, effect }) => target === 'orders.create' && effect === 'permit',
    );
    expect(JSON.stringify(call)).not.toContain('northwind');
    await page.goto(`${world.origin}/console/calls/${call.call}`);
    await page.getByText('buy-small-things').waitFor();
    expect(await page.getByText('Your role does not include the arguments and results of calls.').count()).toBe(2);
    expect(await page.getByText('northwind').count()).toBe(0);
    expect(await page.getByRole('button', { name: 'Receipt' }).count()).toBe(0);
    expect(await page.getByText('Decide again').count()).toBe(0);
    await world.checkPage(page, 'call-hidden');
    await page.goto(`${world.origin}/console/audit?seq=${call.seq}`);
    await page.getByRole('dialog').getByText('"hidden": true').first().waitFor();
    expect(await page.getByText('northwind').count()).toBe(0);
    await page.goto(`${world.origin}/console/audit?tab=verify`);
    await page.getByText('Your role does not include the log itself').waitFor();
    for (const path of [`/v1/records/${call.seq}/receipt`, '/v1/journal/segments/0'])
      expect((await world.api(page, 'GET', path)).status).toBe(403);
  });

  it('whatever agents, tools and people wrote is text on every one of these pages', async () => {
    const db = new DatabaseSync(join(world.dir, 'company.db'));
    db.prepare("INSERT INTO tickets (customer, subject, body, status) VALUES ('c-1002', ?, ?, 'open')").run(
      HOSTILE.svg,
      EVERYTHING_HOSTILE,
    );
    db.close();
    const page = await world.consolePage('security-admin', '/live');
    await page.getByText('Connected', { exact: true }).waitFor();
    const client = await world.client('support');
    await client.callTool({ name: 'crm__tickets.find', arguments: { customer: 'c-1002' } });
    await client
      .callTool({
        name: 'crm__customers.search',
        arguments: { query: EVERYTHING_HOSTILE, [HOSTILE.image]: HOSTILE.json },
      })
      .catch(() => {});
    await client.callTool({ name: `crm__${HOSTILE.image}`, arguments: {} }).catch(() => {});
    await onlyText(page, ['tickets.find']);
    await world.admin('POST', '/v1/locks', {
      target: 'agent:analyst',
      tier: 'watch',
      reason: EVERYTHING_HOSTILE,
      by: 'bob',
    });
    const asked = await callOn(page, 'support', ({ target }) => target === 'customers.search');
    const found = await callOn(page, 'support', ({ target }) => target === 'tickets.find');
    for (const { call, session } of [asked, found]) {
      await page.goto(`${world.origin}/console/calls/${call}`);
      await onlyText(page, [HOSTILE.image.slice(0, 12), '⟨U+202E⟩']);
      await page.goto(`${world.origin}/console/sessions/${session}?call=${call}`);
      await onlyText(page, ['⟨U+202E⟩']);
      await page.goto(`${world.origin}/console/sessions/${session}?view=graph&call=${call}`);
      await page.locator('button[data-call]').first().waitFor();
      await onlyText(page, ['⟨U+202E⟩']);
      await page.goto(`${world.origin}/console/sessions/${session}?view=reach&call=${call}`);
      await page.getByRole('list', { name: 'Tools, and who called them' }).getByRole('button').first().waitFor();
      await onlyText(page, []);
      await page.goto(
        `${world.origin}/console/audit?seq=${(await callOn(page, 'support', (each) => each.call === call)).seq}`,
      );
      await onlyText(page, [HOSTILE.image.slice(0, 12)]);
    }
    await page.goto(`${world.origin}/console/audit?act=lock.put`);
    await onlyText(page, [HOSTILE.image.slice(0, 12)]);
    const typed = new URLSearchParams({ q: EVERYTHING_HOSTILE, agent: HOSTILE.svg, session: HOSTILE.frame });
    await page.goto(`${world.origin}/console/audit?${typed.toString()}`);
    await onlyText(page, ['No record fits all of this']);
    await page.goto(
      `${world.origin}/console/live?${new URLSearchParams({ agent: HOSTILE.svg, server: HOSTILE.image })}`,
    );
    await page.getByText('Connected', { exact: true }).waitFor();
    await onlyText(page, []);
    await page.goto(`${world.origin}/console/sessions/${encodeURIComponent(HOSTILE.image)}`);
    // Its heading is there before the answer is.
    await page.getByText('There is no session').waitFor();
    await onlyText(page, [HOSTILE.image.slice(0, 12)]);
    world.forgive(404);
    await page.goto(`${world.origin}/console/audit?tab=verify`);
    await page.getByLabel('Drop a receipt here').setInputFiles({
      name: `${HOSTILE.image}.receipt`,
      mimeType: 'text/plain',
      buffer: Buffer.from('{"format":"x"}'),
    });
    await onlyText(page, [HOSTILE.image.slice(0, 12)]);
    expect(world.complaints()).toEqual([]);
  });

  it('a log somebody changed is reported, with the record', async () => {
    const page = await world.consolePage('auditor', '/audit?tab=verify');
    const path = join(world.dir, '.interlock', 'journal', '0000000000000000.jsonl');
    const lines = (await readFile(path, 'utf8')).split('\n');
    const at = lines.findIndex((line) => line.includes('"orders.create"') && line.includes('"supplier":"northwind"'));
    const { seq } = JSON.parse(lines[at]!) as { seq: number };
    const whole = await readFile(path);
    const offset = whole.indexOf('"supplier":"northwind"');
    const changed = Buffer.from(whole);
    changed.write('"supplier":"southwind"', offset);
    // One byte of one record, while the gateway runs.
    await writeFile(path, changed);
    await page.getByRole('button', { name: 'Verify', exact: true }).click();
    await page.getByText('The log is NOT intact').waitFor();
    await page
      .getByText(`Record ${seq} is damaged, or something else lies in its place: its content does not match its hash.`)
      .waitFor();
    await world.checkPage(page, 'verify-tampered');
    await page.getByRole('button', { name: 'Run' }).click();
    await page.getByText('Not intact', { exact: true }).waitFor();
    await writeFile(path, Buffer.concat([whole, (await readFile(path)).subarray(whole.length)]));
    await page.getByRole('button', { name: 'Verify', exact: true }).click();
    await page.getByText('The whole log is intact').waitFor();
  });
});

async function expectRows(page: Page, count: number): Promise<void> {
  await becomes(page, `document.querySelectorAll('[role=grid] [data-key]').length === ${count}`);
}

/** The pages' policy lets nothing be evaluated in them, which the browser's own waiting would. */
async function becomes(page: Page, expression: string): Promise<void> {
  for (let tries = 0; tries < 100; tries++) {
    if ((await page.evaluate(expression)) === true) return;
    await page.waitForTimeout(100);
  }
  throw new Error(`never became true: ${expression}`);
}
