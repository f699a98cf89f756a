import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type DemoCompany, startDemoCompany } from '../../examples/demo-company/server.ts';
import { CONNECT, type House, openHouse, textOf, until } from './house.ts';

/** Requirement AZ4 and the seam of HU1: `ask` parks the call for a human. */
let company: DemoCompany;
let house: House;
let dir: string;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'interlock-ask-'));
  company = await startDemoCompany({ port: 0, dbPath: join(dir, 'company.db') });
  house = await openHouse({
    servers: `  erp:\n    url: ${company.urls.erp}\n    tools: { "*": { effect: write, dataClass: internal, facts: { amount: /total } } }\n`,
    policies: {
      'a.cedar': `${CONNECT}
permit(principal, action == Action::"tools/call", resource) when { context has amount && context.amount.lessThan(decimal("400.0")) };
@ask("owner") permit(principal, action == Action::"tools/call", resource) when { context has amount && context.amount.lessThanOrEqual(decimal("10000.0")) };`,
    },
    extra: 'approvals: { assurance: operator, waitMs: 1500, expireMs: 60000 }',
  });
});
afterAll(async () => {
  await house?.stop();
  await company?.close();
  await rm(dir, { recursive: true, force: true });
});

interface Row {
  readonly id: string;
  readonly digest: string;
  readonly request: string;
}
const pending = async () => (await house.admin<{ items: Row[] }>('GET', '/v1/approvals?state=pending')).body.items;
const answer = (id: string, state: string) =>
  house.admin('POST', `/v1/approvals/${id}`, { state, by: 'alice', reason: 'looked at it' });
const order = (total: number) => ({
  name: 'orders.create',
  arguments: { supplier: 'northwind', item: 'LAP-14', quantity: 1, total, currency: 'EUR' },
});

it('is asked about nobody who is not asked, and by nobody else', async () => {
  const client = await house.client('buyer', '/mcp/erp');
  await client.callTool(order(500));
  const [row] = await pending();
  const stranger = await house.admin('POST', `/v1/approvals/${row!.id}`, { state: 'approved', by: 'bob', reason: 'x' });
  expect(stranger).toMatchObject({ status: 409, body: { code: 'not-asked' } });
  expect((await answer(row!.id, 'denied')).status).toBe(200);
});

it('goes on with the arguments somebody put in place of the agent’s, decided again', async () => {
  const client = await house.client('buyer', '/mcp/erp');
  const bought = client.callTool(order(600));
  await until(async () => (await pending()).length === 1);
  const [row] = await pending();
  const given = { state: 'approved', by: 'alice', reason: 'less is enough' };
  const args = order(450).arguments;
  const over = await house.admin('POST', `/v1/approvals/${row!.id}`, {
    ...given,
    arguments: { ...args, total: 20_000 },
  });
  expect(over).toMatchObject({ status: 409, body: { code: 'proposal', detail: expect.stringContaining('denied') } });
  const wrong = await house.admin('POST', `/v1/approvals/${row!.id}`, { ...given, arguments: { ...args, total: 'x' } });
  expect(wrong).toMatchObject({ status: 409, body: { code: 'proposal' } });
  expect((await house.admin('POST', `/v1/approvals/${row!.id}`, { ...given, arguments: args })).status).toBe(200);
  const result = await bought;
  expect(textOf(result)).toContain('450');
  const records = await house.records();
  const intent = records.findLast((r) => r.type === 'intent' && r.action === 'tools/call');
  expect(intent).toMatchObject({ approval: row!.id, approvedBy: ['alice'], args: { total: 450 }, amount: 4_500_000 });
  expect((intent as { digest: string }).digest).not.toBe(row!.digest);
});

it('is taken back when its agent is halted', async () => {
  const client = await house.client('buyer', '/mcp/erp');
  const bought = client.callTool(order(700)).catch((error: Error) => error);
  await until(async () => (await pending()).length === 1);
  const [row] = await pending();
  await house.admin('POST', '/v1/locks', { target: 'agent:buyer', tier: 'halt', reason: 'drill', by: 'bob' });
  await bought;
  await until(async () => (await pending()).length === 0);
  expect((await answer(row!.id, 'approved')).status).toBe(409);
  await house.admin('DELETE', '/v1/locks/agent%3Abuyer?by=bob&reason=over');
  const ended = (await house.records()).filter((r) => r.type === 'admin' && r.act === 'approval.outcome');
  expect(ended.at(-1)).toMatchObject({ by: 'bob', detail: { approval: row!.id, outcome: 'withdrawn' } });
});

it('lets nothing through after a halt that came before it was used', async () => {
  const client = await house.client('buyer', '/mcp/erp');
  await client.callTool(order(750));
  const [row] = await pending();
  expect((await answer(row!.id, 'approved')).status).toBe(200);
  await house.admin('POST', '/v1/locks', { target: 'agent:buyer', tier: 'halt', reason: 'drill', by: 'bob' });
  const state = async () =>
    (await house.admin<{ approval: { state: string } }>('GET', `/v1/approvals/${row!.id}`)).body.approval.state;
  await until(async () => (await state()) === 'withdrawn');
  await house.admin('DELETE', '/v1/locks/agent%3Abuyer?by=bob&reason=over');
  const again = await house.client('buyer', '/mcp/erp');
  expect(textOf(await again.callTool(order(750)))).toContain('needs a human');
  const [anew] = await pending();
  expect(anew!.id).not.toBe(row!.id);
  expect((await answer(anew!.id, 'denied')).status).toBe(200);
});

describe.each(['legacy', 'auto'] as const)('an action that asks (%s client)', (mode) => {
  const base = mode === 'legacy' ? 1000 : 2000;

  it('goes on with exactly what was approved', async () => {
    const client = await house.client('buyer', '/mcp/erp', { mode });
    const bought = client.callTool(order(base + 1));
    await until(async () => (await pending()).length === 1);
    const [row] = await pending();
    expect(JSON.parse(row!.request)).toMatchObject({
      agent: { id: 'buyer', owner: 'alice' },
      ...{ server: 'erp', target: 'orders.create', arguments: { total: base + 1 } },
    });
    expect((await answer(row!.id, 'approved')).status).toBe(200);
    expect((await bought).isError ?? false).toBe(false);
    const records = await house.records();
    expect(
      records.some((r) => r.type === 'refusal' && r.digest === row!.digest && r.decision.code === 'approval-pending'),
    ).toBe(true);
    expect(records.find((r) => r.type === 'intent' && r.digest === row!.digest)).toMatchObject({
      approval: row!.id,
      approvedBy: ['alice'],
      decision: { effect: 'ask' },
    });
    const outcomes = records.filter((r) => r.type === 'admin' && r.act === 'approval.outcome');
    expect(
      outcomes.filter((r) => (r as unknown as { detail: { approval: string } }).detail.approval === row!.id),
    ).toMatchObject([
      { by: 'alice', detail: { outcome: 'approved', answers: [{ person: 'alice', assurance: 'operator' }] } },
    ]);
    // Used up: the same call asks anew.
    const again = await client.callTool(order(base + 1));
    expect(textOf(again)).toContain('needs a human');
    const [second] = await pending();
    expect(second!.id).not.toBe(row!.id);
    await answer(second!.id, 'denied');
  });

  it('is not carried out when denied', async () => {
    const client = await house.client('buyer', '/mcp/erp', { mode });
    const bought = client.callTool(order(base + 2));
    await until(async () => (await pending()).length === 1);
    await answer((await pending())[0]!.id, 'denied');
    const result = await bought;
    expect(result.isError).toBe(true);
    expect(textOf(result)).toContain('denied this action');
  });

  it('can be come back for by an agent that cannot wait', async () => {
    const client = await house.client('buyer', '/mcp/erp', { mode });
    const first = await client.callTool(order(base + 3));
    expect(first.isError).toBe(true);
    expect(textOf(first)).toContain('Make exactly the same call again later');
    await answer((await pending())[0]!.id, 'approved');
    // A changed amount is another action: it asks for itself.
    const other = await client.callTool(order(base + 4));
    expect(textOf(other)).toContain('needs a human');
    await answer((await pending())[0]!.id, 'denied');
    const second = await client.callTool(order(base + 3));
    expect(second.isError ?? false).toBe(false);
  });

  it('is good for one of fifty calls at once', async () => {
    const client = await house.client('buyer', '/mcp/erp', { mode });
    await client.callTool(order(base + 5));
    await answer((await pending())[0]!.id, 'approved');
    const results = await Promise.all(
      Array.from({ length: 50 }, () => client.callTool(order(base + 5), { timeout: 20_000 } as never)),
    );
    expect(results.filter((result) => !(result.isError ?? false)).length).toBe(1);
    for (const row of await pending()) await answer(row.id, 'denied');
  });

  it('is not sent when its agent is stopped while the human thinks', async () => {
    const client = await house.client('buyer', '/mcp/erp', { mode });
    const bought = client.callTool(order(base + 6)).catch((error: Error) => error);
    await until(async () => (await pending()).length === 1);
    const [row] = await pending();
    await house.admin('POST', '/v1/locks', {
      target: 'tool:erp/orders.create',
      tier: 'pause',
      reason: 'drill',
      by: 'bob',
    });
    const refused = await answer(row!.id, 'approved');
    expect(refused).toMatchObject({ status: 409, body: { code: 'stopped' } });
    const result = await bought;
    expect(result instanceof Error || (result as { isError?: boolean }).isError).toBe(true);
    expect((await house.records()).some((r) => r.type === 'intent' && r.digest === row!.digest)).toBe(false);
    await house.admin('DELETE', '/v1/locks/tool%3Aerp%2Forders.create?by=bob&reason=over');
    expect((await answer(row!.id, 'denied')).status).toBe(200);
  });
});
