import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { systemClock } from '../../../adapters/clock.ts';
import type { Approvals, ApprovalsOptions } from '../../../approvals/approvals.ts';
import { quietUntilMs } from '../../../approvals/approvers/schedule.ts';
import { NoticeOutbox } from '../../../approvals/delivery/outbox.ts';
import { type Planned, type PlanSettings, planNotices } from '../../../approvals/delivery/plan.ts';
import { renderTest } from '../../../approvals/delivery/render.ts';
import { groupKey } from '../../../approvals/delivery/slots.ts';
import { PushSubscriptions } from '../../../approvals/delivery/subscriptions.ts';
import type { Config } from '../../../config/config.ts';
import type { Log } from '../../../gateway/gateway.ts';
import type { Directory } from '../../../identity/directory.ts';
import { openFileSeal } from '../../../identity/ring/seal.ts';
import type { Person } from '../../../model/person.ts';
import { NotDelivered } from '../../../ports/notify.ts';
import type { NoticeRow, Stores } from '../../../ports/stores.ts';
import type { NoticeOperations } from '../../../surfaces/admin/notices.ts';
import type { PushParts } from '../../../surfaces/push/push.ts';
import type { SlackParts } from '../../../surfaces/slack/slack.ts';
import { type Channels, openChannels } from './channels.ts';
import { openVapid } from './vapid.ts';

export interface DeliveryParts {
  readonly config: () => Config;
  readonly stores: Stores;
  readonly directory: Directory;
  readonly log: Log;
}

/** How people and programs hear of requests. */
export interface Delivery {
  /** For `ApprovalsOptions.notices`. Pure but for what is configured now. */
  readonly notices: ApprovalsOptions['notices'];
  readonly subscriptions: PushSubscriptions;
  /** From now on what is due is sent; once it is known where people open the pages. */
  serve(serving: { readonly approvals: Approvals; readonly origin: () => string }): void;
  readonly slack: Pick<SlackParts, 'settings' | 'personWithEmail'>;
  readonly push: Pick<PushParts, 'settings' | 'subscriptions'>;
  readonly operations: NoticeOperations;
  close(): Promise<void>;
}

const CLOSE_GRACE_MS = 3_000;

export async function openDelivery(parts: DeliveryParts): Promise<Delivery> {
  const { config, stores, directory, log } = parts;
  const notify = () => config().approvals.notify;
  const onError = (error: unknown) => log.warn({ err: error }, 'the subscriptions of browsers could not be read');
  const subscriptions = new PushSubscriptions({ store: stores.secrets, clock: systemClock, onError });
  await subscriptions.refresh();
  const vapid = await openVapid(stores.secrets, await openFileSeal(join(config().dataDir, 'keys')), systemClock);
  if (vapid === null)
    log.error(
      {},
      'the key for web push was sealed by a gateway with another keys/ring.key: copy that file; web push is off',
    );
  const channels = openChannels({ config: notify, vapid, subscriptions, clock: systemClock });
  const served: Served = { outbox: null, origin: () => '' };
  return {
    notices: planner(parts, { subscriptions, hasVapid: vapid !== null }),
    subscriptions,
    serve({ approvals, origin }) {
      served.origin = origin;
      served.outbox = openOutbox(parts, { channels, approvals, origin });
      void served.outbox.deliver();
    },
    slack: { settings: () => channels.slack(), personWithEmail: (email) => personWithEmail(directory, email) },
    push: {
      subscriptions,
      settings() {
        const { webPush } = notify();
        return webPush === null || vapid === null
          ? null
          : { publicKey: vapid.publicKey, trustedOrigins: webPush.trustedOrigins };
      },
    },
    operations: operations(parts, channels, served),
    async close() {
      await withinGrace(served.outbox?.close());
      subscriptions.close();
      await channels.close();
    },
  };
}

/** What is under way may arrive; what hangs is sent again by whoever starts next. */
async function withinGrace(closing: Promise<void> | undefined): Promise<void> {
  const late = Promise.withResolvers<void>();
  const timer = setTimeout(late.resolve, CLOSE_GRACE_MS);
  await Promise.race([closing, late.promise]);
  clearTimeout(timer);
}

interface Served {
  outbox: NoticeOutbox | null;
  origin: () => string;
}

const PLANNED: ReadonlySet<string> = new Set(['asked', 'escalated', 'answered', 'expired', 'withdrawn']);

function planner(
  { config, directory }: DeliveryParts,
  push: { readonly subscriptions: PushSubscriptions; readonly hasVapid: boolean },
): ApprovalsOptions['notices'] {
  const settings = (): PlanSettings => {
    const { notify, quietHours } = config().approvals;
    return {
      ...{ email: notify.email !== null, slack: notify.slack !== null, webhook: notify.webhook !== null },
      slackChannel: notify.slack !== null && notify.slack.channel !== null,
      webPush: notify.webPush !== null && push.hasVapid,
      isSubscribed: (person) => push.subscriptions.isSubscribed(person),
      quietUntilMs: (nowMs) => quietUntilMs(quietHours, nowMs),
    };
  };
  return (row, kind, candidates) => {
    if (!PLANNED.has(kind)) return [];
    const people = candidates.map((id) => directory.person(id)).filter((person) => person !== undefined);
    return planNotices({ row, kind: kind as Planned['kind'], nowMs: systemClock.nowMs() }, people, settings());
  };
}

function openOutbox(
  { config, stores, directory, log }: DeliveryParts,
  { channels, approvals, origin }: { channels: Channels; approvals: Approvals; origin: () => string },
): NoticeOutbox {
  return new NoticeOutbox({
    ...{ notices: stores.notices, replay: stores.replay, approvals, origin, clock: systemClock },
    person: (id) => directory.person(id),
    waitingFor: (person) => waitingFor(approvals, person),
    channels: () => channels.current(),
    perTenMinutes: () => config().approvals.noticesPerTenMinutes,
    onError: (error, what) => log.warn({ ...what, err: error }, 'a message did not arrive'),
  });
}

const COUNTED = 200;
const COUNTED_IN_ALL = 10_000;

/** What this person could answer now; of everybody's, how many there are. */
async function waitingFor(approvals: Approvals, person: string | null): Promise<{ count: number; more: boolean }> {
  if (person === null) {
    const count = await approvals.count({ state: 'pending' });
    return { count, more: count >= COUNTED_IN_ALL };
  }
  const rows = await approvals.listFor(person, { state: 'pending', limit: COUNTED });
  const theirs = rows.filter((row) => approvals.mayAnswer(row, person).ok);
  return { count: theirs.length, more: rows.length === COUNTED };
}

/** The one active person with that address; an address of two is nobody's. */
function personWithEmail(directory: Directory, email: string): Person | null {
  const wanted = email.toLowerCase();
  const found = [...directory.people()].filter((person) => person.email?.toLowerCase() === wanted);
  const [only] = found;
  return found.length === 1 && only?.active === true ? only : null;
}

function operations({ stores, directory }: DeliveryParts, channels: Channels, served: Served): NoticeOperations {
  return {
    async of(approval) {
      const rows = await stores.notices.of(approval);
      const grouped = new Set(rows.filter(isGrouped).map(groupKey));
      const others = await Promise.all([...grouped].map((key) => stores.notices.of(key)));
      return [...rows, ...others.flat()];
    },
    async test({ channel, to }) {
      const made = channels.current()[channel];
      if (made === undefined) return { ok: false, why: `${channel} is not configured: see approvals.notify` };
      const person = to === null ? null : (directory.person(to) ?? null);
      if (to !== null && person === null) return { ok: false, why: `there is no person "${to}"` };
      const recipient = { person: person?.id ?? null, name: person?.name ?? '', email: person?.email ?? null };
      try {
        const { place } = await made.send(renderTest(`test-${randomUUID()}`, served.origin()), recipient);
        return { ok: true, place };
      } catch (error) {
        return {
          ok: false,
          why: error instanceof NotDelivered ? error.message : 'the gateway failed; its log says more',
        };
      }
    },
  };
}

/** It was not sent itself: another says that it waits. */
function isGrouped({ state, sentAtMs, kind }: NoticeRow): boolean {
  return state === 'sent' && sentAtMs === null && kind !== 'grouped';
}
