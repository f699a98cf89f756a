import { randomBytes, randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CreateTaskResultSchema } from '@modelcontextprotocol/sdk/types.js';
import type { JWK } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { onlyKey, signingKeyOf } from '../../src/identity/proof/keys.ts';
import { sealedState } from '../../src/identity/proof/sealed-state.ts';
import { accessTokens } from '../../src/identity/tokens.ts';
import { TASKS, type World, waitingWorld } from '../cases/fixtures/waiting-world.ts';
import { textOf, until } from '../cases/house.ts';

/** Ids and states that clients carry for the gateway are handles: whoever holds one that is not theirs holds nothing. */
let world: World;
let signing: ReturnType<typeof onlyKey>;

beforeAll(async () => {
  world = await waitingWorld({ extra: 'approvals: { assurance: operator, waitMs: 300, expireMs: 60000 }' });
  const file = join(world.house.dir, '.interlock', 'keys', 'token-signing.jwk.json');
  signing = onlyKey(await signingKeyOf(JSON.parse(await readFile(file, 'utf8')) as JWK));
});
afterAll(() => world?.stop());

const speaks = { capabilities: TASKS };
const opens = { capabilities: { elicitation: { url: {} } } };
const pay = (sum: number) => ({ name: 'pay', arguments: { sum } });
const NOT_FOUND = { code: -32602, message: 'Failed to retrieve task: Task not found' };

/** The buyer, acting for that person. */
async function actingFor(subject: string): Promise<{ authorization: string }> {
  const tokens = accessTokens({ keys: signing, issuer: () => world.house.url });
  const { token } = await tokens.mint({
    ...{ agentId: 'buyer', subject, chain: [], audiences: [`${world.house.url}/mcp/purse`] },
    ...{ nowMs: Date.now(), ttlMs: 60_000 },
  });
  return { authorization: `Bearer ${token}` };
}

async function task(sum: number, options: object = speaks): Promise<{ taskId: string; id: string }> {
  const { json } = await world.modern('tools/call', pay(sum), options);
  return { taskId: json.result.taskId, id: (await world.question()).id };
}

describe('a task id', () => {
  it('of another agent finds nothing, in any method, and ends nothing', async () => {
    const { taskId, id } = await task(1);
    for (const method of ['tasks/get', 'tasks/cancel', 'tasks/update']) {
      const { json } = await world.modern(method, { taskId }, { ...speaks, agent: 'other' });
      expect(json.error).toEqual(NOT_FOUND);
    }
    const session = await world.session('other');
    await expect(session.experimental.tasks.cancelTask(taskId)).rejects.toMatchObject({ code: -32602 });
    await expect(session.experimental.tasks.getTaskResult(taskId)).rejects.toMatchObject({ code: -32602 });
    expect((await world.question()).id).toBe(id);
    await world.answer(id, 'approved');
    await until(async () => (await world.effects()).length === 1);
    expect((await world.modern('tasks/get', { taskId }, { ...speaks, agent: 'other' })).json.error).toEqual(NOT_FOUND);
  });

  it('of the same agent, acting for somebody else or for nobody, finds nothing', async () => {
    const alice = await actingFor('alice');
    const { taskId, id } = await task(2, { ...speaks, headers: alice });
    expect((await world.modern('tasks/get', { taskId }, { ...speaks, headers: alice })).json.result.status).toBe(
      'working',
    );
    for (const headers of [await actingFor('bob'), {}]) {
      expect((await world.modern('tasks/get', { taskId }, { ...speaks, headers })).json.error).toEqual(NOT_FOUND);
      expect((await world.modern('tasks/cancel', { taskId }, { ...speaks, headers })).json.error).toEqual(NOT_FOUND);
    }
    expect((await world.question()).id).toBe(id);
    await world.answer(id, 'denied');
  });

  it('that is guessed is none, also with the question right; what its owner makes up says no more than the question', async () => {
    const { taskId, id } = await task(3);
    const random = () => randomBytes(18).toString('base64url');
    const guesses = [
      ...[
        `interlock-task-${id}~${random()}`,
        `interlock-task-${randomUUID()}~${random()}`,
        `interlock-task-~${random()}`,
      ],
      ...['interlock-task-', `interlock-task-${id}`, `${taskId}x`, taskId.toUpperCase()],
    ];
    for (const guess of guesses) {
      const { json } = await world.modern('tasks/get', { taskId: guess }, { ...speaks, agent: 'other' });
      expect([-32602, -32601, -32003]).toContain(json.error?.code ?? (json.result?.isError ? -32003 : 0));
    }
    const own = await world.modern('tasks/get', { taskId: guesses[0]! }, speaks);
    expect(own.json.result).toMatchObject({ status: 'working' });
    await world.answer(id, 'denied');
    await until(async () => (await world.modern('tasks/get', { taskId }, speaks)).json.result.status !== 'working');
  });

  it('asked about a hundred times at once as the answer comes carries the call out once', async () => {
    const before = (await world.effects()).length;
    const { taskId, id } = await task(4);
    const asking = Array.from({ length: 50 }, () => world.modern('tasks/get', { taskId }, speaks));
    const made = Array.from({ length: 50 }, () => `interlock-task-${id}~${randomBytes(18).toString('base64url')}`);
    await world.answer(id, 'approved');
    const also = made.map((madeUp) => world.modern('tasks/get', { taskId: madeUp }, speaks));
    await Promise.all([...asking, ...also]);
    await until(async () => (await world.modern('tasks/get', { taskId }, speaks)).json.result.status === 'completed');
    expect((await world.effects()).length).toBe(before + 1);
    const intents = (await world.house.records()).filter((r) => r.type === 'intent' && r.approval === id);
    expect(intents).toHaveLength(1);
    expect(await world.pending()).toEqual([]);
  });

  it('says nothing to an agent that was stopped, or whose question was answered before that', async () => {
    const { taskId, id } = await task(5);
    await world.answer(id, 'approved');
    await until(async () => (await world.modern('tasks/get', { taskId }, speaks)).json.result.status === 'completed');
    await world.house.admin('POST', '/v1/locks', { target: 'agent:buyer', tier: 'halt', reason: 'test', by: 'bob' });
    const { json } = await world.modern('tasks/get', { taskId }, speaks);
    expect(JSON.stringify(json)).not.toContain('paid');
    expect(json.error.message).toContain('stopped');
    await world.house.admin('DELETE', '/v1/locks/agent:buyer?reason=over&by=bob');
  });

  it('says nothing to an agent that was stopped while it waited for the result', async () => {
    const session = await world.session('buyer');
    const call = { method: 'tools/call', params: { name: 'slow', arguments: { sum: 55 }, task: {} } };
    const { task: made } = await session.request(call, CreateTaskResultSchema);
    const waiting = session.experimental.tasks.getTaskResult(made.taskId).catch((error: unknown) => error);
    await until(async () => (await session.experimental.tasks.getTask(made.taskId)).status === 'working');
    await world.house.admin('POST', '/v1/locks', { target: 'agent:buyer', tier: 'halt', reason: 'test', by: 'bob' });
    await world.go();
    expect(JSON.stringify(await waiting)).not.toContain('paid');
    await world.house.admin('DELETE', '/v1/locks/agent:buyer?reason=over&by=bob');
  });

  it('does not go on for an agent that was stopped while people thought', async () => {
    const { taskId, id } = await task(6);
    await world.house.admin('POST', '/v1/locks', {
      target: 'tool:purse/pay',
      tier: 'pause',
      reason: 'test',
      by: 'bob',
    });
    expect(await world.answer(id, 'approved')).toBe(409);
    // Another call may still be under way at the server: this one never was.
    expect((await world.effects()).filter(([, args]) => (args as { sum: number }).sum === 6)).toEqual([]);
    await world.house.admin('DELETE', '/v1/locks/tool%3Apurse%2Fpay?by=bob&reason=over');
    await world.modern('tasks/cancel', { taskId }, speaks);
    expect((await world.house.records()).some((r) => r.type === 'intent' && r.approval === id)).toBe(false);
  });
});

describe('a request state', () => {
  const REFUSED = /requestState/;

  async function given(
    sum: number,
    headers: Record<string, string> = {},
  ): Promise<{ requestState: string; id: string }> {
    const { json } = await world.modern('tools/call', pay(sum), { ...opens, headers });
    return { requestState: json.result.requestState, id: (await world.question()).id };
  }
  const bring = (sum: number, requestState: string, more: object = {}) =>
    world.modern('tools/call', { ...pay(sum), requestState }, { ...opens, ...more });

  it('grants nothing: with it or without it the call waits for the same question', async () => {
    const { requestState, id } = await given(21);
    const { json } = await bring(21, requestState);
    expect(textOf(json.result)).toContain(`request ${id}`);
    expect((await world.question()).id).toBe(id);
    await world.answer(id, 'denied');
  });

  it('is refused when it was forged, changed, taken from somebody else, or given for something else', async () => {
    const { requestState, id } = await given(22);
    const [prefix] = requestState.split('.') as [string];
    const flipped = `${requestState.slice(0, -6)}${requestState.at(-6) === 'A' ? 'B' : 'A'}${requestState.slice(-5)}`;
    const token = (await actingFor('alice')).authorization.slice('Bearer '.length);
    const alien = sealedState(onlyKey(await signingKeyOf(await otherKey())));
    const forged = await alien.seal(
      { for: 'x', method: 'tools/call', approval: id, digest: 'd', held: {} },
      Date.now() + 60_000,
    );
    const over = await sealedState(signing).seal({ for: 'x', held: {} }, Date.now() - 1);
    for (const state of [
      flipped,
      `${prefix}.`,
      `${prefix}.${token}`,
      `${prefix}.${forged}`,
      `${prefix}.${over}`,
      `${prefix}.e30.e30.e30`,
    ]) {
      const { json } = await bring(22, state);
      expect(json.error, state.slice(0, 40)).toMatchObject({ code: -32602, message: expect.stringMatching(REFUSED) });
    }
    expect((await bring(22, requestState, { agent: 'other' })).json.error.message).toMatch(REFUSED);
    expect((await bring(22, requestState, { headers: await actingFor('alice') })).json.error.message).toMatch(REFUSED);
    expect((await bring(23, requestState)).json.error.message).toMatch(REFUSED);
    expect((await world.question()).id).toBe(id);
    await world.answer(id, 'denied');
  });

  it('is no access token', async () => {
    const { requestState, id } = await given(24);
    const headers = { authorization: `Bearer ${requestState.slice(requestState.indexOf('.') + 1)}` };
    expect((await world.modern('tools/call', pay(24), { headers })).status).toBe(401);
    await world.answer(id, 'denied');
  });

  it('that is the server’s own passes, and is part of what is asked about', async () => {
    const first = await bring(25, 'a state of the server');
    const { id, digest } = await world.question();
    const second = await bring(25, first.json.result.requestState);
    expect(textOf(second.json.result)).toContain(`request ${id}`);
    expect((await world.question()).digest).toBe(digest);
    await world.answer(id, 'denied');
    const other = await bring(25, 'another state');
    const another = await world.question();
    expect(another.id).not.toBe(id);
    expect(other.json.result.resultType).toBe('input_required');
    await world.answer(another.id, 'denied');
  });
});

async function otherKey(): Promise<JWK> {
  const { newPrivateJwk } = await import('../../src/identity/proof/keys.ts');
  return newPrivateJwk();
}
