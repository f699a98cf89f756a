import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../src/adapters/clock.ts';
import type { EntityChange, OAuthRow, RelationTuple, SecretRow } from '../../src/ports/identity-stores.ts';
import type { Stores } from '../../src/ports/stores.ts';
import { GROUNDS, type Ground, type Location, open } from './stores-fixture.ts';

const NOW_MS = 1_800_000_000_000;
const DAY_MS = 86_400_000;
const act = { by: 'eve', act: 'agent.change', reason: 'because', atMs: NOW_MS } as const;

function change(id: string, over: Partial<EntityChange> = {}): EntityChange {
  return { kind: 'agent', id, body: { name: id }, expected: null, ...over };
}

function token(id: string, over: Partial<OAuthRow> = {}): OAuthRow {
  return {
    kind: 'RefreshToken',
    id,
    payload: { scope: 'a', nested: [{ id }] },
    expiresAtMs: NOW_MS + 1_000,
    consumedAtMs: null,
    grantId: 'g1',
    uid: null,
    userCode: null,
    account: 'alice',
    client: 'app',
    ...over,
  };
}

function secret(id: string, over: Partial<SecretRow> = {}): SecretRow {
  return {
    kind: 'passkey',
    id,
    owner: 'alice',
    version: 1,
    body: { key: 'k' },
    expiresAtMs: null,
    atMs: NOW_MS,
    ...over,
  };
}

const tuple = (i: number | string, relation = 'viewer'): RelationTuple => ({
  object: `document:${i}`,
  relation,
  subject: 'user:alice',
});

describe.each(GROUNDS)('identity stores on $name', ({ start }) => {
  let ground: Ground;
  let location: Location;
  let stores: Stores;
  /** Changed by tests: the adapter's own clock. */
  let nowMs = NOW_MS;
  const clock = { nowMs: () => nowMs, monotonicUs: () => systemClock.monotonicUs() };
  const opened: Stores[] = [];
  const openHere = async (): Promise<Stores> => {
    const made = await open(location, clock);
    opened.push(made);
    return made;
  };
  const reopen = async (): Promise<void> => {
    await stores.close();
    stores = await openHere();
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

  /** Everything in the feed of relations, page by page. */
  const relations = async (from = { seq: 0, floor: 0 }, page = 3): Promise<string[]> => {
    const found: string[] = [];
    for (let at = from; ; ) {
      const { changes, seq, floor, restart } = await stores.relations.changesSince(at.seq, at.floor, page);
      expect(restart).toBe(false);
      if (changes.length === 0) return found;
      found.push(...changes.map((each) => `${each.removed ? '-' : '+'}${each.object}#${each.relation}`));
      at = { seq, floor };
    }
  };

  describe('the directory', () => {
    it('keeps what it was given, text of any kind, also after reopening', async () => {
      const body = { name: 'ä"\'\\ \n;--%_🛑', nul: 'a\0b', list: [1, null, { deep: true }], big: 2 ** 53 - 1 };
      const applied = await stores.directory.apply([change('día/🛑', { body })], act);
      const row = { kind: 'agent', id: 'día/🛑', version: 1, body, atMs: NOW_MS };
      expect(applied).toMatchObject({ ok: true, rows: [row] });
      await reopen();
      expect(await stores.directory.get('agent', 'día/🛑')).toMatchObject(row);
      expect(await stores.directory.get('person', 'día/🛑')).toBeNull();
      expect(await stores.directory.apply([], act)).toEqual({ ok: true, rows: [] });
    });

    it('changes only from the version the writer read, and says why not', async () => {
      const why = async (...changes: EntityChange[]): Promise<unknown> => {
        const result = await stores.directory.apply(changes, act);
        return result.ok ? result.rows.map((row) => row.version) : [result.id, result.why];
      };
      expect(await why(change('a', { expected: 1 }))).toEqual(['a', 'missing']);
      expect(await why(change('a', { body: null }))).toEqual(['a', 'missing']);
      expect(await why(change('a'))).toEqual([1]);
      expect(await why(change('a'))).toEqual(['a', 'exists']);
      expect(await why(change('a', { expected: 2 }))).toEqual(['a', 'version']);
      expect(await why(change('a', { expected: 1 }))).toEqual([2]);
      expect(await why(change('a', { expected: 1, body: null }))).toEqual(['a', 'version']);
      expect(await why(change('a', { expected: 2, body: null }))).toEqual([3]);
      expect(await why(change('a', { expected: 3 }))).toEqual(['a', 'missing']);
      expect(await why(change('a'))).toEqual([4]);
    });

    it('changes all of them or none', async () => {
      await stores.directory.apply([change('a')], act);
      const before = await stores.directory.changesSince(0, 10);
      expect(await stores.directory.apply([change('b'), change('a')], act)).toMatchObject({ ok: false, id: 'a' });
      expect(await stores.directory.get('agent', 'b')).toBeNull();
      expect(await stores.directory.changesSince(0, 10)).toEqual(before);
      expect(await stores.directory.history({ limit: 10 })).toHaveLength(1);
    });

    it('gives a unique name to one of a kind, and to the next when it was given back', async () => {
      const named = (id: string, unique: string[], over: Partial<EntityChange> = {}) => change(id, { unique, ...over });
      const taken = { ok: false, why: 'unique' };
      expect(await stores.directory.apply([named('a', ['x', 'y', 'x'])], act)).toMatchObject({ ok: true });
      expect(await stores.directory.apply([named('b', ['z', 'y'])], act)).toMatchObject({ ...taken, id: 'b' });
      expect(await stores.directory.apply([named('b', ['q']), named('c', ['q'])], act)).toMatchObject(taken);
      expect(await stores.directory.apply([named('a', ['y'], { kind: 'group' })], act)).toMatchObject({ ok: true });
      // Nothing said about names: it keeps them.
      expect(await stores.directory.apply([change('a', { expected: 1 })], act)).toMatchObject({ ok: true });
      expect(await stores.directory.apply([named('b', ['x'])], act)).toMatchObject(taken);
      // In one change, a name passes on.
      const passed = [named('b', ['x']), named('a', ['w'], { expected: 2 })];
      expect(await stores.directory.apply(passed, act)).toMatchObject({ ok: true });
      expect(await stores.directory.apply([change('a', { expected: 3, body: null })], act)).toMatchObject({ ok: true });
      expect(await stores.directory.apply([named('d', ['w', 'y'])], act)).toMatchObject({ ok: true });
    });

    it('tells everything that changed since, newest version only, in order, the removed as well', async () => {
      await stores.directory.apply([change('a'), change('b', { kind: 'person' }), change('c')], act);
      const first = await stores.directory.changesSince(0, 2);
      expect(first.map((row) => row.id)).toEqual(['a', 'b']);
      await stores.directory.apply([change('a', { expected: 1, body: { name: 'new' } })], act);
      await stores.directory.apply([change('c', { expected: 1, body: null })], act);
      const rest = await stores.directory.changesSince(first[1]?.seq ?? 0, 10);
      expect(rest.map((row) => [row.id, row.version, row.body])).toEqual([
        ['a', 2, { name: 'new' }],
        ['c', 2, null],
      ]);
      expect(await stores.directory.changesSince(rest[1]?.seq ?? 0, 10)).toEqual([]);
      expect(await stores.directory.changesSince(0, 0)).toEqual([]);
    });

    it('ID1: remembers every change, by whom, why, before and after, in pages', async () => {
      await stores.directory.apply([change('a')], act);
      await stores.directory.apply([change('a', { expected: 1, body: { v: 2 } })], { ...act, by: 'bob', atMs: 7 });
      await stores.directory.apply([change('a', { expected: 2, body: null })], { ...act, act: 'agent.end' });
      await stores.directory.apply([change('b')], act);
      const all = await stores.directory.history({ kind: 'agent', id: 'a', limit: 10 });
      expect(all.map(({ version, before, after, by, act: what }) => [version, before, after, by, what])).toEqual([
        [3, { v: 2 }, null, 'eve', 'agent.end'],
        [2, { name: 'a' }, { v: 2 }, 'bob', 'agent.change'],
        [1, null, { name: 'a' }, 'eve', 'agent.change'],
      ]);
      const [newest] = await stores.directory.history({ limit: 1 });
      expect(newest?.id).toBe('b');
      const older = await stores.directory.history({ kind: 'agent', beforeSeq: newest?.seq ?? 0, limit: 2 });
      expect(older.map((row) => row.version)).toEqual([3, 2]);
      expect(await stores.directory.history({ kind: 'person', limit: 5 })).toEqual([]);
    });

    it('takes a thousand changes at once, with their names, and no more', async () => {
      const many = Array.from({ length: 1_000 }, (_, i) => change(`a${i}`, { unique: [`n${i}`, `m${i}`] }));
      expect(await stores.directory.apply(many, act)).toMatchObject({ ok: true });
      expect(await stores.directory.changesSince(0, 10_000)).toHaveLength(1_000);
      const again = many.map((each) => ({ ...each, expected: 1 }));
      expect(await stores.directory.apply(again, act)).toMatchObject({ ok: true });
      const invalid = { code: 'invalid-params' };
      await expect(stores.directory.apply([...many, change('one more')], act)).rejects.toMatchObject(invalid);
      await expect(stores.directory.apply([change('x'), change('x')], act)).rejects.toMatchObject(invalid);
      for (const id of ['', 'nul\0', '\ud800', 'x'.repeat(2_049)]) {
        await expect(stores.directory.apply([change(id)], act)).rejects.toMatchObject(invalid);
      }
      expect(await stores.directory.apply([change('x'.repeat(2_048))], act)).toMatchObject({ ok: true });
    });
  });

  describe('what the authorization server keeps', () => {
    it('comes back as it was put, is replaced by a put, and is not found when its time is over', async () => {
      const row = token('1', { uid: 'u', userCode: 'c', kind: 'DeviceCode' });
      await stores.oauth.put(row);
      await reopen();
      expect(await stores.oauth.find('DeviceCode', '1')).toEqual(row);
      expect(await stores.oauth.findBy('DeviceCode', 'uid', 'u')).toEqual(row);
      expect(await stores.oauth.findBy('DeviceCode', 'userCode', 'c')).toEqual(row);
      expect(await stores.oauth.findBy('Session', 'uid', 'u')).toBeNull();
      expect(await stores.oauth.find('Session', '1')).toBeNull();
      const later = { ...row, payload: { new: true }, expiresAtMs: NOW_MS + 5_000 };
      await stores.oauth.put(later);
      nowMs = NOW_MS + 4_999;
      expect(await stores.oauth.find('DeviceCode', '1')).toEqual(later);
      nowMs = NOW_MS + 5_000;
      expect(await stores.oauth.find('DeviceCode', '1')).toBeNull();
      expect(await stores.oauth.findBy('DeviceCode', 'uid', 'u')).toBeNull();
      expect(await stores.oauth.list({ kind: 'DeviceCode', limit: 5 })).toEqual([]);
      expect(await stores.oauth.consume('DeviceCode', '1', nowMs)).toBe(false);
    });

    it('is consumed once, and no later put makes it usable again, also after reopening', async () => {
      await stores.oauth.put(token('1'));
      expect(await stores.oauth.consume('RefreshToken', 'unknown', NOW_MS)).toBe(false);
      expect(await stores.oauth.consume('RefreshToken', '1', NOW_MS + 3)).toBe(true);
      expect(await stores.oauth.consume('RefreshToken', '1', NOW_MS + 4)).toBe(false);
      await stores.oauth.put(token('1', { payload: { new: true } }));
      await reopen();
      expect(await stores.oauth.consume('RefreshToken', '1', NOW_MS + 5)).toBe(false);
      expect(await stores.oauth.find('RefreshToken', '1')).toMatchObject({
        consumedAtMs: NOW_MS + 3,
        payload: { new: true },
      });
    });

    it('is changed by whoever read it as it is, and by nobody once it was consumed or has expired', async () => {
      const [from, to] = [{ scope: 'a', nested: [{ id: '1' }] }, { n: 1 }];
      await stores.oauth.put(token('1'));
      expect(await stores.oauth.change('RefreshToken', '1', { from: { scope: 'b' }, to })).toBe(false);
      expect(await stores.oauth.change('RefreshToken', '1', { from, to })).toBe(true);
      expect(await stores.oauth.change('RefreshToken', '1', { from, to })).toBe(false);
      expect(await stores.oauth.change('RefreshToken', 'unknown', { from, to })).toBe(false);
      await reopen();
      const row = await stores.oauth.find('RefreshToken', '1');
      expect(row).toEqual(token('1', { payload: to }));
      const all = Array.from({ length: 20 }, (_, i) =>
        stores.oauth.change('RefreshToken', '1', { from: to, to: { i } }),
      );
      expect((await Promise.all(all)).filter((won) => won)).toHaveLength(1);
      const { payload } = (await stores.oauth.find('RefreshToken', '1'))!;
      await stores.oauth.consume('RefreshToken', '1', NOW_MS);
      expect(await stores.oauth.change('RefreshToken', '1', { from: payload, to })).toBe(false);
      await stores.oauth.put(token('2'));
      nowMs = NOW_MS + 1_000;
      expect(await stores.oauth.change('RefreshToken', '2', { from: { scope: 'a', nested: [{ id: '2' }] }, to })).toBe(
        false,
      );
    });

    it('is inserted once while it lives, also after reopening', async () => {
      const row = token('jti', { kind: 'ReplayDetection' });
      expect(await stores.oauth.insert(row)).toBe(true);
      expect(await stores.oauth.insert(row)).toBe(false);
      await reopen();
      nowMs = NOW_MS + 999;
      expect(await stores.oauth.insert(row)).toBe(false);
      nowMs = NOW_MS + 1_000;
      expect(await stores.oauth.insert({ ...row, expiresAtMs: null })).toBe(true);
      nowMs = NOW_MS + 10 * DAY_MS;
      expect(await stores.oauth.insert(row)).toBe(false);
    });

    it('ends with its grant, and alone', async () => {
      for (const id of ['1', '2']) await stores.oauth.put(token(id));
      await stores.oauth.put(token('3', { grantId: 'g2' }));
      await stores.oauth.put(token('4', { grantId: null }));
      expect(await stores.oauth.removeGrant('g1')).toBe(2);
      expect(await stores.oauth.removeGrant('g1')).toBe(0);
      expect(await stores.oauth.find('RefreshToken', '3')).not.toBeNull();
      expect(await stores.oauth.remove('RefreshToken', '3')).toBe(true);
      expect(await stores.oauth.remove('RefreshToken', '3')).toBe(false);
      expect(await stores.oauth.find('RefreshToken', '4')).not.toBeNull();
    });

    it('is listed newest first by account, client, grant and kind, never all of it', async () => {
      for (const [i, over] of [{}, { account: 'bob' }, { client: 'other' }, { grantId: 'g2' }].entries()) {
        nowMs = NOW_MS + i;
        await stores.oauth.put(token(`${i}`, over));
      }
      const ids = async (filter: Parameters<Stores['oauth']['list']>[0]) =>
        (await stores.oauth.list(filter)).map((row) => row.id);
      expect(await ids({ account: 'alice', limit: 10 })).toEqual(['3', '2', '0']);
      expect(await ids({ account: 'alice', client: 'app', limit: 1 })).toEqual(['3']);
      expect(await ids({ grantId: 'g1', client: 'app', limit: 10 })).toEqual(['1', '0']);
      expect(await ids({ kind: 'RefreshToken', limit: 10 })).toEqual(['3', '2', '1', '0']);
      expect(await ids({ kind: 'Session', account: 'alice', limit: 10 })).toEqual([]);
      await expect(stores.oauth.list({ limit: 10 })).rejects.toMatchObject({ code: 'invalid-params' });
    });

    it('is forgotten when it has expired, and only then', async () => {
      await stores.oauth.put(token('short'));
      await stores.oauth.put(token('long', { expiresAtMs: NOW_MS + 1_001 }));
      await stores.oauth.put(token('ever', { expiresAtMs: null }));
      expect(await stores.oauth.prune(NOW_MS + 1_000)).toBe(1);
      expect(await stores.oauth.prune(NOW_MS + 1_000)).toBe(0);
      expect((await stores.oauth.list({ account: 'alice', limit: 5 })).map((row) => row.id)).toEqual(['ever', 'long']);
    });
  });

  describe('what is revoked', () => {
    const row = (id: string, over: object = {}) =>
      ({ kind: 'agent', id, issuedUntilMs: NOW_MS, expiresAtMs: NOW_MS + 1_000, ...over }) as const;

    it('CR2: is told since an epoch, and keeps the later of two times', async () => {
      const { epoch, rows } = await stores.revoked.since(0);
      expect(rows).toEqual([]);
      await stores.revoked.revoke([row('a'), row('a', { issuedUntilMs: NOW_MS + 5 }), row('b', { kind: 'txn' })]);
      const first = await stores.revoked.since(epoch);
      expect(first.epoch).toBeGreaterThan(epoch);
      expect(first.rows).toHaveLength(2);
      expect(first.rows).toContainEqual(row('a', { issuedUntilMs: NOW_MS + 5 }));
      expect(await stores.revoked.since(first.epoch)).toEqual({ epoch: first.epoch, rows: [] });
      await stores.revoked.revoke([row('a', { expiresAtMs: NOW_MS + 9_000 }), row('b')]);
      await reopen();
      const second = await stores.revoked.since(first.epoch);
      expect(second.rows).toHaveLength(2);
      expect(second.rows).toContainEqual(row('a', { issuedUntilMs: NOW_MS + 5, expiresAtMs: NOW_MS + 9_000 }));
      // Nothing later than what is known: nobody is woken.
      await stores.revoked.revoke([row('a'), row('b')]);
      await stores.revoked.revoke([]);
      expect((await stores.revoked.since(0)).epoch).toBe(second.epoch);
    });

    it('is forgotten when everything it refuses has expired', async () => {
      await stores.revoked.revoke([row('short'), row('long', { expiresAtMs: NOW_MS + 1_001 })]);
      nowMs = NOW_MS + 1_000;
      expect((await stores.revoked.since(0)).rows.map((each) => each.id)).toEqual(['long']);
      expect(await stores.revoked.prune(nowMs)).toBe(1);
      expect(await stores.revoked.prune(nowMs)).toBe(0);
    });

    it('is as much at once as one person can have been behind', async () => {
      await stores.revoked.revoke(Array.from({ length: 10_500 }, (_, i) => row(`a${i}`)));
      expect((await stores.revoked.since(0)).rows).toHaveLength(10_500);
      expect(await stores.revoked.prune(NOW_MS + 1_000)).toBe(10_500);
    });
  });

  describe('secrets', () => {
    it('change only from the version the writer read', async () => {
      expect(await stores.secrets.put(secret('1'), 1).catch((error) => error)).toMatchObject({
        code: 'invalid-params',
      });
      expect(await stores.secrets.put(secret('1', { version: 2 }), 1)).toBe(false);
      expect(await stores.secrets.put(secret('1'), null)).toBe(true);
      expect(await stores.secrets.put(secret('1'), null)).toBe(false);
      expect(await stores.secrets.put(secret('1', { version: 2, body: { key: 'new' } }), 1)).toBe(true);
      expect(await stores.secrets.put(secret('1', { version: 2 }), 1)).toBe(false);
      await reopen();
      expect(await stores.secrets.get('passkey', '1')).toEqual(secret('1', { version: 2, body: { key: 'new' } }));
      expect(await stores.secrets.get('password', '1')).toBeNull();
    });

    it('CR4: are not there when their time is over, and make room', async () => {
      await stores.secrets.put(secret('1', { expiresAtMs: NOW_MS + 10 }), null);
      nowMs = NOW_MS + 10;
      expect(await stores.secrets.get('passkey', '1')).toBeNull();
      expect(await stores.secrets.list({ kind: 'passkey', limit: 5 })).toEqual([]);
      expect(await stores.secrets.put(secret('1', { version: 2 }), 1)).toBe(false);
      expect(await stores.secrets.put(secret('1'), null)).toBe(true);
      await stores.secrets.put(secret('2', { expiresAtMs: NOW_MS + 11 }), null);
      expect(await stores.secrets.prune(NOW_MS + 10)).toBe(0);
      expect(await stores.secrets.prune(NOW_MS + 11)).toBe(1);
      expect(await stores.secrets.get('passkey', '1')).not.toBeNull();
    });

    it('are listed in pages by kind and owner, and leave alone or with their owner', async () => {
      for (const id of ['3', '1', '2']) await stores.secrets.put(secret(id), null);
      await stores.secrets.put(secret('4', { owner: 'bob' }), null);
      await stores.secrets.put(secret('1', { kind: 'password' }), null);
      const ids = async (filter: Omit<Parameters<Stores['secrets']['list']>[0], 'kind'>) =>
        (await stores.secrets.list({ kind: 'passkey', ...filter })).map((row) => row.id);
      expect(await ids({ limit: 10 })).toEqual(['1', '2', '3', '4']);
      expect(await ids({ limit: 2, owner: 'alice', after: '1' })).toEqual(['2', '3']);
      expect(await stores.secrets.remove('passkey', '2')).toBe(true);
      expect(await stores.secrets.remove('passkey', '2')).toBe(false);
      expect(await stores.secrets.removeOwned('passkey', 'alice')).toBe(2);
      expect(await stores.secrets.removeOwned('passkey', 'alice')).toBe(0);
      expect(await ids({ limit: 10 })).toEqual(['4']);
      expect(await stores.secrets.get('password', '1')).not.toBeNull();
    });
  });

  describe('relations', () => {
    it('AZ2: are told since a position, with what was removed, and unchanged ones keep their place', async () => {
      await stores.relations.apply({ writes: [1, 2, 3, 4].map((i) => tuple(i)), deletes: [] });
      expect(await relations()).toEqual(
        ['+document:1', '+document:2', '+document:3', '+document:4'].map((t) => `${t}#viewer`),
      );
      const at = await stores.relations.changesSince(0, 0, 10);
      await stores.relations.apply({ writes: [tuple(2), tuple(5)], deletes: [tuple(1), tuple('unknown')] });
      expect(await relations(at)).toEqual(['+document:5#viewer', '-document:1#viewer']);
      await stores.relations.apply({ writes: [tuple(1)], deletes: [] });
      await reopen();
      expect(await relations(at)).toEqual(['+document:5#viewer', '+document:1#viewer']);
      const { seq, floor } = await stores.relations.changesSince(0, 0, 10);
      expect(await stores.relations.changesSince(seq, floor, 10)).toEqual({ seq, floor, changes: [], restart: false });
    });

    it('come ten thousand at once, and no more, and never both written and deleted', async () => {
      const many = Array.from({ length: 10_000 }, (_, i) => tuple(i));
      await stores.relations.apply({ writes: many, deletes: [] });
      await stores.relations.apply({ writes: [], deletes: many });
      expect((await relations(undefined, 10_000)).filter((each) => each.startsWith('-'))).toHaveLength(10_000);
      const invalid = { code: 'invalid-params' };
      await expect(stores.relations.apply({ writes: many, deletes: [tuple('x')] })).rejects.toMatchObject(invalid);
      await expect(stores.relations.apply({ writes: [tuple(1)], deletes: [tuple(1)] })).rejects.toMatchObject(invalid);
      await expect(stores.relations.apply({ writes: [tuple('\0')], deletes: [] })).rejects.toMatchObject(invalid);
      const long = { object: 'o'.repeat(1_024), relation: 'r'.repeat(256), subject: 's'.repeat(1_024) };
      await stores.relations.apply({ writes: [long, long], deletes: [] });
    });

    it('that were removed are forgotten after a day, and whoever has not heard of it begins again', async () => {
      await stores.relations.apply({ writes: [1, 2, 3].map((i) => tuple(i)), deletes: [] });
      const early = await stores.relations.changesSince(0, 0, 1);
      await stores.relations.apply({ writes: [], deletes: [tuple(2)] });
      const late = await stores.relations.changesSince(0, 0, 10);
      const from = ({ seq, floor }: typeof early) => stores.relations.changesSince(seq, floor, 1);
      expect(await stores.relations.prune(NOW_MS + DAY_MS - 1)).toBe(0);
      expect(await from(early)).toMatchObject({ restart: false });
      expect(await stores.relations.prune(NOW_MS + DAY_MS)).toBe(1);
      expect(await stores.relations.prune(NOW_MS + DAY_MS)).toBe(0);
      expect(await from(early)).toEqual({ seq: 0, floor: 0, changes: [], restart: true });
      expect(await from(late)).toMatchObject({ seq: late.seq, changes: [], restart: false });
      // Whoever begins now is on its way up from below what was forgotten, and need not begin again.
      expect(await relations(undefined, 1)).toEqual(['+document:1#viewer', '+document:3#viewer']);
      const half = await stores.relations.changesSince(0, 0, 1);
      await stores.relations.apply({ writes: [], deletes: [tuple(1)] });
      expect(await from(half)).toMatchObject({ restart: false });
      await stores.relations.prune(NOW_MS + DAY_MS);
      expect(await from(half)).toMatchObject({ restart: true });
      expect(await relations(undefined, 1)).toEqual(['+document:3#viewer']);
    });
  });

  it('every change rings for its own topic over another connection, and a change of nothing rings nowhere', async () => {
    const other = await openHere();
    const heard = new Set<string>();
    const topics = ['directory', 'revoked', 'secrets', 'relations'] as const;
    for (const topic of topics) other[topic].onChange(() => heard.add(topic));
    const revoked = { kind: 'agent', id: 'a', issuedUntilMs: 1, expiresAtMs: NOW_MS + 1 } as const;
    const changes = {
      directory: () => stores.directory.apply([change('a')], act),
      revoked: () => stores.revoked.revoke([revoked]),
      secrets: () => stores.secrets.put(secret('1'), null),
      relations: () => stores.relations.apply({ writes: [tuple(1)], deletes: [] }),
    };
    await settled();
    for (const topic of topics) {
      heard.clear();
      await changes[topic]();
      await until(() => heard.has(topic));
      expect([...heard]).toEqual([topic]);
    }
    heard.clear();
    for (const topic of topics) await changes[topic]();
    await stores.secrets.remove('passkey', 'unknown');
    await settled();
    expect([...heard]).toEqual([]);
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
