import type { Agent, AgentState } from '../../../../src/model/agent.ts';
import type { Search } from '../../router.tsx';

/** The words of the page for what the model calls by short names. */
export const ARCHETYPES: Readonly<Record<Agent['archetype'], string>> = {
  homegrown: 'Homegrown',
  saas: 'SaaS',
  developer_tool: 'Developer tool',
};
export const RISKS = ['low', 'medium', 'high', 'critical'] as const;
export const STATES: readonly AgentState[] = [
  'active',
  'requested',
  'approved',
  'suspended',
  'orphaned',
  'decommissioned',
];

/** Filters of the list, as they stand in the address and as the API takes them. */
export const FILTERS = [
  'search',
  'state',
  'owner',
  'department',
  'riskTier',
  'archetype',
  'origin',
  'lock',
  'template',
  'expiresBeforeMs',
] as const;

export const NO_FILTERS: Readonly<Record<string, null>> = Object.fromEntries(FILTERS.map((name) => [name, null]));

export function filtersOf(search: Search): Record<string, string> {
  return Object.fromEntries(FILTERS.flatMap((name) => (search[name] ? [[name, search[name]]] : [])));
}

/** What can be done to an agent in that state, the likeliest first. `from` mirrors what the registry lets pass; it has the last word. */
export type StateAct = 'approve' | 'reject' | 'activate' | 'resume' | 'suspend' | 'reassign' | 'decommission';

const ACTS: Readonly<Record<AgentState, readonly StateAct[]>> = {
  requested: ['approve', 'reject', 'reassign', 'decommission'],
  approved: ['activate', 'suspend', 'reassign', 'decommission'],
  active: ['suspend', 'reassign', 'decommission'],
  suspended: ['resume', 'reassign', 'decommission'],
  orphaned: ['reassign', 'suspend', 'decommission'],
  decommissioned: [],
};

export function actsOf(state: AgentState): readonly StateAct[] {
  return ACTS[state];
}

/** `a, b  c` as a list; empty: none. */
export function listOf(text: string): readonly string[] {
  return [...new Set(text.split(/[\s,]+/).filter((each) => each !== ''))];
}
