import type { Action } from './action.ts';
import type { Caller } from './caller.ts';
import type { Person } from './person.ts';
import type { DataClass, ToolLabels } from './tool.ts';

/** Fixed-point number with four decimals, as Cedar's `decimal`: 399.99 is 3999900. Always an integer. */
export type Decimal4 = number;

/** What the session did and saw before this call (requirements AZ6). */
export interface SessionFacts {
  readonly id: string | null;
  readonly startedAtMs: number;
  readonly calls: number;
  readonly denied: number;
  readonly asked: number;
  readonly reads: number;
  readonly writes: number;
  readonly destructive: number;
  readonly external: number;
  /** `server/tool` of every permitted tool call so far. */
  readonly toolsCalled: ReadonlySet<string>;
  /** Something it read came from third parties. */
  readonly readUntrusted: boolean;
  readonly highestDataClass: DataClass | null;
}

/** Permitted calls so far, this one not counted. Kept correctly under concurrency: counted when permitted, before any wait. */
export interface UsageWindow {
  readonly callsLastMinute: number;
  readonly callsLastHour: number;
  readonly callsLastDay: number;
  readonly callsTotal: number;
  /** Sum of `amount` over permitted calls in the last 24 hours. */
  readonly spentLastDay: Decimal4;
}

export interface UsageFacts {
  readonly agent: UsageWindow;
  readonly session: UsageWindow;
  /** Null when the call belongs to no task. */
  readonly task: UsageWindow | null;
}

/** Arguments an operator mapped to typed facts (`facts:` of a tool in the configuration). Absent or of the wrong type: null. */
export interface MappedFacts {
  readonly amount: Decimal4 | null;
  readonly currency: string | null;
  readonly quantity: number | null;
  readonly environment: string | null;
  readonly recipient: string | null;
}

/** Where a fact is found in the arguments: RFC 6901 pointers. */
export type FactMapping = { readonly [fact in keyof MappedFacts]?: string };

/** Everything one decision may depend on. Plain data, gathered before; deciding does no I/O. */
export interface PolicyInput {
  readonly caller: Caller;
  readonly action: Action;
  /** Labels of the tool, when the action is on one. */
  readonly labels: ToolLabels | null;
  readonly facts: MappedFacts;
  readonly session: SessionFacts;
  readonly usage: UsageFacts;
  /** A `watch` lock is on something this call touches. */
  readonly watched: boolean;
  readonly nowMs: number;
}

/** What policies can name: the parts of configuration and inventory that become Cedar entities. Rebuilt on reload. */
export interface PolicyWorld {
  readonly agents: readonly import('./agent.ts').Agent[];
  readonly people: readonly Person[];
  readonly servers: readonly {
    readonly id: string;
    readonly risk: 'low' | 'medium' | 'high';
    readonly environment: string | null;
  }[];
  /** Tools known by name (pinned or configured): a policy naming an unknown one gets a warning. */
  readonly tools: readonly { readonly server: string; readonly name: string; readonly labels: ToolLabels }[];
  /** What an `@ask` may name besides people: names. Left out: not checked. */
  readonly approvers?:
    | {
        readonly roles: readonly string[];
        readonly routes: readonly string[];
        readonly schedules: readonly string[];
        readonly groups: readonly string[];
      }
    | undefined;
}
