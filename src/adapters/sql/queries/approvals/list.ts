import { setImmediate as nextTurn } from 'node:timers/promises';
import { type SelectQueryBuilder, sql } from 'kysely';
import { Fault } from '../../../../model/fault.ts';
import type { ApprovalFilter, ApprovalRow } from '../../../../ports/stores.ts';
import { bounded } from '../identity/batches.ts';
import type { Database, Schema } from '../schema.ts';
import { storable } from '../text.ts';
import { toApproval } from './rows.ts';

const MAX_LISTED = 1_000;
const MAX_KEYS = 500;
const MAX_WORDS = 8;
const MAX_COUNTED = 10_000;
/** Parts of one compound select; SQLite takes 500. */
const TERMS = 50;
/** Rows one statement of a search goes through: few for whoever finds at once, then more. */
const FIRST_WINDOW = 125;
const WINDOW = 500;

export async function list(db: Database, filter: ApprovalFilter): Promise<readonly ApprovalRow[]> {
  const limit = bounded(filter.limit, MAX_LISTED);
  const searched = words(filter.text).length > 0;
  if (filter.keys === undefined) return searched ? search(db, filter, limit) : newest(db, filter, { limit });
  checkKeys(filter.keys);
  if (filter.keys.length === 0) return [];
  // Whoever searches, or looks at one state of the past, has the rows gone through in their order; an inbox is read from the keys' index.
  const plain = !searched && filter.agent === undefined;
  if (!plain || (filter.state !== undefined && filter.state !== 'pending')) return search(db, filter, limit);
  return byKeys(db, filter, limit);
}

/**
 * What no index finds is looked for window by window, newest first, with a turn for other work in between: SQLite works on the very thread
 * that answers calls, and a server stops what takes long.
 */
async function search(db: Database, filter: ApprovalFilter, limit: number): Promise<readonly ApprovalRow[]> {
  const found: ApprovalRow[] = [];
  let { before } = filter;
  for (let size = FIRST_WINDOW; found.length < limit; size = Math.min(size * 2, WINDOW)) {
    const from = before === undefined ? filter : { ...filter, before };
    const untilMs = await endOfWindow(db, from, size);
    found.push(...(await newest(db, from, { limit: limit - found.length, untilMs })));
    if (untilMs === null) break;
    before = { requestedAtMs: untilMs - 1, id: '' };
    await nextTurn();
  }
  return found;
}

/** When the last row of a window was requested, from an index alone; `null`: there are fewer rows. */
async function endOfWindow(db: Database, filter: ApprovalFilter, size: number): Promise<number | null> {
  const row = await within(db.read.selectFrom('interlock_approvals').select('requested_at_ms'), filter)
    .orderBy('requested_at_ms', 'desc')
    .limit(1)
    .offset(size - 1)
    .executeTakeFirst();
  return row?.requested_at_ms ?? null;
}

interface Span {
  readonly limit: number;
  /** Nothing older is looked at. */
  readonly untilMs?: number | null;
}

/** Newest first, as an index has them, those that match. */
async function newest(
  db: Database,
  filter: ApprovalFilter,
  { limit, untilMs = null }: Span,
): Promise<readonly ApprovalRow[]> {
  const { keys } = filter;
  let query = within(db.read.selectFrom('interlock_approvals').selectAll(), filter);
  if (untilMs !== null) query = query.where('requested_at_ms', '>=', untilMs);
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
  const rows = await query.orderBy('requested_at_ms', 'desc').orderBy('id').limit(limit).execute();
  return rows.map(toApproval);
}

/** What an index knows. A range and a rest of it, not two alternatives: those would be read whole and sorted. */
function within<O>(
  query: SelectQueryBuilder<Schema, 'interlock_approvals', O>,
  { state, agent, before }: ApprovalFilter,
): SelectQueryBuilder<Schema, 'interlock_approvals', O> {
  let found = query;
  if (state !== undefined) found = found.where('state', '=', state);
  if (agent !== undefined) found = found.where('agent', '=', storable(agent, 'agent id'));
  if (before !== undefined)
    found = found
      .where('requested_at_ms', '<=', before.requestedAtMs)
      .where((eb) => eb.or([eb('requested_at_ms', '<', before.requestedAtMs), eb('id', '>', before.id)]));
  return found;
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
    query = query
      .where('requested_at_ms', '<=', before.requestedAtMs)
      .where((eb) => eb.or([eb('requested_at_ms', '<', before.requestedAtMs), eb('approval', '>', before.id)]));
  return query.orderBy('requested_at_ms', 'desc').orderBy('approval').limit(limit).execute();
}

export async function count(db: Database, filter: Pick<ApprovalFilter, 'state' | 'keys' | 'agent'>): Promise<number> {
  const { state, agent, keys } = filter;
  if (keys !== undefined) checkKeys(keys);
  if (keys?.length === 0) return 0;
  const counted = await db.read
    .selectFrom(counting(db, { state, agent, keys }).limit(MAX_COUNTED).as('found'))
    .select((eb) => eb.fn.countAll<number>().as('counted'))
    .executeTakeFirstOrThrow();
  return counted.counted;
}

interface Counting {
  readonly state: ApprovalFilter['state'] | undefined;
  readonly agent: string | undefined;
  readonly keys: readonly string[] | undefined;
}

function counting(db: Database, { state, agent, keys }: Counting): SelectQueryBuilder<Schema, never, { id: string }> {
  let found = db.read.selectFrom('interlock_approvals').select('interlock_approvals.id');
  if (state !== undefined) found = found.where('state', '=', state);
  if (agent !== undefined) found = found.where('agent', '=', storable(agent, 'agent id'));
  if (keys === undefined) return found as never;
  const held = db.read
    .selectFrom('interlock_approval_keys')
    .select('approval as id')
    .distinct()
    .where('name', 'in', keys.map(key))
    .$if(state === 'pending', (query) => query.where('pending', '=', 1));
  // The index of the keys knows who waits: no row is looked at.
  if (state === 'pending' && agent === undefined) return held as never;
  return found.where('id', 'in', held) as never;
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
