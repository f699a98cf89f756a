import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ApprovalWorld, begin, openApprovalWorld, order, type SignedIn } from '../people/approvals-world.ts';

/** HU3: the authenticator says that its owner was there and was verified, or nothing is signed. */
let world: ApprovalWorld;
let alice: SignedIn;
beforeAll(async () => {
  world = await openApprovalWorld();
  alice = await world.person('alice');
});
afterAll(() => world?.close());

describe('an authenticator that verified nobody', () => {
  it.each([
    ['its owner was not verified', { userVerified: false }],
    ['nobody was there', { userPresent: false }],
    ['neither', { userPresent: false, userVerified: false }],
  ])('approves nothing: %s', async (_name, forging) => {
    const { id } = await world.park('buyer', order(900 + Object.keys(forging).length + _name.length));
    const options = JSON.parse((await begin(alice, id)).text);
    expect(options.userVerification).toBe('required');
    const answer = alice.key.sign(options, forging);
    expect((await alice.browser.json(`/approvals/${id}/sign`, { answer })).status).toBe(403);
    expect(await world.row(id)).toMatchObject({ state: 'pending', answers: [] });
    expect(await world.outcome(id)).toBeUndefined();
  });

  it('a password is no passkey: a form alone answers nothing that needs one', async () => {
    const { id } = await world.park('buyer', order(950));
    const page = await alice.browser.get(`/approvals/${id}`);
    const saw = /name="saw" value="([^"]+)"/.exec(page.text)![1]!;
    const answered = await alice.browser.post(`/approvals/${id}/answer`, { verdict: 'approved', reason: '', saw });
    expect([answered.status, answered.text]).toEqual([403, expect.stringContaining('This needs your passkey')]);
    expect(await world.row(id)).toMatchObject({ state: 'pending', answers: [] });
  });
});
