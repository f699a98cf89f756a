import type { Agent } from '../../../../model/agent.ts';
import type { PolicyChange, PolicyFile } from '../../../../model/insight/policies.ts';
import type { Person } from '../../../../model/person.ts';
import type { FactMapping, PolicyWorld } from '../../../../model/policy-input.ts';

/** What the thread is given: plain data. */
export interface ReplayOrder {
  /** The journal. */
  readonly dir: string;
  readonly present: readonly PolicyFile[];
  readonly draft: readonly PolicyFile[];
  /** Where reading begins: a day earlier than what is decided again, for what had been used until then. */
  readonly fromSeq: number;
  /** What came later is not looked at. */
  readonly toSeq: number;
  readonly fromMs: number;
  readonly maxCalls: number;
  readonly world: Pick<PolicyWorld, 'servers' | 'tools' | 'approvers'>;
  /** Every id, for the names policies use. */
  readonly names: {
    readonly agents: readonly string[];
    readonly agentGroups: readonly string[];
    readonly people: readonly string[];
    readonly groups: readonly string[];
  };
  /** Those the policies name themselves. */
  readonly named: People;
  /** By server, by tool. */
  readonly facts: readonly (readonly [string, readonly (readonly [string, FactMapping])[]])[];
}

/** Agents with their owners, and people, as they are now. */
export interface People {
  readonly agents: readonly Agent[];
  readonly people: readonly Person[];
}

/** Asked of the thread that serves: who are they now? */
export interface Who {
  readonly agents: readonly string[];
  readonly people: readonly string[];
}

export interface Progress {
  readonly checked: number;
  readonly calls: number;
  readonly changed: number;
  readonly byChange: Readonly<Record<string, number>>;
  readonly undecidable: Readonly<Record<string, number>>;
  readonly drifted: number;
  /** Since the last time. */
  readonly changes: readonly PolicyChange[];
}

export type FromThread =
  | { readonly kind: 'who'; readonly who: Who }
  | { readonly kind: 'progress'; readonly progress: Progress }
  | { readonly kind: 'done'; readonly progress: Progress; readonly message: string | null }
  | { readonly kind: 'failed'; readonly message: string };

export const MAX_CHANGES = 1_000;
