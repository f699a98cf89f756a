import { afterAll, beforeAll, expect, it } from 'vitest';
import { type ApprovalWorld, answerAs, begin, openApprovalWorld, order, type SignedIn } from '../people/approvals-world.ts';

/** HU3: what is signed is what runs, and nothing else. */
let world: ApprovalWorld;
let alice: SignedIn;
beforeAll(async () => {
  world = await openApprovalWorld();
  alice = await world.person('alice');
});
afterAll(() => world?.close());

it('an honest answer lets exactly the call through that was seen', async () => {
  const client = await world.client('buyer');
  const bought = client.callTool(order(812.5));
  const { id } = await world.pending();
  const answered = await answerAs(alice, id, { reason: 'ordered by phone' });
  expect([answered.status, answered.text]).toEqual([200, JSON.stringify({ to: `/approvals/${id}?done=approved` })]);
  expect((await bought).isError ?? false).toBe(false);
  expect(world.orders()).toMatchObject([{ total_cents: 81_250 }]);
  console.log(JSON.stringify(await world.outcome(id), null, 1));
});
