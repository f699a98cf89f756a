import { DatabaseSync } from 'node:sqlite';
import { Kysely, PostgresDialect, sql } from 'kysely';
import pg from 'pg';
import { systemClock } from '../../../src/adapters/clock.ts';
import { nodeSqliteDialect } from '../../../src/adapters/sql/drivers/node-sqlite.ts';
import { fromApproval } from '../../../src/adapters/sql/queries/approvals/rows.ts';
import type { Schema } from '../../../src/adapters/sql/queries/schema.ts';
import type { ApprovalRow } from '../../../src/ports/stores.ts';
import { shown } from '../../contract/approval-world.ts';
import type { Location } from '../../contract/stores-fixture.ts';

/** The keys of somebody who is asked about everything, and of somebody who is asked ten times. */
export const HEAVY = ['person:many', 'group:everything'];
export const LIGHT = ['person:few'];
export const NEWEST = 'aardvark';
export const OLDEST = 'zebra';

/** Rows of one transaction. */
const BITE = 500;
const FEW = 10;

/** Requests as gateways make them, straight into the tables of a store that is there: what is measured is the reading. */
export async function fill(location: Location, count: number): Promise<void> {
  const db = connect(location);
  const baseMs = systemClock.nowMs() - count * 10;
  try {
    for (let from = 0; from < count; from += BITE) {
      const rows = Array.from({ length: Math.min(BITE, count - from) }, (_, i) => row(from + i, count, baseMs));
      await db.transaction().execute(async (trx) => {
        await trx.insertInto('interlock_approvals').values(rows).execute();
        await trx
          .insertInto('interlock_approval_keys')
          .values(rows.flatMap((each, i) => keysOf(each, from + i, count)))
          .execute();
      });
    }
    // A database that has grown by and by knows its sizes.
    await sql`analyze`.execute(db);
  } finally {
    await db.destroy();
  }
}

function connect({ kind, at }: Location): Kysely<Schema> {
  if (kind === 'postgres')
    return new Kysely({ dialect: new PostgresDialect({ pool: new pg.Pool({ connectionString: at }) }) });
  const options = { busyMs: 5_000, monotonicUs: () => systemClock.monotonicUs() };
  return new Kysely({ dialect: nodeSqliteDialect(new DatabaseSync(at), options) });
}

function row(i: number, count: number, baseMs: number) {
  const supplier = `Supplier ${i % 977}`;
  const word = i === 0 ? OLDEST : i === count - 1 ? NEWEST : 'order';
  const args = {
    supplier,
    item: `LAP-${i}`,
    quantity: (i % 9) + 1,
    total: i % 10_000,
    note: 'Replaces a broken one. '.repeat(20),
  };
  const said = `Order ${args.quantity} × ${args.item} from ${supplier} for ${args.total} EUR`;
  const question = shown({ arguments: args, sentence: [{ text: said }] });
  const id = `00000000-0000-4000-8000-${i.toString(16).padStart(12, '0')}`;
  const made: ApprovalRow = {
    ...{ id, kind: 'call', digest: `digest-${i}`, agent: `agent-${i % 4_000}`, subject: `person-${i % 5_000}` },
    ...{ session: `session-${i % 8_000}`, task: null, chain: '[["agent","buyer"]]', askWhom: ['group:everything'] },
    requirement: {
      parts: [
        { ask: 'group:everything', slots: [{ who: [{ kind: 'group', id: 'everything' }], exceptStarters: true }] },
      ],
      ...{ escalations: [], assurance: 'passkey', starters: ['alice'], urgent: false },
    },
    ...{ state: 'pending', version: 1, recorded: true, request: JSON.stringify(question) },
    context: JSON.stringify({ caller: { agent: 'buyer' }, note: 'x'.repeat(800) }),
    ...{ proposal: null, answers: [], escalated: 0, requestedAtMs: baseMs + i * 10 },
    ...{ expiresAtMs: baseMs + count * 10 + 86_400_000, answeredBy: null, answerReason: null, answeredAtMs: null },
    ...{ receipt: null, consumedBy: null },
  };
  return fromApproval(
    made,
    [id, made.agent, 'Buyer', 'erp/orders.create', made.subject, 'Name', said, word].join('\n'),
  );
}

function keysOf(of: ReturnType<typeof row>, i: number, count: number) {
  const names = ['group:everything', ...(i % Math.max(1, Math.floor(count / FEW)) === 0 ? LIGHT : [])];
  return names.map((name) => ({ name, approval: of.id, pending: 1, requested_at_ms: of.requested_at_ms }));
}
