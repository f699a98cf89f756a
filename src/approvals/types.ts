import type { Answer, Assurance, PasskeyProof, Requirement, ShownRequest, StandingTerms } from '../model/approval.ts';
import type { AskFacts } from '../model/approval-rules.ts';
import type { JsonObject } from '../model/json.ts';
import type { ApprovalFilter, ApprovalRow } from '../ports/stores.ts';
import type { Remembered } from './outcome/recover.ts';

/** One exact action that needs people. */
export interface ApprovalRequest {
  readonly kind: ApprovalRow['kind'];
  /** Id of the call that asks, for whoever reads the request. */
  readonly call: string;
  readonly agent: string;
  readonly subject: string | null;
  readonly session: string | null;
  readonly task: string | null;
  /** Everybody it goes through, as one text. */
  readonly chain: string;
  /** Digest of the exact action; an approval is good for nothing else. */
  readonly digest: string;
  /** The `@ask` texts of the policies that asked, each with the agent it was asked about (`owner` is the owner of that agent). */
  readonly asks: readonly { readonly text: string; readonly agent: string }[];
  readonly facts: AskFacts;
  /** People who started it: the human at the root and the owners of every agent of the chain. */
  readonly starters: readonly string[];
  readonly shown: ShownRequest;
  /** The pinned definition, for standing approvals. */
  readonly pin: string | null;
  /** What `Deciding.again` needs. */
  readonly context: JsonObject;
  /** `null`: as configured. */
  readonly ttlMs: number | null;
  /** More proof than is configured, where whoever asks wants it. Left out: as configured. */
  readonly assurance?: Assurance | null;
}

export type ApprovalOutcome =
  /** A route of the configuration lets it go on by itself. */
  | { readonly outcome: 'automatic'; readonly rule: string }
  /** An earlier answer covers it; these people stand for it. */
  | { readonly outcome: 'standing'; readonly id: string; readonly signed: readonly Signed[] }
  /** Answered by people, used up by this call and no other. `arguments`: what they changed them to, signed; `null`: as asked. */
  | {
      readonly outcome: 'approved';
      readonly id: string;
      readonly signed: readonly Signed[];
      readonly arguments: JsonObject | null;
      readonly digest: string;
      readonly requestedAtMs: number;
    }
  | { readonly outcome: 'denied'; readonly id: string; readonly by: string; readonly reason: string }
  | { readonly outcome: 'expired' | 'withdrawn'; readonly id: string }
  /** An identical call that waited beside it, or came back for it first, went on with the answer. */
  | { readonly outcome: 'used'; readonly id: string }
  /** Nobody there is could ever answer it. */
  | { readonly outcome: 'nobody'; readonly why: string }
  /** No answer yet: the agent comes back with the same call and joins the same request. */
  | { readonly outcome: 'pending'; readonly id: string };

/** Who approved, when and with what proof: whoever was on duty then, or stood in for somebody then, answered well. */
export interface Signed {
  readonly person: string;
  readonly atMs: number;
  /** How their answer was proven. */
  readonly assurance: Assurance;
}

/** What decides who must answer. */
export type Asked = Pick<ApprovalRequest, 'asks' | 'facts' | 'starters' | 'subject'>;

export type Resolved =
  | { readonly kind: 'automatic'; readonly rule: string }
  | { readonly kind: 'asks'; readonly requirement: Requirement; readonly expireMs: number }
  | { readonly kind: 'nobody'; readonly why: string };

export type Opened =
  | { readonly kind: 'request'; readonly row: ApprovalRow }
  | { readonly kind: 'automatic'; readonly rule: string }
  | { readonly kind: 'nobody'; readonly why: string };

/** One person's answer, as it is handed in. */
export interface Ballot {
  readonly person: string;
  readonly verdict: Answer['verdict'];
  readonly reason: string;
  /** Digest of the action they saw: of the proposal, where they saw one or make one. */
  readonly digest: string;
  readonly assurance: Assurance;
  readonly proof: PasskeyProof | null;
  /** Changed arguments; `null`: as they are. */
  readonly arguments: JsonObject | null;
  readonly standing: StandingTerms | null;
}

export type Refused =
  | 'unknown'
  /** Answered, expired or withdrawn already. */
  | 'over'
  /** Nobody asked this person, or only somebody else is still needed. */
  | 'not-asked'
  /** Asked, but not by somebody who started it. */
  | 'separation'
  | 'assurance'
  /** It is not what they saw any more. */
  | 'changed'
  /** This person has answered it already. */
  | 'answered'
  /** The agent, or who it acts for, may not act any more. */
  | 'stopped'
  /** The changed arguments do not fit the tool, or no policy lets them through. */
  | 'proposal'
  | 'standing';

export type Voted =
  | { readonly ok: true; readonly row: ApprovalRow; readonly complete: boolean }
  | { readonly ok: false; readonly why: Refused; readonly message: string };

/** What an approver who thinks of changing the arguments is told. */
export type Preview =
  | {
      readonly ok: true;
      readonly digest: string;
      readonly shown: ShownRequest;
      readonly requirement: Requirement;
    }
  | { readonly ok: false; readonly message: string };

export interface Approvals {
  /**
   * Joins the request open for the same action, or makes one, and waits for its answer. `onParked` is told the id of each request this
   * call begins to wait for. Rejects with the signal's reason when it is aborted; the request stays, and a retry joins it.
   * Faults: `overloaded` (too many unanswered requests of this agent), `too-large`, `internal` (the store failed).
   */
  ask(request: ApprovalRequest, signal: AbortSignal, onParked?: (id: string) => void): Promise<ApprovalOutcome>;
  /** Makes or joins one without waiting: for clients that come back by themselves. */
  open(request: ApprovalRequest): Promise<Opened>;
  /** Who would be asked. */
  required(asked: Asked): Resolved;
  /**
   * Whether the answers of these people are enough for what is asked now: for a call that was decided again after it waited, perhaps
   * with changed arguments.
   */
  met(asked: Asked, signed: readonly Signed[], requestedAtMs: number): boolean;
  /** Uses up an approved request for that call and digest. `null`: not approved (any more), or somebody else was first. */
  use(id: string, digest: string, call: string): Promise<ApprovalRow | null>;
  /** What one question came to, for a call that comes back for it; an approval is used up by it. Asks nobody and does not wait. */
  resume(id: string, request: ApprovalRequest): Promise<ApprovalOutcome>;
  /** One person's answer. Recorded before it counts. Never rejects for what the person did wrong. */
  vote(id: string, ballot: Ballot): Promise<Voted>;
  /** Whether this person may answer now, and with what proof at least. */
  mayAnswer(
    row: ApprovalRow,
    person: string,
  ): { readonly ok: true } | { readonly ok: false; readonly why: Refused; readonly message: string };
  /** What would be asked if the arguments were these. */
  preview(row: ApprovalRow, args: JsonObject): Promise<Preview>;
  /** Ends one nobody has to answer any more. `false`: it was over already. */
  withdraw(id: string, by: string, reason: string): Promise<boolean>;
  get(id: string): Promise<ApprovalRow | null>;
  list(filter: ApprovalFilter): Promise<readonly ApprovalRow[]>;
  /** Requests this person could answer or could have answered, newest first. */
  listFor(person: string, filter: Omit<ApprovalFilter, 'keys'>): Promise<readonly ApprovalRow[]>;
  count(filter: Pick<ApprovalFilter, 'state' | 'agent'>): Promise<number>;
  /** Once, after a restart. Resolves with how many that were used for nothing are good again. */
  recover(remembered: Remembered): Promise<number>;
  /** Removes what ended long ago; the journal keeps it. How many. */
  forget(): Promise<number>;
  /** Soon after any process changed any request. */
  onChange(listener: () => void): () => void;
  /** Everybody who waits is told `pending`. */
  close(): void;
}
