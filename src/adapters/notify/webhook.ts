import { createHmac } from 'node:crypto';
import type { Clock } from '../../ports/clock.ts';
import { NotDelivered, type NoticeChannel } from '../../ports/notify.ts';
import type { WebAnswer, WebFetch } from '../../ports/web.ts';
import { retryAfterMs, unreached } from './answers.ts';

export interface WebhookOptions {
  readonly url: string;
  /** The key itself. */
  readonly secret: Buffer;
  /** Trusts the origin of `url`. */
  readonly web: WebFetch;
  readonly clock: Clock;
}

/**
 * A signed POST (Standard Webhooks 1.0): `webhook-id` stays the same for every attempt, `webhook-signature` is `v1,` and the base64
 * HMAC-SHA256 of `id.timestamp.body`.
 */
export function webhookChannel({ url, secret, web, clock }: WebhookOptions): NoticeChannel {
  return {
    async send({ id, event }) {
      const timestamp = String(Math.floor(clock.nowMs() / 1000));
      const body = JSON.stringify(event);
      const signature = createHmac('sha256', secret).update(`${id}.${timestamp}.${body}`).digest('base64');
      const headers = {
        'content-type': 'application/json',
        'webhook-id': id,
        'webhook-timestamp': timestamp,
        'webhook-signature': `v1,${signature}`,
      };
      const answer = await web(url, { method: 'POST', headers, body, timeoutMs: 15_000 }).catch((error: unknown) => {
        throw unreached('the webhook', error);
      });
      if (answer.status < 200 || answer.status > 299) throw refused(answer, clock.nowMs());
      return { place: null };
    },
  };
}

function refused({ status, headers }: WebAnswer, nowMs: number): NotDelivered {
  // Gone: its owner wants no more (Standard Webhooks, "Delivery"). Everything else may be mended.
  const wait = retryAfterMs(headers['retry-after'], nowMs);
  return new NotDelivered(`the webhook answered ${status}`, { permanent: status === 410, retryAfterMs: wait });
}
