import type { Approvals } from '../approvals/approvals.ts';
import type { Journal } from '../audit/journal.ts';
import type { Inventory } from '../inventory/catalog.ts';
import type { Agent } from '../model/agent.ts';
import type { FactMapping } from '../model/policy-input.ts';
import type { PolicySet } from '../policy/policy-set.ts';
import type { Clock } from '../ports/clock.ts';
import type { UpstreamServer } from '../ports/upstream.ts';
import type { Revocation } from '../revocation/revocation.ts';
import type { Usage } from './usage.ts';

/** One configured server as the gateway knows it. Replaced, never changed, on reload. */
export interface ServerEntry {
  readonly id: string;
  readonly risk: 'low' | 'medium' | 'high';
  readonly upstream: UpstreamServer;
  readonly timeoutMs: number;
  /** Fact mappings by tool name; `*` for all others. */
  readonly facts: ReadonlyMap<string, FactMapping>;
}

/** What may be swapped by a reload, all at once: a call sees one snapshot from its first step to its last. */
export interface Snapshot {
  readonly policies: PolicySet;
  readonly servers: ReadonlyMap<string, ServerEntry>;
  readonly agents: ReadonlyMap<string, Agent>;
}

export interface GatewayLimits {
  /** How long a question to a human can be answered. */
  readonly approvalTtlMs: number;
  readonly concurrentCalls: number;
  readonly concurrentCallsPerAgent: number;
  readonly sessions: number;
  readonly sessionsPerAgent: number;
  readonly idleSessionMs: number;
  readonly sseBufferEvents: number;
  readonly bodyBytes: number;
  readonly depth: number;
  readonly keys: number;
}

/** One call that came to its end, for metrics and traces. */
export interface FinishedCall {
  readonly call: string;
  readonly agent: string;
  readonly session: string | null;
  readonly server: string;
  readonly action: string;
  readonly target: string | null;
  readonly effect: string;
  /** `ok`, or why not: a refusal code or an outcome code. */
  readonly code: string;
  readonly startedMs: number;
  readonly totalUs: number;
  /** W3C trace context from the frame's `_meta`, when the client sent one. */
  readonly traceparent: string | null;
}

export interface Meters {
  finished(call: FinishedCall): void;
  inFlight(delta: 1 | -1): void;
}

export interface Log {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

/** Everything the one path needs, put together in `main.ts`. */
export interface Gateway {
  snapshot(): Snapshot;
  readonly inventory: Inventory;
  readonly revocation: Revocation;
  readonly journal: Journal;
  readonly approvals: Approvals;
  readonly usage: Usage;
  readonly clock: Clock;
  readonly limits: GatewayLimits;
  readonly meters: Meters;
  readonly log: Log;
}
