import type { Json, JsonObject } from '../../../model/json.ts';
import { ScimError } from './error.ts';

export const USER_SCHEMA = 'urn:ietf:params:scim:schemas:core:2.0:User';
export const GROUP_SCHEMA = 'urn:ietf:params:scim:schemas:core:2.0:Group';
export const ENTERPRISE_SCHEMA = 'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User';

/** An attribute by name (RFC 7644 section 3.10). */
export interface ScimPath {
  /** An extension, whose attributes stand in an object of that name; `null`: the core schema. */
  readonly schema: string | null;
  /** Empty: the whole extension. */
  readonly attribute: string;
  readonly sub: string | null;
}

const NAME = /^[A-Za-z$][\w$-]{0,63}$/;
const FORBIDDEN = new Set(['__proto__', 'constructor', 'prototype']);

/**
 * `userName`, `name.familyName`, `urn:…:User:department`, and the older `urn:…:User.department` of Microsoft's first job.
 * ScimError `invalidPath`.
 */
export function parsePath(text: string): ScimPath {
  const { schema, rest } = splitSchema(text);
  if (rest === '') return { schema, attribute: '', sub: null };
  const parts = rest.split('.');
  if (parts.length > 2 || parts.some((part) => !NAME.test(part) || FORBIDDEN.has(part.toLowerCase()))) {
    throw new ScimError(400, `"${text.slice(0, 200)}" names no attribute`, 'invalidPath');
  }
  return { schema, attribute: parts[0] as string, sub: parts[1] ?? null };
}

function splitSchema(text: string): { schema: string | null; rest: string } {
  const lower = text.toLowerCase();
  for (const core of [USER_SCHEMA, GROUP_SCHEMA]) {
    if (lower.startsWith(`${core.toLowerCase()}:`)) return { schema: null, rest: text.slice(core.length + 1) };
  }
  const known = ENTERPRISE_SCHEMA.toLowerCase();
  if (lower === known) return { schema: ENTERPRISE_SCHEMA, rest: '' };
  if (lower.startsWith(`${known}:`) || lower.startsWith(`${known}.`)) {
    return { schema: ENTERPRISE_SCHEMA, rest: text.slice(known.length + 1) };
  }
  // Extensions nobody here knows are read, and then ignored with what they hold.
  const other = /^(urn:[\w:.-]{1,200}):([\w.$-]+)$/i.exec(text);
  return other === null ? { schema: null, rest: text } : { schema: other[1] as string, rest: other[2] as string };
}

/** A member by name, without case (RFC 7643 section 2.1). */
export function member(object: JsonObject, name: string): Json | undefined {
  const key = keyOf(object, name);
  return key === undefined ? undefined : object[key];
}

/** The member's own spelling. */
export function keyOf(object: JsonObject, name: string): string | undefined {
  if (Object.hasOwn(object, name)) return name;
  const lower = name.toLowerCase();
  return Object.keys(object).find((key) => key.toLowerCase() === lower);
}
