import type { Answer, Proposal, Requirement } from '../model/approval.ts';
import type { Lock, LockTarget } from '../model/lock.ts';
import type { Finding, PinState, ToolDefinition } from '../model/tool.ts';
import type { IdentityStores } from './identity-stores.ts';
import type { PolicyStore } from './policy-store.ts';

/**
 * What must survive a restart and be shared between processes. Two adapters: SQLite (embedded) and PostgreSQL.
 * Every write is insert-if-absent or compare-and-set; the loser is told, never overwritten.
 */
export interface Stores extends IdentityStores {
  readonly locks: LockStore;
  readonly pins: PinStore;
  readonly policies: PolicyStore;
  readonly approvals: ApprovalStore;
  readonly notices: NoticeStore;
  readonly replay: ReplayStore;
  close(): Promise<void>;
}

export interface LockStore {
  /** All locks and the epoch they belong to, read in one snapshot. The epoch grows with every change. */
  load(): Promise<{ readonly epoch: number; readonly locks: readonly Lock[] }>;
  /** Cheap: only the epoch. */
  epoch(): Promise<number>;
  /** Inserts or replaces the lock on that target and bumps the epoch, in one transaction. Returns the new epoch. */
  put(lock: Lock): Promise<number>;
  /** Removes it and bumps the epoch. `false` when there was none. */
  release(target: LockTarget): Promise<boolean>;
  /** Calls back soon after any process changed a lock (doorbell only: the reader loads and compares epochs). */
  onChange(ring: () => void): () => void;
}

export interface PinRow {
  readonly server: string;
  readonly tool: string;
  /** SHA-256 (base64url) of the RFC 8785 form of the accepted definition; null while it was never accepted. */
  readonly acceptedHash: string | null;
  readonly accepted: ToolDefinition | null;
  /** The last definition the server showed. */
  readonly seenHash: string;
  readonly seen: ToolDefinition;
  readonly state: PinState;
  readonly findings: readonly Finding[];
  readonly seenAtMs: number;
}

export interface PinStore {
  list(): Promise<readonly PinRow[]>;
  /**
   * Writes what was seen. Compare-and-set on the previous `seenHash` (null: must be absent) and, unless the row accepts
   * what it saw, on `acceptedHash`. `false`: somebody else was first.
   */
  save(row: PinRow, previousSeenHash: string | null): Promise<boolean>;
  /**
   * Accepts exactly that definition (pinned, findings cleared): compare-and-set on `seenHash`. `false` when it has changed
   * since the operator looked.
   */
  accept(server: string, tool: string, seenHash: string): Promise<boolean>;
}

/**
 * pending -> approved -> consumed; or denied, expired, withdrawn (the agent was stopped, or nobody wants it any more). Only `approved` can be
 * used, and only once its record is on stable storage (`recorded`).
 */
export type ApprovalState = 'pending' | 'approved' | 'denied' | 'expired' | 'withdrawn' | 'consumed';

export interface ApprovalRow {
  readonly id: string;
  /** A call through the gateway, or one a client asked about beforehand (CIBA). */
  readonly kind: 'call' | 'backchannel';
  /** Digest of the exact action that was asked about; the approval is good for nothing else. */
  readonly digest: string;
  readonly agent: string;
  readonly subject: string | null;
  readonly session: string | null;
  readonly task: string | null;
  /** Everybody it was asked through, as one text. */
  readonly chain: string;
  /** What policies wrote, for people: `owner`, `2 group:finance`. */
  readonly askWhom: readonly string[];
  readonly requirement: Requirement;
  readonly state: ApprovalState;
  /** Grows by one with every change; 1 when made. */
  readonly version: number;
  /** What it came to (approved, denied, expired, withdrawn) is in the journal. `true` while pending. */
  readonly recorded: boolean;
  /** A ShownRequest (model/approval.ts), as JSON. */
  readonly request: string;
  /** What is needed to decide again, as JSON; never shown. */
  readonly context: string;
  readonly proposal: Proposal | null;
  readonly answers: readonly Answer[];
  /** How many escalations were announced. */
  readonly escalated: number;
  readonly requestedAtMs: number;
  readonly expiresAtMs: number;
  /** Of the answer that decided it. */
  readonly answeredBy: string | null;
  readonly answerReason: string | null;
  readonly answeredAtMs: number | null;
  /** Number of the journal record of the outcome, and whose journal: for the receipt. */
  readonly receipt: { readonly journal: string; readonly seq: number } | null;
  /** Which gateway and call used it up. */
  readonly consumedBy: { readonly journal: string; readonly call: string; readonly atMs: number } | null;
}

/** What a change of a row may touch. */
export type ApprovalChange = Partial<
  Pick<
    ApprovalRow,
    | 'state'
    | 'recorded'
    | 'proposal'
    | 'requirement'
    | 'answers'
    | 'escalated'
    | 'answeredBy'
    | 'answerReason'
    | 'answeredAtMs'
    | 'receipt'
  >
>;

export interface ApprovalFilter {
  readonly state?: ApprovalState;
  readonly agent?: string;
  /** Requests any of these keys is for (approvals/approvers/keys.ts). At most 500. */
  readonly keys?: readonly string[];
  /** Every word must stand in the agent, server, target, subject, id or sentence; without case. */
  readonly text?: string;
  readonly before?: { readonly requestedAtMs: number; readonly id: string };
  readonly limit: number;
}

export interface ApprovalStore {
  /**
   * Inserts unless a pending, approved or denied, unexpired (at `row.requestedAtMs`) one for the same (kind, agent, subject, chain, task,
   * digest) exists; returns the one that counts, and whether it was made now. A denial stands until the request it answered
   * expires: asking again is no way around it. `null`: nothing to join, and the agent already has `maxPendingPerAgent` unanswered
   * requests. `keys` are who may find it; `notices` are kept in the same transaction.
   */
  requestOrJoin(
    row: ApprovalRow,
    more: {
      readonly keys: readonly string[];
      readonly search: string;
      readonly notices: readonly NoticeRow[];
      readonly maxPendingPerAgent: number;
    },
  ): Promise<{ readonly row: ApprovalRow; readonly made: boolean } | null>;
  get(id: string): Promise<ApprovalRow | null>;
  /** Newest first. */
  list(filter: ApprovalFilter): Promise<readonly ApprovalRow[]>;
  /** How many; `keys` as for `list`. Counts to 10,000 and no further. */
  count(filter: Pick<ApprovalFilter, 'state' | 'keys' | 'agent'>): Promise<number>;
  /**
   * Compare-and-set on `version`, with notices and further keys in the same transaction. `unexpiredAtMs`: only while it is pending and
   * not expired at that time. `false`: somebody else was first, or it is too late.
   */
  change(
    id: string,
    expected: number,
    change: ApprovalChange,
    more?: {
      readonly unexpiredAtMs?: number;
      readonly notices?: readonly NoticeRow[];
      readonly keys?: readonly string[];
    },
  ): Promise<boolean>;
  /** approved and recorded -> consumed, exactly once, only for that digest and unexpired. The row, or `null` for everybody but the first. */
  consume(
    id: string,
    digest: string,
    by: { readonly journal: string; readonly call: string; readonly nowMs: number },
  ): Promise<ApprovalRow | null>;
  /** Whether anybody was asked about the same (kind, agent, subject, chain, task, digest) at the same time or later. */
  askedSince(row: ApprovalRow): Promise<boolean>;
  /** consumed -> approved, where the call that consumed it left no trace. `false`: it is not consumed by that call, or the same was asked since. */
  reopen(id: string, by: { readonly journal: string; readonly call: string }): Promise<boolean>;
  /** Consumed by that journal's gateway since then: what a restart has to look at. */
  consumedBy(journal: string, sinceMs: number): Promise<readonly ApprovalRow[]>;
  /** pending | approved -> expired (and not recorded yet) for those whose time is over, at most 500 at once. How many. */
  expire(nowMs: number): Promise<number>;
  /** Outcomes that are not in a journal yet and have not been for `olderThanMs`. At most `most`, default 100. */
  unrecorded(olderThanMs: number, most?: number): Promise<readonly ApprovalRow[]>;
  /** Pending ones with escalations left, oldest first; at most 500. */
  escalating(): Promise<readonly ApprovalRow[]>;
  /** Removes what ended before then and is recorded. How many. */
  prune(endedBeforeMs: number): Promise<number>;
  /** Calls back soon after any process requested, answered or expired one (doorbell only: the reader looks again). */
  onChange(ring: () => void): () => void;
}

/** A message to one person, or to one place, about one request. Kept until delivered or given up: across restarts, at least once. */
export interface NoticeRow {
  readonly id: string;
  readonly approval: string;
  /** `grouped`: says how many wait, in place of many messages; its `approval` is no request's id. */
  readonly kind: 'asked' | 'escalated' | 'answered' | 'expired' | 'withdrawn' | 'grouped';
  readonly channel: 'email' | 'slack' | 'web-push' | 'webhook';
  /** Id of a person; `null`: the place the channel is configured for. */
  readonly recipient: string | null;
  readonly state: 'waiting' | 'sent' | 'failed';
  readonly attempts: number;
  /** When it is tried (again). */
  readonly dueMs: number;
  /** SHA-256 (base64url) of the secret in its link, when it carries one; that link is good once. */
  readonly ticket: string | null;
  /** When the link was opened. */
  readonly openedAtMs: number | null;
  readonly error: string | null;
  readonly createdAtMs: number;
  readonly sentAtMs: number | null;
  /** What the channel needs to find its message again (a Slack message's place). */
  readonly place: string | null;
}

export interface NoticeStore {
  /**
   * Takes what is due and not taken: nobody else gets it until `nowMs + leaseMs`. `attempts` has grown by one. Oldest due first.
   * `channel`: of that one alone.
   */
  take(nowMs: number, leaseMs: number, limit: number, channel?: NoticeRow['channel']): Promise<readonly NoticeRow[]>;
  /** Says how it went, by whoever took it: compare-and-set on `attempts`. */
  settle(
    id: string,
    attempts: number,
    change: Pick<NoticeRow, 'state' | 'dueMs' | 'error' | 'sentAtMs' | 'place'> & { readonly ticket?: string | null },
  ): Promise<boolean>;
  /** Adds notices that belong to no change of a request. Those whose id is there already are left as they are. */
  add(notices: readonly NoticeRow[]): Promise<void>;
  of(approval: string): Promise<readonly NoticeRow[]>;
  /**
   * What asks that recipient on that channel, is due and not taken, is told of by another message: `sent`, with `error` and without a time.
   * One statement, however many there are. How many.
   */
  absorb(place: Pick<NoticeRow, 'channel' | 'recipient'>, nowMs: number, error: string): Promise<number>;
  /** The notice whose ticket this is, marked as opened: for the first alone, `null` for everyone after. */
  open(ticket: string, nowMs: number): Promise<NoticeRow | null>;
  prune(beforeMs: number): Promise<number>;
  onChange(ring: () => void): () => void;
}

export interface ReplayStore {
  /** `true` for the first to present this id; `false` for everyone after, until it expires. Insert-if-absent. */
  claim(id: string, expiresAtMs: number): Promise<boolean>;
  prune(nowMs: number): Promise<number>;
}
