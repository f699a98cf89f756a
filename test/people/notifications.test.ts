import { createECDH, randomBytes } from 'node:crypto';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { until } from '../cases/house.ts';
import { type NoticeHouse, openNoticeHouse } from '../notify/house.ts';
import { inspect, leftOut, openChromium } from './chromium.ts';

/** HU2: a person turns on notifications; what is pushed is shown, and opens the gateway's own pages alone. */
describe('notifications in a real browser', () => {
  if (leftOut('notifications in a browser')) {
    it('are not tried here: there is no browser', () => {});
    return;
  }
  let all: NoticeHouse;
  let chromium: Browser;
  let context: BrowserContext;
  let page: Page;
  const errors: string[] = [];

  beforeAll(async () => {
    all = await openNoticeHouse();
    chromium = await openChromium();
    context = await chromium.newContext();
    await context.grantPermissions(['notifications'], { origin: all.house.url });
    page = await context.newPage();
    page.setDefaultTimeout(10_000);
    page.on('console', (message) => void (message.type() === 'error' && errors.push(message.text())));
    page.on('pageerror', (error) => void errors.push(error.message));
    const { body } = await all.house.admin<{ url: string }>('POST', '/v1/people/carol/invitations', {
      ...{ by: 'operator', reason: 'test' },
    });
    await page.goto(body.url);
    await page.fill('input[name=password]', 'violet tractor 9 lamp');
    await Promise.all([page.waitForURL('**/account'), page.press('input[name=password]', 'Enter')]);
  });
  afterAll(async () => {
    await chromium?.close();
    await all?.stop();
    expect(errors).toEqual([]);
  });

  it('are turned on with one button, and off again', async () => {
    const keys = createECDH('prime256v1');
    const p256dh = keys.generateKeys('base64url', 'uncompressed');
    const subscription = {
      endpoint: `${all.push.url}/push/c`,
      keys: { p256dh, auth: randomBytes(16).toString('base64url') },
    };
    // This browser reaches no push service: what it would give is given instead, and the rest is real.
    await page.addInitScript((made) => {
      const state = { on: false };
      const given = {
        endpoint: made.endpoint,
        toJSON: () => made,
        unsubscribe: async () => {
          state.on = false;
          return true;
        },
      };
      const manager = (globalThis as never as { PushManager: { prototype: object } }).PushManager.prototype;
      Object.assign(manager, {
        getSubscription: async () => (state.on ? given : null),
        subscribe: async (options: { userVisibleOnly: boolean; applicationServerKey: Uint8Array }) => {
          if (!options.userVisibleOnly || options.applicationServerKey.length !== 65) throw new Error('bad options');
          state.on = true;
          return given;
        },
      });
    }, subscription);
    await page.goto(`${all.house.url}/approvals`);
    const button = page.locator('button[data-push]');
    await button.waitFor();
    await inspect(page, 'inbox-notifications');
    await button.click();
    await page.waitForSelector('button[data-push][aria-pressed=true]');
    const tested = await all.house.admin('POST', '/v1/notices/test', { channel: 'web-push', to: 'carol', by: 'olga' });
    expect(tested.status).toBe(200);
    expect(all.push.got.map(({ path }) => path)).toEqual(['/push/c']);
    await button.click();
    await page.waitForSelector('button[data-push][aria-pressed=false]');
    const gone = await all.house.admin('POST', '/v1/notices/test', { channel: 'web-push', to: 'carol', by: 'olga' });
    expect(gone).toMatchObject({ status: 409, body: { detail: 'no browser is subscribed' } });
  });

  it('show what was pushed, and open this site alone', async () => {
    const cdp = await context.newCDPSession(page);
    const registered = new Promise<string>((done) => {
      cdp.on('ServiceWorker.workerRegistrationUpdated', ({ registrations }) => {
        const mine = registrations.find(({ scopeURL }) => scopeURL.endsWith('/approvals/push/'));
        if (mine !== undefined) done(mine.registrationId);
      });
    });
    await cdp.send('ServiceWorker.enable');
    const registrationId = await registered;
    const push = (data: string) =>
      cdp.send('ServiceWorker.deliverPushMessage', { origin: all.house.url, registrationId, data });
    interface Shown {
      readonly title: string;
      readonly body: string;
      readonly tag: string;
      readonly data: { readonly url: string };
    }
    const shown = () =>
      page.evaluate(async () => {
        const { serviceWorker } = navigator as never as {
          serviceWorker: {
            getRegistration(scope: string): Promise<{ getNotifications(): Promise<Shown[]> } | undefined>;
          };
        };
        const all = (await (await serviceWorker.getRegistration('/approvals/push/'))?.getNotifications()) ?? [];
        return all.map(({ title, body, tag, data }) => ({ title, body, tag, url: data.url }));
      });
    const link = `${all.house.url}/approvals/open/${'s'.repeat(43)}`;
    await push(JSON.stringify({ title: 'Buyer: your approval is needed', body: 'Order', tag: 'r1', url: link }));
    await until(async () => (await shown()).length === 1);
    expect(await shown()).toEqual([{ title: 'Buyer: your approval is needed', body: 'Order', tag: 'r1', url: link }]);
    // Something is always shown, whatever came.
    await push('no JSON');
    await until(async () => (await shown()).length === 2);
    expect((await shown()).map(({ title }) => title)).toContain('Interlock');

    const worker = context.serviceWorkers().find((each) => each.url().endsWith('/approvals/push/worker.js'));
    const opened = await worker?.evaluate(
      async (links) => {
        const scope = globalThis as never as {
          registration: {
            getNotifications(): Promise<unknown[]>;
            showNotification(title: string, o: object): Promise<void>;
          };
          clients: { openWindow(url: string): Promise<null> };
          NotificationEvent: new (type: string, init: object) => Event;
          dispatchEvent(event: Event): void;
        };
        const urls: string[] = [];
        Object.defineProperty(scope.clients, 'openWindow', { value: async (url: string) => (urls.push(url), null) });
        for (const url of links) {
          await scope.registration.showNotification('t', { tag: 'click', data: { url } });
          const all = (await scope.registration.getNotifications()) as { tag: string }[];
          const notification = all.find(({ tag }) => tag === 'click');
          scope.dispatchEvent(new scope.NotificationEvent('notificationclick', { notification }));
        }
        return urls;
      },
      [link, 'https://evil.example/approvals', 'javascript:alert(1)', '//evil.example/x', ''],
    );
    const home = `${all.house.url}/approvals`;
    expect(opened).toEqual([link, home, home, home, home]);
  });
});
