import type { DatabaseSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Clock } from '../../../ports/clock.ts';
import type { Disk, DiskFile } from '../../../ports/disk.ts';
import { readLayout, recordsPath } from '../../format/layout.ts';
import { readFrames } from '../../read/segment.ts';
import { INDEX_VERSION, openForFilling, type Progress, readProgress, removeIndex } from '../schema.ts';
import { prune } from './prune.ts';
import { Rows } from './rows.ts';

/** Large batches while there is much to catch up with: words are merged far less often. */
const BATCH_RECORDS = 100_000;
/** What was taken can be found after this long, however much is still to come. */
const COMMIT_MS = 3_000;
const POLL_MS = 250;
const TELL_MS = 250;

export interface FillOptions {
  /** The journal's. */
  readonly dir: string;
  readonly disk: Disk;
  readonly clock: Clock;
  /** File of the index. */
  readonly path: string;
  /** Verifier key of the journal: an index of another one is made anew. */
  readonly journal: string;
  readonly signal: AbortSignal;
  readonly tell: (news: FillNews) => void;
  readonly pollMs?: number;
  readonly batchRecords?: number;
}

export type FillNews =
  /** The file is there and may be asked; `anew`: what was asked before is another file now. */
  | { readonly kind: 'opened'; readonly indexed: number }
  | { readonly kind: 'progress'; readonly indexed: number; readonly current: boolean };

/** The index does not belong to these records: it must be made anew. */
class Doubt extends Error {}

/** What SQLite says of a file that is damaged, or none of its own. */
const SPOILED: ReadonlySet<number> = new Set([11, 26]);

/**
 * Keeps the index behind the journal until aborted. Everything in it comes from the records alone, so that whatever is in doubt (another
 * journal, another version, a damaged file, records that are not those it was made of) is answered by making it anew.
 * Rejects when the records or the disk do not allow it.
 */
export async function fillIndex(options: FillOptions): Promise<void> {
  for (let again = false; !options.signal.aborted; again = true) {
    if (again) removeIndex(options.path);
    const database = open(options.path);
    try {
      await new Filling(options, database).run();
      return;
    } catch (cause) {
      if (!(cause instanceof Doubt) && !(isSpoiled(cause) && !again)) throw cause;
    } finally {
      if (database.isTransaction) database.exec('rollback');
      database.close();
    }
  }
}

function open(path: string): DatabaseSync {
  try {
    return openForFilling(path);
  } catch (cause) {
    if (!isSpoiled(cause)) throw cause;
    removeIndex(path);
    return openForFilling(path);
  }
}

function isSpoiled(cause: unknown): boolean {
  const { errcode } = cause as { errcode?: number };
  return errcode !== undefined && SPOILED.has(errcode & 0xff);
}

class Filling {
  readonly #options: FillOptions;
  readonly #database: DatabaseSync;
  readonly #batch: number;
  readonly #rows: Rows;
  /** Where reading goes on. */
  #segment = -1;
  #offset = 0;
  #oldest = -1;
  #toldAtMs = 0;
  #committedAtMs = 0;

  constructor(options: FillOptions, database: DatabaseSync) {
    this.#options = options;
    this.#database = database;
    this.#batch = options.batchRecords ?? BATCH_RECORDS;
    this.#rows = new Rows(database, readProgress(database) ?? nothing(options.journal));
  }

  async run(): Promise<void> {
    const { signal, tell, pollMs = POLL_MS } = this.#options;
    await this.#check();
    tell({ kind: 'opened', indexed: this.#rows.state.next });
    while (!signal.aborted) {
      const { segments } = await readLayout(this.#options.disk, this.#options.dir);
      if (segments[0] !== undefined) this.#forget(segments[0]);
      if (this.#segment < 0) this.#segment = segments[0] ?? -1;
      // Listed before it is read: the writer finishes a segment before it begins the next, so all of it is there.
      const later = segments.find((first) => first > this.#segment);
      if (this.#segment >= 0) await this.#take();
      if (signal.aborted) break;
      if (later !== undefined && this.#segment >= 0) {
        if (this.#rows.state.next !== later)
          throw new Error(`records ${this.#rows.state.next} to ${later - 1} are missing; run \`interlock verify\``);
        this.#segment = later;
        this.#offset = 0;
        continue;
      }
      this.#rows.commit();
      this.#tell(true);
      await sleep(pollMs, undefined, { signal }).catch(() => {});
    }
    this.#rows.commit();
  }

  /** Whether what is there was made of these records. */
  async #check(): Promise<void> {
    const { version, journal, next, segment, lastStart, offset, lastHash } = this.#rows.state;
    if (version !== INDEX_VERSION || journal !== this.#options.journal) throw new Doubt('another journal or version');
    if (segment < 0) return;
    const file = await this.#openSegment(segment);
    try {
      const step = await readFrames(file, lastStart).next();
      const last = step.done === true ? undefined : step.value[0];
      if (last?.entry.seq !== next - 1 || last.entry.hash !== lastHash || last.end !== offset)
        throw new Doubt('the last record taken is another one now');
    } finally {
      await file.close();
    }
    this.#segment = segment;
    this.#offset = offset;
  }

  async #openSegment(first: number): Promise<DiskFile> {
    const { disk, dir } = this.#options;
    try {
      return await disk.open(recordsPath(dir, first), 'read');
    } catch (cause) {
      if ((cause as { code?: string }).code === 'ENOENT') throw new Doubt('its segment was removed');
      throw cause;
    }
  }

  #forget(oldest: number): void {
    if (oldest === this.#oldest) return;
    this.#oldest = oldest;
    this.#rows.commit();
    if (!prune(this.#database, this.#rows.state, oldest)) throw new Doubt('most of its records were removed');
  }

  /** Everything the segment has beyond what was taken. */
  async #take(): Promise<void> {
    const file = await this.#openSegment(this.#segment);
    try {
      const blocks = readFrames(file, this.#offset);
      while (!this.#options.signal.aborted) {
        const step = await blocks.next();
        if (step.done === true) {
          const { broken } = step.value;
          if (broken === null || broken.code === 'unfinished') return;
          const name = recordsPath('', this.#segment);
          throw new Error(`${name} is damaged at byte ${broken.offset} (${broken.why}); run \`interlock verify\``);
        }
        for (const { entry, offset, end } of step.value) {
          if (!this.#rows.follows(entry)) throw new Doubt(`record ${entry.seq} does not follow`);
          this.#rows.add(this.#segment, { entry, start: offset, end });
          this.#offset = end;
        }
        this.#commitWhenDue();
        this.#tell(false);
      }
    } finally {
      await file.close();
    }
  }

  #commitWhenDue(): void {
    const nowMs = this.#options.clock.monotonicUs() / 1000;
    if (this.#rows.pending < this.#batch && nowMs - this.#committedAtMs < COMMIT_MS) return;
    this.#rows.commit();
    this.#committedAtMs = nowMs;
  }

  #tell(current: boolean): void {
    const { clock, tell } = this.#options;
    const nowMs = clock.monotonicUs() / 1000;
    if (nowMs - this.#toldAtMs < TELL_MS && !current) return;
    this.#toldAtMs = nowMs;
    // What is not committed yet is found by nobody.
    tell({ kind: 'progress', indexed: this.#rows.state.next - this.#rows.pending, current });
  }
}

function nothing(journal: string): Progress {
  return {
    ...{ version: INDEX_VERSION, journal, base: 0, next: 0, segment: -1, offset: 0, lastStart: 0, lastHash: '' },
    ...{ highMs: 0, backMs: 0 },
  };
}
