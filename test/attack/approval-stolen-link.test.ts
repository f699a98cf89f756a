import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '../../src/adapters/clock.ts';
import { openSqlite } from '../../src/adapters/sql/sqlite.ts';
import { type ApprovalWorld, answerAs, openApprovalWorld, order, type SignedIn } from '../people/approvals-world.ts';
import { browserAt } from '../people/world.ts';

/** HU2, HU3: a link from a message says where to go, and gives no right to anything. */
let world: ApprovalWorld;
let alice: SignedIn;
let bob: SignedIn;
beforeAll(async () => {
  world = await openApprovalWorld();
  alice = await world.person('alice');
  bob = await world.person('bob');
});
afterAll(() => world?.close());

async function linkFor(approval: string, recipient: string): Promise<string> {
  const secret = randomBytes(32).toString('base64url');
  const stores = await openSqlite({ path: join(world.dir, '.interlock', 'interlock.db'), clock: systemClock });
  const nowMs = systemClock.nowMs();
  await stores.notices.add([
    {
      ...{ id: randomUUID(), approval, kind: 'asked', channel: 'email', recipient, state: 'sent', attempts: 1 },
      ...{ dueMs: nowMs, openedAtMs: null, error: null, createdAtMs: nowMs, sentAtMs: nowMs, place: null },
      ticket: createHash('sha256').update(secret).digest('base64url'),
    },
  ]);
  await stores.close();
  return `/approvals/open/${secret}`;
}

describe('a link from a message, in the wrong hands', () => {
  it('leads a stranger to the sign-in and shows nothing of the request', async () => {
    const { id } = await world.park('buyer', order(1_400));
    const link = await linkFor(id, 'alice');
    const thief = browserAt(world.origin);
    const page = await thief.get(link);
    expect(page.status).toBe(200);
    expect(page.text).not.toMatch(/northwind|buyer|1400/);
    const opened = await thief.post(link, {});
    expect(opened.text).toContain(`/sign-in?return=%2Fapprovals%2F${id}`);
    expect(opened.text).not.toMatch(/northwind|buyer|1400/);
    expect((await thief.get(`/approvals/${id}`)).location).toContain('/sign-in?');
    // The thief has used the link up; whom it was for needs none.
    await alice.browser.get(link);
    expect((await alice.browser.post(link, {})).status).toBe(410);
    expect((await alice.browser.get('/approvals')).text).toContain(id);
    expect((await answerAs(alice, id)).status).toBe(200);
  });

  it('opens nothing for another person who is signed in', async () => {
    const { id } = await world.park('buyer', order(1_401));
    const link = await linkFor(id, 'alice');
    await bob.browser.get(link);
    const opened = await bob.browser.post(link, {});
    expect([opened.status, opened.text]).toEqual([403, expect.stringContaining('sent to somebody else')]);
    expect((await bob.browser.get(`/approvals/${id}`)).status).toBe(404);
  });

  it('is not used up by programs that look, nor by a page of another site', async () => {
    const { id } = await world.park('buyer', order(1_402));
    const link = await linkFor(id, 'alice');
    for (let i = 0; i < 50; i++) await browserAt(world.origin).get(link);
    expect((await alice.browser.post(link, {}, { origin: 'https://evil.example' })).status).toBe(403);
    expect((await alice.browser.post(link, { csrf: '' })).status).toBe(403);
    await alice.browser.get(link);
    expect((await alice.browser.post(link, {})).text).toContain(`url=/approvals/${id}`);
    expect((await alice.browser.post(link, {})).status).toBe(410);
  });

  it('is opened by one of twenty at once', async () => {
    const { id } = await world.park('buyer', order(1_403));
    const link = await linkFor(id, 'alice');
    await alice.browser.get(link);
    const all = await Promise.all(Array.from({ length: 20 }, () => alice.browser.post(link, {})));
    expect(all.filter(({ status }) => status === 200)).toHaveLength(1);
  });
});
