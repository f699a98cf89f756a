import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../src/adapters/clock.ts';
import { Fault } from '../../src/model/fault.ts';
import type { Lock } from '../../src/model/lock.ts';
import type { ToolDefinition } from '../../src/model/tool.ts';
import type { PinRow, Stores } from '../../src/ports/stores.ts';
import { answer, approvalRow, consume, join } from './approval-row.ts';
import { GROUNDS, type Ground, type Location, open } from './stores-fixture.ts';

const NOW_MS = 1_800_000_000_000;

function lock(id: string, over: Partial<Lock> = {}): Lock {
  return {
    target: { kind: 'agent', id },
    tier: 'halt',
    reason: 'why',
    by: 'ops',
    atMs: NOW_MS,
    untilMs: null,
    ...over,
  };
}

function definition(description: string): ToolDefinition {
  return { name: 'pay', description, inputSchema: { type: 'object' } };
}

function pin(over: Partial<PinRow> = {}): PinRow {
  return {
    server: 'bank',
    tool: 'pay',
    acceptedHash: 'h1',
    accepted: definition('one'),
    seenHash: 'h1',
    seen: definition('one'),
    state: 'pinned',
    findings: [],
    seenAtMs: NOW_MS,
    ...over,
  };
}

const yes = { state: 'approved', by: 'eve', reason: 'fine', nowMs: NOW_MS + 1 } as const;
const no = { state: 'denied', by: 'eve', reason: 'never', nowMs: NOW_MS + 1 } as const;

describe.each(GROUNDS)('stores on $name', ({ start }) => {
  let ground: Ground;
  let location: Location;
  let stores: Stores;
  /** Changed by tests: the adapter's own clock. */
  let nowMs = NOW_MS;
  const clock = { nowMs: () => nowMs, monotonicUs: () => systemClock.monotonicUs() };

  const opened: Stores[] = [];
  const openHere = async (at = location): Promise<Stores> => {
    const made = await open(at, clock);
    opened.push(made);
    return made;
  };
  const reopen = async (): Promise<Stores> => {
    await stores.close();
    stores = await openHere();
    return stores;
  };

  beforeAll(async () => {
    ground = await start();
  });
  afterAll(() => ground?.stop());
  beforeEach(async () => {
    nowMs = NOW_MS;
    location = await ground.place();
    stores = await openHere();
    return async () => {
      await Promise.all(opened.splice(0).map((each) => each.close()));
    };
  });

  describe('locks', () => {
    it('begin empty, and every change has a higher epoch than the one before', async () => {
      const { epoch, locks } = await stores.locks.load();
      expect(locks).toEqual([]);
      const first = await stores.locks.put(lock('one'));
      const second = await stores.locks.put(lock('two'));
      expect(first).toBeGreaterThan(epoch);
      expect(second).toBeGreaterThan(first);
      expect(await stores.locks.epoch()).toBe(second);
      expect((await stores.locks.load()).epoch).toBe(second);
      expect(await stores.locks.release({ kind: 'agent', id: 'one' })).toBe(true);
      expect(await stores.locks.epoch()).toBeGreaterThan(second);
    });

    it('come back exactly as they were put, also after reopening', async () => {
      const put = lock('ä"\'\\ \n;--%_', { tier: 'watch', reason: 'día 🛑', by: 'o’hara', untilMs: NOW_MS + 5 });
      await stores.locks.put(put);
      await stores.locks.put(lock('*', { target: { kind: 'all', id: '*' } }));
      const expected = [put, lock('*', { target: { kind: 'all', id: '*' } })];
      expect((await stores.locks.load()).locks).toHaveLength(2);
      await reopen();
      const { locks } = await stores.locks.load();
      expect(locks).toHaveLength(2);
      expect(locks).toEqual(expect.arrayContaining(expected));
    });

    it('are one per target: a second put replaces the first, and only that target', async () => {
      await stores.locks.put(lock('one'));
      await stores.locks.put(lock('one', { target: { kind: 'session', id: 'one' } }));
      await stores.locks.put(lock('one', { tier: 'pause', reason: 'calmer' }));
      const { locks } = await stores.locks.load();
      expect(locks).toHaveLength(2);
      expect(locks.find((each) => each.target.kind === 'agent')).toMatchObject({ tier: 'pause', reason: 'calmer' });
    });

    it('are released once, and a release of nothing changes no epoch', async () => {
      await stores.locks.put(lock('one'));
      expect(await stores.locks.release({ kind: 'agent', id: 'one' })).toBe(true);
      const epoch = await stores.locks.epoch();
      expect(await stores.locks.release({ kind: 'agent', id: 'one' })).toBe(false);
      expect(await stores.locks.release({ kind: 'owner', id: 'one' })).toBe(false);
      expect(await stores.locks.epoch()).toBe(epoch);
      expect((await stores.locks.load()).locks).toEqual([]);
    });

    it.each([
      ['a NUL character', 'a\0b'],
      ['a lone surrogate', 'a\ud800b'],
    ])('with %s in a name are refused, because one database would change it', async (_what, id) => {
      await expect(stores.locks.put(lock(id))).rejects.toMatchObject({ code: 'invalid-params' });
      expect((await stores.locks.load()).locks).toEqual([]);
    });

    it('ring in this process and over another connection, and not for approvals', async () => {
      const other = await openHere();
      const rings = { own: 0, other: 0, approvals: 0 };
      const stops = [
        stores.locks.onChange(() => rings.own++),
        other.locks.onChange(() => rings.other++),
        other.approvals.onChange(() => rings.approvals++),
      ];
      await settled();
      Object.assign(rings, { own: 0, other: 0, approvals: 0 });
      await stores.locks.put(lock('one'));
      expect(rings.own).toBeGreaterThan(0);
      await until(() => rings.other > 0);
      expect(rings.approvals).toBe(0);
      for (const stop of stops) stop();
      const before = { ...rings };
      await stores.locks.put(lock('two'));
      await settled();
      expect(rings).toEqual(before);
    });
  });

  describe('pins', () => {
    it('are written once when absent, and come back as they were, also after reopening', async () => {
      const findings = [{ code: 'hidden-characters', message: 'U+200B', at: '/description' }] as const;
      const row = pin({ findings, seen: { ...definition('z\u0000w'), annotations: { readOnlyHint: true } } });
      expect(await stores.pins.save(row, null)).toBe(true);
      expect(await stores.pins.save(pin({ seenHash: 'h2' }), null)).toBe(false);
      expect(await stores.pins.list()).toEqual([row]);
      expect(await (await reopen()).pins.list()).toEqual([row]);
    });

    it('change only from the definition the writer saw last', async () => {
      await stores.pins.save(pin(), null);
      const changed = pin({ seenHash: 'h2', seen: definition('two'), state: 'quarantined' });
      expect(await stores.pins.save(changed, 'h0')).toBe(false);
      expect(await stores.pins.save(changed, 'h1')).toBe(true);
      expect(await stores.pins.save(changed, 'h1')).toBe(false);
      expect(await stores.pins.list()).toEqual([changed]);
      expect(await stores.pins.save(pin({ tool: 'absent' }), 'h1')).toBe(false);
    });

    it('are accepted exactly as the operator saw them, or not at all', async () => {
      const quarantined = pin({ seenHash: 'h2', seen: definition('two'), state: 'quarantined' });
      await stores.pins.save(quarantined, null);
      expect(await stores.pins.accept('bank', 'pay', 'h1')).toBe(false);
      expect(await stores.pins.accept('bank', 'other', 'h2')).toBe(false);
      expect(await stores.pins.list()).toEqual([quarantined]);
      expect(await stores.pins.accept('bank', 'pay', 'h2')).toBe(true);
      expect(await stores.pins.list()).toEqual([
        { ...quarantined, acceptedHash: 'h2', accepted: definition('two'), state: 'pinned', findings: [] },
      ]);
    });

    it('stay accepted when a gateway that looked before saves what it saw', async () => {
      const seen = pin({ acceptedHash: null, accepted: null, state: 'quarantined' });
      await stores.pins.save(seen, null);
      expect(await stores.pins.accept('bank', 'pay', 'h1')).toBe(true);
      expect(await stores.pins.save({ ...seen, seenAtMs: NOW_MS + 1 }, 'h1')).toBe(false);
      expect((await stores.pins.list())[0]?.state).toBe('pinned');
    });
  });

  describe('approvals', () => {
    it('join the open request for the same action of the same agent, for the same person, and nothing else', async () => {
      const first = await join(stores.approvals, approvalRow('1'), 10);
      expect(first).toEqual(approvalRow('1'));
      expect((await join(stores.approvals, approvalRow('2'), 10))?.id).toBe('1');
      expect((await join(stores.approvals, approvalRow('3', { digest: 'e' }), 10))?.id).toBe('3');
      expect((await join(stores.approvals, approvalRow('4', { agent: 'b' }), 10))?.id).toBe('4');
      expect((await join(stores.approvals, approvalRow('5', { subject: 'eve' }), 10))?.id).toBe('5');
      expect((await join(stores.approvals, approvalRow('6', { subject: 'eve' }), 10))?.id).toBe('5');
      expect((await join(stores.approvals, approvalRow('7', { task: 't' }), 10))?.id).toBe('7');
      expect((await join(stores.approvals, approvalRow('8', { chain: '[["agent","b"]]' }), 10))?.id).toBe('8');
      expect((await join(stores.approvals, approvalRow('9', { kind: 'backchannel' }), 10))?.id).toBe('9');
      // A client that came back has another session: it finds the same request.
      expect((await join(stores.approvals, approvalRow('10', { session: null }), 10))?.id).toBe('1');
      expect(await stores.approvals.get('2')).toBeNull();
      expect(await (await reopen()).approvals.get('1')).toEqual(approvalRow('1'));
    });

    it('join an approved one, and after it was consumed begin anew', async () => {
      await join(stores.approvals, approvalRow('1'), 10);
      await answer(stores.approvals, '1', yes);
      const joined = await join(stores.approvals, approvalRow('2'), 10);
      expect(joined).toMatchObject({ id: '1', state: 'approved', answeredBy: 'eve', answerReason: 'fine' });
      expect(await consume(stores.approvals, '1', { digest: 'd', nowMs: NOW_MS + 2 })).toBe(true);
      expect(await join(stores.approvals, approvalRow('3'), 10)).toMatchObject({ id: '3', state: 'pending' });
    });

    it('join a denial until the request it answered is over', async () => {
      await join(stores.approvals, approvalRow('1'), 10);
      await answer(stores.approvals, '1', no);
      expect(await join(stores.approvals, approvalRow('2'), 10)).toMatchObject({ id: '1', state: 'denied' });
      const later = { requestedAtMs: NOW_MS + 60_000, expiresAtMs: NOW_MS + 120_000 };
      expect(await join(stores.approvals, approvalRow('3', later), 10)).toMatchObject({ id: '3' });
      expect(await stores.approvals.get('1')).toMatchObject({ state: 'denied', answerReason: 'never' });
    });

    it('that are over are not joined: the new request takes their place', async () => {
      await join(stores.approvals, approvalRow('1'), 10);
      const later = { requestedAtMs: NOW_MS + 60_000, expiresAtMs: NOW_MS + 120_000 };
      expect(await join(stores.approvals, approvalRow('2', later), 10)).toMatchObject({ id: '2' });
      expect(await stores.approvals.get('1')).toMatchObject({ state: 'expired' });
    });

    it('are bounded for each agent: beyond, only joining works, and an answer makes room', async () => {
      await join(stores.approvals, approvalRow('1'), 2);
      await join(stores.approvals, approvalRow('2', { digest: 'e' }), 2);
      expect(await join(stores.approvals, approvalRow('3', { digest: 'f' }), 2)).toBeNull();
      expect(await stores.approvals.get('3')).toBeNull();
      expect(await join(stores.approvals, approvalRow('4'), 2)).toMatchObject({ id: '1' });
      expect(await join(stores.approvals, approvalRow('5', { agent: 'b' }), 2)).toMatchObject({ id: '5' });
      await answer(stores.approvals, '1', no);
      expect(await join(stores.approvals, approvalRow('6', { digest: 'f' }), 2)).toMatchObject({ id: '6' });
    });

    it('are answered once, while pending and in time', async () => {
      await join(stores.approvals, approvalRow('1'), 10);
      expect(await answer(stores.approvals, 'unknown', yes)).toBe(false);
      expect(await answer(stores.approvals, '1', { ...yes, nowMs: NOW_MS + 60_000 })).toBe(false);
      expect(await answer(stores.approvals, '1', { ...no, nowMs: NOW_MS + 59_999 })).toBe(true);
      expect(await answer(stores.approvals, '1', yes)).toBe(false);
      expect(await stores.approvals.get('1')).toMatchObject({
        state: 'denied',
        answeredBy: 'eve',
        answerReason: 'never',
        answeredAtMs: NOW_MS + 59_999,
      });
    });

    it('are consumed once, only when approved, only for their digest, only in time', async () => {
      await join(stores.approvals, approvalRow('1'), 10);
      expect(await consume(stores.approvals, '1', { digest: 'd', nowMs: NOW_MS })).toBe(false);
      await answer(stores.approvals, '1', yes);
      expect(await consume(stores.approvals, '1', { digest: 'D', nowMs: NOW_MS + 2 })).toBe(false);
      expect(await consume(stores.approvals, '2', { digest: 'd', nowMs: NOW_MS + 2 })).toBe(false);
      expect(await consume(stores.approvals, '1', { digest: 'd', nowMs: NOW_MS + 60_000 })).toBe(false);
      expect((await stores.approvals.get('1'))?.state).toBe('approved');
      expect(await consume(stores.approvals, '1', { digest: 'd', nowMs: NOW_MS + 59_999 })).toBe(true);
      expect(await consume(stores.approvals, '1', { digest: 'd', nowMs: NOW_MS + 2 })).toBe(false);
      await reopen();
      expect(await consume(stores.approvals, '1', { digest: 'd', nowMs: NOW_MS + 2 })).toBe(false);
      expect((await stores.approvals.get('1'))?.state).toBe('consumed');
    });

    it('expire when their time is over, pending and approved, and nothing else', async () => {
      await join(stores.approvals, approvalRow('pending'), 10);
      await join(stores.approvals, approvalRow('approved', { digest: '2' }), 10);
      await join(stores.approvals, approvalRow('denied', { digest: '3' }), 10);
      await join(stores.approvals, approvalRow('later', { digest: '4', expiresAtMs: NOW_MS + 60_001 }), 10);
      await answer(stores.approvals, 'approved', yes);
      await answer(stores.approvals, 'denied', no);
      expect(await stores.approvals.expire(NOW_MS + 59_999)).toBe(0);
      expect(await stores.approvals.expire(NOW_MS + 60_000)).toBe(2);
      expect(await stores.approvals.expire(NOW_MS + 60_000)).toBe(0);
      const states = (await stores.approvals.list({ limit: 10 })).map((row) => [row.id, row.state]);
      expect(Object.fromEntries(states)).toEqual({
        pending: 'expired',
        approved: 'expired',
        denied: 'denied',
        later: 'pending',
      });
    });

    it('are listed newest first, by state, up to a limit', async () => {
      for (const i of [1, 2, 3]) {
        await join(stores.approvals, approvalRow(`${i}`, { digest: `${i}`, requestedAtMs: NOW_MS + i }), 10);
      }
      await answer(stores.approvals, '2', no);
      const ids = async (filter: Parameters<Stores['approvals']['list']>[0]): Promise<string[]> =>
        (await stores.approvals.list(filter)).map((row) => row.id);
      expect(await ids({ limit: 10 })).toEqual(['3', '2', '1']);
      expect(await ids({ state: 'pending', limit: 10 })).toEqual(['3', '1']);
      expect(await ids({ state: 'denied', limit: 10 })).toEqual(['2']);
      expect(await ids({ limit: 2 })).toEqual(['3', '2']);
      expect(await ids({ limit: 0 })).toEqual([]);
      expect(await ids({ limit: -1 })).toEqual([]);
    });

    it('ring over another connection for a request and for an answer, not for a retry that joins', async () => {
      const other = await openHere();
      let rings = 0;
      const stop = other.approvals.onChange(() => rings++);
      await settled();
      rings = 0;
      await join(stores.approvals, approvalRow('1'), 10);
      await until(() => rings > 0);
      await settled();
      rings = 0;
      await join(stores.approvals, approvalRow('2'), 10);
      await answer(stores.approvals, 'unknown', yes);
      await settled();
      expect(rings).toBe(0);
      await answer(stores.approvals, '1', yes);
      await until(() => rings > 0);
      stop();
    });
  });

  describe('replay', () => {
    it('takes an id once until it expires, also after reopening', async () => {
      expect(await stores.replay.claim('jti', NOW_MS + 100)).toBe(true);
      expect(await stores.replay.claim('jti', NOW_MS + 500)).toBe(false);
      expect(await stores.replay.claim('JTI', NOW_MS + 100)).toBe(true);
      await reopen();
      nowMs = NOW_MS + 99;
      expect(await stores.replay.claim('jti', NOW_MS + 500)).toBe(false);
      nowMs = NOW_MS + 100;
      expect(await stores.replay.claim('jti', NOW_MS + 500)).toBe(true);
      expect(await stores.replay.claim('jti', NOW_MS + 500)).toBe(false);
    });

    it('forgets what has expired, and only that', async () => {
      await stores.replay.claim('short', NOW_MS + 100);
      await stores.replay.claim('long', NOW_MS + 101);
      expect(await stores.replay.prune(NOW_MS + 100)).toBe(1);
      expect(await stores.replay.claim('long', NOW_MS + 101)).toBe(false);
      expect(await stores.replay.claim('short', NOW_MS + 100)).toBe(true);
    });
  });

  it('refuses to work after closing, and closing twice is closing once', async () => {
    await Promise.all([stores.close(), stores.close()]);
    await stores.close();
    await expect(stores.locks.load()).rejects.toBeInstanceOf(Fault);
    await expect(stores.replay.claim('x', NOW_MS + 1)).rejects.toMatchObject({ code: 'internal' });
  });
});

/** Long enough for every poll of the SQLite adapter and every notification under way. */
function settled(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 150));
}

async function until(condition: () => boolean): Promise<void> {
  const deadline = AbortSignal.timeout(5_000);
  while (!condition()) {
    if (deadline.aborted) throw new Error('it did not happen within 5 s');
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}
