import { describe, expect, it, vi } from 'vitest';
import type { ApprovalRow, ApprovalState, ApprovalStore } from '../ports/stores.ts';
import { makeWaitingRoom } from './waiting-room.ts';

function row(id: string, state: ApprovalState = 'pending', recorded = true): ApprovalRow {
  return {
    ...{ id, kind: 'call', digest: 'd', agent: 'a', subject: null, session: null, task: null, chain: '[]' },
    ...{ askWhom: [], state, version: 1, recorded, request: '{}', context: '{}', proposal: null, answers: [] },
    requirement: { parts: [], escalations: [], assurance: 'operator', starters: [], urgent: false },
    ...{ escalated: 0, requestedAtMs: 0, expiresAtMs: 1, answeredBy: null, answerReason: null, answeredAtMs: null },
    ...{ receipt: null, consumedBy: null },
  };
}

/** The part of a store the room uses: what is in it, how often it was read, and its bell. */
function shelf() {
  const rows = new Map<string, ApprovalRow>();
  const bells = new Set<() => void>();
  const get = vi.fn(async (id: string) => rows.get(id) ?? null);
  const onChange = (ring: () => void) => {
    bells.add(ring);
    return () => bells.delete(ring);
  };
  return {
    rows,
    bells,
    get,
    store: { get, onChange } as unknown as ApprovalStore,
    ring: () => bells.forEach((bell) => bell()),
  };
}

const never = new AbortController().signal;
const LONG_MS = 60_000;
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('the waiting room', () => {
  it('reads each request once for a bell, however many wait for it, and not at all without one', async () => {
    const { store, rows, get, ring } = shelf();
    const room = makeWaitingRoom({ store, maxWaiters: 100, log: undefined });
    rows.set('1', row('1'));
    const waits = Array.from({ length: 20 }, () => room.wait(row('1'), LONG_MS, never));
    await turn();
    get.mockClear();
    await turn();
    expect(get).not.toHaveBeenCalled();
    rows.set('1', row('1', 'approved'));
    ring();
    for (const waited of await Promise.all(waits)) expect(waited.state).toBe('approved');
    expect(get).toHaveBeenCalledTimes(1);
    room.close();
  });

  it('looks again when a bell rings while it looks', async () => {
    const { store, rows, get, ring } = shelf();
    const room = makeWaitingRoom({ store, maxWaiters: 100, log: undefined });
    rows.set('1', row('1'));
    const waiting = room.wait(row('1'), LONG_MS, never);
    await turn();
    get.mockImplementationOnce(async () => {
      // The answer comes after this read and rings before the read has returned.
      rows.set('1', row('1', 'denied'));
      ring();
      return row('1');
    });
    ring();
    expect((await waiting).state).toBe('denied');
    room.close();
  });

  it('finds an answer given between reading the row and entering', async () => {
    const { store, rows } = shelf();
    const room = makeWaitingRoom({ store, maxWaiters: 100, log: undefined });
    rows.set('1', row('1', 'denied'));
    expect((await room.wait(row('1'), LONG_MS, never)).state).toBe('denied');
    room.close();
  });

  it('lets nobody wait beyond its bound, and has room again when one leaves', async () => {
    const { store, rows, ring } = shelf();
    const room = makeWaitingRoom({ store, maxWaiters: 2, log: undefined });
    rows.set('1', row('1')).set('2', row('2'));
    const first = room.wait(row('1'), LONG_MS, never);
    const second = room.wait(row('2'), LONG_MS, never);
    expect((await room.wait(row('1'), LONG_MS, never)).state).toBe('pending');
    rows.set('1', row('1', 'approved'));
    ring();
    await first;
    const gone = new AbortController();
    const third = room.wait(row('2'), LONG_MS, gone.signal);
    gone.abort(new Error('client left'));
    await expect(third).rejects.toThrow('client left');
    rows.set('2', row('2', 'approved'));
    room.look('2');
    expect((await second).state).toBe('approved');
    room.close();
  });

  it('goes on waiting while an outcome is not on record yet', async () => {
    const { store, rows, ring } = shelf();
    const room = makeWaitingRoom({ store, maxWaiters: 2, log: undefined });
    rows.set('1', row('1', 'approved', false));
    let woken = false;
    const waiting = room.wait(row('1'), LONG_MS, never).then((found) => {
      woken = true;
      return found;
    });
    await turn();
    ring();
    await turn();
    expect(woken).toBe(false);
    rows.set('1', row('1', 'approved'));
    ring();
    expect(await waiting).toMatchObject({ state: 'approved', recorded: true });
    room.close();
  });

  it('goes on waiting when the store fails, and says so', async () => {
    const { store, rows, get, ring } = shelf();
    const errors: string[] = [];
    const room = makeWaitingRoom({
      store,
      maxWaiters: 2,
      log: { warn: () => {}, error: (_, text) => errors.push(text) },
    });
    get.mockRejectedValueOnce(new Error('down'));
    rows.set('1', row('1', 'approved'));
    const waiting = room.wait(row('1'), LONG_MS, never);
    await turn();
    expect(errors).toHaveLength(1);
    ring();
    expect((await waiting).state).toBe('approved');
    room.close();
  });

  it('sends everybody home when it closes, keeps no bell and takes nobody in', async () => {
    const { store, rows, bells } = shelf();
    const room = makeWaitingRoom({ store, maxWaiters: 10, log: undefined });
    rows.set('1', row('1'));
    const waits = [room.wait(row('1'), LONG_MS, never), room.wait(row('1'), LONG_MS, never)];
    await turn();
    room.close();
    for (const waited of await Promise.all(waits)) expect(waited.state).toBe('pending');
    expect(bells.size).toBe(0);
    expect((await room.wait(row('1'), LONG_MS, never)).state).toBe('pending');
  });

  it('rejects at once for a caller that is already gone', async () => {
    const { store } = shelf();
    const room = makeWaitingRoom({ store, maxWaiters: 10, log: undefined });
    await expect(room.wait(row('1'), LONG_MS, AbortSignal.abort(new Error('gone')))).rejects.toThrow('gone');
    room.close();
  });
});
