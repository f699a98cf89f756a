/**
 * A process of its own: people who look at the console while the gateway works. Each holds the live stream open and asks what the open
 * pages ask, as often as they ask it. Over IPC: `start` with the number of people, `stop` answered with what was measured.
 */
import { request as httpRequest } from 'node:http';
import { setTimeout as wait } from 'node:timers/promises';
import { percentile } from '../load/job.ts';

export interface Watching {
  readonly origin: string;
  readonly cookie: string;
  readonly people: number;
}

export interface Watched {
  readonly requests: number;
  readonly failed: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly liveEvents: number;
}

/** What an open page asks, and how often. */
const ASKED: readonly { readonly path: string; readonly everyMs: number }[] = [
  { path: '/v1/pulse', everyMs: 2_000 },
  { path: '/v1/overview', everyMs: 15_000 },
  { path: '/v1/agents/summaries?limit=100&search=bench', everyMs: 3_000 },
  { path: '/v1/records?limit=50', everyMs: 3_000 },
  { path: '/v1/approvals?state=pending&limit=50', everyMs: 5_000 },
];

let ended = new AbortController();
let times: number[] = [];
let failed = 0;
let liveEvents = 0;

function get({ origin, cookie }: Watching, path: string, onData?: (text: string) => void): Promise<number> {
  return new Promise((done, reject) => {
    const headers = { cookie, accept: onData === undefined ? 'application/json' : 'text/event-stream' };
    const sent = httpRequest(new URL(`/console/api${path}`, origin), { headers, signal: ended.signal }, (answer) => {
      answer.on('data', (chunk: Buffer) => onData?.(chunk.toString('utf8')));
      answer.on('end', () => done(answer.statusCode ?? 0));
      answer.on('error', reject);
    });
    sent.on('error', reject);
    sent.end();
  });
}

async function ask(watching: Watching, { path, everyMs }: (typeof ASKED)[number], i: number): Promise<void> {
  // Nobody opens a page at the very moment the others do.
  await wait((everyMs * i) / watching.people, undefined, { signal: ended.signal }).catch(() => {});
  while (!ended.signal.aborted) {
    const begun = performance.now();
    const status = await get(watching, path).catch(() => 0);
    if (ended.signal.aborted) return;
    times.push(performance.now() - begun);
    if (status !== 200) failed++;
    await wait(everyMs, undefined, { signal: ended.signal }).catch(() => {});
  }
}

function start(watching: Watching): void {
  ended = new AbortController();
  [times, failed, liveEvents] = [[], 0, 0];
  for (let i = 0; i < watching.people; i++) {
    get(watching, '/v1/live', (text) => void (liveEvents += text.split('event: calls').length - 1)).catch(() => {});
    for (const each of ASKED) void ask(watching, each, i);
  }
}

function stop(): Watched {
  ended.abort();
  const sorted = times.toSorted((a, b) => a - b);
  return {
    requests: times.length,
    failed,
    p50Ms: percentile(sorted, 0.5),
    p99Ms: percentile(sorted, 0.99),
    liveEvents,
  };
}

process.on('message', (order: Watching | 'stop') => {
  if (order === 'stop') process.send?.(stop());
  else start(order);
});
