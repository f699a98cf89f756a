import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Client } from '@modelcontextprotocol/client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type DemoCompany, startDemoCompany } from '../../examples/demo-company/server.ts';
import type { ShownRequest } from '../../src/model/approval.ts';
import { sentenceText } from '../../src/model/sentence.ts';
import { CONNECT, type House, openHouse, until } from './house.ts';

/** Requirement HU1: what people are shown is what would happen, in words an operator wrote, and where its values came from. */
let company: DemoCompany;
let house: House;
let dir: string;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'interlock-shown-'));
  company = await startDemoCompany({ port: 0, dbPath: join(dir, 'company.db') });
  house = await openHouse({
    servers: `  erp:
    url: ${company.urls.erp}
    environment: production
    tools:
      orders.create:
        effect: write
        dataClass: internal
        reversible: true
        facts: { amount: /total, currency: /currency }
        approval:
          sentence: "Order {quantity} × {item} from {supplier} for {total} {currency}"
          touches: "the account of {supplier}"
          undo: "Cancel the order before it is shipped."
      orders.cancel: { effect: destructive, reversible: false }
      orders.list: { effect: read, dataClass: internal }
  crm:
    url: ${company.urls.crm}
    tools:
      tickets.find: { effect: read, dataClass: internal, untrustedOutput: true }
      customers.export: { effect: external, dataClass: restricted, approval: { sentence: "Send customers to {destination}" } }
`,
    policies: {
      'a.cedar': `${CONNECT}
@id("look") permit(principal, action == Action::"tools/call", resource) when { resource.effect == "read" };
@id("ask") @ask("owner") @reason("Orders need the owner.")
permit(principal, action == Action::"tools/call", resource) when { resource.effect != "read" };`,
    },
    extra: 'approvals: { assurance: operator, waitMs: 100, expireMs: 60000 }',
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
  readonly request: ShownRequest | string;
}

async function asked(
  client: Client,
  name: string,
  args: Record<string, unknown>,
): Promise<{ row: Row; shown: ShownRequest }> {
  const before = new Set((await pending()).map((row) => row.id));
  await client.callTool({ name, arguments: args });
  let row: Row | undefined;
  await until(async () => (row = (await pending()).find((each) => !before.has(each.id))) !== undefined);
  const request = row?.request;
  return {
    row: row as Row,
    shown: typeof request === 'string' ? (JSON.parse(request) as ShownRequest) : (request as ShownRequest),
  };
}

const pending = async () => (await house.admin<{ items: Row[] }>('GET', '/v1/approvals?state=pending')).body.items;
const ORDER = { supplier: 'northwind', item: 'LAP-14', quantity: 2, total: 1250.5, currency: 'EUR' };

describe('what people who are asked are shown', () => {
  it('the sentence of the operator, its facts, who asks and why; the question is recorded', async () => {
    const client = await house.client('buyer', '/mcp/erp');
    await client.listTools();
    const { row, shown } = await asked(client, 'orders.create', ORDER);
    expect(sentenceText(shown.sentence)).toBe('Order 2 × “LAP-14” from “northwind” for 1250.5 EUR');
    expect(sentenceText(shown.touches ?? [])).toBe('the account of “northwind”');
    expect(shown).toMatchObject({
      agent: { id: 'buyer', name: 'buyer', owner: 'alice', ownerName: 'Alice', riskTier: 'low' },
      subject: null,
      purpose: 'tests',
      action: 'tools/call',
      server: 'erp',
      target: 'orders.create',
      arguments: ORDER,
      reviewed: true,
      undo: 'Cancel the order before it is shipped.',
      effect: 'write',
      reversible: true,
      dataClass: 'internal',
      environment: 'production',
      amount: 12_505_000,
      currency: 'EUR',
      mapped: { amount: '/total', currency: '/currency' },
      policy: { reasons: ['a.cedar#ask'], messages: ['Orders need the owner.'] },
      watched: false,
    });
    const records = await house.records();
    const question = records.find((record) => record.type === 'refusal' && record.digest === row.digest);
    expect(question).toMatchObject({ decision: { effect: 'ask', code: 'approval-pending' } });
    expect(records.some((record) => record.type === 'intent' && record.digest === row.digest)).toBe(false);
  });

  it('without a sentence: tool, server and effect, and that nobody reviewed it', async () => {
    const client = await house.client('buyer', '/mcp/erp');
    await client.listTools();
    const { shown } = await asked(client, 'orders.cancel', { id: 4711 });
    expect(shown.reviewed).toBe(false);
    expect(sentenceText(shown.sentence)).toBe('Run orders.cancel on erp (destroys data, cannot be undone)');
    expect(shown.touches).toBeNull();
    // What the server says about its tool is nowhere in it.
    expect(JSON.stringify(shown)).not.toContain('Cancels');
  });

  it('where the values came from, and what the session did before', async () => {
    const client = await house.client('buyer', '/mcp');
    await client.listTools();
    // A customer wrote it: “The dock charges the phone but not the laptop.”
    await client.callTool({ name: 'crm__tickets.find', arguments: { status: 'open' } });
    const { shown } = await asked(client, 'erp__orders.create', {
      ...ORDER,
      supplier: 'the phone',
      item: 'zzz-unheard-of',
    });
    expect(shown.origins.slice(0, 2).map(({ at }) => at)).toEqual(['/total', '/currency']);
    expect(shown.origins.find(({ at }) => at === '/supplier')).toEqual({
      at: '/supplier',
      from: 'untrusted-result',
      source: 'crm/tickets.find',
    });
    expect(shown.origins.find(({ at }) => at === '/item')?.from).toBe('nowhere-seen');
    expect(shown.origins.find(({ at }) => at === '/quantity')?.from).toBe('not-looked');
    expect(shown.session.readUntrusted).toBe(true);
    expect(shown.session.recent.map(({ tool, effect, outcome }) => [tool, effect, outcome])).toEqual([
      ['crm/tickets.find', 'read', 'ok'],
    ]);
    const refused = await asked(client, 'erp__orders.create', { ...ORDER, supplier: 'ferro' });
    expect(refused.shown.session.recent.at(-1)).toMatchObject({ tool: 'erp/orders.create', outcome: 'refused' });
    // A question is no earlier use: asking for it does not make a value known.
    expect(refused.shown.origins.find(({ at }) => at === '/supplier')?.from).toBe('nowhere-seen');
  });

  it('restricted arguments too: people see what they sign, the journal does not', async () => {
    const client = await house.client('buyer', '/mcp/crm');
    await client.listTools();
    const { row, shown } = await asked(client, 'customers.export', { destination: 'https://away.example/in' });
    expect(sentenceText(shown.sentence)).toBe('Send customers to “https://away.example/in”');
    const question = (await house.records()).find(
      (record) => record.type === 'refusal' && record.digest === row.digest,
    );
    expect(question).toMatchObject({ args: { redacted: 'restricted' }, decision: { code: 'approval-pending' } });
    expect(JSON.stringify(await house.records())).not.toContain('away.example');
  });

  it('changed arguments fit the tool or nothing is approved; what fits is shown again, with the session that asked', async () => {
    const client = await house.client('buyer', '/mcp/erp');
    await client.listTools();
    const { row, shown } = await asked(client, 'orders.create', { ...ORDER, total: 777 });
    const give = (args: object) =>
      house.admin('POST', `/v1/approvals/${row.id}`, {
        ...{ state: 'approved', by: 'alice', reason: 'less will do', arguments: args },
      });
    const wrong = await give({ ...ORDER, total: '700' });
    expect(wrong.status).toBeGreaterThanOrEqual(400);
    expect(JSON.stringify(wrong.body)).toContain('the arguments do not fit the tool: /total must be number');
    expect((await pending()).some(({ id }) => id === row.id)).toBe(true);
    const preview = await house.admin<{ shown: ShownRequest }>('POST', `/v1/approvals/${row.id}/preview`, {
      arguments: { ...ORDER, total: 700 },
    });
    expect(sentenceText(preview.body.shown.sentence)).toContain('for 700 EUR');
    expect(preview.body.shown.session).toEqual(shown.session);
    expect(preview.body.shown.origins[0]).toEqual({ at: '/total', from: 'not-looked', source: null });
    expect((await give({ ...ORDER, total: 700 })).status).toBe(200);
    const result = await client.callTool({ name: 'orders.create', arguments: { ...ORDER, total: 777 } });
    expect(result.isError ?? false).toBe(false);
    expect(company.database.get('SELECT total_cents FROM orders ORDER BY id DESC LIMIT 1')).toEqual({
      total_cents: 70_000,
    });
    const intents = (await house.records()).filter((record) => record.type === 'intent' && record.approval === row.id);
    expect(intents).toMatchObject([{ args: { total: 700 }, amount: 7_000_000 }]);
  });
});
