import type { DatabaseSync } from 'node:sqlite';
import type { Progress } from '../schema.ts';
import { HOUR_MS } from './tally.ts';

/** Fewer stale records than this are not worth making everything anew. */
const WORTH_IT = 1_000_000;

/**
 * Retention removed the records before `oldest`: forgets where they lay and what they added up to. Their words stay until they are more
 * than what is left (`false`: they are); nobody finds them, because what cannot be read is in no answer.
 */
export function prune(database: DatabaseSync, { base, next, segment }: Progress, oldest: number): boolean {
  if (segment < 0 || oldest <= base) return true;
  const stale = oldest - base;
  if (oldest >= next || (stale > WORTH_IT && stale > next - oldest)) return false;
  database.exec('begin immediate');
  const kept = database.prepare('select low_ms from block where first >= ? order by first limit 1').get(oldest);
  database.prepare('delete from block where first < ?').run(oldest);
  database.prepare('delete from session where last_seq < ?').run(oldest);
  const hour = Math.floor(Number(kept?.low_ms ?? 0) / HOUR_MS);
  database.prepare('delete from used where hour < ?').run(hour);
  database.exec('commit');
  return true;
}
