import { createHash } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type DemoCompany, startDemoCompany } from '../../examples/demo-company/server.ts';
import { CONNECT, type House, openHouse, type RawAnswer, textOf, until } from './house.ts';

/** Requirement ID4: no agent outlives the authority of its owner. Driven as identity providers drive it: by SCIM (CN1). */
const TOKEN = 'scim-token-of-the-identity-provider-0001';
const PATCH = 'urn:ietf:params:scim:api:messages:2.0:PatchOp';
const OKTA = { schemas: [PATCH], Operations: [{ op: 'replace', value: { active: false } }] };
const ENTRA = { schemas: [PATCH], Operations: [{ op: 'Replace', path: 'active', value: 'False' }] };
const BACK = { schemas: [PATCH], Operations: [{ op: 'Replace', path: 'active', value: 'True' }] };
const LONG = { name: 'reports.build', arguments: { kind: 'spending', seconds: 20 } };
const SHORT = { name: 'orders.list', arguments: {} };

let company: DemoCompany;
let house: House;
let dir: string;

const scim = (method: string, path: string, body?: object, token = TOKEN): Promise<RawAnswer> =>
  house.raw({
    path: `/scim/v2${path}`,
    method,
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/scim+json' },
    ...(body === undefined ? {} : { body }),
  });

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'interlock-ghost-'));
  company = await startDemoCompany({ port: 0, dbPath: join(dir, 'company.db') });
});
afterAll(async () => {
  await company?.close();
  await rm(dir, { recursive: true, force: true });
});
beforeEach(async () => {
  house = await openHouse({
    agents: ['one', 'two'],
    servers: `  erp:\n    url: ${company.urls.erp}\n    tools: { "*": { effect: read, dataClass: internal } }\n`,
    policies: { 'a.cedar': `${CONNECT} permit(principal, action in Action::"use", resource);` },
    extra: `scim: { tokenSha256: ${createHash('sha256').update(TOKEN).digest('base64url')} }`,
  });
  return () => house.stop();
});

describe.each([
  ['Okta', OKTA],
  ['Microsoft Entra', ENTRA],
])('ID4: a person deactivated as %s does it', (_name, request) => {
  it('has no agent that acts from the next call on, in decision and in record, also after a restart', async () => {
    const one = await house.client('one', '/mcp/erp');
    expect((await one.callTool(SHORT)).isError ?? false).toBe(false);
    const before = await scim('GET', '/Users/alice');
    expect([before.status, before.json.active]).toEqual([200, true]);

    const answer = await scim('PATCH', '/Users/alice', request);
    expect([answer.status, answer.json.active]).toEqual([200, false]);
    const refused = await one.callTool(SHORT).then(
      (result) => (result.isError === true ? textOf(result) : 'went through'),
      (error: Error) => error.message,
    );
    expect(refused).not.toBe('went through');
    const stopped = await house.raw({ path: '/mcp/erp', agent: 'two', body: INITIALIZE });
    expect(stopped.json?.result).toBeUndefined();

    const records = await house.records();
    expect(records.some((r) => r.type === 'admin' && r.act === 'person.deactivate' && r.by === 'scim')).toBe(true);
    const done = records.find((r) => r.type === 'admin' && r.act === 'person.deprovision');
    expect(done).toMatchObject({ by: 'scim', detail: { person: 'alice', orphaned: 2, agents: ['one', 'two'] } });
    const locks = (await house.admin<{ items: { target: { kind: string; id: string } }[] }>('GET', '/v1/locks')).body
      .items;
    expect(locks.map(({ target }) => `${target.kind}:${target.id}`).sort()).toEqual(['owner:alice', 'user:alice']);

    await house.restart();
    const again = await house.raw({ path: '/mcp/erp', agent: 'one', body: INITIALIZE });
    expect(again.json?.result).toBeUndefined();
    expect(await agentStates()).toEqual({ one: 'orphaned', two: 'orphaned' });
  });

  it('cuts the call that is under way', async () => {
    const one = await house.client('one', '/mcp/erp');
    let progressed = false;
    const running = one
      .callTool(LONG, { onprogress: () => (progressed = true), timeout: 25_000 } as never)
      .then((result) => textOf(result))
      .catch((error: Error) => error.message);
    await until(() => progressed);
    expect((await scim('PATCH', '/Users/alice', request)).status).toBe(200);
    await running;
    await until(async () =>
      (await house.records()).some((r) => r.type === 'outcome' && r.outcome === 'unknown' && r.code === 'aborted'),
    );
  });
});

describe('ID4: a person who comes back', () => {
  it('does not silently revive their agents', async () => {
    await scim('PATCH', '/Users/alice', ENTRA);
    const back = await scim('PATCH', '/Users/alice', BACK);
    expect([back.status, back.json.active]).toEqual([200, true]);
    expect((await house.admin<{ items: unknown[] }>('GET', '/v1/locks')).body.items).toEqual([]);
    const refused = await house.raw({ path: '/mcp/erp', agent: 'one', body: INITIALIZE });
    expect(refused.json?.result).toBeUndefined();
    expect(await agentStates()).toEqual({ one: 'orphaned', two: 'orphaned' });
  });

  it('leaves standing what an operator had ordered before', async () => {
    const order = { target: 'owner:alice', tier: 'halt', reason: 'drill', by: 'bob' };
    await house.admin('POST', '/v1/locks', order);
    await scim('PATCH', '/Users/alice', OKTA);
    await scim('PATCH', '/Users/alice', BACK);
    const { items: locks } = (
      await house.admin<{ items: { target: { kind: string }; by: string }[] }>('GET', '/v1/locks')
    ).body;
    expect(locks.map(({ target, by }) => [target.kind, by])).toEqual([['owner', 'bob']]);
  });
});

describe('ID4: a person who is deleted', () => {
  it('is gone for the provider, held down where the configuration still names them, and never somebody else', async () => {
    expect((await scim('DELETE', '/Users/alice')).status).toBe(204);
    expect((await scim('GET', '/Users/alice')).status).toBe(404);
    expect((await scim('DELETE', '/Users/alice')).status).toBe(404);
    expect(await agentStates()).toEqual({ one: 'orphaned', two: 'orphaned' });

    const made = await scim('POST', '/Users', user('carol@corp.example'));
    expect([made.status, made.json.id]).toEqual([201, 'carol@corp.example']);
    expect((await scim('DELETE', '/Users/carol%40corp.example')).status).toBe(204);
    const other = await scim('POST', '/Users', user('carol@corp.example'));
    expect(other.status).toBe(201);
    expect(other.json.id).not.toBe('carol@corp.example');
  });

  it('by the operator: the command line’s route does the same', async () => {
    const gone = await house.admin('DELETE', '/v1/people/alice?by=bob&reason=left');
    expect(gone.status).toBe(200);
    expect(await agentStates()).toEqual({ one: 'orphaned', two: 'orphaned' });
  });
});

const INITIALIZE = {
  jsonrpc: '2.0',
  id: 1,
  method: 'initialize',
  params: { protocolVersion: '2025-06-18', capabilities: {}, clientInfo: { name: 'case', version: '1' } },
};

function user(userName: string): object {
  return { schemas: ['urn:ietf:params:scim:schemas:core:2.0:User'], userName, active: true };
}

async function agentStates(): Promise<Record<string, string>> {
  const { body } = await house.admin<{ agents: { id: string; state: string }[] }>('GET', '/v1/people/alice');
  return Object.fromEntries(body.agents.map(({ id, state }) => [id, state]));
}
