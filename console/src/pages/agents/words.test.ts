import { describe, expect, it } from 'vitest';
import { LIFECYCLE } from '../../../../src/identity/registry/lifecycle.ts';
import { AGENT_STATES } from '../../../../src/model/agent.ts';
import { actsOf, filtersOf, listOf } from './words.ts';

describe('the words of the pages of agents', () => {
  it('offer in every state exactly what the registry lets pass', () => {
    for (const state of AGENT_STATES) {
      const offered = new Set<string>(actsOf(state));
      for (const act of ['approve', 'activate', 'suspend', 'resume', 'decommission'] as const)
        expect([state, act, offered.has(act)]).toEqual([state, act, LIFECYCLE[act].from.includes(state)]);
    }
  });

  it('take from the address only what the list can be asked for', () => {
    expect(filtersOf({ search: 'buy', state: '', tab: 'history', riskTier: 'high' })).toEqual({
      search: 'buy',
      riskTier: 'high',
    });
  });

  it('read lists as people write them', () => {
    expect(listOf(' erp, crm  erp\ninfra,')).toEqual(['erp', 'crm', 'infra']);
    expect(listOf('  ')).toEqual([]);
  });
});
