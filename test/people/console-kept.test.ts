import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { PolicyDraft } from '../../src/model/insight/policies.ts';
import type { Lock } from '../../src/model/lock.ts';
import { leftOut, withAuthenticator } from './chromium.ts';
import { type ConsoleWorld, openConsoleWorld } from './console-world.ts';

const KIND = { archetype: 'homegrown', riskTier: 'low' } as const;

/** What somebody writes and does at the console, where answers are late, lost, or come to a page that is gone. */
describe('what is written and done in the console', { timeout: 240_000 }, () => {
  if (leftOut('what is written and done in the console')) {
    it('is not tried here: there is no browser', () => {});
    return;
  }
  let world: ConsoleWorld;
  beforeAll(async () => {
    world = await openConsoleWorld();
  }, 120_000);
  afterAll(() => world?.close());
  afterEach(async () => {
    for (const { target } of await locks()) {
      const written = target.kind === 'all' ? 'all' : `${target.kind}:${target.id}`;
      await world.admin('DELETE', `/v1/locks/${encodeURIComponent(written)}?by=sara&reason=over`);
    }
    world.complaints();
  });

  const locks = async (): Promise<readonly Lock[]> =>
    (await world.admin<{ items: Lock[] }>('GET', '/v1/locks')).body.items;
  const putOn = async (target: string): Promise<number> =>
    (await world.records()).filter(
      (r) => r.type === 'admin' && r.act === 'lock.put' && (r.detail as { target?: string }).target === target,
    ).length;
  const dialog = (page: Page) => page.locator('[role=dialog]');
  const heading = (page: Page, name: string) => page.getByRole('heading', { name, exact: true });
  const reason = (page: Page) => dialog(page).getByLabel('Reason');

  async function stopping(page: Page, why: string): Promise<void> {
    await page.getByRole('button', { name: 'Stop', exact: true }).click();
    await reason(page).fill(why);
  }

  it('a session that ends leaves the page and the half-written reason where they are, until the same person is back', async () => {
    const page = await world.consolePage('operator', '/agents/analyst');
    await stopping(page, 'It reads far more than usual, and then');
    const cookies = await page.context().cookies();
    await page.context().clearCookies();
    await page.getByText('You are signed out').waitFor();
    expect(new URL(page.url()).pathname).toBe('/console/agents/analyst');
    await page.context().addCookies(cookies);
    await page.getByRole('button', { name: 'I have signed in' }).click();
    await page.getByText('You are signed out').waitFor({ state: 'detached' });
    expect(await reason(page).inputValue()).toBe('It reads far more than usual, and then');
    await dialog(page).getByRole('button', { name: 'Halt agent analyst' }).click();
    await page.getByText('Halted by olga').waitFor();
    world.forgive(401);
  });

  it('who signed in anew in another tab goes on in this one', async () => {
    const page = await world.consolePage('operator', '/agents/support');
    await page.getByRole('button', { name: 'Stop', exact: true }).waitFor();
    const tab = await page.context().newPage();
    await withAuthenticator(tab);
    const order = { by: 'sara', reason: 'a new device' };
    await tab.goto((await world.admin<{ url: string }>('POST', '/v1/people/olga/invitations', order)).body.url);
    await tab.click('text=Create a passkey');
    await tab.waitForURL('**/account');
    await tab.close();
    await stopping(page, 'with the token of before');
    await dialog(page).getByRole('button', { name: 'Halt agent support' }).click();
    await page.getByText('Halted by olga').waitFor();
    world.forgive(403);
  });

  it('a page shown to one person does not go on as another one’s', async () => {
    const page = await world.consolePage('operator', '/agents/procurement');
    await stopping(page, 'whoever I am by now');
    const own = await page.context().cookies();
    const others = await (await world.consolePage('security-admin')).context().cookies();
    await page.context().addCookies(others);
    await dialog(page).getByRole('button', { name: 'Halt agent procurement' }).click();
    await page.getByText('Somebody else is signed in here now').waitFor();
    expect(await locks()).toEqual([]);
    await page.context().addCookies(own);
    world.forgive(403);
  });

  it('an order no answer came to is sent again and done once', async () => {
    const page = await world.consolePage('operator', '/agents/analyst');
    const before = await putOn('agent:analyst');
    let sent = 0;
    await page.route('**/v1/locks', async (route) => {
      if (route.request().method() !== 'POST' || sent++ > 0) return route.continue();
      await route.fetch();
      await route.abort('connectionreset');
    });
    await stopping(page, 'the answer is lost on its way');
    const halt = dialog(page).getByRole('button', { name: 'Halt agent analyst' });
    await halt.click();
    await dialog(page).getByText('The gateway does not answer').waitFor();
    await halt.click();
    await dialog(page).waitFor({ state: 'detached' });
    await page.unroute('**/v1/locks');
    expect([sent, (await putOn('agent:analyst')) - before]).toEqual([2, 1]);
    world.complaints();
  });

  it('what is under way cannot be closed away, and Enter in a field of it stops nothing', async () => {
    const page = await world.consolePage('operator', '/stop');
    await page.getByRole('button', { name: 'Stop something' }).click();
    await reason(page).fill('typed before the target');
    await dialog(page).getByLabel('Agent', { exact: true }).fill('analyst');
    await page.keyboard.press('Enter');
    await dialog(page).getByText('under way right now').waitFor();
    expect(await locks()).toEqual([]);
    let go = (): void => {};
    const gone = new Promise<void>((resolve) => (go = resolve));
    await page.route('**/v1/locks', async (route) => {
      if (route.request().method() === 'POST') await gone;
      await route.continue();
    });
    await dialog(page).getByRole('button', { name: 'Halt agent analyst' }).click();
    await page.keyboard.press('Escape');
    expect(await dialog(page).count()).toBe(1);
    expect(await dialog(page).getByRole('button', { name: 'Cancel' }).isDisabled()).toBe(true);
    go();
    await dialog(page).waitFor({ state: 'detached' });
    await page.getByText('Agent analyst is halted.').waitFor();
    await page.unroute('**/v1/locks');
  });

  it('agents are stopped from an address browsers do not think safe as well', async () => {
    const page = await world.consolePage('operator');
    await page.addInitScript('delete Crypto.prototype.randomUUID');
    await page.goto(`${world.origin}/console/agents/analyst`);
    await stopping(page, 'over plain http');
    await dialog(page).getByRole('button', { name: 'Halt agent analyst' }).click();
    await page.getByText('Halted by olga').waitFor();
  });

  it('an agent somebody else changed meanwhile is not changed back by what stood in the form', async () => {
    const fields = { ...KIND, name: 'Reporter', owner: 'alice', purpose: 'Writes a report.' };
    const made = { id: 'reporter', fields, by: 'sara', reason: 'case' };
    expect((await world.admin('POST', '/v1/agents', made)).status).toBeLessThan(300);
    const page = await world.consolePage('operator', '/agents/reporter');
    await page.getByRole('button', { name: 'Edit' }).click();
    await dialog(page).getByLabel('Department').fill('Finance');
    await reason(page).fill('belongs to finance');
    const { version } = (await world.admin<{ version: number }>('GET', '/v1/agents/reporter')).body;
    const change = { fields: { purpose: 'Writes two reports.' }, ifVersion: version, by: 'sara', reason: 'another' };
    expect((await world.admin('PATCH', '/v1/agents/reporter', change)).status).toBe(200);
    // The page behind has it by now.
    await page.getByText('Writes two reports.').first().waitFor();
    await dialog(page).getByRole('button', { name: 'Save' }).click();
    await dialog(page).getByRole('alert').waitFor();
    const { agent } = (await world.admin<{ agent: { purpose: string } }>('GET', '/v1/agents/reporter')).body;
    expect(agent.purpose).toBe('Writes two reports.');
    world.forgive(409);
    world.forgive(412);
  });

  it('who left before the answer stays where they are, with the address they have', async () => {
    const fields = { ...KIND, name: 'Wish', owner: 'alice', purpose: 'Is wished for.' };
    await world.admin('POST', '/v1/agents/requests', { id: 'wish', fields, by: 'alice', reason: 'case' });
    const page = await world.consolePage('operator', '/connections');
    await heading(page, 'Connections').waitFor();
    await page.keyboard.press('Control+k');
    await dialog(page).getByRole('combobox').fill('wish');
    await dialog(page).getByRole('option', { name: /Wish/ }).first().click();
    await page.waitForURL('**/agents/wish');
    let go = (): void => {};
    const gone = new Promise<void>((resolve) => (go = resolve));
    await page.route('**/v1/agents/wish/reject', async (route) => {
      await gone;
      await route.continue();
    });
    await page.getByRole('button', { name: 'Manage' }).click();
    await page.getByRole('menuitem', { name: 'Reject' }).click();
    await reason(page).fill('not now');
    await dialog(page).getByRole('button', { name: 'Reject' }).click();
    await page.goBack();
    await heading(page, 'Connections').waitFor();
    go();
    await page.getByText('Wish is rejected.').waitFor();
    expect(new URL(page.url()).pathname).toBe('/console/connections');
  });

  it('a replay that begins when its page is gone changes no other page’s address', async () => {
    const page = await world.consolePage('policy-author', '/policies?tab=drafts');
    await page.click('button:has-text("New draft") >> nth=0');
    await page.fill('[role=dialog] input', 'Left early');
    await page.keyboard.press('Enter');
    await page.waitForURL('**/policies/drafts/**');
    await page.getByRole('tab', { name: 'Replay' }).click();
    let go = (): void => {};
    const gone = new Promise<void>((resolve) => (go = resolve));
    await page.route('**/v1/policies/replays', async (route) => {
      await gone;
      await route.continue();
    });
    await page.getByText('It can be published').waitFor();
    await page.getByRole('button', { name: 'Replay', exact: true }).click();
    await page.getByRole('navigation', { name: 'Console' }).getByRole('link', { name: 'Agents' }).click();
    await heading(page, 'Agents').waitFor();
    const answered = page.waitForResponse('**/v1/policies/replays');
    go();
    await answered;
    await page.waitForTimeout(300);
    expect(new URL(page.url()).search).toBe('');
  });

  it('a reason for a publication is kept when its writer looks something up in another tab', async () => {
    const page = await world.consolePage('policy-publisher', '/policies?tab=drafts');
    await page.clock.install();
    await page.goto(`${world.origin}/console/policies?tab=drafts`);
    await page.click('button:has-text("New draft") >> nth=0');
    await page.fill('[role=dialog] input', 'Looked up');
    await page.keyboard.press('Enter');
    await page.waitForURL('**/policies/drafts/**');
    const id = new URL(page.url()).pathname.split('/').at(-1)!;
    await page.locator('.cm-content').first().click();
    await page.keyboard.press('Control+End');
    await page.keyboard.insertText(
      '\n@id("nothing")\nforbid (principal == Agent::"support", action == Action::"tools/call", resource) when { resource.effect == "destructive" };\n',
    );
    await page.keyboard.press('Control+s');
    await page.locator('[role=status] >> text=Saved').waitFor();
    await page.getByRole('button', { name: 'Publish…' }).click();
    await reason(page).fill('as agreed in ticket ');
    await page.clock.fastForward(61_000);
    // Late enough that what is asked again is still under way.
    await page.route('**/v1/policies/check', async (route) => {
      await new Promise((resolve) => setTimeout(resolve, 500));
      await route.continue();
    });
    await page.evaluate("document.dispatchEvent(new Event('visibilitychange', { bubbles: true }))");
    await page.waitForTimeout(700);
    expect(await reason(page).inputValue()).toBe('as agreed in ticket ');
    // Saved by somebody else since: that was not looked at, and is not published.
    const draft = (await world.admin<PolicyDraft>('GET', `/v1/policies/drafts/${id}`)).body;
    const { title, base, files, revision } = draft;
    const [first, ...rest] = files;
    const other = [{ path: first!.path, text: `${first!.text}\n// and more\n` }, ...rest];
    const put = { revision, title, base, files: other, by: 'paul' };
    expect((await world.admin('PUT', `/v1/policies/drafts/${id}`, put)).status).toBe(200);
    await page.clock.fastForward(11_000);
    await dialog(page).getByText('The draft was saved again since you opened this').waitFor();
    expect(await dialog(page).getByRole('button', { name: 'Publish', exact: true }).isDisabled()).toBe(true);
  });

  it('an owner whose id begins like another one’s can be typed to its end', async () => {
    const person = { userName: 'ali', name: 'Ali', by: 'sara', reason: 'case' };
    const { id } = (await world.admin<{ id: string }>('POST', '/v1/people', person)).body;
    const fields = { ...KIND, name: 'Little', owner: id, purpose: 'Belongs to a short id.' };
    await world.admin('POST', '/v1/agents', { id: 'little', fields, by: 'sara', reason: 'case' });
    const page = await world.consolePage('operator', '/agents');
    await page.getByRole('link', { name: 'Little' }).waitFor();
    await page.getByLabel('Owner', { exact: true }).click();
    await page.keyboard.type('alice', { delay: 60 });
    await page.keyboard.press('Enter');
    await page.waitForURL('**owner=alice**');
    expect(await page.getByLabel('Owner', { exact: true }).inputValue()).toBe('alice');
  });

  it('a reason that is too long for its address is said to be, before it is lost on its way', async () => {
    await world.admin('POST', '/v1/locks', { target: 'agent:support', tier: 'pause', reason: 'case', by: 'sara' });
    const page = await world.consolePage('operator', '/agents/support');
    await page.getByRole('button', { name: 'Release' }).click();
    await reason(page).fill('緊'.repeat(2_000));
    await dialog(page).getByText('Too long for this act').waitFor();
    await reason(page).fill('緊'.repeat(1_200));
    await dialog(page).getByRole('button', { name: 'Release' }).click();
    await page.getByText('The lock on agent support is released.').waitFor();
  });

  it('of two files chosen one after the other the second is looked at, and imported', async () => {
    const page = await world.consolePage('operator');
    await page.addInitScript(`
      const text = Blob.prototype.text;
      Blob.prototype.text = async function () {
        if (this.name === 'first.csv') await new Promise((resolve) => setTimeout(resolve, 600));
        return text.call(this);
      };`);
    await page.goto(`${world.origin}/console/agents`);
    await page.getByRole('button', { name: 'More' }).click();
    await page.getByRole('menuitem', { name: 'Import a file' }).click();
    const file = (name: string, ids: readonly string[]) => {
      const lines = ids.map((id) => `${id},${id},alice,Is imported.,homegrown,low`);
      const buffer = Buffer.from(`id,name,owner,purpose,archetype,riskTier\n${lines.join('\n')}\n`);
      return { name, mimeType: 'text/csv', buffer };
    };
    await dialog(page)
      .getByLabel('File')
      .setInputFiles(file('first.csv', ['first-a', 'first-b']));
    await dialog(page)
      .getByLabel('File')
      .setInputFiles(file('second.csv', ['second-a']));
    await page.waitForTimeout(1_000);
    await dialog(page).getByText('1 new, 0 changed').waitFor();
  });

  it('a filter somebody is writing is taken when it is written', async () => {
    const page = await world.consolePage('operator', '/audit');
    const box = page.getByRole('searchbox', { name: 'Search the record' });
    await box.click();
    await page.keyboard.type('agent:ana');
    await page.waitForTimeout(400);
    await page.keyboard.type('lyst ');
    await page.getByRole('list', { name: 'Filters' }).getByText('analyst').waitFor();
    expect(await box.inputValue()).toBe('');
  });
});
