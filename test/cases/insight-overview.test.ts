import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type DemoCompany, startDemoCompany } from '../../examples/demo-company/server.ts';
import type { Drill, Overview, PostureAnswer } from '../../src/model/insight/overview.ts';
import { CONNECT, type House, openHouse, until } from './house.ts';

/** The overview's numbers, what needs attention, drills of the kill switch, and posture (requirements OB5, KS1). */
let company: DemoCompany;
let house: House;
let dir: string;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'interlock-overview-'));
  company = await startDemoCompany({ port: 0, dbPath: join(dir, 'company.db') });
  house = await openHouse({
    agents: ['buyer', 'clerk'],
    agentExtra: { clerk: '    scopes: ["*:all"]\n' },
    servers: `  erp:\n    url: ${company.urls.erp}\n  gone:\n    url: http://127.0.0.1:9/mcp\n`,
    policies: {
      'a.cedar': `${CONNECT}
@id("all") permit(principal == Agent::"buyer", action in Action::"use", resource is Tool);
@id("ask") @ask("person:bob") permit(principal == Agent::"clerk", action in Action::"use", resource is Tool) when { resource.effect == "write" };
@id("no") forbid(principal, action in Action::"use", resource is Tool) when { context.watched };`,
    },
    extra:
      'journal: { retentionDays: 7, minFreeBytes: 1000000 }\nconsole: { roles: { security-admin: ["person:bob"] } }\n',
    journal: '',
  });
  await house.admin('POST', '/v1/servers/erp/scan', {});
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
const overview = () => get<Overview>('/v1/overview');
const attention = async (kind: string) => (await overview()).attention.filter((each) => each.kind === kind);

describe('the overview', () => {
  it('counts agents, what they reach and what they may do', async () => {
    await until(async () => (await overview()).connections.serversFailing === 1);
    const seen = await overview();
    expect(seen.agents).toMatchObject({
      ...{ total: 2, byState: { active: 2 }, byArchetype: { homegrown: 2 }, byRisk: { low: 2 }, owners: 1 },
    });
    expect(seen.connections).toMatchObject({ servers: 2, agentToAgent: 0, brokeredCredentials: 0 });
    const tools = await get<{ total: number }>('/v1/tools');
    expect(seen.connections.tools).toBe(tools.total);
    expect(Object.values(seen.abilities.toolsByEffect).reduce((sum, one) => sum + one, 0)).toBe(tools.total);
    expect(seen.abilities).toMatchObject({ policies: 4, asking: 1, forbidding: 1 });
    expect(seen.journal).toMatchObject({ state: 'ok', message: null });
    expect(seen.journal.records).toBeGreaterThan(0);
    expect(await attention('server-failing')).toMatchObject([
      { severity: 'high', count: 1, text: 'gone does not answer' },
    ]);
  });

  it('says what needs attention, the most urgent first, and no more when it is done', async () => {
    await house.admin('POST', '/v1/locks', { target: 'agent:clerk', tier: 'pause', reason: 'odd', by: 'bob' });
    expect(await attention('locked')).toMatchObject([{ severity: 'medium', count: 1, href: '/console/stop' }]);
    await house.admin('POST', '/v1/locks', { target: 'all', tier: 'halt', reason: 'odd', by: 'bob' });
    const now = await overview();
    expect(now.attention[0]).toMatchObject({ kind: 'locked', severity: 'critical', text: 'Everything is stopped' });
    for (const target of ['all', 'agent%3Aclerk'])
      await house.admin('DELETE', `/v1/locks/${target}?by=bob&reason=over`);
    expect(await attention('locked')).toEqual([]);
  });

  it('counts who called within a day, once the records are indexed', async () => {
    const client = await house.client('buyer', '/mcp/erp');
    await client.callTool({ name: 'orders.list', arguments: {} });
    await until(async () => (await overview()).agents.active24h === 1, 30_000);
  });
});

describe('a drill of the kill switch', () => {
  const drill = () => house.admin<Drill>('POST', '/v1/drills', { by: 'bob', reason: 'monthly' });

  it('is a real halt, measured, recorded, released, and remembered over a restart', async () => {
    const { status, body } = await drill();
    expect(status).toBe(200);
    expect(body).toMatchObject({ ok: true, by: 'bob' });
    expect(body.refusedMs).toBeGreaterThan(0);
    expect(body.releasedMs).toBeGreaterThan(0);
    expect((await get<{ items: unknown[] }>('/v1/locks')).items).toEqual([]);
    const record = (await house.records()).findLast((one) => one.type === 'admin' && one.act === 'lock.drill');
    expect(record).toMatchObject({ by: 'bob', reason: 'monthly', detail: { ok: true, refusedMs: body.refusedMs } });
    await house.restart();
    expect((await get<{ items: Drill[] }>('/v1/drills')).items).toEqual([body]);
    expect((await overview()).lastDrill).toEqual(body);
  });

  it('that could measure nothing says so, and calls nothing good', async () => {
    await house.admin('POST', '/v1/locks', { target: 'all', tier: 'pause', reason: 'odd', by: 'bob' });
    expect((await drill()).body).toMatchObject({ ok: false, message: 'Nothing could be measured: all is locked.' });
    await house.admin('DELETE', '/v1/locks/all?by=bob&reason=over');
    expect((await drill()).body.ok).toBe(true);
    expect((await get<{ items: Drill[] }>('/v1/drills')).items.map(({ ok }) => ok)).toEqual([true, false, true]);
    expect((await house.admin('POST', '/v1/drills', { by: 'bob' })).status).toBe(400);
  });

  it('runs once at a time, and harms no call', async () => {
    const client = await house.client('buyer', '/mcp/erp');
    const both = await Promise.all([drill(), drill(), client.callTool({ name: 'orders.list', arguments: {} })]);
    expect(
      both
        .slice(0, 2)
        .map((one) => (one as { status: number }).status)
        .sort(),
    ).toEqual([200, 409]);
    expect((both[2] as { isError?: boolean }).isError ?? false).toBe(false);
  });
});

describe('posture', () => {
  it('answers from what is there, what is to be done first', async () => {
    const { items } = await get<{ items: PostureAnswer[] }>('/v1/posture');
    const of = (id: string) => items.find((each) => each.id === id);
    const urgency = items.map(({ state }) => ['bad', 'warn', 'good'].indexOf(state));
    expect(urgency).toEqual(urgency.toSorted());
    expect(new Set(items.map(({ id }) => id)).size).toBe(items.length);
    expect(of('static-tokens')).toMatchObject({
      state: 'bad',
      answer: expect.stringContaining('2 agents have a development token'),
    });
    expect(of('assurance')).toMatchObject({ state: 'bad' });
    expect(of('passkeys')).toMatchObject({
      state: 'warn',
      answer: '1 of 1 person who may be asked has no passkey: bob.',
    });
    expect(of('risky')).toMatchObject({ state: 'warn', answer: expect.stringContaining('buyer (erp/orders.cancel)') });
    expect(of('wide-scopes')).toMatchObject({ state: 'warn', answer: expect.stringContaining('clerk') });
    expect(of('admins')).toMatchObject({ state: 'warn', answer: 'Only Bob is security-admin.' });
    expect(of('retention')).toMatchObject({ state: 'bad' });
    expect(of('tls')).toMatchObject({ state: 'good' });
    expect(of('owners')).toMatchObject({ state: 'good', answer: 'Each of the 2 active agents has an active owner.' });
    const early = 'The records begin less than a day ago: too early to say.';
    expect(of('unused')).toMatchObject({ state: 'good', answer: early });
    expect(of('drill')).toMatchObject({ state: 'good' });
    expect(of('pin-review')).toMatchObject({ state: 'warn', answer: expect.stringContaining('erp, gone') });
    const [bad] = await attention('posture');
    expect(bad).toMatchObject({ count: items.filter(({ state }) => state === 'bad').length, href: '/console/posture' });
  });
});
