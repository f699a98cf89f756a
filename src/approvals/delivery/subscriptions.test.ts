import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { manualClock } from '../../../test/contract/stores-memory.ts';
import { openSqlite } from '../../adapters/sql/sqlite.ts';
import type { PushSubscription } from '../../ports/notify.ts';
import { PushSubscriptions, readSubscription } from './subscriptions.ts';

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

const P256DH = Buffer.alloc(65, 4).toString('base64url');
const AUTH = Buffer.alloc(16, 1).toString('base64url');
const browser = (name: string): PushSubscription => ({
  endpoint: `https://push.example/${name}`,
  p256dh: P256DH,
  auth: AUTH,
});

async function world() {
  const dir = mkdtempSync(join(tmpdir(), 'interlock-push-'));
  const clock = manualClock();
  const stores = await openSqlite({ path: join(dir, 'store.db'), clock });
  const make = () => {
    const made = new PushSubscriptions({
      store: stores.secrets,
      clock,
      onError: (error) => expect.unreachable(`${error}`),
    });
    closing.unshift(() => made.close());
    return made;
  };
  closing.push(
    () => stores.close(),
    () => rmSync(dir, { recursive: true, force: true }),
  );
  return { clock, make, one: make() };
}

const names = async (of: PushSubscriptions, person: string) =>
  (await of.of(person)).map(({ endpoint }) => new URL(endpoint).pathname.slice(1)).sort();

describe('browsers of a person', () => {
  it('are known here at once, to other gateways after the bell, and to a restarted one', async () => {
    const { make, one } = await world();
    const other = make();
    await one.add('alice', browser('a'));
    await one.add('alice', browser('a'));
    expect(await one.of('alice')).toEqual([browser('a')]);
    expect([one.isSubscribed('alice'), one.isSubscribed('bob')]).toEqual([true, false]);
    await other.refresh();
    expect(other.isSubscribed('alice')).toBe(true);
    expect(await one.remove('bob', browser('a').endpoint)).toBe(false);
    expect(await one.remove('alice', browser('a').endpoint)).toBe(true);
    expect(await one.remove('alice', browser('a').endpoint)).toBe(false);
    expect(one.isSubscribed('alice')).toBe(false);
  });

  it('belong to whoever subscribed in them last', async () => {
    const { one } = await world();
    await one.add('alice', browser('shared'));
    await one.add('bob', browser('shared'));
    expect([await names(one, 'alice'), await names(one, 'bob')]).toEqual([[], ['shared']]);
    expect([one.isSubscribed('alice'), one.isSubscribed('bob')]).toEqual([false, true]);
  });

  it('are ten at most: the oldest goes', async () => {
    const { one, clock } = await world();
    for (let i = 0; i < 12; i++) {
      clock.pass(1_000);
      await one.add('alice', browser(`b${String(i).padStart(2, '0')}`));
    }
    expect(await names(one, 'alice')).toEqual(
      Array.from({ length: 10 }, (_, i) => `b${String(i + 2).padStart(2, '0')}`),
    );
  });

  it('end with the person', async () => {
    const { one } = await world();
    await one.add('alice', browser('a'));
    await one.add('alice', browser('b'));
    await one.add('bob', browser('c'));
    expect(await one.removeAll('alice')).toBe(2);
    expect([await names(one, 'alice'), await names(one, 'bob')]).toEqual([[], ['c']]);
    expect(one.isSubscribed('alice')).toBe(false);
  });
});

describe('what a browser sends', () => {
  const good = { endpoint: 'https://push.example/x', expirationTime: null, keys: { p256dh: P256DH, auth: AUTH } };

  it('is taken as it is', () => {
    expect(readSubscription(good, [])).toEqual({ endpoint: good.endpoint, p256dh: P256DH, auth: AUTH });
    const local = { ...good, endpoint: 'http://push.corp:8080/x' };
    expect(readSubscription(local, ['http://push.corp:8080'])).toMatchObject({ endpoint: local.endpoint });
  });

  it.each([
    [{ ...good, endpoint: 'http://push.example/x' }, 'the endpoint is not https'],
    [{ ...good, endpoint: 'https://user@push.example/x' }, 'the endpoint is not https'],
    [{ ...good, endpoint: 'file:///etc/passwd' }, 'the endpoint is not https'],
    [{ ...good, endpoint: `https://push.example/${'x'.repeat(1000)}` }, 'the endpoint is no address'],
    [{ ...good, endpoint: 5 }, 'the endpoint is no address'],
    [{}, 'the endpoint is no address'],
    [{ endpoint: good.endpoint }, 'the keys are not those of a browser'],
    [{ ...good, keys: { p256dh: AUTH, auth: AUTH } }, 'the keys are not those of a browser'],
    [{ ...good, keys: { p256dh: P256DH, auth: P256DH } }, 'the keys are not those of a browser'],
    [{ ...good, keys: { p256dh: `${P256DH}!`, auth: AUTH } }, 'the keys are not those of a browser'],
  ])('%j is refused: %s', (value, why) => {
    expect(readSubscription(value as never, [])).toBe(why);
  });
});
