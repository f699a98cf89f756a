/** A policy file below the folder of policies. */
export interface StoredPolicyFile {
  readonly path: string;
  readonly text: string;
}

/** What people change before it is published. Shared; changed by compare-and-set on `revision`. */
export interface PolicyDraftRow {
  readonly id: string;
  readonly title: string;
  readonly author: string;
  /** Everybody who ever saved it, the author among them. */
  readonly editors: readonly string[];
  readonly updatedBy: string;
  readonly updatedAtMs: number;
  /** 1 when made; grows by one with every change. */
  readonly revision: number;
  /** The version in force when somebody last looked at both. */
  readonly base: string;
  readonly files: readonly StoredPolicyFile[];
  readonly state: 'open' | 'published' | 'discarded';
}

export type PolicyDraftChange = Partial<Pick<PolicyDraftRow, 'title' | 'base' | 'files' | 'state'>> &
  Pick<PolicyDraftRow, 'updatedBy' | 'updatedAtMs' | 'editors'>;

/** One time a set of policies came into force. The same version can do so more than once. */
export interface PublicationRow {
  readonly seq: number;
  readonly version: string;
  readonly atMs: number;
  readonly by: string;
  readonly reason: string;
  readonly draft: string | null;
  readonly author: string | null;
}

export interface PolicyStore {
  /** `false`: there are `maxOpen` open ones already. Forgets those that were closed before `forgetBeforeMs`. */
  createDraft(
    row: PolicyDraftRow,
    bounds: { readonly maxOpen: number; readonly forgetBeforeMs: number },
  ): Promise<boolean>;
  draft(id: string): Promise<PolicyDraftRow | null>;
  /** Last changed first, without their files. */
  drafts(filter: {
    readonly state?: PolicyDraftRow['state'];
    readonly before?: { readonly updatedAtMs: number; readonly id: string };
    readonly limit: number;
  }): Promise<readonly Omit<PolicyDraftRow, 'files'>[]>;
  /** Compare-and-set on `revision` of an open draft. `false`: somebody else was first, or it is open no more. */
  changeDraft(id: string, revision: number, change: PolicyDraftChange): Promise<boolean>;
  /** Keeps the files of a version: insert-if-absent. `false`: other files are kept under that version. */
  keep(version: string, files: readonly StoredPolicyFile[], nowMs: number): Promise<boolean>;
  files(version: string): Promise<readonly StoredPolicyFile[] | null>;
  /** Adds to the history, unless its newest entry is of the same version and `unlessNewest` is set. The entry that counts. */
  publish(row: Omit<PublicationRow, 'seq'>, unlessNewest: boolean): Promise<PublicationRow>;
  /** Newest first. `version`: of that one alone. */
  publications(filter: {
    readonly version?: string;
    readonly beforeSeq?: number;
    readonly limit: number;
  }): Promise<readonly PublicationRow[]>;
}
