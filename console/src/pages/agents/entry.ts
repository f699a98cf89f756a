import type { Agent } from '../../../../src/model/agent.ts';

/** GET /v1/agents/:id, and the answer of everything that changes one. */
export interface AgentEntry {
  readonly agent: Agent;
  /** Sent back with a change, so that nobody overwrites what they did not see. `null`: nothing happened to it yet. */
  readonly version: number | null;
}

export const pathOf = (id: string): string => `/v1/agents/${encodeURIComponent(id)}`;
