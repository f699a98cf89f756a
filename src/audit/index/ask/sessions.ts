import type { DatabaseSync, SQLInputValue } from 'node:sqlite';
import type { Page } from '../../../model/insight/page.ts';
import type { SessionLine } from '../../../model/insight/records.ts';
import { cursorAt, parseCursor } from './search.ts';

export interface SessionFilter {
  readonly agent?: string;
  readonly person?: string;
  /** When its last call was. */
  readonly fromMs?: number;
  readonly toMs?: number;
  readonly cursor?: string;
  readonly limit?: number;
}

/** As the records have it: whether it is open is known to the gateway alone. */
export type PastSession = Omit<SessionLine, 'open'>;

const DEFAULT_LIMIT = 50;

/** Sessions, the one that called last first. */
export function listSessions(
  database: DatabaseSync,
  filter: SessionFilter,
  within: { readonly low?: number; readonly high?: number } = {},
): Page<PastSession> {
  const limit = filter.limit ?? DEFAULT_LIMIT;
  const terms: string[] = [];
  const values: SQLInputValue[] = [];
  const need = (term: string, value: SQLInputValue | undefined): void => {
    if (value === undefined) return;
    terms.push(term);
    values.push(value);
  };
  need('agent = ?', filter.agent);
  need('subject = ?', filter.person);
  need('last_ms >= ?', filter.fromMs);
  need('last_ms <= ?', filter.toMs);
  // So that what is far from that time is not even looked at.
  need('last_seq >= ?', within.low);
  need('last_seq <= ?', within.high);
  need('last_seq < ?', filter.cursor === undefined ? undefined : parseCursor(filter.cursor));
  const where = terms.length === 0 ? '' : `where ${terms.join(' and ')}`;
  const rows = database
    .prepare(`select * from session ${where} order by last_seq desc limit ?`)
    .all(...values, limit + 1);
  const items = rows.slice(0, limit).map(lineOf);
  const last = rows[limit - 1];
  return { items, next: rows.length > limit && last !== undefined ? cursorAt(Number(last.last_seq)) : null };
}

/** The number of its first call; null: there is no such session. */
export function firstOf(database: DatabaseSync, name: string): number | null {
  const row = database.prepare('select first_seq from session where name = ?').get(name);
  return row === undefined ? null : Number(row.first_seq);
}

function lineOf(row: Record<string, unknown>): PastSession {
  const subject = row.subject === null ? null : String(row.subject);
  return {
    ...{ id: String(row.name), agent: String(row.agent), subject },
    ...{ firstAtMs: Number(row.first_ms), lastAtMs: Number(row.last_ms) },
    ...{ calls: Number(row.calls), denied: Number(row.denied), asked: Number(row.asked) },
  };
}
