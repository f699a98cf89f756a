import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ApprovalWorld, begin, openApprovalWorld, order, type SignedIn } from '../people/approvals-world.ts';

/** HU3: a signature is good once, in the browser it was asked for in, for the request it was asked for. */
let world: ApprovalWorld;
let alice: SignedIn;
beforeAll(async () => {
  world = await openApprovalWorld();
  alice = await world.person('alice');
});
afterAll(() => world?.close());

describe('a signature sent again', () => {
  it('does nothing the second time, nor for the same call asked about again', async () => {
    const first = await world.park('buyer', order(700));
    const answer = alice.key.sign(JSON.parse((await begin(alice, first.id)).text));
    expect((await alice.browser.json(`/approvals/${first.id}/sign`, { answer })).status).toBe(200);
    expect((await first.result).isError ?? false).toBe(false);
    const again = await world.park('buyer', order(700));
    expect(again.id).not.toBe(first.id);
    for (const id of [first.id, again.id])
      expect((await alice.browser.json(`/approvals/${id}/sign`, { answer })).status).toBe(403);
    expect(await world.row(again.id)).toMatchObject({ state: 'pending', answers: [] });
    expect(world.orders()).toHaveLength(1);
  });

  it('twenty at once are one', async () => {
    const { id } = await world.park('buyer', order(701));
    const answer = alice.key.sign(JSON.parse((await begin(alice, id)).text));
    const sent = await Promise.all(
      Array.from({ length: 20 }, () => alice.browser.json(`/approvals/${id}/sign`, { answer })),
    );
    expect(sent.map(({ status }) => status).filter((status) => status === 200)).toHaveLength(1);
    expect((await world.row(id)).answers).toHaveLength(1);
  });

  it('is nothing in another browser, not even one of the same person', async () => {
    const { id } = await world.park('buyer', order(702));
    const answer = alice.key.sign(JSON.parse((await begin(alice, id)).text));
    const elsewhere = await world.person('alice');
    await elsewhere.browser.get(`/approvals/${id}`);
    expect((await elsewhere.browser.json(`/approvals/${id}/sign`, { answer })).status).toBe(403);
    expect(await world.row(id)).toMatchObject({ state: 'pending', answers: [] });
  });

  it('a sign-in is no approval: the challenge of one is not that of the other', async () => {
    const { id } = await world.park('buyer', order(703));
    const { challenge } = JSON.parse((await begin(alice, id)).text) as { challenge: string };
    await alice.browser.get('/sign-in?again=1');
    const forSignIn = JSON.parse((await alice.browser.json('/sign-in/passkey/options', {})).text);
    expect(forSignIn.challenge).not.toBe(challenge);
    const answer = alice.key.sign(forSignIn);
    expect((await alice.browser.json(`/approvals/${id}/sign`, { answer })).status).toBe(403);
    const signed = alice.key.sign({ challenge });
    expect((await alice.browser.json('/sign-in/passkey', { answer: signed })).status).toBe(401);
  });
});
