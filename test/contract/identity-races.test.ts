import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../src/adapters/clock.ts';
import type { EntityChange, OAuthRow, RelationTuple, SecretRow } from '../../src/ports/identity-stores.ts';
import type { Stores } from '../../src/ports/stores.ts';
import { GROUNDS, type Ground, type Location, open, type Peer, startPeer } from './stores-fixture.ts';

const PEERS = 3;
/** Per process: with this one, four processes make 52 attempts at once. */
const EACH = 13;

const farMs = systemClock.nowMs() + 600_000;
const act = { by: 'me', act: 'race', reason: '', atMs: 1 } as const;

function code(id: string, over: Partial<OAuthRow> = {}): OAuthRow {
  const none = { consumedAtMs: null, grantId: null, uid: null, userCode: null, account: null, client: null };
  return { kind: 'AuthorizationCode', id, payload: {}, expiresAtMs: farMs, ...none, ...over };
}

function agent(id: string, over: Partial<EntityChange> = {}): EntityChange {
  return { kind: 'agent', id, body: {}, expected: null, ...over };
}

function secret(id: string, version: number): SecretRow {
  return { kind: 'key', id, owner: 'o', version, body: {}, expiresAtMs: null, atMs: 1 };
}

function times<T>(count: number, make: (i: number) => T): T[] {
  return Array.from({ length: count }, (_, i) => make(i));
}

const wins = (answers: readonly unknown[]): number => answers.flat().filter((answer) => answer === true).length;

describe.each(GROUNDS)('identity: four processes racing on $name', ({ start }) => {
  let ground: Ground;
  let location: Location;
  let peers: Peer[] = [];
  let stores: Stores;
  let round = 0;

  beforeAll(async () => {
    ground = await start();
    location = await ground.place();
    const [mine, ...theirs] = await Promise.all([open(location), ...times(PEERS, () => startPeer(location))]);
    stores = mine as Stores;
    peers = theirs as Peer[];
  });
  afterAll(async () => {
    await Promise.all(peers.map((peer) => peer.stop()));
    await stores?.close();
    await ground?.stop();
  });
  beforeEach(() => {
    round++;
  });

  const reopen = async (): Promise<void> => {
    await stores.close();
    stores = await open(location);
  };
  const everywhere = (command: string, args: unknown[], here: () => Promise<unknown>[]): Promise<unknown[]> =>
    Promise.all([...peers.map((peer) => peer.ask(command, ...args)), Promise.all(here())]);

  it.each([1, 2, 3])('CR1: one insert of a single-use id wins, and none after a restart (round %i)', async () => {
    const row = code(`jti-${round}`);
    const answers = await everywhere('insertOAuth', [row, EACH], () => times(EACH, () => stores.oauth.insert(row)));
    expect(answers.flat()).toHaveLength((PEERS + 1) * EACH);
    expect(wins(answers)).toBe(1);
    await reopen();
    expect(await stores.oauth.insert(row)).toBe(false);
  });

  it('one insert of an expired id takes it over', async () => {
    await stores.oauth.insert(code('old', { expiresAtMs: systemClock.nowMs() - 1 }));
    const answers = await everywhere('insertOAuth', [code('old'), EACH], () =>
      times(EACH, () => stores.oauth.insert(code('old'))),
    );
    expect(wins(answers)).toBe(1);
  });

  it.each([1, 2, 3])(
    'CR1: one use wins while others save what they read, and none after a restart (round %i)',
    async () => {
      const row = code(`code-${round}`);
      await stores.oauth.put(row);
      const answers = await everywhere('consumeOAuth', [row, EACH], () =>
        times(EACH, async () => {
          const won = await stores.oauth.consume(row.kind, row.id, systemClock.nowMs());
          await stores.oauth.put(row);
          return won;
        }),
      );
      expect(answers.flat()).toHaveLength((PEERS + 1) * EACH);
      expect(wins(answers)).toBe(1);
      await reopen();
      expect(await stores.oauth.consume(row.kind, row.id, systemClock.nowMs())).toBe(false);
    },
  );

  it('one writer of a secret wins, first and later', async () => {
    for (const [version, expected] of [
      [1, null],
      [2, 1],
      [3, 2],
    ] as const) {
      const row = secret(`s${round}`, version);
      const answers = await everywhere('putSecret', [row, expected, EACH], () =>
        times(EACH, () => stores.secrets.put(row, expected)),
      );
      expect(wins(answers)).toBe(1);
    }
    expect((await stores.secrets.get('key', `s${round}`))?.version).toBe(3);
  });

  it('ID1: one change of a version wins, and only what won is in the history', async () => {
    for (const expected of [null, 1, 2]) {
      const lists = times(EACH, () => [agent('contested', { expected })]);
      const answers = await everywhere('change', [lists], () =>
        lists.map(async (changes) => (await stores.directory.apply(changes, act)).ok),
      );
      expect(wins(answers)).toBe(1);
    }
    const history = await stores.directory.history({ kind: 'agent', id: 'contested', limit: 100 });
    expect(history.map((row) => row.version)).toEqual([3, 2, 1]);
  });

  it('ID3: one of many different people gets the name they all want', async () => {
    const wanting = (who: string) =>
      times(EACH, (i) => [agent(`${who}-${i}-${round}`, { kind: 'person', unique: ['alice@example.com'] })]);
    const answers = await Promise.all([
      ...peers.map((peer, p) => peer.ask('change', wanting(`peer${p}`))),
      Promise.all(wanting('me').map(async (changes) => (await stores.directory.apply(changes, act)).ok)),
    ]);
    expect(wins(answers)).toBe(1);
    const people = (await stores.directory.changesSince(0, 10_000)).filter((row) => row.kind === 'person');
    expect(people).toHaveLength(1);
  });

  it('a reader that follows the feed of the directory misses nothing while four processes write', async () => {
    const lists = (who: string) => times(EACH, (i) => times(3, (j) => agent(`${who}-${i}-${j}-feed`)));
    const seen = new Set<string>();
    let at = 0;
    const read = async (): Promise<void> => {
      const rows = await stores.directory.changesSince(at, 7);
      for (const row of rows) {
        expect(row.seq).toBeGreaterThan(at);
        at = row.seq;
        if (row.id.endsWith('-feed')) seen.add(row.id);
      }
    };
    let racing = true;
    const reading = (async () => {
      while (racing) {
        await read();
        await new Promise((resolve) => setImmediate(resolve));
      }
    })();
    const answers = await Promise.all([
      ...peers.map((peer, p) => peer.ask('change', lists(`peer${p}`))),
      Promise.all(lists('me').map(async (changes) => (await stores.directory.apply(changes, act)).ok)),
    ]);
    expect(wins(answers)).toBe((PEERS + 1) * EACH);
    racing = false;
    await reading;
    for (let before = -1; before < at; ) {
      before = at;
      await read();
    }
    expect(seen.size).toBe((PEERS + 1) * EACH * 3);
  });

  it('a reader that follows the relations, or what is revoked, misses nothing while four processes write', async () => {
    const tuples = (who: string): RelationTuple[][] =>
      times(EACH, (i) => times(5, (j) => ({ object: `d:${who}-${i}-${j}`, relation: 'r', subject: 'u:x' })));
    const ids = (who: string) => times(EACH, (i) => `${who}-${i}`);
    const seen = { relations: new Set<string>(), revoked: new Set<string>() };
    let at = { seq: 0, floor: 0 };
    let epoch = 0;
    const read = async (): Promise<void> => {
      const page = await stores.relations.changesSince(at.seq, at.floor, 11);
      for (const each of page.changes) seen.relations.add(each.object);
      at = page;
      const revoked = await stores.revoked.since(epoch);
      for (const row of revoked.rows) seen.revoked.add(row.id);
      epoch = revoked.epoch;
    };
    let racing = true;
    const reading = (async () => {
      while (racing) {
        await read();
        await new Promise((resolve) => setImmediate(resolve));
      }
    })();
    const mine = async (): Promise<void> => {
      for (const writes of tuples('me')) await stores.relations.apply({ writes, deletes: [] });
      for (const id of ids('me')) {
        await stores.revoked.revoke([{ kind: 'agent', id, issuedUntilMs: 1, expiresAtMs: farMs }]);
      }
    };
    await Promise.all([
      ...peers.flatMap((peer, p) => [peer.ask('relate', tuples(`peer${p}`)), peer.ask('revoke', ids(`peer${p}`))]),
      mine(),
    ]);
    racing = false;
    await reading;
    for (let before = -1; before < at.seq; ) {
      before = at.seq;
      await read();
    }
    expect(seen.relations.size).toBe((PEERS + 1) * EACH * 5);
    expect(seen.revoked.size).toBe((PEERS + 1) * EACH);
  });

  it("hears another process's change of the directory", async () => {
    let rings = 0;
    const stop = stores.directory.onChange(() => rings++);
    await new Promise((resolve) => setTimeout(resolve, 150));
    rings = 0;
    await peers[0]?.ask('change', [[agent(`bell-${round}`)]]);
    while (rings === 0) await new Promise((resolve) => setTimeout(resolve, 2));
    stop();
    expect(await stores.directory.get('agent', `bell-${round}`)).not.toBeNull();
  });
});
