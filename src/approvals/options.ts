import type { Standing } from '../model/approval.ts';
import type { ApprovalRules } from '../model/approval-rules.ts';
import type { Json, JsonObject } from '../model/json.ts';
import type { Clock } from '../ports/clock.ts';
import type { ApprovalRow, ApprovalStore, NoticeRow } from '../ports/stores.ts';
import type { KeysView } from './approvers/keys.ts';
import type { Preview } from './types.ts';
import type { WaitingRoom } from './waiting-room.ts';

export interface ApprovalsOptions {
  readonly store: ApprovalStore;
  readonly clock: Clock;
  readonly log?: ApprovalsLog;
  /** As configured now. */
  readonly rules: () => ApprovalRules;
  readonly people: KeysView;
  readonly journal: OutcomeJournal;
  /** Whether the agent, everybody it acts through and for, may still act, and nothing about it is locked. `null`: yes; else why not. */
  readonly whyStopped: (row: ApprovalRow) => string | null;
  /** Decides again with other arguments. */
  readonly again: (row: ApprovalRow, args: JsonObject) => Promise<Preview>;
  readonly standing: StandingBook;
  /** Messages to the people who could answer now. */
  readonly notices: (row: ApprovalRow, kind: NoticeRow['kind'], candidates: readonly string[]) => readonly NoticeRow[];
  /** Calls waiting in this process at once; one more does not wait and is told `pending`. Default 1000. */
  readonly maxWaiters?: number;
  /** Unanswered requests of one agent in the store; one more is refused. Default 50. */
  readonly maxPendingPerAgent?: number;
  /** The request as shown to people, UTF-8. Default 2 MiB: every call the gateway accepts fits. */
  readonly maxRequestBytes?: number;
  /** How often what is due is looked for: expiry, escalation, outcomes without a record. Default 2000. */
  readonly sweepMs?: number;
  /** Nothing is swept before `recover` has said what a crash left: its record may be in the journal already. Default false. */
  readonly recovers?: boolean;
}

export interface ApprovalsLog {
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

/** Where outcomes are recorded. */
export interface OutcomeJournal {
  /** Tells the journals on one store apart. */
  readonly id: string;
  append(record: {
    readonly type: 'admin';
    readonly act: string;
    readonly by: string;
    readonly reason: string;
    readonly detail: Json;
  }): Promise<{ readonly seq: number }>;
}

/** What earlier answers let through, in memory. */
export interface StandingBook {
  /** In the order they were made. Never waits. */
  of(agent: string): readonly Standing[];
  /** Durable when it resolves; once per id. */
  add(standing: Standing, by: string): Promise<void>;
}

export interface State extends ApprovalsOptions {
  readonly room: WaitingRoom;
  readonly pendingPerAgent: number;
  readonly requestBytes: number;
}
