import { sql } from 'kysely';
import type { Trx } from '../schema.ts';

const TOPICS = ['directory', 'revoked', 'secrets', 'relations'] as const;

/** Migration 0002: people, agents and what they hold. Released: followed by another, never edited. */
export async function identity(trx: Trx): Promise<void> {
  // Changes up to `floor` may be forgotten: a reader that is not past it has to begin again.
  await trx.schema
    .alterTable('interlock_epochs')
    .addColumn('floor', 'bigint', (c) => c.notNull().defaultTo(0))
    .execute();
  await trx
    .insertInto('interlock_epochs')
    .values(TOPICS.map((name) => ({ name, epoch: 1, floor: 0 })))
    .execute();
  await directory(trx);
  await oauth(trx);
  await revoked(trx);
  await secrets(trx);
  await relations(trx);
}

async function directory(trx: Trx): Promise<void> {
  await trx.schema
    .createTable('interlock_entities')
    .addColumn('kind', 'text', (c) => c.notNull())
    .addColumn('id', 'text', (c) => c.notNull())
    .addColumn('version', 'bigint', (c) => c.notNull())
    .addColumn('seq', 'bigint', (c) => c.notNull().unique())
    .addColumn('body', 'text')
    .addColumn('at_ms', 'bigint', (c) => c.notNull())
    .addPrimaryKeyConstraint('interlock_entities_pk', ['kind', 'id'])
    .execute();
  await trx.schema
    .createTable('interlock_entity_keys')
    .addColumn('kind', 'text', (c) => c.notNull())
    .addColumn('name', 'text', (c) => c.notNull())
    .addColumn('id', 'text', (c) => c.notNull())
    .addPrimaryKeyConstraint('interlock_entity_keys_pk', ['kind', 'name'])
    .execute();
  await index(trx, 'interlock_entity_keys', { name: 'holder', columns: ['kind', 'id'] });
  await trx.schema
    .createTable('interlock_entity_history')
    .addColumn('kind', 'text', (c) => c.notNull())
    .addColumn('id', 'text', (c) => c.notNull())
    .addColumn('version', 'bigint', (c) => c.notNull())
    .addColumn('seq', 'bigint', (c) => c.notNull().unique())
    .addColumn('body', 'text')
    .addColumn('changed_by', 'text', (c) => c.notNull())
    .addColumn('act', 'text', (c) => c.notNull())
    .addColumn('reason', 'text', (c) => c.notNull())
    .addColumn('at_ms', 'bigint', (c) => c.notNull())
    .addPrimaryKeyConstraint('interlock_entity_history_pk', ['kind', 'id', 'version'])
    .execute();
  await index(trx, 'interlock_entity_history', { name: 'kind', columns: ['kind', 'seq'] });
}

async function oauth(trx: Trx): Promise<void> {
  await trx.schema
    .createTable('interlock_oauth')
    .addColumn('kind', 'text', (c) => c.notNull())
    .addColumn('id', 'text', (c) => c.notNull())
    .addColumn('payload', 'text', (c) => c.notNull())
    .addColumn('expires_at_ms', 'bigint')
    .addColumn('consumed_at_ms', 'bigint')
    .addColumn('grant_id', 'text')
    .addColumn('uid', 'text')
    .addColumn('user_code', 'text')
    .addColumn('account', 'text')
    .addColumn('client', 'text')
    .addColumn('made_at_ms', 'bigint', (c) => c.notNull())
    .addPrimaryKeyConstraint('interlock_oauth_pk', ['kind', 'id'])
    .execute();
  for (const column of ['expires_at_ms', 'grant_id', 'uid', 'user_code', 'account', 'client'] as const) {
    await index(trx, 'interlock_oauth', { name: column, columns: [column], where: column });
  }
  await index(trx, 'interlock_oauth', { name: 'kind', columns: ['kind', 'made_at_ms'] });
}

async function revoked(trx: Trx): Promise<void> {
  await trx.schema
    .createTable('interlock_revoked')
    .addColumn('kind', 'text', (c) => c.notNull())
    .addColumn('id', 'text', (c) => c.notNull())
    .addColumn('issued_until_ms', 'bigint', (c) => c.notNull())
    .addColumn('expires_at_ms', 'bigint', (c) => c.notNull())
    .addColumn('epoch', 'bigint', (c) => c.notNull())
    .addPrimaryKeyConstraint('interlock_revoked_pk', ['kind', 'id'])
    .execute();
  await index(trx, 'interlock_revoked', { name: 'epoch', columns: ['epoch'] });
  await index(trx, 'interlock_revoked', { name: 'expiry', columns: ['expires_at_ms'] });
}

async function secrets(trx: Trx): Promise<void> {
  await trx.schema
    .createTable('interlock_secrets')
    .addColumn('kind', 'text', (c) => c.notNull())
    .addColumn('id', 'text', (c) => c.notNull())
    .addColumn('owner', 'text', (c) => c.notNull())
    .addColumn('version', 'bigint', (c) => c.notNull())
    .addColumn('body', 'text', (c) => c.notNull())
    .addColumn('expires_at_ms', 'bigint')
    .addColumn('at_ms', 'bigint', (c) => c.notNull())
    .addPrimaryKeyConstraint('interlock_secrets_pk', ['kind', 'id'])
    .execute();
  await index(trx, 'interlock_secrets', { name: 'owner', columns: ['kind', 'owner', 'id'] });
  await index(trx, 'interlock_secrets', { name: 'expiry', columns: ['expires_at_ms'], where: 'expires_at_ms' });
}

async function relations(trx: Trx): Promise<void> {
  await trx.schema
    .createTable('interlock_relations')
    .addColumn('object', 'text', (c) => c.notNull())
    .addColumn('relation', 'text', (c) => c.notNull())
    .addColumn('subject', 'text', (c) => c.notNull())
    .addColumn('seq', 'bigint', (c) => c.notNull().unique())
    .addColumn('removed', 'integer', (c) => c.notNull())
    .addColumn('at_ms', 'bigint', (c) => c.notNull())
    .addPrimaryKeyConstraint('interlock_relations_pk', ['object', 'relation', 'subject'])
    .execute();
  await trx.schema
    .createIndex('interlock_relations_tombstones')
    .on('interlock_relations')
    .column('at_ms')
    .where(sql.ref('removed'), '=', 1)
    .execute();
}

/** `where`: only rows in which that column holds something are indexed. */
interface Index {
  readonly name: string;
  readonly columns: string[];
  readonly where?: string;
}

async function index(trx: Trx, table: string, { name, columns, where }: Index): Promise<void> {
  const made = trx.schema.createIndex(`${table}_by_${name}`).on(table).columns(columns);
  await (where === undefined ? made : made.where(where as never, 'is not', null)).execute();
}
