import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { until } from '../../../test/cases/house.ts';
import { ALONE } from '../../../test/contract/approval-row.ts';
import { manualClock } from '../../../test/contract/stores-memory.ts';
import { person, request } from '../../../test/notify/fixtures.ts';
import { openSqlite } from '../../adapters/sql/sqlite.ts';
import type { Person } from '../../model/person.ts';
import { NotDelivered, type NoticeChannel, type NoticeMessage, type Recipient } from '../../ports/notify.ts';
import type { ApprovalRow, NoticeRow } from '../../ports/stores.ts';
import { NoticeOutbox, type OutboxOptions } from './outbox.ts';
import { type PlanSettings, planNotices } from './plan.ts';
import { GATHER_MS, groupKey, WINDOW_MS } from './slots.ts';
import { ticketHash } from './tickets.ts';

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

const EMAIL: PlanSettings = {
  ...{ email: true, slack: false, slackChannel: false, webPush: false, webhook: false },
  ...{ isSubscribed: () => false, quietUntilMs: () => null },
};

/** A channel that keeps what it is given, or does what a test says. */
function recorder() {
  const sent: (NoticeMessage & { readonly to: Recipient })[] = [];
  const channel: NoticeChannel & { sent: typeof sent; next: ((message: NoticeMessage) => Promise<unknown>) | null } = {
    sent,
    next: null,
    async send(message, to) {
      await channel.next?.(message);
      sent.push({ ...message, to });
      return { place: message.replaces ?? `place-${sent.length}` };
    },
  };
  return channel;
}

async function world(over: Partial<OutboxOptions> = {}) {
  const dir = mkdtempSync(join(tmpdir(), 'interlock-outbox-'));
  const clock = manualClock();
  const stores = await openSqlite({ path: join(dir, 'store.db'), clock });
  const people = new Map<string, Person>(['alice', 'bob'].map((id) => [id, person(id)]));
  const refused = new Map<string, string>();
  const channels = { email: recorder(), slack: recorder(), webhook: recorder() };
  const errors: string[] = [];
  const state = { perTenMinutes: 10 };
  const make = (more: Partial<OutboxOptions> = {}): NoticeOutbox => {
    const outbox = new NoticeOutbox({
      ...{
        notices: stores.notices,
        replay: stores.replay,
        clock,
        origin: () => 'https://gw.example',
        everyMs: 3_600_000,
      },
      approvals: {
        get: (id) => stores.approvals.get(id),
        mayAnswer: (_row, id) => (refused.has(id) ? { ok: false, message: refused.get(id) as string } : { ok: true }),
      },
      person: (id) => people.get(id),
      waitingFor: async () => ({ count: await stores.approvals.count({ state: 'pending' }), more: false }),
      channels: () => channels,
      perTenMinutes: () => state.perTenMinutes,
      onError: (error) => void errors.push((error as Error).message),
      ...over,
      ...more,
    });
    closing.unshift(() => outbox.close());
    return outbox;
  };
  closing.push(
    () => stores.close(),
    () => rmSync(dir, { recursive: true, force: true }),
  );
  const ask = async (
    id: string,
    settings: PlanSettings = EMAIL,
    who: readonly string[] = ['alice'],
  ): Promise<ApprovalRow> => {
    const row = request(id, { requestedAtMs: clock.nowMs(), expiresAtMs: clock.nowMs() + 7 * 86_400_000 });
    const candidates = who.map((each) => people.get(each) as Person);
    const notices = planNotices({ row, kind: 'asked', nowMs: clock.nowMs() }, candidates, settings);
    const made = await stores.approvals.requestOrJoin(row, { ...ALONE, notices, maxPendingPerAgent: 1_000 });
    return (made as { row: ApprovalRow }).row;
  };
  const of = async (id: string): Promise<NoticeRow> => (await stores.notices.of(id))[0] as NoticeRow;
  return { clock, stores, people, refused, channels, errors, state, make, ask, of };
}

const secretOf = (message: NoticeMessage): string => /\/approvals\/open\/([\w-]{43})$/.exec(message.link)?.[1] ?? '';

describe('a message', () => {
  it('is sent once, with a link that opens once, and its delivery is known', async () => {
    const { make, ask, of, channels, stores, clock } = await world();
    const outbox = make();
    await ask('r1');
    await outbox.deliver();
    await outbox.deliver();
    const [sent] = channels.email.sent;
    expect(channels.email.sent).toHaveLength(1);
    expect(sent?.to).toEqual({ person: 'alice', name: 'Alice', email: 'alice@example.com' });
    const secret = secretOf(sent as NoticeMessage);
    expect(await of('r1')).toMatchObject({
      ...{ state: 'sent', attempts: 1, sentAtMs: clock.nowMs(), place: 'place-1', error: null, openedAtMs: null },
      ticket: ticketHash(secret),
    });
    // A copy of the store holds no link.
    expect(JSON.stringify(await stores.notices.of('r1'))).not.toContain(secret);
    expect((await stores.notices.open(ticketHash(secret), clock.nowMs()))?.recipient).toBe('alice');
    expect(await stores.notices.open(ticketHash(secret), clock.nowMs())).toBeNull();
  });

  it('is sent by one of several gateways', async () => {
    const { make, ask, channels } = await world();
    const [one, two] = [make(), make()];
    for (let i = 0; i < 6; i++) await ask(`r${i}`);
    await Promise.all([one.deliver(), two.deliver(), one.deliver(), two.deliver()]);
    expect(channels.email.sent.map(({ approval }) => approval).sort()).toEqual(['r0', 'r1', 'r2', 'r3', 'r4', 'r5']);
  });

  it('goes out when the bell rings, without anybody asking', async () => {
    const { make, ask, channels } = await world();
    make();
    const sent = new Promise<void>((done) => {
      channels.email.next = async () => done();
    });
    await ask('r1');
    await sent;
  });

  it('that does not arrive is tried again, later and later, with another link each time', async () => {
    const { make, ask, of, channels, clock, stores } = await world();
    const outbox = make();
    const links: string[] = [];
    channels.email.next = async (message) => {
      links.push(secretOf(message));
      throw new NotDelivered('busy', { permanent: false });
    };
    await ask('r1');
    const waits: number[] = [];
    for (let attempt = 0; attempt < 9; attempt++) {
      await outbox.deliver();
      const { dueMs, state, attempts, error } = await of('r1');
      expect({ state, attempts, error }).toEqual({ state: 'waiting', attempts: attempt + 1, error: 'busy' });
      waits.push(dueMs - clock.nowMs());
      clock.pass(waits.at(-1) as number);
    }
    expect(waits.map((ms) => ms / 1000)).toEqual([30, 60, 120, 240, 480, 960, 1920, 3600, 3600]);
    expect(new Set(links).size).toBe(9);
    // Of those only the last opens anything.
    for (const secret of links.slice(0, -1)) expect(await stores.notices.open(ticketHash(secret), 1)).toBeNull();
    expect(await stores.notices.open(ticketHash(links.at(-1) as string), 1)).not.toBeNull();
  });

  it('waits as long as the other side says', async () => {
    const { make, ask, of, channels, clock } = await world();
    channels.email.next = () => Promise.reject(new NotDelivered('wait', { permanent: false, retryAfterMs: 7_000 }));
    await ask('r1');
    await make().deliver();
    expect((await of('r1')).dueMs - clock.nowMs()).toBe(7_000);
  });

  it('is given up after a day, or at once where trying again cannot help', async () => {
    const { make, ask, of, channels, clock, errors } = await world();
    const outbox = make();
    channels.email.next = () => Promise.reject(new NotDelivered('no such mailbox', { permanent: true }));
    await ask('r1');
    await outbox.deliver();
    expect(await of('r1')).toMatchObject({ state: 'failed', error: 'no such mailbox', attempts: 1 });
    channels.email.next = () => Promise.reject(new Error('a bug: password hunter2'));
    await ask('r2');
    for (let i = 0; i < 60 && (await of('r2')).state === 'waiting'; i++) {
      clock.wallMs = Math.max(clock.wallMs, (await of('r2')).dueMs);
      await outbox.deliver();
    }
    const { state, error, createdAtMs } = await of('r2');
    expect({ state, error }).toEqual({ state: 'failed', error: 'the gateway failed' });
    expect(clock.nowMs() - createdAtMs).toBeGreaterThan(22 * 3_600_000);
    expect(clock.nowMs() - createdAtMs).toBeLessThanOrEqual(24 * 3_600_000);
    expect(errors).toContain('no such mailbox');
  });

  it('that hangs is left after its time, and holds up no other channel', async () => {
    const { make, ask, channels, stores } = await world({ timeoutMs: 50, perTenMinutes: () => 100 });
    channels.email.next = () => new Promise(() => {});
    for (let i = 0; i < 20; i++) await ask(`r${i}`, { ...EMAIL, webhook: true });
    const outbox = make();
    const told = new Promise<void>((done) => {
      channels.webhook.next = async () => void (channels.webhook.sent.length === 19 && done());
    });
    const delivering = outbox.deliver();
    await told;
    expect(channels.email.sent).toEqual([]);
    await delivering;
    const email = (await stores.notices.of('r0')).find(({ channel }) => channel === 'email');
    expect(email).toMatchObject({ state: 'waiting', error: 'nothing was heard for 50 ms' });
  });

  it('is sent by at most eight at once', async () => {
    const { make, ask, channels } = await world();
    const now = { running: 0, most: 0 };
    channels.webhook.next = async () => {
      now.running++;
      now.most = Math.max(now.most, now.running);
      await new Promise((done) => setTimeout(done, 5));
      now.running--;
    };
    for (let i = 0; i < 40; i++) await ask(`r${i}`, { ...EMAIL, email: false, webhook: true });
    await make().deliver();
    expect(channels.webhook.sent).toHaveLength(40);
    expect(now.most).toBeGreaterThan(1);
    expect(now.most).toBeLessThanOrEqual(8);
  });
});

describe('nobody is asked what', () => {
  const over: readonly (readonly [
    string,
    (w: Awaited<ReturnType<typeof world>>, row: ApprovalRow) => unknown,
    RegExp,
  ])[] = [
    [
      'was answered meanwhile',
      ({ stores }, row) => stores.approvals.change(row.id, 1, { state: 'denied' }),
      /was denied before/,
    ],
    ['has expired', ({ clock }, row) => clock.pass(row.expiresAtMs - clock.nowMs()), /was expired before/],
    ['they may not answer any more', ({ refused }) => refused.set('alice', 'nobody asked you'), /nobody asked you/],
    ['they left before', ({ people }) => people.set('alice', person('alice', { active: false })), /no active person/],
  ];
  it.each(over)('%s', async (_what, end, why) => {
    const all = await world();
    const row = await all.ask('r1');
    await end(all, row);
    await all.make().deliver();
    expect(all.channels.email.sent).toEqual([]);
    expect(await all.of('r1')).toMatchObject({ state: 'failed', error: expect.stringMatching(why) });
    // Nothing went wrong.
    expect(all.errors).toEqual([]);
  });

  it('is for a channel that is not configured any more', async () => {
    const { make, ask, of } = await world({ channels: () => ({}) });
    await ask('r1');
    await make().deliver();
    expect(await of('r1')).toMatchObject({ state: 'failed', error: 'email is not configured any more' });
  });
});

describe('quiet hours', () => {
  it('hold messages back until they end', async () => {
    const { make, ask, channels, clock } = await world();
    const end = clock.nowMs() + 8 * 3_600_000;
    const outbox = make();
    await ask('r1', { ...EMAIL, quietUntilMs: () => end });
    await outbox.deliver();
    clock.wallMs = end - 1;
    await outbox.deliver();
    expect(channels.email.sent).toEqual([]);
    clock.wallMs = end;
    await outbox.deliver();
    expect(channels.email.sent).toHaveLength(1);
  });
});

describe('many requests', () => {
  it('become one message beyond what somebody reads, and none is forgotten', async () => {
    const { make, ask, of, channels, clock, stores, state } = await world();
    state.perTenMinutes = 5;
    const outbox = make();
    for (let i = 0; i < 200; i++) await ask(`r${i}`);
    await outbox.deliver();
    expect(channels.email.sent.map(({ kind }) => kind)).toEqual(['asked', 'asked', 'asked', 'asked']);
    clock.pass(GATHER_MS);
    await outbox.deliver();
    const subjects = channels.email.sent.map(({ subject }) => subject);
    expect(subjects).toHaveLength(5);
    expect(subjects.filter((subject) => subject === '200 requests wait for you')).toHaveLength(1);
    const states = await Promise.all(Array.from({ length: 200 }, (_, i) => of(`r${i}`)));
    expect(states.every((each) => each.state === 'sent')).toBe(true);
    expect(states.filter(({ error }) => error === 'told of in one message with others')).toHaveLength(196);
    // More of them in the same ten minutes: nothing, then one message.
    for (let i = 0; i < 50; i++) await ask(`s${i}`);
    await outbox.deliver();
    expect(channels.email.sent).toHaveLength(5);
    clock.pass(WINDOW_MS - 1_000);
    await outbox.deliver();
    expect(channels.email.sent).toHaveLength(5);
    clock.pass(1_000);
    await outbox.deliver();
    expect(channels.email.sent.slice(5).map(({ subject }) => subject)).toEqual(['250 requests wait for you']);
    // Then one by one again.
    clock.pass(600_000);
    await ask('t1');
    await outbox.deliver();
    expect(channels.email.sent.at(-1)?.approval).toBe('t1');
    expect(
      (await stores.notices.of(groupKey({ channel: 'email', recipient: 'alice' }))).map((each) => each.state),
    ).toEqual(['sent', 'sent']);
  });

  it('are bounded for several gateways together, and for each person and channel apart', async () => {
    const { make, ask, channels, state, clock } = await world();
    state.perTenMinutes = 4;
    const outboxes = [make(), make(), make()];
    const everywhere = { ...EMAIL, slack: true, webhook: true };
    for (let i = 0; i < 30; i++) await ask(`r${i}`, everywhere, ['alice', 'bob']);
    await Promise.all(outboxes.map((each) => each.deliver()));
    clock.pass(GATHER_MS);
    await Promise.all(outboxes.map((each) => each.deliver()));
    for (const channel of [channels.email, channels.slack]) {
      for (const who of ['alice', 'bob']) {
        const theirs = channel.sent.filter(({ to }) => to.person === who);
        expect(theirs.map(({ kind }) => kind).sort()).toEqual(['asked', 'asked', 'asked', 'grouped']);
      }
    }
    // Programs are told of each.
    expect(channels.webhook.sent).toHaveLength(30);
  });

  it('of which none waits any more are not told of', async () => {
    const { make, ask, channels, state, stores, clock } = await world();
    state.perTenMinutes = 1;
    const waiting = { count: 0, more: false };
    const outbox = make({ waitingFor: async () => waiting });
    await ask('r1');
    await outbox.deliver();
    clock.pass(GATHER_MS);
    await outbox.deliver();
    expect(channels.email.sent).toEqual([]);
    expect((await stores.notices.of(groupKey({ channel: 'email', recipient: 'alice' })))[0]).toMatchObject({
      ...{ state: 'failed', error: 'nothing waits any more' },
    });
  });
});

describe('when it is over', () => {
  const SLACK = { ...EMAIL, email: false, slack: true, slackChannel: true, webhook: true };

  async function answered(all: Awaited<ReturnType<typeof world>>, row: ApprovalRow, recorded: boolean) {
    const after = { ...row, state: 'approved' as const, version: 2, answeredBy: 'bob', recorded };
    const notices = planNotices({ row: after, kind: 'answered', nowMs: all.clock.nowMs() }, [], SLACK);
    await all.stores.approvals.change(row.id, 1, { state: 'approved', answeredBy: 'bob', recorded }, { notices });
    return after;
  }

  it('what Slack shows is changed where it stands, and programs are told', async () => {
    const all = await world();
    const outbox = all.make();
    const row = await all.ask('r1', SLACK, ['alice', 'bob']);
    await outbox.deliver();
    expect(all.channels.slack.sent).toHaveLength(3);
    await answered(all, row, true);
    await outbox.deliver();
    const changed = all.channels.slack.sent.slice(3);
    expect(changed.map(({ replaces }) => replaces).sort()).toEqual(['place-1', 'place-2', 'place-3']);
    expect(changed.every(({ subject }) => subject.startsWith('Approved by bob'))).toBe(true);
    expect(all.channels.webhook.sent.map(({ event }) => event.type)).toEqual(['approval.asked', 'approval.answered']);
  });

  it('nobody is told before it is recorded', async () => {
    const all = await world();
    const outbox = all.make();
    const row = await all.ask('r1', SLACK);
    await outbox.deliver();
    await answered(all, row, false);
    await outbox.deliver();
    all.clock.pass(2_000);
    await outbox.deliver();
    expect(all.channels.webhook.sent).toHaveLength(1);
    expect(all.channels.slack.sent).toHaveLength(2);
    await all.stores.approvals.change(row.id, 2, { recorded: true });
    all.clock.pass(2_000);
    await outbox.deliver();
    expect(all.channels.webhook.sent).toHaveLength(2);
    expect(all.channels.slack.sent.filter(({ replaces }) => replaces !== null)).toHaveLength(2);
  });

  it('a message that was on its way loses its buttons too', async () => {
    const all = await world();
    const outbox = all.make();
    const row = await all.ask('r1', { ...SLACK, slackChannel: false, webhook: false });
    const gate = Promise.withResolvers<void>();
    const began = Promise.withResolvers<void>();
    all.channels.slack.next = async ({ replaces }) => {
      if (replaces !== null) return;
      began.resolve();
      await gate.promise;
    };
    const delivering = outbox.deliver();
    await began.promise;
    await answered(all, row, true);
    const again = outbox.deliver();
    const update = async () => (await all.stores.notices.of('r1')).find(({ kind }) => kind === 'answered');
    await until(async () => (await update())?.error !== null || (await update())?.state === 'sent');
    expect(await update()).toMatchObject({ state: 'waiting', error: 'an earlier message is on its way' });
    gate.resolve();
    await Promise.all([delivering, again]);
    all.clock.pass(2_000);
    await outbox.deliver();
    expect(all.channels.slack.sent.map(({ replaces }) => replaces)).toEqual([null, 'place-1']);
  });
});
