import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type ManualClock, type MemoryLocks, manualClock, memoryLocks } from '../../test/contract/stores-memory.ts';
import type { CallKeys, Lock, LockTarget, Tier } from '../model/lock.ts';
import { type Entered, openRevocation, type Revocation } from './revocation.ts';

/** What the kill switch means, said as naively as possible: lists and searches, nothing kept in step. */
interface Model {
  stored: Lock[];
  /** What the process last read, with the clocks at which it first saw each lock. */
  known: { lock: Lock; seenWallMs: number; seenMonotonicMs: number }[];
  verifiedMs: number;
  down: boolean;
  silent: boolean;
  calls: { keys: CallKeys; halted: boolean; left: boolean }[];
  epoch: number;
  knownEpoch: number;
}

interface Real {
  locks: MemoryLocks;
  clock: ManualClock;
  revocation: Revocation;
  calls: Entered[];
}

const MAX_STALE_MS = 1_000;
const HEARTBEAT_MS = 250;

function hits({ kind, id }: LockTarget, keys: CallKeys): boolean {
  if (kind === 'all') return true;
  if (kind === 'agent' || kind === 'owner') return keys[kind] === id || keys.through.some((one) => one[kind] === id);
  return kind === 'task' ? keys.tasks.includes(id) : keys[kind] === id;
}

function inForce(known: Model['known'][number], clock: ManualClock): boolean {
  const { untilMs } = known.lock;
  if (untilMs === null) return true;
  const lengthMs = Math.max(0, untilMs - known.seenWallMs);
  return clock.wallMs < untilMs || clock.monotonicMs - known.seenMonotonicMs < lengthMs;
}

/** The tier that must count, or why none can be told. */
function expected(model: Model, keys: CallKeys, clock: ManualClock): Tier | 'stale' | null {
  if (clock.monotonicMs - model.verifiedMs > MAX_STALE_MS) return 'stale';
  const tiers = model.known.filter((each) => hits(each.lock.target, keys) && inForce(each, clock));
  for (const tier of ['halt', 'pause', 'watch'] as const)
    if (tiers.some((each) => each.lock.tier === tier)) return tier;
  return null;
}

/** The process asks for the epoch, if it can, and reads on when that is new. */
function beats(model: Model, clock: ManualClock): void {
  if (model.down) return;
  model.verifiedMs = clock.monotonicMs;
  if (model.knownEpoch !== model.epoch) reads(model, clock);
}

/** The process reads the store, if it can. A lock that a clock set back has revived counts again from here on. */
function reads(model: Model, clock: ManualClock): void {
  if (model.down) return;
  model.verifiedMs = clock.monotonicMs;
  model.knownEpoch = model.epoch;
  model.known = model.stored.map(
    (lock) =>
      model.known.find((each) => JSON.stringify(each.lock) === JSON.stringify(lock)) ?? {
        lock,
        seenWallMs: clock.wallMs,
        seenMonotonicMs: clock.monotonicMs,
      },
  );
  for (const each of model.known) {
    if (each.lock.tier !== 'halt' || !inForce(each, clock)) continue;
    for (const call of model.calls) if (!call.left && hits(each.lock.target, call.keys)) call.halted = true;
  }
}

function store(model: Model, lock: Lock | null, target: LockTarget): void {
  const others = model.stored.filter((each) => each.target.kind !== target.kind || each.target.id !== target.id);
  if (lock === null && others.length === model.stored.length) return;
  model.stored = lock === null ? others : [...others, lock];
  model.epoch++;
}

/** After every command: each call in flight is aborted exactly when the model says so. Nobody else is. */
function compare(model: Model, { calls }: Real): void {
  expect(calls.map((call) => call.signal.aborted)).toEqual(model.calls.map((call) => call.halted));
}

type Command = fc.AsyncCommand<Model, Real>;

function command(text: string, run: (model: Model, real: Real) => Promise<void>): Command {
  return {
    check: () => true,
    run: async (model, real) => {
      await run(model, real);
      compare(model, real);
    },
    toString: () => text,
  };
}

const someId = fc.constantFrom('x', 'y');
const target: fc.Arbitrary<LockTarget> = fc.oneof(
  fc.constant<LockTarget>({ kind: 'all', id: '*' }),
  fc.record({ kind: fc.constantFrom('agent', 'owner', 'user', 'session', 'task', 'server'), id: someId }),
  fc.record({ kind: fc.constant('tool'), id: fc.constantFrom('s/x', 's/y') }),
) as fc.Arbitrary<LockTarget>;
const keys: fc.Arbitrary<CallKeys> = fc.record({
  agent: someId,
  owner: someId,
  user: fc.option(someId),
  through: fc.array(fc.record({ agent: someId, owner: someId }), { maxLength: 2 }),
  session: fc.option(someId),
  tasks: fc.array(someId, { maxLength: 2 }),
  server: someId,
  tool: fc.option(fc.constantFrom('s/x', 's/y')),
});
const tier = fc.constantFrom<Tier>('watch', 'pause', 'halt');
const lengthMs = fc.option(fc.constantFrom(1, 100, 900, 5_000));

const applyHere = fc.tuple(target, tier, lengthMs).map(([on, how, ms]) =>
  command(`apply ${how} ${on.kind}:${on.id} ${ms}`, async (model, { revocation, clock }) => {
    const untilMs = ms === null ? null : clock.wallMs + ms;
    const request = { target: on, tier: how, reason: 'r', by: 'b', untilMs };
    if (model.down) return expect(revocation.apply(request)).rejects.toThrow();
    const { lock } = await revocation.apply(request);
    store(model, lock, on);
    reads(model, clock);
  }),
);
const applyElsewhere = fc.tuple(target, tier, lengthMs).map(([on, how, ms]) =>
  command(`elsewhere ${how} ${on.kind}:${on.id} ${ms}`, async (model, { locks, clock }) => {
    if (model.down) return;
    const untilMs = ms === null ? null : clock.wallMs + ms;
    const lock: Lock = { target: on, tier: how, reason: 'r', by: 'elsewhere', atMs: clock.wallMs, untilMs };
    store(model, lock, on);
    await locks.put(lock);
    await vi.advanceTimersByTimeAsync(0);
    if (!model.silent) reads(model, clock);
  }),
);
const release = target.map((on) =>
  command(`release ${on.kind}:${on.id}`, async (model, { revocation, clock }) => {
    if (model.down) return expect(revocation.release(on)).rejects.toThrow();
    const had = model.stored.some((each) => each.target.kind === on.kind && each.target.id === on.id);
    expect(await revocation.release(on)).toBe(had);
    store(model, null, on);
    reads(model, clock);
  }),
);
const enter = keys.map((of) =>
  command(`enter ${JSON.stringify(of)}`, async (model, { revocation, clock, calls }) => {
    const wanted = expected(model, of, clock);
    const entry = revocation.enter(of);
    if (wanted === 'stale') expect(entry).toEqual({ ok: false, code: 'stale-view', lock: null });
    else if (wanted === 'halt') expect(entry).toMatchObject({ ok: false, code: 'killed', lock: { tier: 'halt' } });
    else if (wanted === 'pause') expect(entry).toMatchObject({ ok: false, code: 'paused', lock: { tier: 'pause' } });
    else expect(entry).toMatchObject({ ok: true, watched: wanted === 'watch' });
    if (!entry.ok) return;
    calls.push(entry);
    model.calls.push({ keys: of, halted: false, left: false });
  }),
);
const leave = fc.nat().map((pick) =>
  command(`leave ${pick}`, async (model, { calls, revocation }) => {
    const i = pick % (calls.length || 1);
    calls[i]?.leave();
    const call = model.calls[i];
    if (call !== undefined) call.left = true;
    expect(revocation.status().inFlight).toBe(model.calls.filter((each) => !each.left).length);
  }),
);
const again = fc.nat().map((pick) =>
  command(`again ${pick}`, async (model, { calls, clock }) => {
    const i = pick % (calls.length || 1);
    const call = model.calls[i];
    if (call === undefined) return;
    const answer = calls[i]?.again();
    const wanted = call.halted ? 'halt' : expected(model, call.keys, clock);
    if (wanted === null || wanted === 'watch') expect(answer).toBeNull();
    else if (wanted === 'stale') expect(answer).toBe('stale');
    else expect(answer).toMatchObject({ tier: wanted });
  }),
);
/** Real time in steps of a heartbeat, each of which reads the store. */
const wait = fc.integer({ min: 1, max: 8 }).map((count) =>
  command(`wait ${count} heartbeats`, async (model, { clock }) => {
    for (let i = 0; i < count; i++) {
      clock.pass(HEARTBEAT_MS);
      await vi.advanceTimersByTimeAsync(HEARTBEAT_MS);
      beats(model, clock);
    }
  }),
);
/** Time passes and no timer of this process gets to run, as when it is stopped or busy. */
const stall = fc
  .integer({ min: 1, max: 2_000 })
  .map((ms) => command(`stall ${ms}`, async (_model, { clock }) => clock.pass(ms)));
const jump = fc.constantFrom(-4_000, -50, 50, 4_000, 3_600_000).map((ms) =>
  command(`wall clock ${ms}`, async (_model, { clock }) => {
    clock.wallMs += ms;
  }),
);
const refresh = fc.constant(
  command('refresh', async (model, { revocation, clock }) => {
    if (model.down) return expect(revocation.refresh()).rejects.toThrow();
    await revocation.refresh();
    reads(model, clock);
  }),
);
const power = fc.boolean().map((down) =>
  command(down ? 'store down' : 'store up', async (model, { locks }) => {
    model.down = down;
    locks.down = down;
  }),
);
const bell = fc.boolean().map((silent) =>
  command(silent ? 'bell broken' : 'bell works', async (model, { locks }) => {
    model.silent = silent;
    locks.silent = silent;
  }),
);

describe('the kill switch against its naive model', () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval'] });
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it('agrees on every answer and every abort, over random histories of locks, calls, clocks and failures', async () => {
    const many = [applyHere, applyElsewhere, release, enter, enter, enter, leave, again, wait, stall, jump];
    const commands = fc.commands([...many, refresh, power, bell], { maxCommands: 60, size: 'max' });
    await fc.assert(
      fc.asyncProperty(commands, async (history) => {
        const locks = memoryLocks();
        const clock = manualClock();
        const revocation = await openRevocation({ locks, clock, maxStaleMs: MAX_STALE_MS });
        const model: Model = {
          stored: [],
          known: [],
          verifiedMs: clock.monotonicMs,
          down: false,
          silent: false,
          calls: [],
          epoch: 1,
          knownEpoch: 1,
        };
        try {
          await fc.asyncModelRun(() => ({ model, real: { locks, clock, revocation, calls: [] } }), history);
        } finally {
          revocation.close();
        }
      }),
      { numRuns: 200 },
    );
  }, 60_000);
});
