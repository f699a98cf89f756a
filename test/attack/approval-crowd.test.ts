import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Stores } from '../../src/ports/stores.ts';
import { openIn, park, request, world } from '../contract/approval-world.ts';
import { GROUNDS, type Ground, open } from '../contract/stores-fixture.ts';

/** An agent that asks the same again and again does not have the gateway go through everybody there is each time. */
let ground: Ground;
let stores: Stores;
beforeAll(async () => {
  ground = await (GROUNDS[0] as (typeof GROUNDS)[number]).start();
  stores = await open(await ground.place());
});
afterAll(async () => {
  await stores?.close();
  await ground?.stop();
});

it('whom to tell is looked for once for a request, however many calls join it', async () => {
  const company = world({ waitMs: 0 });
  let looks = 0;
  const everybody = company.people.values.bind(company.people);
  company.people.values = () => {
    looks++;
    return everybody();
  };
  let told = 0;
  const options = { sweepMs: 3_600_000, notices: () => (told++, []) };
  const approvals = openIn({ world: company, store: stores.approvals, options });
  const asking = request({ asks: [{ text: 'group:finance', agent: 'buyer' }] });
  for (let i = 0; i < 5; i++) expect((await (await park(approvals, asking)).outcome).outcome).toBe('pending');
  expect([looks, told]).toEqual([1, 1]);
  approvals.close();
});
