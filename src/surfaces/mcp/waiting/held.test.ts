import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { RpcMessage } from '../../../model/jsonrpc.ts';
import type { ApprovalRow } from '../../../ports/stores.ts';
import { Held, type Holder, Holding, toldBy } from './held.ts';

const row = { id: 'q1', askWhom: ['owner', '2 group:finance'], expiresAtMs: 3_600_000 } as unknown as ApprovalRow;
const clock = {
  nowMs: () => vi.getMockedSystemTime()!.valueOf(),
  monotonicUs: () => vi.getMockedSystemTime()!.valueOf() * 1000,
};

beforeEach(() => void vi.useFakeTimers({ now: 0 }));
afterEach(() => void vi.useRealTimers());

function held(more: Partial<Holder> & { token?: string; read?: () => Promise<ApprovalRow | null> } = {}) {
  const said: any[] = [];
  const holding = new Holding();
  const { token, read = async () => row, ...holder } = more;
  const params = token === undefined ? {} : { _meta: { progressToken: token } };
  const made = new Held(
    { clock, holding, read, warn: () => {} },
    {
      message: { jsonrpc: '2.0', id: 1, method: 'tools/call', params },
      situation: {
        ...{ era: 'modern', version: '2026-07-28', method: 'tools/call' },
        ...{ taskAsked: false, tasksDeclared: false, opensPages: false },
      },
      ...{ told: () => 'never', person: () => 'unknown', patienceMs: null },
      deliver: (frame: RpcMessage) => said.push(frame),
      ...holder,
    },
  );
  return { held: made, said, holding };
}

describe('a call that is held', () => {
  it('tells a client that gave a progress token at once and every ten seconds, growing, until it ends', async () => {
    const { held: call, said } = held({ token: 't' });
    call.parked('q1');
    await vi.advanceTimersByTimeAsync(35_000);
    expect(said.map(({ params }) => params.progress)).toEqual([0, 0.001, 0.002, 0.003]);
    expect(said[0]).toEqual({
      ...{ jsonrpc: '2.0', method: 'notifications/progress' },
      params: {
        ...{ progressToken: 't', progress: 0 },
        message:
          "Waiting for a person's approval (request q1; asked: owner, 2 group:finance). It can be answered for 60 minutes, until 1970-01-01T01:00:00.000Z.",
      },
    });
    call.end();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(said).toHaveLength(4);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('says nothing without a progress token, nor when it ends before the question was read', async () => {
    const quiet = held();
    quiet.held.parked('q1');
    const early = held({ token: 't' });
    early.held.parked('q1');
    early.held.end();
    await vi.advanceTimersByTimeAsync(60_000);
    expect([quiet.said, early.said]).toEqual([[], []]);
    quiet.held.end();
    expect(vi.getTimerCount()).toBe(0);
  });

  it('is told what is known when the question cannot be read', async () => {
    const { held: call, said } = held({ token: 't', read: () => Promise.reject(new Error('store')) });
    call.parked('q1');
    await vi.advanceTimersByTimeAsync(0);
    expect(said[0].params.message).toBe("Waiting for a person's approval (request q1).");
    call.end();
  });

  it('waits as long as the client does, counted from when the call came in', async () => {
    const { held: call } = held({ patienceMs: 5_000 });
    await vi.advanceTimersByTimeAsync(3_000);
    call.parked('q1');
    await vi.advanceTimersByTimeAsync(1_999);
    expect(call.enough.aborted).toBe(false);
    await vi.advanceTimersByTimeAsync(1);
    expect(call.enough.aborted).toBe(true);
    call.end();
  });

  it('does not wait at all where the client is told at once', async () => {
    const task = held({
      situation: {
        era: 'modern',
        version: '2026-07-28',
        method: 'tools/call',
        taskAsked: false,
        tasksDeclared: true,
        opensPages: false,
      },
    });
    task.held.parked('q1');
    expect(task.held.enough.aborted).toBe(true);
    const page = held({
      situation: {
        era: 'modern',
        version: '2026-07-28',
        method: 'tools/call',
        taskAsked: false,
        tasksDeclared: false,
        opensPages: true,
      },
      person: () => 'may-answer',
    });
    page.held.parked('q1');
    expect(page.held.enough.aborted).toBe(false);
    await vi.advanceTimersByTimeAsync(0);
    expect(page.held.enough.aborted).toBe(true);
    for (const { held: one } of [task, page]) one.end();
  });

  it('is counted among those who wait for its question, also when it goes on to another', () => {
    const { held: call, holding } = held();
    call.parked('q1');
    expect(holding.of('q1')).toBe(1);
    call.parked('q2');
    expect([holding.of('q1'), holding.of('q2')]).toEqual([0, 1]);
    call.end();
    call.end();
    call.parked('q3');
    expect([holding.of('q2'), holding.of('q3')]).toEqual([0, 0]);
  });
});

describe('what a client says its person did with a page', () => {
  it.each([
    [undefined, 'never'],
    [{ action: 'accept' }, 'told'],
    [{ action: 'decline' }, 'declined'],
    [{ action: 'cancel' }, 'declined'],
    ['nonsense', 'told'],
  ] as const)('%j: %s', (answer, told) => {
    expect(toldBy(answer)).toBe(told);
  });
});
