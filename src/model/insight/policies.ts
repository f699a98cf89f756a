/** GET /v1/policies: what is in force. */
export interface PoliciesInForce {
  readonly version: string;
  readonly publishedAtMs: number | null;
  readonly by: string | null;
  readonly files: readonly PolicyFile[];
  readonly warnings: readonly PolicyProblem[];
  /** `false`: the folder is read-only here; drafts can be replayed, not published. */
  readonly editable: boolean;
  /** Why not, in words; `null`: it is editable. */
  readonly readOnlyBecause: string | null;
  /** The draft evaluated beside the policies in force, if there is one. */
  readonly shadow: Shadow | null;
}

export interface PolicyFile {
  /** Below the folder of policies, `/` between folders, ending in `.cedar`. */
  readonly path: string;
  readonly text: string;
}

export interface PolicyProblem {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly message: string;
  readonly help: string;
}

/** POST /v1/policies/check: {files} → problems; nothing is kept. */
export interface PolicyCheck {
  readonly ok: boolean;
  /** Of the set these files would be; `null`: they are wrong. */
  readonly version: string | null;
  readonly problems: readonly PolicyProblem[];
  readonly warnings: readonly PolicyProblem[];
}

/** GET /v1/policies/schema?search=: for completion. Entities by type: at most 2,000 of each, those whose id contains the search. */
export interface PolicyVocabulary {
  readonly schema: string;
  readonly actions: readonly string[];
  readonly entities: Readonly<Record<string, readonly string[]>>;
  /** Attributes by type of entity, and of `context`, `context.session`, …, with their type. */
  readonly attributes: Readonly<Record<string, readonly { readonly name: string; readonly type: string }[]>>;
  readonly annotations: readonly string[];
}

/**
 * A draft is shared, and changed by compare-and-set on its revision (409 `stale-revision`).
 * GET /v1/policies/drafts?state=&cursor=&limit= → Page<PolicyDraftHead>; GET /v1/policies/drafts/:id → PolicyDraft;
 * POST /v1/policies/drafts {title, files?, base?, by} → 201 PolicyDraft (without files: those in force);
 * PUT /v1/policies/drafts/:id {revision, title?, files?, base?, by} → PolicyDraft;
 * POST /v1/policies/drafts/:id/discard {revision, by, reason} → PolicyDraft.
 */
export interface PolicyDraft {
  readonly id: string;
  readonly title: string;
  readonly author: string;
  /** Everybody who saved it, the author among them: with separate duties none of them may publish it. */
  readonly editors: readonly string[];
  readonly updatedBy: string;
  readonly updatedAtMs: number;
  readonly revision: number;
  /** Version it started from. Publishing over another one is refused until it was looked at again. */
  readonly base: string;
  readonly files: readonly PolicyFile[];
  readonly state: 'open' | 'published' | 'discarded';
}

export type PolicyDraftHead = Omit<PolicyDraft, 'files'>;

/** POST /v1/policies/try: {files?, request} → what each tier and policy says. */
export interface TriedRequest {
  readonly agent: string;
  readonly subject?: string | null;
  readonly server: string;
  readonly tool: string;
  readonly args: Readonly<Record<string, unknown>>;
}

export interface Tried {
  readonly effect: 'permit' | 'ask' | 'deny';
  /** What refuses it before any policy does: `killed`, `user-rights`, `not-connected`, `quarantined`, …; `null`: nothing. */
  readonly refused: string | null;
  /** What each tier answered; `null`: it had nothing to say. */
  readonly tiers: {
    readonly user: string | null;
    readonly scope: string | null;
    readonly task: string | null;
    readonly policy: string | null;
  };
  readonly reasons: readonly string[];
  readonly messages: readonly string[];
  readonly asks: readonly string[];
  readonly obligations: readonly string[];
  readonly errors: readonly string[];
  readonly policies: readonly {
    readonly policy: string;
    readonly effect: 'permit' | 'forbid' | 'ask';
    readonly file: string;
    readonly line: number;
    readonly outcome: 'matched' | 'head' | 'conditions' | 'failed';
    readonly failure: string | null;
  }[];
  readonly version: string;
}

/**
 * POST /v1/policies/replays {files, days, maxCalls?} → PolicyReplay (202); GET /v1/policies/replays/:id until it is over; DELETE cancels.
 * Each recorded call is decided twice on what is on record of it: by the policies in force, and by these files.
 */
export interface PolicyReplay {
  readonly id: string;
  readonly state: 'running' | 'done' | 'failed' | 'cancelled';
  readonly startedAtMs: number;
  readonly fromMs: number;
  readonly version: string;
  readonly checked: number;
  /** Records to look at in all, as far as is known. */
  readonly of: number;
  /** Calls decided again. */
  readonly calls: number;
  readonly changed: number;
  /** By what became what: `permit→deny`, `ask→ask (other asks)`, `permit→permit (other obligations)`. */
  readonly byChange: Readonly<Record<string, number>>;
  /** Calls that could not be decided again with what is on record, and why, by reason. */
  readonly undecidable: Readonly<Record<string, number>>;
  /** Calls that were decided otherwise at the time than the policies in force would now. No change of the draft's. */
  readonly drifted: number;
  /** The first thousand, oldest first. */
  readonly changes: readonly PolicyChange[];
  readonly message: string | null;
}

export interface PolicyChange {
  readonly call: string;
  readonly seq: number;
  readonly atMs: number;
  readonly agent: string;
  readonly server: string;
  readonly target: string | null;
  readonly before: 'permit' | 'ask' | 'deny';
  readonly after: 'permit' | 'ask' | 'deny';
  /** What differs: the effect; or, with the same effect, who is asked, or what is done with the call. */
  readonly what: 'effect' | 'asks' | 'obligations';
  readonly reasonsBefore: readonly string[];
  readonly reasonsAfter: readonly string[];
}

/**
 * POST /v1/policies/shadow {draft, by, reason} · DELETE /v1/policies/shadow?by=&reason=: every decision is made by the draft too, and only
 * counted. Ends with the gateway.
 */
export interface Shadow {
  readonly draft: string;
  readonly version: string;
  readonly sinceMs: number;
  readonly by: string;
  /** The draft as it was then. */
  readonly revision: number;
  readonly decisions: number;
  /** Decisions it did not look at, because too many came at once. */
  readonly dropped: number;
  readonly changed: number;
  readonly byChange: Readonly<Record<string, number>>;
  /** The last hundred. */
  readonly changes: readonly Omit<PolicyChange, 'seq'>[];
}

/**
 * One time a set came into force; a version can do so more than once. GET /v1/policies/versions?cursor=&limit= → Page<PolicyVersion> (newest
 * first, without files); GET /v1/policies/versions/:version with files.
 * POST /v1/policies/publish {draft, revision, base, by, reason}, POST /v1/policies/rollback {version, by, reason} → PolicyVersion.
 */
export interface PolicyVersion {
  /** Its place in the history. */
  readonly seq: number;
  readonly version: string;
  readonly publishedAtMs: number;
  readonly by: string;
  readonly reason: string;
  readonly draft: string | null;
  readonly author: string | null;
  readonly inForce: boolean;
  readonly files: readonly PolicyFile[] | null;
}
