import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  type ApprovalWorld,
  answerAs,
  begin,
  openApprovalWorld,
  order,
  type SignedIn,
} from '../people/approvals-world.ts';
import { SoftAuthenticator } from '../people/authenticator.ts';

/** HU3: only the passkeys of the person who answers count, and only while they are theirs. */
let world: ApprovalWorld;
let alice: SignedIn;
let bob: SignedIn;
beforeAll(async () => {
  world = await openApprovalWorld();
  alice = await world.person('alice');
  bob = await world.person('bob');
});
afterAll(() => world?.close());

const refused = async (id: string, answer: object, by: SignedIn, status = 403) => {
  expect((await by.browser.json(`/approvals/${id}/sign`, { answer })).status).toBe(status);
  expect(await world.row(id)).toMatchObject({ state: 'pending', answers: [] });
};

describe('a passkey of somebody else', () => {
  it('signs nothing in the name of who is signed in', async () => {
    const { id } = await world.park('buyer', order(800));
    const options = async () => JSON.parse((await begin(alice, id)).text);
    expect((await options()).allowCredentials.map((each: { id: string }) => each.id)).toEqual([alice.key.id]);
    await refused(id, bob.key.sign(await options()), alice);
    // Bob's signature under the name of Alice's passkey.
    await refused(id, bob.key.sign(await options(), { id: alice.key.id }), alice);
    await refused(id, new SoftAuthenticator(world.origin).sign(await options()), alice);
    await refused(id, alice.key.sign(await options(), { origin: 'https://evil.example' }), alice);
    await refused(id, alice.key.sign(await options(), { rpId: 'evil.example' }), alice);
    await refused(id, alice.key.sign(await options(), { type: 'webauthn.create' }), alice);
  });

  it('somebody who was not asked does not even learn that there is a request', async () => {
    const { id } = await world.park('buyer', order(801));
    for (const path of ['', '/state', '/change', '/receipt'])
      expect((await bob.browser.get(`/approvals/${id}${path}`)).status).toBe(404);
    expect((await bob.browser.get(`/approvals/00000000-0000-4000-8000-000000000000`)).status).toBe(404);
    const saw = /name="saw" value="([^"]+)"/.exec((await alice.browser.get(`/approvals/${id}`)).text)![1]!;
    const wanted = { verdict: 'approved', reason: '', saw };
    expect((await bob.browser.json(`/approvals/${id}/sign/options`, wanted)).status).toBe(404);
    const options = JSON.parse((await begin(alice, id)).text);
    await refused(id, alice.key.sign(options), bob);
  });

  it('after a reset the old passkey is nobody’s, and what was begun with it dies', async () => {
    const { id } = await world.park('buyer', order(802));
    const options = JSON.parse((await begin(alice, id)).text);
    const order_ = { by: 'bob', reason: 'lost the laptop' };
    expect((await world.admin('POST', '/v1/people/alice/reset-credentials', order_)).status).toBe(200);
    await refused(id, alice.key.sign(options), alice, 401);
    const again = await world.person('alice');
    await refused(id, alice.key.sign(JSON.parse((await begin(again, id)).text)), again);
    expect((await answerAs(again, id)).status).toBe(200);
    const acts = (await world.records()).filter((each) => each.type === 'admin').map(({ act }) => act);
    expect(acts).toContain('person.reset-credentials');
    const enrolled = (await world.records()).findLast(
      (each) => each.type === 'admin' && each.act === 'person.passkey-set',
    );
    expect(enrolled).toMatchObject({
      by: 'alice',
      detail: { credential: again.key.id, thumbprint: expect.any(String) },
    });
  });
});
