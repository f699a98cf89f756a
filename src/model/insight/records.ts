import type { JournalRecord } from '../record.ts';

/** One record of the journal as the console shows it. */
export interface RecordView {
  readonly seq: number;
  readonly time: string;
  /** As recorded; arguments and results are `{"hidden": true}` for whoever may not see content. */
  readonly record: JournalRecord;
}

/**
 * GET /v1/records: newest first. `q` is words, all of which must be there: ids, names of tools, people, codes, words of reasons and
 * arguments. The others are exact.
 */
export interface RecordQuery {
  readonly q?: string;
  readonly type?: JournalRecord['type'];
  readonly effect?: 'permit' | 'ask' | 'deny';
  readonly agent?: string;
  readonly person?: string;
  readonly session?: string;
  readonly call?: string;
  readonly server?: string;
  readonly tool?: string;
  readonly act?: string;
  readonly txn?: string;
  readonly fromMs?: number;
  readonly toMs?: number;
  readonly cursor?: string;
  readonly limit?: number;
}

/** GET /v1/index: how far the index of the journal is behind it. */
export interface IndexStatus {
  readonly state: 'building' | 'current' | 'failed';
  readonly indexed: number;
  readonly records: number;
  readonly message: string | null;
}

/** GET /v1/sessions/history: newest first. */
export interface SessionLine {
  readonly id: string;
  readonly agent: string;
  readonly subject: string | null;
  readonly firstAtMs: number;
  readonly lastAtMs: number;
  readonly calls: number;
  readonly denied: number;
  readonly asked: number;
  /** Known to this gateway as open now. */
  readonly open: boolean;
}

/**
 * Work came to an agent: the record written before the token was given out. From another agent over a connection, from itself where it
 * narrowed its own token (`connection` is null), or from outside: by an assertion of an organisation, or as a workload of a platform.
 */
export interface Handover {
  readonly seq: number;
  readonly atMs: number;
  readonly how: 'exchange' | 'id-jag' | 'workload';
  /** The agent that handed on; of an assertion its issuer. */
  readonly from: string;
  readonly to: string;
  readonly connection: string | null;
  /** `null`: no limit of its own. */
  readonly scopes: readonly string[] | null;
  readonly task: string | null;
}

/** One call put together from its records. */
export interface CallView {
  readonly call: string;
  readonly seq: number;
  readonly atMs: number;
  readonly endedAtMs: number | null;
  readonly agent: string;
  readonly owner: string;
  readonly subject: string | null;
  /** The agent that acts first, then each it acts through. */
  readonly chain: readonly string[];
  /** How the work came to it, oldest first. Empty: by a consent, or its own authority. */
  readonly handovers: readonly Handover[];
  readonly purpose: string;
  readonly session: string | null;
  readonly task: string | null;
  readonly txn: string | null;
  readonly surface: string;
  readonly action: string;
  readonly server: string;
  readonly target: string | null;
  readonly effect: 'permit' | 'ask' | 'deny';
  readonly code: string;
  readonly reasons: readonly string[];
  readonly errors: readonly string[];
  readonly obligations: readonly string[];
  readonly policyVersion: string;
  readonly tiers: {
    readonly user: string | null;
    readonly scope: string | null;
    readonly task: string | null;
    readonly policy: string | null;
  } | null;
  readonly lock: string | null;
  readonly approval: string | null;
  readonly approvedBy: readonly string[];
  /** `null`: still under way, or refused. */
  readonly outcome: 'ok' | 'failed' | 'unknown' | null;
  readonly outcomeCode: string | null;
  readonly timingsUs: {
    readonly decide: number;
    readonly durable: number;
    readonly upstream: number;
    readonly total: number;
  } | null;
  /** Hidden from whoever may not see content. */
  readonly args: unknown;
  readonly argsHidden: boolean;
  readonly result: unknown;
  /** Why there is no result to see: `hidden`, `not-kept`, `redacted`, `none`; `null`: there is. */
  readonly resultAbsent: 'hidden' | 'not-kept' | 'redacted' | 'none' | null;
  readonly resultDigest: string | null;
  /** Numbers of its records, in order. */
  readonly records: readonly number[];
}

/**
 * GET /v1/sessions/history/:id and /v1/transactions/:txn: calls in order, of every agent that took part, and what led to what. Of a
 * session: its own, those of agents its work came from, and those of agents it was handed on to.
 */
export interface SessionView {
  readonly id: string;
  readonly calls: readonly CallView[];
  /** Administrative acts in its time that touched it: locks, answers. */
  readonly acts: readonly RecordView[];
  /** From cause to effect, by call id. data: a value of the result of the first is an argument of the second (by digest of values seen). */
  readonly links: readonly {
    readonly from: string;
    readonly to: string;
    readonly kind: 'delegated' | 'data' | 'approval';
  }[];
  readonly next: string | null;
}

/**
 * GET /v1/live (text/event-stream): `event: calls` with a JSON array of LiveCall, at most four times a second; `event: missed` with a
 * number, when more came than are sent. Filters as query parameters: agent, server, effect, session.
 */
export interface LiveCall {
  readonly seq: number;
  readonly atMs: number;
  readonly call: string;
  readonly agent: string;
  readonly subject: string | null;
  readonly session: string | null;
  readonly server: string;
  readonly action: string;
  readonly target: string | null;
  /** closed: an earlier permit came to its end. */
  readonly what: 'permitted' | 'asked' | 'denied' | 'closed' | 'act';
  readonly code: string | null;
  readonly totalUs: number | null;
}

/** GET /v1/journal: what a browser needs to check the log by itself. */
export interface JournalInfo {
  readonly id: string;
  /** Verifier key of the checkpoints (C2SP note format); compare it with one kept elsewhere. */
  readonly vkey: string;
  readonly size: number;
  readonly segments: readonly { readonly first: number; readonly records: number; readonly sizeBytes: number }[];
  readonly lastCheckpoint: { readonly size: number; readonly note: string } | null;
}

/** GET /v1/journal/verification (POST starts one): the same check `interlock verify` makes, in a thread of its own. */
export interface VerificationRun {
  readonly state: 'never' | 'running' | 'good' | 'bad';
  readonly startedAtMs: number | null;
  readonly endedAtMs: number | null;
  readonly checked: number;
  readonly of: number;
  readonly problems: readonly string[];
}
