import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { Fault } from '../../../model/fault.ts';
import type { Page } from '../../../model/insight/page.ts';
import type { RecordQuery } from '../../../model/insight/records.ts';
import type { Clock } from '../../../ports/clock.ts';
import type { Entry } from '../../format/frame.ts';
import { BLOCK_RECORDS, timeOf } from '../fill/rows.ts';
import { readProgress } from '../schema.ts';
import { expressionOf, isImpossible, matches } from '../tokens.ts';
import type { Places } from './places.ts';

/** Words that are frequent each but never together can take long to be told: a page then ends early, and its cursor goes on from there. */
const BUDGET_MS = 45;
const FIRST_WINDOW = 32_768;
const MIN_WINDOW = 8_192;
const MAX_WINDOW = 4_194_304;
/** What one window should take: one that took less is followed by a larger one, up to so many times as large. */
const WINDOW_MS = 8;
const GROWTH = 16;
const MAX_READ = 100;
const DEFAULT_LIMIT = 50;
/** Records may be megabytes each: a page that holds this much ends early too, and few are in memory at once. */
const MAX_PAGE_CHARS = 1_048_576;
const READ_AT_ONCE = 25;

export interface Search {
  readonly query: RecordQuery;
  /** Whether whoever asks may see arguments and results, and so find by them. */
  readonly withContent: boolean;
  /** Oldest first, from the cursor on. Else newest first. */
  readonly ascending?: boolean;
}

interface Reading {
  readonly items: Entry[];
  chars: number;
}

interface Range {
  readonly low: number;
  readonly high: number;
}

/** Finds records by their terms and reads them where they lie. What is in an answer was read and does match: the index only says where to look. */
export class Searcher {
  readonly #database: DatabaseSync;
  readonly #places: Places;
  readonly #clock: Clock;
  readonly #down: StatementSync;
  readonly #up: StatementSync;

  constructor(database: DatabaseSync, places: Places, clock: Clock) {
    this.#database = database;
    this.#places = places;
    this.#clock = clock;
    const select = 'select rowid from words where words match ? and rowid between ? and ? order by rowid';
    this.#down = database.prepare(`${select} desc limit ?`);
    this.#up = database.prepare(`${select} limit ?`);
  }

  async search({ query, withContent, ascending = false }: Search): Promise<Page<Entry>> {
    const range = this.#range(query, ascending);
    if (range === null || isImpossible(query)) return { items: [], next: null };
    const expression = expressionOf(query, withContent);
    const untilUs = this.#clock.monotonicUs() + BUDGET_MS * 1000;
    const limit = query.limit ?? DEFAULT_LIMIT;
    const page: Reading = { items: [], chars: 0 };
    const walk = new Walk(range, ascending);
    while (!walk.over && page.items.length < limit) {
      const wanted = Math.min(MAX_READ, limit - page.items.length);
      const startUs = this.#clock.monotonicUs();
      const seqs = this.#candidates(expression, walk, wanted);
      const tookMs = (this.#clock.monotonicUs() - startUs) / 1000;
      walk.took(seqs, { wanted, tookMs });
      const matching = (entry: Entry): boolean =>
        matches({ record: entry.record, atMs: timeOf(entry) }, query, withContent);
      const fullAt = await this.#readInto(page, seqs, matching);
      if (fullAt !== null) {
        walk.back(fullAt);
        break;
      }
      if (this.#clock.monotonicUs() > untilUs) break;
    }
    return { items: page.items, next: walk.over ? null : cursorAt(walk.at) };
  }

  /** Resolves with the last one read where the page is full of text before it is full of records. */
  async #readInto(page: Reading, seqs: readonly number[], matching: (entry: Entry) => boolean): Promise<number | null> {
    for (let i = 0; i < seqs.length; i += READ_AT_ONCE)
      for (const entry of await this.#places.read(seqs.slice(i, i + READ_AT_ONCE))) {
        if (!matching(entry)) continue;
        page.items.push(entry);
        page.chars += JSON.stringify(entry.record).length;
        if (page.chars >= MAX_PAGE_CHARS) return entry.seq;
      }
    return null;
  }

  /** Numbers only, for what follows on from a record: at most `limit`, in order. */
  seqs(expression: string, range: Range, limit: number): readonly number[] {
    if (range.low > range.high) return [];
    return this.#up.all(expression, range.low, range.high, limit).map((row) => Number(row.rowid));
  }

  /** All there is; null: nothing. */
  whole(): Range | null {
    const state = readProgress(this.#database);
    const oldest = this.#places.oldest();
    return state === null || oldest === null ? null : { low: oldest, high: state.next - 1 };
  }

  /** Every record up to that time has this number or a smaller one. */
  lastUntil(atMs: number): number | null {
    const state = readProgress(this.#database);
    if (state === null) return null;
    const behind = this.#places.firstSince(atMs + state.backMs + 1);
    // The block may begin before that time.
    return behind === null ? state.next - 1 : Math.min(state.next - 1, behind + BLOCK_RECORDS - 1);
  }

  #range(query: RecordQuery, ascending: boolean): Range | null {
    const whole = this.whole();
    if (whole === null) return null;
    let { low, high } = whole;
    if (query.fromMs !== undefined) low = Math.max(low, this.#places.firstSince(query.fromMs) ?? high + 1);
    if (query.toMs !== undefined) high = Math.min(high, this.lastUntil(query.toMs) ?? high);
    if (query.cursor !== undefined) {
      const at = parseCursor(query.cursor);
      if (ascending) low = Math.max(low, at);
      else high = Math.min(high, at);
    }
    return low > high ? null : { low, high };
  }

  #candidates(expression: string | null, walk: Walk, wanted: number): readonly number[] {
    const { low, high } = walk.window;
    if (expression !== null) {
      const rows = (walk.ascending ? this.#up : this.#down).all(expression, low, high, wanted);
      return rows.map((row) => Number(row.rowid));
    }
    const count = Math.min(wanted, high - low + 1);
    return Array.from({ length: count }, (_, i) => (walk.ascending ? low + i : high - i));
  }
}

/** Goes through a range in windows as large as they are quick: the time is looked at after each. */
class Walk {
  readonly ascending: boolean;
  readonly #range: Range;
  #size = FIRST_WINDOW;
  /** The next record to look at. */
  at: number;

  constructor(range: Range, ascending: boolean) {
    this.#range = range;
    this.ascending = ascending;
    this.at = ascending ? range.low : range.high;
  }

  get over(): boolean {
    return this.at < this.#range.low || this.at > this.#range.high;
  }

  get window(): Range {
    const { low, high } = this.#range;
    return this.ascending
      ? { low: this.at, high: Math.min(high, this.at + this.#size - 1) }
      : { low: Math.max(low, this.at - this.#size + 1), high: this.at };
  }

  took(seqs: readonly number[], { wanted, tookMs }: { readonly wanted: number; readonly tookMs: number }): void {
    const { low, high } = this.window;
    const last = seqs.length < wanted ? undefined : seqs.at(-1);
    if (last === undefined) {
      const factor = Math.min(GROWTH, Math.max(0.25, WINDOW_MS / Math.max(tookMs, 0.01)));
      this.#size = Math.min(MAX_WINDOW, Math.max(MIN_WINDOW, Math.floor(this.#size * factor)));
    }
    if (this.ascending) this.at = (last ?? high) + 1;
    else this.at = (last ?? low) - 1;
  }

  /** What came behind this record was not looked at after all. */
  back(seq: number): void {
    this.at = this.ascending ? seq + 1 : seq - 1;
  }
}

export function cursorAt(seq: number): string {
  return `r${seq.toString(36)}`;
}

export function parseCursor(cursor: string): number {
  const seq = /^r[0-9a-z]{1,11}$/.test(cursor) ? Number.parseInt(cursor.slice(1), 36) : Number.NaN;
  if (!Number.isSafeInteger(seq)) throw new Fault('invalid-cursor', 'the cursor is none of this list');
  return seq;
}
