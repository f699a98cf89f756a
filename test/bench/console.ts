/**
 * What the console costs those who do not look at it: the same gateway under the same calls, with and without people at the console, in
 * turn, in one run. `node test/bench/console.ts [--quick] [--people 5]`.
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { parseArgs } from 'node:util';
import { signIn } from './console/sign-in.ts';
import type { Watched, Watching } from './console/viewers.ts';
import { startLoadGenerator } from './load/generator.ts';
import type { LoadResult } from './load/job.ts';
import { paired, typical } from './load/rounds.ts';
import { startInterlock } from './product/interlock.ts';
import { startChild } from './targets/child.ts';
import { ARGUMENTS, TOOL } from './upstreams/messages.ts';

const { values } = parseArgs({ options: { quick: { type: 'boolean' }, people: { type: 'string', default: '5' } } });
const PLAN =
  values.quick === true
    ? { rounds: 1, windowMs: 1_000, warmupMs: 500 }
    : { rounds: 5, windowMs: 8_000, warmupMs: 5_000 };
const CONCURRENCY = [1, 4, 16] as const;
const SETTLE_MS = 300;
const log = (line: string): void => void process.stderr.write(`${line}\n`);

async function measure(people: number): Promise<unknown> {
  const upstream = startChild([process.execPath, new URL('upstreams/raw-http.ts', import.meta.url).pathname]);
  const gateway = await startInterlock({ url: await upstream.firstLine });
  const load = startLoadGenerator();
  const viewers = fork(new URL('console/viewers.ts', import.meta.url).pathname, {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  const measured = { quiet: new Map<number, LoadResult[]>(), watched: new Map<number, LoadResult[]>() };
  const watched: Watched[] = [];
  try {
    const cookies = await signIn(gateway.workspace);
    const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const watching: Watching = { origin: gateway.workspace.url, cookie, people };
    const run = (concurrency: number, durationMs: number, warmupMs: number) =>
      load.run({
        ...{ url: gateway.url, headers: gateway.headers, pids: [gateway.child.pid], tool: TOOL.name, args: ARGUMENTS },
        ...{ concurrency, durationMs, warmupMs },
      });
    await run(16, PLAN.warmupMs, 0);
    for (let round = 0; round < PLAN.rounds; round++) {
      for (const concurrency of CONCURRENCY) {
        // Who comes first changes from round to round.
        for (const name of round % 2 === 0 ? (['quiet', 'watched'] as const) : (['watched', 'quiet'] as const)) {
          if (name === 'watched') viewers.send(watching);
          const result = await run(concurrency, PLAN.windowMs, SETTLE_MS);
          if (name === 'watched') {
            viewers.send('stop');
            watched.push((await once(viewers, 'message'))[0] as Watched);
          }
          measured[name].set(concurrency, [...(measured[name].get(concurrency) ?? []), result]);
          log(
            `round ${round + 1}/${PLAN.rounds} ${name}@${concurrency}: ${Math.round(result.rps)}/s, p99 ${result.p99Ms.toFixed(2)} ms`,
          );
        }
      }
    }
  } finally {
    viewers.kill();
    load.stop();
    await Promise.allSettled([gateway.stop(), upstream.stop()]);
  }
  const rows = CONCURRENCY.map((at) => [`at_${at}`, row(measured.quiet.get(at)!, measured.watched.get(at)!)]);
  const failed = watched.reduce((sum, each) => sum + each.failed, 0);
  if (failed > 0) throw new Error(`${failed} requests of the console failed: nothing was measured`);
  return { people, ...Object.fromEntries(rows), console: summary(watched) };
}

function row(quiet: readonly LoadResult[], watched: readonly LoadResult[]): object {
  const ratio = (of: (result: LoadResult) => number) =>
    round3(paired([watched, quiet], (ours, base) => of(ours) / of(base)));
  return {
    p50_ms: round3(typical(quiet, (r) => r.p50Ms)),
    p99_ms: round3(typical(quiet, (r) => r.p99Ms)),
    p99_watched_ms: round3(typical(watched, (r) => r.p99Ms)),
    rps: round3(typical(quiet, (r) => r.rps)),
    ...{ p50_ratio: ratio((r) => r.p50Ms), p99_ratio: ratio((r) => r.p99Ms), rps_ratio: ratio((r) => r.rps) },
  };
}

function summary(watched: readonly Watched[]): object {
  const worst = (of: (each: Watched) => number) => round3(Math.max(...watched.map(of)));
  return {
    requests: watched.reduce((sum, each) => sum + each.requests, 0),
    live_events: watched.reduce((sum, each) => sum + each.liveEvents, 0),
    p50_ms: worst((each) => each.p50Ms),
    p99_ms: worst((each) => each.p99Ms),
  };
}

function round3(value: number | null): number | null {
  return value === null ? null : Math.round(value * 1000) / 1000;
}

process.stdout.write(`${JSON.stringify(await measure(Number(values.people)), null, 2)}\n`);
