import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../src/adapters/clock.ts';
import type { ApprovalsOptions } from '../../src/approvals/approvals.ts';
import type { ApprovalOutcome, Approvals } from '../../src/approvals/types.ts';
import { redemptionOf, type StandingTerms } from '../../src/model/approval.ts';
import type { ApprovalRules } from '../../src/model/approval-rules.ts';
import type { Clock } from '../../src/ports/clock.ts';
import type { ApprovalFilter, Stores } from '../../src/ports/stores.ts';
import { approvalRow } from './approval-row.ts';
import { ballot, never, openIn, park, request, shown, type World, world } from './approval-world.ts';
import { GROUNDS, type Ground, type Location, open } from './stores-fixture.ts';

const idOf = (outcome: ApprovalOutcome): string => ('id' in outcome ? outcome.id : '');
const order = (id: string): number => Math.floor(Number(id.slice(3)) / 3);
const no = { verdict: 'denied', reason: 'too much' } as const;

describe.each(GROUNDS)('approvals on $name', ({ start }) => {
  let ground: Ground;
  let location: Location;
  let company: World;
  const opened: { approvals: Approvals; stores: Stores }[] = [];
  /** One gateway process, as far as approvals are concerned. */
  const gateway = async (
    rules: Partial<ApprovalRules> = {},
    options: Partial<ApprovalsOptions> = {},
  ): Promise<Approvals> => {
    const stores = await open(location);
    const mine = { ...company, rules: { current: { ...company.rules.current, ...rules } } };
    Object.defineProperty(mine, 'journalDown', { get: () => company.journalDown });
    const approvals = openIn({ world: mine, store: stores.approvals, options });
    opened.push({ approvals, stores });
    return approvals;
  };
  const closeAll = async (): Promise<void> => {
    for (const { approvals, stores } of opened.splice(0)) {
      approvals.close();
      await stores.close();
    }
  };

  beforeAll(async () => {
    ground = await start();
  });
  afterAll(() => ground?.stop());
  beforeEach(async () => {
    location = await ground.place();
    company = world();
  });
  afterEach(closeAll);

  it('wait for the answer of one person and say whose it was, once it is on record', async () => {
    const approvals = await gateway();
    const asked = await park(approvals);
    const [pending] = await approvals.list({ state: 'pending', limit: 10 });
    expect(pending).toMatchObject({ id: asked.id, agent: 'buyer', session: 's1', digest: 'd1', askWhom: ['owner'] });
    expect(JSON.parse(pending?.request ?? '')).toEqual(shown());
    expect(await approvals.vote(asked.id, ballot('alice'))).toMatchObject({ ok: true, complete: true });
    expect(await asked.outcome).toMatchObject({
      outcome: 'approved',
      id: asked.id,
      signed: [{ person: 'alice' }],
      arguments: null,
    });
    expect(company.records).toMatchObject([
      { act: 'approval.outcome', by: 'alice', detail: { approval: asked.id, outcome: 'approved', digest: 'd1' } },
    ]);
    expect(await approvals.get(asked.id)).toMatchObject({
      state: 'consumed',
      consumedBy: { journal: 'journal', call: 'call-1' },
      receipt: { journal: 'journal', seq: 0 },
    });
    expect(await approvals.vote(asked.id, ballot('alice', no))).toMatchObject({ ok: false, why: 'over' });
  });

  it('are on record whatever the size of the call: of very large arguments the size and the digest', async () => {
    const approvals = await gateway();
    const large = shown({ arguments: { text: 'x'.repeat(1_000_000) } });
    const asked = await park(approvals, request({ shown: large }));
    expect(await approvals.vote(asked.id, ballot('alice'))).toMatchObject({ ok: true, complete: true });
    expect(await asked.outcome).toMatchObject({ outcome: 'approved' });
    expect(company.records[0]?.detail).toMatchObject({ arguments: { truncated: 1_000_011 }, digest: 'd1' });
  });

  it('tell a denial with its reason, and tell it again to whoever retries', async () => {
    const approvals = await gateway();
    const asked = await park(approvals);
    await approvals.vote(asked.id, ballot('alice', no));
    const denied = { outcome: 'denied', id: asked.id, by: 'alice', reason: 'too much' };
    expect(await asked.outcome).toEqual(denied);
    expect(await approvals.ask(request({ call: 'call-2' }), never)).toEqual(denied);
    expect(await approvals.list({ state: 'pending', limit: 10 })).toEqual([]);
    expect(company.records).toMatchObject([{ by: 'alice', detail: { outcome: 'denied' } }]);
  });

  it('take no answer of somebody who is not asked, who started it, or who proved too little', async () => {
    const approvals = await gateway();
    const asks = [{ text: '2 group:finance', agent: 'buyer' }];
    const { id } = await park(approvals, request({ asks, starters: ['alice', 'carol'] }));
    expect(await approvals.vote(id, ballot('dave'))).toMatchObject({ ok: false, why: 'not-asked' });
    expect(await approvals.vote(id, ballot('carol'))).toMatchObject({ ok: false, why: 'separation' });
    expect(await approvals.vote(id, ballot('bob', { digest: 'other' }))).toMatchObject({ ok: false, why: 'changed' });
    expect(await approvals.vote(id, ballot('bob'))).toMatchObject({ ok: true, complete: false });
    expect(await approvals.vote(id, ballot('bob'))).toMatchObject({ ok: false, why: 'answered' });
    const strict = await gateway({ assurance: 'passkey' });
    const other = await park(strict, request({ digest: 'd2' }));
    expect(await strict.vote(other.id, ballot('alice', { digest: 'd2' }))).toMatchObject({
      ok: false,
      why: 'assurance',
    });
    expect(company.records).toEqual([]);
  });

  it('need as many different people as the policy asks for', async () => {
    const approvals = await gateway();
    const asked = await park(approvals, request({ asks: [{ text: '2 group:finance', agent: 'buyer' }] }));
    await approvals.vote(asked.id, ballot('bob'));
    expect((await approvals.get(asked.id))?.state).toBe('pending');
    await approvals.vote(asked.id, ballot('carol'));
    expect(await asked.outcome).toMatchObject({
      outcome: 'approved',
      signed: [{ person: 'bob' }, { person: 'carol' }],
    });
    expect(company.records).toHaveLength(1);
    expect((company.records[0]?.detail.answers as unknown[]).length).toBe(2);
  });

  it('approve nothing for an agent that is stopped, but take a denial', async () => {
    const approvals = await gateway();
    const { id } = await park(approvals);
    company.stopped.set('buyer', 'not-active');
    expect(await approvals.vote(id, ballot('alice'))).toMatchObject({ ok: false, why: 'stopped' });
    expect(await approvals.vote(id, ballot('alice', no))).toMatchObject({ ok: true });
  });

  it('are not used when somebody who approved has left meanwhile', async () => {
    const approvals = await gateway({ waitMs: 20 });
    const { id } = (await approvals.ask(request(), never)) as { id: string };
    await approvals.vote(id, ballot('alice'));
    company.people.set('alice', { ...company.people.get('alice')!, active: false });
    const again = await approvals.ask(request({ call: 'retry' }), never);
    expect(again).toMatchObject({ outcome: 'pending' });
    expect(idOf(again)).not.toBe(id);
    expect((await approvals.get(id))?.state).toBe('withdrawn');
  });

  it('let through what somebody changed, and whoever answered before answers again', async () => {
    const approvals = await gateway();
    const asked = await park(approvals, request({ asks: [{ text: '2 group:finance', agent: 'buyer' }] }));
    await approvals.vote(asked.id, ballot('bob'));
    const args = { total: 500 };
    const preview = await approvals.preview((await approvals.get(asked.id))!, args);
    if (!preview.ok) throw new Error('no preview');
    const { digest } = preview;
    expect(await approvals.vote(asked.id, ballot('carol', { arguments: args }))).toMatchObject({ why: 'changed' });
    const changed = await approvals.vote(asked.id, ballot('carol', { arguments: args, digest }));
    expect(changed).toMatchObject({ ok: true, complete: false });
    expect(await approvals.vote(asked.id, ballot('bob'))).toMatchObject({ ok: false, why: 'changed' });
    expect(await approvals.vote(asked.id, ballot('bob', { digest }))).toMatchObject({ ok: true, complete: true });
    expect(await asked.outcome).toMatchObject({
      outcome: 'approved',
      arguments: args,
      digest,
      signed: [{ person: 'carol' }, { person: 'bob' }],
    });
    expect(company.records[0]?.detail.changed).toMatchObject({ arguments: args, digest, by: 'carol' });
  });

  it('ask whoever changed arguments ask for, with the proof they ask for', async () => {
    const told: string[][] = [];
    const again: ApprovalsOptions['again'] = async (row, args) => {
      const who = [{ kind: 'group', id: 'finance' }] as const;
      const parts = [{ ask: 'group:finance', slots: [{ who, exceptStarters: false }] }];
      const assurance = args.total === 1 ? ('signed-in' as const) : row.requirement.assurance;
      const requirement = { ...row.requirement, parts, assurance };
      return { ok: true, digest: `c${String(args.total)}`, shown: shown({ arguments: args }), requirement };
    };
    const notices: ApprovalsOptions['notices'] = (_row, kind, candidates) => {
      if (kind === 'asked') told.push([...candidates]);
      return [];
    };
    const approvals = await gateway({}, { again, notices });
    const { id } = await park(approvals);
    const dear = ballot('alice', { arguments: { total: 1 }, digest: 'c1' });
    expect(await approvals.vote(id, dear)).toMatchObject({ ok: false, why: 'assurance' });
    expect(await approvals.listFor('bob', { limit: 5 })).toEqual([]);
    const other = ballot('alice', { arguments: { total: 20_000 }, digest: 'c20000' });
    expect(await approvals.vote(id, other)).toMatchObject({ ok: true, complete: false });
    expect((await approvals.listFor('bob', { state: 'pending', limit: 5 })).map((row) => row.id)).toEqual([id]);
    expect(told).toEqual([['alice'], ['bob', 'carol']]);
    expect(await approvals.vote(id, ballot('bob', { digest: 'c20000' }))).toMatchObject({ ok: true, complete: true });
  });

  it('stand for what was agreed on, for as long as who agreed may, and no longer', async () => {
    const approvals = await gateway();
    const asked = await park(approvals);
    const terms: StandingTerms = {
      ...{ agent: 'buyer', subject: null, server: 'erp', target: 'orders.create', session: 's1', task: null },
      ...{ fixed: { '/total': 900 }, free: [], maxAmount: null, notAfterMs: systemClock.nowMs() + 600_000 },
    };
    const wider = { ...terms, fixed: {}, notAfterMs: systemClock.nowMs() + 86_400_000 };
    expect(await approvals.vote(asked.id, ballot('alice', { standing: wider }))).toMatchObject({ why: 'standing' });
    expect(await approvals.vote(asked.id, ballot('alice', { standing: terms }))).toMatchObject({ ok: true });
    await asked.outcome;
    expect(company.standing).toMatchObject([{ approval: asked.id, signers: ['alice'], state: 'active' }]);
    expect(await approvals.ask(request({ call: 'second' }), never)).toMatchObject({
      outcome: 'standing',
      signed: [{ person: 'alice' }],
    });
    const finance = request({ asks: [{ text: 'group:finance', agent: 'buyer' }] });
    expect((await park(approvals, finance)).id).not.toBe('');
    expect((await park(approvals, request({ chain: '[["agent","x"]]' }))).id).not.toBe(asked.id);
    const strict = await gateway({ assurance: 'signed-in' });
    expect((await park(strict, request({ call: 'strict' }))).id).not.toBe(asked.id);
    company.people.set('alice', { ...company.people.get('alice')!, active: false });
    expect((await park(approvals, request({ call: 'third' }))).id).not.toBe(asked.id);
  });

  it('reach a call that waits in another process, well before any poll would', async () => {
    const [here, there] = [await gateway(), await gateway()];
    const asked = await park(here);
    await new Promise((resolve) => setTimeout(resolve, 100));
    const beganUs = systemClock.monotonicUs();
    await there.vote(asked.id, ballot('alice'));
    expect(await asked.outcome).toMatchObject({ outcome: 'approved', signed: [{ person: 'alice' }] });
    expect((systemClock.monotonicUs() - beganUs) / 1000).toBeLessThan(800);
  });

  it('send a call home when nobody answers in time, and wait for it', async () => {
    const approvals = await gateway({ waitMs: 30 });
    const first = await approvals.ask(request(), never);
    expect(first).toEqual({ outcome: 'pending', id: expect.any(String) });
    await approvals.vote(idOf(first), ballot('alice'));
    expect(await approvals.ask(request({ call: 'retry' }), never)).toMatchObject({
      outcome: 'approved',
      id: idOf(first),
    });
    expect(idOf(await approvals.ask(request({ call: 'third' }), never))).not.toBe(idOf(first));
  });

  it('survive a restart of the gateway and of the client: both come back to the same request and its answer', async () => {
    const before = await gateway({ waitMs: 20 });
    const id = idOf(await before.ask(request(), never));
    await closeAll();
    const after = await gateway({ waitMs: 20 });
    expect(await after.ask(request({ session: 'another' }), never)).toEqual({ outcome: 'pending', id });
    await after.vote(id, ballot('alice'));
    await closeAll();
    const last = await gateway({ waitMs: 20 });
    expect(await last.ask(request({ session: 'third' }), never)).toMatchObject({ outcome: 'approved', id });
  });

  it('let exactly one of fifty calls through for one approval, over two processes', async () => {
    const [here, there] = [await gateway({ waitMs: 6_000 }), await gateway({ waitMs: 6_000 })];
    const parked: string[] = [];
    const asks = Array.from({ length: 50 }, (_, i) =>
      (i % 2 === 0 ? here : there).ask(request({ call: `call-${i}` }), never, (id) => parked.push(id)),
    );
    while (parked.length < 50) await new Promise((resolve) => setTimeout(resolve, 5));
    const [id] = parked;
    expect(new Set(parked)).toEqual(new Set([id]));
    await here.vote(id as string, ballot('alice'));
    const outcomes = await Promise.all(asks);
    expect(outcomes.filter((each) => each.outcome === 'approved')).toMatchObject([
      { id, signed: [{ person: 'alice' }] },
    ]);
    const rest = outcomes.filter((each) => each.outcome !== 'approved');
    // All who waited beside it hear that it went on: nobody is asked the same again for them.
    expect(rest.every((each) => each.outcome === 'used' && each.id === id)).toBe(true);
    expect(await here.list({ state: 'pending', limit: 100 })).toEqual([]);
  });

  it('are good for the exact action only: another digest, agent, person, chain or task never uses one up', async () => {
    const approvals = await gateway({ waitMs: 20 });
    const id = idOf(await approvals.ask(request(), never));
    await approvals.vote(id, ballot('alice'));
    const others = [
      { digest: 'd2' },
      { agent: 'thief' },
      { subject: 'dave' },
      { chain: '[["agent","x"]]' },
      { task: 't' },
    ];
    for (const over of others) {
      const outcome = await approvals.ask(request(over), never);
      expect(outcome).toMatchObject({ outcome: 'pending' });
      expect(idOf(outcome)).not.toBe(id);
    }
    expect((await approvals.get(id))?.state).toBe('approved');
    expect(await approvals.ask(request(), never)).toMatchObject({ outcome: 'approved', id });
  });

  it('expire: unanswered while waited for, and approved but not used; both are on record', async () => {
    const approvals = await gateway({}, { sweepMs: 20 });
    expect(await approvals.ask(request({ ttlMs: 60 }), never)).toMatchObject({ outcome: 'expired' });
    const asked = idOf(await (await gateway({ waitMs: 10 })).ask(request({ digest: 'd2', ttlMs: 250 }), never));
    expect(await approvals.vote(asked, ballot('alice', { digest: 'd2' }))).toMatchObject({ ok: true });
    while (
      ((await approvals.get(asked))?.receipt ?? null) === null ||
      (await approvals.get(asked))?.state !== 'expired'
    )
      await new Promise((resolve) => setTimeout(resolve, 10));
    expect(await approvals.vote(asked, ballot('alice', { digest: 'd2' }))).toMatchObject({ why: 'over' });
    const anew = await (await gateway({ waitMs: 10 })).ask(request({ digest: 'd2' }), never);
    expect(anew).toMatchObject({ outcome: 'pending' });
    expect(idOf(anew)).not.toBe(asked);
    while (company.records.filter(({ detail }) => detail.outcome === 'expired').length < 2)
      await new Promise((resolve) => setTimeout(resolve, 10));
  });

  it('count for nothing until they are on record, and are recorded later by whoever finds them', async () => {
    const approvals = await gateway({ waitMs: 20 });
    const id = idOf(await approvals.ask(request(), never));
    company.journalDown = true;
    await expect(approvals.vote(id, ballot('alice'))).rejects.toThrow('disk');
    expect(await approvals.ask(request({ call: 'retry' }), never)).toEqual({ outcome: 'pending', id });
    company.journalDown = false;
    await closeAll();
    const after = await gateway({ waitMs: 20 });
    expect(
      await after.recover({ sinceMs: 0, used: new Set(), outcomes: new Map([[id, { outcome: 'approved', seq: 7 }]]) }),
    ).toBe(0);
    expect(await after.get(id)).toMatchObject({ state: 'approved', recorded: true, receipt: { seq: 7 } });
    expect(await after.ask(request({ call: 'retry' }), never)).toMatchObject({ outcome: 'approved', id });
  });

  it('are good again when the gateway ended before the call that used them was recorded, and only then', async () => {
    const approvals = await gateway({ waitMs: 20 });
    const ids: string[] = [];
    for (const digest of ['lost', 'recorded']) {
      const id = idOf(await approvals.ask(request({ digest }), never));
      await approvals.vote(id, ballot('alice', { digest }));
      await approvals.use(id, digest, `call-${digest}`);
      ids.push(id);
    }
    const used = new Set(['call-recorded']);
    const remembered = { sinceMs: 0, used, outcomes: new Map() };
    expect(await approvals.recover(remembered)).toBe(1);
    expect((await approvals.get(ids[0]!))?.state).toBe('approved');
    expect((await approvals.get(ids[1]!))?.state).toBe('consumed');
    expect(company.records.at(-1)).toMatchObject({ act: 'approval.reopen', detail: { approval: ids[0] } });
    expect(await approvals.use(ids[0]!, 'lost', 'again')).not.toBeNull();
    expect(await approvals.use(ids[0]!, 'lost', 'twice')).toBeNull();
  });

  it('are not good again when the same was asked since, whatever came of it, or when their time is over: that is on record', async () => {
    const approvals = await gateway({ waitMs: 20 });
    const lost: string[] = [];
    for (const [digest, ttlMs] of [
      ['again', null],
      ['over', 400],
      ['token', null],
    ] as const) {
      const kind = digest === 'token' ? 'backchannel' : 'call';
      const id = idOf(await approvals.ask(request({ kind, digest, ttlMs }), never));
      await approvals.vote(id, ballot('alice', { digest }));
      const by = digest === 'token' ? redemptionOf('1') : `call-${digest}`;
      expect(await approvals.use(id, digest, by)).not.toBeNull();
      lost.push(id);
    }
    // Elsewhere the client asks anew, is let through, and uses that up.
    const anew = idOf(await approvals.ask(request({ digest: 'again' }), never));
    await approvals.vote(anew, ballot('alice', { digest: 'again' }));
    expect(await approvals.use(anew, 'again', 'call-anew')).not.toBeNull();
    await new Promise((resolve) => setTimeout(resolve, 400));
    company.records.splice(0);
    const used = new Set(['call-anew']);
    expect(await approvals.recover({ sinceMs: 0, used, outcomes: new Map() })).toBe(0);
    for (const id of lost) expect((await approvals.get(id))?.state).toBe('consumed');
    expect(company.records.map(({ act, detail }) => [act, detail.approval]).toSorted()).toEqual(
      [
        ['approval.unused', lost[0]],
        ['approval.unused', lost[1]],
      ].toSorted(),
    );
    const stores = await open(location);
    opened.push({ approvals, stores });
    for (const [id, call] of [
      [lost[0], 'call-again'],
      [anew, 'call-anew'],
    ] as const)
      expect(await stores.approvals.reopen(id!, { journal: 'journal', call })).toBe(id === anew);
  });

  it('have what they came to last recorded, though what they came to before is on record', async () => {
    const approvals = await gateway({ waitMs: 20 }, { sweepMs: 20 });
    const id = idOf(await approvals.ask(request(), never));
    await approvals.vote(id, ballot('alice'));
    const stores = await open(location);
    opened.push({ approvals, stores });
    const row = (await stores.approvals.get(id))!;
    const change = { state: 'withdrawn', recorded: false, answeredBy: 'eve', answeredAtMs: 1 } as const;
    expect(await stores.approvals.change(id, row.version, change)).toBe(true);
    await approvals.recover({
      sinceMs: 0,
      used: new Set(),
      outcomes: new Map([[id, { outcome: 'approved', seq: 0 }]]),
    });
    while (!company.records.some(({ detail }) => detail.outcome === 'withdrawn'))
      await new Promise((resolve) => setTimeout(resolve, 10));
    while ((await approvals.get(id))?.recorded !== true) await new Promise((resolve) => setTimeout(resolve, 10));
    expect((await approvals.get(id))?.receipt).toEqual({ journal: 'journal', seq: 1 });
  });

  it('stand although the gateway ended between the record and the making of it', async () => {
    const approvals = await gateway({ waitMs: 20 });
    const id = idOf(await approvals.ask(request(), never));
    const terms: StandingTerms = {
      ...{ agent: 'buyer', subject: null, server: 'erp', target: 'orders.create', session: 's1', task: null },
      ...{ fixed: { '/total': 900 }, free: [], maxAmount: null, notAfterMs: systemClock.nowMs() + 600_000 },
    };
    company.journalDown = true;
    await expect(approvals.vote(id, ballot('alice', { standing: terms }))).rejects.toThrow('disk');
    company.journalDown = false;
    const outcomes = new Map([[id, { outcome: 'approved', seq: 3 }]]);
    await approvals.recover({ sinceMs: 0, used: new Set(), outcomes });
    expect(company.standing).toMatchObject([{ approval: id, signers: ['alice'], state: 'active' }]);
    expect(company.records).toEqual([]);
    expect(await approvals.get(id)).toMatchObject({ state: 'approved', recorded: true, receipt: { seq: 3 } });
  });

  it('are not swept before it is known what the journal holds, nor recorded twice however many a crash left', async () => {
    const before = await gateway({ waitMs: 0 }, { maxPendingPerAgent: 1_000 });
    company.journalDown = true;
    const ids: string[] = [];
    for (let i = 0; i < 120; i++) {
      const digest = `many-${i}`;
      ids.push(idOf(await before.ask(request({ digest }), never)));
      await expect(before.vote(ids[i]!, ballot('alice', { digest, verdict: 'denied' }))).rejects.toThrow('disk');
    }
    company.journalDown = false;
    await closeAll();
    const late: Clock = { nowMs: () => systemClock.nowMs() + 20_000, monotonicUs: () => systemClock.monotonicUs() };
    const after = await gateway({}, { recovers: true, sweepMs: 10, clock: late });
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(company.records).toEqual([]);
    const outcomes = new Map(ids.map((id, seq) => [id, { outcome: 'denied', seq }]));
    await after.recover({ sinceMs: 0, used: new Set(), outcomes });
    for (const [seq, id] of ids.entries()) expect((await after.get(id))?.receipt).toMatchObject({ seq });
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(company.records).toEqual([]);
  });

  it('are found by their words however many there are, page by page, and counted', async () => {
    const approvals = await gateway({ waitMs: 0 }, { maxPendingPerAgent: 1_000 });
    const stores = await open(location);
    opened.push({ approvals, stores });
    const ids: string[] = [];
    for (let i = 0; i < 300; i++) {
      const requirement = approvalRow('x').requirement;
      const at = { requestedAtMs: 1_000 + Math.floor(i / 3), expiresAtMs: 9_000_000_000_000 };
      const row = approvalRow(`id-${String(i).padStart(3, '0')}`, {
        digest: `d${i}`,
        agent: `a${i % 7}`,
        requirement,
        ...at,
      });
      const search = i % 100 === 0 ? `Rare ${i}` : `Common ${i}`;
      const keys = i % 2 === 0 ? ['person:eve', 'group:all'] : ['group:all'];
      await stores.approvals.requestOrJoin(row, { keys, search, notices: [], maxPendingPerAgent: 1_000 });
      ids.push(row.id);
    }
    const newest = ids.toSorted((a, b) => order(b) - order(a) || (a < b ? -1 : 1));
    const { list, count } = stores.approvals;
    const found = async (filter: Omit<ApprovalFilter, 'limit'>, limit = 1_000) =>
      (await list({ ...filter, limit })).map(({ id }) => id);
    expect(await found({ text: 'RARE' })).toEqual(newest.filter((id) => Number(id.slice(3)) % 100 === 0));
    expect(await found({ text: 'rare', keys: ['person:eve'], state: 'pending' }, 2)).toEqual(['id-200', 'id-100']);
    expect(await found({ text: 'rare 0', keys: ['group:all'] })).toEqual(['id-200', 'id-100', 'id-000']);
    expect(await found({ text: 'nowhere' })).toEqual([]);
    for (const filter of [
      {},
      { text: 'common' },
      { keys: ['group:all'], state: 'pending' },
      { agent: 'a3' },
    ] as const) {
      const all = await found(filter);
      const paged: string[] = [];
      let before: ApprovalFilter['before'];
      for (;;) {
        const page = await list({ ...filter, limit: 7, ...(before === undefined ? {} : { before }) });
        paged.push(...page.map(({ id }) => id));
        const last = page.at(-1);
        if (last === undefined) break;
        before = { requestedAtMs: last.requestedAtMs, id: last.id };
      }
      expect(paged).toEqual(all);
      expect(all).toEqual(newest.filter((id) => all.includes(id)));
    }
    expect(await count({ state: 'pending', keys: ['person:eve', 'group:all'] })).toBe(300);
    expect(await count({ state: 'pending', keys: ['person:eve'] })).toBe(150);
    expect(await count({ state: 'pending', keys: ['person:eve'], agent: 'a0' })).toBe(22);
    expect(await count({ state: 'denied', keys: ['group:all'] })).toBe(0);
  });

  it('are withdrawn, and asked anew, when somebody else has to be asked now', async () => {
    const approvals = await gateway({ waitMs: 20 });
    const id = idOf(await approvals.ask(request(), never));
    await approvals.vote(id, ballot('alice'));
    const finance = request({ asks: [{ text: 'group:finance', agent: 'buyer' }] });
    const again = await approvals.ask(finance, never);
    expect(again).toMatchObject({ outcome: 'pending' });
    expect(await approvals.get(id)).toMatchObject({ state: 'withdrawn', recorded: true });
    expect(await approvals.vote(idOf(again), ballot('alice'))).toMatchObject({
      why: expect.stringMatching(/not-asked/),
    });
  });

  it('are found by who could answer them', async () => {
    const approvals = await gateway({ waitMs: 0 });
    const mine = idOf(await approvals.ask(request(), never));
    const asks = [{ text: 'group:finance', agent: 'buyer' }];
    const theirs = idOf(await approvals.ask(request({ digest: 'd2', asks }), never));
    const found = async (person: string) => (await approvals.listFor(person, { limit: 10 })).map(({ id }) => id);
    expect(await found('alice')).toEqual([mine]);
    expect(await found('bob')).toEqual([theirs]);
    expect(await found('dave')).toEqual([]);
    await approvals.vote(theirs, ballot('bob', { ...no, digest: 'd2' }));
    expect(await approvals.listFor('bob', { state: 'pending', limit: 10 })).toEqual([]);
    expect((await approvals.listFor('bob', { state: 'denied', limit: 10 })).map(({ id }) => id)).toEqual([theirs]);
    expect((await approvals.listFor('alice', { text: 'erp/orders BUYER', limit: 10 })).map(({ id }) => id)).toEqual([
      mine,
    ]);
    expect(await approvals.listFor('alice', { text: 'no%thing', limit: 10 })).toEqual([]);
  });

  it('stop waiting when the call is aborted, and keep the request for a retry', async () => {
    const approvals = await gateway();
    const stopped = new AbortController();
    let parked = '';
    const asked = approvals.ask(request(), stopped.signal, (id) => {
      parked = id;
      stopped.abort(new Error('halted'));
    });
    await expect(asked).rejects.toThrow('halted');
    await expect(approvals.ask(request(), stopped.signal)).rejects.toThrow('halted');
    expect((await approvals.get(parked))?.state).toBe('pending');
    expect((await park(approvals)).id).toBe(parked);
  });

  it('take no more unanswered requests of one agent than the limit, and no request too large to show', async () => {
    const approvals = await gateway({ waitMs: 0 }, { maxPendingPerAgent: 2, maxRequestBytes: 2_000 });
    await approvals.ask(request({ digest: '1' }), never);
    await approvals.ask(request({ digest: '2' }), never);
    await expect(approvals.ask(request({ digest: '3' }), never)).rejects.toMatchObject({ code: 'overloaded' });
    expect(await approvals.ask(request({ digest: '2' }), never)).toMatchObject({ outcome: 'pending' });
    expect(await approvals.ask(request({ digest: '3', agent: 'thief' }), never)).toMatchObject({ outcome: 'pending' });
    const large = request({ agent: 'thief', digest: '4', shown: shown({ purpose: 'x'.repeat(2_000) }) });
    await expect(approvals.ask(large, never)).rejects.toMatchObject({ code: 'too-large' });
  });

  it('send everybody home when the process stops, and an answer without a name is none', async () => {
    const approvals = await gateway();
    const asked = await park(approvals);
    expect(() => approvals.vote(asked.id, ballot(' '))).toThrow(/name/);
    approvals.close();
    expect(await asked.outcome).toEqual({ outcome: 'pending', id: asked.id });
  });
});
