import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type DemoCompany, startDemoCompany } from '../../examples/demo-company/server.ts';
import { CONNECT, type House, openHouse, textOf, until } from './house.ts';

/** Requirements KS1 and KS2: one action stops one agent, at once, and nobody else. */
let company: DemoCompany;
let house: House;
let dir: string;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'interlock-kill-'));
  company = await startDemoCompany({ port: 0, dbPath: join(dir, 'company.db') });
  house = await openHouse({
    agents: ['one', 'two'],
    servers: `  erp:\n    url: ${company.urls.erp}\n    tools: { "*": { effect: read, dataClass: internal } }\n`,
    policies: { 'a.cedar': `${CONNECT} permit(principal, action in Action::"use", resource);` },
  });
});
afterAll(async () => {
  await house?.stop();
  await company?.close();
  await rm(dir, { recursive: true, force: true });
});

const lock = (target: string, tier: string) =>
  house.admin('POST', '/v1/locks', { target, tier, reason: 'drill', by: 'bob' });
const release = (target: string) => house.admin('DELETE', `/v1/locks/${encodeURIComponent(target)}?by=bob&reason=over`);
const LONG = { name: 'reports.build', arguments: { kind: 'spending', seconds: 20 } };
const SHORT = { name: 'orders.list', arguments: {} };

describe.each(['legacy', 'auto'] as const)('the kill switch (%s clients)', (mode) => {
  it('halts one agent in the middle of a call while another goes on', async () => {
    const one = await house.client('one', '/mcp/erp', { mode });
    const two = await house.client('two', '/mcp/erp', { mode });
    let progressed = false;
    const running = one
      .callTool(LONG, { onprogress: () => (progressed = true), timeout: 25_000 } as never)
      .catch((error: Error) => error);
    const other = two.callTool({ ...LONG, arguments: { ...LONG.arguments, seconds: 2 } }, { timeout: 25_000 } as never);
    await until(() => progressed);
    const started = process.hrtime.bigint();
    expect((await lock('agent:one', 'halt')).status).toBe(200);
    const ended = await running;
    expect(Number(process.hrtime.bigint() - started) / 1e9).toBeLessThan(5);
    if (!(ended instanceof Error)) {
      expect((ended as { isError?: boolean }).isError).toBe(true);
      expect(textOf(ended)).toContain('An operator has stopped');
    }
    expect((await other).isError ?? false).toBe(false);
    // New sessions and new calls of the halted agent are refused too.
    await expect(
      house
        .client('one', '/mcp/erp', { mode })
        .then((c) => c.callTool(SHORT))
        .then((r) => (r.isError ? Promise.reject(new Error(textOf(r))) : r)),
    ).rejects.toThrow();
    expect((await two.callTool(SHORT)).isError ?? false).toBe(false);
    await new Promise((done) => setTimeout(done, 100));
    const records = await house.records();
    const call = records.findLast((r) => r.type === 'intent' && r.agent === 'one' && r.target === 'reports.build');
    const outcome = records.find((r) => r.type === 'outcome' && call?.type === 'intent' && r.call === call.call);
    expect(outcome).toMatchObject({ outcome: 'unknown', code: 'aborted' });
    expect(
      records.some((r) => r.type === 'admin' && r.act === 'lock.put' && r.by === 'bob' && r.reason === 'drill'),
    ).toBe(true);
    expect(records.some((r) => r.type === 'admin' && r.act === 'session.archive')).toBe(true);
    expect(records.some((r) => r.type === 'refusal' && r.agent === 'one' && r.decision.code === 'killed')).toBe(true);
    expect((await release('agent:one')).status).toBe(200);
    const again = await house.client('one', '/mcp/erp', { mode });
    expect((await again.callTool(SHORT)).isError ?? false).toBe(false);
  });

  it('pauses: what is under way ends well, what is new is refused', async () => {
    const one = await house.client('one', '/mcp/erp', { mode });
    let progressed = false;
    const running = one.callTool({ ...LONG, arguments: { ...LONG.arguments, seconds: 2 } }, {
      onprogress: () => (progressed = true),
      timeout: 25_000,
    } as never);
    await until(() => progressed);
    await lock('server:erp', 'pause');
    const refused = await one.callTool(SHORT);
    expect(textOf(refused)).toContain('paused');
    expect((await running).isError ?? false).toBe(false);
    await release('server:erp');
    expect((await one.callTool(SHORT)).isError ?? false).toBe(false);
  });

  it('watches: goes on, and every record says so', async () => {
    const one = await house.client('one', '/mcp/erp', { mode });
    await lock('tool:erp/orders.list', 'watch');
    expect((await one.callTool(SHORT)).isError ?? false).toBe(false);
    const intent = (await house.records()).findLast((r) => r.type === 'intent' && r.target === 'orders.list');
    expect(intent).toMatchObject({ decision: { lock: 'watch' } });
    await release('tool:erp/orders.list');
  });
});

describe('the kill switch', () => {
  it('is still pulled after a restart', async () => {
    await lock('owner:alice', 'pause');
    await house.restart();
    const two = await house.raw({
      path: '/mcp/erp',
      agent: 'two',
      body: { jsonrpc: '2.0', id: 1, method: 'initialize', params: {} },
    });
    expect(two.json.error.message).toContain('paused');
    await release('owner:alice');
  });

  it('is out of the agents’ reach: the administrative interface is not on the public door', async () => {
    for (const path of ['/v1/locks', '/v1/status', '/metrics', '/admin']) {
      expect((await house.raw({ path, agent: 'one', method: 'GET' })).status).toBe(404);
    }
  });

  it('refuses targets and tiers it does not know', async () => {
    expect((await lock('agent', 'halt')).status).toBe(400);
    expect((await lock('agent:one', 'maim')).status).toBe(400);
    expect((await release('agent:one')).status).toBe(404);
  });
});
