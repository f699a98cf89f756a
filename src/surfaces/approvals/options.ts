import type { Approvals } from '../../approvals/types.ts';
import type { Receipt } from '../../audit/journal.ts';
import type { Directory } from '../../identity/directory.ts';
import type { Credentials } from '../../identity/sign-in/credentials.ts';
import type { Passkeys } from '../../identity/sign-in/passkeys.ts';
import type { Throttle } from '../../identity/sign-in/throttle.ts';
import type { ShownRequest, Slot, Standing, StandingTerms } from '../../model/approval.ts';
import type { Json, JsonObject } from '../../model/json.ts';
import type { Clock } from '../../ports/clock.ts';
import type { ApprovalRow, NoticeStore } from '../../ports/stores.ts';
import type { ServeParts } from '../account/serve.ts';

/** What somebody may let through from now on, besides the one call. */
export interface Offer {
  readonly key: string;
  readonly label: string;
  readonly terms: StandingTerms;
}

/** Standing approvals: what can be offered, in which words, and what is in force. */
export interface StandingDesk {
  offers(shown: ShownRequest): readonly Offer[];
  /** Whether terms a page sent back are among what may be offered for this request, or narrower. */
  valid(terms: StandingTerms, shown: ShownRequest): boolean;
  /** The exact rule as one text. */
  words(terms: StandingTerms, currency: string | null): string;
  /** Those this person signed, or of agents this person answers for; newest first. */
  listFor(person: string): Promise<readonly Standing[]>;
  /** `false`: there is none of theirs that is in force. */
  revoke(id: string, by: { readonly person: string; readonly reason: string }): Promise<boolean>;
}

export interface ApprovalPageParts extends ServeParts {
  readonly approvals: Approvals;
  readonly directory: Directory;
  readonly credentials: Credentials;
  readonly passkeys: Passkeys;
  readonly throttle: Throttle;
  readonly notices: Pick<NoticeStore, 'open'>;
  /** What is still needed, from whom; empty when nothing is. */
  readonly missing: (row: ApprovalRow) => readonly Slot[];
  /** Whether this person may say no, needed or not. */
  readonly mayDeny: (row: ApprovalRow, person: string) => boolean;
  /** The accepted input schema of a tool; `null`: there is none. */
  readonly schemaOf: (server: string, tool: string) => JsonObject | null;
  /** `null`: nothing may be approved for longer than once. */
  readonly standing: StandingDesk | null;
  /** What browsers subscribe to for notifications; `null`: there are none. */
  readonly pushKey: () => string | null;
  /** The proof of the outcome's record; `null`: another gateway's journal has it, or no checkpoint covers it yet. */
  readonly receiptOf: (row: ApprovalRow) => Promise<Receipt | null>;
  readonly record: (act: { act: string; by: string; reason: string; detail: Json }) => Promise<void>;
  readonly clock: Clock;
}
