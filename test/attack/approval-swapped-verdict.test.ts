import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { textOf } from '../cases/house.ts';
import { type ApprovalWorld, begin, openApprovalWorld, order, type SignedIn } from '../people/approvals-world.ts';

/** HU3: a no cannot be turned into a yes between the page and the record. */
let world: ApprovalWorld;
let alice: SignedIn;
beforeAll(async () => {
  world = await openApprovalWorld();
  alice = await world.person('alice');
});
afterAll(() => world?.close());

describe('a verdict that is swapped', () => {
  it('what is sent with the signature changes nothing: the no that was begun is a no', async () => {
    const { id, result } = await world.park('buyer', order(1_300));
    const options = JSON.parse((await begin(alice, id, { verdict: 'denied', reason: 'too much' })).text);
    const body = { answer: alice.key.sign(options), verdict: 'approved', reason: 'fine' };
    expect(JSON.parse((await alice.browser.json(`/approvals/${id}/sign`, body)).text)).toEqual({
      to: `/approvals/${id}?done=denied`,
    });
    expect(textOf(await result)).toContain('denied this action');
    expect(world.orders()).toEqual([]);
    expect(await world.outcome(id)).toMatchObject({
      reason: 'too much',
      detail: { outcome: 'denied', answers: [{ verdict: 'denied', proof: { statement: { verdict: 'denied' } } }] },
    });
  });

  it('the signature of a no is none under the challenge of a yes', async () => {
    const { id } = await world.park('buyer', order(1_301));
    const no = JSON.parse((await begin(alice, id, { verdict: 'denied', reason: 'too much' })).text);
    const yes = JSON.parse((await begin(alice, id)).text);
    expect(no.challenge).not.toBe(yes.challenge);
    // What Alice signed says no; the program between her and the gateway says it is about the yes.
    const answer = alice.key.sign(no) as { response: Record<string, string> };
    const client = JSON.parse(Buffer.from(answer.response.clientDataJSON!, 'base64url').toString());
    const swapped = Buffer.from(JSON.stringify({ ...client, challenge: yes.challenge })).toString('base64url');
    const forged = { ...answer, response: { ...answer.response, clientDataJSON: swapped } };
    expect((await alice.browser.json(`/approvals/${id}/sign`, { answer: forged })).status).toBe(403);
    expect(await world.row(id)).toMatchObject({ state: 'pending', answers: [] });
  });

  it('there is no third verdict, and no silent no', async () => {
    const { id } = await world.park('buyer', order(1_302));
    for (const wrong of [{ verdict: '' }, { verdict: 'APPROVED' }, { verdict: 'denied', reason: '  ' }])
      expect((await begin(alice, id, wrong)).status).toBe(400);
  });
});
