import type { Json, JsonObject } from './json.ts';

/** RFC 6901: `/items/0/price`, `~1` for `/` and `~0` for `~` inside a step. Undefined when nothing is there. */
export function resolvePointer(root: Json, pointer: string): Json | undefined {
  if (pointer === '') return root;
  if (!pointer.startsWith('/')) return undefined;
  let value: Json | undefined = root;
  for (const raw of pointer.slice(1).split('/')) {
    if (/~(?![01])/.test(raw)) return undefined;
    const step = raw.replaceAll('~1', '/').replaceAll('~0', '~');
    if (typeof value !== 'object' || value === null) return undefined;
    if (Array.isArray(value)) {
      // Section 4: no leading zeros; `-` names an element that does not exist.
      if (!/^(0|[1-9][0-9]*)$/.test(step)) return undefined;
      value = (value as readonly Json[])[Number(step)];
    } else {
      value = Object.hasOwn(value, step) ? (value as JsonObject)[step] : undefined;
    }
  }
  return value;
}

/** RFC 6901 section 3: the name of a member as one step of a pointer. */
export function escapePointer(name: string): string {
  return name.replaceAll('~', '~0').replaceAll('/', '~1');
}

/** Whether a text is a pointer at all. */
export function isPointer(text: string): boolean {
  return /^(\/([^~/]|~[01])*)*$/.test(text);
}

/** The name of the member of the whole that a pointer leads into; `null` where it names the whole. */
export function topOf(pointer: string): string | null {
  const first = pointer.split('/')[1];
  return first === undefined ? null : first.replaceAll('~1', '/').replaceAll('~0', '~');
}
