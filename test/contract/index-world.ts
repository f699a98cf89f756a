import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { realDisk } from '../../src/adapters/disk/real.ts';
import { IndexReader } from '../../src/audit/index/ask/reader.ts';
import { type FillNews, fillIndex } from '../../src/audit/index/fill/fill.ts';
import { type Journal, type JournalLimits, openJournal } from '../../src/audit/journal.ts';
import { ManualClock } from '../crash/fixture.ts';

/** A journal on the real disk with an index beside it. */
export interface IndexWorld {
  readonly root: string;
  readonly dir: string;
  readonly path: string;
  readonly clock: ManualClock;
  readonly journal: Journal;
  /** Takes everything there is into the index, then stops. Resolves with what was told. */
  fill(more?: Partial<Parameters<typeof fillIndex>[0]>): Promise<readonly FillNews[]>;
  reader(): IndexReader;
  reopen(): Promise<void>;
  close(): Promise<void>;
}

export async function openIndexWorld(limits: Partial<JournalLimits> = {}): Promise<IndexWorld> {
  const root = mkdtempSync(join(tmpdir(), 'interlock-index-'));
  const [dir, path] = [join(root, 'journal'), join(root, 'index.db')];
  const clock = new ManualClock();
  const open = (): Promise<Journal> =>
    openJournal({
      dir,
      disk: realDisk,
      clock,
      limits: { minFreeBytes: 0, checkpointIntervalMs: 3_600_000, ...limits },
    });
  const state = { journal: await open() };
  const readers: IndexReader[] = [];
  return {
    ...{ root, dir, path, clock },
    get journal() {
      return state.journal;
    },
    async fill(more = {}) {
      const stop = new AbortController();
      const told: FillNews[] = [];
      await fillIndex({
        ...{ dir, path, clock, disk: realDisk, journal: state.journal.vkey, signal: stop.signal, pollMs: 1 },
        tell(news) {
          told.push(news);
          if (news.kind === 'progress' && news.current) stop.abort();
        },
        ...more,
      });
      return told;
    },
    reader() {
      const reader = new IndexReader({ dir, path, disk: realDisk, clock });
      readers.push(reader);
      return reader;
    },
    async reopen() {
      await state.journal.close();
      state.journal = await open();
    },
    async close() {
      for (const reader of readers) reader.close();
      await state.journal.close().catch(() => {});
      rmSync(root, { recursive: true, force: true });
    },
  };
}
