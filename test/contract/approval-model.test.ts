import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ApprovalRequest, Approvals } from '../../src/approvals/types.ts';
import type { StandingTerms } from '../../src/model/approval.ts';
import type { JsonObject } from '../../src/model/json.ts';
import type { Stores } from '../../src/ports/stores.ts';
import { ballot, never, openIn, request, shown, type World, world } from './approval-world.ts';
import { GROUNDS, type Ground, open } from './stores-fixture.ts';
import { type ManualClock, manualClock } from './stores-memory.ts';

/** A real server is slower and needs fewer, because the same statements run there. */
const RUNS = { sqlite: 300, postgres: 15 } as const;
const PEOPLE = ['alice', 'bob', 'carol', 'dave'] as const;
type Somebody = (typeof PEOPLE)[number];

/** What a policy may ask, and what that means: so many different people of these, for each part. */
const ASKS = {
  owner: [{ of: ['alice'], count: 1 }],
  'group:finance': [{ of: ['bob', 'carol'], count: 1 }],
  '2 group:finance': [{ of: ['bob', 'carol'], count: 2 }],
  'owner|group:finance': [
    { of: ['alice'], count: 1 },
    { of: ['bob', 'carol'], count: 1 },
  ],
} as const satisfies Record<string, readonly { of: readonly Somebody[]; count: number }[]>;
type Ask = keyof typeof ASKS;

type Command =
  | { readonly do: 'ask'; readonly what: number }
  | { readonly do: 'vote'; readonly what: number; readonly who: Somebody; readonly how: 'approve' | 'deny' | 'stand' }
  | { readonly do: 'change'; readonly what: number; readonly who: Somebody; readonly total: number }
  | { readonly do: 'revoke' }
  | { readonly do: 'leave' | 'return'; readonly who: Somebody }
  | { readonly do: 'policy'; readonly ask: Ask }
  /** `lost`: the call that was that many before the last to use an approval left no intent. */
  | { readonly do: 'restart'; readonly lost: number | null };

interface Row {
  readonly ask: Ask;
  state: 'pending' | 'approved' | 'denied' | 'consumed' | 'withdrawn';
  /** Whether an approval of each of them is of the changed arguments, and whether it is to stand. */
  answers: { who: Somebody; digest: string; stand: boolean }[];
  proposal: string | null;
  /** Which use it was, of all. */
  use: number | null;
}

/** How it should be, in a page: who may answer, what is used, what stands. */
class Model {
  ask: Ask = 'owner';
  readonly active = new Set<Somebody>(PEOPLE);
  readonly rows: Row[][] = [[], []];
  readonly standing: { what: number; signers: readonly Somebody[]; active: boolean }[] = [];
  readonly used: { what: number; row: Row }[] = [];

  current(what: number): Row | undefined {
    return this.rows[what]?.at(-1);
  }

  missing(ask: Ask, by: readonly Somebody[]): number {
    const counted = new Set(by.filter((who) => this.active.has(who)));
    const left = ({ of, count }: { of: readonly Somebody[]; count: number }): number =>
      Math.max(0, count - of.filter((who) => counted.has(who)).length);
    return ASKS[ask].reduce((sum, part) => sum + left(part), 0);
  }

  approvers(row: Row, what: number): Somebody[] {
    const digest = row.proposal ?? digestOf(what);
    return row.answers.filter((answer) => answer.digest === digest).map(({ who }) => who);
  }

  mayAnswer(what: number, who: Somebody): boolean {
    const row = this.current(what);
    if (row?.state !== 'pending') return false;
    const by = this.approvers(row, what);
    return !by.includes(who) && this.missing(row.ask, [...by, who]) < this.missing(row.ask, by);
  }

  asks(what: number): string {
    if (this.standing.some((one) => one.active && one.what === what && this.missing(this.ask, one.signers) === 0))
      return 'standing';
    const row = this.current(what);
    if (row?.state === 'denied') return 'denied';
    const open = row?.state === 'pending' || row?.state === 'approved' ? row : null;
    if (open !== null && open.ask !== this.ask && open.proposal === null) open.state = 'withdrawn';
    else if (open?.state === 'approved') {
      if (this.missing(open.ask, this.approvers(open, what)) === 0) {
        open.state = 'consumed';
        open.use = this.used.push({ what, row: open }) - 1;
        return 'approved';
      }
      open.state = 'withdrawn';
    } else if (open !== null) return 'pending';
    this.rows[what]?.push({ ask: this.ask, state: 'pending', answers: [], proposal: null, use: null });
    return 'pending';
  }

  votes({ what, who, how }: Extract<Command, { do: 'vote' }>): boolean {
    const row = this.current(what);
    if (row?.state !== 'pending') return false;
    if (how === 'deny') {
      const asked = this.active.has(who) && ASKS[row.ask].some(({ of }) => (of as readonly Somebody[]).includes(who));
      if (asked) row.state = 'denied';
      return asked;
    }
    if (!this.mayAnswer(what, who) || (how === 'stand' && row.proposal !== null)) return false;
    row.answers.push({ who, digest: row.proposal ?? digestOf(what), stand: how === 'stand' });
    this.settle(row, what);
    return true;
  }

  changes({ what, who, total }: Extract<Command, { do: 'change' }>): boolean {
    const row = this.current(what);
    if (row?.state !== 'pending') return false;
    if (!this.mayAnswer(what, who) && !this.approvers(row, what).includes(who)) return false;
    row.proposal = `changed-${JSON.stringify({ total })}`;
    const digest = row.proposal;
    row.answers = row.answers.filter((answer) => answer.who !== who || answer.digest !== digest);
    row.answers.push({ who, digest, stand: false });
    this.settle(row, what);
    return true;
  }

  settle(row: Row, what: number): void {
    const signers = this.approvers(row, what);
    if (this.missing(row.ask, signers) > 0) return;
    row.state = 'approved';
    const digest = row.proposal ?? digestOf(what);
    if (row.answers.filter((answer) => answer.digest === digest).every(({ stand }) => stand))
      this.standing.push({ what, signers, active: true });
  }

  /** Whether an approval that was used for nothing is good again. */
  restarts(lost: number | null): boolean {
    const use = lost === null ? undefined : this.used.at(-1 - lost);
    if (use === undefined) return false;
    const { what, row } = use;
    if (this.used[row.use as number] !== use || row.state !== 'consumed' || this.current(what) !== row) return false;
    row.state = 'approved';
    return true;
  }
}

const digestOf = (what: number): string => `d${what}`;
const totalOf = (what: number): number => 900 + what;

/** The real thing, driven by the same commands. */
class Real {
  readonly of: World = world();
  readonly used = new Set<string>();
  readonly ids: string[] = ['', ''];
  approvals: Approvals;
  ask: Ask = 'owner';
  readonly usedInOrder: string[] = [];
  #calls = 0;
  /** The same for all who let something stand: they agree on it. */
  readonly #endMs = clock.nowMs() + 600_000;
  readonly #stores: Stores;
  readonly #name: string;

  constructor(stores: Stores, name: string) {
    this.#stores = stores;
    this.#name = name;
    this.approvals = this.#open();
  }

  #open(): Approvals {
    const { records } = this.of;
    const journal = {
      id: this.#name,
      append: async ({ act, by, detail }: { act: string; by: string; detail: unknown }) => {
        return { seq: records.push({ act, by, detail: detail as JsonObject }) - 1 };
      },
    };
    const options = { journal, maxPendingPerAgent: 1_000_000, sweepMs: 3_600_000, recovers: true };
    this.of.rules.current = { ...this.of.rules.current, waitMs: 0 };
    return openIn({ world: this.of, store: this.#stores.approvals, clock, options });
  }

  request(what: number, call: string): ApprovalRequest {
    const digest = digestOf(what);
    const asks = this.ask.split('|').map((text) => ({ text, agent: 'buyer' }));
    const chain = JSON.stringify([this.#name]);
    return request({ call, digest, asks, chain, shown: shown({ arguments: { total: totalOf(what) } }) });
  }

  async asks(what: number): Promise<string> {
    const call = `${this.#name}-${this.#calls++}`;
    const outcome = await this.approvals.ask(this.request(what, call), never);
    if ('id' in outcome && outcome.outcome !== 'standing') this.ids[what] = outcome.id;
    if (outcome.outcome === 'approved') {
      this.used.add(call);
      this.usedInOrder.push(call);
    }
    return outcome.outcome;
  }

  async votes({ what, who, how }: Extract<Command, { do: 'vote' }>): Promise<boolean> {
    const row = await this.approvals.get(this.ids[what] as string);
    const digest = row?.proposal?.digest ?? digestOf(what);
    const terms: StandingTerms = {
      ...{ agent: 'buyer', subject: null, server: 'erp', target: 'orders.create', session: 's1', task: null },
      ...{ fixed: { '/total': totalOf(what) }, free: [], maxAmount: null, notAfterMs: this.#endMs },
    };
    const verdict = how === 'deny' ? 'denied' : 'approved';
    const given = ballot(who, { verdict, digest, standing: how === 'stand' ? terms : null });
    return (await this.approvals.vote(this.ids[what] as string, given)).ok;
  }

  async changes({ what, who, total }: Extract<Command, { do: 'change' }>): Promise<boolean> {
    const digest = `changed-${JSON.stringify({ total })}`;
    const given = ballot(who, { digest, arguments: { total } });
    return (await this.approvals.vote(this.ids[what] as string, given)).ok;
  }

  /** As the journal would be read. */
  async restarts(lost: number | null): Promise<boolean> {
    this.approvals.close();
    this.approvals = this.#open();
    if (lost !== null) this.used.delete(this.usedInOrder.at(-1 - lost) ?? '');
    const outcomes = new Map<string, { outcome: string; seq: number }>();
    for (const [seq, { act, detail }] of this.of.records.entries()) {
      if (act === 'approval.outcome') outcomes.set(String(detail.approval), { outcome: String(detail.outcome), seq });
      if (act === 'approval.unused') this.used.add(String(detail.call));
    }
    const told = this.of.records.length;
    const reopened = await this.approvals.recover({ sinceMs: 0, used: this.used, outcomes });
    // What is lost is told: it is good again, or why it is not. Never twice.
    for (const { act, detail } of this.of.records.slice(told)) {
      expect(['approval.reopen', 'approval.unused']).toContain(act);
      if (act === 'approval.unused') this.used.add(String(detail.call));
    }
    return reopened === 1;
  }
}

let made = 0;
const clock: ManualClock = manualClock();

async function step(model: Model, real: Real, command: Command): Promise<void> {
  switch (command.do) {
    case 'ask':
      return expect([command, await real.asks(command.what)]).toEqual([command, model.asks(command.what)]);
    case 'vote':
      return expect([command, await real.votes(command)]).toEqual([command, model.votes(command)]);
    case 'change':
      return expect([command, await real.changes(command)]).toEqual([command, model.changes(command)]);
    case 'revoke':
      for (const one of model.standing) one.active = false;
      real.of.standing.splice(0, Infinity, ...real.of.standing.map((one) => ({ ...one, state: 'revoked' as const })));
      return;
    case 'leave':
    case 'return': {
      const active = command.do === 'return';
      if (active) model.active.add(command.who);
      else model.active.delete(command.who);
      real.of.people.set(command.who, { ...real.of.people.get(command.who)!, active });
      return;
    }
    case 'policy':
      model.ask = command.ask;
      real.ask = command.ask;
      return;
    case 'restart':
      return expect([command, await real.restarts(command.lost)]).toEqual([command, model.restarts(command.lost)]);
  }
}

/** Who may answer, what everything is now, and what is on record of it. */
async function compare(model: Model, real: Real): Promise<void> {
  for (const what of [0, 1]) {
    const row = real.ids[what] === '' ? null : await real.approvals.get(real.ids[what] as string);
    expect(row?.state).toBe(model.current(what)?.state);
    if (row === null) continue;
    for (const who of PEOPLE)
      expect([what, who, real.approvals.mayAnswer(row, who).ok]).toEqual([what, who, model.mayAnswer(what, who)]);
  }
  const ended = model.rows.flat().filter(({ state }) => state !== 'pending');
  const told = real.of.records.filter(({ act }) => act === 'approval.outcome');
  for (const state of ['denied', 'withdrawn'] as const)
    expect(told.filter(({ detail }) => detail.outcome === state).length).toBe(
      ended.filter((row) => row.state === state).length,
    );
  expect(real.of.standing.filter(({ state }) => state === 'active').length).toBe(
    model.standing.filter(({ active }) => active).length,
  );
}

const what = fc.constantFrom(0, 0, 1);
const who = fc.constantFrom('alice' as const, 'alice' as const, ...PEOPLE);
const how = fc.constantFrom('approve', 'approve', 'approve', 'approve', 'stand', 'deny') as fc.Arbitrary<
  'approve' | 'stand' | 'deny'
>;
const command: fc.Arbitrary<Command> = fc.oneof(
  { weight: 8, arbitrary: fc.record({ do: fc.constant('ask' as const), what }) },
  { weight: 8, arbitrary: fc.record({ do: fc.constant('vote' as const), what, who, how }) },
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constant('change' as const), what, who, total: fc.constantFrom(1, 2) }),
  },
  { weight: 1, arbitrary: fc.constant({ do: 'revoke' } as const) },
  { weight: 2, arbitrary: fc.record({ do: fc.constantFrom('leave' as const, 'return' as const), who }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('policy' as const), ask: fc.constantFrom(...keysOf(ASKS)) }) },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant('restart' as const), lost: fc.constantFrom(null, 0, 0, 1, 1, 2) }),
  },
);

function keysOf<T extends object>(value: T): (keyof T)[] {
  return Object.keys(value) as (keyof T)[];
}

describe.each(GROUNDS)('approvals and a simple model of them, on $name', ({ name, start }) => {
  let ground: Ground;
  let stores: Stores;
  beforeAll(async () => {
    ground = await start('memory');
    stores = await open(await ground.place(), clock);
  });
  afterAll(async () => {
    await stores?.close();
    await ground?.stop();
  });

  it('agree about who may answer, what is used and what stands, whatever happens in whatever order', {
    timeout: 300_000,
  }, async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(command, { minLength: 5, maxLength: 60, size: 'max' }), async (commands) => {
        const model = new Model();
        const real = new Real(stores, `${name}-${made++}`);
        try {
          for (const each of commands) {
            // No two things happen at the same time.
            clock.pass(1);
            await step(model, real, each);
            await compare(model, real);
          }
        } finally {
          real.approvals.close();
        }
      }),
      { numRuns: RUNS[name] },
    );
  });
});
