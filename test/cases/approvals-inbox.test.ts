import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ApprovalLine, ApprovalView } from '../../src/model/insight/approvals.ts';
import type { Page } from '../../src/model/insight/page.ts';
import { type ApprovalWorld, answerAs, openApprovalWorld, order } from '../people/approvals-world.ts';
import { until } from './house.ts';

/** HU1, HU2: whose question it is, who is still needed, and what came of it, for whoever goes through many of them. */
describe('the inbox of approvals', { timeout: 120_000 }, () => {
  let world: ApprovalWorld;
  beforeAll(async () => {
    world = await openApprovalWorld();
  });
  afterAll(() => world?.close());

  const inbox = async (query: string): Promise<Page<ApprovalLine>> =>
    (await world.admin<Page<ApprovalLine>>('GET', `/v1/approvals/inbox?${query}`)).body;
  const viewOf = async (id: string): Promise<ApprovalView> =>
    (await world.admin<ApprovalView>('GET', `/v1/approvals/${id}/view`)).body;

  it('has what somebody could answer now, everything that waits, and what is over, page by page', async () => {
    const small = await world.park('buyer', order(700));
    const large = await world.park('buyer', order(7_500));
    const other = await world.park('scout', order(450));
    const mine = await inbox('of=mine&for=alice');
    expect(mine.items.map(({ id, mine: own }) => [id, own])).toEqual([[small.id, true]]);
    expect((await inbox('of=mine&for=carol')).items.map(({ id }) => id)).toEqual([large.id]);
    const all = await inbox('of=pending&limit=2');
    const rest = await inbox(`of=pending&limit=2&cursor=${all.next}`);
    expect([...all.items, ...rest.items].map(({ id }) => id)).toEqual([other.id, large.id, small.id]);
    expect((await inbox('of=pending&agent=scout')).items.map(({ id }) => id)).toEqual([other.id]);
    expect((await inbox('of=pending&text=7500')).items.map(({ id }) => id)).toEqual([large.id]);
    expect((await inbox('of=history')).items).toEqual([]);
    for (const wrong of ['of=mine', 'of=nothing', 'of=pending&cursor=x'])
      expect((await world.admin('GET', `/v1/approvals/inbox?${wrong}`)).status).toBe(400);
  });

  it('says who is still needed by name, and then what came of it, with its proof', async () => {
    const { id } = (await inbox('of=mine&for=carol')).items[0]!;
    const before = await viewOf(id);
    expect(before).toMatchObject({ asks: ['2 group:finance'], missing: 2, assurance: 'passkey', answers: [] });
    expect(before.needed).toEqual(['somebody of the group finance', 'somebody of the group finance']);
    expect(before.mayAnswer.map(({ name }) => name).sort()).toEqual(['Bob Brandt', 'Carol Costa', 'Dora Dietz']);
    await answerAs(await world.person('carol'), id, { reason: 'ordered by phone' });
    expect(await viewOf(id)).toMatchObject({ missing: 1, approvedBy: [{ id: 'carol', name: 'Carol Costa' }] });
    expect((await inbox('of=mine&for=carol')).items).toEqual([]);
    expect((await world.admin('GET', `/v1/approvals/${id}/receipt`)).body).toMatchObject({ code: 'no-receipt' });
    await answerAs(await world.person('dora'), id);
    await until(async () => (await viewOf(id)).state === 'consumed');
    const [line] = (await inbox('of=history&state=consumed')).items;
    expect(line).toMatchObject({ id, answeredBy: { id: 'dora' }, hasReceipt: true, missing: 0, mine: false });
    expect((await viewOf(id)).answers).toMatchObject([
      { person: { name: 'Carol Costa' }, verdict: 'approved', reason: 'ordered by phone', counts: true },
      { person: { name: 'Dora Dietz' }, counts: true },
    ]);
    await until(async () => (await world.admin('GET', `/v1/approvals/${id}/receipt`)).status === 200);
    expect((await world.admin('GET', '/v1/approvals/nothing/view')).status).toBe(404);
  });

  it('whoever comes from the console is led back to it, and nobody anywhere else', async () => {
    const { id } = (await inbox('of=mine&for=alice')).items[0]!;
    const alice = await world.person('alice');
    const page = async (query: string): Promise<string> => (await alice.browser.get(`/approvals/${id}${query}`)).text;
    expect(await page('')).not.toContain('/console');
    const from = await page('?from=console');
    expect(from).toContain('href="/console/approvals"');
    expect(from).toContain(`/approvals/${id}/change?from=console`);
    for (const made of ['?from=//evil.example', '?from=https://evil.example', '?from=console/../../evil'])
      expect(await page(made)).not.toMatch(/console\/approvals|evil/);
    const answered = await answerAs(alice, id, { from: 'console' });
    expect(JSON.parse(answered.text)).toEqual({ to: `/approvals/${id}?done=approved&from=console` });
  });
});
