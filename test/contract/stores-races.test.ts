import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../src/adapters/clock.ts';
import type { Lock } from '../../src/model/lock.ts';
import type { ApprovalRow, Stores } from '../../src/ports/stores.ts';
import { answer, approvalRow, consume, join } from './approval-row.ts';
import { GROUNDS, type Ground, type Location, open, type Peer, startPeer } from './stores-fixture.ts';

const PEERS = 3;
/** Per process: with this one, four processes make 52 attempts at once. */
const EACH = 13;

const farMs = systemClock.nowMs() + 600_000;

function request(id: string, over: Partial<ApprovalRow> = {}): ApprovalRow {
  return approvalRow(id, { requestedAtMs: systemClock.nowMs(), expiresAtMs: farMs, ...over });
}

function times<T>(count: number, make: (i: number) => T): T[] {
  return Array.from({ length: count }, (_, i) => make(i));
}

const wins = (answers: readonly unknown[]): number => answers.flat().filter((answer) => answer === true).length;

describe.each(GROUNDS)('four processes racing on $name', ({ start }) => {
  let ground: Ground;
  let location: Location;
  let peers: Peer[] = [];
  let stores: Stores;

  beforeAll(async () => {
    ground = await start();
    location = await ground.place();
    // Started together on an empty database: they race to migrate it, too.
    const [mine, ...theirs] = await Promise.all([open(location), ...times(PEERS, () => startPeer(location))]);
    stores = mine as Stores;
    peers = theirs as Peer[];
  });
  afterAll(async () => {
    await Promise.all(peers.map((peer) => peer.stop()));
    await stores?.close();
    await ground?.stop();
  });
  let round = 0;
  beforeEach(() => {
    round++;
  });

  /** The same attempts here and in every peer, all at once. */
  const everywhere = (command: string, args: unknown[], here: () => Promise<unknown>[]): Promise<unknown[]> =>
    Promise.all([...peers.map((peer) => peer.ask(command, ...args)), Promise.all(here())]);

  it.each([1, 2, 3])('one claim of an id wins (round %i)', async () => {
    const id = `jti-${round}`;
    const answers = await everywhere('claim', [id, farMs, EACH], () =>
      times(EACH, () => stores.replay.claim(id, farMs)),
    );
    expect(answers.flat()).toHaveLength((PEERS + 1) * EACH);
    expect(wins(answers)).toBe(1);
  });

  it('one claim of an expired id takes it over', async () => {
    await stores.replay.claim('old', systemClock.nowMs() - 1);
    const answers = await everywhere('claim', ['old', farMs, EACH], () =>
      times(EACH, () => stores.replay.claim('old', farMs)),
    );
    expect(wins(answers)).toBe(1);
  });

  it('all requests for one action join one, and it is the one in the store', async () => {
    const rows = (who: string): ApprovalRow[] => times(EACH, (i) => request(`${who}-${i}`, { digest: `j${round}` }));
    const ids = await Promise.all([
      ...peers.map((peer, p) => peer.ask<string[]>('join', rows(`peer${p}`), 100)),
      Promise.all(rows('me').map(async (row) => (await join(stores.approvals, row, 100))?.id)),
    ]);
    expect(ids.flat()).toHaveLength((PEERS + 1) * EACH);
    expect(new Set(ids.flat()).size).toBe(1);
    const stored = (await stores.approvals.list({ limit: 1000 })).filter((row) => row.digest === `j${round}`);
    expect(stored.map((row) => row.id)).toEqual([ids.flat()[0]]);
  });

  it('the bound on unanswered requests holds', async () => {
    const rows = (who: string): ApprovalRow[] =>
      times(EACH, (i) => request(`${who}-${i}-b`, { agent: 'greedy', digest: `${who}-${i}` }));
    const ids = await Promise.all([
      ...peers.map((peer, p) => peer.ask<(string | null)[]>('join', rows(`peer${p}`), 7)),
      Promise.all(rows('me').map(async (row) => (await join(stores.approvals, row, 7))?.id ?? null)),
    ]);
    expect(ids.flat().filter((id) => id !== null)).toHaveLength(7);
  });

  it('one answer counts, and everybody else is told so', async () => {
    const row = await join(stores.approvals, request(`answer-${round}`, { digest: `a${round}` }), 100);
    const id = (row as ApprovalRow).id;
    const answers = await everywhere('answer', [id, 'peer', EACH], () =>
      times(EACH, () =>
        answer(stores.approvals, id, { state: 'denied', by: 'me', reason: '', nowMs: systemClock.nowMs() }),
      ),
    );
    expect(wins(answers)).toBe(1);
  });

  it.each([1, 2, 3])('one use of an approval wins, also after reopening (round %i)', async () => {
    const digest = `c${round}`;
    const row = await join(stores.approvals, request(`consume-${round}`, { digest }), 100);
    const id = (row as ApprovalRow).id;
    await answer(stores.approvals, id, { state: 'approved', by: 'eve', reason: '', nowMs: systemClock.nowMs() });
    const answers = await everywhere('consume', [id, digest, EACH], () =>
      times(EACH, () => consume(stores.approvals, id, { digest: digest, nowMs: systemClock.nowMs() })),
    );
    expect(wins(answers)).toBe(1);
    await stores.close();
    stores = await open(location);
    expect(await consume(stores.approvals, id, { digest: digest, nowMs: systemClock.nowMs() })).toBe(false);
  });

  it('no two changes of locks share an epoch, no change is lost, and what is loaded belongs to its epoch', async () => {
    const lock = (who: string, i: number): Lock => ({
      target: { kind: 'agent', id: `${who}-${i}` },
      tier: 'pause',
      reason: 'race',
      by: who,
      atMs: 1,
      untilMs: null,
    });
    const before = await stores.locks.epoch();
    let racing = true;
    const snapshots: { epoch: number; count: number }[] = [];
    const reading = (async () => {
      while (racing) {
        const { epoch, locks } = await stores.locks.load();
        snapshots.push({ epoch, count: locks.length });
        await new Promise((resolve) => setImmediate(resolve));
      }
    })();
    const epochs = await Promise.all([
      ...peers.map((peer, p) =>
        peer.ask<number[]>(
          'put',
          times(EACH, (i) => lock(`peer${p}`, i)),
        ),
      ),
      (async () => {
        const mine: number[] = [];
        for (const each of times(EACH, (i) => lock('me', i))) mine.push(await stores.locks.put(each));
        return mine;
      })(),
    ]);
    racing = false;
    await reading;
    const all = epochs.flat().sort((a, b) => a - b);
    expect(all).toEqual(times(all.length, (i) => before + 1 + i));
    // Every put here adds one lock: a snapshot is consistent exactly when the count follows from the epoch.
    expect(snapshots.filter(({ epoch, count }) => count !== epoch - before)).toEqual([]);
    expect(snapshots.length).toBeGreaterThan(1);
    expect((await stores.locks.load()).locks).toHaveLength(all.length);
  });

  it('a process that is killed in the middle of its writes leaves a store that works and lost nothing it acknowledged', async () => {
    const victim = await startPeer(location);
    const acknowledged: number[] = [];
    const writing = (async () => {
      for (let i = 0; ; i++) {
        const target = { kind: 'task', id: `${i}` } as const;
        const lock: Lock = { target, tier: 'watch', reason: 'r', by: 'victim', atMs: 1, untilMs: null };
        await victim.ask('put', [lock]);
        acknowledged.push(i);
        if (i === 20) setTimeout(() => victim.process.kill('SIGKILL'), 5);
      }
    })();
    await expect(writing).rejects.toThrow('the peer ended');
    expect(acknowledged.length).toBeGreaterThan(20);
    const { locks } = await stores.locks.load();
    const kept = new Set(locks.filter((lock) => lock.target.kind === 'task').map((lock) => Number(lock.target.id)));
    expect(acknowledged.filter((i) => !kept.has(i))).toEqual([]);
    expect(await stores.locks.release({ kind: 'task', id: '0' })).toBe(true);
  });
});
