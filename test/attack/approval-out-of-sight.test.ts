import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ApprovalWorld, answerAs, openApprovalWorld, order, type SignedIn } from '../people/approvals-world.ts';

/** HU1: what is signed stands on the page that signs it, and nothing an agent sends takes it out of sight. */
let world: ApprovalWorld;
let alice: SignedIn;
beforeAll(async () => {
  world = await openApprovalWorld();
  alice = await world.person('alice');
}, 120_000);
afterAll(() => world?.close());

describe('a change', () => {
  it('is signed with the same facts and warnings in sight as what was asked', async () => {
    world.ticket('Please get me docking stations, LAP-14, from northwind as soon as you can. Thank you!');
    const client = await world.client('buyer', '/mcp');
    await client.callTool({ name: 'crm__tickets.find', arguments: { customer: 'c-1002' } });
    client.callTool({ ...order(900), name: 'erp__orders.create' }).catch(() => {});
    const { id } = await world.pending();
    await alice.browser.get(`/approvals/${id}/change`);
    const json = JSON.stringify(order(800).arguments);
    const { status, text } = await alice.browser.post(`/approvals/${id}/change`, { form: 'json', json });
    expect(status).toBe(200);
    const seen = [
      ...['orders.create', 'Somebody else may have chosen', 'From content anybody could have written'],
      ...['Procurement agent', 'Cancel the order in the ERP', 'Orders from 400.00 EUR on', 'production'],
    ];
    for (const each of seen) expect(text).toContain(each);
    await world.admin('POST', `/v1/approvals/${id}/withdraw`, { by: 'alice', reason: 'case' });
  });
});

describe('a text that reads like another value', () => {
  it.each(['false', '1e3', '{"total": 1}'])('is told apart from it: %s', async (item) => {
    const { id } = await world.park('buyer', order(700, { item }));
    const { text } = await alice.browser.get(`/approvals/${id}`);
    const row = /<tr class="[^"]*"><th scope="row"><bdi>item<\/bdi>.*?<\/tr>/s.exec(text)?.[0];
    expect(row).toContain('as text');
    expect(/<tr class="[^"]*"><th scope="row"><bdi>total<\/bdi>.*?<\/tr>/s.exec(text)?.[0]).not.toContain('as text');
    await world.admin('POST', `/v1/approvals/${id}/withdraw`, { by: 'alice', reason: 'case' });
  });
});

describe('a request that is over', () => {
  it('stays where whoever could have answered it finds it, however many name it afterwards', async () => {
    const [bob, carol, dora] = [await world.person('bob'), await world.person('carol'), await world.person('dora')];
    const { id } = await world.park('buyer', order(6_000));
    for (const person of [bob, carol]) expect((await answerAs(person, id)).status).toBe(200);
    expect((await dora.browser.get(`/approvals/${id}`)).status).toBe(200);
    for (let i = 0; i < 6; i++) await world.park('buyer', order(6_001 + i, { item: id }));
    expect((await dora.browser.get(`/approvals/${id}`)).status).toBe(200);
    // Nobody else learns of it by that.
    const erin = await world.person('erin');
    expect((await erin.browser.get(`/approvals/${id}`)).status).toBe(404);
  });
});
