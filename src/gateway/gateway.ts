import type { Approvals } from '../approvals/approvals.ts';
import type { Journal } from '../audit/journal.ts';
import type { ServerActions } from '../credentials/action/actions.ts';
import type { Inventory } from '../inventory/catalog.ts';
import type { Action } from '../model/action.ts';
import type { Caller, KeptCaller } from '../model/caller.ts';
import type { Decision } from '../model/decision.ts';
import type { Person } from '../model/person.ts';
import type { FactMapping, PolicyInput } from '../model/policy-input.ts';
import type { ApprovalWords } from '../model/sentence.ts';
import type { ToolLabels } from '../model/tool.ts';
import type { PolicySet } from '../policy/policy-set.ts';
import type { Clock } from '../ports/clock.ts';
import type { ServerCredentials, UpstreamServer } from '../ports/upstream.ts';
import type { Revocation } from '../revocation/revocation.ts';
import type { Usage } from './usage.ts';

/** One configured server as the gateway knows it. Replaced, never changed, on reload. */
export interface ServerEntry {
  readonly id: string;
  readonly risk: 'low' | 'medium' | 'high';
  readonly environment: string | null;
  readonly upstream: UpstreamServer;
  /** `null`: requests carry no credential but what is configured for everybody. */
  readonly credentials: ServerCredentials | null;
  /** Makes the credential each call of a tool carries. `null`: the server asks for none. */
  readonly actions: ServerActions | null;
  readonly timeoutMs: number;
  /** Fact mappings by tool name; `*` for all others. */
  readonly facts: ReadonlyMap<string, FactMapping>;
  /** What people who are asked read, by tool name; `*` for all others. */
  readonly words: ReadonlyMap<string, ApprovalWords>;
}

/** What may be swapped by a reload, all at once: a call sees one snapshot from its first step to its last. */
export interface Snapshot {
  readonly policies: PolicySet;
  readonly servers: ReadonlyMap<string, ServerEntry>;
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
  /** The gateway's own part of it: without the server's answer, and without people who were waited for. */
  readonly ownUs: number;
  /** W3C trace context from the frame's `_meta`, when the client sent one. */
  readonly traceparent: string | null;
}

export interface Meters {
  finished(call: FinishedCall): void;
  /** People are asked about a call, which waits. */
  asked(): void;
  inFlight(delta: 1 | -1): void;
}

export interface Log {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

/** Tier one: what a human may do by themself (requirements AZ2). */
export interface Rights {
  /** Synchronous wherever memory suffices. Never rejects: what cannot be found out is not permitted. */
  check(question: RightsQuestion): RightsAnswer | Promise<RightsAnswer>;
  /** Whether any arguments could make `check` permit: what is false may be hidden. */
  couldPermit(
    question: Pick<RightsQuestion, 'person' | 'labels'> & { readonly server: string; readonly tool: string },
  ): boolean;
}

export interface RightsQuestion {
  readonly person: Person;
  readonly action: Action;
  readonly labels: ToolLabels | null;
  readonly nowMs: number;
}

export interface RightsAnswer {
  readonly permit: boolean;
  /** The rule that answered. */
  readonly rule: string | null;
  /** For operators and auditors, never for the agent. */
  readonly why: string;
}

/** A decision of the policies, and what it was made on. Sessions go on changing: whoever keeps it copies their facts. */
export interface Heard {
  readonly call: string;
  readonly input: PolicyInput;
  readonly decision: Decision;
}

/** Hears of each decision of the policies as it is made, to make it once more elsewhere. `null`: nobody does. */
export interface Beside {
  hear: ((heard: Heard) => void) | null;
}

/** Everything the one path needs, put together in `main.ts`. */
export interface Gateway {
  readonly beside?: Beside;
  snapshot(): Snapshot;
  readonly inventory: Inventory;
  readonly revocation: Revocation;
  readonly journal: Journal;
  readonly approvals: Approvals;
  readonly usage: Usage;
  readonly rights: Rights;
  /**
   * Whether this caller may still act: the agent, everyone between, the human at the root, the tasks, and the credential itself. From
   * memory; asked again after every wait. `null`: yes; else why not, for the record.
   */
  entitled(caller: Caller): string | null;
  /** Whether agents and people are still what they were when this caller was authenticated. */
  unchanged(caller: Caller): boolean;
  /** A caller as kept with a question to people, as they are known now. `null`: somebody of them is not there any more. */
  recall(kept: KeptCaller): Caller | null;
  readonly clock: Clock;
  /** Whether records hold what agents were answered, not its digest alone. */
  readonly keepsResults: boolean;
  readonly limits: GatewayLimits;
  readonly meters: Meters;
  readonly log: Log;
}
