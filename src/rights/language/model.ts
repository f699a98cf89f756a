/** An OpenFGA authorization model (schema 1.1) as plain data: what a relation between a subject and an object can follow from. */
export interface RelationModel {
  /** By type, then by relation. */
  readonly types: ReadonlyMap<string, ReadonlyMap<string, RelationDefinition>>;
}

export interface RelationDefinition {
  readonly expression: Expression;
  /** Who may be written as its subject. Empty: it only follows from other relations. */
  readonly subjects: readonly SubjectType[];
}

/** `user`, `group#member` (relation) or `user:*` (wildcard). */
export interface SubjectType {
  readonly type: string;
  readonly relation: string | null;
  readonly wildcard: boolean;
}

export type Expression =
  /** `[user, group#member]`: by a tuple of this relation itself. */
  | { readonly kind: 'direct' }
  /** `editor`: by another relation to the same object. */
  | { readonly kind: 'computed'; readonly relation: string }
  /** `viewer from parent`: by a relation to what the object's tuples of `tupleset` name. */
  | { readonly kind: 'from'; readonly relation: string; readonly tupleset: string }
  | { readonly kind: 'union' | 'intersection'; readonly parts: readonly Expression[] }
  /** `base but not subtract`. */
  | { readonly kind: 'difference'; readonly base: Expression; readonly subtract: Expression };

/** `user`, `group#member`, `user:*`: as the language writes it. */
export function formatSubjectType({ type, relation, wildcard }: SubjectType): string {
  if (wildcard) return `${type}:*`;
  return relation === null ? type : `${type}#${relation}`;
}

/** What a model can name, for checking what names it. */
export function relationNames(model: RelationModel): ReadonlyMap<string, readonly string[]> {
  return new Map([...model.types].map(([type, relations]) => [type, [...relations.keys()]]));
}
