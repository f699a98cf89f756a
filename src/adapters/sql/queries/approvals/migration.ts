import { sql } from 'kysely';
import type { Trx } from '../schema.ts';

const STATES = sql`state in ('pending', 'approved', 'denied', 'expired', 'withdrawn', 'consumed')`;

/**
 * Migration 0003: questions say who must answer, and messages are kept until they arrived. Released: followed by another, never edited.
 * What was asked before it did not say who may answer, so nobody can: those requests are over, and a retry asks anew.
 */
export async function approvals(trx: Trx): Promise<void> {
  await trx.schema.alterTable('interlock_approvals').renameTo('interlock_approvals_0001').execute();
  // An index keeps its name when its table is renamed.
  await trx.schema.dropIndex('interlock_approvals_by_state').execute();
  await trx.schema.dropIndex('interlock_approvals_by_agent').execute();
  await requests(trx);
  await sql`insert into interlock_approvals (id, kind, digest, agent, chain, ask_whom, requirement, state, version, recorded, request, context,
    answers, escalated, requested_at_ms, expires_at_ms, answered_by, answer_reason, answered_at_ms, search)
    select id, 'call', digest, agent, '[]', ask_whom, '{"parts":[],"escalations":[],"assurance":"passkey","starters":[],"urgent":false}',
    case when state in ('pending', 'approved') then 'expired' else state end, 1, 1, request, '{}', '[]', 0, requested_at_ms, expires_at_ms,
    answered_by, answer_reason, answered_at_ms, lower(agent) from interlock_approvals_0001`.execute(trx);
  await trx.schema.dropTable('interlock_approvals_0001').execute();
  await keys(trx);
  await notices(trx);
  await trx.insertInto('interlock_epochs').values({ name: 'notices', epoch: 1, floor: 0 }).execute();
}

async function requests(trx: Trx): Promise<void> {
  await trx.schema
    .createTable('interlock_approvals')
    .addColumn('id', 'text', (c) => c.primaryKey())
    .addColumn('kind', 'text', (c) => c.notNull())
    .addColumn('digest', 'text', (c) => c.notNull())
    .addColumn('agent', 'text', (c) => c.notNull())
    .addColumn('subject', 'text')
    .addColumn('session', 'text')
    .addColumn('task', 'text')
    .addColumn('chain', 'text', (c) => c.notNull())
    .addColumn('ask_whom', 'text', (c) => c.notNull())
    .addColumn('requirement', 'text', (c) => c.notNull())
    .addColumn('state', 'text', (c) => c.notNull().check(STATES))
    .addColumn('version', 'bigint', (c) => c.notNull())
    .addColumn('recorded', 'integer', (c) => c.notNull())
    .addColumn('request', 'text', (c) => c.notNull())
    .addColumn('context', 'text', (c) => c.notNull())
    .addColumn('proposal', 'text')
    .addColumn('answers', 'text', (c) => c.notNull())
    .addColumn('escalated', 'integer', (c) => c.notNull())
    .addColumn('escalates_at_ms', 'bigint')
    .addColumn('requested_at_ms', 'bigint', (c) => c.notNull())
    .addColumn('expires_at_ms', 'bigint', (c) => c.notNull())
    .addColumn('changed_at_ms', 'bigint', (c) => c.notNull().defaultTo(0))
    .addColumn('answered_by', 'text')
    .addColumn('answer_reason', 'text')
    .addColumn('answered_at_ms', 'bigint')
    .addColumn('receipt', 'text')
    .addColumn('consumed_journal', 'text')
    .addColumn('consumed_call', 'text')
    .addColumn('consumed_at_ms', 'bigint')
    .addColumn('search', 'text', (c) => c.notNull())
    .addColumn('open_key', 'text', (c) => c.unique())
    .execute();
  await index(trx, 'interlock_approvals', { name: 'state', columns: ['state', 'requested_at_ms'] });
  await index(trx, 'interlock_approvals', { name: 'expiry', columns: ['state', 'expires_at_ms'] });
  await index(trx, 'interlock_approvals', { name: 'agent', columns: ['agent', 'state', 'requested_at_ms'] });
  await index(trx, 'interlock_approvals', { name: 'age', columns: ['requested_at_ms'] });
  await index(trx, 'interlock_approvals', {
    name: 'consumption',
    columns: ['consumed_journal', 'consumed_at_ms'],
    where: sql<boolean>`consumed_journal is not null`,
  });
  await index(trx, 'interlock_approvals', {
    name: 'escalation',
    columns: ['escalates_at_ms'],
    where: sql<boolean>`escalates_at_ms is not null`,
  });
  await index(trx, 'interlock_approvals', {
    name: 'unrecorded',
    columns: ['changed_at_ms'],
    where: sql<boolean>`recorded = 0`,
  });
}

/** Who may find a request, so that an inbox is read by an index however many requests there are. */
async function keys(trx: Trx): Promise<void> {
  await trx.schema
    .createTable('interlock_approval_keys')
    .addColumn('name', 'text', (c) => c.notNull())
    .addColumn('approval', 'text', (c) => c.notNull())
    .addColumn('pending', 'integer', (c) => c.notNull())
    .addColumn('requested_at_ms', 'bigint', (c) => c.notNull())
    .addPrimaryKeyConstraint('interlock_approval_keys_pk', ['approval', 'name'])
    .execute();
  await index(trx, 'interlock_approval_keys', {
    name: 'name',
    columns: ['name', 'pending', 'requested_at_ms', 'approval'],
  });
  await index(trx, 'interlock_approval_keys', { name: 'age', columns: ['name', 'requested_at_ms', 'approval'] });
}

async function notices(trx: Trx): Promise<void> {
  await trx.schema
    .createTable('interlock_notices')
    .addColumn('id', 'text', (c) => c.primaryKey())
    .addColumn('approval', 'text', (c) => c.notNull())
    .addColumn('kind', 'text', (c) => c.notNull())
    .addColumn('channel', 'text', (c) => c.notNull())
    .addColumn('recipient', 'text')
    .addColumn('state', 'text', (c) => c.notNull().check(sql`state in ('waiting', 'sent', 'failed')`))
    .addColumn('attempts', 'integer', (c) => c.notNull())
    .addColumn('due_ms', 'bigint', (c) => c.notNull())
    .addColumn('taken_until_ms', 'bigint', (c) => c.notNull())
    .addColumn('ticket', 'text', (c) => c.unique())
    .addColumn('opened_at_ms', 'bigint')
    .addColumn('error', 'text')
    .addColumn('created_at_ms', 'bigint', (c) => c.notNull())
    .addColumn('sent_at_ms', 'bigint')
    .addColumn('place', 'text')
    .execute();
  await index(trx, 'interlock_notices', { name: 'due', columns: ['state', 'due_ms'] });
  await index(trx, 'interlock_notices', { name: 'approval', columns: ['approval', 'created_at_ms'] });
  await index(trx, 'interlock_notices', { name: 'recipient', columns: ['recipient', 'channel', 'sent_at_ms'] });
  await index(trx, 'interlock_notices', { name: 'age', columns: ['created_at_ms'] });
}

interface Index {
  readonly name: string;
  readonly columns: string[];
  readonly where?: ReturnType<typeof sql<boolean>>;
}

async function index(trx: Trx, table: string, { name, columns, where }: Index): Promise<void> {
  const made = trx.schema.createIndex(`${table}_by_${name}`).on(table).columns(columns);
  await (where === undefined ? made : made.where(where)).execute();
}
