import { generateKeyPairSync } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CONNECT, type House, openHouse } from './house.ts';

let house: House;

beforeAll(async () => {
  house = await openHouse({
    servers: '  tools: { command: "true" }',
    policies: { 'all.cedar': CONNECT },
    extra: `templates:
  clerk:
    archetype: homegrown
    riskTier: medium
    groups: [clerks]
    servers: [tools]
    scopes: ["tools:read", "tools:write"]
    lifetimeDays: 30
    reviewers: [bob]
`,
  });
});
afterAll(() => house.stop());

interface Shown {
  readonly agent: { readonly state: string; readonly owner: string; readonly creator: string };
  readonly version: number;
  readonly detail: string;
  readonly code: string;
}

function key(kid: string): object {
  const { publicKey } = generateKeyPairSync('ed25519');
  return { ...publicKey.export({ format: 'jwk' }), kid };
}

const fields = (more: object = {}): object => ({
  owner: 'alice',
  purpose: 'sorts letters',
  archetype: 'homegrown',
  riskTier: 'medium',
  ...more,
});
const HELLO = {
  jsonrpc: '2.0',
  id: 1,
  method: 'initialize',
  params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'case', version: '1' } },
};
const who = (by: string, reason = 'test') => ({ by, reason });
const post = (path: string, body: object) => house.admin<Shown>('POST', `/v1/agents${path}`, body);
const show = async (id: string) => (await house.admin<Shown>('GET', `/v1/agents/${id}`)).body;
const acts = async (id: string) =>
  (await house.records())
    .filter((record) => record.type === 'admin' && JSON.stringify(record.detail).includes(`"${id}"`))
    .map((record) => (record.type === 'admin' ? `${record.act} ${record.by}` : ''));

describe('the life of an agent (ID1, ID5)', () => {
  it('goes from request to its end, each step by a named person, on record and in its history', async () => {
    const made = await post('/requests', {
      id: 'sorter',
      fields: fields({ keys: [key('sorter-1')] }),
      ...who('alice'),
    });
    expect([made.status, made.body.agent.state, made.body.agent.creator]).toEqual([201, 'requested', 'alice']);
    const self = await post('/sorter/approve', who('Alice'));
    expect([self.status, self.body.code]).toEqual([403, 'forbidden']);
    expect((await post('/sorter/activate', who('bob'))).status).toBe(409);
    expect((await post('/sorter/approve', who('bob'))).body.agent.state).toBe('approved');
    expect((await post('/sorter/activate', who('bob'))).body.agent.state).toBe('active');
    expect((await post('/sorter/suspend', who('bob'))).body.agent.state).toBe('suspended');
    expect((await post('/sorter/resume', who('bob'))).body.agent.state).toBe('active');
    expect((await post('/sorter/reassign', { to: 'bob', ...who('alice') })).body.agent.owner).toBe('bob');
    const ended = await house.admin<{ left: object; held: object; seq: number }>(
      'POST',
      '/v1/agents/sorter/decommission',
      who('bob', 'no longer needed'),
    );
    expect([ended.status, ended.body.left]).toEqual([200, {}]);
    expect(Object.keys(ended.body.held)).toContain('tokens');
    for (const act of ['approve', 'activate', 'suspend', 'resume'])
      expect((await post(`/sorter/${act}`, who('bob'))).status, act).toBe(409);
    expect(await acts('sorter')).toEqual([
      'agent.request alice',
      'agent.approve bob',
      'agent.activate bob',
      'agent.suspend bob',
      'agent.resume bob',
      'agent.reassign alice',
      'agent.decommission bob',
      'agent.decommission.proof bob',
    ]);
    const { body } = await house.admin<{ items: { act: string; by: string }[] }>('GET', '/v1/agents/sorter/history');
    expect(body.items.map(({ act }) => act).reverse()).toEqual((await acts('sorter')).map((act) => act.split(' ')[0]));
  });

  it('one of fifty approvals at once takes effect', async () => {
    await post('/requests', { id: 'race', fields: fields({ keys: [key('race-1')] }), ...who('alice') });
    const answers = await Promise.all(Array.from({ length: 50 }, () => post('/race/approve', who('bob'))));
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    expect(answers.filter(({ status }) => status === 409)).toHaveLength(49);
    const recorded = await acts('race');
    const voided = recorded.filter((act) => act === 'agent.approve.void bob').length;
    expect(recorded.filter((act) => act === 'agent.approve bob').length - voided).toBe(1);
  });

  it('an approver approves what was looked at, not what it became meanwhile', async () => {
    await post('/requests', { id: 'moving', fields: fields(), ...who('alice') });
    const { version } = await show('moving');
    await house.admin('PATCH', '/v1/agents/moving', { fields: { riskTier: 'low' }, ...who('alice') });
    const late = await post('/moving/approve', { ifVersion: version, ...who('bob') });
    expect([late.status, late.body.code]).toEqual([409, 'lost']);
    expect((await post('/moving/reject', who('bob'))).status).toBe(200);
    expect((await house.admin('GET', '/v1/agents/moving')).status).toBe(404);
  });

  it('a template gives what nobody said, and nobody gets more than it gives', async () => {
    const own = { owner: 'alice', purpose: 'files papers', template: 'clerk' };
    const over = await post('', { id: 'clerk-1', fields: { ...own, scopes: ['tools:all'] }, ...who('bob') });
    expect([over.status, over.body.detail]).toEqual([400, expect.stringContaining('tools:all')]);
    expect((await post('/requests', { id: 'clerk-1', fields: own, ...who('alice') })).status).toBe(201);
    expect((await show('clerk-1')).agent).toMatchObject({ scopes: ['tools:read', 'tools:write'], riskTier: 'medium' });
    const stranger = await post('/clerk-1/approve', who('root'));
    expect([stranger.status, stranger.body.detail]).toEqual([403, expect.stringContaining('bob')]);
    expect((await post('/clerk-1/approve', who('bob'))).status).toBe(200);
  });

  it('what stands in the configuration is changed there; what happens to it is kept beside it', async () => {
    const refused = await house.admin<Shown>('PATCH', '/v1/agents/buyer', { fields: { purpose: 'x' }, ...who('bob') });
    expect([refused.status, refused.body.detail]).toEqual([409, expect.stringContaining('interlock.yaml')]);
    expect((await post('/buyer/suspend', who('bob'))).body.agent.state).toBe('suspended');
    const stopped = await house.raw({ path: '/mcp/tools', agent: 'buyer', body: HELLO });
    expect(stopped.json.error.data.code).toBe('not-entitled');
    await house.restart();
    expect((await show('buyer')).agent.state).toBe('suspended');
    expect((await post('/buyer/resume', who('bob'))).body.agent.state).toBe('active');
  });

  it('a key belongs to one agent', async () => {
    const keys = [key('shared')];
    expect((await post('', { id: 'first', fields: fields({ keys }), ...who('bob') })).status).toBe(201);
    const second = await post('', { id: 'second', fields: fields({ keys }), ...who('bob') });
    expect([second.status, second.body.code]).toEqual([409, 'taken']);
    const leaked = await post('', { id: 'third', fields: fields({ keys: [{ ...keys[0], d: 'x' }] }), ...who('bob') });
    expect(leaked.body.detail).toContain('private');
  });

  it('every agent of one owner goes to another at once, and pages of the list follow one another', async () => {
    for (const id of ['many-a', 'many-b', 'many-c']) await post('', { id, fields: fields(), ...who('bob') });
    const first = await house.admin<{ items: { id: string }[]; next: string }>(
      'GET',
      '/v1/agents?search=many-&limit=2',
    );
    expect(first.body.items.map(({ id }) => id)).toEqual(['many-a', 'many-b']);
    const rest = await house.admin<typeof first.body>('GET', `/v1/agents?search=many-&cursor=${first.body.next}`);
    expect(rest.body).toMatchObject({ items: [{ id: 'many-c' }], next: null });
    const moved = await house.admin<{ reassigned: string[]; left: string[] }>('POST', '/v1/agents/reassign', {
      ...{ from: 'alice', to: 'bob' },
      ...who('bob', 'alice moves on'),
    });
    expect(moved.body.left).toEqual([]);
    expect(moved.body.reassigned).toEqual(expect.arrayContaining(['buyer', 'many-a', 'many-b', 'many-c']));
    expect((await house.admin<{ items: [] }>('GET', '/v1/agents?owner=alice&state=active')).body.items).toEqual([]);
  });
});
