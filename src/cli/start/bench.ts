import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from 'commander';
import { systemClock } from '../../adapters/clock.ts';
import type { Config } from '../../config/config.ts';
import { ALONE, type Caller } from '../../model/caller.ts';
import { digestJson } from '../../model/canonical.ts';
import type { PolicyInput, UsageWindow } from '../../model/policy-input.ts';
import type { Act } from '../shell/act.ts';
import { type Context, configurationError, requireConfig } from '../shell/context.ts';
import { CliError, EXIT } from '../shell/exit.ts';

interface BenchOptions {
  readonly seconds: string;
}

export function addBenchCommand(program: Command, act: Act): void {
  program
    .command('bench')
    .description('measure this machine: decisions with your own policies, and durable records on your own disk')
    .option('--seconds <n>', 'per measurement', '1')
    .addHelpText('after', '\nExample:\n  interlock bench --json')
    .action(act((context, _args, options: BenchOptions) => bench(context, options)));
}

async function bench(context: Context, options: BenchOptions): Promise<void> {
  const seconds = Number(options.seconds);
  if (!(seconds >= 0.1 && seconds <= 60)) throw new CliError(EXIT.usage, '--seconds must be between 0.1 and 60');
  const config = await requireConfig(context, { quiet: true });
  const decision = await benchDecisions(config, seconds * 1e6);
  const journal = [];
  for (const concurrency of [1, 16, 256]) journal.push(await benchJournal(config, concurrency, seconds * 1e6));
  context.terminal.value({ decision, journal });
  if (decision === null) context.terminal.line('decisions: not measured, there is no agent or no server');
  else
    context.terminal.line(
      `decisions: ${decision.policies} policies, p50 ${decision.p50Us.toFixed(2)} µs, p99 ${decision.p99Us.toFixed(2)} µs`,
    );
  context.terminal.line(`durable records in ${config.dataDir}:`);
  context.terminal.table(
    ['at once', 'per second', 'p50 ms', 'p99 ms'],
    journal.map((row) => [row.concurrency, Math.round(row.perSecond), row.p50Ms.toFixed(2), row.p99Ms.toFixed(2)]),
  );
}

const BATCH = 32;

/** Every agent at every configured tool, with arguments that differ each time. */
async function benchDecisions(
  config: Config,
  budgetUs: number,
): Promise<{ policies: number; p50Us: number; p99Us: number } | null> {
  const { publishFolder, worldOf } = await import('../../start/policies.ts');
  const published = await publishFolder(config);
  if (!published.ok) throw configurationError(published.problems);
  const { tools } = worldOf(config, []);
  const targets = [...tools, ...config.servers.map((server) => ({ server: server.id, name: null, labels: null }))];
  const inputs = config.agents.flatMap((agent) => targets.map((target, i) => input(callerOf(agent), target, i)));
  if (inputs.length === 0) return null;
  const { policies } = published;
  for (let i = 0; i < 20_000; i++) policies.decide(inputs[i % inputs.length] as PolicyInput);
  const samples: number[] = [];
  const endUs = systemClock.monotonicUs() + budgetUs;
  for (let at = systemClock.monotonicUs(), i = 0; at < endUs; ) {
    for (let k = 0; k < BATCH; k++) policies.decide(inputs[i++ % inputs.length] as PolicyInput);
    const now = systemClock.monotonicUs();
    samples.push((now - at) / BATCH);
    at = now;
  }
  return { policies: policies.rules.length, p50Us: quantile(samples, 0.5), p99Us: quantile(samples, 0.99) };
}

function callerOf(agent: Config['agents'][number]): Caller {
  return {
    ...ALONE,
    agent,
    method: 'token',
    credentialId: 'bench',
    expiresAtMs: Number.MAX_SAFE_INTEGER,
  };
}

type BenchTarget = { readonly server: string; readonly name: string | null; readonly labels: PolicyInput['labels'] };

const NO_USAGE: UsageWindow = { callsLastMinute: 0, callsLastHour: 0, callsLastDay: 0, callsTotal: 0, spentLastDay: 0 };

function input(caller: Caller, target: BenchTarget, i: number): PolicyInput {
  const args = { id: `order-${i}`, total: i * 10, currency: 'EUR' };
  const what = target.name === null ? ({ kind: 'server' } as const) : ({ kind: 'tool', name: target.name } as const);
  const name = target.name === null ? 'tools/list' : 'tools/call';
  const nowMs = systemClock.nowMs();
  const session = {
    id: 'bench',
    startedAtMs: nowMs,
    calls: 1,
    denied: 0,
    asked: 0,
    reads: 1,
    writes: 0,
    destructive: 0,
    external: 0,
  };
  return {
    caller,
    action: {
      name,
      server: target.server,
      target: what,
      args,
      digest: digestJson(args),
      sizeChars: JSON.stringify(args).length,
    },
    labels: target.labels,
    facts: { amount: i * 100_000, currency: 'EUR', quantity: null, environment: null, recipient: null },
    session: { ...session, toolsCalled: new Set<string>(), readUntrusted: false, highestDataClass: null },
    usage: { agent: NO_USAGE, session: NO_USAGE, task: null },
    watched: false,
    nowMs,
  };
}

interface JournalRow {
  readonly concurrency: number;
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/** A journal of its own beside the real one, on the same disk; removed afterwards. */
async function benchJournal(config: Config, concurrency: number, budgetUs: number): Promise<JournalRow> {
  const { openJournal } = await import('../../audit/journal.ts');
  const { realDisk } = await import('../../adapters/disk/real.ts');
  mkdirSync(config.dataDir, { recursive: true, mode: 0o700 });
  const dir = mkdtempSync(join(config.dataDir, 'bench-'));
  try {
    const journal = await openJournal({ dir, disk: realDisk, clock: systemClock });
    const samples: number[] = [];
    const startUs = systemClock.monotonicUs();
    const worker = async (): Promise<void> => {
      for (let at = startUs; at < startUs + budgetUs; ) {
        await journal.append({
          type: 'admin',
          act: 'bench',
          by: 'interlock',
          reason: 'bench',
          detail: { padding: 'x'.repeat(400) },
        });
        const now = systemClock.monotonicUs();
        samples.push((now - at) / 1000);
        at = now;
      }
    };
    await Promise.all(Array.from({ length: concurrency }, worker));
    const tookUs = systemClock.monotonicUs() - startUs;
    await journal.close();
    return {
      concurrency,
      perSecond: samples.length / (tookUs / 1e6),
      p50Ms: quantile(samples, 0.5),
      p99Ms: quantile(samples, 0.99),
    };
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

function quantile(samples: readonly number[], q: number): number {
  const sorted = samples.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))] ?? Number.NaN;
}
