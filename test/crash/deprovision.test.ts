import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../src/adapters/clock.ts';
import { openPostgres } from '../../src/adapters/sql/postgres.ts';
import { openSqlite } from '../../src/adapters/sql/sqlite.ts';
import { Deprovisioning, type GhostNotice } from '../../src/identity/deprovision/deprovision.ts';
import { Outbox } from '../../src/identity/deprovision/outbox.ts';
import { type OpenDirectory, openDirectory } from '../../src/identity/directory.ts';
import { People } from '../../src/identity/people/people.ts';
import { AGENT_DEFAULTS } from '../../src/model/agent.ts';
import type { JsonObject } from '../../src/model/json.ts';
import type { Stores } from '../../src/ports/stores.ts';
import { openRevocation, type Revocation } from '../../src/revocation/revocation.ts';
import { startPostgres } from '../contract/postgres.ts';

/** ID4: whatever step a gateway dies at while somebody is deprovisioned, another one finishes it, and nothing acts meanwhile. */
const WHO = { by: 'scim', reason: 'left' };

interface World {
  readonly stores: Stores;
  readonly directory: OpenDirectory;
  readonly revocation: Revocation;
  readonly people: People;
  readonly deprovisioning: Deprovisioning;
  readonly notices: GhostNotice[];
  /** Every effect on the outside so far. */
  readonly effects: { count: number };
  close(): Promise<void>;
}

const opened: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of opened.splice(0).reverse()) await close();
});

interface Dies {
  readonly at: number;
  /** The effect took place, and nobody was told. */
  readonly applied: boolean;
}

class Dead extends Error {}

/** One gateway's part in it, over a store others share. `dies`: at the n-th effect it and everything after it fail. */
async function openWorld(stores: Stores, dies: Dies | null = null): Promise<World> {
  const effects = { count: 0 };
  const mortal = async <T>(work: () => Promise<T>): Promise<T> => {
    const at = ++effects.count;
    if (dies !== null && (at > dies.at || (at === dies.at && !dies.applied))) throw new Dead(`dead at ${at}`);
    const done = await work();
    if (dies !== null && at === dies.at) throw new Dead(`dead at ${at}`);
    return done;
  };
  const mortalStore = {
    ...stores.directory,
    apply: (...all: Parameters<typeof stores.directory.apply>) => mortal(() => stores.directory.apply(...all)),
  };
  const directory = await openDirectory({
    store: mortalStore,
    clock: systemClock,
    configured: { agents: [], people: [], connections: [] },
    onFailed: () => {},
  });
  const revocation = await openRevocation({ locks: stores.locks, clock: systemClock });
  const notices: GhostNotice[] = [];
  const outbox = new Outbox({
    store: stores.secrets,
    clock: systemClock,
    post: () => async (notice) => void notices.push(notice),
    onError: () => {},
  });
  const made: { people?: People } = {};
  const shared = { store: mortalStore, directory, clock: systemClock, record: async () => mortal(async () => {}) };
  const deprovisioning = new Deprovisioning({
    ...shared,
    forgetSignIn: async () => {},
    oauth: {
      ...stores.oauth,
      list: (filter) => stores.oauth.list(filter),
      removeGrant: (id) => mortal(() => stores.oauth.removeGrant(id)),
      remove: (kind, id) => mortal(() => stores.oauth.remove(kind, id)),
    },
    revoke: (rows) => mortal(() => stores.revoked.revoke(rows)),
    locks: {
      inForce: () => revocation.locks(),
      put: (lock) => mortal(() => revocation.apply({ ...lock, untilMs: null })),
      release: (target) => mortal(() => revocation.release(target)),
    },
    settings: () => ({ tier: 'halt', maxTokenMs: 3_600_000 }),
    endFor: () => mortal(async () => {}),
    closeTasks: () => mortal(async () => {}),
    notify: (notice) => mortal(() => outbox.put(notice)),
    settle: (id, leaving) => made.people!.settle(id, leaving),
    onError: (error) => {
      if (!(error instanceof Dead)) throw error;
    },
    graceMs: -1,
  });
  made.people = new People({
    ...shared,
    end: (id) => deprovisioning.end(id),
    readmit: (id, who) => deprovisioning.readmit(id, who),
  });
  const close = async (): Promise<void> => {
    revocation.close();
    directory.close();
  };
  opened.push(close);
  return { stores, directory, revocation, people: made.people, deprovisioning, notices, effects, close };
}

async function populate(world: World, agents: number): Promise<void> {
  await world.people.create({ userName: 'alice', active: true }, WHO);
  await world.people.create({ userName: 'bob', active: true }, WHO);
  const act = { by: 'test', act: 'agent.create', reason: 'test', atMs: systemClock.nowMs() };
  for (let from = 0; from < agents; from += 1_000) {
    const changes = Array.from({ length: Math.min(1_000, agents - from) }, (_, i) => {
      const id = `agent-${from + i}`;
      const body = { ...AGENT_DEFAULTS, id, name: id, owner: 'alice', purpose: 'tests', origin: 'registry' };
      const more = { archetype: 'homegrown', riskTier: 'low', deputies: ['bob'] };
      return { kind: 'agent' as const, id, body: { ...body, ...more } as unknown as JsonObject, expected: null };
    });
    await world.stores.directory.apply(changes, act);
  }
  await world.directory.refresh();
  const row = { consumedAtMs: null, uid: null, userCode: null, expiresAtMs: systemClock.nowMs() + 3_600_000 };
  const grant = { ...row, payload: {}, grantId: 'grant-1', account: 'alice', client: 'agent-0' };
  await world.stores.oauth.put({ ...grant, kind: 'Grant', id: 'grant-1' });
  await world.stores.oauth.put({ ...grant, kind: 'RefreshToken', id: 'refresh-1' });
  await world.stores.oauth.put({ ...grant, kind: 'Session', id: 'session-1', grantId: null, client: null });
  await world.stores.oauth.put({ ...grant, kind: 'RefreshToken', id: 'others', grantId: 'grant-2', account: 'bob' });
}

async function expectEnded(world: World, agents: number): Promise<void> {
  const { stores, directory, revocation } = world;
  await directory.refresh();
  await revocation.refresh();
  expect(directory.person('alice')).toMatchObject({ active: false, attributes: {} });
  const states = directory.agentsOwnedBy('alice').map((agent) => agent.state);
  expect([states.length, new Set(states)]).toEqual([agents, new Set(['orphaned'])]);
  const locks = revocation.locks().map(({ target }) => `${target.kind}:${target.id}`);
  expect(locks.sort()).toEqual(['owner:alice', 'user:alice']);
  expect(await stores.oauth.list({ account: 'alice', limit: 10 })).toEqual([]);
  expect(await stores.oauth.list({ account: 'bob', limit: 10 })).toEqual([]);
  const { rows } = await stores.revoked.since(0);
  expect(rows.some((row) => row.kind === 'subject' && row.id === 'alice')).toBe(true);
  expect(rows.filter((row) => row.kind === 'agent')).toHaveLength(agents);
}

const sqlite = async (): Promise<Stores> => {
  const dir = await mkdtemp(join(tmpdir(), 'interlock-deprovision-'));
  const stores = await openSqlite({ path: join(dir, 'interlock.db'), clock: systemClock });
  opened.push(async () => {
    await stores.close();
    await rm(dir, { recursive: true, force: true });
  });
  return stores;
};

async function effectsOfOne(): Promise<number> {
  const world = await openWorld(await sqlite());
  await populate(world, 3);
  const before = world.effects.count;
  await world.people.deactivate('alice', WHO);
  await expectEnded(world, 3);
  return world.effects.count - before;
}

describe('ID4: a gateway that dies while it deprovisions somebody', () => {
  it.each([false, true])(
    'is made up for by the next sweep, at whichever step it died (effect applied: %s)',
    async (applied) => {
      const steps = await effectsOfOne();
      expect(steps).toBeGreaterThan(8);
      for (let step = 1; step <= steps; step++) {
        const stores = await sqlite();
        const first = await openWorld(stores);
        await populate(first, 3);
        const dying = await openWorld(stores, { at: step, applied });
        const told = await dying.people.deactivate('alice', WHO).then(
          () => 'told' as const,
          (error: Error) => error,
        );
        if (told !== 'told') expect([step, told]).toEqual([step, expect.any(Dead)]);
        const next = await openWorld(stores);
        const begun = next.directory.person('alice')?.active === false;
        // Whoever is inactive has no agent that may act, whatever else was done.
        if (begun) expect(next.directory.whyNotAlive('agent-0', systemClock.nowMs())).not.toBeNull();
        else await next.people.deactivate('alice', WHO);
        await next.deprovisioning.sweep();
        await expectEnded(next, 3);
        expect(await next.deprovisioning.sweep()).toBe(0);
        const told2 = [...dying.notices, ...next.notices].map((notice) => notice.id);
        expect([step, new Set(told2).size]).toEqual([step, begun ? 1 : new Set(told2).size]);
        expect(next.notices.every((notice) => notice.orphaned === 3 && notice.deputies[0] === 'bob')).toBe(true);
      }
    },
    120_000,
  );

  it('on PostgreSQL, with two at once, ends everything once', async () => {
    const postgres = await startPostgres();
    opened.push(() => postgres.stop());
    const stores = [];
    for (let i = 0; i < 2; i++) {
      const one = await openPostgres({ url: postgres.url, clock: systemClock });
      opened.push(() => one.close());
      stores.push(one);
    }
    const [a, b] = await Promise.all(stores.map((each) => openWorld(each)));
    await populate(a!, 2_500);
    await b!.directory.refresh();
    await Promise.all([a!.people.deactivate('alice', WHO), b!.people.deactivate('alice', WHO)]);
    await expectEnded(b!, 2_500);
    const history = await stores[0]!.directory.history({ kind: 'agent', id: 'agent-7', limit: 10 });
    expect(history.map((row) => row.act)).toEqual(['agent.orphan', 'agent.create']);
  }, 120_000);

  it('refuses each of ten thousand agents as soon as the deactivation is answered', async () => {
    const world = await openWorld(await sqlite());
    await populate(world, 10_000);
    const nowMs = systemClock.nowMs();
    expect(world.directory.whyNotAlive('agent-9999', nowMs)).toBeNull();
    await world.people.deactivate('alice', WHO);
    const alive = world.directory
      .agentsOwnedBy('alice')
      .filter((agent) => world.directory.whyNotAlive(agent.id, nowMs) === null);
    expect(alive).toEqual([]);
    await expectEnded(world, 10_000);
  }, 120_000);

  it('lets somebody who comes back in the middle stay: no lock is left behind', async () => {
    const world = await openWorld(await sqlite());
    await populate(world, 50);
    await Promise.all([world.people.deactivate('alice', WHO), world.people.reactivate('alice', WHO).catch(() => {})]);
    await world.people.reactivate('alice', WHO);
    await world.deprovisioning.sweep();
    await world.revocation.refresh();
    expect(world.directory.person('alice')?.active).toBe(true);
    expect(world.revocation.locks()).toEqual([]);
  });
});
