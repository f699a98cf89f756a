import { describe, expect, it } from 'vitest';
import { RULES, who } from '../../../test/approvals/company.ts';
import type { AskFacts, Route, RouteTier } from '../../model/approval-rules.ts';
import { type AskContext, resolveAsk } from './resolve.ts';

const TIER: RouteTier = {
  below: null,
  currencies: null,
  environments: null,
  dataClasses: null,
  effects: null,
  ask: null,
};
const route = (tiers: readonly Partial<RouteTier>[], more: Partial<Route> = {}): Route => ({
  tiers: tiers.map((tier) => ({ ...TIER, ...tier })),
  escalations: [],
  expireMs: null,
  assurance: null,
  urgent: false,
  ...more,
});

const PURCHASES = route([{ below: 4_000_000 }, { below: 100_000_000, ask: 'owner' }, { ask: '2 role:cfo' }], {
  escalations: [{ afterMs: 60_000, who: [who('role:cfo'), who('subject:')] }],
  expireMs: 600_000,
  urgent: true,
});
const NOTHING: AskFacts = { amount: null, environment: null, dataClass: null, effect: null };
const CONTEXT: AskContext = {
  facts: NOTHING,
  rules: {
    ...RULES,
    assurance: 'signed-in',
    roles: new Map([['cfo', { people: ['dora'], groups: [], schedules: [] }]]),
    routes: new Map([['purchases', PURCHASES]]),
    schedules: new Map([
      [
        'duty',
        { timezone: 'UTC', people: ['a'], turn: 'day', start: { date: '2026-01-01', time: '00:00' }, hours: null },
      ],
    ]),
  },
  starters: ['alice', 'bob', 'alice'],
  subject: 'bob',
};
const withRoute = (one: Route, facts: Partial<AskFacts> = {}): AskContext => ({
  ...CONTEXT,
  facts: { ...NOTHING, ...facts },
  rules: { ...CONTEXT.rules, routes: new Map([['purchases', one]]) },
});
const ask = (text: string, agent = 'buyer') => ({ text, agent });

/** The slots of each part as keys: `owner:buyer|group:x`. */
function slots(asks: readonly { text: string; agent: string }[], context: AskContext = CONTEXT): unknown {
  const resolved = resolveAsk(asks, context);
  if (resolved.kind !== 'asks') return resolved;
  return resolved.requirement.parts.map((part) =>
    part.slots.map(
      (slot) => slot.who.map(({ kind, id }) => `${kind}:${id}`).join('|') + (slot.exceptStarters ? '!' : ''),
    ),
  );
}

describe('from an ask to who must answer', () => {
  it('fills in agent and subject, and takes an unknown role for a group', () => {
    expect(slots([ask('owner')])).toEqual([['owner:buyer']]);
    expect(slots([ask('owner | subject except starter + 2 role:cfo')])).toEqual([
      ['owner:buyer|subject:bob!', 'role:cfo', 'role:cfo'],
    ]);
    expect(slots([ask('role:security')])).toEqual([['group:security']]);
    expect(slots([ask('on-call:duty | person:x')])).toEqual([['schedule:duty|person:x']]);
  });

  it('keeps the policies apart, each for the agent it was about, and the same question once', () => {
    expect(slots([ask('owner'), ask('owner', 'ops'), ask('group:x')])).toEqual([
      ['owner:buyer'],
      ['owner:ops'],
      ['group:x'],
    ]);
    expect(slots([ask('group:x'), ask('group:x', 'ops'), ask('1 group:x')])).toEqual([['group:x']]);
  });

  it('says what else counts: proof, starters, time', () => {
    expect(resolveAsk([ask('owner')], CONTEXT)).toEqual({
      kind: 'asks',
      expireMs: 3_600_000,
      requirement: {
        parts: [{ ask: 'owner', slots: [{ who: [who('owner:buyer')], exceptStarters: false }] }],
        escalations: [],
        assurance: 'signed-in',
        starters: ['alice', 'bob'],
        urgent: false,
      },
    });
  });

  const NOBODY: readonly (readonly [name: string, asks: readonly string[], context: AskContext, why: RegExp])[] = [
    ['no ask at all', [], CONTEXT, /no policy says who is asked/],
    ['a subject where there is none', ['subject'], { ...CONTEXT, subject: null }, /there is no subject/],
    ['who started it, excepted', ['person:alice except starter'], CONTEXT, /only who started it/],
    ['the subject, excepted', ['owner + subject except starter'], CONTEXT, /only who started it/],
    ['an unknown schedule', ['on-call:nights'], CONTEXT, /nobody it names/],
    ['an unknown route', ['route:sales'], CONTEXT, /no such route/],
    ['a text nobody can read', ['boss'], CONTEXT, /names nobody/],
    ['one of several', ['owner', 'route:sales'], CONTEXT, /@ask\("route:sales"\)/],
    ['a route to a route', ['route:purchases'], withRoute(route([{ ask: 'route:purchases' }])), /another route/],
    ['a route without a last tier', ['route:purchases'], withRoute(route([{ below: 1, ask: 'owner' }])), /no tier/],
    ['more answers than anybody gives', Array.from({ length: 21 }, (_, i) => `5 group:${i}`), CONTEXT, /more than 100/],
  ];
  it.each(NOBODY)('is nobody for %s', (_name, asks, context, why) => {
    const resolved = resolveAsk(
      asks.map((text) => ask(text)),
      context,
    );
    expect(resolved).toMatchObject({ kind: 'nobody', why: expect.stringMatching(why) });
  });

  it('without a subject the others who are named still answer', () => {
    expect(slots([ask('subject | owner')], { ...CONTEXT, subject: null })).toEqual([['owner:buyer']]);
  });
});

describe('a route', () => {
  const of = (facts: Partial<AskFacts>, one: Route = PURCHASES): unknown =>
    slots([ask('route:purchases')], withRoute(one, facts));
  const AUTOMATIC = { kind: 'automatic', rule: 'route:purchases#1' };

  const cells: readonly (readonly [amount: number | null, wanted: unknown])[] = [
    [0, AUTOMATIC],
    [3_999_999, AUTOMATIC],
    [4_000_000, [['owner:buyer']]],
    [99_999_999, [['owner:buyer']]],
    [100_000_000, [['role:cfo', 'role:cfo']]],
    // What is not known is not small, and what is given back is not little.
    [null, [['role:cfo', 'role:cfo']]],
    [-1, [['role:cfo', 'role:cfo']]],
    [-500_000_000, [['role:cfo', 'role:cfo']]],
  ];
  it.each(cells)('an amount of %s ten-thousandths', (amount, wanted) => {
    expect(of({ amount })).toEqual(wanted);
  });

  it('by environment, data and effect; what is not known is in no list', () => {
    const one = route([
      { environments: ['test'], ask: 'person:t' },
      { dataClasses: ['restricted'], effects: ['external', 'write'], ask: 'person:d' },
      { ask: 'person:z' },
    ]);
    expect(of({ environment: 'test' }, one)).toEqual([['person:t']]);
    expect(of({ environment: 'production', dataClass: 'restricted', effect: 'write' }, one)).toEqual([['person:d']]);
    expect(of({ dataClass: 'restricted' }, one)).toEqual([['person:z']]);
    expect(of({ dataClass: 'public', effect: 'write' }, one)).toEqual([['person:z']]);
    expect(of({}, one)).toEqual([['person:z']]);
  });

  it('an amount counts in the currencies the tier names', () => {
    const one = route([{ below: 100, currencies: ['EUR', 'USD'] }, { ask: 'owner' }]);
    expect(of({ amount: 1, currency: 'EUR' }, one)).toEqual(AUTOMATIC);
    for (const currency of ['KWD', 'eur', null]) expect(of({ amount: 1, currency }, one)).toEqual([['owner:buyer']]);
    expect(of({ amount: 1 }, one)).toEqual([['owner:buyer']]);
  });

  it('goes on by itself only where every policy says so', () => {
    const small = withRoute(PURCHASES, { amount: 1 });
    expect(resolveAsk([ask('route:purchases'), ask('route:purchases', 'ops')], small)).toEqual(AUTOMATIC);
    expect(slots([ask('route:purchases'), ask('owner')], small)).toEqual([['owner:buyer']]);
  });

  it('brings its escalations, time, proof and urgency; the strictest and the shortest count', () => {
    const strict = withRoute({ ...PURCHASES, assurance: 'passkey' });
    const resolved = resolveAsk([ask('person:x'), ask('route:purchases')], strict);
    expect(resolved).toMatchObject({
      kind: 'asks',
      expireMs: 600_000,
      requirement: { assurance: 'passkey', urgent: true },
    });
    // Only for the question of the route: the other policy's is not answered by those it knows nothing of.
    expect(resolved.kind === 'asks' && resolved.requirement.escalations).toEqual([
      { afterMs: 60_000, who: [who('role:cfo'), who('subject:bob')], parts: [1] },
    ]);
    const lax = withRoute({ ...PURCHASES, assurance: 'operator', expireMs: 7_200_000 });
    expect(resolveAsk([ask('owner'), ask('route:purchases')], lax)).toMatchObject({
      expireMs: 3_600_000,
      requirement: { assurance: 'signed-in' },
    });
  });

  it('whose tier names nobody who is there waits for its escalation', () => {
    const one = route([{ ask: 'subject' }], { escalations: [{ afterMs: 1, who: [who('person:dora')] }] });
    expect(slots([ask('route:purchases')], { ...withRoute(one), subject: null })).toEqual([['']]);
    const none = route([{ ask: 'subject' }], { escalations: [{ afterMs: 1, who: [who('subject:')] }] });
    expect(slots([ask('route:purchases')], { ...withRoute(none), subject: null })).toMatchObject({ kind: 'nobody' });
  });
});
