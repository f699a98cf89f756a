import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { leftOut } from './chromium.ts';
import { type ConsoleWorld, openConsoleWorld } from './console-world.ts';

/** The three questions, what needs somebody, and what is going on. */
describe('the overview in the console', { timeout: 240_000 }, () => {
  if (leftOut('the overview in the console')) {
    it('is not tried here: there is no browser', () => {});
    return;
  }
  let world: ConsoleWorld;
  beforeAll(async () => {
    world = await openConsoleWorld();
    await world.traffic();
  }, 120_000);
  afterAll(() => world?.close());

  it('answers the three questions with numbers that lead to what they count', async () => {
    const page = await world.consolePage('viewer', '/');
    await page.getByRole('link', { name: '4 agents' }).waitFor();
    const main = page.locator('main');
    await expect.poll(() => main.textContent()).toContain('4 called something in the last 24 hours.');
    await world.checkPage(page, 'overview');
    for (const [number, path, heading] of [
      ['3 servers', '/servers', 'Servers'],
      ['15 policies', '/policies', 'Policies'],
      ['4 active', '/agents?state=active', 'Agents'],
      ['See the map', '/map', 'Map'],
    ] as const) {
      await page.goto(`${world.origin}/console/`);
      await main.getByRole('link', { name: number }).click();
      await page.waitForURL(`**/console${path}`);
      await page.getByRole('heading', { level: 1, name: new RegExp(heading) }).waitFor();
    }
  });

  it('shows calls as they happen', async () => {
    const page = await world.consolePage('viewer', '/');
    const chart = page.getByRole('img', { name: /Calls per second/ });
    await chart.waitFor();
    const client = await world.client('procurement');
    const now = page.locator('dl').getByText(/\/s$/);
    await expect
      .poll(
        async () => {
          await client.callTool({ name: 'erp__orders.list', arguments: {} });
          return Number.parseFloat((await now.textContent())!);
        },
        { timeout: 15_000 },
      )
      .toBeGreaterThan(0);
    // One in a new session is a session more.
    const sessions = page.locator('dl').getByRole('link').first();
    const shown = async () => Number(await sessions.textContent());
    const told = async () => (await world.api<{ sessions: number }>(page, 'GET', '/v1/pulse')).body.sessions;
    // The page is up to a second behind.
    await expect.poll(async () => (await shown()) === (await told()), { timeout: 15_000 }).toBe(true);
    const before = await told();
    await world.client('support');
    await expect.poll(shown, { timeout: 15_000 }).toBe(before + 1);
  });

  it('says what needs somebody, the most urgent first, and leads there', async () => {
    const order = { tier: 'pause', by: 'olga', reason: 'looks odd' };
    await world.admin('POST', '/v1/locks', { ...order, target: 'agent:support' });
    const page = await world.consolePage('operator', '/');
    await page.getByRole('link', { name: /1 lock stops/ }).click();
    await page.waitForURL('**/console/stop');
    await page.getByRole('row').filter({ hasText: 'agent support' }).waitFor();
    await world.admin('POST', '/v1/locks', { ...order, target: 'all' });
    await page.goto(`${world.origin}/console/`);
    const list = page.locator('section').filter({ has: page.getByRole('heading', { name: 'Needs attention' }) });
    await list.getByText('Everything is stopped').waitFor();
    expect(await list.getByRole('listitem').first().textContent()).toContain('Everything is stopped');
    await world.admin('DELETE', '/v1/locks/all?by=olga&reason=over');
    await world.admin('DELETE', '/v1/locks/agent%3Asupport?by=olga&reason=over');
  });

  it('runs a drill, and says when the last one was', async () => {
    const page = await world.consolePage('operator', '/');
    await page.getByRole('button', { name: 'Run a drill' }).click();
    await page.locator('[role=dialog]').getByLabel('Reason').fill('Friday');
    await page.getByRole('button', { name: 'Run it' }).click();
    await page.getByText('The kill switch works').waitFor();
    expect(await world.act('lock.drill', 'olga')).toMatchObject({ reason: 'Friday', detail: { ok: true } });
  });

  it('answers what a careful operator would ask, with a way to what is wrong', async () => {
    const page = await world.consolePage('auditor', '/posture');
    await page.getByText('Does every agent prove itself with a key?', { exact: true }).waitFor();
    await page.getByText('4 agents have a development token').waitFor();
    await world.checkPage(page, 'posture');
  });

  it('draws the estate, leads from each node to its page, and says the same as a table', async () => {
    const page = await world.consolePage('viewer', '/map');
    await page.getByRole('group', { name: /^agent Procurement agent/ }).waitFor();
    await world.checkPage(page, 'map');
    await page.getByRole('searchbox', { name: 'Find in the map' }).fill('procurement');
    await expect.poll(() => page.getByRole('group', { name: /^agent Spending/ }).count()).toBe(0);
    await page.getByRole('button', { name: 'Table' }).click();
    await page.getByRole('grid', { name: 'Connections' }).getByText('Procurement agent').first().waitFor();
    await world.checkPage(page, 'map-table');
    await page.getByRole('button', { name: 'Graph' }).click();
    const node = page.getByRole('group', { name: /^agent Procurement agent/ });
    await node.focus();
    await page.keyboard.press('Enter');
    await page.waitForURL('**/console/agents/procurement');
    await page.getByRole('tab', { name: 'Connections' }).click();
    await page.getByRole('group', { name: /^server erp/ }).waitFor();
    await world.checkPage(page, 'agent-graph');
  });
});
