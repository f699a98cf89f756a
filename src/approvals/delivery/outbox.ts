import type { Person } from '../../model/person.ts';
import type { Clock } from '../../ports/clock.ts';
import { NotDelivered, type NoticeChannel, type NoticeMessage, type Recipient } from '../../ports/notify.ts';
import type { ApprovalRow, NoticeRow, NoticeStore, ReplayStore } from '../../ports/stores.ts';
import { Lane } from './lane.ts';
import { renderAsked, renderEnded, renderGrouped } from './render.ts';
import { GIVE_UP_MS, waitMs } from './schedule.ts';
import { GROUPED, Slots } from './slots.ts';
import { makeTicket, ticketLink } from './tickets.ts';

type Channel = NoticeRow['channel'];

export interface OutboxOptions {
  readonly notices: NoticeStore;
  readonly replay: ReplayStore;
  readonly approvals: {
    get(id: string): Promise<ApprovalRow | null>;
    mayAnswer(
      row: ApprovalRow,
      person: string,
    ): { readonly ok: true } | { readonly ok: false; readonly message: string };
  };
  readonly person: (id: string) => Person | undefined;
  /** Requests that wait for somebody (`null`: for anybody): how many, and whether there are more. */
  readonly waitingFor: (person: string | null) => Promise<{ readonly count: number; readonly more: boolean }>;
  /** What is configured now. A channel that is not fails what was meant for it. */
  readonly channels: () => Readonly<Partial<Record<Channel, NoticeChannel>>>;
  readonly origin: () => string;
  readonly perTenMinutes: () => number;
  readonly clock: Clock;
  readonly onError: (error: unknown, what: { readonly notice?: string; readonly channel: Channel }) => void;
  /** Of one attempt. Default 60,000. */
  readonly timeoutMs?: number;
  /** Default 120,000; longer than an attempt. */
  readonly leaseMs?: number;
  /** How often what has become due is looked for. Default 5,000. */
  readonly everyMs?: number;
}

const DEFAULTS = { timeoutMs: 60_000, leaseMs: 120_000, everyMs: 5_000 } as const;
const CHANNELS: readonly Channel[] = ['email', 'slack', 'web-push', 'webhook'];
/** A decision reaches the journal, or an earlier message its reader. */
const SOON_MS = 2_000;
const RINGS_MS = 100;

/**
 * Messages on their way: durable with the request they are about, sent at least once, by whichever gateway takes them. Each channel is
 * worked on by itself, so that one that hangs holds up no other.
 */
export class NoticeOutbox {
  readonly #options: OutboxOptions;
  readonly #slots: Slots;
  readonly #lanes = new Map<Channel, Lane>();
  readonly #stops: (() => void)[] = [];
  #closed = false;

  constructor(options: OutboxOptions) {
    this.#options = options;
    const { notices, replay, clock, perTenMinutes } = options;
    this.#slots = new Slots({ notices, replay, clock, perWindow: perTenMinutes });
    const deliver = () => void this.deliver();
    const bell = soon(deliver);
    this.#stops.push(notices.onChange(bell.ring), bell.stop);
    const timer = setInterval(deliver, options.everyMs ?? DEFAULTS.everyMs);
    timer.unref();
    this.#stops.push(() => clearInterval(timer));
  }

  /** Sends everything that is due on every channel. How many were sent. Never rejects. */
  async deliver(): Promise<number> {
    const sent = await Promise.all(CHANNELS.map((channel) => this.#lane(channel).run()));
    return sent.reduce((sum, each) => sum + each, 0);
  }

  /** Waits for what is under way, not for what is due. */
  async close(): Promise<void> {
    this.#closed = true;
    for (const stop of this.#stops) stop();
    await Promise.all([...this.#lanes.values()].map((lane) => lane.idle()));
  }

  #lane(channel: Channel): Lane {
    const known = this.#lanes.get(channel);
    if (known !== undefined) return known;
    const { notices, clock, onError } = this.#options;
    const leaseMs = this.#options.leaseMs ?? DEFAULTS.leaseMs;
    const lane = new Lane({
      take: async () => {
        if (this.#closed) return undefined;
        const [notice] = await notices.take(clock.nowMs(), leaseMs, 1, channel);
        return notice;
      },
      work: (notice) => this.#attempt(notice),
      onError: (error) => onError(error, { channel }),
    });
    this.#lanes.set(channel, lane);
    return lane;
  }

  /** One attempt, settled whatever happens. `true`: sent. */
  async #attempt(notice: NoticeRow): Promise<boolean> {
    const { notices, clock, onError } = this.#options;
    try {
      const { place, grouped } = await this.#send(notice);
      const sentAtMs = grouped ? null : clock.nowMs();
      const error = grouped ? GROUPED : null;
      await notices.settle(notice.id, notice.attempts, { state: 'sent', dueMs: notice.dueMs, error, sentAtMs, place });
      return !grouped;
    } catch (error) {
      const failed =
        error instanceof NotDelivered
          ? error
          : new NotDelivered('the gateway failed', { permanent: false, cause: error });
      if (!(failed instanceof NotNeeded || failed instanceof NotYet))
        onError(error, { notice: notice.id, channel: notice.channel });
      await this.#settleFailed(notice, failed);
      return false;
    }
  }

  async #settleFailed({ id, attempts, createdAtMs, dueMs }: NoticeRow, failed: NotDelivered): Promise<void> {
    const { notices, clock } = this.#options;
    const nowMs = clock.nowMs();
    const againMs = nowMs + waitMs(attempts, failed);
    const over = failed.permanent || againMs > createdAtMs + GIVE_UP_MS;
    const state = over ? 'failed' : 'waiting';
    const error = failed.message.slice(0, 500);
    await notices.settle(id, attempts, { state, dueMs: over ? dueMs : againMs, error, sentAtMs: null, place: null });
  }

  async #send(notice: NoticeRow): Promise<Sent> {
    const channel = this.#options.channels()[notice.channel];
    if (channel === undefined) throw new NotNeeded(`${notice.channel} is not configured any more`);
    if (notice.kind === 'grouped') return this.#sendGrouped(notice, channel);
    const row = await this.#options.approvals.get(notice.approval);
    if (row === null) throw new NotNeeded('the request is gone');
    const asks = notice.kind === 'asked' || notice.kind === 'escalated';
    return asks ? this.#ask(notice, channel, row) : this.#sayOver(notice, channel, row);
  }

  async #ask(notice: NoticeRow, channel: NoticeChannel, row: ApprovalRow): Promise<Sent> {
    const to = this.#askable(notice, row);
    if (notice.channel !== 'webhook' && !(await this.#slots.take(notice))) {
      await this.#slots.group(notice);
      return { place: null, grouped: true };
    }
    const origin = this.#options.origin();
    const link = to.person === null ? `${origin}/approvals/${row.id}` : await this.#freshLink(notice);
    const { place } = await this.#bounded(channel, renderAsked({ notice, row, link, origin }), to);
    return { place, grouped: false };
  }

  /** Who gets it, as of now: people leave, and answers come, while messages wait. */
  #askable(notice: NoticeRow, row: ApprovalRow): Recipient {
    const { approvals, clock } = this.#options;
    const expired = row.state === 'pending' && row.expiresAtMs <= clock.nowMs();
    if (row.state !== 'pending' || expired)
      throw new NotNeeded(`the request was ${expired ? 'expired' : row.state} before this was sent`);
    const to = this.#recipient(notice);
    const may = to.person === null ? { ok: true as const } : approvals.mayAnswer(row, to.person);
    if (!may.ok) throw new NotNeeded(may.message);
    return to;
  }

  /** Kept before it is sent: the link of every attempt works from the moment it arrives, and no longer than until the next attempt. */
  async #freshLink(notice: NoticeRow): Promise<string> {
    const { notices, clock, origin } = this.#options;
    const ticket = makeTicket();
    const dueMs = clock.nowMs() + (this.#options.leaseMs ?? DEFAULTS.leaseMs);
    const { error, sentAtMs, place } = notice;
    const change = { state: 'waiting', dueMs, error, sentAtMs, place, ticket: ticket.hash } as const;
    if (!(await notices.settle(notice.id, notice.attempts, change)))
      throw new NotDelivered('another gateway sends it', { permanent: false });
    return ticketLink(origin(), ticket.secret);
  }

  async #sendGrouped(notice: NoticeRow, channel: NoticeChannel): Promise<Sent> {
    const to = this.#recipient(notice);
    const { count, more } = await this.#options.waitingFor(to.person);
    if (count === 0) throw new NotNeeded('nothing waits any more');
    const message = renderGrouped({ id: notice.id, count, more, origin: this.#options.origin() });
    const { place } = await this.#bounded(channel, message, to);
    return { place, grouped: false };
  }

  /** Programs are told; what Slack shows is changed where it stands. */
  async #sayOver(notice: NoticeRow, channel: NoticeChannel, row: ApprovalRow): Promise<Sent> {
    if (!row.recorded)
      throw new NotDelivered('the outcome is not recorded yet', { permanent: false, retryAfterMs: SOON_MS });
    const origin = this.#options.origin();
    const rendering = { notice, row, origin, link: `${origin}/approvals/${row.id}` };
    const nobody: Recipient = { person: null, name: '', email: null };
    if (notice.channel !== 'slack') {
      const { place } = await this.#bounded(channel, renderEnded(rendering, null), nobody);
      return { place, grouped: false };
    }
    const asked = (await this.#options.notices.of(row.id)).filter(
      (each) => each.channel === 'slack' && each.id !== notice.id,
    );
    for (const { place } of asked) {
      if (place !== null) await this.#bounded(channel, renderEnded(rendering, place), nobody).catch(unlessGone);
    }
    // One that is being sent at this moment still has its buttons.
    if (asked.some(({ state, attempts }) => state === 'waiting' && attempts > 0))
      throw new NotYet('an earlier message is on its way', { permanent: false, retryAfterMs: SOON_MS });
    return { place: null, grouped: false };
  }

  #recipient({ recipient }: NoticeRow): Recipient {
    if (recipient === null) return { person: null, name: '', email: null };
    const person = this.#options.person(recipient);
    if (person === undefined || !person.active) throw new NotNeeded(`${recipient} is no active person`);
    return { person: person.id, name: person.name, email: person.email };
  }

  async #bounded(channel: NoticeChannel, message: NoticeMessage, to: Recipient): ReturnType<NoticeChannel['send']> {
    const timeoutMs = this.#options.timeoutMs ?? DEFAULTS.timeoutMs;
    const late = Promise.withResolvers<never>();
    const timer = setTimeout(
      () => late.reject(new NotDelivered(`nothing was heard for ${timeoutMs} ms`, { permanent: false })),
      timeoutMs,
    );
    try {
      return await Promise.race([channel.send(message, to), late.promise]);
    } finally {
      clearTimeout(timer);
    }
  }
}

/** Rings of one moment are one. */
function soon(act: () => void): { ring(): void; stop(): void } {
  let timer: NodeJS.Timeout | null = null;
  return {
    ring() {
      timer ??= setTimeout(() => {
        timer = null;
        act();
      }, RINGS_MS).unref();
    },
    stop() {
      if (timer !== null) clearTimeout(timer);
    },
  };
}

interface Sent {
  readonly place: string | null;
  /** Others stand for it: it was not sent itself. */
  readonly grouped: boolean;
}

/** It has to wait for another one: nothing went wrong that anybody must read of. */
class NotYet extends NotDelivered {}

/** Nobody needs it any more: nothing went wrong. */
class NotNeeded extends NotDelivered {
  constructor(message: string) {
    super(message, { permanent: true });
  }
}

function unlessGone(error: unknown): void {
  if (!(error instanceof NotDelivered && error.permanent)) throw error;
}
