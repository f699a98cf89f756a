import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  type ApprovalWorld,
  answerAs,
  begin,
  openApprovalWorld,
  order,
  type SignedIn,
} from '../people/approvals-world.ts';

/** HU3: a counter that does not grow is that of a copied authenticator. */
let world: ApprovalWorld;
let alice: SignedIn;
beforeAll(async () => {
  world = await openApprovalWorld();
  alice = await world.person('alice');
});
afterAll(() => world?.close());

describe('a copied authenticator', () => {
  it('is found by its counter', async () => {
    alice.key.counter = 100;
    const first = await world.park('buyer', order(1_000));
    expect((await answerAs(alice, first.id)).status).toBe(200);
    const { id } = await world.park('buyer', order(1_001));
    for (const counter of [101, 100, 1, 0]) {
      const answer = alice.key.sign(JSON.parse((await begin(alice, id)).text), { counter });
      expect((await alice.browser.json(`/approvals/${id}/sign`, { answer })).status).toBe(403);
    }
    expect(await world.row(id)).toMatchObject({ state: 'pending', answers: [] });
    expect((await answerAs(alice, id)).status).toBe(200);
  });

  it('two answers with one counter at the same moment are one', async () => {
    const [one, two] = [await world.park('buyer', order(1_002)), await world.park('buyer', order(1_003))];
    const counter = alice.key.counter + 5;
    const answers = [];
    for (const { id } of [one, two])
      answers.push({ id, answer: alice.key.sign(JSON.parse((await begin(alice, id)).text), { counter }) });
    const sent = await Promise.all(
      answers.map(({ id, answer }) => alice.browser.json(`/approvals/${id}/sign`, { answer })),
    );
    expect(sent.map(({ status }) => status).sort()).toEqual([200, 403]);
    const states = await Promise.all([one, two].map(async ({ id }) => (await world.row(id)).answers.length));
    expect(states.sort()).toEqual([0, 1]);
  });
});
