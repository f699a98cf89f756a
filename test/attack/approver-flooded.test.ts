import { afterAll, beforeAll, expect, it } from 'vitest';
import { until } from '../cases/house.ts';
import { type NoticeHouse, openNoticeHouse, order } from '../notify/house.ts';

/**
 * An agent asks 200 times so that carol, tired of it, presses the button once too often, or misses the one that matters. She gets a
 * handful of messages, and one that says how many wait; every request stays to be answered.
 */
const REQUESTS = 200;
const PER_TEN_MINUTES = 5;
let all: NoticeHouse;

beforeAll(async () => {
  all = await openNoticeHouse({
    approvals: `, noticesPerTenMinutes: ${PER_TEN_MINUTES}`,
    limits: `limits: { pendingApprovalsPerAgent: ${REQUESTS}, concurrentCallsPerAgent: 256 }`,
  });
});
afterAll(() => all?.stop());

it('200 requests are at most five messages to each approver on each channel', { timeout: 300_000 }, async () => {
  const client = await all.house.client('buyer', '/mcp/erp');
  for (let i = 0; i < REQUESTS; i++) void client.callTool(order(1_000 + i)).catch(() => {});
  await until(
    async () =>
      (await all.house.admin<{ items: unknown[] }>('GET', '/v1/approvals?state=pending&limit=1000')).body.items
        .length === REQUESTS,
    120_000,
  );
  const told = new Map<string, number>();
  const count = () => {
    told.clear();
    const add = (who: string) => told.set(who, (told.get(who) ?? 0) + 1);
    for (const { to_ } of all.mail.mails) add(`email ${to_[0]}`);
    for (const { method, body } of all.slack.calls) if (method === 'chat.postMessage') add(`slack ${body.channel}`);
    return [...told.values()].reduce((sum, each) => sum + each, 0);
  };
  const grouped = () =>
    all.mail.mails.filter(({ subject }) => /^\d+ (or more )?requests wait for you$/.test(subject ?? ''));
  await until(() => grouped().length === 2 && count() === 5 * PER_TEN_MINUTES, 120_000);
  expect(Object.fromEntries(told)).toEqual({
    'email carol@example.com': PER_TEN_MINUTES,
    'email dave@example.com': PER_TEN_MINUTES,
    'slack U0CAROL': PER_TEN_MINUTES,
    'slack U0DAVE': PER_TEN_MINUTES,
    'slack C0APPROVE': PER_TEN_MINUTES,
  });
  // Programs are told of each, and every request can still be answered.
  await until(() => all.hook.got.length === REQUESTS, 120_000);
  const { body } = await all.house.admin<{ items: { id: string; digest: string }[] }>(
    'GET',
    '/v1/approvals?state=pending&limit=1000',
  );
  const last = body.items[0] as { id: string; digest: string };
  expect(await all.notices(last.id)).toContainEqual(
    expect.objectContaining({ channel: 'email', recipient: 'carol', kind: 'grouped' }),
  );
  await all.press({ user: 'U0CAROL', action: 'deny', value: { approval: last.id, digest: last.digest } });
  const outcomes = (await all.house.records()).filter(
    (record) => record.type === 'admin' && record.act === 'approval.outcome',
  );
  expect(outcomes).toEqual([
    expect.objectContaining({ by: 'carol', detail: expect.objectContaining({ outcome: 'denied' }) }),
  ]);
});
