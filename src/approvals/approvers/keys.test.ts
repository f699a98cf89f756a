import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  agent,
  anyCompany,
  anyRequirement,
  IDS,
  NOW_MS,
  needs,
  person,
  RULES,
  slot,
  view,
} from '../../../test/approvals/company.ts';
import { mayFill } from './eligible.ts';
import { keysFor, keysOf } from './keys.ts';

describe('the keys of a request', () => {
  it('are whoever it names, once, escalations too', () => {
    const requirement = needs([[slot('owner:buyer', 'group:finance')], [slot('group:finance', 'subject:bob')]], {
      escalations: [{ afterMs: 1, who: [...slot('role:cfo').who, ...slot('schedule:duty').who] }],
    });
    expect(keysOf(requirement)).toEqual(['owner:buyer', 'group:finance', 'person:bob', 'role:cfo', 'schedule:duty']);
  });
});

describe('the keys of a person', () => {
  const duty = {
    timezone: 'UTC',
    people: ['alice'],
    turn: 'day',
    start: { date: '2026-01-01', time: '00:00' },
    hours: null,
  } as const;
  const rules = {
    ...RULES,
    roles: new Map([
      ['cfo', { people: [], groups: [], schedules: ['duty'] }],
      ['other', { people: ['bob'], groups: [], schedules: [] }],
    ]),
    schedules: new Map([['duty', duty]]),
    away: [{ person: 'alice', deputy: 'bob', fromMs: NOW_MS, untilMs: NOW_MS + 1 }],
  };
  const people = view(
    [person('alice', { groups: ['finance'] }), person('bob'), person('gone', { active: false })],
    [agent('buyer', 'alice'), agent('ops', 'bob', { deputies: ['alice'] })],
  );

  it('say what they are, the most specific first', () => {
    expect(keysFor('alice', people, { rules, nowMs: NOW_MS })).toEqual([
      'person:alice',
      'owner:buyer',
      'owner:ops',
      'schedule:duty',
      'role:cfo',
      'group:finance',
    ]);
  });

  it('and what they hold for somebody who is away, while they are', () => {
    const held = keysFor('bob', people, { rules, nowMs: NOW_MS });
    expect(held).toContain('person:alice');
    expect(held.slice(0, 2)).toEqual(['person:bob', 'person:alice']);
    expect(keysFor('bob', people, { rules, nowMs: NOW_MS + 1 })).toEqual(['person:bob', 'owner:ops', 'role:other']);
  });

  it('are none for whoever left or is unknown, and at most five hundred', () => {
    expect(keysFor('gone', people, { rules, nowMs: NOW_MS })).toEqual([]);
    expect(keysFor('stranger', people, { rules, nowMs: NOW_MS })).toEqual([]);
    const groups = Array.from({ length: 600 }, (_, i) => `g${i}`);
    const crowded = view([person('alice', { groups })]);
    const held = keysFor('alice', crowded, { rules: RULES, nowMs: NOW_MS });
    expect(held).toHaveLength(500);
    expect(held[0]).toBe('person:alice');
  });

  it('whoever may fill a slot holds a key of its request', () => {
    let filled = 0;
    fc.assert(
      fc.property(anyCompany({ absences: true }), anyRequirement, (now, requirement) => {
        const keys = keysOf(requirement);
        for (const who of IDS) {
          const slots = requirement.parts.flatMap((part) => part.slots);
          if (!slots.some((one) => mayFill(one, requirement, who, now).ok)) continue;
          filled++;
          expect(keysFor(who, now.people, now).some((key) => keys.includes(key))).toBe(true);
        }
      }),
      { numRuns: 1_000 },
    );
    expect(filled).toBeGreaterThan(1_000);
  });
});
