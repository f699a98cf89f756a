import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CONNECT, type House, openHouse, until } from '../cases/house.ts';
import { hostileServer } from './hostile-server.ts';

/** What changes while a call waits for a person. */
const META = {
  'io.modelcontextprotocol/protocolVersion': '2026-07-28',
  'io.modelcontextprotocol/clientInfo': { name: 'raw', version: '1' },
  'io.modelcontextprotocol/clientCapabilities': {},
};
const asking = (whom: string) =>
  `${CONNECT} @ask("${whom}") permit(principal, action == Action::"tools/call", resource);`;
let house: House;

beforeAll(async () => {
  const { yaml } = await hostileServer();
  house = await openHouse({
    servers: yaml,
    policies: { 'a.cedar': asking('owner') },
    extra: 'approvals: { assurance: operator, waitMs: 1000, expireMs: 60000 }',
  });
  await until(
    async () =>
      ((await house.admin<{ items: { tools: number }[] }>('GET', '/v1/servers')).body.items[0]?.tools ?? 0) === 3,
  );
});
afterAll(() => house?.stop());

const call = (text: string) =>
  house.raw({
    ...{ path: '/mcp/hostile', agent: 'buyer' },
    headers: { 'mcp-protocol-version': '2026-07-28', 'mcp-method': 'tools/call', 'mcp-name': 'plain' },
    body: { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'plain', arguments: { text }, _meta: META } },
  });

interface Row {
  readonly id: string;
  readonly askWhom: readonly string[];
}
const pending = async () => (await house.admin<{ items: Row[] }>('GET', '/v1/approvals?state=pending')).body.items;
const approve = (id: string, by = 'alice') =>
  house.admin('POST', `/v1/approvals/${id}`, { state: 'approved', by, reason: 'fine' });

describe('a call that waits for a person', () => {
  it('is told of a halt, and the record says that it was one', async () => {
    const waiting = call('halted');
    await until(async () => (await pending()).length === 1);
    await house.admin('POST', '/v1/locks', { target: 'agent:buyer', tier: 'halt', reason: 'test', by: 'bob' });
    const answer = await waiting;
    expect(answer.status).toBe(200);
    expect(JSON.stringify(answer.json)).toContain('An operator has stopped');
    const refusals = (await house.records()).filter(
      (record) => record.type === 'refusal' && record.decision.code === 'killed',
    );
    expect(refusals).toMatchObject([{ decision: { lock: 'halt' } }]);
    await house.admin('DELETE', '/v1/locks/agent:buyer?reason=over&by=bob');
    for (const row of await pending())
      await house.admin('POST', `/v1/approvals/${row.id}`, { state: 'denied', by: 'alice', reason: 'over' });
  });

  it('does not pass on the word of somebody whom the policy asks no more', async () => {
    await call('moved');
    const [first] = await pending();
    await house.writePolicy('a.cedar', asking('person:bob'));
    expect((await house.gateway.reload('test')).ok).toBe(true);
    await approve(first!.id);
    const waiting = call('moved');
    await until(async () => (await pending()).length === 1);
    const [second] = await pending();
    expect(second?.askWhom).not.toEqual(first?.askWhom);
    expect((await approve(second!.id)).status).toBe(409);
    expect((await approve(second!.id, 'bob')).status).toBe(200);
    expect(JSON.stringify((await waiting).json)).toContain('done');
  });
});
