import fc from 'fast-check';
import type { At } from '../../src/approvals/approvers/eligible.ts';
import type { KeysView } from '../../src/approvals/approvers/keys.ts';
import { AGENT_DEFAULTS, type Agent } from '../../src/model/agent.ts';
import type { Requirement, Slot, Who } from '../../src/model/approval.ts';
import type { ApprovalRules } from '../../src/model/approval-rules.ts';
import { PERSON_DEFAULTS, type Person } from '../../src/model/person.ts';

/** A small company for tests about who may answer. */
export const NOW_MS = Date.UTC(2026, 10, 3, 12);

export const RULES: ApprovalRules = {
  waitMs: 120_000,
  expireMs: 3_600_000,
  assurance: 'passkey',
  roles: new Map(),
  routes: new Map(),
  schedules: new Map(),
  away: [],
  quietHours: null,
  standing: { enabled: true, maxMs: 28_800_000 },
  noticesPerTenMinutes: 10,
};

export function person(id: string, more: Partial<Person> = {}): Person {
  return { ...PERSON_DEFAULTS, id, userName: id, name: id, ...more };
}

export function agent(id: string, owner: string, more: Partial<Agent> = {}): Agent {
  return { ...AGENT_DEFAULTS, id, name: id, owner, purpose: 'tests', archetype: 'homegrown', riskTier: 'low', ...more };
}

export function view(people: readonly Person[], agents: readonly Agent[] = []): KeysView {
  const [byId, agentById] = [
    new Map(people.map((each) => [each.id, each])),
    new Map(agents.map((each) => [each.id, each])),
  ];
  return {
    person: (id) => byId.get(id),
    agent: (id) => agentById.get(id),
    people: () => byId.values(),
    agents: () => agentById.values(),
  };
}

export function at(people: KeysView, rules: Partial<ApprovalRules> = {}, more: Partial<At> = {}): At {
  return { people, rules: { ...RULES, ...rules }, nowMs: NOW_MS, requestedAtMs: NOW_MS, ...more };
}

/** `owner:buyer`, `group:finance`: as keys are written. */
export function who(text: string): Who {
  const [kind = '', id = ''] = text.split(':');
  return { kind, id } as Who;
}

export function slot(...names: readonly string[]): Slot {
  return { who: names.map(who), exceptStarters: false };
}

export function needs(parts: readonly (readonly Slot[])[], more: Partial<Requirement> = {}): Requirement {
  return {
    parts: parts.map((slots, i) => ({ ask: `ask ${i}`, slots })),
    escalations: [],
    assurance: 'passkey',
    starters: [],
    urgent: false,
    ...more,
  };
}

export const IDS = ['a', 'b', 'c', 'd', 'e', 'f'];
const GROUPS = ['g', 'h'];
const id = fc.constantFrom(...IDS);
const ids = (maxLength: number) => fc.uniqueArray(id, { maxLength });

const anyWho: fc.Arbitrary<Who> = fc.oneof(
  fc.constantFrom(...['owner:x', 'owner:y', 'group:g', 'group:h', 'role:r', 'role:s', 'schedule:duty'].map(who)),
  fc.record({ kind: fc.constantFrom('subject', 'person'), id }),
);
const anySlot: fc.Arbitrary<Slot> = fc.record({
  who: fc.array(anyWho, { minLength: 1, maxLength: 3 }),
  exceptStarters: fc.boolean(),
});

export const anyRequirement: fc.Arbitrary<Requirement> = fc.record({
  parts: fc.array(fc.record({ ask: fc.constant('ask'), slots: fc.array(anySlot, { minLength: 1, maxLength: 3 }) }), {
    minLength: 1,
    maxLength: 2,
  }),
  escalations: fc.array(
    fc.record(
      {
        afterMs: fc.constantFrom(1_000, 60_000),
        who: fc.array(anyWho, { maxLength: 2 }),
        parts: fc.constantFrom([0], [1]),
      },
      { requiredKeys: ['afterMs', 'who'] },
    ),
    { maxLength: 2 },
  ),
  assurance: fc.constant('passkey' as const),
  starters: ids(3),
  urgent: fc.boolean(),
});

/** Any company, and rules for it; `absences`: whether people may be away. */
export function anyCompany({ absences }: { absences: boolean }): fc.Arbitrary<At & { readonly people: KeysView }> {
  const people = fc.tuple(
    ...IDS.map((one) =>
      fc
        .record({ groups: fc.subarray(GROUPS), active: fc.boolean().map((no) => !no || one < 'e') })
        .map((more) => person(one, more)),
    ),
  );
  const agents = fc.tuple(
    ...['x', 'y'].map((name) => fc.tuple(id, ids(2)).map(([owner, deputies]) => agent(name, owner, { deputies }))),
  );
  const role = fc.record({ people: ids(2), groups: fc.subarray(GROUPS), schedules: fc.subarray(['duty']) });
  const spans = fc.constantFrom([-1, 1], [-2, -1], [1, 2]);
  const away = fc.array(
    fc.tuple(id, id, spans).map(([absent, deputy, [from = 0, until = 0]]) => ({
      person: absent,
      deputy,
      fromMs: NOW_MS + from * 3_600_000,
      untilMs: NOW_MS + until * 3_600_000,
    })),
    { maxLength: absences ? 4 : 0 },
  );
  return fc
    .record({
      people,
      agents,
      roles: fc.tuple(role, role),
      away,
      duty: fc.array(id, { minLength: 1, maxLength: 3 }),
      afterMs: fc.constantFrom(0, 2_000, 90_000),
    })
    .map(({ people: all, agents: both, roles: [r, s], away: absent, duty, afterMs }) => {
      const schedule = {
        timezone: 'UTC',
        people: duty,
        turn: 'day',
        start: { date: '2026-10-01', time: '09:00' },
        hours: null,
      } as const;
      const rules = {
        roles: new Map([
          ['r', r],
          ['s', s],
        ]),
        away: absent,
        schedules: new Map([['duty', schedule]]),
      };
      return { ...at(view(all, both), rules, { requestedAtMs: NOW_MS - afterMs }), people: view(all, both) };
    });
}
