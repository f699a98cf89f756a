import { describe, expect, it } from 'vitest';
import { labels, OPS, PROCUREMENT, published, WORLD } from '../../../../../test/policy/company.ts';
import type { Agent } from '../../../../model/agent.ts';
import { PERSON_DEFAULTS, type Person } from '../../../../model/person.ts';
import type { InsightParts } from '../parts.ts';
import { abilityOf, couldCall, type KnownTool, whyNotNow } from './abilities.ts';

const BOB: Person = { ...PERSON_DEFAULTS, id: 'bob', userName: 'bob', name: 'Bob' };
const TOOL: KnownTool = { server: 'crm', tool: 'orders.create', labels: labels('write'), pin: 'pinned' };

interface Given {
  readonly policies?: string;
  readonly mayBob?: boolean;
  readonly tier?: 'watch' | 'pause' | 'halt';
  readonly alive?: string | null;
}

function partsOf({
  policies = 'permit(principal, action, resource is Tool);',
  mayBob = true,
  tier,
  alive = null,
}: Given) {
  const set = published(policies);
  const lock = { target: { kind: 'owner', id: 'ada' }, tier, reason: 'r', by: 'b', atMs: 0, untilMs: null };
  return {
    live: {
      directory: { person: (id: string) => WORLD.people.find((each) => each.id === id), whyNotAlive: () => alive },
    },
    gateway: {
      snapshot: () => ({ policies: set }),
      rights: { couldPermit: () => mayBob },
      revocation: { locks: () => (tier === undefined ? [] : [lock]) },
      clock: { nowMs: () => 0 },
    },
  } as unknown as InsightParts;
}

const of = (agent: Partial<Agent>, given: Given = {}, more: { person?: Person; tool?: Partial<KnownTool> } = {}) => {
  const parts = partsOf(given);
  const asker = { agent: { ...PROCUREMENT, ...agent }, person: more.person ?? null };
  const tool = { ...TOOL, ...more.tool };
  const answer = abilityOf(parts, asker)(tool);
  // The cheap answer is the same one.
  expect(couldCall(parts, asker, parts.gateway.snapshot().policies)(tool)).toBe(answer.outcome !== 'never');
  return answer;
};

describe('what an agent can do with one tool', () => {
  it.each<[string, Partial<Agent>, Given, Parameters<typeof of>[2], string]>([
    ['a server it is not connected to', { servers: ['cloud'] }, {}, {}, 'It may not connect to crm.'],
    ['a scope it does not hold', { scopes: ['crm:read'] }, {}, {}, 'It may be granted crm:read, not crm:write.'],
    ['no scope at all', { scopes: [] }, {}, {}, 'It may be granted nothing, not crm:write.'],
    [
      'a tool that is held back',
      {},
      {},
      { tool: { pin: 'quarantined' } },
      'The definition of the tool is held back until somebody accepts it.',
    ],
    ['a person who may not', {}, { mayBob: false }, { person: BOB }, 'Bob may not do this themself.'],
    ['a person who has left', {}, {}, { person: { ...BOB, active: false } }, 'Bob is deactivated.'],
    [
      'no policy',
      {},
      { policies: 'permit(principal == Agent::"ops", action, resource is Tool);' },
      {},
      'No policy permits it.',
    ],
    [
      'a policy that forbids',
      {},
      { policies: 'permit(principal, action, resource is Tool); forbid(principal, action, resource is Tool);' },
      {},
      'A policy forbids it, whatever the arguments.',
    ],
    [
      'a server no policy set knows',
      {},
      {},
      { tool: { server: 'new' } },
      'The server or its labels are not known to the policies in force.',
    ],
  ])('is nothing for %s, and why is said', (_name, agent, given, more, why) => {
    expect(of(agent, given, more)).toMatchObject({ outcome: 'never', why });
  });

  it('is what the policies say where nothing stands before them', () => {
    expect(of({ servers: ['crm'], scopes: ['*:all'] }, {}, { person: BOB })).toMatchObject({
      outcome: 'always',
      why: null,
    });
    expect(of({ scopes: ['crm:write'] })).toMatchObject({ outcome: 'always', pin: 'pinned', effect: 'write' });
    const policies = `permit(principal, action, resource is Tool)
      when { context.hour > 8 && context.session.calls < 3 && context has amount && context.amount.lessThan(decimal("1.0")) };`;
    expect(of({}, { policies })).toMatchObject({
      outcome: 'depends',
      why: 'It depends on the time, what its session did before and the arguments.',
    });
  });

  it('nothing of it works while somebody is stopped or gone', () => {
    expect(whyNotNow(partsOf({}), PROCUREMENT)).toBeNull();
    expect(whyNotNow(partsOf({ tier: 'watch' }), PROCUREMENT)).toBeNull();
    expect(whyNotNow(partsOf({ tier: 'halt' }), PROCUREMENT)).toBe('It is stopped.');
    expect(whyNotNow(partsOf({ tier: 'pause' }), PROCUREMENT)).toBe('It is paused.');
    expect(whyNotNow(partsOf({ tier: 'halt' }), OPS)).toBeNull();
    expect(whyNotNow(partsOf({ alive: 'not-active' }), { ...OPS, state: 'suspended' })).toBe('It is suspended.');
    expect(whyNotNow(partsOf({ alive: 'owner-inactive' }), OPS)).toBe('Its owner is deactivated.');
  });
});
