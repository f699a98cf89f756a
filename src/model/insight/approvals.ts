import type { Answer, SentencePart, ShownRequest } from '../approval.ts';
import type { JsonObject } from '../json.ts';

/**
 * GET /v1/approvals/inbox: newest first. of=mine: what whoever asks could answer now; of=pending: all that waits; of=history: what is over.
 * Besides `agent`, `text`, `state` (of=history), `cursor`, `limit`; over the socket `for` says whose inbox.
 */
export interface ApprovalLine {
  readonly id: string;
  readonly state: 'pending' | 'approved' | 'denied' | 'expired' | 'withdrawn' | 'consumed';
  readonly agent: Named;
  readonly subject: Named | null;
  readonly server: string;
  readonly target: string | null;
  readonly action: string;
  /** With values of arguments in it; `null`: hidden from whoever asks. */
  readonly sentence: readonly SentencePart[] | null;
  /** Ten-thousandths; hidden with the sentence. */
  readonly amount: number | null;
  readonly currency: string | null;
  readonly effect: ShownRequest['effect'];
  readonly reversible: boolean | null;
  /** Somebody outside may have chosen a value of it. */
  readonly untrusted: boolean;
  /** A person changed the arguments. */
  readonly changed: boolean;
  readonly requestedAtMs: number;
  readonly expiresAtMs: number;
  /** Whoever asks could answer it now. */
  readonly mine: boolean;
  /** Whose answers count so far. */
  readonly approvedBy: readonly Named[];
  /** How many answers are still needed. */
  readonly missing: number;
  /** Whose answer decided it. */
  readonly answeredBy: Named | null;
  readonly answeredAtMs: number | null;
  readonly hasReceipt: boolean;
}

export interface Named {
  readonly id: string;
  readonly name: string;
}

/** GET /v1/approvals/:id/view */
export interface ApprovalView extends ApprovalLine {
  /** As the agent asked; `null`: hidden from whoever asks. */
  readonly shown: ShownRequest | null;
  /** What runs instead, if it is approved; `arguments` hidden with `shown`. */
  readonly change: { readonly by: Named; readonly atMs: number; readonly arguments: JsonObject | null } | null;
  readonly reasons: readonly string[];
  readonly messages: readonly string[];
  readonly policyVersion: string;
  /** As the policies wrote it. */
  readonly asks: readonly string[];
  /** Who is still needed, one line for each answer. */
  readonly needed: readonly string[];
  /** Who could give one now. At most 200. */
  readonly mayAnswer: readonly Named[];
  /** Why whoever asks cannot answer it; `null`: they can. */
  readonly whyNot: string | null;
  readonly assurance: Answer['assurance'];
  readonly answers: readonly {
    readonly person: Named;
    readonly verdict: Answer['verdict'];
    /** `null`: hidden. */
    readonly reason: string | null;
    readonly atMs: number;
    readonly assurance: Answer['assurance'];
    /** `false`: of what it was before somebody changed it. */
    readonly counts: boolean;
  }[];
  readonly receipt: { readonly journal: string; readonly seq: number } | null;
  /** The call that used it up. */
  readonly usedBy: { readonly call: string; readonly atMs: number } | null;
}
