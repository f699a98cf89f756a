import type { Actor } from './caller.ts';
import type { Effect } from './decision.ts';
import type { Json } from './json.ts';
import type { Tier } from './lock.ts';

/** What the journal holds. The writer adds `seq`, `time` and `prev`; nobody else may. */
export type JournalRecord = IntentRecord | RefusalRecord | OutcomeRecord | AdminRecord;

/** Arguments larger than this, in their RFC 8785 form, are kept as their size and the digest only. */
export const RECORDED_ARGS_CHARS = 16_384;
/** Results, where they are kept at all, likewise. */
export const RECORDED_RESULT_CHARS = 16_384;

/** Who, for whom, why, on what: the part every record of a call shares. */
export interface CallFacts {
  /** Unique id of the call (UUID); joins refusal, intent and outcome. */
  readonly call: string;
  readonly agent: string;
  readonly owner: string;
  readonly subject: string | null;
  readonly chain: readonly Actor[];
  readonly purpose: string;
  readonly auth: string;
  readonly credential: string;
  readonly session: string | null;
  readonly task: string | null;
  /** The tasks it is bound to, innermost first: what it uses counts for each. */
  readonly tasks: readonly string[];
  /** Joins everything that follows from one root authorization. */
  readonly txn: string | null;
  readonly surface: string;
  readonly action: string;
  readonly server: string;
  readonly target: string | null;
  /** SHA-256 of the pinned definition, for tools. */
  readonly pin: string | null;
  /** Digest of the exact action; always present, even when the arguments are redacted. */
  readonly digest: string;
  /** The arguments, or `{"redacted":"<data class>"}`, by label. */
  readonly args: Json;
  /** The `amount` fact in ten-thousandths: spending is rebuilt from the journal after a restart. */
  readonly amount: number | null;
  readonly decision: {
    readonly effect: Effect;
    readonly code: string;
    readonly reasons: readonly string[];
    readonly errors: readonly string[];
    readonly obligations: readonly string[];
    readonly policyVersion: string;
    /** What each tier answered, before the policies and with them; `null`: it had nothing to say. */
    readonly tiers: TierAnswers | null;
    /** Tier of a lock that watched or stopped the call. */
    readonly lock: Tier | null;
  };
  /** What it went on with: a request people answered, `standing-…`, or `route:…`. */
  readonly approval: string | null;
  /** Who answered, where people did. */
  readonly approvedBy?: readonly string[];
}

/** `permit`, or `deny: why`; for auditors, never for agents. */
export interface TierAnswers {
  readonly user: string | null;
  readonly scope: string | null;
  readonly task: string | null;
  readonly policy: string | null;
}

/** Written durably BEFORE the upstream sees a byte. */
export interface IntentRecord extends CallFacts {
  readonly type: 'intent';
}

/** A call that did not go on: denied, killed, unknown, or still waiting for its human. */
export interface RefusalRecord extends CallFacts {
  readonly type: 'refusal';
}

/** Closes an intent. `unknown` is never rounded: the upstream may or may not have acted. */
export interface OutcomeRecord {
  readonly type: 'outcome';
  readonly call: string;
  readonly outcome: 'ok' | 'failed' | 'unknown';
  /** Short stable code when not ok: `tool-error`, `aborted`, `timeout`, `upstream-lost`, `restart`, … */
  readonly code: string | null;
  /** SHA-256 of the result as sent to the agent, base64url. */
  readonly resultDigest: string | null;
  /**
   * That result, where results are kept (`journal.results`): as it was sent, `{"redacted":"<data class>"}` by the rules of the arguments,
   * or `{"truncated":<characters>}`.
   */
  readonly result?: Json;
  /** `jti` of the credential the action carried; left out where it carried none. */
  readonly lease?: string;
  readonly timingsUs: {
    readonly decide: number;
    readonly durable: number;
    readonly upstream: number;
    readonly total: number;
  };
}

/** Kill, release, policy publish, pin accepted, approval answered, start, stop: administrative acts are recorded too. */
export interface AdminRecord {
  readonly type: 'admin';
  readonly act: string;
  readonly by: string;
  readonly reason: string;
  readonly detail: Json;
}
