/** Throughput, latency and CPU of the gateway and of what it is compared with. docs/benchmarks.md explains the method. */
import { parseArgs } from 'node:util';

import type { LoadGenerator } from './load/generator.ts';
import { startLoadGenerator } from './load/generator.ts';
import type { LoadJob, LoadResult } from './load/job.ts';
import { type Measured, paired, rotated, typical } from './load/rounds.ts';
import { interlock } from './product/interlock.ts';
import { startChild } from './targets/child.ts';
import { direct, mcpProxy, nginx, passthrough, STDIO_UPSTREAM, supergateway } from './targets/peers.ts';
import { type RunningTarget, type Target, Unavailable } from './targets/target.ts';
import { ARGUMENTS, TOOL } from './upstreams/messages.ts';

const CONCURRENCY = [1, 16, 64] as const;
/** Where ratios of CPU are taken: busy enough for the 10 ms ticks of the kernel, not yet a test of queueing. */
const CPU_CONCURRENCY = 16;

/** Before each window, unmeasured: connections and caches of the target are in use again. */
const SETTLE_MS = 100;

export interface GatewayOptions {
  readonly rounds: number;
  readonly windowMs: number;
  /** Per target, once, before the first round: compiled code is measured, not its compilation. */
  readonly warmupMs: number;
  /** Progress, one line at a time. */
  readonly log: (line: string) => void;
  /** Names of targets; left out: all. */
  readonly only?: readonly string[];
  /** Folder for CPU profiles of the gateway. */
  readonly profileDir?: string;
}

export const FULL_GATEWAY = { rounds: 2, windowMs: 1_200, warmupMs: 6_000 } as const;
export const QUICK_GATEWAY = { rounds: 1, windowMs: 300, warmupMs: 500 } as const;

type ByConcurrency = Readonly<Record<string, number | null>>;

export interface GatewayReport {
  readonly rps: Readonly<Record<string, ByConcurrency>>;
  readonly p50_ms: Readonly<Record<string, ByConcurrency>>;
  readonly p99_ms: Readonly<Record<string, ByConcurrency>>;
  readonly cpu_us_per_request: Readonly<Record<string, ByConcurrency>>;
  /** At one call in flight, against the direct connection. */
  readonly added_p50_ms: number | null;
  readonly added_p99_ms: number | null;
  readonly added_p50_ms_at: ByConcurrency;
  readonly added_p99_ms_at: ByConcurrency;
  /** At 16 calls in flight. */
  readonly cpu_ratio_vs_passthrough: number | null;
  readonly cpu_ratio_vs_passthrough_at: ByConcurrency;
  /** Throughput of the gateway with a stdio upstream over the other's with the same upstream, at 16 in flight. */
  readonly throughput_ratio_vs_mcp_proxy: number | null;
  readonly throughput_ratio_vs_supergateway: number | null;
  /** What could not be measured, and why. */
  readonly unavailable: Readonly<Record<string, string>>;
}

interface Live {
  readonly target: Target;
  readonly running: RunningTarget;
  readonly concurrency: readonly number[];
}

/** Measures everything in one run: ratios hold between figures of the same run only. */
export async function measureGateway(options: GatewayOptions): Promise<GatewayReport> {
  const upstream = (file: string) =>
    startChild([process.execPath, new URL(`upstreams/${file}`, import.meta.url).pathname]);
  const raw = upstream('raw-http.ts');
  const sdk = upstream('sdk-http.ts');
  const unavailable: Record<string, string> = {};
  const live: Live[] = [];
  const load = startLoadGenerator();
  try {
    for (const target of targets(await raw.firstLine, await sdk.firstLine, options.profileDir)) {
      if (options.only?.includes(target.name) === false) continue;
      const started = await startIfThere(target, unavailable, options.log);
      if (started !== null) live.push(started);
    }
    return report(await measureAll(live, load, options), unavailable);
  } finally {
    load.stop();
    await Promise.allSettled([...live.map(({ running }) => running.stop()), raw.stop(), sdk.stop()]);
  }
}

function targets(rawUrl: string, sdkUrl: string, profileDir: string | undefined): readonly Target[] {
  const [command, ...args] = STDIO_UPSTREAM;
  const profile = profileDir === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${profileDir}`];
  return [
    direct('direct', 'raw-http', rawUrl),
    passthrough('passthrough', 'raw-http', rawUrl),
    nginx(rawUrl),
    interlock('interlock', 'raw-http', { server: { url: rawUrl }, nodeOptions: profile }),
    mcpProxy(),
    supergateway(),
    interlock('interlock_stdio', 'stdio', { server: { command, args }, nodeOptions: profile }),
    direct('direct_sdk', 'sdk-http', sdkUrl),
    interlock('interlock_sdk', 'sdk-http', { server: { url: sdkUrl }, nodeOptions: profile }),
  ];
}

async function startIfThere(
  target: Target,
  unavailable: Record<string, string>,
  log: (line: string) => void,
): Promise<Live | null> {
  try {
    const running = await target.start();
    // The slow upstream is there to show how little is left of a difference in front of it: one concurrency shows that.
    return { target, running, concurrency: target.upstream === 'sdk-http' ? [CPU_CONCURRENCY] : CONCURRENCY };
  } catch (error) {
    const reason = (error as Error).message;
    unavailable[target.name] = error instanceof Unavailable ? reason : `did not start: ${reason}`;
    log(`${target.name}: not measured: ${unavailable[target.name]}`);
    return null;
  }
}

async function measureAll(live: readonly Live[], load: LoadGenerator, options: GatewayOptions): Promise<Measured> {
  const measured = new Map(live.map(({ target }) => [target.name, new Map<number, LoadResult[]>()]));
  for (const one of live) {
    options.log(`${one.target.name}: warming up`);
    await load.run(jobFor(one, { concurrency: CPU_CONCURRENCY, warmupMs: 0, durationMs: options.warmupMs }));
  }
  for (let round = 0; round < options.rounds; round++) {
    for (const concurrency of CONCURRENCY) {
      for (const { target, running, concurrency: wanted } of rotated(live, round)) {
        if (!wanted.includes(concurrency)) continue;
        const window = { concurrency, warmupMs: SETTLE_MS, durationMs: options.windowMs };
        const result = await load.run(jobFor({ running }, window));
        const rounds = measured.get(target.name) as Map<number, LoadResult[]>;
        rounds.set(concurrency, [...(rounds.get(concurrency) ?? []), result]);
        options.log(
          `round ${round + 1}/${options.rounds} ${target.name} at ${concurrency}: ${Math.round(result.rps)} calls/s`,
        );
      }
    }
  }
  return measured;
}

function jobFor(
  { running }: Pick<Live, 'running'>,
  window: Pick<LoadJob, 'concurrency' | 'warmupMs' | 'durationMs'>,
): LoadJob {
  return {
    url: running.url,
    headers: running.headers,
    pids: running.pids,
    tool: TOOL.name,
    args: ARGUMENTS,
    ...window,
  };
}

function report(measured: Measured, unavailable: Readonly<Record<string, string>>): GatewayReport {
  const at = (name: string, concurrency: number) => measured.get(name)?.get(concurrency);
  const table = (figure: (result: LoadResult) => number | null) =>
    Object.fromEntries(
      [...measured.keys()].map((name) => [name, byConcurrency((n) => round3(typical(at(name, n), figure)))]),
    );
  const compare =
    (ours: string, theirs: string, by: (a: LoadResult, b: LoadResult) => number) => (concurrency: number) =>
      round3(paired([at(ours, concurrency), at(theirs, concurrency)], by));
  const addedP50 = compare('interlock', 'direct', (a, b) => a.p50Ms - b.p50Ms);
  const addedP99 = compare('interlock', 'direct', (a, b) => a.p99Ms - b.p99Ms);
  const cpu = compare('interlock', 'passthrough', (a, b) => (a.cpuUsPerRequest ?? NaN) / (b.cpuUsPerRequest ?? NaN));
  const throughput = (peer: string) => compare('interlock_stdio', peer, (a, b) => a.rps / b.rps)(CPU_CONCURRENCY);
  return {
    rps: table((result) => result.rps),
    p50_ms: table((result) => result.p50Ms),
    p99_ms: table((result) => result.p99Ms),
    cpu_us_per_request: table((result) => result.cpuUsPerRequest),
    added_p50_ms: addedP50(1),
    added_p99_ms: addedP99(1),
    added_p50_ms_at: byConcurrency(addedP50),
    added_p99_ms_at: byConcurrency(addedP99),
    cpu_ratio_vs_passthrough: cpu(CPU_CONCURRENCY),
    cpu_ratio_vs_passthrough_at: byConcurrency(cpu),
    throughput_ratio_vs_mcp_proxy: throughput('mcp_proxy'),
    throughput_ratio_vs_supergateway: throughput('supergateway'),
    unavailable,
  };
}

function byConcurrency(figure: (concurrency: number) => number | null): ByConcurrency {
  return Object.fromEntries(CONCURRENCY.map((concurrency) => [String(concurrency), figure(concurrency)]));
}

function round3(value: number | null): number | null {
  return value === null ? null : Math.round(value * 1000) / 1000;
}

/**
 * Alone: `node test/bench/gateway.ts [--quick] [--only interlock,passthrough] [--profile DIR]`. A profile covers the gateway's
 * whole life, from its start; its figures are slower than those of an ordinary run.
 */
if (import.meta.main) {
  const { values } = parseArgs({
    options: { quick: { type: 'boolean' }, only: { type: 'string' }, profile: { type: 'string' } },
  });
  const log = (line: string) => void process.stderr.write(`${line}\n`);
  const measured = await measureGateway({
    ...(values.quick === true ? QUICK_GATEWAY : FULL_GATEWAY),
    ...(values.only === undefined ? {} : { only: values.only.split(',') }),
    ...(values.profile === undefined ? {} : { profileDir: values.profile }),
    log,
  });
  process.stdout.write(`${JSON.stringify(measured, null, 2)}\n`);
}
