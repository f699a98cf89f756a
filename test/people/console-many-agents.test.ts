import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { leftOut } from './chromium.ts';
import { type ConsoleWorld, openConsoleWorld } from './console-world.ts';

const MANY = 100_000;
const STATE = ['homegrown', 'saas', 'developer_tool'];
const RISKS = ['low', 'medium', 'high', 'critical'];

/** Where are my agents, when there are a hundred thousand of them. */
describe('a hundred thousand agents in the console', { timeout: 600_000 }, () => {
  if (leftOut('a hundred thousand agents in the console')) {
    it('are not tried here: there is no browser', () => {});
    return;
  }
  let world: ConsoleWorld;
  beforeAll(async () => {
    world = await openConsoleWorld();
    const rows = Array.from({ length: MANY }, (_, i) => ({
      id: `robot-${String(i).padStart(6, '0')}`,
      name: i === 77_777 ? 'Quetzal feeder' : `Robot ${i}`,
      owner: ['alice', 'bob', 'carol'][i % 3],
      purpose: 'Moves things from one place to another.',
      archetype: STATE[i % 3],
      riskTier: RISKS[i % 4],
      department: `department ${i % 50}`,
    }));
    const imported = await world.admin<{ made: number }>(
      'POST',
      '/v1/agents/import?by=sara&reason=the%20whole%20estate',
      rows,
    );
    expect(imported).toMatchObject({ status: 200, body: { made: MANY } });
  }, 600_000);
  afterAll(() => world?.close());

  it('are listed, searched and filtered at once, and scrolled to the end of what is loaded', async () => {
    const page = await world.consolePage('operator', '/agents');
    await page.getByText(`${(MANY + 4).toLocaleString('en-US')} agents`).waitFor();
    // Rows that cannot be seen are not there.
    expect(await page.getByRole('row').count()).toBeLessThan(60);
    const box = page.getByRole('searchbox', { name: 'Search agents' });
    const times: number[] = [];
    for (const text of ['robot-0999', 'quetzal', 'robot 5', 'department', 'robot-04242', 'quetzal feeder']) {
      await box.fill(text);
      const [answer] = await Promise.all([
        page.waitForResponse(
          (r) => r.url().includes('search=') && r.url().includes(encodeURIComponent(text).replaceAll('%20', '+')),
        ),
        page.waitForURL((url) => url.searchParams.get('search') === text),
      ]);
      await answer.finished();
      // From when it was asked for until the frame after its answer.
      const seen = await page.evaluate<number>(
        `new Promise((done) => requestAnimationFrame(() => setTimeout(() => done(
          performance.now() - performance.getEntriesByName(${JSON.stringify(answer.url())}).at(-1).startTime))))`,
      );
      times.push(seen);
    }
    await page.getByRole('row').filter({ hasText: 'Quetzal feeder' }).waitFor();
    await page.getByText('1 agent matches').waitFor();
    process.stdout.write(
      `\nsearch in ${MANY} agents, from the question to what is drawn, in ms: ${times.map((ms) => ms.toFixed(0)).join(', ')}\n`,
    );
    await world.checkPage(page, 'agents-many');
    await page.goto(`${world.origin}/console/agents?riskTier=critical&department=department+7`);
    await page.getByText(/agents match/).waitFor();
    const grid = page.getByRole('grid', { name: 'Agents' });
    for (let i = 0; i < 6; i++) {
      await grid.focus();
      await page.keyboard.press('End');
      await page.waitForTimeout(150);
    }
    expect(await page.getByRole('row').count()).toBeLessThan(60);
    expect(Number(await grid.getAttribute('aria-rowcount'))).toBeGreaterThan(300);
    expect(world.complaints()).toEqual([]);
  });
});
