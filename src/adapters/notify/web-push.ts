import webPush from 'web-push';
import type { Clock } from '../../ports/clock.ts';
import { NotDelivered, type NoticeChannel, type NoticeMessage, type PushSubscription } from '../../ports/notify.ts';
import type { WebFetch } from '../../ports/web.ts';
import { retryAfterMs, unreached } from './answers.ts';

export interface VapidKeys {
  /** base64url, uncompressed P-256 point. */
  readonly publicKey: string;
  readonly privateKey: string;
}

export interface WebPushOptions {
  /** RFC 8292: `mailto:` or `https:`, for whoever runs the push service. */
  readonly contact: string;
  readonly keys: VapidKeys;
  readonly subscriptionsOf: (person: string) => Promise<readonly PushSubscription[]>;
  /** The push service says that there is no such browser any more. */
  readonly forget: (person: string, endpoint: string) => Promise<unknown>;
  /** Endpoints come from browsers: public addresses alone. */
  readonly web: WebFetch;
  readonly clock: Clock;
}

const LONGEST_TTL_S = 86_400;
const SHORTEST_TTL_S = 60;

/** Made once per gateway; browsers subscribe to this key alone (RFC 8292). */
export function makeVapidKeys(): VapidKeys {
  return webPush.generateVAPIDKeys();
}

/** RFC 8030, 8188, 8291, 8292: encrypted to the browser, so that the push service reads neither text nor link. */
export function webPushChannel(options: WebPushOptions): NoticeChannel {
  return {
    async send(message, { person }) {
      const subscriptions = person === null ? [] : await options.subscriptionsOf(person);
      if (subscriptions.length === 0) throw new NotDelivered('no browser is subscribed', { permanent: true });
      const outcomes = await Promise.allSettled(
        subscriptions.map((each) => push(options, message, { person: person as string, subscription: each })),
      );
      // One browser that has it is enough; else what could still arrive is worth another attempt.
      if (outcomes.some(({ status }) => status === 'fulfilled')) return { place: null };
      const why = outcomes.map((each) => (each as PromiseRejectedResult).reason as NotDelivered);
      throw why.find(({ permanent }) => !permanent) ?? (why[0] as NotDelivered);
    },
  };
}

interface Target {
  readonly person: string;
  readonly subscription: PushSubscription;
}

async function push(options: WebPushOptions, message: NoticeMessage, target: Target): Promise<void> {
  const { web, clock, forget } = options;
  const { endpoint, headers, body } = sealed(options, message, target.subscription);
  const { host } = new URL(endpoint);
  const answer = await web(endpoint, { method: 'POST', headers, body, timeoutMs: 15_000 }).catch((error: unknown) => {
    throw unreached(`the push service ${host}`, error);
  });
  if (answer.status >= 200 && answer.status <= 299) return;
  const gone = answer.status === 404 || answer.status === 410;
  if (gone) await forget(target.person, target.subscription.endpoint);
  const permanent = gone || [400, 403, 413].includes(answer.status);
  const waitMs = retryAfterMs(answer.headers['retry-after'], clock.nowMs());
  throw new NotDelivered(`the push service ${host} answered ${answer.status}`, { permanent, retryAfterMs: waitMs });
}

interface Sealed {
  readonly endpoint: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
}

function sealed({ contact, keys, clock }: WebPushOptions, message: NoticeMessage, to: PushSubscription): Sealed {
  const { id, approval, link, short, expiresAtMs, urgent } = message;
  const leftS = expiresAtMs === null ? LONGEST_TTL_S : Math.floor((expiresAtMs - clock.nowMs()) / 1000);
  const payload = JSON.stringify({ ...short, url: link, tag: approval ?? 'interlock' });
  try {
    const details = webPush.generateRequestDetails(
      { endpoint: new URL(to.endpoint).href, keys: { p256dh: to.p256dh, auth: to.auth } },
      payload,
      {
        vapidDetails: { subject: contact, ...keys },
        contentEncoding: 'aes128gcm',
        TTL: Math.min(LONGEST_TTL_S, Math.max(SHORTEST_TTL_S, leftS)),
        urgency: urgent ? 'high' : 'normal',
        // Of two that were not fetched yet the later one stays (RFC 8030 section 5.4).
        topic: id.slice(0, 32),
      },
    );
    const headers = Object.entries(details.headers).filter(([name]) => name.toLowerCase() !== 'content-length');
    return {
      endpoint: details.endpoint,
      headers: Object.fromEntries(headers.map(([name, value]) => [name, String(value)])),
      body: details.body,
    };
  } catch (error) {
    const why = error instanceof Error ? error.message : 'unknown';
    throw new NotDelivered(`the subscription of a browser is unusable: ${why}`, { permanent: true, cause: error });
  }
}
