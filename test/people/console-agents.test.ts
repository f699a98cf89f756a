import { generateKeyPairSync } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Lock } from '../../src/model/lock.ts';
import { textOf, until } from '../cases/house.ts';
import { leftOut } from './chromium.ts';
import { type ConsoleWorld, openConsoleWorld } from './console-world.ts';

const LONG = { name: 'erp__reports.build', arguments: { kind: 'spending', seconds: 40 } };
const SHORT = { name: 'erp__orders.list', arguments: {} };

/** Where are my agents, what can they do, and stop that one now. */
describe('agents in the console', { timeout: 240_000 }, () => {
  if (leftOut('agents in the console')) {
    it('are not tried here: there is no browser', () => {});
    return;
  }
  let world: ConsoleWorld;
  beforeAll(async () => {
    world = await openConsoleWorld();
    await world.traffic();
  }, 120_000);
  afterAll(() => world?.close());
  afterEach(async () => {
    for (const { target } of await locks()) {
      const written = target.kind === 'all' ? 'all' : `${target.kind}:${target.id}`;
      await world.admin('DELETE', `/v1/locks/${encodeURIComponent(written)}?by=sara&reason=over`);
    }
  });

  const locks = async (): Promise<readonly Lock[]> =>
    (await world.admin<{ items: Lock[] }>('GET', '/v1/locks')).body.items;
  /** A call that may end with its connection, without anybody being surprised. */
  async function calling(agent: string, seconds: number) {
    const client = await world.client(agent);
    const begun = { yes: false };
    const call = { ...LONG, arguments: { ...LONG.arguments, seconds } };
    const under = client.callTool(call, { onprogress: () => (begun.yes = true), timeout: 60_000 } as never);
    const ended = under.then(
      (result) => result,
      (error: Error) => error,
    );
    await until(() => begun.yes);
    return { client, ended };
  }
  const dialog = (page: Page) => page.locator('[role=dialog]');
  const fillReason = (page: Page, reason: string) => dialog(page).getByLabel('Reason').fill(reason);

  it('the operator kills an agent in the middle of a long call and watches it end; its neighbour goes on', async () => {
    const page = await world.consolePage('operator', '/agents');
    await page.getByRole('searchbox', { name: 'Search agents' }).fill('analyst');
    await page.getByText('1 agent matches').waitFor();
    await page.getByRole('row').filter({ hasText: 'Spending analyst' }).click();
    await page.waitForURL('**/console/agents/analyst');
    const [long, neighbour] = [await calling('analyst', 40), await calling('procurement', 6)];
    await page.getByRole('button', { name: 'Stop', exact: true }).click();
    // What it will cut, before it does: that very call, and not the neighbour's.
    await dialog(page).getByText('1 call under way: cut off at once').waitFor();
    const preview = (await dialog(page).textContent())!;
    expect(preview).toContain('erp/reports.build');
    expect(preview).toContain('Other agents go on.');
    expect(preview).not.toContain('procurement');
    await world.checkPage(page, 'stop-dialog');
    await fillReason(page, 'It reads far more than usual.');
    const startedUs = performance.now();
    await dialog(page).getByRole('button', { name: 'Halt agent analyst' }).click();
    const ended = await long.ended;
    expect(performance.now() - startedUs).toBeLessThan(5_000);
    if (ended instanceof Error) expect(ended.message).not.toContain('timed out');
    else expect([ended.isError, textOf(ended)]).toEqual([true, expect.stringContaining('stopped')]);
    await page.getByText('Halted by olga').waitFor();
    await page.locator('#main').getByText('It reads far more than usual.').waitFor();
    await world.checkPage(page, 'agent-halted');
    expect((await neighbour.ended) instanceof Error).toBe(false);
    expect(textOf(await neighbour.ended)).toContain('northwind');
    expect(await world.act('lock.put', 'olga')).toMatchObject({
      reason: 'It reads far more than usual.',
      detail: { target: 'agent:analyst', tier: 'halt' },
    });
    await until(async () => {
      const records = await world.records();
      const cut = records.findLast((r) => r.type === 'intent' && r.agent === 'analyst' && r.target === 'reports.build');
      return records.some(
        (r) => r.type === 'outcome' && cut?.type === 'intent' && r.call === cut.call && r.outcome === 'unknown',
      );
    });
    // The list says so too, and is found by it.
    await page.goto(`${world.origin}/console/agents?lock=halt`);
    await page.getByText('1 agent matches').waitFor();
    await page.getByRole('row').filter({ hasText: 'Halted' }).click();
    await page.getByRole('button', { name: 'Release' }).click();
    await fillReason(page, 'Checked with Alice: it was month end.');
    await dialog(page).getByRole('button', { name: 'Release' }).click();
    await page.getByText('The lock on agent analyst is released.').waitFor();
    await until(async () => (await page.getByText('Halted by olga').count()) === 0);
    expect(await world.act('lock.release', 'olga')).toMatchObject({ detail: { target: 'agent:analyst' } });
    const again = await world.client('analyst');
    expect((await again.callTool(SHORT)).isError ?? false).toBe(false);
  });

  it('an agent opened while the search still settles stays open, however long its page takes to come', async () => {
    const page = await world.consolePage('operator', '/agents');
    const row = page.getByRole('row').filter({ hasText: 'Spending analyst' });
    await row.waitFor();
    await page.route(/\/assets\/agent-[^/]+\.js$/, async (route) => {
      await new Promise((done) => setTimeout(done, 1_000));
      await route.continue();
    });
    await page.getByRole('searchbox', { name: 'Search agents' }).fill('s');
    await row.dispatchEvent('click');
    await page.getByRole('button', { name: 'Stop', exact: true }).waitFor();
    expect(new URL(page.url()).pathname + new URL(page.url()).search).toBe('/console/agents/analyst');
  });

  it('a lock just placed can be let go of from the message that says so', async () => {
    const page = await world.consolePage('operator', '/stop');
    await page.getByRole('button', { name: 'Stop something' }).click();
    await dialog(page).getByLabel('What', { exact: true }).selectOption('tool');
    await dialog(page).getByLabel('Tool').fill('crm/customers.export');
    await dialog(page).getByText('Pause', { exact: true }).click();
    await dialog(page).getByLabel('For how long').selectOption({ label: '1 hour' });
    await fillReason(page, 'Nobody exports during the audit.');
    await dialog(page).getByRole('button', { name: 'Pause tool crm/customers.export' }).click();
    await page.getByRole('row').filter({ hasText: 'Nobody exports during the audit.' }).waitFor();
    await world.checkPage(page, 'stop');
    const [lock] = await locks();
    expect(lock).toMatchObject({ tier: 'pause', by: 'olga', target: { kind: 'tool', id: 'crm/customers.export' } });
    // Ordered and placed are two moments.
    expect(Math.round((lock!.untilMs! - lock!.atMs) / 60_000)).toBe(60);
    await page.getByRole('button', { name: 'Release…' }).click();
    await fillReason(page, 'The audit is over.');
    await dialog(page).getByRole('button', { name: 'Release' }).click();
    await page.getByText('Nothing is stopped').waitFor();
    expect(await locks()).toEqual([]);
    await world.checkPage(page, 'stop-empty');
  });

  it('everything is stopped with a passkey over that very request, by whoever may, and by nobody else', async () => {
    const operator = await world.consolePage('operator', '/stop');
    await operator.getByRole('button', { name: 'Stop something' }).click();
    expect(
      await dialog(operator).getByLabel('What', { exact: true }).locator('option').allTextContents(),
    ).not.toContain('Everything');
    const order = { target: 'all', tier: 'halt', reason: 'now' };
    expect((await world.api(operator, 'POST', '/v1/locks', order)).status).toBe(403);
    const page = await world.consolePage('security-admin', '/stop');
    const bare = await world.api<{ code: string }>(page, 'POST', '/v1/locks', order);
    expect([bare.status, bare.body.code]).toEqual([401, 'step-up-required']);
    expect(await locks()).toEqual([]);
    await page.getByRole('button', { name: 'Stop something' }).click();
    await dialog(page).getByLabel('What', { exact: true }).selectOption('all');
    await fillReason(page, 'An attack is under way.');
    await dialog(page).getByRole('button', { name: 'Halt everything' }).click();
    await page.getByRole('row').filter({ hasText: 'An attack is under way.' }).waitFor();
    world.forgive(401);
    expect(await world.act('lock.put', 'sara')).toMatchObject({ detail: { target: 'all', tier: 'halt' } });
    await expect(world.client('support').then((client) => client.callTool(SHORT))).rejects.toThrow();
    await page.getByRole('button', { name: 'Release everything' }).click();
    await fillReason(page, 'It is over.');
    await dialog(page).getByRole('button', { name: 'Release' }).click();
    await page.getByText('Nothing is stopped').waitFor();
    world.forgive(401);
    const after = await world.client('procurement');
    expect((await after.callTool(SHORT)).isError ?? false).toBe(false);
  });

  it('a viewer is not offered what only operators may do, and the API refuses it', async () => {
    const before = (await world.records()).length;
    const page = await world.consolePage('viewer', '/agents/analyst');
    await page.getByRole('heading', { name: /Spending analyst/ }).waitFor();
    for (const name of ['Stop', 'Manage', 'Edit', 'Release'])
      expect([name, await page.getByRole('button', { name, exact: true }).count()]).toEqual([name, 0]);
    await page.goto(`${world.origin}/console/stop`);
    await page.getByText('needs the role operator').waitFor();
    expect(await page.getByRole('button', { name: /Stop something|Run a drill/ }).count()).toBe(0);
    await page.goto(`${world.origin}/console/agents`);
    await page.getByText('4 agents').waitFor();
    expect(await page.getByRole('button', { name: 'Register an agent' }).count()).toBe(0);
    await world.checkPage(page, 'agents-viewer');
    const reason = 'because';
    const refused = [
      await world.api(page, 'POST', '/v1/locks', { target: 'agent:analyst', tier: 'halt', reason }),
      await world.api(page, 'POST', '/v1/agents', { id: 'x', fields: {}, reason }),
      await world.api(page, 'POST', '/v1/agents/analyst/suspend', { reason }),
      await world.api(page, 'POST', '/v1/agents/analyst/decommission', { reason }),
      await world.api(page, 'POST', '/v1/drills', { reason }),
    ];
    expect(refused.map(({ status }) => status)).toEqual([403, 403, 403, 403, 403]);
    const since = (await world.records()).slice(before);
    expect(since.filter((r) => r.type === 'admin' && /^(lock|agent)\./.test(r.act))).toEqual([]);
  });

  it('registers an agent, changes it, gives it to somebody else and retires it, each with who and why', async () => {
    const page = await world.consolePage('operator', '/agents');
    await page.getByRole('button', { name: 'Register an agent' }).click();
    await dialog(page).getByLabel('Name').fill('Invoice checker');
    expect(await dialog(page).getByLabel('Id', { exact: true }).inputValue()).toBe('invoice-checker');
    await dialog(page).getByLabel('Purpose').fill('Compares invoices with orders.');
    await dialog(page).getByLabel('Owner').fill('alice');
    await dialog(page).getByLabel('Risk').selectOption('high');
    await dialog(page).getByLabel('Servers').fill('erp');
    const jwk = generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey.export({ format: 'jwk' });
    await dialog(page)
      .getByLabel('Public key')
      .fill(JSON.stringify({ ...jwk, kid: 'invoices-1' }));
    await world.checkPage(page, 'register');
    await fillReason(page, 'Asked for by finance.');
    await dialog(page).getByRole('button', { name: 'Register' }).click();
    await page.waitForURL('**/console/agents/invoice-checker');
    await page.getByText('Compares invoices with orders.').waitFor();
    expect(await world.act('agent.register', 'olga')).toMatchObject({
      reason: 'Asked for by finance.',
      detail: { agent: 'invoice-checker', owner: 'alice', riskTier: 'high', state: 'active' },
    });

    await page.getByRole('button', { name: 'Edit' }).click();
    await dialog(page).getByLabel('Risk').selectOption('critical');
    await fillReason(page, 'It sees salaries.');
    await dialog(page).getByRole('button', { name: 'Save' }).click();
    await page.getByText('Invoice checker is changed.').waitFor();

    await page.getByRole('button', { name: 'Manage' }).click();
    await page.getByRole('menuitem', { name: 'Change the owner…' }).click();
    await dialog(page).getByLabel('New owner').fill('bob');
    await fillReason(page, 'Alice moves on.');
    await dialog(page).getByRole('button', { name: 'Change the owner' }).click();
    await page.getByText('Invoice checker belongs to bob.').waitFor();

    await page.getByRole('tab', { name: 'History' }).click();
    await page.getByText('Asked for by finance.').waitFor();
    await expect.poll(() => page.locator('main').textContent()).toContain('alice → bob');
    expect(await page.locator('main').textContent()).toContain('high → critical');
    await world.checkPage(page, 'agent-history');

    await page.getByRole('button', { name: 'Manage' }).click();
    await page.getByRole('menuitem', { name: 'Decommission…' }).click();
    await dialog(page).getByText('every access token issued until now').waitFor();
    await dialog(page).getByText('invoices-1').waitFor();
    await world.checkPage(page, 'decommission');
    await fillReason(page, 'The project has ended.');
    await dialog(page).getByRole('button', { name: 'Decommission for good' }).click();
    await page.getByText('is decommissioned, and nothing is left with it').waitFor();
    await until(async () => (await page.getByRole('button', { name: 'Stop', exact: true }).count()) === 0);
    expect(await world.act('agent.decommission', 'olga')).toMatchObject({ reason: 'The project has ended.' });
  });

  it('what somebody else changed meanwhile is not overwritten, and said', async () => {
    const page = await world.consolePage('operator', '/agents/procurement');
    await page.getByRole('button', { name: 'Edit' }).click();
    await dialog(page).getByLabel('Deputies').fill('bob');
    await world.admin('PATCH', '/v1/agents/procurement', {
      by: 'sara',
      reason: 'first',
      fields: { deputies: ['carol'] },
    });
    await fillReason(page, 'second');
    await dialog(page).getByRole('button', { name: 'Save' }).click();
    await dialog(page).getByText('was changed since you looked at it').waitFor();
    world.forgive(409);
    const { body } = await world.admin<{ agent: { deputies: string[] } }>('GET', '/v1/agents/procurement');
    expect(body.agent.deputies).toEqual(['carol']);
  });

  it('says what an agent can do, with the policy behind each line', async () => {
    const page = await world.consolePage('auditor', '/agents/procurement?tab=abilities');
    const row = page.getByRole('row').filter({ hasText: 'orders.create' });
    await row.waitFor();
    expect(await row.textContent()).toContain('Asks people');
    await world.checkPage(page, 'agent-abilities');
    await row.click();
    await dialog(page).getByRole('link', { name: 'ask-for-larger-things' }).waitFor();
    await world.checkPage(page, 'agent-ability');
    await dialog(page).getByRole('link', { name: 'ask-for-larger-things' }).click();
    await page.waitForURL(/\/console\/policies\?.*purchasing\.cedar/);
    await page.goto(`${world.origin}/console/agents/procurement?tab=abilities&outcome=never&server=infra`);
    await page.getByText('3 of 11 tools').waitFor();
  });

  it('a drill proves that the kill switch works, and is on record', async () => {
    const page = await world.consolePage('operator', '/stop');
    await page.getByRole('button', { name: 'Run a drill' }).click();
    await fillReason(page, 'Every Friday.');
    await dialog(page).getByRole('button', { name: 'Run it' }).click();
    await page.getByText('The kill switch works').waitFor();
    await page.getByText('Worked').first().waitFor();
    await world.checkPage(page, 'drills');
    await page.goto(`${world.origin}/console/`);
    await page.getByText('Works', { exact: true }).waitFor();
  });

  it('a requested agent is approved by somebody else than who asked for it', async () => {
    const jwk = generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey.export({ format: 'jwk' });
    const page = await world.consolePage('operator', '/agents?do=register');
    await dialog(page).getByLabel('Name').fill('Travel desk');
    await dialog(page).getByLabel('Purpose').fill('Books trains.');
    await dialog(page).getByLabel('Owner').fill('carol');
    await dialog(page)
      .getByLabel('Public key')
      .fill(JSON.stringify({ ...jwk, kid: 'travel-1' }));
    await dialog(page).getByText('Somebody else approves it first').click();
    await fillReason(page, 'Carol wants it.');
    await dialog(page).getByRole('button', { name: 'Request it' }).click();
    await page.waitForURL('**/console/agents/travel-desk');
    await page.getByRole('button', { name: 'Approve' }).click();
    await fillReason(page, 'I say so myself.');
    await dialog(page).getByRole('button', { name: 'Approve' }).click();
    await dialog(page).getByText('somebody else approves it').waitFor();
    world.forgive(403);
    const other = await world.consolePage('security-admin', '/agents?state=requested');
    await other.getByRole('row').filter({ hasText: 'Travel desk' }).click();
    await other.getByRole('button', { name: 'Approve' }).click();
    await fillReason(other, 'Looked at it.');
    await dialog(other).getByRole('button', { name: 'Approve' }).click();
    await other.getByRole('button', { name: 'Activate' }).click();
    await fillReason(other, 'Ready.');
    await dialog(other).getByRole('button', { name: 'Activate' }).click();
    await other.getByText('Travel desk is active.').waitFor();
    expect(await world.act('agent.approve')).toMatchObject({ by: 'sara', reason: 'Looked at it.' });
    expect(await world.act('agent.activate')).toMatchObject({ by: 'sara', reason: 'Ready.' });
    expect(world.complaints()).toEqual([]);
  });

  it('whatever an agent is called is only text, and what hides in it is written out', async () => {
    const evil = `<img src=x onerror="globalThis.taken=true">`;
    const fields = {
      ...{ name: `${evil}\u202Egnp`, owner: 'bob', purpose: `</span><script>globalThis.taken=true</script>` },
      ...{ archetype: 'saas', riskTier: 'low', department: `"><b>legal` },
    };
    const made = await world.admin('POST', '/v1/agents', { id: 'evil', fields, by: 'sara', reason: evil });
    expect(made.status).toBe(201);
    await world.admin('POST', '/v1/locks', { target: 'agent:evil', tier: 'pause', by: 'sara', reason: evil });
    const page = await world.consolePage('operator', '/agents?search=evil');
    for (const path of [
      '/agents?search=evil',
      '/agents/evil',
      '/agents/evil?tab=history',
      '/agents/evil?tab=graph',
      '/map',
      '/stop',
    ]) {
      await page.goto(`${world.origin}/console${path}`);
      await page.getByText('<img src=x').filter({ visible: true }).first().waitFor();
      expect([path, await page.evaluate('globalThis.taken')]).toEqual([path, undefined]);
      expect([path, await page.locator('main img, main b:text("legal"), main script').count()]).toEqual([path, 0]);
    }
    await page.goto(`${world.origin}/console/agents?search=evil`);
    await page.getByText('⟨U+202E⟩gnp').waitFor();
    expect(world.complaints()).toEqual([]);
  });

  it('agents leave as a file, and come as one that is looked at first', async () => {
    const page = await world.consolePage('operator', '/agents?department=purchasing');
    await page.getByText('2 agents match').waitFor();
    await page.getByRole('button', { name: 'More' }).click();
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('menuitem', { name: 'Export these as CSV' }).click(),
    ]);
    const lines = readFileSync(await download.path(), 'utf8')
      .trim()
      .split('\n');
    expect(lines[0]).toMatch(/^id,/);
    expect(lines.slice(1).map((line) => line.split(',')[0])).toEqual(['analyst', 'procurement']);
    await page.getByRole('button', { name: 'More' }).click();
    await page.getByRole('menuitem', { name: 'Import a file…' }).click();
    const file = (text: string) => ({ name: 'agents.csv', mimeType: 'text/csv', buffer: Buffer.from(text) });
    const head = 'id,name,owner,purpose,archetype,riskTier\n';
    await dialog(page)
      .getByLabel('File')
      .setInputFiles(file(`${head}mailer,Mailer,nobody-known,Mails.,saas,low\n`));
    await dialog(page).getByText('0 new, 0 changed, 0 as they are, 1 refused').waitFor();
    await dialog(page)
      .getByText(/Line 2, mailer: .*nobody-known/)
      .waitFor();
    await fillReason(page, 'The whole department.');
    expect(await dialog(page).getByRole('button', { name: 'Import' }).isDisabled()).toBe(true);
    await dialog(page)
      .getByLabel('File')
      .setInputFiles(file(`${head}mailer,Mailer,carol,Mails.,saas,low\n`));
    await dialog(page).getByText('1 new, 0 changed').waitFor();
    await world.checkPage(page, 'agents-import');
    await dialog(page).getByRole('button', { name: 'Import' }).click();
    await page.getByText('1 agent registered, 0 changed.').waitFor();
    expect(await world.act('agent.import', 'olga')).toMatchObject({ reason: 'The whole department.' });
  });
});
