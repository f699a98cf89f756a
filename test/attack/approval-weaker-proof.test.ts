import { afterAll, beforeAll, expect, it } from 'vitest';
import type { ApprovalsOptions } from '../../src/approvals/approvals.ts';
import type { Preview } from '../../src/approvals/types.ts';
import type { Assurance, Requirement, ShownRequest } from '../../src/model/approval.ts';
import type { Stores } from '../../src/ports/stores.ts';
import { ballot, openIn, park, request, world } from '../contract/approval-world.ts';
import { GROUNDS, type Ground, open } from '../contract/stores-fixture.ts';

/** HU3: an answer counts with the proof that is needed for what it lets through, whenever that is found out. */
let ground: Ground;
let stores: Stores;
const company = world();
const changing: { to: Partial<Requirement> } = { to: {} };
const again: ApprovalsOptions['again'] = async (row, args): Promise<Preview> => {
  const shown = { ...(JSON.parse(row.request) as ShownRequest), arguments: args };
  const digest = `changed-${JSON.stringify(args)}`;
  return { ok: true, digest, shown, requirement: { ...row.requirement, ...changing.to } };
};
beforeAll(async () => {
  ground = await (GROUNDS[0] as (typeof GROUNDS)[number]).start();
  stores = await open(await ground.place());
});
afterAll(async () => {
  await stores?.close();
  await ground?.stop();
});
const approvals = () => openIn({ world: company, store: stores.approvals, options: { again } });

it('arguments are not changed to what needs a passkey on less than a passkey', async () => {
  const gateway = approvals();
  changing.to = { assurance: 'passkey' };
  const { id } = await park(gateway, request({ digest: 'd-change' }));
  const args = { total: 90_000 };
  const digest = `changed-${JSON.stringify(args)}`;
  const weak = await gateway.vote(id, ballot('alice', { digest, arguments: args, assurance: 'signed-in' }));
  expect(weak).toMatchObject({ ok: false, why: 'assurance' });
  expect(await gateway.get(id)).toMatchObject({ state: 'pending', answers: [], proposal: null });
  const strong = await gateway.vote(id, ballot('alice', { digest, arguments: args, assurance: 'passkey' }));
  expect(strong).toMatchObject({ ok: true, complete: true });
  gateway.close();
});

it('arguments are not changed to what needs less by somebody who does not have the proof that was asked for', async () => {
  const gateway = approvals();
  company.rules.current = { ...company.rules.current, assurance: 'signed-in' };
  changing.to = { assurance: 'operator' };
  const { id } = await park(gateway, request({ digest: 'd-less' }));
  const args = { total: 1 };
  const digest = `changed-${JSON.stringify(args)}`;
  const weak = await gateway.vote(id, ballot('alice', { digest, arguments: args }));
  expect(weak).toMatchObject({ ok: false, why: 'assurance' });
  company.rules.current = { ...company.rules.current, assurance: 'operator' };
  gateway.close();
});

it('what was proven well enough when it was answered is not enough for what is asked when the call goes on', async () => {
  const gateway = approvals();
  const { id, outcome } = await park(gateway, request({ digest: 'd-reload' }));
  await gateway.vote(id, ballot('alice', { digest: 'd-reload', assurance: 'signed-in' }));
  const came = await outcome;
  if (came.outcome !== 'approved') throw new Error(`it came to ${came.outcome}`);
  const met = (assurance: Assurance): boolean => {
    company.rules.current = { ...company.rules.current, assurance };
    return gateway.met(request(), came.signed, came.requestedAtMs);
  };
  expect([met('operator'), met('signed-in'), met('passkey')]).toEqual([true, true, false]);
  company.rules.current = { ...company.rules.current, assurance: 'operator' };
  gateway.close();
});
