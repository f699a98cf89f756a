import type { Page } from '../../../../model/insight/page.ts';
import type {
  PoliciesInForce,
  PolicyCheck,
  PolicyDraft,
  PolicyDraftHead,
  PolicyFile,
  PolicyReplay,
  PolicyVersion,
  PolicyVocabulary,
  Shadow,
  Tried,
  TriedRequest,
} from '../../../../model/insight/policies.ts';

export interface PolicyOrder {
  readonly by: string;
  readonly reason: string;
}

export interface Asked {
  readonly cursor?: string;
  readonly limit?: number;
}

export interface NewDraft {
  readonly title: string;
  /** Absent: the policies in force. */
  readonly files?: readonly PolicyFile[];
  readonly base?: string;
  readonly by: string;
}

export interface SavedDraft {
  readonly revision: number;
  readonly title?: string;
  readonly files?: readonly PolicyFile[];
  readonly base?: string;
  readonly by: string;
}

export interface DraftOperations {
  list(asked: Asked & { readonly state?: PolicyDraft['state'] }): Promise<Page<PolicyDraftHead>>;
  get(id: string): Promise<PolicyDraft>;
  create(draft: NewDraft): Promise<PolicyDraft>;
  save(id: string, draft: SavedDraft): Promise<PolicyDraft>;
  discard(id: string, order: PolicyOrder & { readonly revision: number }): Promise<PolicyDraft>;
}

export interface ReplayOperations {
  start(asked: {
    readonly files: readonly PolicyFile[];
    readonly days: number;
    readonly maxCalls?: number;
    readonly by: string;
  }): Promise<PolicyReplay>;
  get(id: string): PolicyReplay | null;
  /** `false`: there is none. */
  cancel(id: string): boolean;
}

export interface PublishOperations {
  publish(
    order: PolicyOrder & { readonly draft: string; readonly revision: number; readonly base: string },
  ): Promise<PolicyVersion>;
  rollback(order: PolicyOrder & { readonly version: string; readonly base?: string }): Promise<PolicyVersion>;
  versions(asked: Asked): Promise<Page<PolicyVersion>>;
  /** With its files; `null`: it never was in force. */
  version(version: string): Promise<PolicyVersion | null>;
}

/** The life of policies: from a draft to what is in force, and back. Throws Problems. */
export interface PolicyOperations {
  inForce(): Promise<PoliciesInForce>;
  vocabulary(search: string): PolicyVocabulary;
  check(files: readonly PolicyFile[]): Promise<PolicyCheck>;
  try(request: TriedRequest, files: readonly PolicyFile[] | null): Promise<Tried>;
  readonly drafts: DraftOperations;
  readonly replays: ReplayOperations;
  readonly shadow: {
    begin(order: PolicyOrder & { readonly draft: string }): Promise<Shadow>;
    /** `false`: there is none. */
    end(order: PolicyOrder): Promise<boolean>;
  };
  readonly publishing: PublishOperations;
}
