import type { Agent } from '../agent.ts';
import type { Lock, Tier } from '../lock.ts';

/** GET /v1/agents/summaries: a line of the list. */
export interface AgentLine
  extends Pick<
    Agent,
    'id' | 'name' | 'owner' | 'department' | 'archetype' | 'riskTier' | 'state' | 'purpose' | 'expiresAtMs' | 'origin'
  > {
  readonly ownerName: string;
  /** The strictest lock on it or on its owner. */
  readonly lock: Tier | null;
  readonly lastCallAtMs: number | null;
  readonly calls24h: number;
}

/** GET /v1/agents/:id/permissions: what it can do, tool by tool, with the policy behind each line. */
export interface AgentPermissions {
  readonly agent: string;
  /** Narrowed by what this person may do themself; `null`: what the agent may do on its own. */
  readonly subject: string | null;
  /** Why nothing of it works at the moment: not active, ended, its owner gone, stopped. `null`: it does. */
  readonly notNow: string | null;
  readonly policyVersion: string;
  readonly tools: readonly ToolPermission[];
}

export interface ToolPermission {
  readonly server: string;
  readonly tool: string;
  /** Of the tool's labels; `null`: it has none yet. */
  readonly effect: string | null;
  readonly dataClass: string | null;
  readonly pin: 'pinned' | 'quarantined' | 'unknown';
  /** always: whatever the arguments. depends: on arguments, session or time. ask: people may be asked. never. */
  readonly outcome: 'always' | 'depends' | 'ask' | 'never';
  /** The policies that matter to it, the deciding one first. */
  readonly policies: readonly PolicyPart[];
  /** In words: why never, or on what it depends. */
  readonly why: string | null;
}

export interface PolicyPart {
  readonly id: string;
  readonly effect: 'permit' | 'forbid' | 'ask';
  readonly file: string;
  readonly line: number;
  readonly holds: 'always' | 'depends';
}

/** GET /v1/agents/:id/graph and /v1/graph: who is connected to what. */
export interface Graph {
  readonly nodes: readonly GraphNode[];
  readonly edges: readonly GraphEdge[];
  /** How many there were more than fit. */
  readonly leftOut: number;
}

export interface GraphNode {
  /** `agent:buyer`, `server:erp`, `tool:erp/orders.create`, `person:alice`. */
  readonly id: string;
  readonly kind: 'agent' | 'server' | 'tool' | 'person';
  readonly label: string;
  readonly tone: 'plain' | 'good' | 'warn' | 'bad';
  /** A short line below the label. */
  readonly note: string | null;
}

export interface GraphEdge {
  readonly from: string;
  readonly to: string;
  readonly kind: 'owns' | 'acts-for' | 'may-call' | 'calls' | 'asks' | 'delegates' | 'offers';
  readonly note: string | null;
}

/** GET /v1/servers/:id/reach: who may call a server's tools. A page may hold less than was asked for and not be the last. */
export interface ReachLine {
  readonly agent: string;
  readonly name: string;
  readonly owner: string;
  readonly ownerName: string;
  /** Why it cannot at the moment; `null`: it can. */
  readonly notNow: string | null;
  /** Tools it may call, some of them by name. */
  readonly tools: number;
  readonly examples: readonly string[];
  /** Those about which people may be asked. */
  readonly asking: number;
}

/** GET /v1/agents/:id/activity: hour by hour, and what it uses most. */
export interface Activity {
  readonly fromMs: number;
  readonly stepMs: number;
  readonly permitted: readonly number[];
  readonly asked: readonly number[];
  readonly denied: readonly number[];
  /** The usual of that hour of the day over the days before, to compare with; `null`: too few days. */
  readonly usual: readonly number[] | null;
  readonly tools: readonly {
    readonly server: string;
    readonly target: string;
    readonly calls: number;
    readonly denied: number;
  }[];
}

/** POST /v1/locks/preview: exactly what a lock would cut, and what not. Changes nothing. */
export interface LockPreview {
  readonly target: string;
  readonly tier: Tier;
  /** In words, one line each. */
  readonly cuts: readonly LockEffect[];
  readonly spares: readonly LockEffect[];
  /** Calls in flight that end at once (halt), or may finish (pause, watch). */
  readonly inFlight: readonly {
    readonly agent: string;
    readonly server: string;
    readonly tool: string | null;
    readonly session: string | null;
    readonly through: readonly string[];
  }[];
  readonly inFlightTotal: number;
  readonly existing: Lock | null;
  readonly needsStepUp: boolean;
}

export interface LockEffect {
  readonly kind: 'agent' | 'session' | 'call' | 'task' | 'delegation' | 'approval' | 'credential' | 'everything-else';
  readonly count: number;
  readonly text: string;
  /** A few of them, by name. */
  readonly examples: readonly string[];
}
