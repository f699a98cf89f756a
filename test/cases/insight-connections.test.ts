import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type DemoCompany, startDemoCompany } from '../../examples/demo-company/server.ts';
import type { AgentPermissions, Graph, ReachLine } from '../../src/model/insight/agents.ts';
import { CONNECT, type House, openHouse, until } from './house.ts';

/** Who is connected to what, as a picture, and who reaches a server (requirements OB5, CN3). */
let company: DemoCompany;
let house: House;
let dir: string;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'interlock-graph-'));
  company = await startDemoCompany({ port: 0, dbPath: join(dir, 'company.db') });
  house = await openHouse({
    agents: ['buyer', 'clerk', 'idle', 'far'],
    agentExtra: { far: '    servers: [crm]\n' },
    servers: `  erp:\n    url: ${company.urls.erp}\n    tools: { orders.list: { effect: read } }\n  crm:\n    url: ${company.urls.crm}\n`,
    policies: {
      'a.cedar': `${CONNECT}
@id("read") permit(principal, action in Action::"use", resource is Tool in Server::"erp") when { resource.effect == "read" };
@id("buy") @ask("person:bob") permit(principal == Agent::"buyer", action in Action::"use", resource == Tool::"erp/orders.create");
@id("idle") forbid(principal == Agent::"idle", action in Action::"use", resource is Tool);`,
    },
    extra: 'connections: { buyer-clerk: { from: buyer, to: clerk, scopes: ["erp:read"] } }\n',
  });
  for (const server of ['erp', 'crm']) await house.admin('POST', `/v1/servers/${server}/scan`, {});
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
const has = (graph: Graph, from: string, kind: string, to: string) =>
  graph.edges.some((edge) => edge.from === from && edge.kind === kind && edge.to === to);
function whole(graph: Graph): void {
  const ids = graph.nodes.map(({ id }) => id);
  expect(new Set(ids).size).toBe(ids.length);
  for (const { from, to } of graph.edges) expect(ids).toEqual(expect.arrayContaining([from, to]));
}

describe('the graph of one agent', () => {
  it('shows who answers for it, what it may call, whom it asks and to whom it hands on', async () => {
    const graph = await get<Graph>('/v1/agents/buyer/graph');
    whole(graph);
    expect(graph.leftOut).toBe(0);
    expect(graph.nodes[0]).toMatchObject({ id: 'agent:buyer', kind: 'agent', label: 'buyer', tone: 'plain' });
    expect(has(graph, 'person:alice', 'owns', 'agent:buyer')).toBe(true);
    expect(has(graph, 'agent:buyer', 'asks', 'person:bob')).toBe(true);
    expect(graph.edges.find(({ kind }) => kind === 'delegates')).toEqual({
      ...{ from: 'agent:buyer', to: 'agent:clerk', kind: 'delegates', note: 'erp:read' },
    });
    const { tools } = await get<AgentPermissions>('/v1/agents/buyer/permissions');
    const may = tools.filter(({ outcome }) => outcome !== 'never').map(({ server, tool }) => `tool:${server}/${tool}`);
    const drawn = graph.edges
      .filter(({ kind, to }) => kind === 'may-call' && to.startsWith('tool:'))
      .map(({ to }) => to);
    expect(drawn.sort()).toEqual(may.sort());
    expect(graph.nodes.some(({ id }) => id === 'server:crm')).toBe(false);
    expect((await house.admin('GET', '/v1/agents/nobody/graph')).status).toBe(404);
  });

  it('shows what is under way, and that it is stopped', async () => {
    const buyer = await house.client('buyer', '/mcp/erp');
    const order = { name: 'orders.create', arguments: { supplier: 'northwind', item: 'ink', quantity: 2, total: 4 } };
    const asking = buyer.callTool(order).catch(() => {});
    await until(async () =>
      has(await get<Graph>('/v1/agents/buyer/graph'), 'agent:buyer', 'calls', 'tool:erp/orders.create'),
    );
    await house.admin('POST', '/v1/locks', { target: 'agent:buyer', tier: 'halt', reason: 'odd', by: 'bob' });
    await asking;
    const graph = await get<Graph>('/v1/agents/buyer/graph');
    expect(graph.nodes[0]).toMatchObject({ tone: 'bad', note: 'stopped' });
    expect(graph.edges.some(({ kind }) => kind === 'calls')).toBe(false);
    await house.admin('DELETE', '/v1/locks/agent%3Abuyer?by=bob&reason=over');
  });
});

describe('the graph of everything', () => {
  it('shows servers, agents with their owners, and who may call where; what does not fit is counted', async () => {
    const graph = await get<Graph>('/v1/graph');
    whole(graph);
    expect(graph.nodes).toHaveLength(2 + 4 + 1);
    expect(has(graph, 'agent:buyer', 'may-call', 'server:erp')).toBe(true);
    expect(has(graph, 'agent:buyer', 'delegates', 'agent:clerk')).toBe(true);
    for (const agent of ['idle', 'far']) expect(has(graph, `agent:${agent}`, 'may-call', 'server:erp')).toBe(false);
    expect(graph.leftOut).toBe(0);
    expect((await house.admin('GET', '/v1/graph?limit=501')).status).toBe(400);
  });
});

describe('the reach of a server', () => {
  it('is every agent that could call one of its tools, and no other', async () => {
    type Page = { items: ReachLine[]; next: string | null };
    const first = await get<Page>('/v1/servers/erp/reach?limit=1');
    expect(first.items).toMatchObject([{ agent: 'buyer', ownerName: 'Alice', notNow: null, asking: 1 }]);
    expect(first.items[0]!.examples).toContain('orders.create');
    const rest = await get<Page>(`/v1/servers/erp/reach?cursor=${first.next}`);
    expect(rest.items.map(({ agent }) => agent)).toEqual(['clerk']);
    expect(rest.next).toBeNull();
    expect(await get<Page>('/v1/servers/crm/reach')).toEqual({ items: [], next: null });
    expect((await house.admin('GET', '/v1/servers/nowhere/reach')).status).toBe(404);
  });
});
