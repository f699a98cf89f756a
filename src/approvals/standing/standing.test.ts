import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ShownRequest, Standing, StandingTerms } from '../../model/approval.ts';
import { canonicalize } from '../../model/canonical.ts';
import type { Json, JsonObject } from '../../model/json.ts';
import { resolvePointer } from '../../model/pointer.ts';
import { covers, type StandingCall } from './covers.ts';
import { standingOffers } from './offers.ts';
import { validTerms } from './terms.ts';
import { standingRule, standingWords } from './words.ts';

const HOUR_MS = 3_600_000;
const AT = { nowMs: 1_800_000_000_000, maxMs: 8 * HOUR_MS };

const SHOWN: ShownRequest = {
  call: 'c1',
  agent: { id: 'buyer', name: 'Buyer', owner: 'alice', riskTier: 'low' },
  subject: { id: 'alice', name: 'Alice' },
  chain: [],
  purpose: 'buys',
  task: { id: 't1', purpose: null },
  action: 'tools/call',
  server: 'erp',
  target: 'orders.create',
  arguments: { supplier: 'northwind', total: 500, currency: 'EUR', note: 'chairs' },
  sentence: [],
  reviewed: false,
  touches: null,
  undo: null,
  effect: 'write',
  reversible: true,
  dataClass: 'internal',
  environment: null,
  amount: 5_000_000,
  currency: 'EUR',
  mapped: { amount: '/total', currency: '/currency' },
  origins: [],
  policy: { reasons: [], messages: [], version: 'v' },
  session: { id: 's1', startedAtMs: 0, calls: 0, denied: 0, asked: 0, readUntrusted: false, recent: [] },
  watched: false,
  unrecorded: null,
};

function standing(terms: StandingTerms): Standing {
  const made = {
    id: 'st',
    approval: 'a',
    chain: '[]',
    signers: ['alice'],
    assurance: 'passkey',
    createdAtMs: 0,
    pin: 'pin',
  } as const;
  return { ...terms, ...made, state: 'active' };
}

const CALL: StandingCall = {
  agent: 'buyer',
  subject: 'alice',
  server: 'erp',
  target: 'orders.create',
  session: 's1',
  task: 't1',
  args: SHOWN.arguments,
  amount: 5_000_000,
  pin: 'pin',
  nowMs: AT.nowMs + 1,
};

function terms(key: string, shown = SHOWN): StandingTerms {
  const found = standingOffers(shown, AT).find((offer) => offer.key === key);
  if (found === undefined) throw new Error(`no offer ${key}`);
  return found.terms;
}

describe('what may be let through besides (HU5)', () => {
  it('ordinary work: the same, a smaller amount, the tool in this session or task; each with its end', () => {
    const offers = standingOffers(SHOWN, AT);
    expect(offers.map((offer) => offer.key)).toEqual([
      'same-session',
      'same-task',
      'same-hour',
      'same-day',
      'amount-session',
      'amount-task',
      'amount-hour',
      'amount-day',
      'tool-session',
      'tool-task',
    ]);
    expect(offers.map((offer) => offer.label)).toContain(
      'These arguments, up to 500.00 EUR a call, in any session, for 1 hour',
    );
    expect(offers.map((offer) => offer.label)).toContain(
      'Any arguments of erp/orders.create, up to 500.00 EUR a call, in this session, for at most 8 hours',
    );
    for (const { terms } of offers) {
      expect(terms.notAfterMs).toBeGreaterThan(AT.nowMs);
      expect(terms.notAfterMs).toBeLessThanOrEqual(AT.nowMs + AT.maxMs);
      expect([terms.agent, terms.subject, terms.server, terms.target]).toEqual([
        'buyer',
        'alice',
        'erp',
        'orders.create',
      ]);
    }
    expect(terms('tool-session').fixed).toEqual({ '/currency': 'EUR' });
  });

  it.each([
    ['destructive', { effect: 'destructive', reversible: false }],
    ['destructive, though it can be undone', { effect: 'destructive', reversible: true }],
    ['sends outside', { effect: 'external', reversible: true }],
    ['credentials', { effect: 'credential' }],
    ['cannot be undone', { reversible: false }],
    ['restricted data', { dataClass: 'restricted' }],
    ['nobody labelled it', { effect: null, reversible: null, dataClass: null }],
  ] as const)('%s: exactly these arguments only', (_what, labels) => {
    const offers = standingOffers({ ...SHOWN, ...labels }, AT);
    expect(offers.length).toBeGreaterThan(0);
    for (const { terms } of offers) {
      expect(terms.free).toEqual([]);
      expect(terms.maxAmount).toBeNull();
      expect(Object.keys(terms.fixed)).toHaveLength(4);
    }
  });

  it('nothing where there is no tool, or where it is switched off', () => {
    expect(standingOffers({ ...SHOWN, action: 'resources/read' }, AT)).toEqual([]);
    expect(standingOffers({ ...SHOWN, target: null }, AT)).toEqual([]);
    expect(standingOffers(SHOWN, { ...AT, maxMs: 0 })).toEqual([]);
    expect(standingOffers({ ...SHOWN, unrecorded: 'restricted' }, AT)).toEqual([]);
  });

  it('no smaller amount where the amount is unknown, or no argument of its own', () => {
    const keys = (shown: Partial<ShownRequest>) => standingOffers({ ...SHOWN, ...shown }, AT).map((offer) => offer.key);
    expect(keys({ amount: null }).filter((key) => !key.startsWith('same-'))).toEqual([]);
    expect(keys({ amount: -1 }).filter((key) => !key.startsWith('same-'))).toEqual([]);
    expect(keys({ mapped: { amount: '/order/total' } }).filter((key) => key.startsWith('amount-'))).toEqual([]);
    expect(keys({ mapped: { amount: '/total', recipient: '/to' } }).filter((key) => key.startsWith('tool-'))).toEqual(
      [],
    );
  });
});

describe('what a standing approval covers (HU5)', () => {
  const same = standing(terms('same-session'));
  const amount = standing(terms('amount-hour'));

  it('the call it was made for', () => {
    for (const { terms } of standingOffers(SHOWN, AT)) expect(covers(standing(terms), CALL)).toBe(true);
  });

  it.each<[string, Partial<StandingCall>]>([
    ['another agent', { agent: 'other' }],
    ['another person', { subject: 'bob' }],
    ['no person', { subject: null }],
    ['another server', { server: 'crm' }],
    ['another tool', { target: 'orders.cancel' }],
    ['no tool', { target: null }],
    ['another session', { session: 's2' }],
    ['no session', { session: null }],
    ['another definition', { pin: 'other' }],
    ['no definition', { pin: null }],
    ['its end', { nowMs: AT.nowMs + 8 * HOUR_MS }],
    ['another value', { args: { ...SHOWN.arguments, supplier: 'evil' } }],
    ['another type', { args: { ...SHOWN.arguments, total: '500' } }],
    ['one argument more', { args: { ...SHOWN.arguments, express: true } }],
    ['one argument less', { args: { supplier: 'northwind', total: 500, currency: 'EUR' } }],
    ['an argument of the prototype', { args: Object.create(SHOWN.arguments) as JsonObject }],
    ['an argument named like one of objects', { args: { ...SHOWN.arguments, constructor: 1 } }],
  ])('not %s', (_what, change) => {
    expect(covers(same, { ...CALL, ...change })).toBe(false);
  });

  it('nothing once it was revoked, or made without a definition', () => {
    expect(covers({ ...same, state: 'revoked' }, CALL)).toBe(false);
    expect(covers({ ...same, pin: null }, { ...CALL, pin: null })).toBe(false);
    expect(covers({ ...standing(terms('same-task')) }, { ...CALL, task: 't2' })).toBe(false);
  });

  it.each<[string, number, number | null, boolean]>([
    ['the same amount', 500, 5_000_000, true],
    ['a smaller one', 1.5, 15_000, true],
    ['a larger one', 500.0001, 5_000_001, false],
    ['an unknown one', 1, null, false],
    ['less than nothing', -1, -10_000, false],
    ['a fact that is read from elsewhere now', 900_000, 10_000, false],
  ])('up to an amount: %s', (_what, total, mapped, covered) => {
    const args = { ...SHOWN.arguments, total };
    expect(covers(amount, { ...CALL, session: 'later', args, amount: mapped })).toBe(covered);
  });

  it('covered means: every fixed argument is equal, and nothing else differs but what is free', () => {
    const value = fc.oneof(
      fc.constantFrom<Json>('northwind', 'EUR', 500, 1, null),
      fc.jsonValue({ maxDepth: 1 }) as fc.Arbitrary<Json>,
    );
    const names = fc.constantFrom<string>('supplier', 'total', 'currency', 'note', 'a/b', 'toString', 'x');
    const args = fc.dictionary(names, value, { maxKeys: 5 }) as fc.Arbitrary<JsonObject>;
    const seen = { covered: 0 };
    fc.assert(
      fc.property(args, args, fc.array(names, { maxLength: 2 }), fc.boolean(), (made, asked, free, echo) => {
        const shown = { ...SHOWN, arguments: made };
        const fixed = Object.fromEntries(
          Object.entries(made)
            .filter(([name]) => !free.includes(name))
            .map(([name, each]) => [`/${name.replaceAll('/', '~1')}`, each as Json]),
        );
        const rule = standing({ ...terms('same-hour', shown), fixed, free });
        const call = echo ? { ...made, ...Object.fromEntries(free.map((name) => [name, asked[name] ?? 0])) } : asked;
        if (!covers(rule, { ...CALL, args: call })) return;
        seen.covered++;
        for (const [pointer, each] of Object.entries(fixed)) {
          expect(canonicalize(resolvePointer(call, pointer) as Json)).toBe(canonicalize(each));
        }
        for (const name of Object.keys(call)) {
          if (free.includes(name)) continue;
          expect(canonicalize(call[name] as Json)).toBe(canonicalize(made[name] as Json));
        }
      }),
      { numRuns: 3000 },
    );
    expect(seen.covered).toBeGreaterThan(300);
  });
});

describe('terms that somebody sends', () => {
  const anyOffer = fc.constantFrom(...standingOffers(SHOWN, AT));

  it('are good where they are an offer', () => {
    fc.assert(fc.property(anyOffer, ({ terms }) => validTerms(JSON.parse(JSON.stringify(terms)), SHOWN, AT)));
  });

  it('are good where they are narrower, and what they cover was covered', () => {
    const sooner = fc.integer({ min: 1, max: AT.maxMs });
    const less = fc.integer({ min: 0, max: 5_000_000 });
    fc.assert(
      fc.property(anyOffer, sooner, less, fc.boolean(), fc.boolean(), ({ terms: offered }, ms, most, bind, hold) => {
        const fixed = hold ? { ...offered.fixed, '/note': 'chairs', '/supplier': 'northwind' } : offered.fixed;
        const narrower: StandingTerms = {
          ...offered,
          notAfterMs: Math.min(offered.notAfterMs, AT.nowMs + ms),
          maxAmount: offered.maxAmount === null ? null : most,
          session: bind ? 's1' : offered.session,
          fixed,
          free: hold ? offered.free.filter((name) => !['note', 'supplier'].includes(name)) : offered.free,
        };
        expect(validTerms(narrower, SHOWN, AT)).toBe(true);
        const call = { ...CALL, nowMs: AT.nowMs, args: { ...SHOWN.arguments, total: most / 10_000 }, amount: most };
        if (covers(standing(narrower), call)) expect(covers(standing(offered), call)).toBe(true);
      }),
    );
  });

  it.each<[string, Partial<Record<keyof StandingTerms, unknown>> & { readonly more?: unknown }]>([
    ['another agent', { agent: 'other' }],
    ['another person', { subject: 'bob' }],
    ['nobody', { subject: null }],
    ['another server', { server: 'crm' }],
    ['another tool', { target: 'orders.cancel' }],
    ['another session', { session: 's2' }],
    ['another task', { task: 't2' }],
    ['later', { notAfterMs: AT.nowMs + AT.maxMs + 1 }],
    ['never', { notAfterMs: null }],
    ['over already', { notAfterMs: AT.nowMs }],
    ['a larger amount', { maxAmount: 5_000_001 }],
    ['no bound', { maxAmount: null }],
    ['a negative bound', { maxAmount: -1 }],
    ['a bound that is no number', { maxAmount: '5' }],
    ['one more free', { free: ['total', 'supplier'] }],
    ['one neither fixed nor free', { fixed: { '/supplier': 'northwind', '/currency': 'EUR' } }],
    ['a value they did not see', { fixed: { '/supplier': 'evil', '/currency': 'EUR', '/note': 'chairs' } }],
    ['one that is not there', { fixed: { ...shownFixed(), '/more': 1 } }],
    ['a member nobody knows', { more: 1 }],
    ['free twice', { free: ['total', 'total'] }],
  ])('are refused where they are wider: %s', (_what, change) => {
    expect(validTerms({ ...terms('amount-hour'), ...change }, SHOWN, AT)).toBe(false);
  });

  it('are refused whatever they are', () => {
    fc.assert(fc.property(fc.anything(), (value) => !validTerms(value, SHOWN, AT)));
    for (const value of [null, 1, 'x', [], {}, Object.create(terms('same-hour'))]) {
      expect(validTerms(value, SHOWN, AT)).toBe(false);
    }
    expect(validTerms(terms('amount-hour'), { ...SHOWN, effect: 'external' }, AT)).toBe(false);
  });
});

function shownFixed(): StandingTerms['fixed'] {
  return { '/supplier': 'northwind', '/currency': 'EUR', '/note': 'chairs' };
}

describe('the rule in words', () => {
  it('says everything it lets through and everything it holds', () => {
    expect(standingWords(terms('amount-session'), 'EUR')).toBe(
      'Until 2027-01-15T16:00:00.000Z the agent “buyer”, acting for “alice”, may call “erp/orders.create” without asking again. Only in the session “s1”. Exactly: supplier is “northwind”; currency is “EUR”; note is “chairs”. May differ: “total”. No other arguments. The amount of each call is at most 500.00 EUR.',
    );
    expect(standingWords(terms('same-hour', { ...SHOWN, subject: null, arguments: {} }))).toContain(
      'acting for nobody but itself, may call “erp/orders.create” without asking again. It has no arguments, and none may be added.',
    );
  });

  it('and as a policy', () => {
    expect(standingRule(terms('amount-hour'))).toBe(`permit (
  principal == Agent::"buyer",
  action == Action::"tools/call",
  resource == Tool::"erp/orders.create"
) when {
  context.subject == Person::"alice" &&
  arguments["/supplier"] == "northwind" &&
  arguments["/currency"] == "EUR" &&
  arguments["/note"] == "chairs" &&
  arguments.names in ["supplier", "currency", "note", "total"] &&
  context.amount <= 500.0000 &&
  context.now < datetime("2027-01-15T09:00:00.000Z")
};`);
  });

  it('nothing an agent wrote leaves its place', () => {
    const arguments_ = {
      note: 'x”. May differ: “everything\u202e\n',
      'na"me\n': '"; }\npermit (principal, action, resource);',
    };
    const said = terms('same-hour', { ...SHOWN, arguments: arguments_ });
    expect(standingWords(said)).toContain('note is “x⟨U+201D⟩. May differ: ⟨U+201C⟩everything⟨U+202E⟩⟨U+000A⟩”');
    expect(standingRule(said).split('\n')).toHaveLength(11);
    expect(standingRule(said)).not.toMatch(/^permit \(principal, action/m);
  });

  it('a long value is named by its beginning and its digest', () => {
    const said = (note: string) => standingWords(terms('same-hour', { ...SHOWN, arguments: { note } }));
    const [a, b] = [said(`${'x'.repeat(5000)}a`), said(`${'x'.repeat(5000)}b`)];
    expect(a).toContain('… 5,001 characters in all” (SHA-256 ');
    expect(a).not.toBe(b);
  });
});
