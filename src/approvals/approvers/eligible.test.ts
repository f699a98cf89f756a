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
import type { ApprovalRules } from '../../model/approval-rules.ts';
import { type At, mayFill } from './eligible.ts';

const HOUR_MS = 3_600_000;
const PEOPLE = view(
  [
    person('alice', { groups: ['finance'] }),
    person('bob', { groups: ['finance'] }),
    person('carol'),
    person('dora'),
    person('erik'),
    person('gone', { active: false, groups: ['finance'] }),
  ],
  [agent('buyer', 'alice', { deputies: ['carol'] })],
);

interface Given {
  readonly starters?: readonly string[];
  readonly rules?: Partial<ApprovalRules>;
  readonly more?: Partial<At>;
  readonly escalations?: Requirement['escalations'];
}

/** `ok`, `ok for alice`, `late`, or why not. */
function fills(one: Slot, who: string, { starters = [], rules = {}, more = {}, escalations = [] }: Given = {}): string {
  const answer = mayFill(one, needs([[one]], { starters, escalations }), who, at(PEOPLE, rules, more));
  if (!answer.ok) return answer.why;
  const late = answer.escalated ? ' late' : '';
  return `${answer.standsFor === null ? 'ok' : `ok for ${answer.standsFor}`}${late}`;
}

const except = (one: Slot): Slot => ({ ...one, exceptStarters: true });
const away = (who: string, deputy: string, hours: readonly [number, number] = [-1, 1]) => ({
  person: who,
  deputy,
  fromMs: NOW_MS + hours[0] * HOUR_MS,
  untilMs: NOW_MS + hours[1] * HOUR_MS,
});

describe('who may fill a slot', () => {
  it('the owner of the agent, and its deputies', () => {
    expect(fills(slot('owner:buyer'), 'alice')).toBe('ok');
    expect(fills(slot('owner:buyer'), 'carol')).toBe('ok');
    expect(fills(slot('owner:buyer'), 'bob')).toBe('not-named');
    expect(fills(slot('owner:unknown'), 'alice')).toBe('not-named');
  });

  it('who is named, one of a group, of a role, or on duty', () => {
    const roles = new Map([['cfo', { people: ['dora'], groups: ['finance'], schedules: ['duty'] }]]);
    const duty = {
      timezone: 'UTC',
      people: ['carol'],
      turn: 'day',
      start: { date: '2026-11-01', time: '00:00' },
      hours: null,
    } as const;
    const rules = { roles, schedules: new Map([['duty', duty]]) };
    expect(fills(slot('person:bob'), 'bob')).toBe('ok');
    expect(fills(slot('subject:bob'), 'bob')).toBe('ok');
    expect(fills(slot('group:finance'), 'bob')).toBe('ok');
    expect(fills(slot('group:finance'), 'carol')).toBe('not-named');
    expect(fills(slot('schedule:duty'), 'carol', { rules })).toBe('ok');
    expect(fills(slot('schedule:other'), 'carol', { rules })).toBe('not-named');
    for (const who of ['dora', 'bob', 'carol']) expect(fills(slot('role:cfo'), who, { rules })).toBe('ok');
    // Removed from the configuration since the question was asked: it does not turn into a group.
    expect(fills(slot('role:finance'), 'bob')).toBe('not-named');
  });

  it('nobody who has left, or is unknown', () => {
    expect(fills(slot('group:finance'), 'gone')).toBe('inactive');
    expect(fills(slot('person:gone'), 'gone')).toBe('inactive');
    expect(fills(slot('person:stranger'), 'stranger')).toBe('inactive');
  });
});

describe('separation of duties (HU4)', () => {
  it('who started it does not answer as one of a group, role or duty, nor as a deputy, nor because time went by', () => {
    const roles = new Map([['cfo', { people: ['alice'], groups: [], schedules: [] }]]);
    expect(fills(slot('group:finance'), 'alice', { starters: ['alice'] })).toBe('separation');
    expect(fills(slot('role:cfo'), 'alice', { starters: ['alice'], rules: { roles } })).toBe('separation');
    expect(fills(slot('owner:buyer'), 'carol', { starters: ['carol'] })).toBe('separation');
    const escalations = [{ afterMs: 1, who: slot('person:alice').who }];
    const late = { starters: ['alice'], escalations, more: { requestedAtMs: NOW_MS - 1 } };
    expect(fills(slot('person:bob'), 'alice', late)).toBe('separation');
    expect(fills(slot('person:bob'), 'alice', { ...late, starters: [] })).toBe('ok late');
  });

  it('who is named by name may, unless the policy excepts starters', () => {
    const given = { starters: ['alice'] };
    for (const name of ['owner:buyer', 'person:alice', 'subject:alice']) {
      expect(fills(slot(name), 'alice', given), name).toBe('ok');
      expect(fills(except(slot(name)), 'alice', given), name).toBe('separation');
      expect(fills(slot(name, 'group:finance'), 'alice', given), name).toBe('ok');
    }
    expect(fills(except(slot('owner:buyer')), 'carol', given)).toBe('ok');
  });

  it('no starter ever fills a slot that does not name them, whatever the company', () => {
    const seen = { filled: 0, refused: 0 };
    fc.assert(
      fc.property(anyCompany({ absences: true }), anyRequirement, (now, requirement) => {
        for (const one of requirement.parts.flatMap(({ slots }) => slots)) {
          for (const who of IDS) {
            const answer = mayFill(one, requirement, who, now);
            if (!requirement.starters.includes(who)) continue;
            const named = one.who.some(({ kind, id }) =>
              kind === 'owner'
                ? now.people.agent(id)?.owner === who
                : (kind === 'person' || kind === 'subject') && id === who,
            );
            if (answer.ok) {
              expect(named && !one.exceptStarters && answer.standsFor === null).toBe(true);
              seen.filled++;
            } else if (answer.why === 'separation') seen.refused++;
          }
        }
      }),
      { numRuns: 500 },
    );
    expect(seen.filled).toBeGreaterThan(50);
    expect(seen.refused).toBeGreaterThan(50);
  });
});

describe('while somebody is away', () => {
  const GIVEN = { rules: { away: [away('alice', 'dora')] } };
  it('the deputy answers in their place, and they still may', () => {
    expect(fills(slot('group:finance'), 'dora', GIVEN)).toBe('ok for alice');
    expect(fills(slot('owner:buyer'), 'dora', GIVEN)).toBe('ok for alice');
    expect(fills(slot('group:finance'), 'alice', GIVEN)).toBe('ok');
    expect(fills(slot('person:bob'), 'dora', GIVEN)).toBe('not-named');
  });

  it('only then', () => {
    for (const hours of [
      [-2, -1],
      [1, 2],
      [-1, 0],
    ] as const) {
      expect(fills(slot('person:alice'), 'dora', { rules: { away: [away('alice', 'dora', hours)] } })).toBe(
        'not-named',
      );
    }
  });

  it('the deputy may no more than the absent, and no more than by themselves', () => {
    expect(fills(slot('group:finance'), 'dora', { ...GIVEN, starters: ['alice'] })).toBe('separation');
    expect(fills(slot('person:alice'), 'dora', { ...GIVEN, starters: ['alice'] })).toBe('ok for alice');
    expect(fills(except(slot('person:alice')), 'dora', { ...GIVEN, starters: ['alice'] })).toBe('separation');
    expect(fills(slot('person:alice'), 'dora', { ...GIVEN, starters: ['dora'] })).toBe('separation');
    expect(fills(slot('person:gone'), 'dora', { rules: { away: [away('gone', 'dora')] } })).toBe('not-named');
  });

  it('in their own name before in that of another', () => {
    expect(fills(slot('group:finance'), 'bob', { rules: { away: [away('alice', 'bob')] } })).toBe('ok');
  });

  it('deputies of deputies, three at most, none of whom started it or has left', () => {
    const chain = (...names: string[]) => names.slice(1).map((deputy, i) => away(names[i] as string, deputy));
    const last = (names: string[], starters: string[] = []) =>
      fills(slot('person:alice'), names.at(-1) as string, { rules: { away: chain(...names) }, starters });
    expect(last(['alice', 'bob', 'carol'])).toBe('ok for alice');
    expect(last(['alice', 'bob', 'carol', 'dora'])).toBe('ok for alice');
    expect(last(['alice', 'bob', 'carol', 'dora', 'erik'])).toBe('not-named');
    expect(last(['alice', 'bob', 'carol'], ['bob'])).toBe('separation');
    expect(last(['alice', 'gone', 'carol'])).toBe('not-named');
    // A ring goes round once.
    expect(fills(slot('person:alice'), 'carol', { rules: { away: chain('alice', 'bob', 'alice') } })).toBe('not-named');
    expect(fills(slot('person:alice'), 'bob', { rules: { away: chain('alice', 'bob', 'alice') } })).toBe(
      'ok for alice',
    );
    expect(fills(slot('person:alice'), 'alice', { rules: { away: chain('alice', 'alice') } })).toBe('ok');
  });
});

describe('escalation', () => {
  const [first, second] = [slot('person:alice'), slot('person:bob')];
  const requirement = needs([[first], [second]], {
    escalations: [{ afterMs: 60_000, who: slot('person:dora').who, parts: [0] }],
  });
  it('lets others answer after its time, in the part it belongs to', () => {
    const after = (ms: number) => at(PEOPLE, {}, { requestedAtMs: NOW_MS - ms });
    expect(mayFill(first, requirement, 'dora', after(59_999)).ok).toBe(false);
    expect(mayFill(first, requirement, 'dora', after(60_000))).toEqual({ ok: true, standsFor: null, escalated: true });
    expect(mayFill(second, requirement, 'dora', after(60_000)).ok).toBe(false);
    expect(mayFill(first, requirement, 'alice', after(60_000))).toMatchObject({ ok: true, escalated: false });
  });
});
