import type { Client } from '@modelcontextprotocol/client';
import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { PoliciesInForce, PolicyDraft } from '../../src/model/insight/policies.ts';
import { textOf } from '../cases/house.ts';
import { leftOut } from './chromium.ts';
import { type ConsoleWorld, openConsoleWorld } from './console-world.ts';

const LIMIT = `@id("no-paper-from-northwind")
@reason("Northwind is under review: buy paper elsewhere.")
forbid (principal, action == Action::"tools/call", resource == Tool::"erp/orders.create")
when { context.args.hasTag("supplier") && context.args.getTag("supplier") == "northwind" };
`;

/** OB1, AZ1, in the console: nobody is affected by a policy before what it changes was seen, and who wrote it does not publish it. */
describe('policies in the console', { timeout: 240_000 }, () => {
  if (leftOut('policies in the console')) {
    it('is not tried here: there is no browser', () => {});
    return;
  }
  let world: ConsoleWorld;
  let client: Client;

  beforeAll(async () => {
    world = await openConsoleWorld({
      change: (config) => {
        config.console.separatePolicyDuties = true;
      },
    });
    client = await world.client('procurement');
    await world.traffic();
  }, 120_000);
  afterAll(() => world?.close());
  afterEach(() => expect(world.complaints()).toEqual([]));

  const order = { supplier: 'northwind', item: 'PAP-A4', quantity: 10, total: 49.9, currency: 'EUR' };
  const buying = (more: object = {}): ReturnType<Client['callTool']> =>
    client.callTool({ name: 'erp__orders.create', arguments: { ...order, ...more } });

  async function newDraft(page: Page, title: string): Promise<string> {
    await page.click('button:has-text("New draft") >> nth=0');
    await page.fill('[role=dialog] input', title);
    await page.keyboard.press('Enter');
    await page.waitForURL('**/policies/drafts/*');
    await page.waitForSelector('.cm-content');
    return new URL(page.url()).pathname.split('/').at(-1)!;
  }

  /** Instead of what stands in the editor. */
  async function write(page: Page, text: string): Promise<void> {
    await page.click('.cm-content');
    await page.keyboard.press('Control+a');
    await page.keyboard.insertText(text);
  }

  /** With the pointer: the editor takes no Enter while a list is new, and it is new again whenever more words arrive. */
  async function choose(page: Page, word: string): Promise<void> {
    await page.click(`.cm-tooltip-autocomplete li:has-text("${word}")`);
    await page.waitForSelector('.cm-tooltip-autocomplete', { state: 'detached' });
  }

  async function addFile(page: Page, name: string, text: string): Promise<void> {
    await page.click('button:has-text("New file")');
    await page.fill('[role=dialog] input', name);
    await page.keyboard.press('Enter');
    await page.waitForSelector(`[role=tab][aria-selected=true]:has-text("${name}")`);
    await write(page, text);
  }

  async function save(page: Page): Promise<void> {
    await page.keyboard.press('Control+s');
    await page.waitForSelector('[role=status] >> text=Saved');
    await page.click('button[aria-label=Dismiss] >> nth=-1');
  }

  const draftOf = async (id: string): Promise<PolicyDraft> =>
    (await world.admin<PolicyDraft>('GET', `/v1/policies/drafts/${id}`)).body;
  const inForce = async (): Promise<PoliciesInForce> =>
    (await world.admin<PoliciesInForce>('GET', '/v1/policies')).body;

  it('what is in force is read by everybody: each policy with its id, where it stands, and who published it', async () => {
    const page = await world.consolePage('viewer', '/policies');
    await page.waitForSelector('li:has-text("never-above-10000")');
    expect(await page.locator('text=New draft').count()).toBe(0);
    await page.fill('[data-search]', 'above');
    await page.waitForSelector('ul[aria-label="Policies in force"] li >> nth=0');
    await page.click('li button:has-text("never-above-10000")');
    await page.waitForSelector('.cm-editor:has-text("Agents place no orders above")');
    await world.checkPage(page, 'console-policies');
  });

  it('errors are shown where they are while one writes, completion knows the schema, and a request is tried', async () => {
    const page = await world.consolePage('policy-author', '/policies');
    const id = await newDraft(page, 'Trying things');
    await addFile(page, 'more.cedar', '@id("a")\npermit (principal == Agent::"procurment", action, resource);\n');
    await page.waitForSelector('section[aria-label=Problems] >> text=unknown agent "procurment"');
    await page.waitForSelector('.cm-lintRange-error');
    expect(await page.locator('[role=tab]:has-text("more.cedar") [aria-label="1 error"]').count()).toBe(1);
    await world.checkPage(page, 'console-draft-error');
    // From another file, the line of the list leads there.
    await page.click('[role=tab]:has-text("company.cedar")');
    await page.click('section[aria-label=Problems] li button');
    await page.waitForSelector('[role=tab][aria-selected=true]:has-text("more.cedar")');
    await page.waitForFunction("document.activeElement?.classList.contains('cm-content')");
    await write(page, '');
    await page.keyboard.type('permit (principal == Agent::"proc', { delay: 20 });
    await choose(page, 'procurement');
    await page.keyboard.type(', action == Action::"tools/call", resource) when { resource.eff', { delay: 5 });
    await choose(page, 'effect');
    await page.keyboard.type(' == "destructive" };', { delay: 5 });
    await page.waitForSelector('text=It can be published');
    await save(page);
    const text = (await draftOf(id)).files.find(({ path }) => path === 'more.cedar')!.text;
    expect(text).toContain('Agent::"procurement", action');
    expect(text).toContain('resource.effect == "destructive"');
    await page.click('[role=tab]:has-text("Try a request")');
    await page.fill('[role=tabpanel] input >> nth=0', 'procurement');
    await page.fill('[role=tabpanel] input >> nth=2', 'erp/orders.create');
    await page.click('button:has-text("Fill in")');
    const filled = JSON.parse(await page.inputValue('textarea')) as Record<string, unknown>;
    expect(Object.keys(filled)).toContain('supplier');
    await page.fill('textarea', JSON.stringify({ ...filled, ...order, total: 950 }));
    await page.click('button:has-text("Try it")');
    const outcome = page.locator('[aria-label="What comes of it"]');
    await outcome.locator('text=Asked').waitFor();
    expect(await outcome.innerText()).toContain('purchasing.cedar#ask-for-larger-things');
    await world.checkPage(page, 'console-draft-try');
    await outcome.locator('button:has-text("ask-for-larger-things")').click();
    await page.waitForSelector('[role=tab][aria-selected=true]:has-text("purchasing.cedar")');
    expect((await world.records()).some((each) => each.type === 'admin' && each.act === 'policy.draft-save')).toBe(
      true,
    );
  });

  it('a policy draft is replayed, every changed decision is seen, and published with a passkey; the next call is decided by it and the record says who', async () => {
    const before = (await inForce()).version;
    expect((await buying()).isError ?? false).toBe(false);
    const author = await world.consolePage('policy-author', '/policies?tab=drafts');
    const id = await newDraft(author, 'Nothing from northwind');
    await addFile(author, 'review.cedar', LIMIT);
    await author.waitForSelector('text=It can be published');
    await author.click('[role=tab]:has-text("Replay")');
    await author.click('[role=tabpanel] button:has-text("Replay")');
    await author.waitForSelector('[role=tabpanel] >> text=would be decided otherwise');
    await author.waitForSelector('[role=grid] [role=gridcell] >> text=erp/orders.create');
    const changes = author.locator('[role=grid] [role=row]:has([role=gridcell])');
    // Two small orders; the large one was denied before, too.
    expect(await changes.count()).toBe(2);
    expect(await changes.nth(0).innerText()).toContain('no-paper-from-northwind');
    await world.checkPage(author, 'console-draft-replay');
    await save(author);
    // Who wrote it does not publish it, here or behind the page's back.
    expect(await author.textContent('#why-not-publish')).toContain('policy publishers');
    const draft = await draftOf(id);
    await world.api(author, 'POST', '/v1/policies/publish', {
      ...{ draft: id, revision: draft.revision, base: draft.base, reason: 'mine' },
    });
    expect((await inForce()).version).toBe(before);
    const petra = await world.consolePage('policy-publisher', `/policies/drafts/${id}`);
    await petra.waitForSelector('h2:has-text("review.cedar")');
    await world.checkPage(petra, 'console-draft-difference');
    await petra.click('button:has-text("Publish…")');
    await petra.waitForSelector('[role=dialog] >> text=1 file added');
    await world.checkPage(petra, 'console-draft-publish');
    await petra.fill('[role=dialog] textarea', 'The supplier is under review.');
    await petra.click('[role=dialog] button:has-text("Publish")');
    await petra.waitForURL('**/console/policies');
    world.forgive(401);
    const after = (await inForce()).version;
    expect(after).not.toBe(before);
    const refused = await buying();
    expect([refused.isError, textOf(refused)]).toEqual([true, expect.stringContaining('under review')]);
    expect((await world.act('policy.publish')).by).toBe('petra');
    const record = await world.act('policy.publish', 'petra');
    expect([record.reason, record.detail]).toEqual([
      'The supplier is under review.',
      expect.objectContaining({ policyVersion: after, base: before, draft: id, author: 'paul' }),
    ]);
    await petra.click('[role=tab]:has-text("History")');
    await petra.waitForSelector('[role=gridcell] >> text=petra');
    await world.checkPage(petra, 'console-policies-history');
  });

  it('a draft runs beside the policies in force and is only counted', async () => {
    const page = await world.consolePage('policy-author', '/policies?tab=drafts');
    await newDraft(page, 'Nothing at all');
    await addFile(page, 'closed.cedar', '@id("closed")\nforbid (principal, action in Action::"use", resource);\n');
    await page.waitForSelector('text=It can be published');
    await save(page);
    await page.click('[role=tab]:has-text("Shadow mode")');
    await page.click('button:has-text("Begin shadow mode…")');
    await page.fill('[role=dialog] textarea', 'To see what it would cost.');
    await page.click('[role=dialog] button:has-text("Begin")');
    await page.waitForSelector('text=No call was decided since it began');
    const listed = await client.callTool({ name: 'erp__orders.list', arguments: { limit: 3 } });
    expect(listed.isError ?? false).toBe(false);
    await page.waitForSelector('[role=grid] >> text=erp/orders.list');
    await world.checkPage(page, 'console-draft-shadow');
    await page.click('button:has-text("End shadow mode…")');
    await page.fill('[role=dialog] textarea', 'Seen enough.');
    await page.click('[role=dialog] button:has-text("End it")');
    await page.waitForSelector('text=Let it run beside');
    expect((await inForce()).shadow).toBeNull();
  });

  it('two people who change the same draft: nobody overwrites the other unseen', async () => {
    const paul = await world.consolePage('policy-author', '/policies?tab=drafts');
    const id = await newDraft(paul, 'Of two people');
    const petra = await world.consolePage('policy-publisher', `/policies/drafts/${id}`);
    await addFile(petra, 'two.cedar', '// from petra\n');
    await save(petra);
    await addFile(paul, 'two.cedar', '// from paul\n');
    await paul.keyboard.press('Control+s');
    await paul.waitForSelector('text=petra saved this draft while you were changing it');
    world.forgive(409);
    // Nothing is lost by leaving either.
    await paul.click('nav >> text=Approvals');
    await paul.waitForSelector('[role=dialog] >> text=Leave without saving?');
    await paul.click('[role=dialog] button:has-text("Stay")');
    await paul.click('button:has-text("Compare and choose…")');
    await paul.waitForSelector('[role=dialog] .cm-deletedChunk:has-text("from petra")');
    await world.checkPage(paul, 'console-draft-conflict');
    await paul.click('[role=dialog] button:has-text("Save mine over it")');
    await paul.waitForSelector('[role=status] >> text=Saved');
    expect(await draftOf(id)).toMatchObject({ revision: 3, updatedBy: 'paul', editors: ['paul', 'petra'] });
    expect((await draftOf(id)).files.find(({ path }) => path === 'two.cedar')!.text).toBe('// from paul\n');
    // Whoever has changed nothing sees it by themself.
    await petra.waitForSelector('.cm-content:has-text("from paul")');
  });

  it('separate duties: who saved a draft is told why they cannot publish it, and the gateway says so too', async () => {
    const petra = await world.consolePage('policy-publisher', '/policies?tab=drafts');
    const id = await newDraft(petra, 'Written by a publisher');
    await addFile(petra, 'own.cedar', '// nothing yet\n');
    await save(petra);
    await petra.waitForSelector('#why-not-publish:has-text("ask somebody else")');
    await petra.click('button:has-text("Publish…")', { force: true });
    expect(await petra.locator('[role=dialog]').count()).toBe(0);
    expect((await inForce()).version).toBe((await draftOf(id)).base);
  });

  it('an old version is looked at, compared, and brought back with a passkey; the next call is decided by it', async () => {
    const sara = await world.consolePage('security-admin', '/policies?tab=history');
    await sara.waitForSelector('[role=gridcell] >> text=petra');
    await sara.click('[role=row]:has-text("read from the folder")');
    await sara.waitForURL('**/policies/versions/*');
    await sara.click('[role=tab]:has-text("Against what is in force")');
    await sara.waitForSelector('h2:has-text("review.cedar") >> text=removed');
    await world.checkPage(sara, 'console-version');
    await sara.click('button:has-text("Bring it back…")');
    await sara.fill('[role=dialog] textarea', 'The review is over.');
    await sara.click('[role=dialog] button:has-text("Bring it back")');
    await sara.waitForURL('**/console/policies');
    world.forgive(401);
    expect((await buying()).isError ?? false).toBe(false);
    expect(await world.act('policy.publish', 'sara')).toMatchObject({ reason: 'The review is over.' });
  });
});
