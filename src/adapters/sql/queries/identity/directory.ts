import { Fault } from '../../../../model/fault.ts';
import type { JsonObject } from '../../../../model/json.ts';
import type {
  ApplyResult,
  ChangeAct,
  DirectoryStore,
  EntityChange,
  EntityKind,
  EntityRow,
  HistoryRow,
} from '../../../../ports/identity-stores.ts';
import { changeTopic, type Database, type Schema, type Trx } from '../schema.ts';
import { storable } from '../text.ts';
import { bounded, inBatches, name } from './batches.ts';

const MAX_CHANGES = 1_000;
const MAX_KEYS = 5_000;
const MAX_FEED = 10_000;
const MAX_HISTORY = 1_000;
/**
 * Positions of one change lie between its epoch and the next: the epoch row's lock orders writers, so whoever sees a
 * position sees all before it. At 2^53 / 1,024 changes there is room for a thousand each second for 280 years.
 */
const SEQS_PER_EPOCH = 1_024;

type Refusal = Extract<ApplyResult, { ok: false }>;
type Entity = Schema['interlock_entities'];

export function directoryStore(db: Database): DirectoryStore {
  return {
    apply: (changes, act) => apply(db, changes, act),
    async get(kind, id) {
      const row = await db.read
        .selectFrom('interlock_entities')
        .selectAll()
        .where('kind', '=', kind)
        .where('id', '=', storable(id, `${kind} id`))
        .executeTakeFirst();
      return row === undefined ? null : toEntity(row);
    },
    async changesSince(seq, limit) {
      const rows = await db.feed
        .selectFrom('interlock_entities')
        .selectAll()
        .where('seq', '>', seq)
        .orderBy('seq')
        .limit(bounded(limit, MAX_FEED))
        .execute();
      return rows.map(toEntity);
    },
    history: (filter) => history(db, filter),
    onChange: (ring) => db.onRing('directory', ring),
  };
}

async function apply(db: Database, changes: readonly EntityChange[], act: ChangeAct): Promise<ApplyResult> {
  check(changes, act);
  if (changes.length === 0) return { ok: true, rows: [] };
  let refusal: Refusal | null = null;
  const rows = await changeTopic(db, 'directory', async (trx, epoch) => {
    const current = await read(trx, changes);
    refusal = whyNot(changes, current) ?? (await takeKeys(trx, changes));
    if (refusal !== null) return null;
    const changed = changes.map((change, i) => ({
      kind: change.kind,
      id: change.id,
      version: (current.get(keyOf(change))?.version ?? 0) + 1,
      seq: epoch * SEQS_PER_EPOCH + i,
      body: change.body === null ? null : JSON.stringify(change.body),
      at_ms: act.atMs,
    }));
    await write(trx, changed, act);
    return changed;
  });
  if (rows === null) return refusal as unknown as Refusal;
  return { ok: true, rows: rows.map(toEntity) };
}

/** What no caller may send. Fault: `invalid-params`. */
function check(changes: readonly EntityChange[], act: ChangeAct): void {
  if (changes.length > MAX_CHANGES) {
    throw new Fault('invalid-params', `${changes.length} changes at once; at most ${MAX_CHANGES}`);
  }
  let keys = 0;
  for (const { kind, id, unique } of changes) {
    name(id, `${kind} id`);
    for (const key of unique ?? []) name(key, `name of the ${kind}`);
    keys += unique?.length ?? 0;
  }
  if (keys > MAX_KEYS) throw new Fault('invalid-params', `${keys} unique names at once; at most ${MAX_KEYS}`);
  if (new Set(changes.map(keyOf)).size < changes.length) {
    throw new Fault('invalid-params', 'the same entity twice in one change');
  }
  storable(act.by, 'name of who changes it');
  storable(act.act, 'act');
  storable(act.reason, 'reason');
}

const keyOf = ({ kind, id }: { readonly kind: string; readonly id: string }): string => `${kind}\0${id}`;

/** Ids by kind: a statement can then ask for many of one kind, in words both databases have. */
function byKind<T extends { readonly kind: string }>(changes: readonly T[]): Map<string, T[]> {
  const kinds = new Map<string, T[]>();
  for (const change of changes) {
    const known = kinds.get(change.kind);
    if (known === undefined) kinds.set(change.kind, [change]);
    else known.push(change);
  }
  return kinds;
}

/** The rows as they are, under the topic's lock: nobody changes them before this transaction ends. */
async function read(
  trx: Trx,
  changes: readonly EntityChange[],
): Promise<Map<string, { version: number; gone: boolean }>> {
  const found = new Map<string, { version: number; gone: boolean }>();
  for (const [kind, those] of byKind(changes)) {
    const rows = await trx
      .selectFrom('interlock_entities')
      .select((eb) => ['id', 'version', eb('body', 'is', null).as('gone')])
      .where('kind', '=', kind)
      .where(
        'id',
        'in',
        those.map((change) => change.id),
      )
      .execute();
    for (const { id, version, gone } of rows) found.set(keyOf({ kind, id }), { version, gone: Boolean(gone) });
  }
  return found;
}

function whyNot(
  changes: readonly EntityChange[],
  current: ReadonlyMap<string, { readonly version: number; readonly gone: boolean }>,
): Refusal | null {
  for (const { kind, id, body, expected } of changes) {
    const row = current.get(keyOf({ kind, id }));
    const there = row !== undefined && !row.gone;
    if (!there && (expected !== null || body === null)) return { ok: false, kind, id, why: 'missing' };
    if (there && expected === null) return { ok: false, kind, id, why: 'exists' };
    if (there && row.version !== expected) return { ok: false, kind, id, why: 'version' };
  }
  return null;
}

/**
 * Gives back the unique names of everything that gets new ones or is removed, and takes the new ones. A name may pass from
 * one to another in one change.
 */
async function takeKeys(trx: Trx, changes: readonly EntityChange[]): Promise<Refusal | null> {
  const renamed = changes.filter((change) => change.unique !== undefined || change.body === null);
  const taken: Schema['interlock_entity_keys'][] = [];
  for (const [kind, those] of byKind(renamed)) {
    await trx
      .deleteFrom('interlock_entity_keys')
      .where('kind', '=', kind)
      .where(
        'id',
        'in',
        those.map((change) => change.id),
      )
      .execute();
    const holders = new Map<string, string>();
    for (const { id, body, unique } of those) {
      for (const key of body === null ? [] : new Set(unique)) {
        if (holders.has(key)) return { ok: false, kind: kind as EntityKind, id, why: 'unique' };
        holders.set(key, id);
        taken.push({ kind, name: key, id });
      }
    }
    const held = await firstHeld(trx, kind, [...holders.keys()]);
    const id = held === null ? undefined : holders.get(held);
    if (id !== undefined) return { ok: false, kind: kind as EntityKind, id, why: 'unique' };
  }
  await inBatches(taken, async (batch) => {
    await trx.insertInto('interlock_entity_keys').values(batch).execute();
    return 0;
  });
  return null;
}

async function firstHeld(trx: Trx, kind: string, names: readonly string[]): Promise<string | null> {
  if (names.length === 0) return null;
  const row = await trx
    .selectFrom('interlock_entity_keys')
    .select('name')
    .where('kind', '=', kind)
    .where('name', 'in', names)
    .executeTakeFirst();
  return row?.name ?? null;
}

async function write(trx: Trx, rows: readonly Entity[], { by, act, reason }: ChangeAct): Promise<void> {
  await trx
    .insertInto('interlock_entities')
    .values(rows)
    .onConflict((conflict) =>
      conflict.columns(['kind', 'id']).doUpdateSet((eb) => ({
        version: eb.ref('excluded.version'),
        seq: eb.ref('excluded.seq'),
        body: eb.ref('excluded.body'),
        at_ms: eb.ref('excluded.at_ms'),
      })),
    )
    .execute();
  await trx
    .insertInto('interlock_entity_history')
    .values(rows.map((row) => ({ ...row, changed_by: by, act, reason })))
    .execute();
}

async function history(db: Database, filter: Parameters<DirectoryStore['history']>[0]): Promise<HistoryRow[]> {
  const { kind, id, beforeSeq, limit } = filter;
  let query = db.read
    .selectFrom('interlock_entity_history as h')
    .leftJoin('interlock_entity_history as p', (join) =>
      join
        .onRef('p.kind', '=', 'h.kind')
        .onRef('p.id', '=', 'h.id')
        .on((eb) => eb('p.version', '=', eb('h.version', '-', 1))),
    )
    .selectAll('h')
    .select('p.body as previous');
  if (kind !== undefined) query = query.where('h.kind', '=', kind);
  if (id !== undefined) query = query.where('h.id', '=', storable(id, 'id'));
  if (beforeSeq !== undefined) query = query.where('h.seq', '<', beforeSeq);
  const rows = await query.orderBy('h.seq', 'desc').limit(bounded(limit, MAX_HISTORY)).execute();
  return rows.map((row) => ({
    kind: row.kind as EntityKind,
    id: row.id,
    version: row.version,
    seq: row.seq,
    by: row.changed_by,
    act: row.act,
    reason: row.reason,
    atMs: row.at_ms,
    before: parsed(row.previous),
    after: parsed(row.body),
  }));
}

function toEntity(row: Entity): EntityRow {
  return {
    kind: row.kind as EntityKind,
    id: row.id,
    version: row.version,
    seq: row.seq,
    body: parsed(row.body),
    atMs: row.at_ms,
  };
}

function parsed(body: string | null): JsonObject | null {
  return body === null ? null : (JSON.parse(body) as JsonObject);
}
