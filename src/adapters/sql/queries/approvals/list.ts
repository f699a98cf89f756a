import { sql } from 'kysely';
import { Fault } from '../../../../model/fault.ts';
import type { ApprovalFilter, ApprovalRow } from '../../../../ports/stores.ts';
import { bounded } from '../identity/batches.ts';
import type { Database } from '../schema.ts';
import { storable } from '../text.ts';
import { toApproval } from './rows.ts';

const MAX_LISTED = 1_000;
const MAX_KEYS = 500;
const MAX_WORDS = 8;
const MAX_COUNTED = 10_000;
/** Parts of one compound select; SQLite takes 500. */
const TERMS = 50;

export async function list(db: Database, filter: ApprovalFilter): Promise<readonly ApprovalRow[]> {
  const limit = bounded(filter.limit, MAX_LISTED);
  if (filter.keys === undefined) return select(db, filter, limit);
  checkKeys(filter.keys);
  if (filter.keys.length === 0) return [];
  // Whoever searches, or looks at one state of the past, has the rows gone through in their order; an inbox is read from the keys' index.
  const plain = words(filter.text).length === 0 && filter.agent === undefined;
  if (!plain || (filter.state !== undefined && filter.state !== 'pending')) return select(db, filter, limit);
  return byKeys(db, filter, limit);
}

/** Newest first, page by page of the index. */
async function select(db: Database, filter: ApprovalFilter, limit: number): Promise<readonly ApprovalRow[]> {
  const { state, agent, keys, before } = filter;
  let query = db.read.selectFrom('interlock_approvals').selectAll();
  if (state !== undefined) query = query.where('state', '=', state);
  if (agent !== undefined) query = query.where('agent', '=', storable(agent, 'agent id'));
  for (const word of words(filter.text)) query = query.where(sql<boolean>`search like ${pattern(word)} escape '!'`);
  if (keys !== undefined)
    query = query.where((eb) =>
      eb.exists(
        eb
          .selectFrom('interlock_approval_keys')
          .select('approval')
          .whereRef('approval', '=', 'interlock_approvals.id')
          .where('name', 'in', keys.map(key)),
      ),
    );
  if (before !== undefined)
    query = query.where((eb) =>
      eb.or([
        eb('requested_at_ms', '<', before.requestedAtMs),
        eb.and([eb('requested_at_ms', '=', before.requestedAtMs), eb('id', '>', before.id)]),
      ]),
    );
  const rows = await query.orderBy('requested_at_ms', 'desc').orderBy('id').limit(limit).execute();
  return rows.map(toApproval);
}

interface Found {
  readonly approval: string;
  readonly requested_at_ms: number;
}

/** The newest of each key, from its index; the newest of those are the newest of all. */
async function byKeys(db: Database, filter: ApprovalFilter, limit: number): Promise<readonly ApprovalRow[]> {
  const keys = (filter.keys ?? []).map(key);
  const found = new Map<string, number>();
  for (let from = 0; from < keys.length; from += TERMS) {
    const parts = keys.slice(from, from + TERMS).map((name) => newestOf(db, name, { filter, limit }));
    const lists = await Promise.all(parts);
    for (const rows of lists) for (const row of rows) found.set(row.approval, row.requested_at_ms);
  }
  const ids = [...found]
    .sort(([idA, atA], [idB, atB]) => atB - atA || (idA < idB ? -1 : 1))
    .slice(0, limit)
    .map(([id]) => id);
  if (ids.length === 0) return [];
  const rows = await db.read.selectFrom('interlock_approvals').selectAll().where('id', 'in', ids).execute();
  return rows
    .map(toApproval)
    .filter((row) => filter.state === undefined || row.state === filter.state)
    .sort((a, b) => b.requestedAtMs - a.requestedAtMs || (a.id < b.id ? -1 : 1));
}

function newestOf(
  db: Database,
  name: string,
  { filter, limit }: { filter: ApprovalFilter; limit: number },
): Promise<readonly Found[]> {
  const { before } = filter;
  let query = db.read
    .selectFrom('interlock_approval_keys')
    .select(['approval', 'requested_at_ms'])
    .where('name', '=', name);
  if (filter.state === 'pending') query = query.where('pending', '=', 1);
  if (before !== undefined)
    query = query.where((eb) =>
      eb.or([
        eb('requested_at_ms', '<', before.requestedAtMs),
        eb.and([eb('requested_at_ms', '=', before.requestedAtMs), eb('approval', '>', before.id)]),
      ]),
    );
  return query.orderBy('requested_at_ms', 'desc').orderBy('approval').limit(limit).execute();
}

export async function count(db: Database, filter: Pick<ApprovalFilter, 'state' | 'keys' | 'agent'>): Promise<number> {
  const { state, agent, keys } = filter;
  let found = db.read.selectFrom('interlock_approvals').select('interlock_approvals.id');
  if (state !== undefined) found = found.where('state', '=', state);
  if (agent !== undefined) found = found.where('agent', '=', storable(agent, 'agent id'));
  if (keys !== undefined) {
    checkKeys(keys);
    if (keys.length === 0) return 0;
    found = found.where(
      'id',
      'in',
      db.read
        .selectFrom('interlock_approval_keys')
        .select('approval')
        .where('name', 'in', keys.map(key))
        .$if(state === 'pending', (query) => query.where('pending', '=', 1))
        .limit(MAX_COUNTED),
    );
  }
  const counted = await db.read
    .selectFrom(found.limit(MAX_COUNTED).as('found'))
    .select((eb) => eb.fn.countAll<number>().as('counted'))
    .executeTakeFirstOrThrow();
  return counted.counted;
}

function checkKeys(keys: readonly string[]): void {
  if (keys.length > MAX_KEYS)
    throw new Fault('invalid-params', `a request is looked for by at most ${MAX_KEYS} keys at once`);
}

function key(text: string): string {
  return storable(text, 'key of a request');
}

function words(text: string | undefined): readonly string[] {
  return (text ?? '')
    .toLowerCase()
    .split(/\s+/u)
    .filter((word) => word !== '')
    .slice(0, MAX_WORDS);
}

function pattern(word: string): string {
  return `%${storable(word, 'search text').replaceAll(/[!%_]/g, (each) => `!${each}`)}%`;
}
