import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  type ApprovalWorld,
  answerAs,
  begin,
  openApprovalWorld,
  order,
  type SignedIn,
} from '../people/approvals-world.ts';

/** HU3, KS1: nothing is approved for an agent that was stopped, nor by a person who has left. */
let world: ApprovalWorld;
let alice: SignedIn;
beforeAll(async () => {
  world = await openApprovalWorld();
  alice = await world.person('alice');
});
afterAll(() => world?.close());

const lock = (target: string) => world.admin('POST', '/v1/locks', { target, tier: 'halt', reason: 'drill', by: 'bob' });
const release = (target: string) => world.admin('DELETE', `/v1/locks/${encodeURIComponent(target)}?by=bob&reason=over`);

describe('while a person thinks', () => {
  it('the agent is stopped: the signature approves nothing, a no still counts', async () => {
    const { id, result } = await world.park('buyer', order(1_500));
    const options = JSON.parse((await begin(alice, id)).text);
    expect((await lock('agent:buyer')).status).toBe(200);
    const signed = await alice.browser.json(`/approvals/${id}/sign`, { answer: alice.key.sign(options) });
    expect([signed.status, JSON.parse(signed.text).message]).toEqual([409, expect.stringContaining('may not act now')]);
    await result.catch(() => {});
    expect(world.orders()).toEqual([]);
    expect((await world.row(id)).answers).toEqual([]);
    expect((await world.records()).some((each) => each.type === 'intent' && each.target === 'orders.create')).toBe(
      false,
    );
    expect((await answerAs(alice, id, { verdict: 'denied', reason: 'stopped' })).status).toBe(200);
    await release('agent:buyer');
  });

  it('the approver is signed out everywhere: the signature is of nobody', async () => {
    const { id } = await world.park('buyer', order(1_501));
    const options = JSON.parse((await begin(alice, id)).text);
    const order_ = { by: 'bob', reason: 'left' };
    expect((await world.admin('POST', '/v1/people/alice/reset-credentials', order_)).status).toBe(200);
    const signed = await alice.browser.json(`/approvals/${id}/sign`, { answer: alice.key.sign(options) });
    expect(signed.status).toBe(401);
    expect((await world.row(id)).answers).toEqual([]);
  });
});
