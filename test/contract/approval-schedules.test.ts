import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { vote } from '../../src/approvals/answering.ts';
import { open as openRequest, use } from '../../src/approvals/asking.ts';
import type { State } from '../../src/approvals/options.ts';
import { withdrawRow } from '../../src/approvals/outcome/record.ts';
import { sweep } from '../../src/approvals/outcome/sweep.ts';
import { makeWaitingRoom } from '../../src/approvals/waiting-room.ts';
import type { ApprovalStore, Stores } from '../../src/ports/stores.ts';
import { ballot, optionsIn, request, type World, world } from './approval-world.ts';
import { GROUNDS, type Ground, open } from './stores-fixture.ts';
import { type ManualClock, manualClock } from './stores-memory.ts';

/** Schedules on the embedded store; a real server is slower and needs fewer, because the same statements run there. */
const SCHEDULES = { sqlite: 20_000, postgres: 400 } as const;

interface Race {
  readonly state: State;
  readonly of: World;
  readonly id: string;
  readonly digest: string;
  /** What was let through, by call. */
  readonly effects: string[];
}

/** Everything that can happen to one request, each once and all at the same time. */
const ACTS = {
  approve: ({ state, id, digest }: Race) => vote(state, id, ballot('alice', { digest })),
  deny: ({ state, id, digest }: Race) => vote(state, id, ballot('bob', { digest, verdict: 'denied' })),
  async expire({ state }: Race) {
    clock.pass(60_001);
    await sweep(state);
  },
  async kill({ state, of, id }: Race) {
    of.stopped.set('buyer', 'halted');
    const row = await state.store.get(id);
    if (row !== null) await withdrawRow(state, row, { by: 'eve', reason: 'halted' });
  },
  redeem: (race: Race) => redeem(race, 'one'),
  redeemAgain: (race: Race) => redeem(race, 'two'),
  change: ({ state, id, digest }: Race) =>
    vote(state, id, ballot('alice', { digest: `changed-{"total":1}`, arguments: { total: 1 }, reason: digest })),
} as const;

async function redeem(race: Race, call: string): Promise<void> {
  for (let i = 0; i < 4; i++) {
    const used = await use(race.state, race.id, { digest: race.digest, call });
    if (used !== null) return void race.effects.push(call);
  }
}

/** Every call of the store takes its turn when the scheduler says so. */
function scheduled(store: ApprovalStore, s: fc.Scheduler): ApprovalStore {
  const wrap = (name: keyof ApprovalStore) =>
    name === 'onChange' ? store[name] : s.scheduleFunction(store[name] as never);
  return Object.fromEntries(Object.keys(store).map((name) => [name, wrap(name as keyof ApprovalStore)])) as never;
}

let made = 0;
const clock: ManualClock = manualClock();

async function prepare(stores: Stores, s: fc.Scheduler): Promise<Race> {
  const of = world();
  of.agents.set('buyer', { ...of.agents.get('buyer')!, deputies: ['bob'] });
  const digest = `d${made++}`;
  const options = optionsIn({ world: of, store: stores.approvals, clock });
  const room = makeWaitingRoom({ store: stores.approvals, maxWaiters: 1, log: undefined });
  const state: State = { ...options, room, pendingPerAgent: 1_000_000, requestBytes: 100_000 };
  const opened = await openRequest(state, request({ digest, chain: `["${made}"]` }));
  room.close();
  if (opened.kind !== 'request') throw new Error('nobody was asked');
  return {
    state: { ...state, store: scheduled(stores.approvals, s) },
    of,
    digest,
    id: opened.row.id,
    effects: [],
  };
}

async function check(race: Race, stores: Stores): Promise<void> {
  // What a crash or an end of time leaves is found by the sweep of whoever comes next.
  clock.pass(120_000);
  const later = { ...race.state, store: stores.approvals };
  await sweep(later);
  await sweep(later);
  const row = await stores.approvals.get(race.id);
  const outcomes = race.of.records.filter(({ detail }) => detail.approval === race.id);
  const ends = outcomes.map(({ detail }) => detail.outcome);
  expect(row?.recorded).toBe(true);
  expect(['denied', 'expired', 'withdrawn', 'consumed']).toContain(row?.state);
  expect(race.effects.length).toBe(row?.state === 'consumed' ? 1 : 0);
  // One record for what people said, and one more only where an approval ended unused.
  if (row?.state === 'consumed') expect(ends).toEqual(['approved']);
  else if (row?.state === 'denied') expect(ends).toEqual(['denied']);
  else expect([[row?.state], ['approved', row?.state]]).toContainEqual(ends);
}

describe.each(GROUNDS)('approve, deny, change, expire, kill and use, in every order, on $name', ({ name, start }) => {
  let ground: Ground;
  let stores: Stores;
  beforeAll(async () => {
    ground = await start('memory');
    stores = await open(await ground.place(), clock);
  });
  afterAll(async () => {
    await stores?.close();
    await ground?.stop();
  });

  it('come to exactly one outcome, one effect at most, one record', { timeout: 600_000 }, async () => {
    const acts = fc.shuffledSubarray(Object.keys(ACTS) as (keyof typeof ACTS)[], { minLength: 2 });
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), acts, async (s, chosen) => {
        const race = await prepare(stores, s);
        const running = chosen.map((act) => ACTS[act](race));
        await s.waitFor(Promise.allSettled(running));
        await check(race, stores);
      }),
      { numRuns: SCHEDULES[name], endOnFailure: true },
    );
  });
});
