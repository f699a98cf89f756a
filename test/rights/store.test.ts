import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../src/adapters/clock.ts';
import { openSqlite } from '../../src/adapters/sql/sqlite.ts';
import type { RelationStore, RelationTuple } from '../../src/ports/identity-stores.ts';
import { type ReadModel, readModel } from '../../src/rights/language/read.ts';
import { MemoryRelations } from '../../src/rights/relations/memory.ts';
import { until } from '../cases/house.ts';

/** Relations in memory over a real store: fed, forgotten, stale. */
const MODEL = `model
  schema 1.1
type user
type group
  relations
    define member: [user, group#member]
type doc
  relations
    define viewer: [user, user:*, group#member]
`;
const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

async function openStore(): Promise<RelationStore> {
  const dir = mkdtempSync(join(tmpdir(), 'interlock-relations-'));
  const stores = await openSqlite({ path: join(dir, 'x.db'), clock: systemClock });
  closing.push(
    () => rmSync(dir, { recursive: true, force: true }),
    () => stores.close(),
  );
  return stores.relations;
}

async function open(store: RelationStore, more: Partial<ConstructorParameters<typeof MemoryRelations>[0]> = {}) {
  const relations = new MemoryRelations({ store, clock: systemClock, ...more });
  closing.push(() => relations.close());
  await relations.load();
  const { model } = (await readModel(MODEL)) as ReadModel & { ok: true };
  relations.use(model, []);
  return relations;
}

const tuple = (subject: string, object = 'doc:1', relation = 'viewer'): RelationTuple => ({
  object,
  relation,
  subject,
});
const sees = (relations: MemoryRelations, subject: string, object = 'doc:1') =>
  relations.check({ ...tuple(subject, object), given: [] });

describe('relations over a store (AZ2)', () => {
  it('are there at the start, whole, and reach every process that has them open', async () => {
    const store = await openStore();
    const writes = Array.from({ length: 9_000 }, (_, n) => tuple(`user:${n}`));
    await store.apply({ writes, deletes: [] });
    const [one, two] = [await open(store), await open(store)];
    expect([one.status().tuples, sees(one, 'user:8999'), sees(one, 'user:9000')]).toEqual([9_000, true, false]);
    await one.apply({
      writes: [tuple('group:a#member'), tuple('user:x', 'group:a', 'member')],
      deletes: [tuple('user:8999')],
    });
    expect([sees(one, 'user:x'), sees(one, 'user:8999')]).toEqual([true, false]);
    await until(() => sees(two, 'user:x') && !sees(two, 'user:8999'));
  });

  it('answer nothing once the store has been silent for too long, and answer again when it speaks', async () => {
    const store = await openStore();
    await store.apply({ writes: [tuple('user:a')], deletes: [] });
    const state = { us: 0, broken: false };
    const clock = { nowMs: () => 0, monotonicUs: () => state.us };
    const failing: RelationStore = {
      ...store,
      changesSince: (...args) => (state.broken ? Promise.reject(new Error('gone')) : store.changesSince(...args)),
    };
    const said: string[] = [];
    const log = { error: (_fields: object, message: string) => void said.push(message) };
    const relations = await open(failing, { clock, log, pollMs: 5, maxStaleMs: 1_000 });
    expect(sees(relations, 'user:a')).toBe(true);
    state.broken = true;
    await until(() => said.length > 0);
    state.us += 2_000_000;
    expect(() => sees(relations, 'user:a')).toThrow(/too long/);
    state.broken = false;
    await until(() => !relations.stale);
    expect(sees(relations, 'user:a')).toBe(true);
    expect(said.length).toBe(1);
  });

  it('begin again, knowing nothing meanwhile, when the store has forgotten what was removed', async () => {
    const store = await openStore();
    await store.apply({ writes: [tuple('user:a'), tuple('user:b')], deletes: [] });
    const state = { restart: false };
    const forgetful: RelationStore = {
      ...store,
      onChange: () => () => {},
      async changesSince(seq, floor, limit) {
        if (!state.restart || seq === 0) {
          const page = await store.changesSince(seq, floor, limit);
          return { ...page, changes: page.changes.filter((change) => !change.removed) };
        }
        state.restart = false;
        return { seq: 0, floor: 0, changes: [], restart: true };
      },
    };
    const relations = await open(forgetful, { pollMs: 3_600_000 });
    await store.apply({ writes: [], deletes: [tuple('user:b')] });
    expect(sees(relations, 'user:b')).toBe(true);
    state.restart = true;
    await relations.apply({ writes: [], deletes: [] });
    expect([sees(relations, 'user:a'), sees(relations, 'user:b'), relations.status().tuples]).toEqual([true, false, 1]);
  });

  it('in rings and in chains beyond all bounds end, and the answer is no', async () => {
    const store = await openStore();
    const ring = Array.from({ length: 50 }, (_, n) => tuple(`group:${(n + 1) % 50}#member`, `group:${n}`, 'member'));
    const chain = Array.from({ length: 70 }, (_, n) => tuple(`group:c${n + 1}#member`, `group:c${n}`, 'member'));
    const wide = Array.from({ length: 300 }, (_, n) => tuple(`group:w${n}#member`, 'doc:wide'));
    const ends = [
      tuple('group:0#member'),
      tuple('group:c0#member', 'doc:2'),
      tuple('user:end', 'group:c70', 'member'),
      tuple('user:mid', 'group:c40', 'member'),
    ];
    await store.apply({ writes: [...ring, ...chain, ...wide, ...ends], deletes: [] });
    const relations = await open(store);
    expect(sees(relations, 'user:nobody')).toBe(false);
    expect(sees(relations, 'user:mid', 'doc:2')).toBe(true);
    expect(() => sees(relations, 'user:end', 'doc:2')).toThrow(/in a row/);
    const bounded = await open(store, { bounds: { depth: 64, steps: 100 } });
    expect(() => sees(bounded, 'user:nobody', 'doc:wide')).toThrow(/more than 100 steps/);
  });

  it('of everyone, and of groups somebody is given for one question', async () => {
    const store = await openStore();
    await store.apply({ writes: [tuple('user:*', 'doc:public'), tuple('group:sales#member')], deletes: [] });
    const relations = await open(store);
    expect(sees(relations, 'user:never-seen', 'doc:public')).toBe(true);
    const given = [{ object: 'group:sales', relation: 'member', subject: 'user:z' }];
    expect([sees(relations, 'user:z'), relations.check({ ...tuple('user:z'), given })]).toEqual([false, true]);
    expect(relations.check({ object: 'group:none', relation: 'member', subject: 'user:z', given })).toBe(false);
    const unseen = [{ object: 'group:new', relation: 'member', subject: 'user:z' }];
    expect(relations.check({ object: 'group:new', relation: 'member', subject: 'user:z', given: unseen })).toBe(true);
    // A group that comes to be known later counts from then on.
    expect(relations.check({ ...tuple('user:z'), given: unseen })).toBe(false);
    await relations.apply({ writes: [tuple('group:new#member')], deletes: [] });
    expect(relations.check({ ...tuple('user:z'), given: unseen })).toBe(true);
  });
});
