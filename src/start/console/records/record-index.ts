import type { Worker } from 'node:worker_threads';
import type { IndexReader } from '../../../audit/index/ask/reader.ts';
import type { FillNews } from '../../../audit/index/fill/fill.ts';
import type { Log } from '../../../gateway/gateway.ts';
import { Fault } from '../../../model/fault.ts';
import type { IndexStatus } from '../../../model/insight/records.ts';
import { Asker, type Op, startThread, type ThreadData } from './threads.ts';

/** After a failure the index is tried again: a full disk has room again, a directory its permissions. */
const RETRY_MS = 60_000;
/** A thread that does not stop by itself is stopped; what it had not finished, the next start does again. */
const STOP_MS = 2_000;

export interface IndexParts {
  /** The journal's directory and verifier key, and how many records it has. */
  readonly dir: string;
  readonly journal: string;
  readonly records: () => number;
  /** Where the index lies. */
  readonly path: string;
  readonly log: Log;
}

/** What agents did lately, for lists of them. Numbers are as new as the index: a moment behind the journal. */
export interface ActivityBook {
  /** Agents that never called are left out. `calls24h`: in the hour under way and the 23 before it. */
  activityOf(
    ids: readonly string[],
  ): Promise<ReadonlyMap<string, { readonly lastCallAtMs: number | null; readonly calls24h: number }>>;
  /** Agents that called something within the last 24 hours. */
  active24h(): Promise<number>;
}

/** The index of the journal: two threads, one that keeps it behind the records and one that answers. Its failure is told, and harms no call. */
export class RecordIndex implements ActivityBook {
  readonly #parts: IndexParts;
  #filler: Worker | null = null;
  #asker: Asker | null = null;
  #opened = false;
  #indexed = 0;
  #current = false;
  #failure: string | null = null;
  #retry: NodeJS.Timeout | null = null;
  #closed = false;

  constructor(parts: IndexParts) {
    this.#parts = parts;
    this.#fill();
  }

  status(): IndexStatus {
    const state = this.#failure !== null ? 'failed' : this.#current ? 'current' : 'building';
    const records = this.#parts.records();
    return { state, indexed: Math.min(this.#indexed, records), records, message: this.#failure };
  }

  /** Fault `overloaded`: there is nothing to ask yet, or too many ask. */
  async ask<O extends Op>(op: O, ...args: Parameters<IndexReader[O]>): Promise<Awaited<ReturnType<IndexReader[O]>>> {
    if (!this.#opened || this.#closed) {
      throw new Fault('overloaded', this.#failure ?? 'the index of the records is being opened: ask again in a moment');
    }
    if (this.#asker === null || this.#asker.ended) {
      const { dir, path } = this.#parts;
      this.#asker = new Asker({ dir, path });
    }
    return this.#asker.ask(op, ...args);
  }

  async activityOf(ids: readonly string[]): ReturnType<ActivityBook['activityOf']> {
    if (!this.#opened) return new Map();
    return new Map(Object.entries(await this.ask('activityOf', ids)));
  }

  async active24h(): Promise<number> {
    return this.#opened ? this.ask('active24h') : 0;
  }

  async close(): Promise<void> {
    this.#closed = true;
    if (this.#retry !== null) clearTimeout(this.#retry);
    await this.#asker?.close();
    const filler = this.#filler;
    if (filler === null) return;
    const ended = new Promise<void>((resolve) => filler.once('exit', () => resolve()));
    filler.postMessage('stop');
    const late = setTimeout(() => void filler.terminate(), STOP_MS);
    await ended;
    clearTimeout(late);
  }

  #fill(): void {
    const { dir, path, journal } = this.#parts;
    const filler = startThread('thread', { task: 'fill', dir, path, journal } satisfies ThreadData);
    this.#filler = filler;
    filler.on('message', (news: FillNews) => this.#take(news));
    filler.on('error', (cause) => this.#fail(cause));
    filler.on('exit', () => {
      this.#filler = null;
    });
  }

  #take(news: FillNews): void {
    this.#indexed = news.indexed;
    if (news.kind === 'progress') {
      this.#current = news.current;
      return;
    }
    this.#failure = null;
    this.#current = false;
    this.#opened = true;
    // What was open before may be another file now.
    void this.#asker?.close();
    this.#asker = null;
  }

  #fail(cause: Error): void {
    if (this.#closed) return;
    this.#failure = `the index of the records cannot be kept: ${cause.message}`;
    this.#current = false;
    this.#parts.log.error({ err: cause }, 'the index of the records failed; calls are not affected');
    this.#retry = setTimeout(() => this.#fill(), RETRY_MS).unref();
  }
}
