/** The load generator's own process: takes jobs over IPC one at a time, so that it stays warm between them. */
import { setTimeout as wait } from 'node:timers/promises';
import { cpuTimeUs } from './cpu.ts';
import { type LoadJob, type LoadReply, type LoadResult, percentile } from './job.ts';
import { expectResult, type McpSession, openSession } from './session.ts';

const sessions = new Map<string, McpSession>();
let nextId = 1;

const MIN_ANSWERS = 20;
const MAX_WINDOW_MS = 20_000;

/** One session per target, kept for its later jobs: what is measured is calls, not handshakes. */
async function sessionFor(job: LoadJob): Promise<McpSession> {
  const key = `${job.url} ${job.concurrency}`;
  const known = sessions.get(key);
  if (known !== undefined) return known;
  const session = await openSession(job.url, job.headers, job.concurrency);
  sessions.set(key, session);
  return session;
}

async function run(job: LoadJob): Promise<LoadResult> {
  const session = await sessionFor(job);
  const params = JSON.stringify({ name: job.tool, arguments: job.args });
  const latenciesMs: number[] = [];
  let measuring = false;
  let running = true;

  const loop = async () => {
    while (running) {
      const body = `{"jsonrpc":"2.0","id":${nextId++},"method":"tools/call","params":${params}}`;
      const started = performance.now();
      expectResult(await session.post(body));
      if (measuring) latenciesMs.push(performance.now() - started);
    }
  };
  const loops = Promise.all(Array.from({ length: job.concurrency }, loop));
  // A failed call must end the job at once instead of being noticed after the window.
  await Promise.race([wait(job.warmupMs), loops]);
  const cpuBefore = cpuTimeUs(job.pids);
  const startedAt = performance.now();
  measuring = true;
  await Promise.race([wait(job.durationMs), loops]);
  // A window nobody answered in measures nothing: on a busy machine it stays open until it holds something.
  while (latenciesMs.length < MIN_ANSWERS && performance.now() - startedAt < MAX_WINDOW_MS) {
    await Promise.race([wait(20), loops]);
  }
  measuring = false;
  const seconds = (performance.now() - startedAt) / 1000;
  const cpuUs = cpuTimeUs(job.pids) - cpuBefore;
  running = false;
  await loops;

  const sorted = Float64Array.from(latenciesMs).sort();
  return {
    requests: sorted.length,
    rps: sorted.length / seconds,
    p50Ms: percentile(sorted, 0.5),
    p99Ms: percentile(sorted, 0.99),
    cpuUsPerRequest: job.pids.length === 0 ? null : cpuUs / sorted.length,
  };
}

process.on('message', (job: LoadJob) => {
  const reply = (message: LoadReply) => process.send?.(message);
  run(job).then(
    (result) => reply({ ok: true, result }),
    (error: Error) => reply({ ok: false, message: error.message }),
  );
});
process.on('disconnect', () => process.exit(0));
