import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  agent,
  anyCompany,
  anyRequirement,
  at,
  IDS,
  NOW_MS,
  needs,
  person,
  slot,
  view,
} from '../../../test/approvals/company.ts';
import type { Requirement, Slot } from '../../model/approval.ts';
import { deputiesNow } from './away.ts';
import { type At, mayFill } from './eligible.ts';
import { assign } from './matching.ts';
import { candidates, mayAnswer, mayDeny, progress } from './progress.ts';

const HOUR_MS = 3_600_000;
const PEOPLE = view(
  [person('alice', { groups: ['finance'] }), person('bob', { groups: ['finance'] }), person('carol'), person('dora')],
  [agent('buyer', 'alice')],
);
const NOW = at(PEOPLE);
const away = (who: string, deputy: string) => ({
  person: who,
  deputy,
  fromMs: NOW_MS - HOUR_MS,
  untilMs: NOW_MS + HOUR_MS,
});

describe('how far it is', () => {
  const two = needs([[slot('group:finance'), slot('group:finance')]]);
  it('two of a group are two people', () => {
    expect(progress(two, [], NOW)).toMatchObject({ met: false, missing: two.parts[0]?.slots });
    expect(progress(two, ['alice'], NOW).missing).toHaveLength(1);
    expect(progress(two, ['alice', 'alice'], NOW).met).toBe(false);
    expect(progress(two, ['alice', 'bob'], NOW).met).toBe(true);
    expect(progress(two, ['alice', 'carol'], NOW).met).toBe(false);
  });

  it('one person may meet several policies, never two places of one', () => {
    const both = needs([[slot('owner:buyer')], [slot('group:finance')]]);
    expect(progress(both, ['alice'], NOW).met).toBe(true);
    const one = needs([[slot('owner:buyer'), slot('group:finance')]]);
    expect(progress(one, ['alice'], NOW).met).toBe(false);
    expect(progress(one, ['alice', 'bob'], NOW).met).toBe(true);
    // Whoever comes first is moved to the place only they can take.
    expect(progress(needs([[slot('group:finance'), slot('person:bob')]]), ['bob', 'alice'], NOW).met).toBe(true);
  });

  it('nothing asked is nothing met', () => {
    expect(progress(needs([]), ['alice'], NOW).met).toBe(false);
  });

  it('who was on duty when they answered has answered, who left the group has not', () => {
    const duty = {
      timezone: 'UTC',
      people: ['carol', 'dora'],
      turn: 'day',
      start: { date: '2026-11-02', time: '12:00' },
      hours: null,
    } as const;
    const rules = { schedules: new Map([['duty', duty]]) };
    const asked = needs([[slot('schedule:duty')]]);
    expect(progress(asked, [{ person: 'carol', atMs: NOW_MS - 1 }], at(PEOPLE, rules)).met).toBe(true);
    expect(progress(asked, [{ person: 'carol', atMs: NOW_MS }], at(PEOPLE, rules)).met).toBe(false);
    expect(progress(asked, ['dora'], at(PEOPLE, rules)).met).toBe(true);
    const left = view([person('alice'), person('bob', { groups: ['finance'] })]);
    expect(progress(two, [{ person: 'alice', atMs: NOW_MS - 1 }, 'bob'], at(left)).met).toBe(false);
  });

  it('the place of somebody absent is taken once', () => {
    const rules = { away: [away('alice', 'carol')] };
    expect(progress(two, ['carol', 'bob'], at(PEOPLE, rules)).met).toBe(true);
    expect(progress(two, ['carol', 'alice'], at(PEOPLE, rules)).met).toBe(false);
    // Also where the first of them is asked once more.
    const both = { away: [away('alice', 'carol'), away('alice', 'dora')] };
    const once = needs([[slot('person:alice')]], { starters: ['carol'] });
    for (const by of [
      ['carol', 'dora'],
      ['carol', 'dora', 'carol'],
    ])
      expect(progress(once, by, at(PEOPLE, both)).met).toBe(false);
    const chain = { away: [away('alice', 'carol'), away('carol', 'dora')] };
    expect(progress(two, ['carol', 'dora'], at(PEOPLE, chain)).met).toBe(false);
  });
});

describe('who may answer', () => {
  const two = needs([[slot('group:finance'), slot('group:finance')]], { starters: ['bob'] });
  it('whoever brings it further; who is not needed is told so', () => {
    const asked = needs([[slot('owner:buyer'), slot('person:carol')]]);
    expect(mayAnswer(asked, 'alice', [], NOW)).toEqual({ ok: true, standsFor: null });
    expect(mayAnswer(asked, 'alice', ['alice'], NOW)).toMatchObject({ ok: false, why: 'not-asked' });
    expect(mayAnswer(needs([[slot('group:finance')]]), 'bob', ['alice'], NOW)).toMatchObject({
      ok: false,
      why: 'not-asked',
      message: expect.stringMatching(/not needed/),
    });
    expect(mayAnswer(asked, 'dora', [], NOW)).toEqual({ ok: false, why: 'not-asked', message: 'dora was not asked' });
    expect(mayAnswer(asked, 'nobody', [], NOW)).toMatchObject({ message: 'there is no active person "nobody" here' });
    expect(mayAnswer(two, 'bob', [], NOW)).toMatchObject({ ok: false, why: 'separation' });
  });

  it('anybody who could fill a place may say no', () => {
    expect(mayDeny(needs([[slot('group:finance')]]), 'bob', NOW)).toEqual({ ok: true, standsFor: null });
    expect(mayDeny(two, 'bob', NOW)).toMatchObject({ ok: false, why: 'separation' });
    expect(mayDeny(two, 'carol', NOW)).toMatchObject({ ok: false, why: 'not-asked' });
  });

  it('says in whose place', () => {
    const now = at(PEOPLE, { away: [away('alice', 'carol')] });
    const asked = needs([[slot('person:alice'), slot('person:carol')]]);
    expect(mayAnswer(asked, 'carol', [], now)).toEqual({ ok: true, standsFor: null });
    expect(mayAnswer(needs([[slot('person:alice')]]), 'carol', [], now)).toEqual({ ok: true, standsFor: 'alice' });
    expect(mayDeny(needs([[slot('person:alice')]]), 'carol', now)).toEqual({ ok: true, standsFor: 'alice' });
  });
});

describe('whom to tell', () => {
  it('who could fill what is missing, in the order of how exactly they are named', () => {
    const asked = needs([[slot('group:finance', 'person:dora'), slot('person:carol')]]);
    expect(candidates(asked, NOW)).toEqual(['dora', 'carol', 'alice', 'bob']);
    expect(candidates(asked, NOW, ['carol'])).toEqual(['dora', 'alice', 'bob']);
    expect(candidates(asked, NOW, ['carol', 'bob'])).toEqual([]);
  });

  it('not who started it, not who is away while somebody stands in, and those it was escalated to', () => {
    const requirement = needs([[slot('group:finance')]], {
      starters: ['bob'],
      escalations: [{ afterMs: 60_000, who: slot('person:dora').who, parts: [0] }],
    });
    expect(candidates(requirement, NOW)).toEqual(['alice']);
    expect(candidates(requirement, at(PEOPLE, { away: [away('alice', 'carol')] }))).toEqual(['carol']);
    expect(candidates(requirement, at(PEOPLE, { away: [away('alice', 'bob')] }))).toEqual(['alice']);
    expect(candidates(requirement, at(PEOPLE, {}, { requestedAtMs: NOW_MS - 60_000 }))).toEqual(['dora', 'alice']);
  });

  it('somebody, also where two who are away stand in for each other', () => {
    const each = { away: [away('alice', 'bob'), away('bob', 'alice')] };
    expect(candidates(needs([[slot('person:alice')]]), at(PEOPLE, each))).toEqual(['alice', 'bob']);
  });

  it('at most two hundred', () => {
    const many = view(Array.from({ length: 1_000 }, (_, i) => person(`p${i}`, { groups: ['finance'] })));
    expect(candidates(needs([[slot('group:finance')]]), at(many))).toHaveLength(200);
  });
});

/** Every way to give different people to the slots, and the places of the absent to one of them each. */
function possible(
  slots: readonly Slot[],
  by: readonly string[],
  { requirement, now }: { requirement: Requirement; now: At },
): boolean {
  const [first, ...rest] = slots;
  if (first === undefined) return true;
  return by.some((who) => {
    const fit = mayFill(first, requirement, who, now);
    if (!fit.ok) return false;
    return possible(
      rest,
      by.filter((other) => other !== who),
      { requirement, now },
    );
  });
}

describe('the assignment', () => {
  it('is as large as trying everything finds', () => {
    const fits = fc.array(fc.uniqueArray(fc.nat(4), { maxLength: 4 }), { maxLength: 5 });
    const best = (left: readonly (readonly number[])[], used: readonly number[]): number => {
      const [first, ...rest] = left;
      if (first === undefined) return 0;
      const taking = first.filter((who) => !used.includes(who)).map((who) => 1 + best(rest, [...used, who]));
      return Math.max(best(rest, used), ...taking);
    };
    fc.assert(
      fc.property(fits, (each) => {
        const assigned = assign(each);
        const people = assigned.filter((who) => who !== -1);
        expect(new Set(people).size).toBe(people.length);
        expect(assigned.every((who, i) => who === -1 || each[i]?.includes(who))).toBe(true);
        expect(people).toHaveLength(best(each, []));
      }),
      { numRuns: 1_000 },
    );
  });

  it('meets a requirement exactly where trying everything does', () => {
    const seen = { met: 0, unmet: 0 };
    fc.assert(
      fc.property(anyCompany({ absences: false }), anyRequirement, fc.subarray(IDS), (now, requirement, by) => {
        const { met } = progress(requirement, by, now);
        expect(met).toBe(requirement.parts.every(({ slots }) => possible(slots, by, { requirement, now })));
        seen[met ? 'met' : 'unmet']++;
      }),
      { numRuns: 1_000 },
    );
    expect(seen.met).toBeGreaterThan(50);
    expect(seen.unmet).toBeGreaterThan(50);
  });

  it('with people away it asks for more rather than less', () => {
    fc.assert(
      fc.property(anyCompany({ absences: true }), anyRequirement, fc.subarray(IDS), (now, requirement, by) => {
        if (!progress(requirement, by, now).met) return;
        expect(requirement.parts.every(({ slots }) => possible(slots, by, { requirement, now }))).toBe(true);
      }),
      { numRuns: 1_000 },
    );
  });

  it('whoever may answer brings it one closer, and is told; whoever is told may answer', () => {
    fc.assert(
      fc.property(anyCompany({ absences: true }), anyRequirement, fc.subarray(IDS), (now, requirement, by) => {
        const before = progress(requirement, by, now).missing.length;
        const told = candidates(requirement, now, by);
        expect(told.length > 0).toBe(IDS.some((who) => mayAnswer(requirement, who, by, now).ok));
        for (const who of IDS) {
          const may = mayAnswer(requirement, who, by, now).ok;
          expect(may).toBe(progress(requirement, [...by, who], now).missing.length < before);
          const covered = deputiesNow(who, now.rules.away, now.nowMs).some((each) => told.includes(each));
          if (may) expect(told.includes(who) || covered).toBe(true);
          else expect(told).not.toContain(who);
        }
      }),
      { numRuns: 300 },
    );
  });
});
