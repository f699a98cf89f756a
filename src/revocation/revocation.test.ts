import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type ManualClock, type MemoryLocks, manualClock, memoryLocks } from '../../test/contract/stores-memory.ts';
import type { CallKeys, Lock } from '../model/lock.ts';
import { type Entered, type LockRequest, openRevocation, type Revocation } from './revocation.ts';

const buyer: CallKeys = {
  agent: 'buyer',
  owner: 'olga',
  user: null,
  through: [],
  session: 's1',
  tasks: ['t1'],
  server: 'crm',
  tool: 'crm/orders.create',
};
const other: CallKeys = {
  agent: 'other',
  owner: 'otto',
  user: null,
  through: [],
  session: 's2',
  tasks: [],
  server: 'git',
  tool: 'git/push',
};

function halt(over: Partial<LockRequest> = {}): LockRequest {
  return { target: { kind: 'agent', id: 'buyer' }, tier: 'halt', reason: 'odd', by: 'ops', untilMs: null, ...over };
}

function entered(revocation: Revocation, keys: CallKeys): Entered {
  const entry = revocation.enter(keys);
  expect(entry.ok).toBe(true);
  return entry as Entered;
}

let locks: MemoryLocks;
let clock: ManualClock;
const errors: string[] = [];
const log = {
  info: (_: object, text: string) => errors.push(text),
  error: (_: object, text: string) => errors.push(text),
};
const openHere = (maxStaleMs = 2_000): Promise<Revocation> => openRevocation({ locks, clock, maxStaleMs, log });

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval'] });
  locks = memoryLocks();
  clock = manualClock();
  errors.length = 0;
});
afterEach(() => {
  vi.useRealTimers();
});

/** Time passes for the clocks and for the timers. */
async function pass(ms: number): Promise<void> {
  for (let left = ms; left > 0; left -= 100) {
    clock.pass(Math.min(left, 100));
    await vi.advanceTimersByTimeAsync(Math.min(left, 100));
  }
}

describe('a halt', () => {
  it.each([
    ['agent', 'buyer'],
    ['owner', 'olga'],
    ['session', 's1'],
    ['task', 't1'],
    ['server', 'crm'],
    ['tool', 'crm/orders.create'],
    ['all', '*'],
  ] as const)('on %s stops the call that bears it, aborts it in flight, and says why', async (kind, id) => {
    const revocation = await openHere();
    const call = entered(revocation, buyer);
    const { lock } = await revocation.apply(halt({ target: { kind, id } }));
    expect(call.signal.aborted).toBe(true);
    expect(call.signal.reason).toEqual(lock);
    expect(call.again()).toEqual(lock);
    expect(revocation.enter(buyer)).toEqual({ ok: false, code: 'killed', lock });
    revocation.close();
  });

  it('on one agent leaves every other agent alone', async () => {
    const revocation = await openHere();
    const neighbour = entered(revocation, other);
    const { signal } = neighbour;
    await revocation.apply(halt());
    expect(signal.aborted).toBe(false);
    expect(neighbour.again()).toBeNull();
    entered(revocation, other);
  });

  it('reaches a signal that is asked for only afterwards', async () => {
    const revocation = await openHere();
    const call = entered(revocation, buyer);
    await revocation.apply(halt());
    expect(call.signal.aborted).toBe(true);
    expect((call.signal.reason as Lock).reason).toBe('odd');
  });

  it('does not revive a call when it is released: only new ones go on', async () => {
    const revocation = await openHere();
    const call = entered(revocation, buyer);
    await revocation.apply(halt());
    expect(await revocation.release({ kind: 'agent', id: 'buyer' })).toBe(true);
    expect(call.again()).toMatchObject({ tier: 'halt' });
    expect(entered(revocation, buyer).again()).toBeNull();
    expect(await revocation.release({ kind: 'agent', id: 'buyer' })).toBe(false);
  });

  it('reaches nobody who has left', async () => {
    const revocation = await openHere();
    const call = entered(revocation, buyer);
    const { signal } = call;
    call.leave();
    call.leave();
    expect(revocation.status().inFlight).toBe(0);
    await revocation.apply(halt());
    expect(signal.aborted).toBe(false);
  });

  it('survives listeners that leave and enter while they are told', async () => {
    const revocation = await openHere();
    const calls = Array.from({ length: 20 }, () => entered(revocation, buyer));
    let refused = 0;
    for (const call of calls) {
      call.signal.addEventListener('abort', () => {
        for (const each of calls) each.leave();
        if (!revocation.enter(buyer).ok) refused++;
      });
    }
    await revocation.apply(halt());
    expect(calls.every((call) => call.signal.aborted)).toBe(true);
    expect(refused).toBe(20);
    expect(revocation.status().inFlight).toBe(0);
  });

  it('tells its handlers once, after the calls were aborted, and one that fails silences no other', async () => {
    const revocation = await openHere();
    const call = entered(revocation, buyer);
    const told: [string, boolean][] = [];
    revocation.onHalt(() => {
      throw new Error('handler is broken');
    });
    const stop = revocation.onHalt((lock) => told.push([lock.reason, call.signal.aborted]));
    await revocation.apply(halt({ reason: 'first' }));
    await revocation.refresh();
    await revocation.apply(halt({ target: { kind: 'session', id: 'x' }, tier: 'pause', reason: 'no halt' }));
    expect(told).toEqual([['first', true]]);
    expect(errors).toEqual(['a halt is in force, but cleaning up after it failed']);
    stop();
    await revocation.apply(halt({ target: { kind: 'session', id: 'y' } }));
    expect(told).toHaveLength(1);
  });

  it('that was there at the start refuses, and is no news to the handlers', async () => {
    await locks.put({ ...halt(), atMs: 1 });
    const revocation = await openHere();
    const told: Lock[] = [];
    revocation.onHalt((lock) => told.push(lock));
    await revocation.refresh();
    expect(revocation.enter(buyer)).toMatchObject({ ok: false, code: 'killed' });
    expect(told).toEqual([]);
  });
});

describe('a pause', () => {
  it('refuses new calls and lets calls in flight finish', async () => {
    const revocation = await openHere();
    const call = entered(revocation, buyer);
    await revocation.apply(halt({ tier: 'pause' }));
    expect(call.signal.aborted).toBe(false);
    expect(revocation.enter(buyer)).toMatchObject({ ok: false, code: 'paused', lock: { tier: 'pause' } });
  });

  it('stops a call that has waited and not begun its effect', async () => {
    const revocation = await openHere();
    const call = entered(revocation, buyer);
    await revocation.apply(halt({ tier: 'pause' }));
    expect(call.again()).toMatchObject({ tier: 'pause' });
    await revocation.release({ kind: 'agent', id: 'buyer' });
    expect(call.again()).toBeNull();
  });

  it('that becomes a halt aborts what it let finish', async () => {
    const revocation = await openHere();
    const call = entered(revocation, buyer);
    await revocation.apply(halt({ tier: 'pause' }));
    await revocation.apply(halt());
    expect(call.signal.aborted).toBe(true);
  });
});

describe('a watch', () => {
  it('lets calls go on, marked, also those that wait while it comes', async () => {
    const revocation = await openHere();
    const before = entered(revocation, buyer);
    await revocation.apply(halt({ tier: 'watch' }));
    expect(before.watched).toBe(false);
    expect(before.again()).toBeNull();
    expect(before.watched).toBe(true);
    expect(entered(revocation, buyer).watched).toBe(true);
    expect(entered(revocation, other).watched).toBe(false);
  });

  it('hides no stricter lock, whatever they are on', async () => {
    const revocation = await openHere();
    await revocation.apply(halt({ tier: 'watch' }));
    await revocation.apply(halt({ tier: 'pause', target: { kind: 'tool', id: 'crm/orders.create' } }));
    expect(revocation.enter(buyer)).toMatchObject({ code: 'paused' });
    await revocation.apply(halt({ tier: 'halt', target: { kind: 'server', id: 'crm' } }));
    expect(revocation.enter(buyer)).toMatchObject({ code: 'killed' });
    await revocation.apply(halt({ tier: 'watch', target: { kind: 'all', id: '*' } }));
    expect(revocation.enter(buyer)).toMatchObject({ code: 'killed' });
  });
});

describe('a lock with an end', () => {
  const untilMs = (ms: number): number => clock.wallMs + ms;

  it('is in force until its end and not after, without any timer', async () => {
    const revocation = await openHere(60_000);
    await revocation.apply(halt({ untilMs: untilMs(1_000) }));
    clock.pass(999);
    expect(revocation.enter(buyer).ok).toBe(false);
    expect(revocation.locks()).toHaveLength(1);
    clock.pass(1);
    expect(revocation.enter(buyer).ok).toBe(true);
    expect(revocation.locks()).toEqual([]);
  });

  it('is lifted by no clock that jumps ahead, also after the view was read again', async () => {
    const revocation = await openHere(60_000);
    await revocation.apply(halt({ untilMs: untilMs(1_000) }));
    clock.wallMs += 3_600_000;
    expect(revocation.enter(buyer).ok).toBe(false);
    await revocation.apply(halt({ target: { kind: 'agent', id: 'somebody' } }));
    await revocation.refresh();
    expect(revocation.enter(buyer).ok).toBe(false);
    clock.pass(1_000);
    expect(revocation.enter(buyer).ok).toBe(true);
  });

  it('is held longer, not shorter, by a clock that jumps back', async () => {
    const revocation = await openHere(60_000);
    await revocation.apply(halt({ untilMs: untilMs(1_000) }));
    clock.wallMs -= 5_000;
    clock.pass(1_500);
    expect(revocation.enter(buyer).ok).toBe(false);
    clock.pass(4_500);
    expect(revocation.enter(buyer).ok).toBe(true);
  });

  it('that lapsed and is placed again just as it was aborts what came in between', async () => {
    const revocation = await openHere(60_000);
    const end = untilMs(1_000);
    await revocation.apply(halt({ untilMs: end }));
    clock.pass(1_000);
    const call = entered(revocation, buyer);
    clock.wallMs -= 1_000;
    await revocation.apply(halt({ untilMs: end }));
    expect(call.signal.aborted).toBe(true);
  });
});

describe('a view that is not verified', () => {
  it('refuses every call once it is older than its limit, and goes on when the store is back', async () => {
    const revocation = await openHere();
    const call = entered(revocation, buyer);
    locks.down = true;
    await pass(2_000);
    expect(revocation.enter(other).ok).toBe(true);
    clock.pass(1);
    expect(revocation.enter(other)).toEqual({ ok: false, code: 'stale-view', lock: null });
    expect(call.again()).toBe('stale');
    expect(call.signal.aborted).toBe(false);
    expect(revocation.status().stale).toBe(true);
    expect(errors).toHaveLength(1);
    locks.down = false;
    await pass(500);
    expect(revocation.enter(other).ok).toBe(true);
    expect(call.again()).toBeNull();
    expect(errors).toHaveLength(2);
  });

  it('refuses when the store hangs, and recovers when it answers again', async () => {
    const revocation = await openHere();
    locks.hanging = true;
    await pass(2_500);
    expect(revocation.enter(other)).toMatchObject({ code: 'stale-view' });
    locks.hanging = false;
    await pass(3_000);
    expect(revocation.enter(other).ok).toBe(true);
  });

  it('counts its age from when the read began, not from when it answered', async () => {
    const revocation = await openHere();
    const slow = vi.spyOn(locks, 'epoch').mockImplementation(async () => {
      clock.pass(1_500);
      return locks.state.epoch;
    });
    await vi.advanceTimersByTimeAsync(500);
    expect(slow).toHaveBeenCalledTimes(1);
    expect(revocation.status().ageMs).toBe(1_500);
  });

  it('stays fresh for days with nothing happening, at the price of one small read each heartbeat', async () => {
    const revocation = await openHere();
    const { loads } = locks.counts;
    await pass(10_000);
    expect(revocation.enter(other).ok).toBe(true);
    expect(locks.counts.loads).toBe(loads);
    expect(locks.counts.epochs).toBe(20);
  });

  it('learns of a lock without any doorbell by its next heartbeat', async () => {
    const revocation = await openHere();
    const call = entered(revocation, buyer);
    const { signal } = call;
    locks.silent = true;
    await locks.put({ ...halt(), atMs: 1 });
    expect(signal.aborted).toBe(false);
    await pass(500);
    expect(signal.aborted).toBe(true);
  });

  it('trusts no store that went back in time until somebody restarts', async () => {
    const revocation = await openHere();
    await revocation.apply(halt());
    locks.state = { epoch: 1, locks: new Map() };
    await pass(2_500);
    expect(revocation.enter(buyer).ok).toBe(false);
    expect(revocation.enter(other)).toMatchObject({ code: 'stale-view' });
    expect((await openHere()).enter(buyer).ok).toBe(true);
  });

  it('is never made of an older answer that comes late', async () => {
    const revocation = await openHere();
    const old = await locks.load();
    let answerLate: (() => void) | undefined;
    vi.spyOn(locks, 'load').mockImplementationOnce(
      () =>
        new Promise((resolve) => {
          answerLate = () => resolve(old);
        }),
    );
    locks.ring();
    await vi.advanceTimersByTimeAsync(2_000);
    await revocation.apply(halt());
    answerLate?.();
    await vi.advanceTimersByTimeAsync(0);
    expect(revocation.enter(buyer)).toMatchObject({ code: 'killed' });
  });
});

describe('placing a lock', () => {
  it('is acknowledged only when this process enforces it, also when a read was already under way', async () => {
    const revocation = await openHere();
    locks.silent = true;
    let release: (() => void) | undefined;
    const load = locks.load.bind(locks);
    vi.spyOn(locks, 'load').mockImplementationOnce(async () => {
      const early = await load();
      await new Promise<void>((resolve) => {
        release = resolve;
      });
      return early;
    });
    const early = revocation.refresh();
    await vi.advanceTimersByTimeAsync(0);
    let acknowledged = false;
    const applying = revocation.apply(halt()).then(() => {
      acknowledged = true;
      expect(revocation.enter(buyer)).toMatchObject({ code: 'killed' });
    });
    await vi.advanceTimersByTimeAsync(10);
    expect(acknowledged).toBe(false);
    release?.();
    await Promise.all([early, applying]);
    expect(acknowledged).toBe(true);
  });

  it('fails when the store does, and changes nothing', async () => {
    const revocation = await openHere();
    locks.down = true;
    await expect(revocation.apply(halt())).rejects.toMatchObject({ code: 'internal' });
    await expect(revocation.release({ kind: 'agent', id: 'buyer' })).rejects.toMatchObject({ code: 'internal' });
    expect(revocation.enter(buyer).ok).toBe(true);
  });

  it('that was stored and cannot be read back is in force, aborts, and nothing else is let in either', async () => {
    const revocation = await openHere();
    const [call, neighbour] = [entered(revocation, buyer), entered(revocation, other)];
    locks.unreadable = true;
    await expect(revocation.apply(halt())).rejects.toThrow(/stored and in force here/);
    expect(call.signal.aborted).toBe(true);
    expect(neighbour.signal.aborted).toBe(false);
    expect(revocation.enter(other)).toMatchObject({ code: 'stale-view' });
    locks.unreadable = false;
    await pass(500);
    expect(revocation.enter(other).ok).toBe(true);
    expect(revocation.enter(buyer)).toMatchObject({ code: 'killed' });
  });

  it.each<[string, Partial<LockRequest>]>([
    ['a target without an id', { target: { kind: 'agent', id: '' } }],
    ['an unknown kind', { target: { kind: 'planet' as 'agent', id: 'x' } }],
    ['a tool without its server', { target: { kind: 'tool', id: 'push' } }],
    ['an unknown tier', { tier: 'purple' as 'halt' }],
    ['no reason', { reason: ' ' }],
    ['nobody', { by: '' }],
    ['an end in the past', { untilMs: 1 }],
    ['an end that is no number', { untilMs: Number.NaN }],
  ])('with %s is refused before anything is stored', async (_what, over) => {
    const revocation = await openHere();
    await expect(revocation.apply(halt(over))).rejects.toMatchObject({ code: 'invalid-params' });
    expect(locks.state.locks.size).toBe(0);
  });
});

describe('opening and closing', () => {
  it('misses no lock placed while it reads for the first time', async () => {
    const load = locks.load.bind(locks);
    vi.spyOn(locks, 'load').mockImplementationOnce(async () => {
      const before = await load();
      await locks.put({ ...halt(), atMs: 1 });
      return before;
    });
    const revocation = await openHere();
    await vi.advanceTimersByTimeAsync(0);
    expect(revocation.enter(buyer)).toMatchObject({ code: 'killed' });
  });

  it('fails when the store cannot be read, and leaves nothing behind', async () => {
    locks.down = true;
    await expect(openHere()).rejects.toMatchObject({ code: 'internal' });
    expect(locks.subscribers).toBe(0);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('ends with refusing everything, unsubscribed', async () => {
    const revocation = await openHere();
    revocation.close();
    expect(revocation.enter(buyer)).toMatchObject({ code: 'stale-view' });
    expect(locks.subscribers).toBe(0);
    await pass(1_000);
    expect(revocation.enter(buyer)).toMatchObject({ code: 'stale-view' });
  });

  it('loads once for many bells at once', async () => {
    const revocation = await openHere();
    const { loads } = locks.counts;
    for (let i = 0; i < 100; i++) locks.ring();
    await vi.advanceTimersByTimeAsync(0);
    expect(locks.counts.loads - loads).toBeLessThanOrEqual(2);
    revocation.close();
  });
});
