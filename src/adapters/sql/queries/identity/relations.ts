import { sql } from 'kysely';
import { Fault } from '../../../../model/fault.ts';
import type { Clock } from '../../../../ports/clock.ts';
import type { RelationStore, RelationTuple } from '../../../../ports/identity-stores.ts';
import { changeTopic, type Database, type Schema, type Trx } from '../schema.ts';
import { bounded, inBatches, name, SWEPT } from './batches.ts';

const MAX_CHANGES = 10_000;
const MAX_FEED = 10_000;
/** Positions of one change lie between its epoch and the next; see the directory. */
const SEQS_PER_EPOCH = 16_384;
/** A removed tuple stays as a tombstone this long. Whoever has not looked since begins again, see `restart`. */
const TOMBSTONE_MS = 24 * 3_600_000;
/** Together they are the primary key: within what PostgreSQL can index. */
const MAX_BYTES = { object: 1_024, relation: 256, subject: 1_024 } as const;

type Row = Schema['interlock_relations'];

export function relationStore(db: Database, clock: Clock): RelationStore {
  return {
    apply: (change) => apply(db, change, clock.nowMs()),
    changesSince: (seq, floor, limit) => changesSince(db, { seq, floor, limit }),
    prune: (nowMs) => prune(db, nowMs - TOMBSTONE_MS),
    onChange: (ring) => db.onRing('relations', ring),
  };
}

async function apply(db: Database, change: Parameters<RelationStore['apply']>[0], nowMs: number): Promise<void> {
  const { writes, deletes } = check(change);
  if (writes.length + deletes.length === 0) return;
  await changeTopic(db, 'relations', async (trx, epoch) => {
    const base = epoch * SEQS_PER_EPOCH;
    const row = (tuple: RelationTuple, at: number): Row => ({ ...tuple, seq: base + at, removed: 0, at_ms: nowMs });
    const written = await inBatches(writes, (batch, from) =>
      write(
        trx,
        batch.map((tuple, i) => row(tuple, from + i)),
      ),
    );
    const removed = await inBatches(deletes, (batch, from) =>
      remove(
        trx,
        batch.map((tuple, i) => row(tuple, writes.length + from + i)),
      ),
    );
    return written + removed === 0 ? null : true;
  });
}

/** Each tuple once. Fault: `invalid-params`. */
function check(change: Parameters<RelationStore['apply']>[0]): { writes: RelationTuple[]; deletes: RelationTuple[] } {
  const count = change.writes.length + change.deletes.length;
  if (count > MAX_CHANGES) throw new Fault('invalid-params', `${count} tuples at once; at most ${MAX_CHANGES}`);
  const writes = new Map(change.writes.map((tuple) => [keyOf(tuple), tuple]));
  const deletes = new Map(change.deletes.map((tuple) => [keyOf(tuple), tuple]));
  for (const key of writes.keys()) {
    if (deletes.has(key)) {
      throw new Fault('invalid-params', `${key.replaceAll('\0', ' ')} is both written and deleted in one change`);
    }
  }
  return { writes: [...writes.values()].map(only), deletes: [...deletes.values()].map(only) };
}

function only({ object, relation, subject }: RelationTuple): RelationTuple {
  return { object, relation, subject };
}

function keyOf({ object, relation, subject }: RelationTuple): string {
  name(object, 'object', MAX_BYTES.object);
  name(relation, 'relation', MAX_BYTES.relation);
  name(subject, 'subject', MAX_BYTES.subject);
  return `${object}\0${relation}\0${subject}`;
}

/** How many were not there. Those that were keep their place in the feed. */
async function write(trx: Trx, rows: readonly Row[]): Promise<number> {
  const result = await trx
    .insertInto('interlock_relations')
    .values(rows)
    .onConflict((conflict) =>
      conflict
        .columns(['object', 'relation', 'subject'])
        .doUpdateSet((eb) => ({ seq: eb.ref('excluded.seq'), removed: 0, at_ms: eb.ref('excluded.at_ms') }))
        .where('interlock_relations.removed', '=', 1),
    )
    .executeTakeFirst();
  return Number(result.numInsertedOrUpdatedRows ?? 0n);
}

/** How many were there. `values` names its columns column1, column2, … in both databases; PostgreSQL wants the number's type. */
async function remove(trx: Trx, rows: readonly Row[]): Promise<number> {
  const values = sql.join(
    rows.map(({ object, relation, subject, seq }) => sql`(${object}, ${relation}, ${subject}, cast(${seq} as bigint))`),
  );
  const result = await sql`
    update interlock_relations set removed = 1, seq = gone.column4, at_ms = ${rows[0]?.at_ms ?? 0}
    from (values ${values}) as gone
    where interlock_relations.object = gone.column1 and interlock_relations.relation = gone.column2
      and interlock_relations.subject = gone.column3 and interlock_relations.removed = 0`.execute(trx);
  return Number(result.numAffectedRows ?? 0n);
}

type Page = Awaited<ReturnType<RelationStore['changesSince']>>;

interface From {
  readonly seq: number;
  readonly floor: number;
  readonly limit: number;
}

/**
 * Rows and floor come from one statement, so from one snapshot: a removal is in the rows, or the floor says that it is not.
 * A reader on its way up from 0 is below the floor, too, but missed nothing as long as the floor is the one it began with.
 */
async function changesSince(db: Database, { seq, floor: known, limit }: From): Promise<Page> {
  const rows = await db.read
    .selectFrom('interlock_relations')
    .select(['object', 'relation', 'subject', 'seq', 'removed'])
    .select((eb) => eb.selectFrom('interlock_epochs').select('floor').where('name', '=', 'relations').as('floor'))
    .where('seq', '>', seq)
    .orderBy('seq')
    .limit(bounded(limit, MAX_FEED))
    .execute();
  const floor = rows[0]?.floor ?? (await readFloor(db));
  if (seq > 0 && seq < floor && floor !== known) return { seq: 0, floor: 0, changes: [], restart: true };
  const changes = rows.map(({ object, relation, subject, removed }) => ({
    object,
    relation,
    subject,
    removed: removed === 1,
  }));
  return { seq: rows.at(-1)?.seq ?? seq, floor, changes, restart: false };
}

async function readFloor(db: Database): Promise<number> {
  const row = await db.read
    .selectFrom('interlock_epochs')
    .select('floor')
    .where('name', '=', 'relations')
    .executeTakeFirstOrThrow();
  return row.floor;
}

/** Forgets tombstones from before `untilMs`, as many as one statement should, and says up to where the feed has holes. */
async function prune(db: Database, untilMs: number): Promise<number> {
  const due = await db.read
    .selectFrom('interlock_relations')
    .select('seq')
    .where('removed', '=', 1)
    .where('at_ms', '<=', untilMs)
    .limit(1)
    .executeTakeFirst();
  // Only spares the usual sweep a write.
  if (due === undefined) return 0;
  const pruned = await changeTopic(db, 'relations', async (trx) => {
    const rows = await trx
      .deleteFrom('interlock_relations')
      .where('seq', 'in', (eb) =>
        eb
          .selectFrom('interlock_relations as due')
          .select('due.seq')
          .where('due.removed', '=', 1)
          .where('due.at_ms', '<=', untilMs)
          .limit(SWEPT),
      )
      .returning('seq')
      .execute();
    if (rows.length === 0) return null;
    const highest = rows.reduce((most, { seq }) => Math.max(most, seq), 0);
    await trx
      .updateTable('interlock_epochs')
      .set((eb) => ({
        floor: eb.case().when('floor', '<', highest).then(highest).else(eb.ref('floor')).end(),
      }))
      .where('name', '=', 'relations')
      .execute();
    return rows.length;
  });
  return pruned ?? 0;
}
