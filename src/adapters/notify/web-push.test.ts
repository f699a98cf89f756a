import { createECDH, createPublicKey, randomBytes, verify } from 'node:crypto';
import { createRequire } from 'node:module';
import { afterEach, describe, expect, it } from 'vitest';
import { manualClock } from '../../../test/contract/stores-memory.ts';
import { message, type Said, webServer } from '../../../test/notify/fixtures.ts';
import type { PushSubscription } from '../../ports/notify.ts';
import { openWeb } from '../web.ts';
import { makeVapidKeys, webPushChannel } from './web-push.ts';

/** The browser's side of RFC 8188 and RFC 8291. */
const ece = createRequire(createRequire(import.meta.url).resolve('web-push'))('http_ece') as {
  decrypt(body: Buffer, options: object): Buffer;
};

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});
const ALICE = { person: 'alice', name: 'Alice', email: null };

/** A browser: keys of its own, and what it reads of a push. */
function browser(endpoint: string) {
  const keys = createECDH('prime256v1');
  const p256dh = keys.generateKeys('base64url', 'uncompressed');
  const auth = randomBytes(16).toString('base64url');
  const subscription: PushSubscription = { endpoint, p256dh, auth };
  const read = (body: Buffer): unknown =>
    JSON.parse(ece.decrypt(body, { version: 'aes128gcm', privateKey: keys, authSecret: auth }).toString('utf8'));
  return { subscription, read };
}

async function world(answer: (path: string) => Said | null = () => ({ status: 201 }), trusted = true) {
  const server = await webServer(({ path }) => answer(path));
  const web = openWeb({ trusted: () => (trusted ? [server.url] : []) });
  closing.push(
    () => web.close(),
    () => server.stop(),
  );
  const browsers = ['one', 'two'].map((name) => browser(`${server.url}/push/${name}`));
  const forgotten: string[] = [];
  const keys = makeVapidKeys();
  const clock = manualClock();
  const channel = webPushChannel({
    ...{ contact: 'mailto:ops@example.com', keys, web: web.fetch, clock },
    subscriptionsOf: async (person) => (person === 'alice' ? browsers.map(({ subscription }) => subscription) : []),
    forget: async (person, endpoint) => forgotten.push(`${person} ${new URL(endpoint).pathname}`),
  });
  return { server, browsers, forgotten, keys, clock, channel };
}

describe('a push', () => {
  it('is read by each browser it is for, and by nobody else', async () => {
    const { server, browsers, clock, channel } = await world();
    await channel.send(message({ expiresAtMs: clock.nowMs() + 600_000, urgent: true }), ALICE);
    expect(server.got.map(({ path }) => path).sort()).toEqual(['/push/one', '/push/two']);
    for (const got of server.got) {
      const [mine, other] = got.path === '/push/one' ? browsers : [...browsers].reverse();
      expect(mine?.read(got.body)).toEqual({
        ...{ title: 'Title', body: 'Body', url: 'https://gw.example/approvals', tag: 'approval-1' },
      });
      expect(() => other?.read(got.body)).toThrow();
      expect(String(got.body)).not.toContain('gw.example');
      expect(got.headers).toMatchObject({
        ...{ 'content-encoding': 'aes128gcm', ttl: '600', urgency: 'high', topic: 'notice-1' },
      });
    }
  });

  it('says who sends it, in a token the push service can check (RFC 8292)', async () => {
    const { server, keys, channel } = await world();
    await channel.send(message(), ALICE);
    const [, token = '', key = ''] =
      /^vapid t=([^,]+), k=(.+)$/.exec(String(server.got[0]?.headers.authorization)) ?? [];
    expect(key).toBe(keys.publicKey);
    const [head = '', claims = '', signature = ''] = token.split('.');
    const point = Buffer.from(key, 'base64url');
    const jwk = {
      ...{ kty: 'EC', crv: 'P-256' },
      x: point.subarray(1, 33).toString('base64url'),
      y: point.subarray(33).toString('base64url'),
    };
    const publicKey = createPublicKey({ key: jwk, format: 'jwk' });
    const checked = verify(
      'sha256',
      Buffer.from(`${head}.${claims}`),
      { key: publicKey, dsaEncoding: 'ieee-p1363' },
      Buffer.from(signature, 'base64url'),
    );
    expect(checked).toBe(true);
    expect(JSON.parse(Buffer.from(claims, 'base64url').toString())).toMatchObject({
      ...{ aud: server.url, sub: 'mailto:ops@example.com' },
    });
  });

  it.each([404, 410])('to a browser that is gone (%i) forgets it, and arrives in the other', async (status) => {
    const { channel, forgotten } = await world((path) => ({ status: path === '/push/one' ? status : 201 }));
    await channel.send(message(), ALICE);
    expect(forgotten).toEqual(['alice /push/one']);
  });

  it('that no browser took failed, for good only where trying again cannot help', async () => {
    const gone = await world(() => ({ status: 410 }));
    await expect(gone.channel.send(message(), ALICE)).rejects.toMatchObject({ permanent: true });
    expect(gone.forgotten).toHaveLength(2);
    const busy = await world((path) =>
      path === '/push/one' ? { status: 410 } : { status: 429, headers: { 'retry-after': '3' } },
    );
    await expect(busy.channel.send(message(), ALICE)).rejects.toMatchObject({ permanent: false, retryAfterMs: 3_000 });
    const nobody = await world();
    await expect(nobody.channel.send(message(), { ...ALICE, person: 'bob' })).rejects.toMatchObject({
      ...{ permanent: true, message: 'no browser is subscribed' },
    });
  });

  it('goes to no private address, whatever endpoint a browser names', async () => {
    const { channel, server } = await world(() => ({ status: 201 }), false);
    await expect(channel.send(message(), ALICE)).rejects.toMatchObject({ permanent: true });
    expect(server.got).toEqual([]);
  });

  it('is not tried with keys that are none', async () => {
    const { channel, browsers, server } = await world();
    for (const { subscription } of browsers) Object.assign(subscription, { p256dh: 'AAAA' });
    await expect(channel.send(message(), ALICE)).rejects.toMatchObject({ permanent: true });
    expect(server.got).toEqual([]);
  });
});
