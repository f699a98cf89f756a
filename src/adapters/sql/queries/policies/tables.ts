import type { Trx } from '../schema.ts';

/** Drafts of policies, the files of every version that was in force, and when each was. */
export interface PolicySchema {
  interlock_policy_drafts: {
    id: string;
    title: string;
    author: string;
    /** JSON. */
    editors: string;
    updated_by: string;
    updated_at_ms: number;
    revision: number;
    base: string;
    /** JSON. */
    files: string;
    state: string;
  };
  interlock_policy_sets: {
    version: string;
    /** JSON, in order of the paths. */
    files: string;
    kept_at_ms: number;
  };
  interlock_policy_publications: {
    seq: number;
    version: string;
    at_ms: number;
    published_by: string;
    reason: string;
    draft: string | null;
    author: string | null;
  };
}

/** Migration 0004. Released: followed by another, never edited. */
export async function policies(trx: Trx): Promise<void> {
  await trx.schema
    .createTable('interlock_policy_drafts')
    .addColumn('id', 'text', (c) => c.primaryKey())
    .addColumn('title', 'text', (c) => c.notNull())
    .addColumn('author', 'text', (c) => c.notNull())
    .addColumn('editors', 'text', (c) => c.notNull())
    .addColumn('updated_by', 'text', (c) => c.notNull())
    .addColumn('updated_at_ms', 'bigint', (c) => c.notNull())
    .addColumn('revision', 'bigint', (c) => c.notNull())
    .addColumn('base', 'text', (c) => c.notNull())
    .addColumn('files', 'text', (c) => c.notNull())
    .addColumn('state', 'text', (c) => c.notNull())
    .execute();
  await trx.schema
    .createIndex('interlock_policy_drafts_by_change')
    .on('interlock_policy_drafts')
    .columns(['state', 'updated_at_ms', 'id'])
    .execute();
  await trx.schema
    .createTable('interlock_policy_sets')
    .addColumn('version', 'text', (c) => c.primaryKey())
    .addColumn('files', 'text', (c) => c.notNull())
    .addColumn('kept_at_ms', 'bigint', (c) => c.notNull())
    .execute();
  await trx.schema
    .createTable('interlock_policy_publications')
    .addColumn('seq', 'bigint', (c) => c.primaryKey())
    .addColumn('version', 'text', (c) => c.notNull())
    .addColumn('at_ms', 'bigint', (c) => c.notNull())
    .addColumn('published_by', 'text', (c) => c.notNull())
    .addColumn('reason', 'text', (c) => c.notNull())
    .addColumn('draft', 'text')
    .addColumn('author', 'text')
    .execute();
  await trx.schema
    .createIndex('interlock_policy_publications_by_version')
    .on('interlock_policy_publications')
    .columns(['version', 'seq'])
    .execute();
  await trx.insertInto('interlock_epochs').values({ name: 'policies', epoch: 1, floor: 0 }).execute();
}
