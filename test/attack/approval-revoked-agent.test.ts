import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { until } from '../cases/house.ts';
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

const lock = (target: string, tier: string) =>
  world.admin('POST', '/v1/locks', { target, tier, reason: 'drill', by: 'bob' });
const release = (target: string) => world.admin('DELETE', `/v1/locks/${encodeURIComponent(target)}?by=bob&reason=over`);
const ran = async () =>
  (await world.records()).some((each) => each.type === 'intent' && each.target === 'orders.create');

describe('while a person thinks', () => {
  it('the agent is paused: the signature approves nothing, a no still counts', async () => {
    const { id } = await world.park('buyer', order(1_500));
    const options = JSON.parse((await begin(alice, id)).text);
    expect((await lock('agent:buyer', 'pause')).status).toBe(200);
    const signed = await alice.browser.json(`/approvals/${id}/sign`, { answer: alice.key.sign(options) });
    expect([signed.status, JSON.parse(signed.text).message]).toEqual([409, expect.stringContaining('may not act now')]);
    expect([await ran(), (await world.row(id)).answers]).toEqual([false, []]);
    expect((await answerAs(alice, id, { verdict: 'denied', reason: 'stopped' })).status).toBe(200);
    expect(await world.outcome(id)).toMatchObject({ by: 'alice', detail: { outcome: 'denied' } });
    await release('agent:buyer');
  });

  it('the agent is halted: what it asked is withdrawn, and nobody’s signature brings it back', async () => {
    const { id } = await world.park('buyer', order(1_501));
    const options = JSON.parse((await begin(alice, id)).text);
    expect((await lock('agent:buyer', 'halt')).status).toBe(200);
    await until(async () => (await world.row(id)).state === 'withdrawn');
    const signed = await alice.browser.json(`/approvals/${id}/sign`, { answer: alice.key.sign(options) });
    expect([signed.status, JSON.parse(signed.text).message]).toEqual([409, expect.stringContaining('withdrawn')]);
    expect((await alice.browser.get(`/approvals/${id}`)).text).toContain('Nobody needs an answer any more');
    await release('agent:buyer');
    expect([await ran(), world.orders()]).toEqual([false, []]);
    expect(await world.outcome(id)).toMatchObject({ by: 'bob', detail: { outcome: 'withdrawn', answers: [] } });
  });

  it('the approver is signed out everywhere: the signature is of nobody', async () => {
    const { id } = await world.park('buyer', order(1_502));
    const options = JSON.parse((await begin(alice, id)).text);
    const order_ = { by: 'bob', reason: 'left' };
    expect((await world.admin('POST', '/v1/people/alice/reset-credentials', order_)).status).toBe(200);
    const signed = await alice.browser.json(`/approvals/${id}/sign`, { answer: alice.key.sign(options) });
    expect(signed.status).toBe(401);
    expect((await world.row(id)).answers).toEqual([]);
  });
});
