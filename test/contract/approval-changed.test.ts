import { afterAll, beforeAll, expect, it } from 'vitest';
import type { ApprovalsOptions } from '../../src/approvals/approvals.ts';
import type { Requirement, ShownRequest } from '../../src/model/approval.ts';
import type { Stores } from '../../src/ports/stores.ts';
import { ballot, openIn, park, request, world } from './approval-world.ts';
import { GROUNDS, type Ground, open } from './stores-fixture.ts';

/** HU3: what changes with the arguments. */
let ground: Ground;
let stores: Stores;
const company = world();
const FINANCE: Requirement['parts'] = [
  { ask: 'group:finance', slots: [{ who: [{ kind: 'group', id: 'finance' }], exceptStarters: false }] },
];
const told: { kind: string; version: number; candidates: readonly string[] }[] = [];
const options: Partial<ApprovalsOptions> = {
  again: async (row, args) => {
    const shown: ShownRequest = { ...(JSON.parse(row.request) as ShownRequest), arguments: args, unrecorded: 'policy' };
    const digest = `changed-${JSON.stringify(args)}`;
    return { ok: true, digest, shown, requirement: { ...row.requirement, parts: FINANCE } };
  },
  notices: ({ version }, kind, candidates) => {
    told.push({ kind, version, candidates });
    return [];
  },
};
beforeAll(async () => {
  ground = await (GROUNDS[0] as (typeof GROUNDS)[number]).start();
  stores = await open(await ground.place());
});
afterAll(async () => {
  await stores?.close();
  await ground?.stop();
});

it('whoever must answer what the arguments were changed to is told, and finds it', async () => {
  const approvals = openIn({ world: company, store: stores.approvals, options });
  const { id } = await park(approvals, request());
  const pending = { state: 'pending', limit: 10 } as const;
  expect(await approvals.listFor('bob', pending)).toEqual([]);
  const args = { total: 90_000 };
  const digest = `changed-${JSON.stringify(args)}`;
  expect(await approvals.vote(id, ballot('alice', { digest, arguments: args }))).toMatchObject({ complete: false });
  expect((await approvals.listFor('bob', pending)).map((row) => row.id)).toEqual([id]);
  expect(told.at(-1)).toEqual({ kind: 'asked', version: 2, candidates: ['bob', 'carol'] });
  expect(await approvals.vote(id, ballot('bob', { digest }))).toMatchObject({ ok: true, complete: true });
  // A policy keeps the changed arguments out of records, whatever may be said of the first.
  const outcome = company.records.find(({ act }) => act === 'approval.outcome');
  expect(outcome?.detail).toMatchObject({
    arguments: { total: 900 },
    changed: { arguments: { redacted: 'policy' }, digest },
  });
  approvals.close();
});
