import { emailChannel } from '../../../adapters/notify/email.ts';
import { Slack } from '../../../adapters/notify/slack.ts';
import { type VapidKeys, webPushChannel } from '../../../adapters/notify/web-push.ts';
import { webhookChannel } from '../../../adapters/notify/webhook.ts';
import { openWeb } from '../../../adapters/web.ts';
import type { PushSubscriptions } from '../../../approvals/delivery/subscriptions.ts';
import type { NotifyConfig } from '../../../config/schema/approvals/notify.ts';
import type { Clock } from '../../../ports/clock.ts';
import type { NoticeChannel } from '../../../ports/notify.ts';
import type { NoticeRow } from '../../../ports/stores.ts';

export interface ChannelParts {
  readonly config: () => NotifyConfig;
  /** `null`: no web push. */
  readonly vapid: VapidKeys | null;
  readonly subscriptions: PushSubscriptions;
  readonly clock: Clock;
}

export interface Channels {
  current(): Readonly<Partial<Record<NoticeRow['channel'], NoticeChannel>>>;
  /** `null`: not configured. */
  slack(): { readonly signingSecret: string; readonly workspace: Slack } | null;
  close(): Promise<void>;
}

interface Made {
  readonly of: NotifyConfig;
  readonly channels: Partial<Record<NoticeRow['channel'], NoticeChannel>>;
  readonly slack: Slack | null;
}

/** The channels of the configuration in force; made anew when it changes, so that connections and what was looked up are kept until then. */
export function openChannels(parts: ChannelParts): Channels {
  // What the operator's configuration names may be private. Endpoints of browsers are anybody's word: they have a fetch of their own.
  const named = openWeb({
    trusted: () => [parts.config().webhook?.url, parts.config().slack?.apiUrl].filter((url) => url !== undefined),
  });
  const push = openWeb({ trusted: () => parts.config().webPush?.trustedOrigins ?? [] });
  const state: { made: Made | null } = { made: null };
  const current = (): Made => {
    const of = parts.config();
    if (state.made?.of === of) return state.made;
    void state.made?.channels.email?.close?.();
    state.made = make(parts, of, { named: named.fetch, push: push.fetch });
    return state.made;
  };
  return {
    current: () => current().channels,
    slack() {
      const { of, slack } = current();
      return slack === null ? null : { signingSecret: of.slack?.signingSecret ?? '', workspace: slack };
    },
    async close() {
      await state.made?.channels.email?.close?.();
      await Promise.all([named.close(), push.close()]);
    },
  };
}

type Webs = { readonly named: ReturnType<typeof openWeb>['fetch']; readonly push: ReturnType<typeof openWeb>['fetch'] };

function make({ vapid, subscriptions, clock }: ChannelParts, of: NotifyConfig, { named, push }: Webs): Made {
  const slack = of.slack === null ? null : new Slack({ ...of.slack, web: named, clock });
  const webPush =
    of.webPush === null || vapid === null
      ? null
      : webPushChannel({
          ...{ contact: of.webPush.contact, keys: vapid, web: push, clock },
          subscriptionsOf: (person) => subscriptions.of(person),
          forget: (person, endpoint) => subscriptions.remove(person, endpoint),
        });
  const { webhook } = of;
  return {
    of,
    slack,
    channels: {
      ...(of.email === null ? {} : { email: emailChannel(of.email) }),
      ...(slack === null ? {} : { slack }),
      ...(webPush === null ? {} : { 'web-push': webPush }),
      ...(webhook === null
        ? {}
        : {
            webhook: webhookChannel({
              url: webhook.url,
              secret: Buffer.from(webhook.key, 'base64'),
              web: named,
              clock,
            }),
          }),
    },
  };
}
