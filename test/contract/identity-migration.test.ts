import { DatabaseSync } from 'node:sqlite';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { GROUNDS, type Ground, type Location, open } from './stores-fixture.ts';

const TABLES = ['entities', 'entity_keys', 'entity_history', 'oauth', 'revoked', 'secrets', 'relations'];

/** What a store was before it knew of identity: the state an older version left behind. */
const UNDO = [
  ...TABLES.map((table) => `drop table interlock_${table}`),
  "delete from interlock_epochs where name not in ('locks', 'approvals')",
  'alter table interlock_epochs drop column floor',
  "delete from interlock_migrations where name = '0002-identity'",
];

async function run({ kind, at }: Location, statements: readonly string[]): Promise<void> {
  if (kind === 'sqlite') {
    const database = new DatabaseSync(at);
    for (const statement of statements) database.exec(statement);
    database.close();
    return;
  }
  const client = new pg.Client({ connectionString: at });
  await client.connect();
  try {
    for (const statement of statements) await client.query(statement);
  } finally {
    await client.end();
  }
}

describe.each(GROUNDS)('a store from before identity on $name', ({ start }) => {
  let ground: Ground;
  beforeAll(async () => {
    ground = await start();
  });
  afterAll(() => ground?.stop());

  it('is brought up to date with what it holds, once, however many start together', async () => {
    const location = await ground.place();
    const before = await open(location);
    const target = { kind: 'agent', id: 'buyer' } as const;
    const epoch = await before.locks.put({ target, tier: 'halt', reason: 'r', by: 'b', atMs: 1, untilMs: null });
    await before.close();
    await run(location, UNDO);
    const all = await Promise.all([open(location), open(location), open(location)]);
    const [one, other] = [all[0]!, all[1]!];
    try {
      expect(await one.locks.load()).toMatchObject({ epoch, locks: [{ target }] });
      const act = { by: 'eve', act: 'agent.add', reason: '', atMs: 1 };
      await one.directory.apply([{ kind: 'agent', id: 'buyer', body: {}, expected: null }], act);
      expect(await other.directory.changesSince(0, 10)).toHaveLength(1);
      expect(await other.revoked.since(0)).toMatchObject({ rows: [] });
      expect(await other.relations.changesSince(0, 0, 10)).toMatchObject({ changes: [], restart: false });
    } finally {
      await Promise.all(all.map((stores) => stores.close()));
    }
  });
});
