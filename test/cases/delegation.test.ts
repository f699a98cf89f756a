import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { SignJWT } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { run } from '../../src/cli/program.ts';
import { type KeyPair, keyPair } from '../attack/token-world.ts';
import { CONNECT, EVERYTHING, type House, openHouse } from './house.ts';

const EXCHANGE = 'urn:ietf:params:oauth:grant-type:token-exchange';
const ACCESS_TOKEN = 'urn:ietf:params:oauth:token-type:access_token';

let house: House;
const keys = new Map<string, KeyPair>();
beforeAll(async () => {
  for (const agent of ['planner', 'buyer']) keys.set(agent, await keyPair());
  const extra = (agent: string) => `    keys: [${JSON.stringify(keys.get(agent)!.publicJwk)}]\n`;
  house = await openHouse({
    servers: `  lab:\n    command: ${process.execPath}\n    args: [${EVERYTHING}, stdio]\n    trust: first-use\n`,
    policies: { 'all.cedar': `${CONNECT}\npermit(principal, action, resource);` },
    agents: ['planner', 'buyer'],
    agentExtra: { planner: extra('planner'), buyer: extra('buyer') },
  });
  await house.acceptAll('lab');
});
afterAll(() => house.stop());

async function ask(agent: string, fields: Record<string, string>, claims: Record<string, unknown> = {}) {
  const { privateKey, publicJwk, alg } = keys.get(agent)!;
  const nowS = Math.floor(Date.now() / 1000);
  const assertion = await new SignJWT({
    ...{ iss: agent, sub: agent, aud: `${house.url}/oauth/token`, iat: nowS, exp: nowS + 60, jti: randomUUID() },
    ...claims,
  })
    .setProtectedHeader({ alg, kid: publicJwk.kid })
    .sign(privateKey);
  const body = new URLSearchParams({
    client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
    ...{ client_assertion: assertion, ...fields },
  }).toString();
  const headers = { 'content-type': 'application/x-www-form-urlencoded' };
  const answer = await house.raw({ path: '/oauth/token', method: 'POST', headers, body });
  return answer.json as { access_token: string; error?: string; scope?: string };
}

const own = (agent: string, fields: Record<string, string> = {}, claims = {}) =>
  ask(agent, { grant_type: 'client_credentials', ...fields }, claims);
const exchange = (agent: string, subject: string, fields: Record<string, string> = {}) =>
  ask(agent, { grant_type: EXCHANGE, subject_token: subject, subject_token_type: ACCESS_TOKEN, ...fields });

async function call(token: string, name: string, args: Record<string, unknown>): Promise<string> {
  const client = new Client({ name: 'case', version: '1' });
  const headers = { authorization: `Bearer ${token}` };
  const transport = new StreamableHTTPClientTransport(new URL('/mcp/lab', house.url), { requestInit: { headers } });
  await client.connect(transport);
  try {
    return JSON.stringify(await client.callTool({ name, arguments: args }));
  } finally {
    await client.close();
  }
}

async function cli(...args: readonly string[]): Promise<{ code: number; printed: string }> {
  const printed: string[] = [];
  const write = process.stdout.write.bind(process.stdout);
  process.stdout.write = ((text: string) => printed.push(text) > 0) as never;
  const code = await run(['--config', join(house.dir, 'interlock.yaml'), ...args]).finally(() => {
    process.stdout.write = write;
  });
  return { code, printed: printed.join('') };
}

const order = { by: 'alice', reason: 'case' };

describe('CN3: work is handed on', () => {
  it('only over a connection, on record, and no longer than it is there', async () => {
    const planner = await own('planner', { scope: 'lab:all' });
    expect((await exchange('buyer', planner.access_token)).error).toBe('invalid_request');
    const made = await house.admin('POST', '/v1/connections', { ...order, from: 'planner', to: 'buyer' });
    expect([made.status, made.body]).toMatchObject([200, { id: 'planner-buyer' }]);
    const buyer = await exchange('buyer', planner.access_token, { scope: 'lab:all' });
    expect(await call(buyer.access_token, 'echo', { message: 'hello' })).toContain('hello');
    const records = await house.records();
    const intent = records.findLast((record) => record.type === 'intent' && record.target === 'echo');
    expect(intent).toMatchObject({ agent: 'buyer', chain: [{ id: 'buyer' }, { id: 'planner' }] });
    expect(records.filter((one) => one.type === 'admin' && one.act === 'token.exchange')).toHaveLength(1);
    const id = (intent as { call: string }).call;
    const { code, printed } = await cli('chain', id, '--json');
    const shown = JSON.parse(printed) as { hops: unknown[]; chain: unknown[] };
    expect(code).toBe(0);
    expect(shown.hops).toMatchObject([
      {
        act: 'token.exchange',
        detail: { from: 'planner', to: 'buyer', connection: 'planner-buyer', scopes: ['lab:all'] },
      },
    ]);
    const explained = (await cli('explain', id.slice(-12))).printed;
    expect(explained).toContain('buyer (of alice), through planner');
    expect(explained).toMatch(/user's rights +nothing to say/);
    expect(explained).toMatch(/scopes +permit: needs lab:/);
    expect(explained).toMatch(/policies +permit/);
    expect(explained).toMatch(/decision +permitted: /);
    const told = (await cli('chain', id.slice(-12))).printed;
    expect(told).toContain('planner to buyer, over connection planner-buyer');
    expect(told).toMatch(/root +planner \(an agent, for itself\)\n +acts +buyer/);
    await house.admin('DELETE', '/v1/connections/planner-buyer?by=alice&reason=case');
    await expect(call(buyer.access_token, 'echo', { message: 'again' })).rejects.toThrow();
  });
});

describe('AZ5: a task', () => {
  it('an operator made binds what the agent does, and closing it ends that', async () => {
    const terms = { agent: 'buyer', purpose: 'say hello', tools: ['lab/echo'], maxCalls: 5, by: 'alice' };
    const { body: task } = await house.admin<{ id: string }>('POST', '/v1/tasks', terms);
    const token = (await own('buyer', {}, { task: task.id })).access_token;
    expect(await call(token, 'echo', { message: 'hello' })).toContain('hello');
    expect(await call(token, 'get-sum', { a: 1, b: 2 }).catch(String)).toMatch(/task/i);
    await house.admin('POST', `/v1/tasks/${task.id}/close`, order);
    await expect(call(token, 'echo', { message: 'again' })).rejects.toThrow();
    expect((await own('buyer', {}, { task: task.id })).error).toBe('invalid_request');
  });

  it('of another agent is nobody else’s', async () => {
    const terms = { agent: 'planner', purpose: 'plan', tools: ['lab/*'], by: 'alice' };
    const { body: task } = await house.admin<{ id: string }>('POST', '/v1/tasks', terms);
    expect((await own('buyer', {}, { task: task.id })).error).toBe('invalid_request');
  });
});

describe('what an operator may not order', () => {
  it('is refused in words', async () => {
    const unknown = await house.admin('POST', '/v1/connections', { ...order, from: 'planner', to: 'nobody' });
    expect([unknown.status, unknown.body]).toMatchObject([404, { code: 'unknown' }]);
    const self = await house.admin('POST', '/v1/connections', { ...order, from: 'planner', to: 'planner' });
    expect(self.status).toBe(400);
    expect((await house.admin('DELETE', '/v1/connections/none?by=alice&reason=case')).status).toBe(404);
    expect((await house.admin('POST', '/v1/tasks/none/close', order)).status).toBe(404);
  });
});

describe('the command line', () => {
  it('makes, shows and ends connections and tasks', async () => {
    const reason = ['--reason', 'case', '--by', 'alice'];
    const limits = [
      '--scope',
      'lab:read',
      '--scope',
      'lab:write',
      '--initiator',
      'user',
      '--hours',
      '8-18',
      '--for',
      '30d',
    ];
    expect(await cli('connections', 'add', 'buyer', 'planner', ...limits, ...reason)).toMatchObject({ code: 0 });
    const shown = JSON.parse((await cli('connections', 'show', 'buyer-planner', '--json')).printed);
    expect(shown).toMatchObject({
      scopes: ['lab:read', 'lab:write'],
      initiators: ['user'],
      hours: [8, 18],
      createdBy: 'alice',
    });
    expect((await cli('connections')).printed).toContain('buyer-planner');
    expect(await cli('connections', 'add', 'buyer', 'planner', ...reason)).toMatchObject({ code: 5 });
    expect(await cli('connections', 'remove', 'buyer-planner', ...reason)).toMatchObject({ code: 0 });
    expect(await cli('connections', 'remove', 'buyer-planner')).toMatchObject({ code: 2 });
    const terms = [
      '--purpose',
      'order 4711',
      '--tool',
      'lab/echo',
      '--max-calls',
      '1',
      '--max-amount',
      '90.5',
      '--for',
      '1h',
    ];
    const made = JSON.parse((await cli('tasks', 'create', 'buyer', ...terms, '--json')).printed) as { id: string };
    expect(made).toMatchObject({ agent: 'buyer', maxCalls: 1, maxAmount: 905_000, state: 'open' });
    expect((await cli('tasks')).printed).toContain(made.id);
    expect(await cli('tasks', 'close', made.id, ...reason)).toMatchObject({ code: 0 });
    expect((await cli('tasks', 'show', made.id)).printed).toContain('closed');
    expect(await cli('chain', 'no-such-call')).toMatchObject({ code: 1 });
    expect(await cli('explain', 'no-such-call')).toMatchObject({ code: 1 });
  });
});
