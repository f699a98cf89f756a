/** GET /v1/policies: what is in force. */
export interface PoliciesInForce {
  readonly version: string;
  readonly publishedAtMs: number | null;
  readonly by: string | null;
  readonly files: readonly PolicyFile[];
  readonly warnings: readonly PolicyProblem[];
  /** `false`: the folder is read-only here; drafts can be replayed, not published. */
  readonly editable: boolean;
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

/** GET /v1/policies/schema: for completion. */
export interface PolicyVocabulary {
  readonly schema: string;
  readonly actions: readonly string[];
  readonly entities: Readonly<Record<string, readonly string[]>>;
  /** Attributes by type of entity, and of the context, with their type. */
  readonly attributes: Readonly<Record<string, readonly { readonly name: string; readonly type: string }[]>>;
  readonly annotations: readonly string[];
}

/** A draft is shared, and changed by compare-and-set on its revision. GET/PUT /v1/policies/drafts/:id, POST /v1/policies/drafts. */
export interface PolicyDraft {
  readonly id: string;
  readonly title: string;
  readonly author: string;
  readonly updatedBy: string;
  readonly updatedAtMs: number;
  readonly revision: number;
  /** Version it started from. Publishing over another one is refused until it was looked at again. */
  readonly base: string;
  readonly files: readonly PolicyFile[];
  readonly state: 'open' | 'published' | 'discarded';
}

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

/** POST /v1/policies/replays {files, days} → PolicyReplay (202); GET /v1/policies/replays/:id until it is over. */
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
  /** By what became what, e.g. `permit→deny`. */
  readonly byChange: Readonly<Record<string, number>>;
  /** Calls that could not be decided again with what is on record, and why, by reason. */
  readonly undecidable: Readonly<Record<string, number>>;
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
  readonly reasonsBefore: readonly string[];
  readonly reasonsAfter: readonly string[];
}

/** POST /v1/policies/shadow {draft} · DELETE: every decision is made by the draft too, and only counted. */
export interface Shadow {
  readonly draft: string;
  readonly version: string;
  readonly sinceMs: number;
  readonly by: string;
  readonly decisions: number;
  readonly changed: number;
  readonly byChange: Readonly<Record<string, number>>;
  /** The last hundred. */
  readonly changes: readonly Omit<PolicyChange, 'seq'>[];
}

/** GET /v1/policies/versions (newest first), GET /v1/policies/versions/:version with files. */
export interface PolicyVersion {
  readonly version: string;
  readonly publishedAtMs: number;
  readonly by: string;
  readonly reason: string;
  readonly draft: string | null;
  readonly author: string | null;
  readonly inForce: boolean;
  readonly files: readonly PolicyFile[] | null;
}
