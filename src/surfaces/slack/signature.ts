import { createHmac, timingSafeEqual } from 'node:crypto';

/** How old a request of Slack's may be, and how long its signature is remembered as used. */
export const MAX_AGE_MS = 300_000;

export interface Signed {
  readonly body: Buffer;
  readonly timestamp: string | undefined;
  readonly signature: string | undefined;
}

/**
 * Slack's v0 scheme ("Verifying requests from Slack"): hex HMAC-SHA256 of `v0:<timestamp>:<body>` under the signing secret. `null`: good;
 * else why not.
 */
export function whyForged({ body, timestamp, signature }: Signed, secret: string, nowMs: number): string | null {
  if (secret === '' || timestamp === undefined || signature === undefined) return 'it is not signed';
  if (!/^[0-9]{1,12}$/.test(timestamp)) return 'its time is no time';
  if (Math.abs(nowMs - Number(timestamp) * 1000) > MAX_AGE_MS) return 'it is not of now';
  const mac = createHmac('sha256', secret).update(`v0:${timestamp}:`).update(body).digest('hex');
  const [given, want] = [Buffer.from(signature), Buffer.from(`v0=${mac}`)];
  return given.length === want.length && timingSafeEqual(given, want) ? null : 'its signature is wrong';
}
