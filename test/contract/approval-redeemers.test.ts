import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Approvals } from '../../src/approvals/types.ts';
import type { Stores } from '../../src/ports/stores.ts';
import { ballot, openIn, request, type World, world } from './approval-world.ts';
import { GROUNDS, type Ground, open } from './stores-fixture.ts';

const APPROVALS = 1_000;
const REDEEMERS = 50;
/** Approvals fought over at the same time. */
const AT_ONCE = 20;

describe.each(GROUNDS)('a thousand approvals and fifty who want each, on $name', ({ start }) => {
  let ground: Ground;
  let company: World;
  const stores: Stores[] = [];
  const gateways: Approvals[] = [];
  beforeAll(async () => {
    ground = await start();
    const location = await ground.place();
    company = world();
    for (let i = 0; i < 2; i++) {
      const mine = await open(location);
      stores.push(mine);
      gateways.push(openIn({ world: company, store: mine.approvals, options: { maxPendingPerAgent: APPROVALS } }));
    }
  });
  afterAll(async () => {
    for (const gateway of gateways) gateway.close();
    for (const each of stores) await each.close();
    await ground?.stop();
  });

  it('each is used exactly once, by one of them', { timeout: 300_000 }, async () => {
    const wins: number[] = [];
    const [first] = gateways as [Approvals, Approvals];
    const fight = async (i: number): Promise<void> => {
      const digest = `d${i}`;
      const opened = await first.open(request({ digest }));
      if (opened.kind !== 'request') throw new Error('nobody was asked');
      const { id } = opened.row;
      expect(await first.vote(id, ballot('alice', { digest }))).toMatchObject({ ok: true, complete: true });
      const uses = Array.from({ length: REDEEMERS }, (_, k) =>
        (gateways[k % 2] as Approvals).use(id, digest, `call-${i}-${k}`),
      );
      wins.push((await Promise.all(uses)).filter((row) => row !== null).length);
    };
    for (let from = 0; from < APPROVALS; from += AT_ONCE)
      await Promise.all(Array.from({ length: AT_ONCE }, (_, k) => fight(from + k)));
    expect(wins).toEqual(Array.from({ length: APPROVALS }, () => 1));
    expect(await first.count({ state: 'consumed' })).toBe(APPROVALS);
    expect(company.records).toHaveLength(APPROVALS);
  });
});
