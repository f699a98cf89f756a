import { type Kysely, sql } from 'kysely';
import { Fault } from '../../../model/fault.ts';
import type { Clock } from '../../../ports/clock.ts';
import { approvals as questions } from './approvals/migration.ts';
import { identity } from './identity/migration.ts';
import { policies } from './policies/tables.ts';
import type { Schema, Trx } from './schema.ts';

/**
 * Forward only: a released entry is never edited, only followed by another. SQLite and PostgreSQL run the same
 * statements; `bigint` is a 64-bit integer in both.
 */
const MIGRATIONS: ReadonlyArray<{ readonly name: string; readonly up: (trx: Trx) => Promise<void> }> = [
  { name: '0001-first', up: first },
  { name: '0002-identity', up: identity },
  { name: '0003-approvals', up: questions },
  { name: '0004-policies', up: policies },
];

/**
 * Brings the database to this version. Everything happens in one transaction that `lock` makes exclusive, so that of
 * several processes starting together one migrates and the others find the work done.
 * Faults: `internal` when the database was written by a newer version.
 */
export async function migrate(db: Kysely<Schema>, clock: Clock, lock: (trx: Trx) => Promise<void>): Promise<void> {
  await db.transaction().execute(async (trx) => {
    await lock(trx);
    await trx.schema
      .createTable('interlock_migrations')
      .ifNotExists()
      .addColumn('name', 'text', (c) => c.primaryKey())
      .addColumn('applied_at_ms', 'bigint', (c) => c.notNull())
      .execute();
    const rows = await trx.selectFrom('interlock_migrations').select('name').execute();
    const applied = new Set(rows.map((row) => row.name));
    refuseNewer(applied);
    for (const { name, up } of MIGRATIONS) {
      if (applied.has(name)) continue;
      await up(trx);
      await trx.insertInto('interlock_migrations').values({ name, applied_at_ms: clock.nowMs() }).execute();
    }
  });
}

function refuseNewer(applied: ReadonlySet<string>): void {
  const known = new Set(MIGRATIONS.map((migration) => migration.name));
  const unknown = [...applied].filter((name) => !known.has(name));
  if (unknown.length === 0) return;
  throw new Fault(
    'internal',
    `the store was last used by a newer version of Interlock (it has the migration ${unknown.join(', ')}). ` +
      'Start that version again, or point the store at another database. Nothing was changed.',
  );
}

async function first(trx: Trx): Promise<void> {
  await trx.schema
    .createTable('interlock_epochs')
    .addColumn('name', 'text', (c) => c.primaryKey())
    .addColumn('epoch', 'bigint', (c) => c.notNull())
    .execute();
  // As the table was then: what came later is no business of this entry.
  await sql`insert into interlock_epochs (name, epoch) values ('locks', 1), ('approvals', 1)`.execute(trx);
  await trx.schema
    .createTable('interlock_locks')
    .addColumn('kind', 'text', (c) => c.notNull())
    .addColumn('id', 'text', (c) => c.notNull())
    .addColumn('tier', 'text', (c) => c.notNull().check(sql`tier in ('watch', 'pause', 'halt')`))
    .addColumn('reason', 'text', (c) => c.notNull())
    .addColumn('placed_by', 'text', (c) => c.notNull())
    .addColumn('at_ms', 'bigint', (c) => c.notNull())
    .addColumn('until_ms', 'bigint')
    .addPrimaryKeyConstraint('interlock_locks_pk', ['kind', 'id'])
    .execute();
  await trx.schema
    .createTable('interlock_pins')
    .addColumn('server', 'text', (c) => c.notNull())
    .addColumn('tool', 'text', (c) => c.notNull())
    .addColumn('accepted_hash', 'text')
    .addColumn('accepted', 'text')
    .addColumn('seen_hash', 'text', (c) => c.notNull())
    .addColumn('seen', 'text', (c) => c.notNull())
    .addColumn('state', 'text', (c) => c.notNull().check(sql`state in ('pinned', 'quarantined')`))
    .addColumn('findings', 'text', (c) => c.notNull())
    .addColumn('seen_at_ms', 'bigint', (c) => c.notNull())
    .addPrimaryKeyConstraint('interlock_pins_pk', ['server', 'tool'])
    .execute();
  await approvals(trx);
  await trx.schema
    .createTable('interlock_replay')
    .addColumn('id', 'text', (c) => c.primaryKey())
    .addColumn('expires_at_ms', 'bigint', (c) => c.notNull())
    .execute();
  await trx.schema.createIndex('interlock_replay_expiry').on('interlock_replay').column('expires_at_ms').execute();
}

async function approvals(trx: Trx): Promise<void> {
  await trx.schema
    .createTable('interlock_approvals')
    .addColumn('id', 'text', (c) => c.primaryKey())
    .addColumn('digest', 'text', (c) => c.notNull())
    .addColumn('agent', 'text', (c) => c.notNull())
    .addColumn('session', 'text')
    .addColumn('ask_whom', 'text', (c) => c.notNull())
    .addColumn('state', 'text', (c) =>
      c.notNull().check(sql`state in ('pending', 'approved', 'denied', 'expired', 'consumed')`),
    )
    .addColumn('request', 'text', (c) => c.notNull())
    .addColumn('requested_at_ms', 'bigint', (c) => c.notNull())
    .addColumn('expires_at_ms', 'bigint', (c) => c.notNull())
    .addColumn('answered_by', 'text')
    .addColumn('answer_reason', 'text')
    .addColumn('answered_at_ms', 'bigint')
    .addColumn('open_key', 'text', (c) => c.unique())
    .execute();
  await trx.schema
    .createIndex('interlock_approvals_by_state')
    .on('interlock_approvals')
    .columns(['state', 'requested_at_ms'])
    .execute();
  await trx.schema
    .createIndex('interlock_approvals_by_agent')
    .on('interlock_approvals')
    .columns(['agent', 'state'])
    .execute();
}
