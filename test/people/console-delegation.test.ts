import { readFile } from 'node:fs/promises';
import type { Client } from '@modelcontextprotocol/client';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { run } from '../../src/cli/program.ts';
import type { CallView, SessionLine, SessionView } from '../../src/model/insight/records.ts';
import { until } from '../cases/house.ts';
import { leftOut } from './chromium.ts';
import { type ConsoleWorld, openConsoleWorld } from './console-world.ts';
import { type HandingOn, handingOn } from './handing-on.ts';

const RULES = `
@id("look-things-up")
permit (principal, action == Action::"tools/call", resource) when { resource.effect == "read" };
@id("ask-for-larger-orders")
@ask("person:olga")
@reason("Orders from 400.00 EUR on need somebody of operations.")
permit (principal, action == Action::"tools/call", resource == Tool::"erp/orders.create")
when { context has amount && context.amount.greaterThanOrEqual(decimal("400.00")) };
@id("never-above-10000")
@reason("Agents place no orders above 10,000.00 EUR. Ask a person in purchasing.")
forbid (principal, action == Action::"tools/call", resource == Tool::"erp/orders.create")
when { context has amount && context.amount.greaterThan(decimal("10000.00")) };
`;
const ORDER = { supplier: 'northwind', item: 'LAP-14', quantity: 1, total: 900, currency: 'EUR' };
const LONG = { name: 'erp__reports.build', arguments: { kind: 'spending', seconds: 40 } };

/** Work that is handed on from agent to agent, looked at in a browser: who acted for whom, what led to what, and the end of it. */
describe('delegated work in the console (CN3, OB2, KS1)', { timeout: 240_000 }, () => {
  if (leftOut('delegated work in the console')) {
    it('is not tried here: there is no browser', () => {});
    return;
  }
  let world: ConsoleWorld;
  let hand: HandingOn;
  /** Of the second and the third agent, by what Alice agreed to. */
  const tokens = { procurement: '', analyst: '', support: '' };
  let support: Client;
  let session: SessionLine;
  let view: SessionView;

  beforeAll(async () => {
    hand = await handingOn(['procurement', 'analyst', 'support']);
    world = await openConsoleWorld({
      policies: { 'purchasing.cedar': RULES },
      change(config) {
        config.journal.results = 'keep';
        for (const [agent, { publicJwk }] of hand.keys)
          Object.assign(config.agents[agent], { keys: [publicJwk], servers: ['erp', 'crm'] });
        config.agents.procurement.redirectUris = [hand.callback];
        const scopes = ['erp:read', 'erp:write', 'crm:read'];
        config.connections = {
          'procurement-analyst': { from: 'procurement', to: 'analyst', scopes },
          'analyst-support': { from: 'analyst', to: 'support', scopes, initiators: ['user'] },
        };
      },
    });
    hand.at(world);
    await makeStory();
  }, 180_000);
  afterAll(async () => {
    await hand?.close();
    await world?.close();
  });

  async function makeStory(): Promise<void> {
    const alice = await world.consolePage('approver', '/');
    tokens.procurement = await hand.consent(alice, 'procurement', 'erp:read erp:write crm:read');
    const procurement = await hand.client(tokens.procurement, 'procurement-program');
    await procurement.callTool({ name: 'erp__orders.list', arguments: { limit: 3 } });
    tokens.analyst = await hand.handOn(tokens.procurement, 'analyst');
    const analyst = await hand.client(tokens.analyst, 'analyst-program');
    await analyst.callTool({ name: 'erp__reports.build', arguments: { kind: 'stock', seconds: 1 } });
    await analyst.callTool({ name: 'erp__orders.create', arguments: { ...ORDER, total: 14_970 } });
    tokens.support = await hand.handOn(tokens.analyst, 'support');
    support = await hand.client(tokens.support, 'support-program');
    await support.callTool({ name: 'crm__tickets.find', arguments: { customer: 'c-1002' } });
    await support.callTool({ name: 'crm__customers.get', arguments: { id: 'c-9999' } });
    const asked = support.callTool({ name: 'erp__orders.create', arguments: ORDER });
    asked.catch(() => {});
    const olga = await world.consolePage('operator', '/approvals');
    await olga.waitForSelector('article:has-text("Exactly this would run")');
    await olga.click('text=Answer with passkey');
    await olga.waitForURL(/\/approvals\/[^?]+\?from=console/);
    await olga.click('button:has-text("Approve")');
    expect((await asked).isError ?? false).toBe(false);
    await procurement.callTool({ name: 'erp__orders.list', arguments: { limit: 1 } });
    const page = await world.consolePage('auditor', '/');
    await until(async () => {
      const { items } = (await world.api<{ items: SessionLine[] }>(page, 'GET', '/v1/sessions/history')).body;
      session = items.find(({ agent }) => agent === 'procurement')!;
      if (session === undefined) return false;
      view = (await world.api<SessionView>(page, 'GET', `/v1/sessions/history/${session.id}`)).body;
      return view.calls.at(-1)?.outcome === 'ok' && view.calls.at(-1)?.agent === 'procurement';
    });
    await until(async () => named('erp/orders.create', 'support')?.outcome === 'ok');
  }

  const worth = (): readonly CallView[] => view.calls.filter(({ action }) => action === 'tools/call');
  const named = (name: string, agent: string): CallView =>
    worth().find((call) => `${call.server}/${call.target}` === name && call.agent === agent)!;
  const panel = (page: Page) => page.getByRole('region', { name: 'Details of the chosen call' });
  const dialog = (page: Page) => page.locator('[role=dialog]');

  it('a session shows what its work was handed on to: who acted for whom, from cause to effect, step by step', async () => {
    const page = await world.consolePage('auditor', '/sessions?agent=procurement');
    await page.getByRole('row').filter({ hasText: 'alice' }).first().click();
    await page.waitForURL(/sessions\/[^?]+/);
    await page.getByText(/of them in sessions of other agents/).waitFor();
    const lead = (await page.locator('header').filter({ hasText: 'Session' }).first().textContent())!;
    expect(lead.replaceAll(/lets|hands on to|act$/g, '')).toMatch(/alice.*procurement.*analyst.*support/);
    await page.getByText('7 calls').first().waitFor();
    await world.checkPage(page, 'delegated-timeline');

    await page.getByRole('tab', { name: 'Cause and effect' }).click();
    const rows = page.getByRole('list', { name: '7 calls from cause to effect' }).getByRole('listitem');
    await rows.first().waitFor();
    const told = (await rows.allTextContents()).map((text) => text.replaceAll(/\d\d:\d\d:\d\d.*$/g, ''));
    expect(told).toEqual([
      expect.stringContaining('On behalf of alice'),
      expect.stringContaining('acts for alice'),
      expect.stringContaining('Call 1erp/orders.list by procurement: Done'),
      expect.stringMatching(/^analysthanded on by procurement, over procurement-analyst, at most erp:read/),
      expect.stringContaining('Call 2erp/reports.build by analyst: Done'),
      expect.stringContaining('Call 3erp/orders.create by analyst: Deniedpolicy value from 1'),
      expect.stringMatching(/^supporthanded on by analyst, over analyst-support/),
      expect.stringContaining('Call 4crm/tickets.find by support: Done'),
      expect.stringContaining('Call 5crm/customers.get by support: Failedtool-error'),
      expect.stringContaining('Call 6erp/orders.create by support: Doneapproved by olga value from 1'),
      expect.stringContaining('Call 7erp/orders.list by procurement: Done'),
    ]);
    // With the keys, in the order in which it was done: the denied one says which tier did, and why.
    // A tab has these keys to itself.
    await page.locator('main').click({ position: { x: 5, y: 5 } });
    for (let i = 0; i < 3; i++) await page.keyboard.press('ArrowRight');
    await page.getByText('3 of 7').waitFor();
    await panel(page).getByText('What the policies say: denies').waitFor();
    await panel(page).getByText('purchasing.cedar#never-above-10000').waitFor();
    await panel(page).getByText('What its credential covers: permits').waitFor();
    await panel(page).getByText('"total": 14970').waitFor();
    await panel(page).getByRole('button', { name: 'erp/orders.list (call 1)' }).first().waitFor();
    await panel(page).getByRole('button', { name: 'support, which made 3 calls' }).waitFor();
    await world.checkPage(page, 'delegated-causes');
    // Up and down go through it as it is drawn.
    await page.locator('button[data-call][aria-current=step]').press('ArrowDown');
    await page.getByText('4 of 7').waitFor();
    await panel(page).getByText('Dock does not charge').waitFor();
    await page.keyboard.press('ArrowDown');
    await panel(page).getByText('No customer "c-9999".').waitFor();
    await page.keyboard.press('ArrowDown');
    await panel(page).getByText('Policies asked people first; it went on with their answer.').waitFor();
    await panel(page).getByText('purchasing.cedar#ask-for-larger-orders').waitFor();
    expect(await panel(page).textContent()).toMatch(/answered by olga/);
    expect(await panel(page).textContent()).toMatch(/alice.*procurement.*analyst.*support.*over procurement-analyst/);

    await page.getByRole('tab', { name: 'Agents and tools' }).click();
    const uses = page.getByRole('list', { name: 'Tools, and who called them' }).getByRole('button');
    await uses.first().waitFor();
    const lines = await uses.allTextContents();
    expect(lines).toEqual([
      'procurement, erp/orders.list: 2 Done',
      'analyst, erp/reports.build: 1 Done',
      'analyst, erp/orders.create: 1 Denied',
      'support, erp/orders.create: 1 Done',
      'support, crm/tickets.find: 1 Done',
      'support, crm/customers.get: 1 Failed',
    ]);
    await uses.first().click();
    await page.getByText('1 of 7').waitFor();
    await uses.first().click();
    await page.getByText('7 of 7').waitFor();
    await world.checkPage(page, 'delegated-reach');

    await page.getByLabel('Agent', { exact: true }).selectOption('support');
    await page.getByLabel('Decision', { exact: true }).selectOption('ask');
    await page.getByText('1 calls').or(page.getByText('1 of 1')).first().waitFor();
    await page.getByLabel('Decision', { exact: true }).selectOption('');
    await page.getByLabel('Agent', { exact: true }).selectOption('');
    await page.getByRole('button', { name: 'Show them' }).click();
    await page.getByText(`of ${view.calls.length}`).waitFor();
    expect(view.calls.length).toBeGreaterThan(worth().length);
  });

  it('seen from the last agent, a session begins with what led to it; a transaction has it all', async () => {
    const page = await world.consolePage('auditor', '/');
    const { session: id, txn } = named('crm/tickets.find', 'support');
    const of = async (path: string): Promise<readonly CallView[]> =>
      (await world.api<SessionView>(page, 'GET', path)).body.calls;
    expect((await of(`/v1/sessions/history/${id}`)).map(({ call }) => call)).toEqual(
      view.calls.map(({ call }) => call),
    );
    expect((await of(`/v1/transactions/${txn}`)).map(({ call }) => call)).toEqual(view.calls.map(({ call }) => call));
    // Page by page it is the same.
    const paged: CallView[] = [];
    for (let cursor: string | null = ''; cursor !== null; ) {
      const query: string = cursor === '' ? '' : `&cursor=${cursor}`;
      const { body } = await world.api<SessionView>(page, 'GET', `/v1/sessions/history/${id}?limit=4${query}`);
      paged.push(...body.calls);
      cursor = body.next;
    }
    expect(paged.map(({ call }) => call)).toEqual(view.calls.map(({ call }) => call));
    // A call that waited for people is one call, in the list of sessions too.
    const { items } = (await world.api<{ items: SessionLine[] }>(page, 'GET', '/v1/sessions/history?agent=support'))
      .body;
    expect(items[0]).toMatchObject({
      asked: 1,
      denied: 0,
      calls: view.calls.filter(({ agent }) => agent === 'support').length,
    });
  });

  it('a link shows somebody else the same call, without content where their role has none', async () => {
    const { call } = named('erp/orders.create', 'support');
    const link = `/sessions/${session.id}?view=graph&agent=support&call=${call}`;
    const page = await world.consolePage('viewer', link);
    await page.getByText('3 of 3').waitFor();
    await panel(page).getByText('answered by').waitFor();
    await page.getByRole('list', { name: '3 calls from cause to effect' }).waitFor();
    expect(await page.getByRole('list', { name: '3 calls from cause to effect' }).getByRole('listitem').count()).toBe(
      7,
    );
    await panel(page).getByText('Your role does not include the arguments and results of calls.').first().waitFor();
    const shown = (await page.textContent('main'))!;
    expect([shown.includes('northwind'), shown.includes('value from')]).toEqual([false, false]);
    await world.checkPage(page, 'delegated-viewer');
  });

  it('the export says what the journal says', async () => {
    const page = await world.consolePage('auditor', `/sessions/${session.id}`);
    const saved = async (format: string): Promise<string> => {
      const file = page.waitForEvent('download');
      await page.getByRole('button', { name: 'Export' }).click();
      await page.getByText(format).click();
      return readFile(await (await file).path(), 'utf8');
    };
    const calls = (await saved('NDJSON, one call a line'))
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as CallView);
    const records = await world.records();
    const ids = new Set(
      records.flatMap((r) => ((r.type === 'intent' || r.type === 'refusal') && r.subject === 'alice' ? [r.call] : [])),
    );
    expect(new Set(calls.map(({ call }) => call))).toEqual(ids);
    for (const { call, agent, chain, args, approvedBy, outcome, handovers } of calls) {
      const last = records.findLast((r) => (r.type === 'intent' || r.type === 'refusal') && r.call === call);
      const end = records.find((r) => r.type === 'outcome' && r.call === call);
      expect(last).toMatchObject({ agent, args, chain: chain.map((id) => ({ id })) });
      expect((last as { approvedBy?: string[] }).approvedBy ?? []).toEqual(approvedBy);
      expect((end as { outcome?: string } | undefined)?.outcome ?? null).toBe(outcome);
      expect(handovers).toHaveLength(chain.length - 1);
    }
    const [head, ...lines] = (await saved('CSV, for a spreadsheet')).trimEnd().split('\r\n');
    expect(head).toContain(',chain,handed_on,');
    expect(lines).toHaveLength(calls.length);
    expect(lines.some((line) => line.includes('procurement > analyst > support'))).toBe(true);
  });

  it('the command line tells the same of the same calls', async () => {
    const cli = async (...args: readonly string[]): Promise<string> => {
      const printed: string[] = [];
      const write = process.stdout.write.bind(process.stdout);
      process.stdout.write = ((text: string) => printed.push(text) > 0) as never;
      await run(['--config', world.configPath, ...args]).finally(() => {
        process.stdout.write = write;
      });
      return printed.join('');
    };
    for (const each of worth()) {
      const { call, chain, handovers, records, tiers, approval } = each;
      const told = JSON.parse(await cli('chain', call, '--json'));
      expect(told.chain.map(({ id }: { id: string }) => id)).toEqual(chain);
      expect(
        told.hops.map(({ seq, detail }: any) => [seq, detail.from, detail.to, detail.connection, detail.scopes]),
      ).toEqual(handovers.map(({ seq, from, to, connection, scopes }) => [seq, from, to, connection, scopes]));
      const explained = JSON.parse(await cli('explain', call, '--json'));
      const last = explained.steps.at(-1);
      expect(last.record.decision.tiers).toEqual(tiers);
      expect([last.record.approval, explained.outcome?.outcome ?? null]).toEqual([approval, each.outcome]);
      for (const { seq } of explained.steps) expect(records).toContain(seq);
    }
    const { call } = named('erp/orders.create', 'support');
    expect(await cli('explain', call)).toContain('support (of carol) for alice, through analyst, procurement');
    expect(await cli('chain', call)).toContain('procurement to analyst, over connection procurement-analyst');
  });

  it('an agent’s page says whom it acts for and through; a halt of the first agent previews and cuts those behind it', async () => {
    const page = await world.consolePage('operator', '/agents/analyst');
    const part = page.locator('section').filter({ has: page.getByRole('heading', { name: 'Chain of delegation' }) });
    await part.getByText('what came of it').first().waitFor();
    const text = (await part.last().textContent())!;
    expect(text).toMatch(/Acts for.*alice.*Takes work over from.*procurement.*Hands work on to.*support.*Lately/s);
    await world.checkPage(page, 'delegated-agent');
    await part.getByText('what came of it').first().click();
    await page.waitForURL(/transactions\/.*view=graph/);

    const begun = { yes: false };
    const under = support.callTool(LONG, { onprogress: () => (begun.yes = true), timeout: 60_000 } as never);
    const ended = under.then(
      (result) => result.isError === true,
      () => true,
    );
    await until(() => begun.yes);
    await page.goto(`${world.origin}/console/agents/procurement`);
    await page.getByRole('button', { name: 'Stop', exact: true }).click();
    await dialog(page).getByText('1 call under way: cut off at once').waitFor();
    await dialog(page).getByText('through analyst, procurement').waitFor();
    const effect = dialog(page)
      .getByRole('listitem')
      .filter({ hasText: 'What these agents do through it is refused too' });
    expect(await effect.textContent()).toContain('analyst, support');
    await world.checkPage(page, 'delegated-stop');
    await dialog(page).getByLabel('Reason').fill('It orders too much.');
    const startedMs = performance.now();
    await dialog(page).getByRole('button', { name: 'Halt agent procurement' }).click();
    expect(await ended).toBe(true);
    expect(performance.now() - startedMs).toBeLessThan(10_000);
    await page.getByText('Halted by olga').waitFor();
    await expect(hand.handOn(tokens.analyst, 'support')).rejects.toThrow('may not act');
    await expect(hand.client(tokens.support, 'again').then((client) => client.listTools())).rejects.toThrow();
    await world.admin('DELETE', '/v1/locks/agent:procurement?by=olga&reason=over');
  });

  it('a halt of what is done for the person names every agent that acts for her, and ends it', async () => {
    const again = await hand.client(tokens.support, 'support-program');
    await again.callTool({ name: 'crm__tickets.find', arguments: { customer: 'c-1002' } });
    const page = await world.consolePage('operator', '/stop');
    await page.getByRole('button', { name: 'Stop something' }).click();
    await dialog(page).getByLabel('What', { exact: true }).selectOption('user');
    await dialog(page).getByLabel('Person').fill('alice');
    const effect = dialog(page)
      .getByRole('listitem')
      .filter({ hasText: 'What these agents do for this person is refused' });
    await effect.waitFor();
    expect(await effect.textContent()).toContain('support');
    await dialog(page).getByLabel('Reason').fill('Her account was taken over.');
    await dialog(page).getByRole('button', { name: 'Halt everything for alice' }).click();
    await page.getByRole('row').filter({ hasText: 'Her account was taken over.' }).waitFor();
    await expect(again.callTool({ name: 'crm__tickets.find', arguments: {} })).rejects.toThrow();
    await world.admin('DELETE', '/v1/locks/user:alice?by=olga&reason=over');
    expect(world.complaints()).toEqual([]);
  });
});
