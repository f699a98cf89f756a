import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { join } from 'node:path';
import type { Client } from '@modelcontextprotocol/client';
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../src/adapters/clock.ts';
import { openSqlite } from '../../src/adapters/sql/sqlite.ts';
import type { NoticeRow } from '../../src/ports/stores.ts';
import { textOf } from '../cases/house.ts';
import { type ApprovalWorld, openApprovalWorld, order } from './approvals-world.ts';
import { inspect, leftOut, openChromium, withAuthenticator } from './chromium.ts';

/** HU1, HU3: a person sees exactly what would run, signs it with a passkey, and that runs, once. */
describe('approving in a real browser', { timeout: 180_000 }, () => {
  if (leftOut('approvals in a browser')) {
    it('is not tried here: there is no browser', () => {});
    return;
  }
  let browser: Browser;
  let world: ApprovalWorld;
  let page: Page;
  const errors: string[] = [];

  beforeAll(async () => {
    browser = await openChromium();
  });
  afterAll(() => browser?.close());
  beforeEach(async () => {
    world = await openApprovalWorld();
    page = await signedIn('alice');
  });
  afterEach(async () => {
    await page.context().close();
    await world.close();
    expect(errors.splice(0)).toEqual([]);
  });

  /** A call that may end with its connection, without anybody being surprised. */
  function calling(client: Client, call: ReturnType<typeof order>): ReturnType<Client['callTool']> {
    const under = client.callTool(call);
    under.catch(() => {});
    return under;
  }

  /** Browsers say on the console that a page came with such a status, as it should. */
  function forgive(status: string): void {
    errors.splice(0, errors.length, ...errors.filter((text) => !text.includes(`status of ${status}`)));
  }

  async function signedIn(person: string): Promise<Page> {
    const opened = await (await browser.newContext()).newPage();
    opened.setDefaultTimeout(10_000);
    opened.on('console', (message) => void (message.type() === 'error' && errors.push(message.text())));
    opened.on('pageerror', (error) => void errors.push(error.message));
    await withAuthenticator(opened);
    await opened.goto(await world.invitation(person));
    await opened.click('text=Create a passkey');
    await opened.waitForURL('**/account');
    return opened;
  }

  it('the call waits, the passkey signs what is seen, and exactly that runs', async () => {
    await page.goto(`${world.origin}/approvals`);
    expect(await page.textContent('main')).toContain('All answered');
    await inspect(page, 'inbox-empty');
    world.ticket('Please get me three docking stations, LAP-14, from northwind as soon as you can. Thank you!');
    const client = await world.client('buyer', '/mcp');
    await client.callTool({ name: 'crm__tickets.find', arguments: { customer: 'c-1002' } });
    await client.callTool({ name: 'erp__orders.list', arguments: { limit: 5 } });
    const wanted = order(1_249.5, { quantity: 3 });
    const bought = calling(client, { ...wanted, name: 'erp__orders.create' });
    const { id } = await world.pending();
    await page.waitForSelector('.news p:not([hidden])');
    await page.click('.news a');
    await page.waitForSelector('.inbox');
    await inspect(page, 'inbox-one');
    await page.keyboard.press('j');
    await page.keyboard.press('Enter');
    await page.waitForURL(`**/approvals/${id}`);
    expect(await page.textContent('h1')).toBe('Order 3 × LAP-14 from northwind for 1249.5 EUR');
    const text = (await page.textContent('main'))!;
    for (const seen of ['Procurement agent', 'Alice Arnold', 'production', '1,249.50 EUR', 'crm/tickets.find']) {
      expect(text).toContain(seen);
    }
    expect(await page.textContent('.untrusted')).toContain('northwind');
    await inspect(page, 'request');
    await page.fill('#reason', 'Carol asked for them; checked with her.');
    await page.click('button:has-text("Approve")');
    await page.waitForURL(/done=approved/);
    expect((await bought).isError ?? false).toBe(false);
    expect(world.orders()).toMatchObject([{ supplier: 'northwind', quantity: 3, total_cents: 124_950 }]);
    await page.goto(`${world.origin}/approvals/${id}?done=denied`);
    expect(await page.textContent('main')).not.toContain('Your denial');
    await inspect(page, 'request-used');
    await page.goto(`${world.origin}/approvals/history`);
    expect(await page.textContent('.inbox')).toContain('You approved');
    await inspect(page, 'history');
  });

  it('no means no: the agent is told why, and nothing runs', async () => {
    const client = await world.client('buyer');
    const bought = calling(client, order(700));
    const { id } = await world.pending();
    await page.goto(`${world.origin}/approvals/${id}`);
    await page.click('button:has-text("Deny")');
    expect(await page.textContent('.answer [role=alert]')).toContain('Say why');
    await page.fill('#reason', 'We have enough laptops.');
    await page.click('button:has-text("Deny")');
    await page.waitForURL(/done=denied/);
    const result = await bought;
    expect([result.isError, textOf(result)]).toEqual([true, expect.stringContaining('denied this action')]);
    expect(world.orders()).toEqual([]);
    expect(await world.outcome(id)).toMatchObject({
      by: 'alice',
      reason: 'We have enough laptops.',
      detail: { outcome: 'denied', answers: [{ verdict: 'denied', proof: { statement: { verdict: 'denied' } } }] },
    });
    await inspect(page, 'request-denied');
  });

  it('a person changes the arguments, sees what comes of it, and exactly those run', async () => {
    const client = await world.client('buyer');
    const bought = calling(client, order(1_200, { quantity: 4 }));
    const { id } = await world.pending();
    await page.goto(`${world.origin}/approvals/${id}`);
    await page.click('text=Change the arguments');
    await inspect(page, 'change');
    await page.fill('input[value="4"]', 'four');
    await page.click('button:has-text("See what would come of it") >> nth=0');
    expect(await page.textContent('main')).toContain('is no number');
    forgive('400');
    await page.goBack();
    await page.fill('input[value="4"]', '2');
    await page.fill('input[value="1200"]', '600');
    await page.click('button:has-text("See what would come of it") >> nth=0');
    await page.waitForSelector('text=What would run instead');
    expect(await page.textContent('h1')).toBe('Order 2 × LAP-14 from northwind for 600 EUR');
    expect(await page.textContent('.args')).toContain('Changed by you');
    await inspect(page, 'change-preview');
    await page.click('button:has-text("Approve the change")');
    await page.waitForURL(/done=approved/);
    expect((await bought).isError ?? false).toBe(false);
    expect(world.orders()).toMatchObject([{ quantity: 2, total_cents: 60_000 }]);
    const outcome = (await world.outcome(id))!.detail as { changed: unknown; digest: string };
    expect(outcome).toMatchObject({
      changed: { by: 'alice', arguments: { quantity: 2, total: 600 } },
      answers: [{ proof: { statement: { proposal: true } } }],
    });
    const intent = (await world.records()).find((each) => each.type === 'intent' && each.target === 'orders.create');
    expect(intent).toMatchObject({ approval: id, args: { quantity: 2, total: 600 } });
    await page.goto(`${world.origin}/approvals/${id}`);
    expect(await page.textContent('h1')).toBe('Order 2 × LAP-14 from northwind for 600 EUR');
    expect(await page.textContent('main')).toContain('600.00 EUR');
    await inspect(page, 'request-changed');
  });

  it('two people of finance: each sees who has signed and who is still needed', async () => {
    const client = await world.client('buyer');
    const bought = calling(client, order(7_500, { quantity: 6 }));
    const { id } = await world.pending();
    const carol = await signedIn('carol');
    await carol.goto(`${world.origin}/approvals/${id}`);
    expect(await carol.textContent('.needed')).toContain('finance');
    await carol.click('button:has-text("Approve")');
    await carol.waitForURL(/done=approved/);
    expect(await carol.textContent('main')).toContain('You may only deny this');
    const dora = await signedIn('dora');
    await dora.goto(`${world.origin}/approvals/${id}`);
    expect(await dora.textContent('.given')).toContain('Carol Costa');
    await inspect(dora, 'request-second-person');
    await dora.click('button:has-text("Approve")');
    await dora.waitForURL(/done=approved/);
    expect((await bought).isError ?? false).toBe(false);
    expect(world.orders()).toHaveLength(1);
    expect(((await world.outcome(id))!.detail as { answers: unknown[] }).answers).toHaveLength(2);
    // Whose agent it is sees it, and may not answer it.
    await page.goto(`${world.origin}/approvals/${id}`);
    expect(await page.textContent('#decision')).toContain('It is over');
    for (const other of [carol, dora]) await other.context().close();
  });

  it('a link from a message is looked at as often as one likes, opened once, and only leads to the request', async () => {
    const client = await world.client('buyer');
    void calling(client, order(500));
    const { id } = await world.pending();
    const secret = await ticketFor(id, 'alice');
    const link = `${world.origin}/approvals/open/${secret}`;
    for (let i = 0; i < 50; i++) expect((await fetch(link)).status).toBe(200);
    await page.goto(link);
    await inspect(page, 'link');
    await page.click('text=Open the request');
    await page.waitForURL(`**/approvals/${id}`);
    await page.goto(link);
    await page.click('text=Open the request');
    await page.waitForSelector('text=no longer works');
    forgive('410');
    await page.click('text=To your approvals');
    await page.waitForSelector('.inbox');
    expect((await world.row(id)).state).toBe('pending');
  });

  it('many requests are grouped by agent, found by words, and told when one arrives', async () => {
    const client = await world.client('buyer');
    for (let i = 0; i < 9; i++) void calling(client, order(500 + i, { item: `ART-${i}` }));
    const scout = await world.client('scout');
    void calling(scout, order(450));
    await world.pendingAre(10);
    await page.goto(`${world.origin}/approvals`);
    expect(await page.textContent('h2 >> nth=0')).toContain('Procurement agent');
    expect(await page.locator('.inbox > li').count()).toBe(9);
    await inspect(page, 'inbox-many');
    await page.keyboard.press('/');
    await page.keyboard.type('art-7');
    await page.keyboard.press('Enter');
    await page.waitForURL(/q=art-7/);
    expect(await page.locator('.inbox > li').count()).toBe(1);
  });

  it('whoever has no passkey is led to add one, and comes back', async () => {
    const { browser: person } = await world.person('erin');
    expect(person.cookies.size).toBeGreaterThan(0);
    const scout = await world.client('scout');
    void calling(scout, order(450));
    const { id } = await world.pending();
    await page.context().clearCookies();
    await page.goto(await world.invitation('erin'));
    await page.fill('#new-password', 'violet tractor 9 lamp');
    await page.click('button:has-text("Set the password")');
    await page.waitForURL('**/account');
    const { body } = await world.admin<{ removed?: number }>('POST', '/v1/people/erin/reset-credentials', {
      by: 'bob',
      reason: 'lost the laptop',
    });
    expect(body).toMatchObject({ passkeys: 1 });
    await page.goto(await world.invitation('erin'));
    await page.fill('#new-password', 'violet tractor 9 lamp');
    await page.click('button:has-text("Set the password")');
    await page.waitForURL('**/account');
    await page.goto(`${world.origin}/approvals/${id}`);
    expect(await page.textContent('#decision ~ *')).toContain('answered with a passkey');
    await inspect(page, 'request-no-passkey');
    await page.click('text=Add a passkey');
    await page.waitForURL('**/account#sign-in');
    await page.click('text=Add a passkey');
    await page.click('text=Create a passkey');
    await page.waitForURL(/passkey-added/);
    await page.goto(`${world.origin}/approvals/${id}`);
    await page.click('button:has-text("Approve")');
    await page.waitForURL(/done=approved/);
  });

  it('what was allowed from now on is one exact rule, listed and revoked', async () => {
    const client = await world.client('buyer');
    const bought = calling(client, order(640));
    const { id } = await world.pending();
    await page.goto(`${world.origin}/approvals/standing`);
    await inspect(page, 'standing-empty');
    await page.goto(`${world.origin}/approvals/${id}`);
    await page.click('text=Also allow from now on');
    await page.check('.more label:has-text("up to 640.00 EUR") input >> nth=0');
    await inspect(page, 'request-standing');
    // What is signed besides is said where it is signed, also when the list is closed again.
    const said = page.locator('.answer');
    await page.click('text=Also allow from now on');
    expect(await page.locator('button[value=approved]').innerText()).toBe('Approve, and from now on');
    expect([await said.innerText(), await said.innerText()]).toEqual([
      expect.stringContaining('and the rule you chose'),
      expect.not.stringContaining('for this one action'),
    ]);
    await page.click('button:has-text("Approve")');
    await page.waitForURL(/done=approved/);
    expect((await bought).isError ?? false).toBe(false);
    expect((await client.callTool(order(520))).isError ?? false).toBe(false);
    await page.goto(`${world.origin}/approvals/standing`);
    expect(await page.textContent('.list')).toContain('may call');
    await inspect(page, 'standing');
    await page.click('button:has-text("Revoke")');
    await page.waitForURL(/done=revoked/);
    void calling(client, order(530));
    expect((await world.pending()).id).not.toBe(id);
    expect((await world.records()).some((each) => each.type === 'admin' && each.act === 'standing.revoke')).toBe(true);
  });

  /** As delivery makes one: the store knows only the hash of what is in the link. */
  async function ticketFor(approval: string, recipient: string): Promise<string> {
    const secret = randomBytes(32).toString('base64url');
    const stores = await openSqlite({ path: join(world.dir, '.interlock', 'interlock.db'), clock: systemClock });
    const nowMs = systemClock.nowMs();
    const notice: NoticeRow = {
      ...{ id: randomUUID(), approval, kind: 'asked', channel: 'email', recipient, state: 'sent', attempts: 1 },
      ...{ dueMs: nowMs, openedAtMs: null, error: null, createdAtMs: nowMs, sentAtMs: nowMs, place: null },
      ticket: createHash('sha256').update(secret).digest('base64url'),
    };
    await stores.notices.add([notice]);
    await stores.close();
    return secret;
  }
});
