/**
 * All benchmarks in one run. `--json`: one JSON object on standard output; else tables. `--quick`: a smoke run of the same
 * things in under a minute. Progress goes to standard error. docs/benchmarks.md says what is compared with what, and why.
 */
import { execFile } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { availableParallelism, cpus } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { FULL_GATEWAY, measureGateway, QUICK_GATEWAY } from '../test/bench/gateway.ts';
import { benchJournal } from '../test/bench/journal.ts';
import { measureMemory } from '../test/bench/product/memory.ts';
import { measureStart } from '../test/bench/product/start.ts';
import { noRealDisk } from '../test/bench/product/workspace.ts';
import { startChild } from '../test/bench/targets/child.ts';
import { printTables } from './bench/tables.ts';
import { interlockCommand, REPOSITORY } from './product.ts';

const PART_TIMEOUT_MS = 120_000;
/** A hundred thousand requests are made first, in two databases. */
const APPROVALS_TIMEOUT_MS = 600_000;
const bench = (file: string) => new URL(`../test/bench/${file}`, import.meta.url).pathname;

export interface Plan {
  readonly quick: boolean;
  readonly gateway: { readonly rounds: number; readonly windowMs: number; readonly warmupMs: number };
  readonly idleSessions: number;
  readonly starts: number;
}

const FULL: Plan = {
  quick: false,
  gateway: FULL_GATEWAY,
  idleSessions: 10_000,
  starts: 3,
};
const QUICK: Plan = {
  quick: true,
  gateway: QUICK_GATEWAY,
  idleSessions: 1_000,
  starts: 1,
};

/** What a machine need not have. Anything else that is missing makes the exit code 1. */
const OPTIONAL: ReadonlySet<string> = new Set(['nginx']);

/** One JSON value by member names; a part that could not be measured is null, with its reason under `unavailable`. */
export type Report = Readonly<Record<string, unknown>>;

const log = (line: string): void => void process.stderr.write(`${line}\n`);

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { json: { type: 'boolean' }, quick: { type: 'boolean' } } });
  const report = await runAll(values.quick === true ? QUICK : FULL);
  if (values.json === true) process.stdout.write(`${JSON.stringify(report, null, 2)}\n`);
  else printTables(report, (line) => void process.stdout.write(`${line}\n`));
  const missing = Object.keys(report.unavailable as object).filter((name) => !OPTIONAL.has(name));
  if (missing.length > 0) process.exitCode = 1;
}

async function runAll(plan: Plan): Promise<Report> {
  const unavailable: Record<string, string> = {};
  const disk = noRealDisk();
  if (disk !== null) log(`warning: ${disk}`);
  log(`measuring ${interlockCommand().at(-1)} with Node ${process.version}`);

  /** Runs one part; what fails is said and stands as null, never as a number. */
  const part = async <T>(name: string, run: () => Promise<T>): Promise<T | null> => {
    log(`\n${name} ...`);
    try {
      return await run();
    } catch (error) {
      unavailable[name] = (error as Error).message;
      log(`${name}: not measured: ${unavailable[name]}`);
      return null;
    }
  };
  const decision = await part('decision', () => runScript('decision.ts', plan));
  const journal = await part('journal', () => measureJournal(plan));
  const kill = await part('kill', () => runScript('kill.ts', plan));
  const approvals = await part('approvals', () => runScript('approvals.ts', plan, APPROVALS_TIMEOUT_MS));
  const gateway = await part('gateway', () => measureGateway({ ...plan.gateway, log }));
  const memory = await part('memory', () => withUpstream((url) => measureMemory({ url }, plan.idleSessions)));
  const start = await part('start', () => withUpstream((url) => measureStart({ url }, plan.starts)));
  return {
    quick: plan.quick,
    machine: {
      node: process.version,
      cpu: cpus()[0]?.model ?? 'unknown',
      cores: availableParallelism(),
      disk: disk ?? 'ok',
    },
    approvals,
    decision,
    gateway,
    journal,
    kill,
    memory: memory && {
      bytes_per_idle_session: memory.bytesPerIdleSession,
      idle_sessions: memory.sessions,
      resident_bytes_before: memory.residentBytesBefore,
      resident_bytes_after: memory.residentBytesAfter,
    },
    start: start === null ? null : { first_permitted_call_ms: Math.round(start) },
    unavailable: { ...unavailable, ...gateway?.unavailable },
  };
}

/** Benchmarks that are programs of their own: `--json` makes them print one object. */
async function runScript(file: string, plan: Plan, timeout = PART_TIMEOUT_MS): Promise<unknown> {
  if (!existsSync(bench(file))) throw new Error(`test/bench/${file} is not there`);
  const args = ['--disable-warning=ExperimentalWarning', bench(file), '--json', ...(plan.quick ? ['--quick'] : [])];
  const stdout = await new Promise<string>((done, fail) => {
    const child = execFile(process.execPath, args, { timeout }, (error, out, err) => {
      if (error === null) done(out);
      else fail(new Error(`${error.killed ? `no end after ${timeout} ms` : error.message}\n${err.slice(-500)}`));
    });
    child.stderr?.pipe(process.stderr);
  });
  return JSON.parse(stdout);
}

/** In the repository's own folder: the system's folder for temporary files is often memory. */
async function measureJournal(plan: Plan): Promise<unknown> {
  const dir = join(REPOSITORY, 'tmp');
  mkdirSync(dir, { recursive: true });
  return await benchJournal({ dir, msPerRun: plan.quick ? 500 : 2_000 });
}

async function withUpstream<T>(use: (url: string) => Promise<T>): Promise<T> {
  const upstream = startChild([process.execPath, bench('upstreams/raw-http.ts')]);
  try {
    return await use(await upstream.firstLine);
  } finally {
    await upstream.stop();
  }
}

await main();
