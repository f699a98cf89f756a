import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AGENT_DEFAULTS, AGENT_STATES, type Agent, type AgentState } from '../../model/agent.ts';
import { exceeds, type Template } from '../../model/template.ts';
import { LIFECYCLE, type LifecycleAct, next, transition } from './lifecycle.ts';
import { COLUMNS, fromCell, guard, toCells, unguard } from './transfer/cells.ts';

const acts = Object.keys(LIFECYCLE) as LifecycleAct[];

describe('the lifecycle of an agent (ID5)', () => {
  it('has one cell for each state and act', () => {
    const table = AGENT_STATES.map((state) => acts.map((act) => `${act}:${next(state, act) ?? '-'}`).join(' '));
    expect(table).toEqual([
      'approve:approved activate:- suspend:- resume:- orphan:- adopt:- decommission:decommissioned',
      'approve:- activate:active suspend:suspended resume:- orphan:orphaned adopt:- decommission:decommissioned',
      'approve:- activate:- suspend:suspended resume:- orphan:orphaned adopt:- decommission:decommissioned',
      'approve:- activate:- suspend:- resume:active orphan:orphaned adopt:- decommission:decommissioned',
      'approve:- activate:- suspend:suspended resume:- orphan:- adopt:suspended decommission:decommissioned',
      'approve:- activate:- suspend:- resume:- orphan:- adopt:- decommission:-',
    ]);
  });

  it('nothing leaves decommissioned, and nothing acts that was not approved', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...acts), { maxLength: 30 }), (path) => {
        let state: AgentState = 'requested';
        let approved = false;
        for (const act of path) {
          const to = next(state, act);
          if (to === null) {
            expect(() => transition({ id: 'a', state }, act)).toThrow(/a is/);
            continue;
          }
          expect(state).not.toBe('decommissioned');
          approved ||= act === 'approve';
          if (to === 'active') expect(approved).toBe(true);
          state = to;
        }
      }),
      { numRuns: 1000 },
    );
  });
});

const TEMPLATE: Template = {
  id: 'clerk',
  description: '',
  archetype: 'saas',
  riskTier: 'medium',
  groups: ['clerks'],
  servers: ['crm'],
  scopes: ['crm:read', 'crm:write'],
  lifetimeMs: 86_400_000,
  reviewers: [],
  required: ['department'],
  admits: 'no',
  origin: 'registry',
};
const AGENT: Agent = {
  ...AGENT_DEFAULTS,
  ...{ id: 'a', name: 'a', owner: 'alice', purpose: 'x', archetype: 'saas', riskTier: 'medium', department: 'sales' },
  ...{ servers: ['crm'], scopes: ['crm:read'], expiresAtMs: 1000, template: 'clerk' },
};

describe('a template', () => {
  const cells: readonly (readonly [string, Partial<Agent>, RegExp | null])[] = [
    ['less', { servers: [], scopes: [], groups: [] }, null],
    ['riskier', { riskTier: 'critical' }, null],
    ['safer', { riskTier: 'low' }, /riskTier/],
    ['another group', { groups: ['clerks', 'chiefs'] }, /chiefs/],
    ['any server', { servers: null }, /servers are not limited/],
    ['another server', { servers: ['hr'] }, /hr/],
    ['any scope', { scopes: null }, /scopes are not limited/],
    ['a wider scope', { scopes: ['crm:all'] }, /crm:all/],
    ['every server by scope', { scopes: ['*:read'] }, /\*:read/],
    ['no end', { expiresAtMs: null }, /no end/],
    ['a later end', { expiresAtMs: 3 * 86_400_000 }, /later/],
    ['a missing field', { department: null }, /department is required/],
  ];
  it.each(cells)('%s', (_name, change, wrong) => {
    const found = exceeds({ ...AGENT, ...change }, TEMPLATE, 0).join('; ');
    if (wrong === null) expect(found).toBe('');
    else expect(found).toMatch(wrong);
  });
});

describe('cells of a table', () => {
  it('compute nothing and come back as they were', () => {
    const start = fc.constantFrom('', "'", '=', '+', '-', '@', '\t', '\r', '\n', '＝', "''=", "'-");
    fc.assert(
      fc.property(start, fc.string(), (first, rest) => {
        const text = first + rest;
        expect(guard(text)).not.toMatch(/^[=+\-@\t\r\n＝＋－＠]/);
        expect(unguard(guard(text))).toBe(text);
      }),
    );
    const cells = toCells({ ...AGENT, purpose: '=1+1', workloads: [{ issuer: 'i', subject: 's' }] });
    const back = Object.fromEntries(COLUMNS.map((column, i) => [column, fromCell(column, cells[i] ?? '')]));
    expect(back).toEqual({ ...AGENT, purpose: '=1+1', workloads: [{ issuer: 'i', subject: 's' }] });
  });
});
