import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '../../src/adapters/clock.ts';
import { openActions } from '../../src/credentials/action/actions.ts';
import { redeemer } from '../../src/gateway/lease/redeem.ts';
import { newPrivateJwk, onlyKey, signingKeyOf } from '../../src/identity/proof/keys.ts';
import { identityClaims } from '../../src/identity/tokens.ts';
import { digestJson } from '../../src/model/canonical.ts';
import type { AdminRecord } from '../../src/model/record.ts';
import type { Stores } from '../../src/ports/stores.ts';
import { GROUNDS, type Ground, type Location, open } from './stores-fixture.ts';

/** Requirement CR3: one action, one use, whichever gateway of a store is asked and however many ask at once. */
const AT_ONCE = 50;
const AUDIENCE = 'https://shop.example/mcp';

describe.each(GROUNDS)('fifty redemptions at two gateways on $name', ({ start }) => {
  let ground: Ground;
  let location: Location;
  let stores: Stores[] = [];
  const key = newPrivateJwk();

  beforeAll(async () => {
    ground = await start();
    location = await ground.place();
    stores = [await open(location), await open(location)];
  });
  afterAll(async () => {
    for (const one of stores) await one.close();
    await ground?.stop();
  });

  /** What two gateways on one store share: the key that signs. Each has a journal of its own. */
  const gateways = async (recorded: AdminRecord[]) => {
    const privateJwk = await key;
    const keys = { ...onlyKey(await signingKeyOf(privateJwk)), currentPrivateJwk: () => privateJwk };
    return stores.map(({ replay }) => {
      const issuer = () => 'https://gate.example';
      const actions = openActions({ keys, issuer, replay, clock: systemClock });
      const shop = actions.of('shop', { audience: AUDIENCE, ttlMs: 60_000, proof: true }, AUDIENCE);
      const gateway = {
        clock: systemClock,
        snapshot: () => ({ servers: new Map([['shop', { id: 'shop', actions: shop }]]) }),
        revocation: { enter: () => ({ ok: true, leave() {} }) },
        journal: { append: async (record: AdminRecord) => void recorded.push(record) },
      } as never;
      const directory = { agent: () => undefined, whyNotAlive: () => null } as never;
      const parts = { gateway, keys, issuer, replay, directory, isRevoked: () => false, stands: async () => true };
      return { shop, redeem: redeemer(parts) };
    });
  };
  type Shop = Awaited<ReturnType<typeof gateways>>[number]['shop'];
  const mint = (shop: Shop) => {
    const minted = shop.mint({
      identity: identityClaims({
        agentId: 'buyer',
        subject: null,
        chain: [],
        audiences: [AUDIENCE],
        dpopJkt: shop.jkt,
      }),
      credential: null,
      details: {
        ...{ method: 'tools/call', tool: 'buy', argumentsDigest: digestJson({}), actionDigest: digestJson('all') },
        ...{ approval: null, approvedBy: [], intent: { journal: 'gate+01020304', seq: 1 } },
      },
    });
    return { jti: minted.jti, expiresAtMs: minted.expiresAtMs, token: minted.headers[1]!, proof: minted.headers[3]! };
  };

  it.each([1, 2, 3])('one is told yes, and it stays used when the gateways are started anew (round %i)', async () => {
    const recorded: AdminRecord[] = [];
    const both = await gateways(recorded);
    const shown = mint(both[0]!.shop);
    const answers = await Promise.all(Array.from({ length: AT_ONCE }, (_, i) => both[i % 2]!.redeem(shown)));
    expect(answers.filter(({ redeemed }) => redeemed)).toHaveLength(1);
    expect(answers.filter((answer) => !answer.redeemed && answer.why === 'used')).toHaveLength(AT_ONCE - 1);
    expect(recorded.map(({ reason }) => reason).sort()).toEqual(['redeemed', 'used']);
    for (const one of stores.splice(0)) await one.close();
    stores = [await open(location), await open(location)];
    for (const { redeem } of await gateways(recorded))
      expect(await redeem(shown)).toEqual({ redeemed: false, why: 'used' });
  });

  it('the end of a call and its redemption elsewhere: never both', async () => {
    const both = await gateways([]);
    for (let round = 0; round < 10; round++) {
      const shown = mint(both[0]!.shop);
      const [answer] = await Promise.all([both[1]!.redeem(shown), both[0]!.shop.end(shown.jti, shown.expiresAtMs)]);
      const expected = answer.redeemed ? { redeemed: true } : { redeemed: false, why: 'stopped' };
      expect(answer).toEqual(expected);
      expect(await both[0]!.redeem(shown)).toEqual({ redeemed: false, why: 'used' });
    }
    const ended = mint(both[0]!.shop);
    await both[0]!.shop.end(ended.jti, ended.expiresAtMs);
    expect(await both[1]!.redeem(ended)).toEqual({ redeemed: false, why: 'stopped' });
  });
});
