import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type DemoCompany, startDemoCompany } from '../../examples/demo-company/server.ts';
import { CONNECT, EVERYTHING, type House, openHouse, textOf, until } from './house.ts';

let company: DemoCompany;
let house: House;
let dir: string;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'interlock-company-'));
  company = await startDemoCompany({ port: 0, dbPath: join(dir, 'company.db') });
  house = await openHouse({
    servers: `  erp:
    url: ${company.urls.erp}
    tools:
      "*": { effect: read, dataClass: internal }
      orders.create: { effect: write, dataClass: internal, facts: { amount: /total } }
  every:
    command: ${process.execPath}
    args: [${EVERYTHING}, stdio]
    tools: { "*": { effect: read, dataClass: public } }
`,
    policies: {
      'a.cedar': `${CONNECT}
@id("small") permit(principal == Agent::"buyer", action == Action::"tools/call", resource == Tool::"erp/orders.create")
  when { context has amount && context.amount.lessThan(decimal("400.0")) };
@id("list") permit(principal == Agent::"buyer", action == Action::"tools/call", resource == Tool::"erp/orders.list");
@id("every") permit(principal, action in Action::"use", resource in Server::"every");
`,
    },
  });
});

afterAll(async () => {
  await house?.stop();
  await company?.close();
  await rm(dir, { recursive: true, force: true });
});

const ORDER = { supplier: 'northwind', item: 'paper', quantity: 1, total: 39.5, currency: 'EUR' };

describe('one call through the gateway', () => {
  it.each(['legacy', 'auto'] as const)(
    'is permitted below the threshold and denied above it (%s client)',
    async (mode) => {
      const client = await house.client('buyer', '/mcp/erp', { mode });
      const { tools } = await client.listTools();
      expect(tools.map((tool) => tool.name).sort()).toEqual(['orders.create', 'orders.list']);
      const bought = await client.callTool({ name: 'orders.create', arguments: ORDER });
      expect(textOf(bought)).toContain('northwind');
      expect(bought.isError ?? false).toBe(false);
      const denied = await client.callTool({ name: 'orders.create', arguments: { ...ORDER, total: 400 } });
      expect(denied.isError).toBe(true);
      expect(textOf(denied)).toContain('Denied by policy');
    },
  );

  it('reaches a stdio server, for both kinds of clients', async () => {
    for (const mode of ['legacy', 'auto'] as const) {
      const client = await house.client('buyer', '/mcp/every', { mode });
      expect(textOf(await client.callTool({ name: 'echo', arguments: { message: mode } }))).toContain(mode);
    }
  });

  it('reaches all of them on the aggregate endpoint', async () => {
    for (const mode of ['legacy', 'auto'] as const) {
      const client = await house.client('buyer', '/mcp', { mode });
      const { tools } = await client.listTools();
      expect(tools.map((tool) => tool.name)).toContain('erp__orders.create');
      expect(textOf(await client.callTool({ name: 'every__echo', arguments: { message: mode } }))).toContain(mode);
    }
  });

  it('leaves a record of every step', async () => {
    // An outcome goes to disk a moment after its answer went to the agent.
    await until(async () => (await house.records()).filter((r) => r.type === 'outcome').length >= 6);
    await new Promise((done) => setTimeout(done, 100));
    const records = await house.records();
    const intents = records.filter((record) => record.type === 'intent' && record.action === 'tools/call');
    const outcomes = new Set(records.filter((record) => record.type === 'outcome').map((record) => record.call));
    expect(intents.length).toBe(6);
    for (const intent of intents) expect(outcomes.has(intent.type === 'intent' ? intent.call : '')).toBe(true);
    const refusal = records.find((record) => record.type === 'refusal' && record.action === 'tools/call');
    expect(refusal).toMatchObject({ agent: 'buyer', owner: 'alice', decision: { effect: 'deny', code: 'no-policy' } });
  });
});
