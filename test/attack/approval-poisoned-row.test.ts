import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Stores } from '../../src/ports/stores.ts';
import { until } from '../cases/house.ts';
import { approvalRow, join } from '../contract/approval-row.ts';
import { openIn, optionsIn, request, shown, world } from '../contract/approval-world.ts';
import { GROUNDS, type Ground, open } from '../contract/stores-fixture.ts';
import { manualClock } from '../contract/stores-memory.ts';

/** One request that cannot be looked after keeps no other from its end. */
let ground: Ground;
let stores: Stores;
const clock = manualClock();
beforeAll(async () => {
  ground = await (GROUNDS[0] as (typeof GROUNDS)[number]).start();
  stores = await open(await ground.place(), clock);
});
afterAll(async () => {
  await stores?.close();
  await ground?.stop();
});

it('a request nobody can read, or whose record is refused, does not stop the sweep', async () => {
  const company = world();
  const { journal } = optionsIn({ world: company, store: stores.approvals });
  const refused = 'refused';
  const append: typeof journal.append = (record) =>
    JSON.stringify(record.detail).includes(refused)
      ? Promise.reject(new Error('a record of that size is too large'))
      : journal.append(record);
  const over = { requestedAtMs: clock.nowMs(), expiresAtMs: clock.nowMs() + 1_000 };
  await join(stores.approvals, approvalRow('broken', { ...over, digest: 'd-broken', request: 'no JSON' }));
  const big = JSON.stringify(shown({ arguments: { note: refused } }));
  await join(stores.approvals, approvalRow('refused', { ...over, digest: 'd-big', request: big }));
  clock.pass(500);
  await join(
    stores.approvals,
    approvalRow('good', { ...over, requestedAtMs: clock.nowMs(), digest: 'd-good', request: JSON.stringify(shown()) }),
  );
  const late = { ...request(), shown: JSON.stringify(shown()) };
  const who = [{ kind: 'person', id: 'bob' }] as const;
  const requirement = { ...approvalRow('x').requirement, escalations: [{ afterMs: 1_500, who }] };
  const pending = { ...over, expiresAtMs: clock.nowMs() + 60_000, digest: 'd-late', request: late.shown, requirement };
  await join(stores.approvals, approvalRow('late', pending));
  clock.pass(2_000);
  const options = { sweepMs: 5, journal: { id: 'journal', append } };
  const approvals = openIn({ world: company, store: stores.approvals, clock, options });
  await until(
    async () => (await approvals.get('good'))?.recorded === true && (await approvals.get('late'))?.escalated === 1,
  );
  expect(await approvals.get('good')).toMatchObject({ state: 'expired', receipt: { journal: 'journal' } });
  for (const id of ['broken', 'refused'])
    expect(await approvals.get(id)).toMatchObject({ state: 'expired', recorded: false });
  approvals.close();
});
