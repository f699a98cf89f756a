import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { ManualClock, refusalOf } from '../../../test/crash/fixture.ts';
import { realDisk } from '../../adapters/disk/real.ts';
import { type Journal, openJournal } from '../journal.ts';
import { IndexReader } from './ask/reader.ts';
import { fillIndex } from './fill/fill.ts';

const roots: string[] = [];
afterEach(() => {
  for (const root of roots.splice(0)) rmSync(root, { recursive: true, force: true });
});

async function world(): Promise<{ dir: string; path: string; journal: Journal; clock: ManualClock }> {
  const root = mkdtempSync(join(tmpdir(), 'interlock-index-'));
  roots.push(root);
  const clock = new ManualClock();
  const dir = join(root, 'journal');
  const journal = await openJournal({ dir, disk: realDisk, clock, limits: { minFreeBytes: 0 } });
  return { dir, path: join(root, 'index.db'), journal, clock };
}

async function fill(at: { dir: string; path: string; journal: Journal; clock: ManualClock }): Promise<void> {
  const stop = new AbortController();
  await fillIndex({
    ...at,
    journal: at.journal.vkey,
    disk: realDisk,
    signal: stop.signal,
    tell: (news) => {
      if (news.kind === 'progress' && news.current) stop.abort();
    },
    pollMs: 1,
  });
}

describe('the index of the journal', () => {
  it('finds what was recorded', async () => {
    const at = await world();
    for (let i = 0; i < 200; i++) {
      await at.journal.append(refusalOf(`call-${i}`));
      at.clock.advance(1000);
    }
    await fill(at);
    const reader = new IndexReader({ ...at, disk: realDisk });
    const all = await reader.search({ query: { limit: 100 }, withContent: true });
    expect(all.items.length).toBe(100);
    const one = await reader.search({ query: { call: 'call-17' }, withContent: true });
    expect(one.items.map((e) => e.seq)).toEqual([17 + 2]);
    expect(reader.activityOf(['procurement', 'nobody'])).toEqual({
      procurement: { lastCallAtMs: at.clock.nowMs() - 1000, calls24h: 200 },
    });
    expect(reader.active24h()).toBe(1);
    reader.close();
    await at.journal.close();
  });
});
