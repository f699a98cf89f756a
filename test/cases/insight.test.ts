import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type DemoCompany, startDemoCompany } from '../../examples/demo-company/server.ts';
import type { AgentLine, AgentPermissions, LockEffect, LockPreview } from '../../src/model/insight/agents.ts';
import type { Pulse } from '../../src/model/insight/overview.ts';
import { CONNECT, type House, openHouse, until } from './house.ts';

/** Where agents are and what is going on, as the console asks (requirements OB5). */
let company: DemoCompany;
let house: House;
let dir: string;

const POLICIES = `${CONNECT}
@id("read") permit(principal, action in Action::"use", resource is Tool) when { resource.effect == "read" };
@id("buy") @ask("person:bob") permit(principal == Agent::"buyer", action in Action::"use", resource == Tool::"erp/orders.create");
@id("build") permit(principal, action in Action::"use", resource == Tool::"erp/reports.build");`;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'interlock-insight-'));
  company = await startDemoCompany({ port: 0, dbPath: join(dir, 'company.db') });
  const tools = '{ "*": { effect: read, dataClass: internal }, orders.create: { effect: write, dataClass: internal } }';
  house = await openHouse({
    agents: ['buyer', 'clerk'],
    servers: `  erp:\n    url: ${company.urls.erp}\n    tools: ${tools}\n`,
    policies: { 'a.cedar': POLICIES },
  });
});
afterAll(async () => {
  await house?.stop();
  await company?.close();
  await rm(dir, { recursive: true, force: true });
});

async function get<T>(path: string): Promise<T> {
  const { status, body } = await house.admin<T>('GET', path);
  expect(status, JSON.stringify(body)).toBe(200);
  return body;
}
const sum = (counts: readonly number[]): number => counts.reduce((all, one) => all + one, 0);
const LIST = { name: 'orders.list', arguments: {} };

describe('what is going on', () => {
  it('the pulse counts what was permitted, denied and put to people, and tells our own part of the time', async () => {
    const client = await house.client('clerk', '/mcp/erp');
    const before = await get<Pulse>('/v1/pulse');
    for (let i = 0; i < 5; i++) await client.callTool(LIST);
    await client.callTool({ name: 'orders.create', arguments: {} }).catch(() => {});
    const buyer = await house.client('buyer', '/mcp/erp');
    const order = { name: 'orders.create', arguments: { supplier: 'northwind', item: 'paper', quantity: 1, total: 9 } };
    const asking = buyer.callTool(order).catch((error: unknown) => error);
    await until(async () => sum((await get<Pulse>('/v1/pulse')).asked) === 1);
    const pulse = await get<Pulse>('/v1/pulse');
    expect(pulse.permitted).toHaveLength(120);
    expect(pulse.stepMs).toBe(1000);
    // The calls, and what clients do to open a session.
    expect(sum(pulse.permitted) - sum(before.permitted)).toBeGreaterThanOrEqual(5);
    expect(sum(pulse.denied)).toBeGreaterThanOrEqual(1);
    expect(pulse).toMatchObject({ inFlight: 1, sessions: 2 });
    expect(pulse.addedUs!.p50).toBeGreaterThan(0);
    expect(pulse.addedUs!.p99).toBeGreaterThanOrEqual(pulse.addedUs!.p50);
    // It waited for a person: that is nobody's added latency.
    await new Promise((done) => setTimeout(done, 1_500));
    const [question] = (await get<{ items: { id: string }[] }>('/v1/approvals?state=pending')).items;
    const answered = await house.admin('POST', `/v1/approvals/${question!.id}`, {
      state: 'approved',
      by: 'bob',
      reason: 'ok',
    });
    expect(answered.status, JSON.stringify(answered.body)).toBe(200);
    await asking;
    await new Promise((done) => setTimeout(done, 1_100));
    expect((await get<Pulse>('/v1/pulse')).addedUs!.p99).toBeLessThan(1_000_000);
  });
});

describe('the list of agents', () => {
  it('says who answers for each, what stops it and how much it does, page by page, with how many there are', async () => {
    type List = { items: AgentLine[]; next: string | null; total: number };
    const first = await get<List>('/v1/agents/summaries?limit=1');
    expect(first).toMatchObject({
      total: 2,
      items: [{ id: 'buyer', ownerName: 'Alice', lock: null, state: 'active' }],
    });
    const second = await get<List>(`/v1/agents/summaries?limit=1&cursor=${first.next}`);
    expect(second).toMatchObject({ total: 2, next: null, items: [{ id: 'clerk' }] });
    expect(second.items[0]!.calls24h).toBeGreaterThanOrEqual(5);
    expect(second.items[0]!.lastCallAtMs).toBeGreaterThan(Date.now() - 60_000);
    await house.admin('POST', '/v1/locks', { target: 'agent:clerk', tier: 'watch', reason: 'odd', by: 'bob' });
    await house.admin('POST', '/v1/locks', { target: 'owner:alice', tier: 'pause', reason: 'odd', by: 'bob' });
    expect((await get<List>('/v1/agents/summaries')).items.map(({ lock }) => lock)).toEqual(['pause', 'pause']);
    await house.admin('DELETE', '/v1/locks/owner%3Aalice?by=bob&reason=over');
    expect(await get<List>('/v1/agents/summaries?lock=any')).toMatchObject({
      total: 1,
      items: [{ id: 'clerk', lock: 'watch' }],
    });
    expect(await get<List>('/v1/agents/summaries?lock=halt')).toMatchObject({ total: 0, items: [], next: null });
    await house.admin('DELETE', '/v1/locks/agent%3Aclerk?by=bob&reason=over');
    expect((await house.admin('GET', '/v1/agents/summaries?cursor=%C3%A4')).status).toBe(400);
  });
});

describe('what an agent can do', () => {
  const permissionsOf = async (agent: string, query = '') => {
    const answer = await get<AgentPermissions>(`/v1/agents/${agent}/permissions${query}`);
    return { answer, of: (tool: string) => answer.tools.find((one) => one.tool === tool)! };
  };

  it('is told tool by tool, with the policies behind each and where they stand', async () => {
    const buyer = await permissionsOf('buyer');
    expect(buyer.answer).toMatchObject({ agent: 'buyer', subject: null, notNow: null });
    expect(buyer.of('orders.list')).toMatchObject({
      ...{ server: 'erp', effect: 'read', dataClass: 'internal', pin: 'pinned', outcome: 'always', why: null },
      policies: [{ id: 'a.cedar#read', effect: 'permit', holds: 'always', line: 2 }],
    });
    expect(buyer.of('orders.create')).toMatchObject({
      outcome: 'ask',
      policies: [{ id: 'a.cedar#buy', effect: 'ask', holds: 'always', line: 3 }],
    });
    const clerk = await permissionsOf('clerk');
    expect(clerk.of('orders.create')).toMatchObject({ outcome: 'never', policies: [], why: 'No policy permits it.' });
    // What is said is what happens.
    const client = await house.client('clerk', '/mcp/erp');
    const listed = (await client.listTools()).tools.map(({ name }) => name).sort();
    expect(listed).toEqual(clerk.answer.tools.filter(({ outcome }) => outcome !== 'never').map(({ tool }) => tool));
  });

  it('says why nothing of it works now', async () => {
    await house.admin('POST', '/v1/locks', { target: 'agent:clerk', tier: 'halt', reason: 'odd', by: 'bob' });
    expect((await permissionsOf('clerk')).answer.notNow).toBe('It is stopped.');
    await house.admin('DELETE', '/v1/locks/agent%3Aclerk?by=bob&reason=over');
    await house.admin('POST', '/v1/agents/clerk/suspend', { by: 'bob', reason: 'odd' });
    expect((await permissionsOf('clerk')).answer.notNow).toBe('It is suspended.');
    await house.admin('POST', '/v1/agents/clerk/resume', { by: 'bob', reason: 'over' });
  });

  it('is no more than what the person it acts for may do, and what nobody knows is not found', async () => {
    expect((await permissionsOf('buyer', '?subject=bob')).of('orders.list').outcome).toBe('always');
    for (const path of ['/v1/agents/nobody/permissions', '/v1/agents/buyer/permissions?subject=nobody'])
      expect((await house.admin('GET', path)).status).toBe(404);
  });
});

describe('the preview of a lock', () => {
  const LONG = { name: 'reports.build', arguments: { kind: 'spending', seconds: 3 } };
  const ORDER = { name: 'orders.create', arguments: { supplier: 'northwind', item: 'ink', quantity: 2, total: 4 } };
  const previewOf = async (target: string, tier: string) => {
    const { status, body } = await house.admin<LockPreview>('POST', '/v1/locks/preview', { target, tier });
    expect(status, JSON.stringify(body)).toBe(200);
    return body;
  };
  const of = (effects: readonly LockEffect[], kind: LockEffect['kind']) => effects.find((each) => each.kind === kind);
  const release = (target: string) =>
    house.admin('DELETE', `/v1/locks/${encodeURIComponent(target)}?by=bob&reason=over`);

  it('names exactly what a halt then cuts, and what goes on', async () => {
    const buyer = await house.client('buyer', '/mcp/erp');
    const clerk = await house.client('clerk', '/mcp/erp');
    const ends: Record<string, unknown> = {};
    const run = (name: string, call: Promise<unknown>) =>
      call.then(
        (result) => (ends[name] = (result as { isError?: boolean }).isError === true ? 'stopped' : 'done'),
        () => (ends[name] = 'stopped'),
      );
    const running = [
      run('buyer, long', buyer.callTool(LONG)),
      run('buyer, asking', buyer.callTool(ORDER)),
      run('clerk, long', clerk.callTool(LONG)),
    ];
    const state = async () => (await get<Pulse>('/v1/pulse')).inFlight;
    await until(async () => (await state()) === 3);
    const pending = () => get<{ items: { id: string; agent: string }[] }>('/v1/approvals?state=pending');
    await until(async () => (await pending()).items.length === 1);

    const before = (await house.entries()).length;
    const plan = await previewOf('agent:buyer', 'halt');
    expect(plan).toMatchObject({
      target: 'agent:buyer',
      tier: 'halt',
      existing: null,
      needsStepUp: false,
      inFlightTotal: 2,
    });
    expect(plan.inFlight.map(({ agent, tool }) => [agent, tool]).sort()).toEqual([
      ['buyer', 'erp/orders.create'],
      ['buyer', 'erp/reports.build'],
    ]);
    expect(of(plan.cuts, 'agent')).toMatchObject({ count: 1, examples: ['buyer'] });
    expect(of(plan.cuts, 'call')).toMatchObject({ count: 2 });
    expect(of(plan.spares, 'call')).toMatchObject({ count: 1 });
    expect(of(plan.spares, 'everything-else')).toMatchObject({ count: 1 });
    const sessions = of(plan.cuts, 'session')!;
    const question = (await pending()).items[0]!.id;
    expect(of(plan.cuts, 'approval')).toMatchObject({ count: 1, examples: [`buyer: ${question}`] });
    // Nothing has happened yet.
    expect(await state()).toBe(3);
    expect((await house.entries()).length).toBe(before);

    await house.admin('POST', '/v1/locks', { target: 'agent:buyer', tier: 'halt', reason: 'odd', by: 'bob' });
    await Promise.all(running);
    expect(ends).toEqual({ 'buyer, long': 'stopped', 'buyer, asking': 'stopped', 'clerk, long': 'done' });
    await until(async () => (await pending()).items.length === 0);
    const archived = async () =>
      (await house.entries()).filter(
        ({ record }, seq) => seq >= before && record.type === 'admin' && record.act === 'session.archive',
      ).length;
    await until(async () => (await archived()) >= sessions.count);
    expect(await archived()).toBe(sessions.count);
    const open = await get<{ items: { agent: string }[] }>('/v1/sessions');
    expect(open.items.filter(({ agent }) => agent === 'buyer')).toEqual([]);
    expect(open.items.filter(({ agent }) => agent === 'clerk')).toHaveLength(of(plan.spares, 'session')!.count);
    expect((await previewOf('agent:buyer', 'pause')).existing).toMatchObject({
      tier: 'halt',
      reason: 'odd',
      by: 'bob',
    });
    await release('agent:buyer');
  });

  it('of a pause lets what is under way finish, of a watch cuts nothing, and of everything asks for more', async () => {
    const clerk = await house.client('clerk', '/mcp/erp');
    const running = clerk.callTool({ ...LONG, arguments: { ...LONG.arguments, seconds: 1 } });
    await until(async () => (await get<Pulse>('/v1/pulse')).inFlight === 1);
    const pause = await previewOf('tool:erp/reports.build', 'pause');
    expect([of(pause.cuts, 'call'), of(pause.spares, 'call')!.count, of(pause.cuts, 'agent')]).toEqual([
      undefined,
      1,
      undefined,
    ]);
    expect(of(pause.spares, 'everything-else')!.text).toContain('this tool');
    expect((await previewOf('agent:clerk', 'watch')).cuts).toEqual([]);
    const all = await previewOf('all', 'halt');
    expect(all).toMatchObject({ needsStepUp: true, inFlightTotal: 1 });
    expect(of(all.cuts, 'agent')!.count).toBe(2);
    expect(of(all.spares, 'everything-else')).toBeUndefined();
    expect((await previewOf('agent:nobody', 'halt')).cuts).toEqual([]);
    expect((await house.admin('POST', '/v1/locks/preview', { target: 'what', tier: 'halt' })).status).toBe(400);
    await running;
  });
});
