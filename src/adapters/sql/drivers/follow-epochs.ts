import type { Kysely } from 'kysely';
import type { Schema, Topic } from '../queries/schema.ts';
import type { Bells } from './bells.ts';

export interface FollowOptions {
  readonly feed: Kysely<Schema>;
  readonly bells: Bells;
  readonly everyMs: number;
  /** Something cheap that differs after every commit. Absent: the epochs are read every time. */
  readonly version?: () => unknown;
}

/** Looks at the epochs again and again while anybody waits, and rings for those that moved. Returns how to stop. */
export function followEpochs({ feed, bells, everyMs, version }: FollowOptions): () => void {
  let last = new Map<Topic, number>();
  let lastVersion: unknown;
  let looking = false;
  const look = async (): Promise<void> => {
    if (!bells.waiting || looking) return;
    looking = true;
    try {
      const current = version?.();
      if (version !== undefined && current === lastVersion) return;
      const rows = await feed.selectFrom('interlock_epochs').selectAll().execute();
      const next = new Map(rows.map((row) => [row.name, row.epoch]));
      for (const [topic, epoch] of next) if (last.get(topic) !== epoch) bells.ring(topic);
      last = next;
      // Only now: after a failure the next look must look again.
      lastVersion = current;
    } catch {
      // The store is in trouble. Whoever depends on it notices by its own reads; the next look tries again.
    } finally {
      looking = false;
    }
  };
  const timer = setInterval(look, everyMs);
  timer.unref();
  return () => clearInterval(timer);
}
