import type { DatabaseSync } from 'node:sqlite';
import type { Activity } from '../../../model/insight/agents.ts';
import type { Page } from '../../../model/insight/page.ts';
import type { CallView, RecordView, SessionView } from '../../../model/insight/records.ts';
import type { Clock } from '../../../ports/clock.ts';
import type { Disk } from '../../../ports/disk.ts';
import { type NotesPage, type NotesQuestion, readNotes } from '../../read/notes.ts';
import { type Receipt, readReceipt } from '../../read/receipt.ts';
import { openForAsking } from '../schema.ts';
import { ActivitySums, type LastActivity } from './activity.ts';
import { Places } from './places.ts';
import { type Search, Searcher } from './search.ts';
import { firstOf, listSessions, type PastSession, type SessionFilter } from './sessions.ts';
import { recordView } from './story/call-view.ts';
import { Histories, type HistoryQuestion } from './story/histories.ts';

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
  readonly #options: AskOptions;
  readonly #database: DatabaseSync;
  readonly #clock: Clock;
  readonly #places: Places;
  readonly #searcher: Searcher;
  readonly #histories: Histories;
  readonly #activity: ActivitySums;
  #active: { readonly atMs: number; readonly count: number } | null = null;

  constructor(options: AskOptions) {
    const { path, dir, disk, clock } = options;
    this.#options = options;
    this.#database = openForAsking(path);
    this.#clock = clock;
    this.#places = new Places(this.#database, { dir, disk });
    this.#searcher = new Searcher(this.#database, this.#places, clock);
    this.#histories = new Histories(this.#searcher, this.#places, (session) => firstOf(this.#database, session));
    this.#activity = new ActivitySums(this.#database);
  }

  async search(search: Search): Promise<Page<RecordView>> {
    const { items, next } = await this.#searcher.search(search);
    return { items: items.map((entry) => recordView(entry, search.withContent)), next };
  }

  /** Null: it is not in the journal, not yet, or not any more. */
  async record(seq: number, withContent: boolean): Promise<RecordView | null> {
    const [entry] = await this.#places.read([seq]);
    return entry === undefined ? null : recordView(entry, withContent);
  }

  call(id: string, withContent: boolean): Promise<CallView | null> {
    return this.#histories.call(id, withContent);
  }

  history(question: HistoryQuestion): Promise<SessionView | null> {
    return this.#histories.of(question);
  }

  /** Fault `not-found` when there is no such record, or no checkpoint covers it yet. */
  receipt(seq: number): Promise<Receipt> {
    return readReceipt(this.#options.dir, seq, { disk: this.#options.disk });
  }

  checkpoints(question: NotesQuestion): Promise<NotesPage> {
    return readNotes(this.#options.dir, this.#options.disk, question);
  }

  sessions(filter: SessionFilter): Page<PastSession> {
    const { fromMs, toMs } = filter;
    const low = fromMs === undefined ? 0 : (this.#places.firstSince(fromMs) ?? Number.MAX_SAFE_INTEGER);
    const high = (toMs === undefined ? null : this.#searcher.lastUntil(toMs)) ?? Number.MAX_SAFE_INTEGER;
    return listSessions(this.#database, filter, { low, high });
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
