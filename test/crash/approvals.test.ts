import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { JournalRecord } from '../../src/model/record.ts';
import type { ApprovalRow } from '../../src/ports/stores.ts';
import { until } from '../cases/house.ts';
import { startPostgres } from '../contract/postgres.ts';
import { type Came, type GatewayHouse, openGatewayHouse, openShop, type Running, type Shop } from './approval-house.ts';
import { killAt, type Moment, unattachable } from './tracer.ts';

/** What is written after a call was answered is written within this time. */
const AFTER_MS = 500;

/** HU1, invariant 4: whatever step a gateway dies at between the answer of a person and the end of the call, nothing is done twice or lost. */
const MISSING = unattachable();
/** Every system call instead of some: many minutes instead of two. */
const EXHAUSTIVE = process.env.CRASH_EXHAUSTIVE === '1';
const PATIENCE_MS = EXHAUSTIVE ? 1_800_000 : 240_000;

/** Tests run at the same time: each tidies up after itself. */
type Tidy = (close: () => Promise<void>) => void;

async function shop(tidy: Tidy): Promise<Shop> {
  const made = await openShop();
  tidy(() => made.close());
  return made;
}

async function house(tidy: Tidy, options: Parameters<typeof openGatewayHouse>[0]): Promise<GatewayHouse> {
  const made = await openGatewayHouse(options);
  tidy(() => made.remove());
  return made;
}

/** Says so where nobody can overlook it: a test that was not run is not a test that passed. */
function leftOut(what: string): boolean {
  if (MISSING === null) return false;
  process.stdout.write(`\nLEFT OUT: ${what}: ${MISSING}. Install strace, as a user that may attach, to run it.\n`);
  return true;
}

const orderOf = (row: ApprovalRow): unknown =>
  (JSON.parse(row.request) as { arguments: { id?: unknown } }).arguments.id;

async function askedAbout(gateway: Running, order: string): Promise<ApprovalRow | undefined> {
  return (await gateway.pending()).find((row) => orderOf(row) === order);
}

/** Waits until people are asked about the order. */
async function question(gateway: Running, order: string): Promise<ApprovalRow> {
  let found: ApprovalRow | undefined;
  await until(async () => {
    found = await askedAbout(gateway, order);
    return found !== undefined;
  }, 30_000);
  return found as ApprovalRow;
}

interface Case {
  readonly order: string;
  /** The request somebody answered. */
  readonly id: string;
  /** The answer was acknowledged: it must count from now on. */
  acknowledged: boolean;
}

async function answer(gateway: Running, of: Case, state: 'approved' | 'denied' = 'approved'): Promise<void> {
  const said = await gateway.admin('POST', `/v1/approvals/${of.id}`, { state, by: 'alice', reason: 'looked at it' });
  if (said?.status === 200) of.acknowledged = true;
}

/**
 * The client comes back with the same call until it went through, or people are asked about it anew; then they are told no. An answer
 * that was never acknowledged is given again.
 */
async function comeBack(gateway: Running, of: Case): Promise<'placed' | 'asked-anew'> {
  for (let tries = 0; tries < 12; tries++) {
    const calling = gateway.call(of.order);
    let came: Came | null = null;
    void calling.then((result) => {
      came = result;
    });
    await until(async () => came !== null || (await askedAbout(gateway, of.order)) !== undefined, 30_000);
    const asked = await askedAbout(gateway, of.order);
    if (asked !== undefined && asked.id !== of.id) {
      await answer(gateway, { ...of, id: asked.id }, 'denied');
      await calling;
      return 'asked-anew';
    }
    if (asked !== undefined) {
      expect(of.acknowledged, `${of.order}: an acknowledged answer counts`).toBe(false);
      await answer(gateway, of);
    }
    if ((await calling) === 'placed') return 'placed';
  }
  throw new Error(`${of.order}: neither placed nor asked anew`);
}

const isOutcome = (record: JournalRecord, { id }: Case): boolean =>
  record.type === 'admin' &&
  record.act === 'approval.outcome' &&
  (record.detail as { approval: string }).approval === id &&
  (record.detail as { outcome: string }).outcome === 'approved';

/** Effects, intents, outcomes and the record of the answer, after everybody came back. */
function check(records: readonly JournalRecord[], of: Case, end: { came: 'placed' | 'asked-anew'; effects: number }) {
  const intents = records.filter((record) => record.type === 'intent' && record.approval === of.id);
  const calls = new Set(intents.map((record) => (record as { call: string }).call));
  const ends = records.flatMap((r) => (r.type === 'outcome' && calls.has(r.call) ? [r.outcome] : []));
  const said = { order: of.order, intents: intents.length, effects: end.effects };
  expect(records.filter((record) => isOutcome(record, of)).length, `${of.order}: recorded once`).toBe(1);
  if (end.came === 'placed') return expect(said).toEqual({ order: of.order, intents: 1, effects: 1 });
  // Not good for another call, and the record says what is known of the one it was used for.
  expect(said).toEqual({ order: of.order, intents: 1, effects: expect.toSatisfy((n: number) => n <= 1) });
  expect(ends, `${of.order}: what became of it is on record`).toEqual([expect.stringMatching(/^(unknown|ok)$/)]);
}

const every = (most: number): readonly number[] => Array.from({ length: most }, (_, i) => i + 1);
const some = (few: readonly number[], most: number): readonly number[] => (EXHAUSTIVE ? every(most) : few);

/** The store's calls are made on the main thread, the journal's by the pool: counted from the moment of the answer. */
const MOMENTS: Readonly<Record<string, readonly Moment[]>> = {
  'the store': [
    ...some([1, 2, 3], 3).map((nth) => ({ thread: 'main', call: 'fsync', nth }) as const),
    ...some([23], 40).map((nth) => ({ thread: 'main', call: 'pwrite64', nth }) as const),
  ],
  'the journal': [
    ...some([1, 2, 3], 5).map((nth) => ({ thread: 'pool', call: 'pwrite64', nth }) as const),
    ...some([1, 2], 5).map((nth) => ({ thread: 'pool', call: 'fdatasync', nth }) as const),
  ],
  'a connection': [
    // To the approver, to the server, to the client.
    ...some([1], 3).map((nth) => ({ thread: 'main', call: 'write', nth }) as const),
    ...some([1, 3], 8).map((nth) => ({ thread: 'main', call: 'writev', nth }) as const),
  ],
};

describe.concurrent('a gateway killed between an answer and the end of the call', () => {
  it.for(Object.entries(MOMENTS))(
    'at a call for %s: one effect at most, nothing lost, everything on record',
    { timeout: PATIENCE_MS },
    async ([what, moments], { onTestFinished }) => {
      if (leftOut(`kill at ${what}`)) return;
      const upstream = await shop(onTestFinished);
      const at = await house(onTestFinished, { shop: upstream });
      let gateway = await at.start();
      let killed = 0;
      const cases: { of: Case; came: 'placed' | 'asked-anew' }[] = [];
      for (const moment of moments) {
        const order = `${moment.thread}-${moment.call}-${moment.nth}`;
        const calling = gateway.call(order);
        const of: Case = { order, id: (await question(gateway, order)).id, acknowledged: false };
        const tracer = await killAt(gateway.process.pid as number, moment);
        await answer(gateway, of);
        const first = await calling;
        const quiet = new Promise<false>((done) => setTimeout(done, AFTER_MS, false));
        if (await Promise.race([gateway.exited.then(() => true), quiet])) killed++;
        await tracer.detach();
        await gateway.kill();
        expect(upstream.effects(order), order).toBeLessThanOrEqual(1);
        gateway = await at.start();
        const came = first === 'placed' ? first : await comeBack(gateway, of);
        cases.push({ of, came });
      }
      expect(killed, 'times it was killed there').toBeGreaterThan(moments.length / 2);
      await gateway.kill();
      const records = await at.records();
      for (const { of, came } of cases) check(records, of, { came, effects: upstream.effects(of.order) });
    },
  );
});

/** Two gateways on one store: a call waits at one, people answer at the other. */
describe('a gateway that dies while another one on the same PostgreSQL goes on', () => {
  async function pair(tidy: Tidy) {
    const upstream = await shop(tidy);
    const server = await startPostgres();
    tidy(() => server.stop());
    const options = {
      shop: upstream,
      postgres: server.url,
      token: randomBytes(24).toString('base64url'),
      waitMs: 40_000,
    };
    const waits = await house(tidy, options);
    const here = await waits.start();
    const answers = await house(tidy, { ...options, keysOf: waits });
    return { upstream, waits, answers, here, there: await answers.start() };
  }

  it('holding the call: the client goes on at the other, and nothing is done twice', { timeout: PATIENCE_MS }, async ({
    onTestFinished,
  }) => {
    if (leftOut('kill of a gateway that holds a call')) return;
    const { upstream, waits, answers, there, ...first } = await pair(onTestFinished);
    let { here } = first;
    const moments: readonly Moment[] = [
      // To the store, to the server; and where its intent becomes durable.
      ...some([1], 2).map((nth) => ({ thread: 'main', call: 'writev', nth }) as const),
      { thread: 'pool', call: 'pwrite64', nth: 1 },
    ];
    let killed = 0;
    for (const moment of moments) {
      const order = `held-${moment.thread}-${moment.call}-${moment.nth}`;
      const calling = here.call(order);
      const of: Case = { order, id: (await question(there, order)).id, acknowledged: false };
      const tracer = await killAt(here.process.pid as number, moment);
      await answer(there, of);
      expect(of.acknowledged, order).toBe(true);
      const first = await calling;
      await tracer.detach();
      if (first === 'gone') killed++;
      await here.kill();
      const came = first === 'placed' ? first : await comeBack(there, of);
      expect(upstream.effects(order), order).toBeLessThanOrEqual(1);
      here = await waits.start();
      const records = [...(await waits.records()), ...(await answers.records())];
      expect(records.filter((record) => isOutcome(record, of)).length, `${order}: recorded once`).toBe(1);
      const used = records.some((record) => record.type === 'intent' && record.approval === of.id);
      // Used up for nothing, and asked anew at the other meanwhile: that is told at the restart, and it is not good again.
      const told = records.some(
        (record) =>
          record.type === 'admin' && record.act === 'approval.unused' && JSON.stringify(record).includes(of.id),
      );
      expect({ order, used, told }).toEqual({ order, used: !told, told: came === 'asked-anew' && !used });
      if (came === 'placed') expect(upstream.effects(order), order).toBe(1);
    }
    expect(killed, 'times it was killed while it held the call').toBeGreaterThan(0);
  });

  it('between an answer and its record: the other records it, once, and the call goes on', {
    timeout: PATIENCE_MS,
  }, async ({ onTestFinished }) => {
    if (leftOut('kill of a gateway that takes an answer')) return;
    const { upstream, waits, answers, here, ...first } = await pair(onTestFinished);
    let { there } = first;
    const calling = here.call('answered');
    const of: Case = { order: 'answered', id: (await question(there, 'answered')).id, acknowledged: false };
    let left: ApprovalRow | undefined;
    for (let tries = 0; tries < 5 && left?.state !== 'approved'; tries++) {
      // On a busy machine it may die at the record of something earlier: nobody answered then, and it is tried again.
      if (tries > 0) there = await answers.start();
      const tracer = await killAt(there.process.pid as number, { thread: 'pool', call: 'pwrite64', nth: 1 });
      await answer(there, of);
      await there.exited;
      await tracer.detach();
      left = (await here.admin<{ approval: ApprovalRow }>('GET', `/v1/approvals/${of.id}`))?.body.approval;
    }
    expect(left).toMatchObject({ state: 'approved', recorded: false });
    expect(of.acknowledged).toBe(false);
    expect(await calling).toBe('placed');
    expect(upstream.effects('answered')).toBe(1);
    await answers.start();
    const records = [...(await waits.records()), ...(await answers.records())];
    check(records, of, { came: 'placed', effects: 1 });
  });
});
