/**
 * What it costs to ask people: from an answer to the server that sees the call, a hundred thousand requests that wait, and the building of
 * one question. Alone: `node test/bench/approvals.ts [--json] [--quick]`.
 *
 * Gateways are processes of their own, started as users start them, with their journal and store on disk; commits wait for the disk, in
 * PostgreSQL too. Answers go in at the administrative socket.
 */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { parseArgs } from 'node:util';
import { systemClock } from '../../src/adapters/clock.ts';
import type { ApprovalFilter, ApprovalRow, ApprovalStore } from '../../src/ports/stores.ts';
import { startPostgres } from '../contract/postgres.ts';
import { type Location, open } from '../contract/stores-fixture.ts';
import { type GatewayHouse, openGatewayHouse, openShop, type Running, type Shop } from '../crash/approval-house.ts';
import { fill, HEAVY, LIGHT, NEWEST, OLDEST } from './approvals/fill.ts';
import { type QuestionCost, questionCost } from './approvals/question.ts';

export interface ApprovalsPlan {
  /** Calls for each latency, at one and at `together` that wait at once. */
  readonly alone: number;
  readonly together: number;
  readonly rounds: number;
  readonly pending: number;
  readonly questions: number;
}

export const FULL: ApprovalsPlan = { alone: 100, together: 50, rounds: 6, pending: 100_000, questions: 5_000 };
export const QUICK: ApprovalsPlan = { alone: 10, together: 10, rounds: 1, pending: 2_000, questions: 500 };

interface Latency {
  readonly p50_ms: number;
  readonly p99_ms: number;
  readonly calls: number;
}

/** By calls that wait at once. */
interface Latencies {
  readonly alone: Latency;
  readonly together: Latency;
}

interface Timed {
  readonly ms: number;
  /** The longest the event loop of the gateway would have stood still meanwhile. */
  readonly stall_ms: number;
}

export interface Pending {
  readonly requests: number;
  readonly list_few: Timed;
  readonly list_many: Timed;
  readonly pages_20: Timed;
  readonly search_newest: Timed;
  readonly search_oldest: Timed;
  readonly search_nothing: Timed;
  readonly count_few: Timed;
  readonly count_many: Timed;
}

export interface ApprovalsBench {
  /** From the answer handed in until the server sees the call. */
  readonly effect: { readonly sqlite: Latencies; readonly postgres_two_gateways: Latencies };
  readonly pending: { readonly sqlite: Pending; readonly postgres: Pending };
  readonly question: QuestionCost;
}

const say = (line: string): void => void process.stderr.write(`${line}\n`);

export async function approvalsBench(plan: ApprovalsPlan): Promise<ApprovalsBench> {
  const question = await questionCost(plan.questions);
  say('questions measured ...');
  const base = resolve(import.meta.dirname, '../../tmp');
  mkdirSync(base, { recursive: true });
  const dir = mkdtempSync(join(base, 'interlock-bench-approvals-'));
  const server = await startPostgres({ durable: true });
  try {
    const sqlite = await pending({ kind: 'sqlite', at: join(dir, 'store.db') }, plan);
    say('pending requests on SQLite measured ...');
    const postgres = await pending({ kind: 'postgres', at: await server.database() }, plan);
    say('pending requests on PostgreSQL measured ...');
    const one = await effect(plan, null);
    say('one gateway measured ...');
    const two = await effect(plan, await server.database());
    return { effect: { sqlite: one, postgres_two_gateways: two }, pending: { sqlite, postgres }, question };
  } finally {
    await server.stop();
    rmSync(dir, { recursive: true, force: true });
  }
}

/** Calls wait at one gateway; answers are handed in at the other, where there is one. */
async function effect(plan: ApprovalsPlan, postgres: string | null): Promise<Latencies> {
  const shop = await openShop();
  const shared = { shop, token: 'a-token-of-the-benchmark', waitMs: 60_000 };
  const options = postgres === null ? shared : { ...shared, postgres };
  const houses = [await openGatewayHouse(options)];
  try {
    const gateways = [await (houses[0] as GatewayHouse).start()];
    if (postgres !== null) {
      const other = await openGatewayHouse({ ...options, keysOf: houses[0] as GatewayHouse });
      houses.push(other);
      gateways.push(await other.start());
    }
    const at = { shop, waits: gateways[0] as Running, answers: gateways.at(-1) as Running };
    await answered(at, ['warm-1']);
    await answered(at, ['warm-2', 'warm-3']);
    const alone: number[] = [];
    for (let i = 0; i < plan.alone; i++) alone.push(...(await answered(at, [`alone-${i}`])));
    const together: number[] = [];
    for (let round = 0; round < plan.rounds; round++)
      together.push(
        ...(await answered(
          at,
          Array.from({ length: plan.together }, (_, i) => `many-${round}-${i}`),
        )),
      );
    return { alone: latency(alone), together: latency(together) };
  } finally {
    for (const house of houses) await house.remove();
    await shop.close();
  }
}

interface Place {
  readonly shop: Shop;
  readonly waits: Running;
  readonly answers: Running;
}

/** Lets the calls wait, answers all of them at once, and tells how long each took from its answer to its effect, in ms. */
async function answered({ shop, waits, answers }: Place, orders: readonly string[]): Promise<number[]> {
  const calls = orders.map((order) => waits.call(order));
  let rows: readonly ApprovalRow[] = [];
  while (rows.length < orders.length) {
    await new Promise((done) => setTimeout(done, 20));
    rows = await answers.pending();
  }
  const beganUs = new Map<string, number>();
  const taken: number[] = [];
  shop.onOrder = (order) => taken.push((systemClock.monotonicUs() - (beganUs.get(order) as number)) / 1000);
  const votes = rows.map((row) => {
    return answer(answers, row.id, () => beganUs.set(String(orderOf(row)), systemClock.monotonicUs()));
  });
  await Promise.all(votes);
  for (const came of await Promise.all(calls)) if (came !== 'placed') throw new Error(`a call did not go on: ${came}`);
  if (taken.length !== orders.length) throw new Error(`${taken.length} effects of ${orders.length}`);
  return taken;
}

const MAX_TRIES = 50;

/** Where a machine is so busy that the kill switch goes stale, nothing can be approved for a moment: that is not what is measured. */
async function answer(at: Running, id: string, begin: () => void): Promise<void> {
  for (let tries = 1; ; tries++) {
    begin();
    const said = { state: 'approved', by: 'alice', reason: 'bench' };
    if ((await at.admin('POST', `/v1/approvals/${id}`, said))?.status === 200) return;
    if (tries === MAX_TRIES) throw new Error('an answer was refused');
    await new Promise((done) => setTimeout(done, 100));
  }
}

function orderOf(row: ApprovalRow): unknown {
  return (JSON.parse(row.request) as { arguments: { id?: unknown } }).arguments.id;
}

const PAGES = 20;
const PAGE = 50;

export async function pending(location: Location, plan: ApprovalsPlan): Promise<Pending> {
  await (await open(location)).close();
  await fill(location, plan.pending);
  const stores = await open(location);
  try {
    const { approvals } = stores;
    const list = (keys: readonly string[], more: Partial<ApprovalFilter> = {}) =>
      approvals.list({ state: 'pending', keys, limit: PAGE, ...more });
    const search = async (text: string, hits: number): Promise<void> => {
      const found = await list(HEAVY, { text });
      if (found.length !== hits) throw new Error(`${found.length} hits for ${text}`);
    };
    return {
      requests: plan.pending,
      list_few: await timed(() => list(LIGHT)),
      list_many: await timed(() => list(HEAVY)),
      pages_20: await timed(() => pages(approvals)),
      search_newest: await timed(() => search(NEWEST, 1)),
      search_oldest: await timed(() => search(OLDEST, 1)),
      search_nothing: await timed(() => search('no-such-thing', 0)),
      count_few: await timed(() => approvals.count({ state: 'pending', keys: LIGHT })),
      count_many: await timed(() => approvals.count({ state: 'pending', keys: HEAVY })),
    };
  } finally {
    await stores.close();
  }
}

async function pages(approvals: ApprovalStore): Promise<void> {
  let before: ApprovalFilter['before'];
  for (let page = 0; page < PAGES; page++) {
    const filter = { state: 'pending', keys: HEAVY, limit: PAGE, ...(before === undefined ? {} : { before }) } as const;
    const last = (await approvals.list(filter)).at(-1);
    if (last === undefined) throw new Error('a page is empty');
    before = { requestedAtMs: last.requestedAtMs, id: last.id };
  }
}

const TIMES = 5;

/** Once unmeasured; then the median time and the median of the longest stalls. */
async function timed(work: () => Promise<unknown>): Promise<Timed> {
  await work();
  const ms: number[] = [];
  const stalls: number[] = [];
  for (let i = 0; i < TIMES; i++) {
    const delay = monitorEventLoopDelay({ resolution: 1 });
    delay.enable();
    await new Promise((done) => setTimeout(done, 20));
    delay.reset();
    const beganUs = systemClock.monotonicUs();
    await work();
    ms.push((systemClock.monotonicUs() - beganUs) / 1000);
    // What stood still is told by the next turn.
    await new Promise((done) => setTimeout(done, 20));
    delay.disable();
    stalls.push(delay.max / 1e6);
  }
  return { ms: percentile(ms, 50), stall_ms: percentile(stalls, 50) };
}

function latency(values: readonly number[]): Latency {
  return { p50_ms: percentile(values, 50), p99_ms: percentile(values, 99), calls: values.length };
}

function percentile(values: readonly number[], rank: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  const value = sorted[Math.min(sorted.length - 1, Math.ceil((rank / 100) * sorted.length) - 1)] as number;
  return Math.round(value * 100) / 100;
}

if (import.meta.main) {
  const { values } = parseArgs({ options: { json: { type: 'boolean' }, quick: { type: 'boolean' } } });
  const result = await approvalsBench(values.quick === true ? QUICK : FULL);
  process.stdout.write(`${JSON.stringify(result, null, values.json === true ? undefined : 2)}\n`);
}
