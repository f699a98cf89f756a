/**
 * How fast the index of the journal is made, and how fast it answers, with many records behind it:
 * `node test/bench/console-search.ts [records] [agents] [directory]`. Makes the journal first (about 0.8 kB and 12 µs a record) and
 * removes everything after; a directory that already holds one is used and left.
 */
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../../src/adapters/clock.ts';
import { realDisk } from '../../src/adapters/disk/real.ts';
import { IndexReader } from '../../src/audit/index/ask/reader.ts';
import { fillIndex } from '../../src/audit/index/fill/fill.ts';
import type { RecordQuery, RecordView } from '../../src/model/insight/records.ts';
import { agentId, generateRecords } from './generate-records.ts';

export interface SearchBench {
  readonly records: number;
  readonly journal_MB: number;
  readonly index_MB: number;
  readonly index_s: number;
  readonly index_records_per_s: number;
  readonly queries: Readonly<Record<string, QueryBench>>;
}

interface QueryBench {
  readonly p50_ms: number;
  readonly p99_ms: number;
  readonly max_ms: number;
  /** Of the whole process: what is left of it on a machine that does other things too. */
  readonly cpu_p50_ms: number;
  readonly cpu_p99_ms: number;
  readonly found: number;
}

const TURNS = 200;

export async function benchSearch(options: {
  readonly records: number;
  readonly agents: number;
  readonly dir?: string;
  readonly turns?: number;
}): Promise<SearchBench> {
  const root = options.dir ?? mkdtempSync(join(tmpdir(), 'interlock-bench-search-'));
  try {
    const dir = join(root, 'journal');
    const made = existsSync(dir) ? null : generateRecords({ ...options, dir });
    const path = join(root, 'index.db');
    const journal = readFileSync(join(dir, 'verifier.vkey'), 'utf8').trim();
    const startedUs = systemClock.monotonicUs();
    const records = await fill({ dir, path, journal });
    const seconds = (systemClock.monotonicUs() - startedUs) / 1e6;
    const reader = new IndexReader({ dir, path, disk: realDisk, clock: systemClock });
    const queries = await ask(reader, { records, agents: options.agents, turns: options.turns ?? TURNS });
    reader.close();
    return {
      ...{
        records,
        journal_MB: Math.round((made?.sizeBytes ?? 0) / 1e6),
        index_MB: Math.round(statSync(path).size / 1e6),
      },
      ...{ index_s: round(seconds), index_records_per_s: Math.round(records / seconds), queries },
    };
  } finally {
    if (options.dir === undefined) rmSync(root, { recursive: true, force: true });
  }
}

async function fill(at: { readonly dir: string; readonly path: string; readonly journal: string }): Promise<number> {
  const stop = new AbortController();
  let indexed = 0;
  await fillIndex({
    ...{ ...at, disk: realDisk, clock: systemClock, signal: stop.signal },
    tell(news) {
      indexed = news.indexed;
      if (news.kind === 'progress' && news.current) stop.abort();
    },
  });
  return indexed;
}

/** Every kind of question the console puts, with other words each time. */
async function ask(
  reader: IndexReader,
  { records, agents, turns }: { readonly records: number; readonly agents: number; readonly turns: number },
): Promise<SearchBench['queries']> {
  const sample: RecordView[] = [];
  for (let i = 0; i < turns; i++) {
    const record = await reader.record(1 + ((i * 7_919_077) % (records - 1)), true);
    if (record?.record.type === 'intent') sample.push(record);
  }
  const one = (
    i: number,
  ): {
    readonly call: string;
    readonly session: string;
    readonly agent: string;
    readonly at: number;
    readonly reference: string;
  } => {
    const { record, time } = sample[i % sample.length] as RecordView;
    const { call, session, agent, args } = record as unknown as {
      call: string;
      session: string;
      agent: string;
      args: { reference: string };
    };
    return { call, session, agent, at: Date.parse(time), reference: args.reference };
  };
  const search = (query: RecordQuery) => async (): Promise<number> =>
    (await reader.search({ query, withContent: true })).items.length;
  const many = (i: number): string[] => Array.from({ length: 100 }, (_, n) => agentId((i * 101 + n * 13) % agents));
  const kinds: Readonly<Record<string, (i: number) => () => Promise<number> | number>> = {
    newest: () => search({}),
    'one frequent word': () => search({ q: 'orders' }),
    'two frequent words': () => search({ q: 'billing export' }),
    'rare word of arguments': (i) => search({ q: one(i).reference }),
    'words that never meet': () => search({ q: 'lock.put orders.create' }),
    agent: (i) => search({ agent: one(i).agent }),
    'agent and effect': (i) => search({ agent: one(i).agent, effect: 'deny' }),
    'tool, denied': () => search({ tool: 'orders.create', effect: 'deny' }),
    'a day in between': (i) => search({ fromMs: one(i).at, toMs: one(i).at + 86_400_000 }),
    'agent, a day': (i) => search({ agent: one(i).agent, fromMs: one(i).at, toMs: one(i).at + 86_400_000 }),
    'frequent, never met': () => search({ q: 'failed orders' }),
    'type without the field': () => search({ type: 'outcome', effect: 'permit' }),
    record: (i) => async () => ((await reader.record((i * 7_919_077) % records, true)) === null ? 0 : 1),
    call: (i) => async () => ((await reader.call(one(i).call, true)) === null ? 0 : 1),
    session: (i) => async () =>
      (await reader.history({ of: 'session', id: one(i).session, withContent: true }))?.calls.length ?? 0,
    'list of sessions': () => () => reader.sessions({}).items.length,
    'sessions of an agent': (i) => () => reader.sessions({ agent: one(i).agent }).items.length,
    'activity, a week': (i) => () => reader.activity(one(i).agent, 168).permitted.length,
    'last calls of 100 agents': (i) => () => Object.keys(reader.activityOf(many(i))).length,
  };
  const told: Record<string, SearchBench['queries'][string]> = {};
  for (const [name, kind] of Object.entries(kinds)) {
    const waits: number[] = [];
    const cpu: number[] = [];
    let found = 0;
    for (let i = 0; i < turns; i++) {
      const question = kind(i);
      const startUs = systemClock.monotonicUs();
      const before = process.cpuUsage();
      found += await question();
      waits.push((systemClock.monotonicUs() - startUs) / 1000);
      const { user, system } = process.cpuUsage(before);
      cpu.push((user + system) / 1000);
    }
    told[name] = {
      ...{ p50_ms: share(waits, 0.5), p99_ms: share(waits, 0.99), max_ms: share(waits, 1) },
      ...{ cpu_p50_ms: share(cpu, 0.5), cpu_p99_ms: share(cpu, 0.99), found: Math.round(found / turns) },
    };
  }
  return told;
}

function share(values: readonly number[], part: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return round(sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))] as number);
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}

if (process.argv[1] === import.meta.filename) {
  const [records = '10000000', agents = '100000', dir] = process.argv.slice(2);
  const result = await benchSearch({
    records: Number(records),
    agents: Number(agents),
    ...(dir === undefined ? {} : { dir }),
  });
  process.stdout.write(`${JSON.stringify(result, null, 2)}\n`);
  const rows = Object.entries(result.queries).map(([name, { p50_ms, p99_ms, max_ms, cpu_p50_ms, cpu_p99_ms }]) =>
    [name.padEnd(28), ...[p50_ms, p99_ms, max_ms, cpu_p50_ms, cpu_p99_ms].map((ms) => ms.toFixed(2).padStart(9))].join(
      '',
    ),
  );
  process.stdout.write(
    `${['question'.padEnd(28) + '   p50 ms   p99 ms   max ms  cpu p50  cpu p99', ...rows].join('\n')}\n`,
  );
}
