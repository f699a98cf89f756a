import { appendFileSync, readdirSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { Worker } from 'node:worker_threads';
import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { realDisk } from '../../src/adapters/disk/real.ts';
import { hideContent } from '../../src/audit/index/fields.ts';
import { matches } from '../../src/audit/index/tokens.ts';
import type { Entry } from '../../src/audit/journal.ts';
import { readJournal } from '../../src/audit/read/read-journal.ts';
import type { RecordQuery } from '../../src/model/insight/records.ts';
import type { IntentRecord, RefusalRecord } from '../../src/model/record.ts';
import { generateRecords } from '../bench/generate-records.ts';
import { intentOf, OK, refusalOf } from '../crash/fixture.ts';
import { type IndexWorld, openIndexWorld } from './index-world.ts';

/** What the index answers is what reading every record would, whatever was recorded, asked, interrupted or damaged (requirements OB2). */
const worlds: IndexWorld[] = [];
afterEach(async () => {
  for (const world of worlds.splice(0)) await world.close();
});

async function worldOf(...limits: Parameters<typeof openIndexWorld>): Promise<IndexWorld> {
  const world = await openIndexWorld(...limits);
  worlds.push(world);
  return world;
}

async function scan(world: IndexWorld): Promise<readonly Entry[]> {
  const entries: Entry[] = [];
  for await (const entry of readJournal(world.dir, { disk: realDisk })) entries.push(entry);
  return entries;
}

async function everything(world: IndexWorld, query: RecordQuery, withContent: boolean): Promise<number[]> {
  const reader = world.reader();
  const found: number[] = [];
  let cursor: string | undefined;
  for (;;) {
    const page = await reader.search({ query: { ...query, ...(cursor === undefined ? {} : { cursor }) }, withContent });
    found.push(...page.items.map(({ seq }) => seq));
    if (page.next === null) return found;
    cursor = page.next;
  }
}

async function agrees(world: IndexWorld, query: RecordQuery, withContent: boolean): Promise<void> {
  const naive = (await scan(world))
    .filter(({ record, time }) => matches({ record, atMs: Date.parse(time) }, query, withContent))
    .map(({ seq }) => seq)
    .toReversed();
  expect(await everything(world, query, withContent)).toEqual(naive);
}

const AGENTS = ['buyer', 'clerk-2', 'Buyer', 'ärzte.agent', 'a'];
const WORDS = ['paper', 'PAPER', 'grün', '§tdeadbeef', '¤paper', 'buyer', 'PO-17', '"', 'orders.create', '東京', '77'];
const word = fc.constantFrom(...WORDS);
const call = fc.uuid();

const decided = fc.record({
  call,
  agent: fc.constantFrom(...AGENTS),
  session: fc.constantFrom('s-1', 's-2', null),
  txn: fc.constantFrom('t-1', null),
  server: fc.constantFrom('erp', 'crm'),
  target: fc.constantFrom('orders.create', 'orders.list', 'paper', null),
  purpose: fc.array(word, { maxLength: 3 }).map((words) => words.join(' ')),
  args: fc.dictionary(fc.constantFrom('item', 'note'), fc.oneof(word, fc.integer({ min: 70, max: 80 }))),
  effect: fc.constantFrom('permit', 'ask', 'deny'),
  approval: fc.constantFrom('req-1', null),
});
type Step =
  | { readonly kind: 'refusal' | 'intent'; readonly facts: typeof decided extends fc.Arbitrary<infer T> ? T : never }
  | { readonly kind: 'outcome'; readonly result: string | null }
  | { readonly kind: 'admin'; readonly target: string; readonly secret: string }
  | { readonly kind: 'clock'; readonly ms: number };
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constantFrom('refusal', 'intent'), facts: decided }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('outcome'), result: fc.option(word) }) },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('admin'),
      target: fc.constantFrom('agent:buyer', 'server:erp', 'all'),
      secret: word,
    }),
  },
  // Clocks are set back, too.
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('clock'), ms: fc.integer({ min: -5_000, max: 20_000 }) }) },
) as fc.Arbitrary<Step>;

const query: fc.Arbitrary<RecordQuery> = fc.record(
  {
    q: fc
      .array(fc.oneof(word, fc.constantFrom('req-1', 's-1', 'clerk-2', 'lock')), { minLength: 1, maxLength: 2 })
      .map((words) => words.join(' ')),
    type: fc.constantFrom('intent', 'refusal', 'outcome', 'admin'),
    effect: fc.constantFrom('permit', 'ask', 'deny'),
    agent: fc.constantFrom(...AGENTS),
    person: fc.constantFrom('alice@example.com', 'bob', 'Buyer'),
    session: fc.constantFrom('s-1', 's-2'),
    server: fc.constantFrom('erp', 'crm'),
    tool: fc.constantFrom('orders.create', 'paper'),
    txn: fc.constant('t-1'),
    act: fc.constantFrom('lock.put', 'journal.open'),
    fromMs: fc.integer({ min: -2_000, max: 40_000 }).map((ms) => Date.UTC(2026, 7, 31, 12) + ms),
    toMs: fc.integer({ min: -2_000, max: 40_000 }).map((ms) => Date.UTC(2026, 7, 31, 12) + ms),
    limit: fc.integer({ min: 1, max: 5 }),
  },
  { requiredKeys: [] },
);

async function play(world: IndexWorld, steps: readonly Step[]): Promise<void> {
  const permits: Awaited<ReturnType<typeof world.journal.intent>>[] = [];
  for (const each of steps) {
    if (each.kind === 'clock') world.clock.advance(each.ms);
    else if (each.kind === 'outcome') {
      const permit = permits.pop();
      if (permit !== undefined)
        await world.journal.outcome(permit, {
          ...OK,
          ...(each.result === null ? {} : { result: { text: each.result } }),
        });
    } else if (each.kind === 'admin') {
      const detail = { target: each.target, arguments: { note: each.secret } };
      await world.journal.append({ type: 'admin', act: 'lock.put', by: 'bob', reason: 'odd paper', detail });
    } else {
      const { effect, ...facts } = each.facts;
      const whole = { ...facts, decision: { ...refusalOf('').decision, effect } };
      if (each.kind === 'intent')
        permits.push(await world.journal.intent({ ...intentOf(facts.call), ...whole } as IntentRecord));
      else await world.journal.append({ ...refusalOf(facts.call), ...whole } as RefusalRecord);
    }
  }
}

describe('a search of the records', () => {
  it('finds exactly what reading all of them finds, for any records and questions, also across restarts of the index', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { maxLength: 40 }),
        fc.array(step, { maxLength: 20 }),
        fc.array(fc.tuple(query, fc.boolean()), { minLength: 3, maxLength: 8 }),
        async (first, second, questions) => {
          const world = await openIndexWorld({ segmentBytes: 8_192 });
          try {
            await play(world, first);
            await world.fill({ batchRecords: 7 });
            await world.reopen();
            await play(world, second);
            await world.fill();
            for (const [asked, withContent] of questions) await agrees(world, asked, withContent);
          } finally {
            await world.close();
          }
        },
      ),
      { numRuns: 40 },
    );
  });

  it('reads each record where it lies, whole', async () => {
    const world = await worldOf({ segmentBytes: 8_192 });
    for (let i = 0; i < 300; i++) await world.journal.append(refusalOf(`call-${i}`));
    await world.fill();
    const reader = world.reader();
    for (const { seq, time, record } of await scan(world))
      expect(await reader.record(seq, true)).toEqual({ seq, time, record });
    expect(await reader.record(400, true)).toBeNull();
  });

  it('finds what lies in a time although the clock was set back in between', async () => {
    const world = await worldOf();
    for (let i = 0; i < 600; i++) {
      await world.journal.append(refusalOf(`call-${i}`));
      world.clock.advance(i % 200 === 199 ? -150_000 : 1_000);
    }
    await world.fill();
    const startMs = Date.UTC(2026, 7, 31, 12);
    for (const [fromMs, toMs] of [
      [0, 20_000],
      [50_000, 51_000],
      [60_000, 90_000],
      [199_000, 300_000],
    ] as const)
      await agrees(world, { fromMs: startMs + fromMs, toMs: startMs + toMs }, true);
  });

  it('holds few large records at once, and every one of them page by page', async () => {
    const world = await worldOf();
    const detail = { note: 'x'.repeat(400_000) };
    for (let i = 0; i < 40; i++)
      await world.journal.append({ type: 'admin', act: 'relations.write', by: 'bob', reason: 'bulk', detail });
    await world.fill();
    const query: RecordQuery = { act: 'relations.write', limit: 200 };
    const page = await world.reader().search({ query, withContent: true });
    expect(page.items.length).toBe(3);
    expect(page.next).not.toBeNull();
    await agrees(world, query, true);
  });

  it('goes on from its cursor while more is recorded', async () => {
    const world = await worldOf();
    for (let i = 0; i < 30; i++) await world.journal.append(refusalOf(`call-${i}`));
    await world.fill();
    const reader = world.reader();
    const first = await reader.search({ query: { type: 'refusal', limit: 10 }, withContent: true });
    for (let i = 30; i < 60; i++) await world.journal.append(refusalOf(`call-${i}`));
    await world.fill();
    const second = await reader.search({
      query: { type: 'refusal', limit: 100, cursor: first.next! },
      withContent: true,
    });
    expect([...first.items, ...second.items].map(({ seq }) => seq)).toEqual(
      Array.from({ length: 30 }, (_, i) => 31 - i),
    );
  });
});

describe('content', () => {
  it('is neither shown to nor found by whoever may not see it', async () => {
    const world = await worldOf();
    const args = { item: 'hiddenword', list: ['deepword'] };
    const permit = await world.journal.intent({ ...intentOf('call-1', args), amount: 4_711_0000 });
    await world.journal.outcome(permit, { ...OK, result: { content: [{ text: 'answerword' }] } });
    const detail = { approval: 'r', arguments: args, changed: { arguments: { item: 'changedword' }, by: 'bob' } };
    await world.journal.append({ type: 'admin', act: 'approval.outcome', by: 'bob', reason: 'fine', detail });
    await world.fill();
    for (const word of ['hiddenword', 'deepword', 'answerword', 'changedword']) {
      expect(await everything(world, { q: word }, false)).toEqual([]);
      expect((await everything(world, { q: word }, true)).length).toBeGreaterThan(0);
      const all = await world.reader().search({ query: {}, withContent: false });
      expect(JSON.stringify(all)).not.toContain(word);
    }
    expect(JSON.stringify(await world.reader().call('call-1', false))).not.toMatch(/word"|4711/);
    expect(JSON.stringify(hideContent((await scan(world))[2]!.record))).not.toContain('4711');
    // What the sign of content looks like in a question finds nothing either.
    expect(await everything(world, { q: '¤hiddenword' }, false)).toEqual([]);
  });
});

describe('the index', () => {
  const many = async (world: IndexWorld, count: number): Promise<void> => {
    for (let i = 0; i < count; i++) {
      await world.journal.append({ ...refusalOf(`call-${i}`), session: `s-${i % 5}` });
      world.clock.advance(60_000);
    }
  };

  it('adds up sessions and hours exactly, however often its making is interrupted', async () => {
    const world = await worldOf({ segmentBytes: 16_384 });
    await many(world, 200);
    for (let n = 1; ; n++) {
      let commits = 0;
      const failed = await world
        .fill({
          batchRecords: 16,
          tell(news) {
            // As a process that dies: what was not committed is gone.
            if (news.kind === 'opened' && n < 12) expect(news.indexed % 1).toBe(0);
            if (news.kind === 'progress' && ++commits > n) throw new Error('killed');
          },
          clock: {
            nowMs: () => 0,
            monotonicUs: (
              (t) => () =>
                (t += 1e6)
            )(0),
          },
          signal: AbortSignal.timeout(2_000),
        })
        .then(
          () => false,
          () => true,
        );
      if (!failed || n > 40) break;
    }
    await world.fill();
    const reader = world.reader();
    const { items } = reader.sessions({});
    expect(items.map(({ calls }) => calls)).toEqual([40, 40, 40, 40, 40]);
    expect(reader.activityOf(['procurement']).procurement!.calls24h).toBe(200);
    await agrees(world, { session: 's-3' }, true);
    const startMs = Date.UTC(2026, 7, 31, 12);
    // Records come a minute apart, the last five of them from five sessions.
    const late = reader.sessions({ fromMs: startMs + 196 * 60_000, toMs: startMs + 198 * 60_000 });
    expect(late.items.map(({ id }) => id)).toEqual(['s-3', 's-2', 's-1']);
    expect(reader.sessions({ fromMs: startMs + 300 * 60_000 }).items).toEqual([]);
  });

  it('is right after its thread was killed at any moment', async () => {
    const world = await worldOf();
    await world.journal.close();
    const dir = join(world.root, 'large');
    const { vkey } = generateRecords({ dir, records: 30_000, agents: 50, days: 1, endMs: world.clock.nowMs() });
    const path = join(world.root, 'large.db');
    const thread = new URL('../../src/start/console/records/thread.ts', import.meta.url);
    for (let ms = 150; ms < 1_500; ms += 150) {
      const worker = new Worker(thread, { workerData: { task: 'fill', dir, path, journal: vkey } });
      await new Promise((done) => setTimeout(done, ms));
      await worker.terminate();
    }
    const large: IndexWorld = { ...world, dir, path, journal: world.journal };
    const stop = new AbortController();
    const { fillIndex } = await import('../../src/audit/index/fill/fill.ts');
    await fillIndex({
      ...{ dir, path, clock: world.clock, disk: realDisk, journal: vkey, signal: stop.signal, pollMs: 1 },
      tell: (news) => (news.kind === 'progress' && news.current ? stop.abort() : undefined),
    });
    const { IndexReader } = await import('../../src/audit/index/ask/reader.ts');
    const reader = new IndexReader({ dir, path, disk: realDisk, clock: world.clock });
    const calls = new Map<string, number>();
    for (const { record } of await scan(large))
      if (record.type === 'intent' || record.type === 'refusal')
        calls.set(record.session!, (calls.get(record.session!) ?? 0) + 1);
    let seen = 0;
    for (let cursor: string | undefined; ; ) {
      const page = reader.sessions({ limit: 200, ...(cursor === undefined ? {} : { cursor }) });
      for (const line of page.items) {
        expect(line.calls).toBe(calls.get(line.id));
        seen++;
      }
      if (page.next === null) break;
      cursor = page.next;
    }
    expect(seen).toBe(calls.size);
    reader.close();
  });

  it('is made anew for another journal, another version, a damaged file, and records that are not those it took', async () => {
    const world = await worldOf();
    await many(world, 20);
    await world.fill();
    const anew = async (): Promise<boolean> => {
      const told = await world.fill();
      await agrees(world, { type: 'refusal' }, true);
      return told[0]!.indexed === 0;
    };
    expect(await anew()).toBe(false);
    const change = (edit: (state: Record<string, unknown>) => void): void => {
      const database = new DatabaseSync(world.path);
      const state = JSON.parse(String(database.prepare('select state from progress').get()!.state)) as Record<
        string,
        unknown
      >;
      edit(state);
      database.prepare('update progress set state = ?').run(JSON.stringify(state));
      database.close();
    };
    change((state) => (state.version = 0));
    expect(await anew()).toBe(true);
    change((state) => (state.journal = 'other.example+12345678+key'));
    expect(await anew()).toBe(true);
    change((state) => (state.lastHash = 'A'.repeat(43)));
    expect(await anew()).toBe(true);
    writeFileSync(world.path, 'not a database at all, '.repeat(1_000));
    expect(await anew()).toBe(true);
    // A crash took away what was never acknowledged, and the index had seen it.
    await world.journal.close();
    const [name] = readdirSync(world.dir).filter((each) => each.endsWith('.jsonl'));
    const file = join(world.dir, name!);
    const lines = readFileSync(file, 'utf8').split('\n');
    await world.fill();
    truncateSync(file, statSync(file).size - Buffer.byteLength(lines.at(-2)!) - 1);
    expect((await world.fill())[0]).toEqual({ kind: 'opened', indexed: 0 });
  });

  it('waits for the rest of a record that is being written, and says where the journal is damaged', async () => {
    const world = await worldOf();
    await many(world, 5);
    await world.journal.close();
    const [name] = readdirSync(world.dir).filter((each) => each.endsWith('.jsonl'));
    const file = join(world.dir, name!);
    appendFileSync(file, '{"seq":8,"time":"2026');
    expect((await world.fill()).at(-1)).toMatchObject({ current: true });
    appendFileSync(file, '\n');
    await expect(world.fill()).rejects.toThrow(/is damaged at byte \d+ .*interlock verify/);
  });

  it('forgets what retention removed', async () => {
    const world = await worldOf({ segmentBytes: 8_192, retainBytes: 60_000 });
    await many(world, 40);
    await world.fill();
    const before = world.reader().sessions({}).items.length;
    for (let i = 0; i < 120; i++) {
      await world.journal.append({ ...refusalOf(`later-${i}`), session: 'later' });
      world.clock.advance(60_000);
      if (i % 10 === 0) await world.fill();
    }
    await world.reopen();
    await world.fill();
    expect(before).toBe(5);
    expect(
      world
        .reader()
        .sessions({})
        .items.map(({ id }) => id),
    ).toEqual(['later']);
    await agrees(world, { type: 'refusal' }, true);
    expect(await world.reader().record(3, true)).toBeNull();
  });
});
