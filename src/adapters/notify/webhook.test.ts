import { createHmac, randomBytes } from 'node:crypto';
import { afterEach, describe, expect, it } from 'vitest';
import { manualClock } from '../../../test/contract/stores-memory.ts';
import { message, type Said, webServer } from '../../../test/notify/fixtures.ts';
import { openWeb } from '../web.ts';
import { webhookChannel } from './webhook.ts';

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});
const NOBODY = { person: null, name: '', email: null };

async function world(said: Said = {}, trusted?: string[]) {
  const server = await webServer(() => said);
  const web = openWeb({ trusted: () => trusted ?? [server.url] });
  closing.push(
    () => web.close(),
    () => server.stop(),
  );
  const secret = randomBytes(32);
  const clock = manualClock();
  const channel = webhookChannel({ url: `${server.url}/in?a=1`, secret, web: web.fetch, clock });
  return { server, secret, clock, channel };
}

/** As Standard Webhooks describes it for receivers, over nothing but what came in. */
function verifies(secret: Buffer, headers: Record<string, unknown>, body: string): boolean {
  const { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': signatures } = headers;
  const want = createHmac('sha256', secret).update([id, timestamp, body].join('.')).digest('base64');
  return String(signatures)
    .split(' ')
    .some((each) => each === `v1,${want}`);
}

describe('a webhook', () => {
  it('is posted signed, with an id that stays the same for every attempt', async () => {
    const { server, secret, clock, channel } = await world();
    await channel.send(message(), NOBODY);
    clock.pass(60_000);
    await channel.send(message(), NOBODY);
    const [first, second] = server.got;
    for (const got of [first, second]) {
      expect(got).toMatchObject({ method: 'POST', path: '/in?a=1' });
      expect(got?.headers['content-type']).toBe('application/json');
      expect(JSON.parse(String(got?.body))).toEqual({ type: 'approval.asked', data: { a: 1 } });
      expect(got?.headers['webhook-id']).toBe('notice-1');
      expect(verifies(secret, got?.headers ?? {}, String(got?.body))).toBe(true);
      expect(verifies(randomBytes(32), got?.headers ?? {}, String(got?.body))).toBe(false);
      expect(verifies(secret, got?.headers ?? {}, `${got?.body} `)).toBe(false);
    }
    expect(Number(second?.headers['webhook-timestamp']) - Number(first?.headers['webhook-timestamp'])).toBe(60);
  });

  it.each([
    [{ status: 500 }, { permanent: false, retryAfterMs: null }],
    [
      { status: 503, headers: { 'retry-after': '7' } },
      { permanent: false, retryAfterMs: 7_000 },
    ],
    [
      { status: 429, headers: { 'retry-after': 'Fri, 15 Jan 2027 08:00:20 GMT' } },
      { permanent: false, retryAfterMs: 20_000 },
    ],
    [
      { status: 429, headers: { 'retry-after': 'soon' } },
      { permanent: false, retryAfterMs: null },
    ],
    [{ status: 404 }, { permanent: false }],
    [{ status: 410 }, { permanent: true }],
  ])('that is answered with %j failed: %j', async (said, why) => {
    const { channel } = await world(said);
    await expect(channel.send(message(), NOBODY)).rejects.toMatchObject({ name: 'NotDelivered', ...why });
  });

  it('goes to no private address that the operator did not name, and follows nobody there', async () => {
    const { channel, server } = await world({}, []);
    await expect(channel.send(message(), NOBODY)).rejects.toMatchObject({ permanent: true });
    expect(server.got).toEqual([]);
    const moved = await world({ status: 302, headers: { location: `${server.url}/inside` } });
    await expect(moved.channel.send(message(), NOBODY)).rejects.toMatchObject({ permanent: true });
    expect(server.got).toEqual([]);
  });
});
