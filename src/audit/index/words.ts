import type { Json } from '../../model/json.ts';

/** Of one text; what comes behind is not searchable. */
const MAX_TEXT_CHARS = 4_096;
const MAX_WORD_CHARS = 64;
const ASCII = /^[\0-\x7f]*$/;

/** Letters and digits in a row, in lower case, in any script. The same for what is kept and for what is asked. */
export function wordsOf(text: string): readonly string[] {
  const bounded = text.length > MAX_TEXT_CHARS ? text.slice(0, MAX_TEXT_CHARS) : text;
  const found = ASCII.test(bounded)
    ? bounded.toLowerCase().match(/[a-z0-9]+/g)
    : bounded
        .normalize('NFKC')
        .toLowerCase()
        .match(/[\p{L}\p{N}\p{M}]+/gu);
  if (found === null) return [];
  return found.map((word) => (word.length > MAX_WORD_CHARS ? word.slice(0, MAX_WORD_CHARS) : word));
}

/** Adds words until there are `limit`. Only values of JSON count: the names of members are the same everywhere. */
export function addWords(into: Set<string>, value: Json | undefined, limit: number): void {
  if (into.size >= limit || value === null || value === undefined) return;
  if (typeof value === 'object') {
    for (const member of Array.isArray(value) ? value : Object.values(value)) {
      if (into.size >= limit) return;
      addWords(into, member as Json, limit);
    }
    return;
  }
  for (const word of wordsOf(String(value))) {
    if (into.size >= limit) return;
    into.add(word);
  }
}

/** 52 bits as letters and digits: short, and a false hit is found out when the record is read. */
export function shortHash(text: string): string {
  let a = 0xdeadbeef;
  let b = 0x41c6ce57;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    a = Math.imul(a ^ unit, 2654435761);
    b = Math.imul(b ^ unit, 1597334677);
  }
  a = Math.imul(a ^ (a >>> 16), 2246822507) ^ Math.imul(b ^ (b >>> 13), 3266489909);
  b = Math.imul(b ^ (b >>> 16), 2246822507) ^ Math.imul(a ^ (a >>> 13), 3266489909);
  // In two small integers: writing one large number costs more than all of the above.
  return (b & 0x3ffffff).toString(36) + (0x4000000 + (a & 0x3ffffff)).toString(36);
}
