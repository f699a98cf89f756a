import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type DemoCompany, RUG_PULL, startDemoCompany } from '../../examples/demo-company/server.ts';

const ERAS = { 'sessions (2025-11-25)': 'legacy', 'stateless (2026-07-28)': { pin: '2026-07-28' } } as const;

describe.each(Object.entries(ERAS))('the demo company over %s', (_title, mode) => {
  let company: DemoCompany;
  let client: Client;
  let listChanged: () => void;
  let changed: Promise<void>;

  beforeEach(async () => {
    company = await startDemoCompany({ port: 0, dbPath: ':memory:' });
    changed = new Promise((done) => {
      listChanged = done;
    });
    client = new Client(
      { name: 'test', version: '1.0.0' },
      { versionNegotiation: { mode }, listChanged: { tools: { onChanged: () => listChanged() } } },
    );
    await client.connect(new StreamableHTTPClientTransport(new URL(company.url)));
  });
  afterEach(async () => {
    await client.close();
    await company.close();
  });

  async function call(name: string, args: Record<string, unknown>) {
    const result = await client.callTool({ name, arguments: args });
    const [first] = result.content as { text: string }[];
    return { isError: result.isError === true, text: first?.text ?? '' };
  }

  it('writes an order to its database', async () => {
    const order = { supplier: 'northwind', item: 'PAPER-A4', quantity: 10, total: 49.9, currency: 'EUR' };
    const { isError, text } = await call('orders.create', order);
    expect(isError).toBe(false);
    const row = company.database.get('SELECT total_cents, status FROM orders WHERE id = ?', JSON.parse(text).id);
    expect(row).toEqual({ total_cents: 4990, status: 'placed' });
  });

  it('answers a mistake with a tool error the model can read', async () => {
    const unknown = await call('orders.create', {
      supplier: 'acme',
      item: 'X',
      quantity: 1,
      total: 1,
      currency: 'EUR',
    });
    expect(unknown).toEqual({ isError: true, text: 'No supplier "acme". Known: ferro, helios, northwind.' });
    const wrongEnvironment = await call('servers.delete', { host: 'db-1', environment: 'staging' });
    expect(wrongEnvironment.isError).toBe(true);
    expect(company.database.get('SELECT count(*) AS hosts FROM hosts')).toEqual({ hosts: 5 });
  });

  it('cancels a report in flight and says so in its database', async () => {
    const controller = new AbortController();
    const progress: number[] = [];
    const report = client.callTool(
      { name: 'reports.build', arguments: { kind: 'spending' } },
      {
        signal: controller.signal,
        onprogress: (step) => {
          progress.push(step.progress);
          if (step.progress === 2) controller.abort('stop');
        },
      },
    );
    await expect(report).rejects.toThrow();
    await expect.poll(() => company.database.get('SELECT status FROM reports')).toEqual({ status: 'cancelled' });
    expect(progress.slice(0, 2)).toEqual([1, 2]);
  });

  it('finishes a report that nobody cancels', async () => {
    const { text } = await call('reports.build', { kind: 'stock', seconds: 1 });
    expect(JSON.parse(text).rows).toHaveLength(7);
    expect(company.database.get('SELECT status, steps_done FROM reports')).toEqual({ status: 'done', steps_done: 4 });
  });

  it('changes a tool definition while it runs and tells its clients', async () => {
    const before = (await client.listTools()).tools.find((tool) => tool.name === RUG_PULL.tool);
    company.mutateTool(RUG_PULL.tool, RUG_PULL.description);
    await changed;
    const after = (await client.listTools()).tools.find((tool) => tool.name === RUG_PULL.tool);
    expect(after).toEqual({ ...before, description: RUG_PULL.description });
    expect(() => company.mutateTool('no.such', '')).toThrow('no tool');
  });

  it('offers resources and a prompt', async () => {
    const handbook = await client.readResource({ uri: 'company://handbook/purchasing' });
    expect(JSON.stringify(handbook.contents)).toContain('Purchasing handbook');
    const order = await client.readResource({ uri: 'company://orders/1' });
    expect(JSON.stringify(order.contents)).toContain('PAPER-A4');
    expect((await client.getPrompt({ name: 'buy' })).messages).toHaveLength(1);
  });
});

it('gives each department its own tools', async () => {
  const company = await startDemoCompany({ port: 0, dbPath: ':memory:' });
  const client = new Client({ name: 'test', version: '1.0.0' });
  await client.connect(new StreamableHTTPClientTransport(new URL(company.urls.infra)));
  const { tools } = await client.listTools();
  expect(tools.map((tool) => tool.name)).toEqual(['servers.list', 'servers.restart', 'servers.delete']);
  await client.close();
  await company.close();
});

it('trusts a gateway, where it is told to: what could do harm and did not come through it is not done (requirement CR3)', async () => {
  const trusted = { issuer: 'http://127.0.0.1:9' };
  const company = await startDemoCompany({ port: 0, dbPath: ':memory:', trusted });
  const client = new Client({ name: 'test', version: '1.0.0' });
  await client.connect(new StreamableHTTPClientTransport(new URL(company.url)));
  const call = (name: string, args: Record<string, unknown>) => client.callTool({ name, arguments: args });
  const order = { supplier: 'helios', item: 'MON-27', quantity: 1, currency: 'EUR' };
  const host = { host: 'web-1', environment: 'production' };
  const refused = [
    await call('orders.create', { ...order, total: 400 }),
    await call('orders.cancel', { id: 1 }),
    await call('servers.delete', host),
    await call('customers.export', { destination: 'x@example.net' }),
  ];
  for (const one of refused) expect(JSON.stringify(one)).toContain('it did not come through the gateway');
  expect(company.database.get('SELECT count(*) AS n FROM hosts')).toEqual({ n: 5 });
  expect((await call('orders.create', { ...order, total: 399.99 })).isError).not.toBe(true);
  expect((await call('servers.list', {})).isError).not.toBe(true);
  expect(company.lastCarried()).toEqual({ token: null, proof: null });
  await client.close();
  await company.close();
});
