import { describe, expect, it } from 'vitest';
import { AGENT_DEFAULTS } from '../../../../model/agent.ts';
import { ALONE, type Caller } from '../../../../model/caller.ts';
import { type RpcRequest, success } from '../../../../model/jsonrpc.ts';
import type { ApprovalRow } from '../../../../ports/stores.ts';
import { Holding } from '../held.ts';
import { type KnownOutcome, TaskDesk } from './desk.ts';
import type { Ran, Runner } from './runner.ts';

const message: RpcRequest = {
  jsonrpc: '2.0',
  id: 1,
  method: 'tools/call',
  params: { name: 'pay', arguments: { sum: 1 } },
};
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

function callerOf(id: string, more: Partial<Caller> = {}): Caller {
  const agent = {
    ...AGENT_DEFAULTS,
    id,
    name: id,
    owner: 'alice',
    purpose: '',
    archetype: 'homegrown',
    riskTier: 'low',
  };
  const proof = { method: 'static-development', credentialId: 'c', expiresAtMs: Number.MAX_SAFE_INTEGER };
  return { ...ALONE, ...proof, agent, ...more } as unknown as Caller;
}

/** A desk over one question, and everything that was done at it. */
function world(more: { outcome?: KnownOutcome } = {}) {
  let nowMs = 1_000;
  const shown = { server: 'purse', arguments: { sum: 1 } };
  const kept = { method: 'tools/call', params: { name: 'pay' } };
  const row = {
    ...{
      id: '00000000-0000-4000-8000-000000000001',
      kind: 'call',
      digest: 'd1',
      agent: 'buyer',
      subject: null,
      task: null,
    },
    ...{ chain: '[]', askWhom: ['owner'], state: 'pending', recorded: true, request: JSON.stringify(shown) },
    ...{ context: JSON.stringify(kept), requestedAtMs: 0, answeredAtMs: null, expiresAtMs: 60_000, consumedBy: null },
  } as unknown as { -readonly [K in keyof ApprovalRow]: ApprovalRow[K] };
  const bells = new Set<() => void>();
  const did: string[] = [];
  const holding = new Holding();
  const desk = new TaskDesk({
    ...{
      clock: { nowMs: () => nowMs, monotonicUs: () => nowMs * 1000 },
      holding,
      log: { error: () => did.push('error') },
    },
    outcomeOf: async () => more.outcome ?? null,
    approvals: {
      get: async (id) => (id === row.id ? { ...row } : null),
      withdraw: async (id, by) => did.push(`withdraw ${id.slice(-1)} ${by}`) > 0,
      onChange: (bell) => {
        bells.add(bell);
        return () => bells.delete(bell);
      },
    },
  });
  const answers: Ran[] = [{ kind: 'done', response: success(1, { content: [] }) }];
  const runnerOf = (caller: Caller, is: Partial<Runner> = {}): Runner => ({
    ...{ caller, closed: () => false, whyNot: () => null, meta: () => ({}), digestOf: () => 'd1' },
    resume: async (sent, { approval }) => {
      did.push(`resume ${approval.slice(-1)} ${JSON.stringify(sent.params)}`);
      await turn();
      return answers.length > 1 ? answers.shift()! : answers[0]!;
    },
    ...is,
  });
  const caller = callerOf('buyer');
  const create = (runner: Runner | null = runnerOf(caller), by = caller) =>
    desk.create(
      { caller: by, server: 'purse', era: 'modern', message, approval: row.id, ttlMs: 59_000, runner },
      'waiting',
    );
  const ring = async (): Promise<void> => {
    for (const bell of bells) bell();
    for (let i = 0; i < 10; i++) await turn();
  };
  return {
    desk,
    row,
    did,
    holding,
    answers,
    runnerOf,
    caller,
    create,
    ring,
    bells,
    pass: (ms: number) => (nowMs += ms),
  };
}

describe('the desk of tasks', () => {
  it('lets a call go on by itself when its question is answered, once for all who joined it', async () => {
    const { desk, row, did, create, ring } = world();
    const tasks = [create(), create(), create()];
    await ring();
    expect(did).toEqual([]);
    expect(tasks[0]!.statusMessage).toContain('asked: owner');
    row.state = 'approved';
    await Promise.all([ring(), ring(), ...tasks.map((task) => desk.look(task))]);
    expect(tasks.map(({ status }) => status)).toEqual(['completed', 'completed', 'completed']);
    expect(did).toEqual(['resume 1 {"name":"pay","arguments":{"sum":1}}']);
  });

  it('does not go on with an answer that is not recorded yet', async () => {
    const { row, did, create, ring } = world();
    create();
    Object.assign(row, { state: 'approved', recorded: false });
    await ring();
    expect(did).toEqual([]);
    row.recorded = true;
    await ring();
    expect(did).toHaveLength(1);
  });

  it('tries again what passes, and not at once', async () => {
    const { row, did, answers, create, ring, pass, desk } = world();
    answers.unshift({ kind: 'not-yet', why: 'paused' });
    const task = create();
    row.state = 'approved';
    await ring();
    expect([task.status, task.statusMessage]).toEqual(['working', 'paused']);
    await desk.look(task);
    expect(did).toHaveLength(1);
    pass(15_001);
    await ring();
    expect([task.status, did.length]).toEqual(['completed', 2]);
  });

  it('waits for a client that can carry the call when the one that asked cannot', async () => {
    const { desk, row, did, runnerOf, caller, create, ring } = world();
    const gone = create(runnerOf(caller, { closed: () => true }));
    const stale = create(runnerOf(caller, { whyNot: () => 'the credential has expired' }));
    row.state = 'approved';
    await ring();
    expect(did).toEqual([]);
    expect(gone.statusMessage).toContain('the client is not connected');
    expect(stale.statusMessage).toContain('the credential has expired');
    const found = await desk.find(gone.id, runnerOf(caller), { server: 'purse', era: 'modern' });
    await desk.look(found!);
    await ring();
    expect([gone.status, did.length]).toEqual(['completed', 1]);
  });

  it('withdraws the question of a cancelled task only when nobody else waits for it', async () => {
    const { desk, holding, did, row, create } = world();
    const [one, two] = [create(), create()];
    holding.change(row.id, 1);
    expect(await desk.cancel(one)).toBe(true);
    expect(await desk.cancel(two)).toBe(true);
    expect([did, one.status]).toEqual([[], 'cancelled']);
    holding.change(row.id, -1);
    const three = create();
    await desk.cancel(three);
    expect(did).toEqual(['withdraw 1 agent:buyer']);
    expect(await desk.cancel(three)).toBe(false);
    expect(three.cancel.signal.aborted).toBe(true);
  });

  it.each([
    ['ok', 'approved and carried out (call c1)', 'completed'],
    ['failed', 'it failed', 'completed'],
    ['unknown', 'is not known', 'completed'],
    [null, 'is not known', 'completed'],
    ['under-way', 'being carried out', 'working'],
    ['elsewhere', 'another gateway', 'working'],
  ] as const)('says what the record says of an answer somebody else used: %s', async (outcome, said, status) => {
    const { desk, row, did, create } = world({ outcome });
    const task = create();
    Object.assign(row, { state: 'consumed', consumedBy: { journal: 'j', call: 'c1', atMs: 1_000 } });
    await desk.look(task);
    expect([task.status, did]).toEqual([status, []]);
    expect(`${task.statusMessage}${JSON.stringify(desk.view(task).response)}`).toContain(said);
  });

  it('gives another gateway’s result some time to be asked for there', async () => {
    const { desk, row, create, pass } = world({ outcome: 'elsewhere' });
    const task = create();
    Object.assign(row, { state: 'consumed', consumedBy: { journal: 'j', call: 'c1', atMs: 1_000 } });
    await desk.look(task);
    pass(300_001);
    await desk.look(task);
    expect(task.status).toBe('completed');
    expect(JSON.stringify(desk.view(task).response)).toContain('is not known');
  });

  it('restores a task of another process for its owner, and only what was asked', async () => {
    const id = `interlock-task-00000000-0000-4000-8000-000000000001~${'x'.repeat(24)}`;
    const to = { server: 'purse', era: 'modern' } as const;
    const { desk, row, did, runnerOf, caller, ring } = world();
    const strangers = [callerOf('other'), callerOf('buyer', { subject: 'alice' }), callerOf('buyer', { taskId: 't' })];
    for (const stranger of [...strangers, callerOf('buyer', { chain: [{ id: 'x', kind: 'agent' }] })])
      expect(await desk.find(id, runnerOf(stranger), to)).toBeNull();
    expect(await desk.find(id, runnerOf(caller), { ...to, server: 'bank' })).toBeNull();
    const other = `${id.slice(0, 20)}${'f'.repeat(31)}~${'x'.repeat(24)}`;
    for (const wrong of [other, `${id}x`, 'interlock-task-~'])
      expect(await desk.find(wrong, runnerOf(caller), to)).toBeNull();
    const found = await desk.find(id, runnerOf(caller, { digestOf: () => 'another' }), to);
    row.state = 'approved';
    await desk.look(found!);
    expect([did, found!.status]).toEqual([[], 'working']);
    expect(found!.statusMessage).toContain('Make exactly the same call again');
    const second = await desk.find(`${id.slice(0, -1)}y`, runnerOf(caller), to);
    await desk.look(second!);
    expect(second!.statusMessage).toContain('being carried out');
    await ring();
    expect([did.length, second!.status]).toEqual([1, 'completed']);
  });

  it('is bounded: too many tasks of one agent are none, and what is over is forgotten', () => {
    const { desk, create, pass, runnerOf, caller } = world();
    for (let i = 0; i < 200; i++) create();
    expect(() => create()).toThrow(/Too many tasks/);
    create(runnerOf(callerOf('other')), callerOf('other'));
    pass(59_001);
    desk.sweep();
    expect(desk.listFor(caller, 'purse')).toEqual([]);
    create();
  });

  it('lets nothing more go on once it rests', async () => {
    const { desk, row, did, create, ring, bells } = world();
    const task = create();
    desk.rest();
    row.state = 'approved';
    await ring();
    await desk.look(task);
    expect([did, bells.size, desk.busy]).toEqual([[], 0, 0]);
    await desk.settled(task, new AbortController().signal);
    desk.close();
    expect(task.cancel.signal.aborted).toBe(true);
  });
});
