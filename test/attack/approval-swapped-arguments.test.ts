import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  type ApprovalWorld,
  answerAs,
  begin,
  openApprovalWorld,
  order,
  type SignedIn,
  sawOf,
} from '../people/approvals-world.ts';

/** HU3: what is signed is what runs, and nothing else. */
let world: ApprovalWorld;
let alice: SignedIn;
beforeAll(async () => {
  world = await openApprovalWorld();
  alice = await world.person('alice');
});
afterAll(() => world?.close());

describe('arguments swapped behind a signature', () => {
  it('an honest answer lets exactly the call through that was seen', async () => {
    const { id, result } = await world.park('buyer', order(812.5));
    const answered = await answerAs(alice, id, { reason: 'ordered by phone' });
    expect([answered.status, answered.text]).toEqual([200, JSON.stringify({ to: `/approvals/${id}?done=approved` })]);
    expect((await result).isError ?? false).toBe(false);
    expect(world.orders()).toMatchObject([{ total_cents: 81_250 }]);
    expect(await world.outcome(id)).toMatchObject({
      by: 'alice',
      reason: 'ordered by phone',
      detail: { outcome: 'approved', answers: [{ assurance: 'passkey', proof: { credentialId: alice.key.id } }] },
    });
  });

  it('arguments sent with the signature are not looked at: what was begun is what counts', async () => {
    const { id, result } = await world.park('buyer', order(600));
    const options = JSON.parse((await begin(alice, id)).text);
    const body = { answer: alice.key.sign(options), arguments: JSON.stringify(order(4_000).arguments) };
    expect((await alice.browser.json(`/approvals/${id}/sign`, body)).status).toBe(200);
    expect((await result).isError ?? false).toBe(false);
    expect(world.orders().at(-1)).toMatchObject({ total_cents: 60_000 });
  });

  it('nobody begins to sign what they did not see', async () => {
    const { id } = await world.park('buyer', order(601));
    const other = await world.park('buyer', order(602));
    const saw = await sawOf(alice, other.id);
    for (const wrong of [{ saw }, { saw: '' }, { arguments: JSON.stringify(order(4_500).arguments) }]) {
      const refused = await begin(alice, id, wrong);
      expect([refused.status, JSON.parse(refused.text).challenge]).toEqual([409, undefined]);
    }
    expect((await world.row(id)).answers).toEqual([]);
  });

  it('a signature for one request is none for another', async () => {
    const { id } = await world.park('buyer', order(603));
    const other = await world.park('buyer', order(604));
    const options = JSON.parse((await begin(alice, id)).text);
    const swapped = await alice.browser.json(`/approvals/${other.id}/sign`, { answer: alice.key.sign(options) });
    expect(swapped.status).toBe(403);
    for (const each of [id, other.id]) expect(await world.row(each)).toMatchObject({ state: 'pending', answers: [] });
  });

  it('a challenge that is not the gateway’s is signed for nothing', async () => {
    const { id } = await world.park('buyer', order(605));
    const options = JSON.parse((await begin(alice, id)).text);
    const answer = alice.key.sign(options, { challenge: Buffer.alloc(32, 7).toString('base64url') });
    expect((await alice.browser.json(`/approvals/${id}/sign`, { answer })).status).toBe(403);
    expect(await world.row(id)).toMatchObject({ state: 'pending', answers: [] });
  });

  it('what somebody else changed meanwhile is not what was signed', async () => {
    const { id } = await world.park('buyer', order(6_000));
    const carol = await world.person('carol');
    const dora = await world.person('dora');
    const options = JSON.parse((await begin(carol, id)).text);
    const args = JSON.stringify(order(5_500).arguments);
    const preview = await dora.browser.get(`/approvals/${id}/change`);
    expect(preview.status).toBe(200);
    const shown = await dora.browser.post(`/approvals/${id}/change`, { form: 'json', json: args });
    const saw = /name="saw" value="([^"]+)"/.exec(shown.text)![1]!;
    expect((await answerAs(dora, id, { arguments: args, saw })).status).toBe(200);
    const late = await carol.browser.json(`/approvals/${id}/sign`, { answer: carol.key.sign(options) });
    expect([late.status, JSON.parse(late.text).message]).toEqual([409, expect.stringContaining('changed after')]);
    // Carol has signed nothing of what is asked now.
    expect((await world.row(id)).answers.map(({ person }) => person)).toEqual(['dora']);
  });
});
