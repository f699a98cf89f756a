import type { RelationTuple } from '../../ports/identity-stores.ts';
import { formatSubjectType, type RelationModel } from './model.ts';

/** OpenFGA's own bounds, so that what is kept here can be kept there. */
const MAX_OBJECT_CHARS = 256;
const MAX_SUBJECT_CHARS = 512;
const NAME = /^[^\s:#@*\p{Cc}]{1,50}$/u;
const ID = /^[^\s:#\p{Cc}]+$/u;

interface Subject {
  readonly type: string;
  readonly id: string;
  /** `member` of `group:eng#member`; `null` for a single object and for everyone (`user:*`). */
  readonly relation: string | null;
}

/** `document:1` as type and id; `null` when it is none. `*` is nobody's id. */
export function parseObject(text: string): { readonly type: string; readonly id: string } | null {
  const parsed = text.length <= MAX_OBJECT_CHARS ? split(text) : null;
  return parsed === null || parsed.id === '*' ? null : parsed;
}

/** `user:alice`, `group:eng#member` or `user:*`; `null` when it is none of these. */
export function parseSubject(text: string): Subject | null {
  if (text.length > MAX_SUBJECT_CHARS) return null;
  const hash = text.indexOf('#');
  const parsed = split(hash === -1 ? text : text.slice(0, hash));
  if (parsed === null) return null;
  if (hash === -1) return { ...parsed, relation: null };
  const relation = text.slice(hash + 1);
  return parsed.id !== '*' && isRelation(relation) ? { ...parsed, relation } : null;
}

/** Whether it can be the id of an object: nothing in it could end the id or begin something else. */
export function isObjectId(text: string): boolean {
  return text !== '*' && text.length <= MAX_OBJECT_CHARS && ID.test(text) && text.isWellFormed();
}

export function isRelation(text: string): boolean {
  return NAME.test(text);
}

function split(text: string): { readonly type: string; readonly id: string } | null {
  const colon = text.indexOf(':');
  if (colon === -1) return null;
  const type = text.slice(0, colon);
  const id = text.slice(colon + 1);
  return NAME.test(type) && ID.test(id) && text.isWellFormed() ? { type, id } : null;
}

/** Why a tuple cannot be written under this model, in one sentence; `null` when it can. */
export function whyInvalid(tuple: RelationTuple, model: RelationModel): string | null {
  const object = parseObject(tuple.object);
  if (object === null) return `"${tuple.object}" is no object: write type:id`;
  const subject = parseSubject(tuple.subject);
  if (subject === null) return `"${tuple.subject}" is no subject: write type:id, type:id#relation or type:*`;
  const relations = model.types.get(object.type);
  if (relations === undefined) return `the model has no type "${object.type}" (${[...model.types.keys()].join(', ')})`;
  const definition = relations.get(tuple.relation);
  if (definition === undefined) {
    return `the type "${object.type}" has no relation "${tuple.relation}" (${[...relations.keys()].join(', ')})`;
  }
  const wildcard = subject.id === '*';
  const fits = definition.subjects.some(
    (allowed) =>
      allowed.type === subject.type && allowed.relation === subject.relation && allowed.wildcard === wildcard,
  );
  if (fits) return null;
  const allowed = definition.subjects.map(formatSubjectType).join(', ');
  return allowed === ''
    ? `${object.type}#${tuple.relation} follows from other relations and cannot be written`
    : `${object.type}#${tuple.relation} takes ${allowed}, not "${tuple.subject}"`;
}

/** `user:alice viewer document:1`: the order in which people say it. */
export function formatTuple({ subject, relation, object }: RelationTuple): string {
  return `${subject} ${relation} ${object}`;
}
