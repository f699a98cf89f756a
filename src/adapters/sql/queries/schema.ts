import type { Kysely, Transaction } from 'kysely';
import type { ApprovalSchema } from './approvals/tables.ts';
import type { IdentitySchema } from './identity/tables.ts';
import type { PolicySchema } from './policies/tables.ts';

/** The tables, written once for SQLite and PostgreSQL: text, 64-bit integers and nothing else. Times are Unix milliseconds. */
export interface Schema extends IdentitySchema, ApprovalSchema, PolicySchema {
  /**
   * One row per topic; `epoch` grows with every change of that topic: the cheap question "did anything change?". Of a topic
   * with a feed, changes up to `floor` may be forgotten.
   */
  interlock_epochs: { name: Topic; epoch: number; floor: number };
  interlock_locks: {
    kind: string;
    id: string;
    tier: string;
    reason: string;
    placed_by: string;
    at_ms: number;
    until_ms: number | null;
  };
  interlock_pins: {
    server: string;
    tool: string;
    accepted_hash: string | null;
    /** JSON. */
    accepted: string | null;
    seen_hash: string;
    /** JSON. */
    seen: string;
    state: string;
    /** JSON. */
    findings: string;
    seen_at_ms: number;
  };
  interlock_replay: { id: string; expires_at_ms: number };
  interlock_migrations: { name: string; applied_at_ms: number };
}

/** What a process can wait for. */
export type Topic = 'locks' | 'approvals' | 'notices' | 'directory' | 'revoked' | 'secrets' | 'relations' | 'policies';
export const TOPICS: readonly Topic[] = [
  'locks',
  'approvals',
  'notices',
  'directory',
  'revoked',
  'secrets',
  'relations',
  'policies',
];

export type Trx = Transaction<Schema>;

/** One database, as the shared queries see it. */
export interface Database {
  /** What says who may not act any more, and epochs: the kill switch must wait behind nothing else. */
  readonly feed: Kysely<Schema>;
  readonly read: Kysely<Schema>;
  readonly write: Kysely<Schema>;
  /** Part of the transaction that changed the topic: tells other processes when it commits. */
  announce(trx: Trx, topic: Topic): Promise<void>;
  /** After the commit: tells this process at once. */
  ring(topic: Topic): void;
  onRing(topic: Topic, ring: () => void): () => void;
}

/**
 * Takes the topic's row first in every transaction that changes it: the row lock puts writers of one topic in one order
 * (so epochs are never committed out of order and no two transactions can wait for each other), and readers see the new
 * epoch exactly when they see the change.
 */
async function bumpEpoch(trx: Trx, topic: Topic): Promise<number> {
  const row = await trx
    .updateTable('interlock_epochs')
    .set((eb) => ({ epoch: eb('epoch', '+', 1) }))
    .where('name', '=', topic)
    .returning('epoch')
    .executeTakeFirstOrThrow();
  return row.epoch;
}

/** Undoes a transaction that found nothing to change, so that nobody is woken for nothing. */
class NothingChanged extends Error {}

/**
 * Runs a change of one topic: new epoch, change, announcement, one commit. `change` answers null when there was nothing
 * to do; then everything is rolled back and the answer is null.
 */
export async function changeTopic<T>(
  db: Database,
  topic: Topic,
  change: (trx: Trx, epoch: number) => Promise<T | null>,
): Promise<T | null> {
  try {
    const value = await db.write.transaction().execute(async (trx) => {
      const changed = await change(trx, await bumpEpoch(trx, topic));
      if (changed === null) throw new NothingChanged();
      await db.announce(trx, topic);
      return changed;
    });
    db.ring(topic);
    return value;
  } catch (error) {
    if (error instanceof NothingChanged) return null;
    throw error;
  }
}

export async function readEpoch(db: Database, topic: Topic): Promise<number> {
  const row = await db.feed
    .selectFrom('interlock_epochs')
    .select('epoch')
    .where('name', '=', topic)
    .executeTakeFirstOrThrow();
  return row.epoch;
}
