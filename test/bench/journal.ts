/**
 * How fast the journal makes records durable, against the bare disk. Alone: `node test/bench/journal.ts [directory]`.
 * The directory decides which disk is measured; a memory file system measures nothing.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../../src/adapters/clock.ts';
import { realDisk } from '../../src/adapters/disk/real.ts';
import { type Journal, openJournal } from '../../src/audit/journal.ts';
import { refusalOf } from '../crash/fixture.ts';

const LANES = [1, 16, 256] as const;
type Lanes = (typeof LANES)[number];

export interface JournalBench {
  /** Durable records (of a call's full size) per second, by callers waiting at once. */
  readonly appends_per_s: Readonly<Record<Lanes, number>>;
  readonly p50_ms: Readonly<Record<Lanes, number>>;
  readonly p99_ms: Readonly<Record<Lanes, number>>;
  /** CPU of the whole process per record, thread pool included. */
  readonly cpu_us_per_record: Readonly<Record<Lanes, number>>;
  /** The physical reference: one write of a record's size and one fdatasync, one after the other, nothing else. */
  readonly bare: { readonly syncs_per_s: number; readonly p50_ms: number; readonly p99_ms: number };
}

/** Takes about `lanes × msPerRun`, 3 s by default. */
export async function benchJournal(
  options: { readonly dir?: string; readonly msPerRun?: number } = {},
): Promise<JournalBench> {
  const msPerRun = options.msPerRun ?? 700;
  const root = mkdtempSync(join(options.dir ?? tmpdir(), 'interlock-bench-journal-'));
  try {
    const bare = await benchBare(root, msPerRun);
    const journal = await openJournal({
      dir: join(root, 'journal'),
      disk: realDisk,
      clock: systemClock,
      limits: { minFreeBytes: 0 },
    });
    await run(journal, { lanes: 64, ms: 300 });
    const runs = new Map<Lanes, Run>();
    for (const lanes of LANES) runs.set(lanes, await run(journal, { lanes, ms: msPerRun }));
    await journal.close();
    const pick = (field: keyof Run): Record<Lanes, number> => {
      const of = (lanes: Lanes): number => (runs.get(lanes) as Run)[field];
      return { 1: of(1), 16: of(16), 256: of(256) };
    };
    return {
      appends_per_s: pick('perSecond'),
      p50_ms: pick('p50'),
      p99_ms: pick('p99'),
      cpu_us_per_record: pick('cpuUs'),
      bare,
    };
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}

interface Run {
  readonly perSecond: number;
  readonly p50: number;
  readonly p99: number;
  readonly cpuUs: number;
}

let calls = 0;

async function run(journal: Journal, at: { readonly lanes: number; readonly ms: number }): Promise<Run> {
  const waitsMs: number[] = [];
  const startUs = systemClock.monotonicUs();
  const endUs = startUs + at.ms * 1000;
  const cpu = process.cpuUsage();
  const lane = async (): Promise<void> => {
    for (let nowUs = startUs; nowUs < endUs; ) {
      await journal.append(refusalOf(`bench-${calls++}`));
      const doneUs = systemClock.monotonicUs();
      waitsMs.push((doneUs - nowUs) / 1000);
      nowUs = doneUs;
    }
  };
  await Promise.all(Array.from({ length: at.lanes }, lane));
  const tookUs = systemClock.monotonicUs() - startUs;
  const { user, system } = process.cpuUsage(cpu);
  return {
    perSecond: round((waitsMs.length / tookUs) * 1e6),
    ...quantiles(waitsMs),
    cpuUs: round((user + system) / waitsMs.length),
  };
}

async function benchBare(root: string, ms: number): Promise<JournalBench['bare']> {
  const file = await open(join(root, 'bare'), 'wx');
  const bytes = Buffer.alloc(1100, 0x61);
  const waitsMs: number[] = [];
  const startUs = systemClock.monotonicUs();
  let nowUs = startUs;
  for (let position = 0; nowUs < startUs + ms * 1000; position += bytes.length) {
    await file.write(bytes, 0, bytes.length, position);
    await file.datasync();
    const doneUs = systemClock.monotonicUs();
    waitsMs.push((doneUs - nowUs) / 1000);
    nowUs = doneUs;
  }
  await file.close();
  const { p50, p99 } = quantiles(waitsMs);
  return { syncs_per_s: round((waitsMs.length / (nowUs - startUs)) * 1e6), p50_ms: p50, p99_ms: p99 };
}

function quantiles(values: readonly number[]): { readonly p50: number; readonly p99: number } {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (q: number): number => round(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))] ?? 0);
  return { p50: at(0.5), p99: at(0.99) };
}

function round(value: number): number {
  return Math.round(value * 1000) / 1000;
}

if (import.meta.main) {
  const dir = process.argv[2];
  process.stdout.write(`${JSON.stringify(await benchJournal(dir === undefined ? {} : { dir }), null, 2)}\n`);
}
