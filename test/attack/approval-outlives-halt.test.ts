import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Lock, LockTarget } from '../../src/model/lock.ts';
import type { Stores } from '../../src/ports/stores.ts';
import { withdrawHalted } from '../../src/start/approvals/halt.ts';
import { approvalRow, join } from '../contract/approval-row.ts';
import { ballot, openIn, park, request, world } from '../contract/approval-world.ts';
import { GROUNDS, type Ground, open } from '../contract/stores-fixture.ts';

/** HU3, CR3: what was approved for whoever is halted is not there any more when the halt is over, or for another session of theirs. */
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

const halt = (target: LockTarget): Lock => ({
  ...{ target, tier: 'halt', reason: 'odd', by: 'eve', atMs: 0, untilMs: null },
});

it.each<[string, LockTarget]>([
  ['the agent', { kind: 'agent', id: 'buyer' }],
  ['the session', { kind: 'session', id: 's1' }],
])('an answer that was not used yet is taken back with a halt of %s', async (_what, target) => {
  const company = world();
  const approvals = openIn({ world: company, store: stores.approvals });
  const of = (digest: string) => request({ digest, session: 's1' });
  // Answered while the agent is away: nothing has used it yet.
  const [answered, waiting] = [await approvals.open(of(`a-${target.id}`)), await park(approvals, of(`w-${target.id}`))];
  if (answered.kind !== 'request') throw new Error(answered.kind);
  const { id, digest } = answered.row;
  expect(await approvals.vote(id, ballot('alice', { digest }))).toMatchObject({ ok: true, complete: true });
  expect(await withdrawHalted(approvals, halt(target))).toBe(2);
  expect((await waiting.outcome).outcome).toBe('withdrawn');
  expect(await approvals.use(id, digest, 'call-later')).toBeNull();
  expect(await approvals.get(id)).toMatchObject({ state: 'withdrawn', answeredBy: 'eve', recorded: true });
  const told = company.records.filter(({ detail }) => detail.approval === id).map(({ detail }) => detail.outcome);
  expect(told).toEqual(['approved', 'withdrawn']);
  approvals.close();
});

it('what another agent asks through whoever is halted is taken back too, and what it asks otherwise is not', async () => {
  const approvals = openIn({ world: world(), store: stores.approvals });
  const chain = (...ids: readonly string[]) => JSON.stringify(ids.map((id) => ['agent', id]));
  const through = await park(approvals, request({ agent: 'child', digest: 'd-child', chain: chain('child', 'root') }));
  const other = await park(approvals, request({ agent: 'child', digest: 'd-other', chain: chain('child', 'root-2') }));
  expect(await withdrawHalted(approvals, halt({ kind: 'agent', id: 'root' }))).toBe(1);
  expect((await through.outcome).outcome).toBe('withdrawn');
  expect(await withdrawHalted(approvals, halt({ kind: 'agent', id: 'root-2' }))).toBe(1);
  expect((await other.outcome).outcome).toBe('withdrawn');
  approvals.close();
});

it('a request that cannot be read keeps no other from being taken back', async () => {
  const approvals = openIn({ world: world(), store: stores.approvals, options: { sweepMs: 3_600_000 } });
  const nowMs = Date.now();
  const broken = { agent: 'thief', digest: 'd-broken', requestedAtMs: nowMs + 1_000, expiresAtMs: nowMs + 60_000 };
  await join(stores.approvals, approvalRow('broken', { ...broken, request: 'no JSON' }));
  const { outcome } = await park(approvals, request({ agent: 'thief', digest: 'd-thief' }));
  const withdrawn = withdrawHalted(approvals, halt({ kind: 'agent', id: 'thief' }));
  await expect(withdrawn).rejects.toThrow('1 requests could not be taken back');
  expect((await outcome).outcome).toBe('withdrawn');
  expect(await approvals.get('broken')).toMatchObject({ state: 'withdrawn', recorded: false });
  approvals.close();
});
