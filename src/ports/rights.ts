import type { RelationTuple } from './identity-stores.ts';

/** Is `user:alice` a `viewer` of `document:1`? (OpenFGA Check) */
export interface RelationQuestion {
  readonly object: string;
  readonly relation: string;
  readonly subject: string;
  /** Holds for this question only: the groups the subject is in by word of its identity provider. All have the same subject as the question. */
  readonly given: readonly RelationTuple[];
}

/** Relationships between people and things. Two adapters: tuples in memory, and an OpenFGA server. */
export interface Relations {
  /** Throws, or rejects, when there is no answer; who asks must take that as a no. The one in memory answers in the same turn. */
  check(question: RelationQuestion): boolean | Promise<boolean>;
}
