import type { AgentState } from '../../model/agent.ts';
import { RegistryRefused } from './refused.ts';

/** What can happen to an agent that exists. `adopt`: an orphan gets a new owner, and waits until somebody resumes it. */
export type LifecycleAct = 'approve' | 'activate' | 'suspend' | 'resume' | 'orphan' | 'adopt' | 'decommission';

interface Step {
  readonly from: readonly AgentState[];
  readonly to: AgentState;
}

/** The whole machine (requirements ID5). Only `active` may act; nothing leaves `decommissioned`. A rejected request is removed. */
export const LIFECYCLE: Readonly<Record<LifecycleAct, Step>> = Object.freeze({
  approve: { from: ['requested'], to: 'approved' },
  activate: { from: ['approved'], to: 'active' },
  suspend: { from: ['approved', 'active', 'orphaned'], to: 'suspended' },
  resume: { from: ['suspended'], to: 'active' },
  orphan: { from: ['approved', 'active', 'suspended'], to: 'orphaned' },
  adopt: { from: ['orphaned'], to: 'suspended' },
  decommission: { from: ['requested', 'approved', 'active', 'suspended', 'orphaned'], to: 'decommissioned' },
});

/** The state after an act; `null`: it cannot be done from there. */
export function next(state: AgentState, act: LifecycleAct): AgentState | null {
  const { from, to } = LIFECYCLE[act];
  return from.includes(state) ? to : null;
}

/** The same for whoever has to say why not. Throws RegistryRefused `state`. */
export function transition(agent: { readonly id: string; readonly state: AgentState }, act: LifecycleAct): AgentState {
  const to = next(agent.state, act);
  if (to !== null) return to;
  const from = LIFECYCLE[act].from.join(' or ');
  throw new RegistryRefused('state', `${agent.id} is ${agent.state}: only what is ${from} can be subject to "${act}"`);
}
