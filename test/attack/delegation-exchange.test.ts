import { randomUUID } from 'node:crypto';
import { decodeJwt } from 'jose';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Connection } from '../../src/model/connection.ts';
import { PERSON_DEFAULTS } from '../../src/model/person.ts';
import { ACCESS_TOKEN, TOKEN_EXCHANGE } from './foreign-world.ts';
import {
  agentNamed,
  askToken,
  assertionFor,
  type KeyPair,
  keyPair,
  openWorld,
  signAsGateway,
  type World,
} from './token-world.ts';

const NAMES = ['a', 'b', 'c', 'd', 'e'] as const;
const connect = (from: string, to: string, more: Partial<Connection> = {}): Connection => ({
  ...{ id: `${from}-${to}`, from, to, scopes: null, initiators: ['user', 'machine'], maxDepth: null },
  ...{ requiresTask: false, hours: null, notAfterMs: null, createdBy: 'ada', createdAtMs: 0 },
  ...more,
});

let world: World;
const pairs = new Map<string, KeyPair>();
beforeEach(async () => {
  world = await openWorld();
  for (const name of NAMES) pairs.set(name, await keyPair());
  world.agents = new Map(NAMES.map((name) => [name, agentNamed(name, [pairs.get(name)!.publicJwk])]));
  world.connections = NAMES.flatMap((from) => NAMES.filter((to) => to !== from).map((to) => connect(from, to)));
});
afterEach(() => world.close());

async function ask(agent: string, fields: Record<string, string>) {
  const claims = { iss: agent, sub: agent };
  return askToken(world, await assertionFor(world, { claims, pair: pairs.get(agent)! }), fields);
}
const own = async (agent: string, fields: Record<string, string> = {}) =>
  (await ask(agent, { grant_type: 'client_credentials', ...fields })).json.access_token as string;
const exchange = (agent: string, subject_token: string, fields: Record<string, string> = {}) =>
  ask(agent, { grant_type: TOKEN_EXCHANGE, subject_token, subject_token_type: ACCESS_TOKEN, ...fields });
const passed = async (agent: string, token: string) => (await exchange(agent, token)).json.access_token as string;

/** A consent of ada for the agent a, as the provider issues it. */
async function consented(more: Record<string, unknown> = {}): Promise<string> {
  const nowS = Math.floor(world.nowMs / 1000);
  return signAsGateway(world, {
    ...{ iss: world.resources.issuer, sub: 'ada', sub_profile: 'user', client_id: 'a', aud: world.resources.aggregate },
    ...{ iat: nowS, exp: nowS + 300, jti: randomUUID(), txn: 't1', grant: 'g1', scope: 'orders:all' },
    act: { sub: 'a', sub_profile: 'ai_agent' },
    ...more,
  });
}

async function refused(answer: Awaited<ReturnType<typeof exchange>>, error: string) {
  expect([answer.status, answer.json.error]).toEqual([400, error]);
  expect(world.recorded.filter(({ act }) => act === 'token.exchange')).toEqual([]);
}

describe('CR2: a token that is handed on', () => {
  it('keeps its root, its txn and its grant, names everybody, and is on record by both ids', async () => {
    const subject = await consented();
    const answer = await exchange('b', subject, { scope: 'orders:read' });
    expect(answer.json).toMatchObject({ issued_token_type: ACCESS_TOKEN, token_type: 'Bearer', scope: 'orders:read' });
    const claims = decodeJwt(answer.json.access_token as string);
    expect(claims).toMatchObject({
      ...{ sub: 'ada', client_id: 'b', txn: 't1', grant: 'g1' },
      act: { sub: 'b', act: { sub: 'a' } },
    });
    expect(world.recorded).toMatchObject([
      {
        act: 'token.exchange',
        by: 'b',
        detail: { parent: decodeJwt(subject).jti, child: claims.jti, connection: 'a-b' },
      },
    ]);
  });

  it('can be used once where it says so: of fifty at once one is good', async () => {
    const details = JSON.stringify([{ type: 'agent_delegation', max_uses: 1 }]);
    const token = await own('a', { authorization_details: details });
    const answers = await Promise.all(Array.from({ length: 50 }, () => exchange('b', token)));
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
  });
});

describe('an exchange that is refused', () => {
  it('in a loop, and beyond the depth', async () => {
    const three = await passed('c', await passed('b', await own('a')));
    const four = await passed('d', three);
    expect(decodeJwt(four).sub).toBe('a');
    world.recorded.length = 0;
    await refused(await exchange('a', three), 'invalid_request');
    await refused(await exchange('b', three), 'invalid_request');
    await refused(await exchange('e', four), 'invalid_request');
  });

  it('for a chain with a dead, a stopped or an ownerless agent in its middle, or a person who left', async () => {
    const three = await passed('c', await passed('b', await consented()));
    world.recorded.length = 0;
    const all = world.agents;
    for (const state of ['suspended', 'orphaned', 'decommissioned'] as const) {
      world.agents = new Map([...all, ['b', { ...all.get('b')!, state }]]);
      await refused(await exchange('d', three), 'invalid_request');
    }
    world.agents = new Map([...all, ['b', { ...all.get('b')!, owner: 'nobody' }]]);
    await refused(await exchange('d', three), 'invalid_request');
    world.agents = all;
    for (const locked of ['a', 'b', 'c', 'd', 'ada']) {
      world.locked.add(locked);
      await refused(await exchange('d', three), 'invalid_request');
      world.locked.clear();
    }
    world.people = [{ ...PERSON_DEFAULTS, id: 'ada', userName: 'ada', name: 'Ada', active: false }];
    expect((await exchange('d', three)).status).toBe(400);
  });

  it('for more scopes than the token, the connection or an agent on the way has', async () => {
    const subject = await consented({ scope: 'orders:read' });
    await refused(await exchange('b', subject, { scope: 'orders:write' }), 'invalid_scope');
    await refused(await exchange('b', subject, { scope: '*:all' }), 'invalid_scope');
    world.connections = [connect('a', 'b', { scopes: ['files:all'] })];
    await refused(await exchange('b', subject, { scope: 'orders:read' }), 'invalid_scope');
    world.connections = [connect('a', 'b')];
    world.agents = new Map([...world.agents, ['a', { ...world.agents.get('a')!, scopes: ['files:all'] }]]);
    await refused(await exchange('b', subject, { scope: 'orders:read' }), 'invalid_scope');
  });

  it('for a resource the token is not for, or an agent on the way may not reach', async () => {
    const { aggregate } = world.resources;
    const narrow = await consented({ aud: `${aggregate}/orders` });
    await refused(await exchange('b', narrow, { resource: `${aggregate}/files` }), 'invalid_target');
    await refused(await exchange('b', narrow, { resource: aggregate }), 'invalid_target');
    await refused(await exchange('b', narrow, { resource: 'https://evil.example/mcp' }), 'invalid_target');
    world.agents = new Map([...world.agents, ['a', { ...world.agents.get('a')!, servers: ['orders'] }]]);
    await refused(await exchange('b', await consented(), { resource: `${aggregate}/files` }), 'invalid_target');
  });

  it('without a connection, or over one whose conditions do not hold', async () => {
    const subject = await consented();
    const closed: readonly Partial<Connection>[] = [
      { initiators: ['machine'] },
      { requiresTask: true },
      { notAfterMs: world.nowMs },
      { hours: [0, 1] },
      { maxDepth: 1 },
      { from: 'b', to: 'a' },
    ];
    for (const more of closed) {
      world.connections = [connect('a', 'b', more)];
      await refused(await exchange('b', subject), 'invalid_request');
    }
  });

  it('of a token that is expired, revoked, of another key, of another kind, or not ours', async () => {
    const nowS = Math.floor(world.nowMs / 1000);
    const good = await consented();
    await refused(await exchange('b', await consented({ exp: nowS })), 'invalid_request');
    await refused(await exchange('b', await consented({ iat: nowS + 120 })), 'invalid_request');
    await refused(await exchange('b', await consented({ iss: 'https://evil.example' })), 'invalid_request');
    await refused(await exchange('b', `${good.slice(0, -6)}AAAAAA`), 'invalid_request');
    const [, payload] = good.split('.');
    const none = Buffer.from(JSON.stringify({ alg: 'none', typ: 'at+jwt', kid: world.key.kid })).toString('base64url');
    await refused(await exchange('b', `${none}.${payload}.`), 'invalid_request');
    const idToken = await signAsGateway(world, decodeJwt(good), { typ: 'JWT' });
    await refused(await exchange('b', idToken), 'invalid_request');
    await refused(await exchange('b', good, { subject_token_type: 'urn:x' }), 'invalid_request');
    world.revoked.add(decodeJwt(good).jti as string);
    await refused(await exchange('b', good), 'invalid_request');
  });

  it('with an actor token of somebody else, and of a token bound to a key nobody shows', async () => {
    const subject = await consented();
    const other = { actor_token: await own('c'), actor_token_type: ACCESS_TOKEN };
    await refused(await exchange('b', subject, other), 'invalid_request');
    const mine = { actor_token: await own('b'), actor_token_type: ACCESS_TOKEN };
    expect((await exchange('b', subject, mine)).status).toBe(200);
    world.recorded.length = 0;
    await refused(await exchange('b', await consented({ cnf: { jkt: 'x'.repeat(43) } })), 'invalid_request');
  });
});

describe('AZ5: a part of a task', () => {
  const task = (more: Record<string, unknown> = {}) =>
    JSON.stringify([{ type: 'agent_task', purpose: 'p', tools: ['orders/*'], max_calls: 5, ...more }]);

  it('is never more than the whole', async () => {
    const whole = await own('a', { authorization_details: task({ data_classes: ['internal'] }) });
    const part = (more: Record<string, unknown>) => exchange('b', whole, { authorization_details: task(more) });
    expect((await part({ tools: ['orders/list'], max_calls: 1 })).status).toBe(200);
    world.recorded.length = 0;
    for (const more of [
      { tools: ['files/*'] },
      { tools: ['orders/*', 'files/read'] },
      { max_calls: 6 },
      { data_classes: ['internal', 'restricted'] },
      { not_after: Math.floor(world.nowMs / 1000) + 90_000 },
      { unknown_limit: 1 },
    ])
      await refused(await part(more), 'invalid_authorization_details');
  });

  it('binds even where none is asked for', async () => {
    const whole = await own('a', { authorization_details: task() });
    const claims = decodeJwt(await passed('b', whole));
    expect([claims.task, claims.task_bound]).toEqual([decodeJwt(whole).task, true]);
  });
});
