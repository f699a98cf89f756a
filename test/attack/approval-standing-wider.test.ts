import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { ApprovalRequest, Approvals } from '../../src/approvals/types.ts';
import type { Standing, StandingTerms } from '../../src/model/approval.ts';
import { digestJson } from '../../src/model/canonical.ts';
import type { JsonObject } from '../../src/model/json.ts';
import type { Stores } from '../../src/ports/stores.ts';
import { ballot, openIn, park, request, shown, world } from '../contract/approval-world.ts';
import { GROUNDS, type Ground, open } from '../contract/stores-fixture.ts';

/** HU4: a standing approval lets through what its words say, and nothing that nobody was shown. */
let ground: Ground;
let stores: Stores;
let gateway: Approvals;
const company = world();
let seen = 0;
beforeAll(async () => {
  ground = await (GROUNDS[0] as (typeof GROUNDS)[number]).start();
  stores = await open(await ground.place());
  gateway = openIn({ world: company, store: stores.approvals });
});
afterAll(async () => {
  gateway?.close();
  await stores?.close();
  await ground?.stop();
});

const args: JsonObject = { total: 900 };
/** As gateway/action.ts computes it. */
const digestOf = (params: JsonObject): string => digestJson({ action: 'tools/call', server: 'erp', params });
const asking = (over: Partial<ApprovalRequest> = {}, params: JsonObject = {}): ApprovalRequest =>
  request({ digest: digestOf({ name: 'orders.create', arguments: args, ...params }), ...over });
const terms = (): StandingTerms => ({
  ...{ agent: 'buyer', subject: null, server: 'erp', target: 'orders.create', session: 's1', task: null },
  ...{ fixed: {}, free: ['total'], maxAmount: 9_000_000, notAfterMs: Date.now() + 600_000 },
});
const isAsked = async (of: ApprovalRequest): Promise<boolean> => {
  const stop = new AbortController();
  const outcome = gateway.ask(of, stop.signal, () => stop.abort());
  return outcome.then(
    ({ outcome: came }) => came !== 'standing',
    () => true,
  );
};

beforeEach(async () => {
  company.standing.splice(0);
  const { id } = await park(gateway, asking({ chain: `["${seen++}"]`, context: { pin: 'pin' } }));
  const row = await gateway.get(id);
  await gateway.vote(id, ballot('alice', { digest: row?.digest ?? '', standing: terms(), assurance: 'passkey' }));
  const [made] = company.standing as [Standing];
  company.standing.splice(0, 1, { ...made, chain: '[]' });
});

describe('what stands', () => {
  it('lets through what it says', async () => {
    expect(await isAsked(asking())).toBe(false);
  });

  it('is for the chain it was given for, and not for whoever calls through another agent', async () => {
    expect(await isAsked(asking({ chain: '[["agent","buyer"],["agent","thief"]]' }))).toBe(true);
  });

  it('does not let through what a call carries besides its arguments: nobody was shown that', async () => {
    const also = { inputResponses: { sure: { action: 'accept' } } };
    expect(await isAsked(asking({ shown: shown({ also }) }, also))).toBe(true);
  });

  it('leaves arguments free only as long as the tool is labelled as one whose arguments may differ', async () => {
    for (const over of [{ effect: 'destructive' }, { dataClass: 'restricted' }, { reversible: false }] as const)
      expect(await isAsked(asking({ shown: shown(over) }))).toBe(true);
    expect(await isAsked(asking({ shown: shown({ unrecorded: 'policy' }) }))).toBe(true);
  });

  it('is worth no more than it was proven by', async () => {
    const [made] = company.standing as [Standing];
    company.standing.splice(0, 1, { ...made, assurance: 'operator' });
    company.rules.current = { ...company.rules.current, assurance: 'signed-in' };
    expect(await isAsked(asking())).toBe(true);
    company.rules.current = { ...company.rules.current, assurance: 'operator' };
    expect(await isAsked(asking())).toBe(false);
  });

  it('is not offered for arguments so long that every gateway would hold them in memory', async () => {
    const long = { total: 900, note: 'x'.repeat(20_000) };
    const { id } = await park(gateway, request({ digest: 'd-long', shown: shown({ arguments: long }) }));
    const wide = { ...terms(), fixed: { '/note': long.note } };
    const refused = await gateway.vote(id, ballot('alice', { digest: 'd-long', standing: wide, assurance: 'passkey' }));
    expect(refused).toMatchObject({ ok: false, why: 'standing' });
  });
});
