import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { systemClock } from '../../src/adapters/clock.ts';
import { realDisk } from '../../src/adapters/disk/real.ts';
import { openJournal } from '../../src/audit/journal.ts';
import { readJournal } from '../../src/audit/read/read-journal.ts';
import { verifyJournal } from '../../src/audit/read/verify.ts';
import { type DriverTask, REFUSED } from './driver.ts';
import { randomFrom } from './fixture.ts';

const DRIVER = join(import.meta.dirname, 'driver.ts');
const root = mkdtempSync(join(tmpdir(), 'interlock-crash-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

/** One journal that is crashed again and again, and everything its users were ever told. */
interface Victim {
  readonly dir: string;
  readonly effects: string;
  readonly told: Map<number, string>;
}

interface Run {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly lines: readonly string[];
}

function victim(name: string): Victim {
  return { dir: join(root, name, 'journal'), effects: join(root, `${name}.effects`), told: new Map() };
}

function start(
  task: DriverTask,
  tracer: readonly string[],
): { readonly child: ChildProcess; readonly done: Promise<Run> } {
  const command = [...tracer, process.execPath, DRIVER, JSON.stringify(task)];
  // One thread for all file work: the n-th system call of a kind is then the same one in every run.
  const env = { ...process.env, UV_THREADPOOL_SIZE: '1', NODE_OPTIONS: '', NODE_NO_WARNINGS: '1' };
  const child = spawn(command[0] as string, command.slice(1), { stdio: ['ignore', 'pipe', 'inherit'], env });
  let text = '';
  child.stdout?.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk;
  });
  const done = once(child, 'close').then(([code, signal]) => ({
    code: code as number | null,
    signal: signal as NodeJS.Signals | null,
    // The last line may be cut by the kill: it was then not said.
    lines: text.split('\n').slice(0, -1),
  }));
  return { child, done };
}

function remember(at: Victim, lines: readonly string[]): void {
  for (const line of lines) {
    const [what, seq, call] = line.split(' ');
    if (what === 'ack') at.told.set(Number(seq), `intent ${call}`);
    if (what === 'closed') at.told.set(Number(seq), `outcome ${call}`);
  }
}

/** Reopens (which recovers) and compares the journal with what was told and what took effect. */
async function expectKept(at: Victim): Promise<void> {
  const journal = await openJournal({ dir: at.dir, disk: realDisk, clock: systemClock });
  await journal.close();
  const records = new Map<number, string>();
  const intents = new Set<string>();
  const open = new Set<string>();
  for await (const { seq, record } of readJournal(at.dir, { disk: realDisk })) {
    const call = 'call' in record ? record.call : '';
    records.set(seq, `${record.type} ${call}`);
    if (record.type === 'intent') {
      intents.add(call);
      open.add(call);
    } else if (record.type === 'outcome') open.delete(call);
  }
  const first = Math.min(...records.keys());
  for (const [seq, what] of at.told)
    if (seq >= first) expect(records.get(seq), `record ${seq} was acknowledged`).toBe(what);
  const effects = existsSync(at.effects) ? readFileSync(at.effects, 'utf8').split('\n').slice(0, -1) : [];
  if (first === 0) for (const call of effects) expect(intents.has(call), `effect ${call} has its intent`).toBe(true);
  expect([...open], 'every intent is closed').toEqual([]);
  const report = await verifyJournal(at.dir, { disk: realDisk, vkey: journal.vkey });
  expect(report.problems).toEqual([]);
}

describe('a gateway killed with kill -9', () => {
  it(
    'at random moments, again and again on the same journal, keeps every acknowledged record and every intent of an effect',
    async () => {
      const at = victim('random');
      const random = randomFrom(20260831);
      let killed = 0;
      for (let life = 0; life < 6; life++) {
        const { child, done } = start(
          { ...at, calls: 1_000_000, lanes: 8, limits: { segmentBytes: 60_000, checkpointIntervalMs: 20 } },
          [],
        );
        await new Promise<void>((resolve) => child.stdout?.once('data', () => resolve()));
        await new Promise((resolve) => setTimeout(resolve, random() * 150));
        child.kill('SIGKILL');
        const run = await done;
        if (run.signal === 'SIGKILL') killed++;
        remember(at, run.lines);
        if (life % 3 === 2) await expectKept(at);
      }
      expect(killed).toBe(6);
      expect(at.told.size).toBeGreaterThan(100);
    },
    PATIENCE_MS,
  );
});

/** Why system calls cannot be traced here, or null. */
function untraceable(): string | null {
  const probe = spawnSync('strace', ['-f', '--seccomp-bpf', '-e', 'trace=fdatasync', '-o', '/dev/null', 'true'], {
    encoding: 'utf8',
  });
  if (probe.error !== undefined) return 'strace is not installed';
  return probe.status === 0 ? null : `strace does not work here (${probe.stderr.trim()})`;
}

const MISSING = untraceable();
/** Every system call of a life instead of some: minutes instead of seconds. */
const EXHAUSTIVE = process.env.CRASH_EXHAUSTIVE === '1';
const PATIENCE_MS = EXHAUSTIVE ? 900_000 : 60_000;

interface Injection {
  readonly call: string;
  readonly nth: number;
  readonly effect: string;
  /** Only calls on this file. */
  readonly path?: string;
}

function tracer(what: Injection): string[] {
  const inject = `inject=${what.call}:${what.effect}:when=${what.nth}`;
  // The filter in the kernel is much faster, but knows system calls only, not their paths.
  const only = what.path === undefined ? ['--seccomp-bpf'] : ['-P', what.path];
  return ['strace', '-f', '-qq', '-o', '/dev/null', ...only, '-e', `trace=${what.call}`, '-e', inject];
}

/** Says so where nobody can overlook it: a test that was not run is not a test that passed. */
function leftOut(what: string): boolean {
  if (MISSING === null) return false;
  process.stdout.write(`\nLEFT OUT: ${what}: ${MISSING}. Install strace to run it.\n`);
  return true;
}

/** Small segments and retention: every kind of durable system call happens within a few calls. */
const BUSY: Pick<DriverTask, 'calls' | 'lanes' | 'limits'> = {
  calls: 4,
  lanes: 3,
  limits: { segmentBytes: 5000, checkpointIntervalMs: 5, spaceCheckIntervalMs: 3_600_000 },
};

describe('a gateway killed at a system call', () => {
  it.each([
    ['pwrite64', [1, 2, 3, 5, 8, 13, 17]],
    ['fdatasync', [1, 2, 3, 4, 5, 6, 8, 11, 14, 18]],
    ['fsync', [1, 2, 3, 4, 5, 6, 7]],
    ['rename', [1, 2]],
    ['ftruncate', [1]],
    ['unlink', [1, 2, 3]],
  ] as const)(
    'keeps its promises at %s',
    async (call, moments) => {
      if (leftOut(`kill at ${call}`)) return;
      const limits = call === 'unlink' ? { ...BUSY.limits, retainBytes: 8000 } : BUSY.limits;
      let at = victim(`kill-${call}`);
      let killed = 0;
      for (const nth of EXHAUSTIVE ? Array.from({ length: 200 }, (_, i) => i + 1) : moments) {
        // The first life of a journal makes calls that later ones do not (its key, its first segment).
        if (EXHAUSTIVE || call === 'rename' || (nth <= 3 && call !== 'unlink' && call !== 'ftruncate'))
          at = victim(`kill-${call}-${nth}`);
        if (call === 'ftruncate') await tearTail(at);
        const run = await start({ ...at, ...BUSY, limits }, tracer({ call, nth, effect: 'signal=SIGKILL' })).done;
        remember(at, run.lines);
        const wasKilled = run.signal === 'SIGKILL' || run.code === 137;
        if (wasKilled) killed++;
        await expectKept(at);
        if (EXHAUSTIVE && !wasKilled && nth > killed + 3) break;
      }
      expect(killed, 'runs that were killed').toBeGreaterThan(0);
    },
    PATIENCE_MS,
  );
});

describe('a gateway killed while it opens a file of the journal', () => {
  it.each(['0000000000000000.checkpoints', '0000000000000000.jsonl', 'signing.key.tmp'])(
    'keeps its promises at %s',
    async (name) => {
      if (leftOut(`kill at openat of ${name}`)) return;
      const at = victim(`open-${name}`);
      let killed = 0;
      for (const nth of [1, 1, 2]) {
        const injection = { call: 'openat', nth, effect: 'signal=SIGKILL', path: join(at.dir, name) };
        const run = await start({ ...at, ...BUSY }, tracer(injection)).done;
        remember(at, run.lines);
        if (run.signal === 'SIGKILL' || run.code === 137) killed++;
        await expectKept(at);
      }
      expect(killed).toBeGreaterThan(0);
    },
    PATIENCE_MS,
  );
});

/** A life that leaves a torn tail behind: recovery has something to cut off. */
async function tearTail(at: Victim): Promise<void> {
  const { appendFileSync, readdirSync } = await import('node:fs');
  await start({ ...at, ...BUSY, limits: {} }, []).done.then(({ lines }) => remember(at, lines));
  const last = readdirSync(at.dir)
    .filter((name) => name.endsWith('.jsonl'))
    .at(-1) as string;
  appendFileSync(join(at.dir, last), '{"seq":99999,"ti');
}

describe('a gateway whose disk fails at a system call', () => {
  it.each([
    ['pwrite64', 'ENOSPC', 9],
    ['fdatasync', 'EIO', 8],
    ['fdatasync', 'EIO', 11],
    ['fsync', 'EIO', 7],
  ] as const)(
    'refuses every later call after %s answered %s once (call %i), and reopens',
    async (call, errno, nth) => {
      if (leftOut(`${errno} at ${call}`)) return;
      const at = victim(`fail-${call}-${nth}`);
      const { lines, code } = await start({ ...at, ...BUSY }, tracer({ call, nth, effect: `error=${errno}` })).done;
      remember(at, lines);
      expect(code).toBe(REFUSED);
      const firstRefusal = lines.findIndex((line) => line.startsWith('refused'));
      expect(lines[firstRefusal]).toMatch(/^refused journal-unavailable/);
      expect(lines.slice(firstRefusal).filter((line) => !line.startsWith('refused'))).toEqual([]);
      await expectKept(at);
    },
    PATIENCE_MS,
  );
});
