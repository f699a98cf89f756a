import type { DatabaseSync } from 'node:sqlite';
import type { Activity } from '../../../model/insight/agents.ts';
import type { Page } from '../../../model/insight/page.ts';
import type { Clock } from '../../../ports/clock.ts';
import type { Disk } from '../../../ports/disk.ts';
import type { Entry } from '../../format/frame.ts';
import { openForAsking } from '../schema.ts';
import { ActivitySums, type LastActivity } from './activity.ts';
import { Places } from './places.ts';
import { type Search, Searcher } from './search.ts';
import { listSessions, type PastSession, type SessionFilter } from './sessions.ts';

export interface AskOptions {
  /** File of the index. */
  readonly path: string;
  /** The journal's. */
  readonly dir: string;
  readonly disk: Disk;
  readonly clock: Clock;
}

/** How long a count over all agents is good for. */
const ACTIVE_TTL_MS = 5_000;
const DAY_MS = 86_400_000;

/** Answers from the index. Synchronous inside: it belongs into a thread of its own. */
export class IndexReader {
  readonly #database: DatabaseSync;
  readonly #clock: Clock;
  readonly #places: Places;
  readonly #searcher: Searcher;
  readonly #activity: ActivitySums;
  #active: { readonly atMs: number; readonly count: number } | null = null;

  constructor({ path, dir, disk, clock }: AskOptions) {
    this.#database = openForAsking(path);
    this.#clock = clock;
    this.#places = new Places(this.#database, { dir, disk });
    this.#searcher = new Searcher(this.#database, this.#places, clock);
    this.#activity = new ActivitySums(this.#database);
  }

  search(search: Search): Promise<Page<Entry>> {
    return this.#searcher.search(search);
  }

  async record(seq: number): Promise<Entry | null> {
    return (await this.#places.read([seq]))[0] ?? null;
  }

  sessions(filter: SessionFilter): Page<PastSession> {
    return listSessions(this.#database, filter);
  }

  activity(agent: string, hours: number): Activity {
    return this.#activity.of(agent, { nowMs: this.#clock.nowMs(), hours });
  }

  activityOf(agents: readonly string[]): Record<string, LastActivity> {
    return this.#activity.lastOf(agents, this.#clock.nowMs());
  }

  active24h(): number {
    const nowMs = this.#clock.nowMs();
    if (this.#active === null || nowMs - this.#active.atMs > ACTIVE_TTL_MS)
      this.#active = { atMs: nowMs, count: this.#activity.activeSince(nowMs - DAY_MS) };
    return this.#active.count;
  }

  close(): void {
    if (this.#database.isOpen) this.#database.close();
  }
}
