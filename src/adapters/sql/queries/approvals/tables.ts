/** Questions to people, who may find them, and the messages about them. */
export interface ApprovalSchema {
  interlock_approvals: ApprovalTable;
  interlock_approval_keys: {
    name: string;
    approval: string;
    /** 1 while the request is pending. */
    pending: number;
    requested_at_ms: number;
  };
  interlock_notices: {
    id: string;
    approval: string;
    kind: string;
    channel: string;
    recipient: string | null;
    state: string;
    attempts: number;
    due_ms: number;
    /** Whoever took it has until then. */
    taken_until_ms: number;
    ticket: string | null;
    opened_at_ms: number | null;
    error: string | null;
    created_at_ms: number;
    sent_at_ms: number | null;
    place: string | null;
  };
}

export interface ApprovalTable {
  id: string;
  kind: string;
  digest: string;
  agent: string;
  subject: string | null;
  session: string | null;
  task: string | null;
  chain: string;
  /** JSON. */
  ask_whom: string;
  /** JSON. */
  requirement: string;
  state: string;
  version: number;
  /** 0 or 1. */
  recorded: number;
  request: string;
  context: string;
  /** JSON. */
  proposal: string | null;
  /** JSON. */
  answers: string;
  escalated: number;
  /** When the next escalation is due, while pending. */
  escalates_at_ms: number | null;
  requested_at_ms: number;
  expires_at_ms: number;
  changed_at_ms: number;
  answered_by: string | null;
  answer_reason: string | null;
  answered_at_ms: number | null;
  /** JSON. */
  receipt: string | null;
  consumed_journal: string | null;
  consumed_call: string | null;
  consumed_at_ms: number | null;
  /** What it is searched by, in lower case. */
  search: string;
  /** What it asks about while this row is the one that counts for it, else null. Unique: one such row at most. */
  open_key: string | null;
}
