/** The answer of the policy decision point. Data: a denial is no exception. */
export type Effect = 'permit' | 'deny' | 'ask';

export interface Obligation {
  /** e.g. `mask`, `redact-arguments`; text of `@obligation("name:detail")`. */
  readonly name: string;
  readonly detail: string;
  readonly policy: string;
}

export interface Asked {
  readonly text: string;
  /** Id of the agent. */
  readonly agent: string;
}

export interface Decision {
  readonly effect: Effect;
  /** Ids of the policies that determined the effect (`file.cedar#id`); empty when no policy applied. */
  readonly reasons: readonly string[];
  /** `@reason` texts of those policies: written by the operator for the agent to read. */
  readonly messages: readonly string[];
  /** For `ask`: who is to be asked (`@ask("owner")`), in policy order, without duplicates. */
  readonly ask: readonly string[];
  /**
   * For `ask`, where the whole chain was decided (gateway/tiers/everyone.ts): each of those texts with the agent it was asked about, for
   * `owner` is the owner of that agent. Left out: not asked, or not decided for the chain.
   */
  readonly asks?: readonly Asked[];
  readonly obligations: readonly Obligation[];
  /** Ids of policies that failed while evaluating. Any error makes the effect `deny`. */
  readonly errors: readonly string[];
  readonly policyVersion: string;
}

/** Why the gateway itself, not a policy, refused. Stable: recorded, and shown to operators. */
export type RefusalCode =
  | 'policy'
  | 'policy-error'
  | 'no-policy'
  /** Somebody of the chain, or the human at its root, may no longer act; or the credential was revoked. */
  | 'not-entitled'
  | 'user-rights'
  | 'insufficient-scope'
  | 'outside-task'
  | 'killed'
  | 'paused'
  | 'stale-view'
  | 'quarantined'
  | 'unknown-target'
  | 'not-connected'
  | 'approval-denied'
  | 'approval-expired'
  | 'approval-pending'
  /** An identical call that waited beside it went on with the answer. */
  | 'approval-used'
  /** Nobody has to answer any more: the agent was stopped, or the question taken back. */
  | 'approval-withdrawn'
  /** A policy asks for somebody there is not. */
  | 'nobody-to-ask'
  | 'journal-unavailable'
  | 'overloaded'
  | 'upstream-unavailable'
  | 'internal';
