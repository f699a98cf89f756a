import pg from 'pg';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../src/adapters/clock.ts';
import type { CallKeys, Lock } from '../../src/model/lock.ts';
import type { Stores } from '../../src/ports/stores.ts';
import {
  type LockRequest,
  openRevocation,
  type Revocation,
  type RevocationStatus,
} from '../../src/revocation/revocation.ts';
import { GROUNDS, type Ground, type Location, open, type Peer, startPeer } from './stores-fixture.ts';

const buyer: CallKeys = {
  agent: 'buyer',
  owner: 'olga',
  user: null,
  through: [],
  session: 's1',
  tasks: [],
  server: 'crm',
  tool: 'crm/pay',
};
const other: CallKeys = {
  agent: 'other',
  owner: 'otto',
  user: null,
  through: [],
  session: 's2',
  tasks: [],
  server: 'crm',
  tool: 'crm/pay',
};
const haltBuyer: LockRequest = {
  target: { kind: 'agent', id: 'buyer' },
  tier: 'halt',
  reason: 'odd orders',
  by: 'ops',
  untilMs: null,
};

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** CLOCK_MONOTONIC, the same for all processes of this machine. */
const nowNs = (): bigint => process.hrtime.bigint();

describe.each(GROUNDS)('a kill seen by another process on $name', ({ start }) => {
  let ground: Ground;
  let location: Location;
  let stores: Stores;
  let revocation: Revocation;
  const peers: Peer[] = [];
  const peer = async (maxStaleMs?: number): Promise<Peer> => {
    const started = await startPeer(location, maxStaleMs === undefined ? {} : { maxStaleMs });
    peers.push(started);
    return started;
  };

  beforeAll(async () => {
    ground = await start();
  });
  afterAll(() => ground?.stop());
  beforeEach(async () => {
    location = await ground.place();
    stores = await open(location);
    revocation = await openRevocation({ locks: stores.locks, clock: systemClock });
  });
  afterEach(async () => {
    await Promise.all(peers.splice(0).map((each) => each.stop()));
    revocation.close();
    await stores.close();
  });

  it('aborts the call in flight there, refuses new ones, and touches no other agent', async () => {
    const there = await peer();
    expect(await there.ask('enter', 'mine', buyer)).toEqual({ ok: true, watched: false });
    expect(await there.ask('enter', 'theirs', other)).toEqual({ ok: true, watched: false });
    const aborted = there.ask<{ atNs: string; reason: Lock }>('aborted', 'mine');
    await pause(50);
    const pulledNs = nowNs();
    const { lock } = await revocation.apply(haltBuyer);
    const { atNs, reason } = await aborted;
    expect(reason).toEqual(lock);
    expect(Number(BigInt(atNs) - pulledNs) / 1e6).toBeLessThan(1_000);
    expect(await there.ask('again', 'mine')).toEqual(lock);
    expect(await there.ask('enter', 'next', buyer)).toEqual({ ok: false, code: 'killed', lock });
    expect(await there.ask('isAborted', 'theirs')).toBe(false);
    expect(await there.ask('again', 'theirs')).toBeNull();
    expect(await there.ask('enter', 'neighbour', other)).toMatchObject({ ok: true });
  });

  it('works both ways, and a release is seen too', async () => {
    const there = await peer();
    const call = revocation.enter(buyer);
    if (!call.ok) throw new Error('refused');
    const aborted = new Promise((resolve) => call.signal.addEventListener('abort', resolve, { once: true }));
    await there.ask('apply', haltBuyer);
    await aborted;
    expect(revocation.enter(buyer)).toMatchObject({ code: 'killed' });
    await revocation.release(haltBuyer.target);
    expect(revocation.enter(buyer)).toMatchObject({ ok: true });
    for (let tries = 0; ; tries++) {
      if ((await there.ask<{ ok: boolean }>('enter', 'x', buyer)).ok) break;
      expect(tries).toBeLessThan(100);
      await pause(10);
    }
  });

  it('outlives the process that pulled it: killed right after the acknowledgement, everybody else still refuses', async () => {
    const operator = await peer();
    const witness = await peer();
    await operator.ask('apply', haltBuyer);
    operator.process.kill('SIGKILL');
    const newcomer = await peer();
    expect(await newcomer.ask('enter', 'x', buyer)).toMatchObject({ code: 'killed', lock: { reason: 'odd orders' } });
    await pause(1_200);
    expect(await witness.ask('enter', 'x', buyer)).toMatchObject({ code: 'killed' });
    expect(await witness.ask('enter', 'y', other)).toMatchObject({ ok: true });
  });

  it('is not slept through: a process that was stopped meanwhile lets nothing in when it wakes', async () => {
    const sleeper = await peer(300);
    expect(await sleeper.ask('enter', 'before', buyer)).toMatchObject({ ok: true });
    sleeper.process.kill('SIGSTOP');
    try {
      await revocation.apply(haltBuyer);
      await pause(500);
    } finally {
      // Asked before it wakes: the question lies there when it does.
      const asked = sleeper.ask('enter', 'after', buyer);
      sleeper.process.kill('SIGCONT');
      const entry = await asked;
      expect(entry).toMatchObject({ ok: false });
      expect(['killed', 'stale-view']).toContain((entry as { code: string }).code);
    }
    await pause(500);
    expect(await sleeper.ask('isAborted', 'before')).toBe(true);
    expect(await sleeper.ask('enter', 'later', other)).toMatchObject({ ok: true });
  });
});

describe('a kill when PostgreSQL is in trouble', () => {
  const MAX_STALE_MS = 600;
  let ground: Ground;
  let location: Location;
  let there: Peer;
  beforeAll(async () => {
    ground = await (GROUNDS.find((each) => each.name === 'postgres') as (typeof GROUNDS)[number]).start();
    location = await ground.place();
    there = await startPeer(location, { maxStaleMs: MAX_STALE_MS });
  });
  afterAll(async () => {
    await there?.stop();
    await ground?.stop();
  });

  it('needs no doorbell: with every notification lost it is seen within the limit of staleness', async () => {
    await there.ask('enter', 'quiet', buyer);
    const aborted = there.ask<{ atNs: string }>('aborted', 'quiet');
    const client = new pg.Client({ connectionString: location.at });
    await client.connect();
    const pulledNs = nowNs();
    // By hand, without NOTIFY.
    await client.query(`begin; update interlock_epochs set epoch = epoch + 1 where name = 'locks';
      insert into interlock_locks values ('agent', 'buyer', 'halt', 'by hand', 'dba', 1, null); commit`);
    expect(Number(BigInt((await aborted).atNs) - pulledNs) / 1e6).toBeLessThan(MAX_STALE_MS + 400);
    await client.query('delete from interlock_locks');
    await client.query("update interlock_epochs set epoch = epoch + 1 where name = 'locks'");
    await client.end();
  });

  it('a server that hangs stops every call within the limit, and lets them go on when it is back', async () => {
    await pause(MAX_STALE_MS);
    expect(await there.ask('enter', 'fine', other)).toMatchObject({ ok: true });
    const { rows } = await run(location.at, 'select pid from pg_stat_activity where pid <> pg_backend_pid()');
    const pids = [ground.server?.pid as number, ...rows.map((row) => Number(row.pid))];
    for (const pid of pids) process.kill(pid, 'SIGSTOP');
    try {
      await pause(MAX_STALE_MS + 100);
      expect(await there.ask('enter', 'x', other)).toEqual({ ok: false, code: 'stale-view', lock: null });
      expect(await there.ask('again', 'fine')).toBe('stale');
      expect((await there.ask<RevocationStatus>('status')).stale).toBe(true);
    } finally {
      for (const pid of pids) process.kill(pid, 'SIGCONT');
    }
    for (let tries = 0; ; tries++) {
      if ((await there.ask<{ ok: boolean }>('enter', 'y', other)).ok) break;
      expect(tries).toBeLessThan(300);
      await pause(20);
    }
  });
});

async function run(url: string, text: string): Promise<pg.QueryResult> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  return client.query(text).finally(() => client.end());
}
