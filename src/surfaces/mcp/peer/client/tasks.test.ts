import { describe, expect, it } from 'vitest';
import type { Caller } from '../../../../model/caller.ts';
import { type RpcRequest, success } from '../../../../model/jsonrpc.ts';
import { Holding } from '../../waiting/held.ts';
import { TaskDesk } from '../../waiting/tasks/desk.ts';
import { type Going, OwnTasks } from './tasks.ts';

const MAX_PER_AGENT = 200;
const message: RpcRequest = { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'pay', arguments: {} } };
const caller = { agent: { id: 'buyer' }, subject: null, taskId: null, chain: [] } as unknown as Caller;

function world() {
  const desk = new TaskDesk({
    ...{ clock: { nowMs: () => 1_000, monotonicUs: () => 0 }, holding: new Holding(), log: { error() {} } },
    approvals: { get: async () => null, withdraw: async () => false, onChange: () => () => {} },
    outcomeOf: async () => null,
  });
  const fill = (to: number): void => {
    const task = {
      caller,
      server: 'purse',
      era: 'legacy',
      message,
      approval: null,
      ttlMs: 60_000,
      runner: null,
    } as const;
    while (desk.listFor(caller, 'purse').length < to) desk.create(task, '');
  };
  let sends = 0;
  /** What happens between the beginning of the call and its sending. */
  let meanwhile = (): void => {};
  const own = new OwnTasks({
    ...{ gateway: { log: { error() {} } } as never, desk, unsolicited: () => {}, closed: () => false },
    ...{ server: () => 'purse', ready: async () => {}, call: () => expect.unreachable() },
    async walk(to, going) {
      await null;
      meanwhile();
      sends++;
      going.onSent?.();
      await new Promise((resolve) => setImmediate(resolve));
      return { response: success(to.id, { content: [] }), httpStatus: null };
    },
  });
  const start = () =>
    own.start(message, {
      ...({ action: {}, came: {}, context: { caller, era: 'legacy' } } as unknown as Going),
      ...{ controller: new AbortController(), ttl: undefined },
    });
  return { desk, fill, start, sends: () => sends, during: (act: () => void) => (meanwhile = act) };
}

describe('a call that its client wants as a task', () => {
  it('is not sent where no more tasks are held', async () => {
    const { fill, start, sends } = world();
    fill(MAX_PER_AGENT);
    await expect(start()).rejects.toMatchObject({ code: 'overloaded' });
    expect(sends()).toBe(0);
  });

  it('that was sent is a task, whoever took the last places meanwhile', async () => {
    const { fill, start, sends, during } = world();
    fill(MAX_PER_AGENT - 1);
    during(() => fill(MAX_PER_AGENT));
    expect(await start()).toMatchObject({ response: { result: { task: { status: 'working' } } } });
    expect(sends()).toBe(1);
  });

  it('that is refused before it is sent gives its place back', async () => {
    const { fill, start, sends, during } = world();
    fill(MAX_PER_AGENT - 1);
    during(() => {
      throw new Error('refused');
    });
    for (let tries = 0; tries < 2; tries++) await expect(start()).rejects.toThrow('refused');
    during(() => {});
    expect(await start()).toMatchObject({ response: { result: { task: { status: 'working' } } } });
    expect(sends()).toBe(1);
  });

  it('counts those that are about to be sent', async () => {
    const { fill, start, sends } = world();
    fill(MAX_PER_AGENT - 2);
    const came = await Promise.allSettled([start(), start(), start()]);
    expect(came.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'rejected']);
    await expect(start()).rejects.toMatchObject({ code: 'overloaded' });
    expect(sends()).toBe(2);
  });
});
