import { hash } from 'node:crypto';
import type { Json, JsonObject } from './json.ts';

/** RFC 8785 (JCS): one byte sequence per JSON value. Input must come from the strict reader (finite numbers, no lone surrogates). */
export function canonicalize(value: Json): string {
  if (value === null || typeof value !== 'object') return JSON.stringify(value);
  if (Array.isArray(value)) {
    let out = '[';
    for (let i = 0; i < value.length; i++) out += (i === 0 ? '' : ',') + canonicalize(value[i] as Json);
    return `${out}]`;
  }
  const object = value as JsonObject;
  let out = '{';
  // Default sort compares UTF-16 code units, as RFC 8785 section 3.2.3 wants.
  for (const key of Object.keys(object).sort()) {
    const member = object[key];
    if (member === undefined) continue;
    out += `${out.length === 1 ? '' : ','}${JSON.stringify(key)}:${canonicalize(member)}`;
  }
  return `${out}}`;
}

/** SHA-256 of a text's UTF-8 form, base64url without padding. */
export function sha256Base64url(text: string): string {
  return hash('sha256', text, 'base64url');
}

export function digestJson(value: Json): string {
  return sha256Base64url(canonicalize(value));
}
