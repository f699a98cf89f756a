import { execFile } from 'node:child_process';
import { createECDH, createHmac, randomBytes } from 'node:crypto';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type NoticeHouse, openNoticeHouse, order } from '../notify/house.ts';
import { ROOT, textOf, until } from './house.ts';

/** Requirement HU2: approvers are reached where they are, and answer there where that is proof enough. */
const ece = createRequire(createRequire(import.meta.url).resolve('web-push'))('http_ece') as {
  decrypt(body: Buffer, options: object): Buffer;
};

let all: NoticeHouse;
beforeAll(async () => {
  all = await openNoticeHouse();
});
afterAll(() => all?.stop());

async function asked(total: number) {
  const client = await all.house.client('buyer', '/mcp/erp');
  const result = client.callTool(order(total));
  await until(async () => (await all.pending()).length === 1);
  const [row] = await all.pending();
  return { result, row: row! };
}

const slackMessages = () => all.slack.calls.filter(({ method }) => method === 'chat.postMessage');
const outcome = async (approval: string) =>
  (await all.house.records()).find(
    (record) =>
      record.type === 'admin' &&
      record.act === 'approval.outcome' &&
      (record.detail as { approval: string }).approval === approval,
  );

function interlock(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  const argv = ['--disable-warning=ExperimentalWarning', join(ROOT, 'src/cli/main.ts')];
  const config = ['--config', join(all.house.dir, 'interlock.yaml')];
  return new Promise((done) => {
    execFile(process.execPath, [...argv, ...config, ...args], { cwd: all.house.dir }, (error, out, err) => {
      done({ code: error === null ? 0 : Number(error.code), out, err });
    });
  });
}

describe('a call that asks', () => {
  it('reaches each approver on every channel, and is approved in Slack by one of them', async () => {
    const { result, row } = await asked(600);
    await until(() => all.mail.mails.length === 2 && slackMessages().length === 3 && all.hook.got.length === 1);
    expect(all.mail.mails.map(({ to_ }) => to_[0]).sort()).toEqual(['carol@example.com', 'dave@example.com']);
    const [mail] = all.mail.mails;
    expect(mail?.subject).toMatch(/^Your approval is needed: Run orders\.create on erp/);
    expect(mail?.text).toContain('Amount: 600.00');
    expect(mail?.text).toMatch(new RegExp(`\\n${all.house.url}/approvals/open/[\\w-]{43}\\n`));
    expect(
      slackMessages()
        .map(({ body }) => body.channel)
        .sort(),
    ).toEqual(['C0APPROVE', 'U0CAROL', 'U0DAVE']);

    const button = JSON.stringify(slackMessages().find(({ body }) => body.channel === 'U0CAROL')?.body.blocks);
    expect(button).toContain(row.digest);
    const pressed = await all.press({
      user: 'U0CAROL',
      action: 'approve',
      value: { approval: row.id, digest: row.digest },
    });
    expect(pressed.status).toBe(200);
    expect(textOf(await result)).toContain('600');
    expect(await outcome(row.id)).toMatchObject({
      by: 'carol',
      detail: {
        outcome: 'approved',
        answers: [{ person: 'carol', verdict: 'approved', assurance: 'signed-in', proof: null }],
      },
    });
    const whispers = all.slack.calls.filter(({ method }) => method === 'chat.postEphemeral');
    expect(whispers.map(({ body }) => [body.user, body.text])).toEqual([
      ['U0CAROL', 'You approved it. It goes on now.'],
    ]);

    await until(() => all.slack.calls.filter(({ method }) => method === 'chat.update').length === 3, 15_000);
    const updates = all.slack.calls.filter(({ method }) => method === 'chat.update');
    expect(
      updates.every(({ body }) => /^Approved by carol/.test(body.text) && !JSON.stringify(body).includes('"button"')),
    ).toBe(true);
    await until(() => all.hook.got.length === 2, 15_000);
    const [first, last] = all.hook.got;
    expect([first, last].map((got) => JSON.parse(String(got?.body)).type)).toEqual([
      'approval.asked',
      'approval.answered',
    ]);
    for (const got of all.hook.got) {
      const { 'webhook-id': id, 'webhook-timestamp': at, 'webhook-signature': signature } = got.headers;
      const mac = createHmac('sha256', all.hookSecret).update(`${id}.${at}.${got.body}`).digest('base64');
      expect(signature).toBe(`v1,${mac}`);
    }
  });

  it('is denied in Slack, and the agent hears it', async () => {
    const { result, row } = await asked(700);
    await all.press({ user: 'U0DAVE', action: 'deny', value: { approval: row.id, digest: row.digest } });
    const denied = await result;
    expect(denied.isError).toBe(true);
    expect(textOf(denied)).toMatch(/denied/);
    expect(await outcome(row.id)).toMatchObject({
      ...{ by: 'dave', reason: 'denied in Slack', detail: { outcome: 'denied' } },
    });
  });

  it('is told of by what became of each message', async () => {
    const { result, row } = await asked(800);
    await until(async () => (await all.notices(row.id)).every(({ state }) => state === 'sent'));
    const told = await all.notices(row.id);
    expect(told.map(({ channel, recipient, hasLink }) => `${channel} ${recipient} ${hasLink}`).sort()).toEqual([
      ...['email carol true', 'email dave true', 'slack carol true', 'slack dave true', 'slack null false'],
      'webhook null false',
    ]);
    expect(JSON.stringify(told)).not.toContain('ticket');
    const listed = await interlock('approvals', 'notices', row.id.slice(0, 8));
    expect([listed.code, listed.err]).toEqual([0, '']);
    expect(listed.out).toMatch(/email\s+carol\s+asked\s+sent\s+1\s/);
    await all.press({ user: 'U0DAVE', action: 'deny', value: { approval: row.id, digest: row.digest } });
    await result;
  });
});

describe('the link of a message', () => {
  it('is used up by no scanner that follows it fifty times, by its reader once, and is nobody else’s', async () => {
    const before = all.mail.mails.length;
    const { result, row } = await asked(850);
    await until(() => all.mail.mails.length === before + 2);
    const mail = all.mail.mails.slice(before).find(({ to_ }) => to_[0] === 'carol@example.com');
    const link = /http:\S+\/approvals\/open\/[\w-]{43}/.exec(mail?.text ?? '')?.[0] ?? '';
    for (let i = 0; i < 50; i++) {
      const looked = await fetch(link, { method: i % 5 === 0 ? 'HEAD' : 'GET', redirect: 'manual' });
      expect(looked.status).toBe(200);
    }
    // Without the page's own token a program that posts as well opens nothing.
    const posted = await fetch(link, { method: 'POST', body: new URLSearchParams({}), redirect: 'manual' });
    expect(posted.status).toBe(403);
    expect((await all.notices(row.id)).every(({ openedAtMs }) => openedAtMs === null)).toBe(true);
    const { browser } = await all.signedIn('carol');
    const csrf = /name="csrf" value="([^"]+)"/.exec(await (await browser.get(link)).text())?.[1] ?? '';
    const opened = await browser.post(link, { csrf });
    expect(opened.status).toBe(200);
    expect(await opened.text()).toContain(`/approvals/${row.id}`);
    expect((await browser.post(link, { csrf })).status).toBe(410);
    const told = await all.notices(row.id);
    const mine = told.filter(({ openedAtMs }) => openedAtMs !== null);
    expect(mine.map(({ channel, recipient }) => `${channel} ${recipient}`)).toEqual(['email carol']);
    await all.press({ user: 'U0DAVE', action: 'deny', value: { approval: row.id, digest: row.digest } });
    await result;
  });
});

describe('a browser', () => {
  it('that a person subscribed shows what only it can read, until they are gone', async () => {
    const { browser, csrf } = await all.signedIn('carol');
    const keys = createECDH('prime256v1');
    const p256dh = keys.generateKeys('base64url', 'uncompressed');
    const auth = randomBytes(16).toString('base64url');
    const post = (path: string, body: object) =>
      fetch(`${all.house.url}${path}`, {
        method: 'POST',
        headers: {
          ...{ 'content-type': 'application/json', origin: all.house.url, 'x-csrf-token': csrf },
          cookie: browser.cookieHeader(`${all.house.url}/approvals`),
        },
        body: JSON.stringify(body),
      });
    const key = await browser.get(`${all.house.url}/approvals/push/key`);
    expect(((await key.json()) as { key: string }).key).toMatch(/^[\w-]{87}$/);
    const subscription = { endpoint: `${all.push.url}/push/1`, expirationTime: null, keys: { p256dh, auth } };
    expect((await post('/approvals/push/subscribe', subscription)).status).toBe(200);

    const { result, row } = await asked(900);
    await until(() => all.push.got.length === 1);
    const body = all.push.got[0]?.body as Buffer;
    const read = JSON.parse(String(ece.decrypt(body, { version: 'aes128gcm', privateKey: keys, authSecret: auth })));
    expect(read).toMatchObject({
      ...{ tag: row.id, url: expect.stringMatching(new RegExp(`^${all.house.url}/approvals/open/[\\w-]{43}$`)) },
    });
    await all.press({ user: 'U0DAVE', action: 'deny', value: { approval: row.id, digest: row.digest } });
    await result;

    // The directory of this house is its configuration: carol leaves it.
    const { status } = await all.house.admin('POST', '/v1/people/carol/deactivate', { by: 'operator', reason: 'left' });
    expect(status).toBe(200);
    const test = await all.house.admin('POST', '/v1/notices/test', {
      channel: 'web-push',
      to: 'carol',
      by: 'operator',
    });
    expect(test).toMatchObject({ status: 409, body: { detail: 'no browser is subscribed' } });
    await all.house.admin('POST', '/v1/people/carol/reactivate', { by: 'operator', reason: 'back' });
  });

  it('is given its service worker, and nothing without signing in', async () => {
    const worker = await all.house.raw({ path: '/approvals/push/worker.js', method: 'GET' });
    expect(worker.headers).toMatchObject({
      'content-type': 'text/javascript; charset=utf-8',
      'cache-control': 'no-cache',
    });
    expect(worker.text).toContain('notificationclick');
    expect((await all.house.raw({ path: '/approvals/push/key', method: 'GET' })).status).toBe(401);
    for (const what of ['subscribe', 'unsubscribe'])
      expect((await all.house.raw({ path: `/approvals/push/${what}`, body: {} })).status).toBe(401);
  });
});

describe('an operator', () => {
  it('tries a channel, is told what happened, and is on record', async () => {
    const before = all.mail.mails.length;
    const sent = await interlock('approvals', 'test-notice', '--channel', 'email', '--to', 'carol', '--by', 'olga');
    expect([sent.code, sent.out, sent.err]).toEqual([0, 'delivered: email to carol\n', '']);
    expect(all.mail.mails.slice(before).map(({ subject, to_ }) => [subject, to_])).toEqual([
      ['A test message', ['carol@example.com']],
    ]);
    const failed = await interlock('approvals', 'test-notice', '--channel', 'email', '--to', 'alice');
    expect(failed.code).not.toBe(0);
    expect(failed.err).toContain('no e-mail address of alice is known');
    expect((await interlock('approvals', 'test-notice', '--channel', 'pigeon')).code).toBe(2);
    const acts = (await all.house.records()).filter(
      (record) => record.type === 'admin' && record.act === 'notice.test',
    );
    expect(acts).toContainEqual(expect.objectContaining({ by: 'olga', detail: { channel: 'email', to: 'carol' } }));
  });
});
