import type { Lock, LockTarget } from '../model/lock.ts';
import type { Finding, PinState, ToolDefinition } from '../model/tool.ts';
import type { IdentityStores } from './identity-stores.ts';

/**
 * What must survive a restart and be shared between processes. Two adapters: SQLite (embedded) and PostgreSQL.
 * Every write is insert-if-absent or compare-and-set; the loser is told, never overwritten.
 */
export interface Stores extends IdentityStores {
  readonly locks: LockStore;
  readonly pins: PinStore;
  readonly approvals: ApprovalStore;
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

export type ApprovalState = 'pending' | 'approved' | 'denied' | 'expired' | 'consumed';

export interface ApprovalRow {
  readonly id: string;
  /** Digest of the exact action; the approval is good for nothing else. */
  readonly digest: string;
  readonly agent: string;
  readonly session: string | null;
  readonly askWhom: readonly string[];
  readonly state: ApprovalState;
  /** Who, what, why: shown to the approver (JSON). */
  readonly request: string;
  readonly requestedAtMs: number;
  readonly expiresAtMs: number;
  readonly answeredBy: string | null;
  readonly answerReason: string | null;
  readonly answeredAtMs: number | null;
}

export interface ApprovalStore {
  /**
   * Inserts unless a pending, approved or denied, unexpired (at `row.requestedAtMs`) one for (agent, session, digest)
   * exists; returns the one that counts. A denial stands until the request it answered expires: asking again is no way
   * around it. `null`: nothing to join, and the agent already has `maxPendingPerAgent` unanswered requests.
   */
  requestOrJoin(row: ApprovalRow, maxPendingPerAgent: number): Promise<ApprovalRow | null>;
  get(id: string): Promise<ApprovalRow | null>;
  /** Newest first. */
  list(filter: { readonly state?: ApprovalState; readonly limit: number }): Promise<readonly ApprovalRow[]>;
  /** pending -> approved | denied, only if still pending and unexpired at `nowMs`. `false`: too late. */
  answer(
    id: string,
    answer: { state: 'approved' | 'denied'; by: string; reason: string; nowMs: number },
  ): Promise<boolean>;
  /** approved -> consumed, exactly once, only for that digest and unexpired. `false` for everybody but the first. */
  consume(id: string, digest: string, nowMs: number): Promise<boolean>;
  /** pending | approved -> expired for all whose time is over. How many. */
  expire(nowMs: number): Promise<number>;
  /** Calls back soon after any process requested, answered or expired one (doorbell only: the reader looks again). */
  onChange(ring: () => void): () => void;
}

export interface ReplayStore {
  /** `true` for the first to present this id; `false` for everyone after, until it expires. Insert-if-absent. */
  claim(id: string, expiresAtMs: number): Promise<boolean>;
  prune(nowMs: number): Promise<number>;
}
