import { readFileSync } from 'node:fs';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { SessionLine } from '../../src/model/insight/records.ts';
import { until } from '../cases/house.ts';
import { leftOut } from './chromium.ts';
import { AgentKeys, callWith } from './console-tokens.ts';
import { type ConsoleWorld, openConsoleWorld, type Role } from './console-world.ts';

/** Every page there is, and every tab on it: nothing axe-core finds, nothing on the browser's console, nothing wider than the screen. */
interface Visit {
  /** As in the router. */
  readonly route: string;
  /** Where something of it is to be seen, when it is not the route itself. */
  readonly at?: string;
  /** Is there when the page has what it asked for. */
  readonly shows: string;
  readonly role?: Role;
  /** Its tabs are looked at elsewhere. */
  readonly alone?: true;
}

const ROUTER = new URL('../../console/src/router.tsx', import.meta.url);

function routesOf(source: string): readonly string[] {
  const routes = [...source.matchAll(/\bpage\(\s*'([^']+)',\s*lazyRouteComponent\(/g)].map(([, path]) => path!);
  // A page that is written in another way is not found by this: then it does not go unnoticed.
  expect(routes.length).toBe(source.match(/import\('\.\/pages\//g)?.length);
  expect(source.match(/createRoute\(/g)?.length).toBe(1);
  return routes;
}

/** What is looked at by the walk: the page itself, and each tab it offers there and then. */
class Walk {
  readonly world: ConsoleWorld;
  readonly #seen = new Set<string>();

  readonly #named: string;

  /** `named`: what pictures of it are called. */
  constructor(world: ConsoleWorld, named: string) {
    this.world = world;
    this.#named = named;
  }

  /** What is wrong with any of them. */
  async all(visits: readonly Visit[], forgiven?: number): Promise<readonly string[]> {
    const wrong: string[] = [];
    for (const visit of visits) {
      await this.#visit(visit, forgiven).catch(
        (error: Error) => void wrong.push(`${visit.at ?? visit.route}: ${error.message}`),
      );
    }
    return wrong;
  }

  async #visit({ route, at = route, shows, role = 'security-admin', alone }: Visit, forgiven?: number): Promise<void> {
    const page = await this.world.consolePage(role, at);
    await page.getByText(shows).filter({ visible: true }).first().waitFor();
    const name = `${this.#named} ${role} ${at}`.replaceAll(/[^a-z0-9]+/g, '-');
    if (forgiven !== undefined) this.world.forgive(forgiven);
    await this.#look(page, name);
    if (alone !== true) await this.#tabs(page, name);
  }

  async #look(page: Page, name: string): Promise<void> {
    await page.locator('main').waitFor();
    await expect.poll(() => page.getByRole('status', { name: /^Loading/ }).count(), { timeout: 15_000 }).toBe(0);
    // A page says what it is, once, where readers and browsers look for it.
    expect([name, await page.locator('main h1').count()]).toEqual([name, 1]);
    expect([name, await page.title()]).toEqual([name, expect.stringMatching(/^\S.* · Interlock$/)]);
    await this.world.checkPage(page, name);
  }

  async #tabs(page: Page, name: string): Promise<void> {
    // In front of the page, the page itself waits.
    if ((await page.getByRole('dialog').count()) > 0) return;
    const tabs = page.locator('main [role=tablist]:not([aria-label=Files]) [role=tab]');
    const keyOf = async (i: number): Promise<string> =>
      `${name} ${(await tabs.nth(i).textContent())!.replaceAll(/[^A-Za-z ]/g, '').trim()}`;
    const count = await tabs.count();
    for (let i = 0; i < count; i++)
      if ((await tabs.nth(i).getAttribute('aria-selected')) === 'true') this.#seen.add(await keyOf(i));
    for (let i = 0; i < count; i++) {
      const key = await keyOf(i);
      if (this.#seen.has(key)) continue;
      this.#seen.add(key);
      await tabs.nth(i).click();
      await this.#look(page, key.replaceAll(' ', '-'));
    }
  }
}

const by = { by: 'olga', reason: 'case' };

describe.skipIf(leftOut('every page of the console'))('every page of the console', { timeout: 480_000 }, () => {
  let world: ConsoleWorld;
  let visits: readonly Visit[];

  beforeAll(async () => {
    const keys = await AgentKeys.of('procurement');
    world = await openConsoleWorld({
      change(config) {
        keys.enter(config);
        config.journal.results = 'keep';
        config.connections = { 'support-analyst': { from: 'support', to: 'analyst', scopes: ['crm:read'] } };
      },
    });
    await world.traffic();
    visits = visitsOf(await estate(world, keys));
  }, 120_000);
  afterAll(() => world?.close());

  it('a page that is added is walked, too', () => {
    const walked = new Set(visits.map(({ route }) => route));
    expect([...walked].sort()).toEqual([...routesOf(readFileSync(ROUTER, 'utf8'))].sort());
  });

  it('each of them, with each of its tabs, is whole', async () => {
    expect(await new Walk(world, 'page').all(visits)).toEqual([]);
  });

  it('what is not there says so, and leads on; nor does anybody without a role see anything', async () => {
    expect(await new Walk(world, 'missing').all(MISSING, 404)).toEqual([]);
    expect(await new Walk(world, 'closed').all(NO_ROLE)).toEqual([]);
  });

  it('what was looked for in vain says so', async () => {
    expect(await new Walk(world, 'in-vain').all(IN_VAIN)).toEqual([]);
  });
});

describe.skipIf(leftOut('a console with nothing in it'))('a new console', { timeout: 240_000 }, () => {
  let world: ConsoleWorld;
  beforeAll(async () => {
    world = await openConsoleWorld({
      change: (config) => Object.assign(config, { agents: {}, servers: {} }),
      policies: { 'operations.cedar': null, 'purchasing.cedar': null, 'support.cedar': null },
    });
  }, 60_000);
  afterAll(() => world?.close());

  it('says on each page what will be there, and how it gets there', async () => {
    expect(await new Walk(world, 'new').all(EMPTY)).toEqual([]);
  });
});

interface Estate {
  readonly session: string;
  readonly txn: string;
  readonly call: string;
  readonly draft: string;
  readonly version: string;
  readonly review: string;
  readonly task: string;
  readonly approval: string;
}

/** One of everything that has a page. */
async function estate(world: ConsoleWorld, keys: AgentKeys): Promise<Estate> {
  const own = await keys.own(world.origin, 'procurement', 'erp:read');
  expect(await callWith(world.origin, own.access_token!, 'orders.list')).toBe(true);
  const client = await world.client('procurement');
  const order = { supplier: 'northwind', item: 'LAP-14', quantity: 1, total: 900, currency: 'EUR' };
  client.callTool({ name: 'erp__orders.create', arguments: order }).catch(() => {});
  const made = async (path: string, body: object): Promise<string> => {
    const answer = await world.admin<{ id: string }>('POST', path, body);
    expect([path, answer.status < 300]).toEqual([path, true]);
    return answer.body.id;
  };
  const list = async <T>(path: string): Promise<readonly T[]> =>
    (await world.admin<{ items: readonly T[] }>('GET', path)).body.items ?? [];
  const fields = { description: 'Back office.', archetype: 'homegrown', riskTier: 'medium', servers: ['erp'] };
  await world.admin('PUT', '/v1/templates/clerk', { fields, ...by });
  await world.admin('POST', '/v1/locks', { target: 'tool:crm/customers.export', tier: 'pause', ...by });
  await world.admin('POST', '/v1/drills', by);
  world.company.mutateTool('orders.cancel', 'Cancels every order.');
  await world.admin('POST', '/v1/servers/erp/scan', by);
  const task = { agent: 'analyst', purpose: 'Build the report.', tools: ['erp/*'], maxCalls: 5, by: 'olga' };
  const review = { name: 'Fourth quarter', dueAtMs: Date.now() + 86_400_000, filter: {}, reviewers: ['sara'], ...by };
  const file = { path: 'more.cedar', text: '@id("more")\npermit (principal, action, resource);\n' };
  const parts = {
    task: await made('/v1/tasks', task),
    review: await made('/v1/reviews', review),
    draft: await made('/v1/policies/drafts', { title: 'Everything for everybody', files: [file], by: 'paul' }),
    version: (await list<{ version: string }>('/v1/policies/versions'))[0]!.version,
  };
  const found: { [name in 'session' | 'txn' | 'call' | 'approval']?: string | undefined } = {};
  // The index of the record is a moment behind.
  await until(async () => {
    const sessions = await list<SessionLine>('/v1/sessions/history?agent=procurement');
    for (const { id } of sessions) {
      const { calls } = (
        await world.admin<{ calls: { call: string; txn?: string }[] }>(
          'GET',
          `/v1/sessions/history/${encodeURIComponent(id)}`,
        )
      ).body;
      found.txn ??= calls.find(({ txn }) => txn)?.txn;
      if (calls.length > 0) Object.assign(found, { session: id, call: calls[0]!.call });
    }
    found.approval = (await list<{ id: string }>('/v1/approvals/inbox?of=pending'))[0]?.id;
    return found.txn !== undefined && found.call !== undefined && found.approval !== undefined;
  });
  return { ...parts, ...(found as Estate) };
}

function visitsOf({ session, txn, call, draft, version, review, task, approval }: Estate): readonly Visit[] {
  return [
    { route: '/', shows: 'Where are my agents?' },
    { route: '/agents', shows: '4 agents' },
    { route: '/agents/$id', at: '/agents/procurement', shows: 'Orders office supplies' },
    { route: '/map', shows: 'Procurement agent' },
    { route: '/map', at: '/map?view=table', shows: 'Procurement agent' },
    { route: '/stop', shows: 'tool crm/customers.export' },
    { route: '/posture', shows: 'Does every agent prove itself with a key?' },
    { route: '/approvals', at: `/approvals?tab=pending&id=${approval}`, shows: 'LAP-14' },
    { route: '/live', shows: 'Connected' },
    { route: '/sessions', shows: 'procurement' },
    { route: '/sessions/$id', at: `/sessions/${session}?call=${call}`, shows: 'Decision' },
    { route: '/transactions/$id', at: `/transactions/${txn}`, shows: 'Timeline' },
    { route: '/calls/$id', at: `/calls/${call}`, shows: 'Decision' },
    { route: '/audit', shows: 'procurement' },
    { route: '/policies', shows: 'never-above-10000' },
    { route: '/policies/drafts/$id', at: `/policies/drafts/${draft}`, shows: 'Everything for everybody' },
    { route: '/policies/versions/$id', at: `/policies/versions/${version}`, shows: 'Files' },
    { route: '/servers', shows: 'erp' },
    { route: '/servers/$id', at: '/servers/erp', shows: 'orders.list' },
    { route: '/connections', shows: 'support' },
    { route: '/connections', at: `/connections?tab=tasks&task=${task}`, shows: 'Build the report.' },
    { route: '/people', shows: 'Alice Arnold' },
    { route: '/people/$id', at: '/people/alice', shows: 'Procurement agent' },
    { route: '/reviews', shows: 'Fourth quarter' },
    { route: '/reviews/$id', at: `/reviews/${review}`, shows: 'Spending analyst' },
    { route: '/templates', shows: 'clerk' },
    { route: '/settings', shows: 'takes records' },
  ];
}

const MISSING: readonly Visit[] = [
  { route: '*', at: '/no/such/page', shows: 'Nothing is at this address' },
  { route: '/agents/$id', at: '/agents/nobody', shows: 'Go to ' },
  { route: '/sessions/$id', at: '/sessions/nobody', shows: 'Go to Sessions' },
  { route: '/transactions/$id', at: '/transactions/nobody', shows: 'Go to Sessions' },
  { route: '/calls/$id', at: '/calls/nobody', shows: 'Go to ' },
  { route: '/policies/drafts/$id', at: '/policies/drafts/nobody', shows: 'Go to ' },
  { route: '/policies/versions/$id', at: '/policies/versions/nobody', shows: 'Go to ' },
  { route: '/servers/$id', at: '/servers/nobody', shows: 'Go to ' },
  { route: '/people/$id', at: '/people/nobody', shows: 'Go to ' },
  { route: '/reviews/$id', at: '/reviews/nobody', shows: 'Go to ' },
];

const NO_ROLE: readonly Visit[] = [
  { route: '/', shows: 'you have no role in the console', role: 'none' },
  { route: '/agents/$id', at: '/agents/procurement', shows: 'you have no role in the console', role: 'none' },
];

const IN_VAIN: readonly Visit[] = [
  { route: '/agents', at: '/agents?search=zebra', shows: 'No agent matches', alone: true },
  { route: '/people', at: '/people?q=zebra', shows: 'Nobody', alone: true },
  { route: '/servers', at: '/servers?q=zebra', shows: 'No server', alone: true },
  { route: '/servers', at: '/servers?tab=tools&q=zebra', shows: 'No tool', alone: true },
  { route: '/templates', at: '/templates?q=zebra', shows: 'No template', alone: true },
  { route: '/audit', at: '/audit?q=zebra', shows: 'No record fits all of this', alone: true },
  { route: '/sessions', at: '/sessions?agent=zebra', shows: 'No session', alone: true },
  { route: '/policies', at: '/policies?q=zebra', shows: 'No policy fits', alone: true },
  { route: '/map', at: '/map?q=zebra', shows: 'Nothing fits', alone: true },
];

const EMPTY: readonly Visit[] = [
  { route: '/', shows: 'Register one under' },
  { route: '/agents', shows: 'No agents yet' },
  { route: '/map', shows: 'Nothing is connected here' },
  { route: '/stop', shows: 'Nothing is stopped' },
  { route: '/approvals', shows: 'All answered' },
  { route: '/live', shows: 'Nothing happens right now' },
  { route: '/sessions', shows: 'No agent has called anything yet' },
  { route: '/servers', shows: 'No server' },
  { route: '/connections', shows: 'No agent may hand work to another' },
  { route: '/policies', at: '/policies?tab=drafts', shows: 'No draft is open' },
  { route: '/reviews', shows: 'No review has been held' },
  { route: '/templates', shows: 'No template' },
];
