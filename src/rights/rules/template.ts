import type { JsonObject } from '../../model/json.ts';
import { isObjectId, isRelation } from '../language/tuple.ts';

/** `customer:{args.customerId}`, taken apart. */
export interface ObjectTemplate {
  readonly text: string;
  readonly type: string;
  readonly parts: readonly Part[];
}

type Part = { readonly text: string } | { readonly path: readonly string[] };

type ReadTemplate =
  | { readonly ok: true; readonly template: ObjectTemplate }
  | { readonly ok: false; readonly why: string };

/** What a call names: its objects, or why it names none. */
export type Filled =
  | { readonly ok: true; readonly objects: readonly string[] }
  | { readonly ok: false; readonly why: string };

const PLACE = /\{([^{}]*)\}/g;
const STEP = /^([\w$-]{1,100}|\*)$/;
/** Of one list in the arguments. Each is a question of its own. */
const MAX_OBJECTS = 100;

/** Reads `type:id` with `{args.a.b}` in the id. `*` as a step stands for each member of a list, and may stand once. */
export function readTemplate(text: string): ReadTemplate {
  const colon = text.indexOf(':');
  const type = text.slice(0, Math.max(0, colon));
  if (!isRelation(type))
    return { ok: false, why: `"${text}" is no object: write type:id, such as customer:{args.customerId}` };
  const parts: Part[] = [];
  const id = text.slice(colon + 1);
  let at = 0;
  for (const match of id.matchAll(PLACE)) {
    if (match.index > at) parts.push({ text: id.slice(at, match.index) });
    else if (parts.length > 0)
      return { ok: false, why: 'two arguments need a fixed text between them, or nobody could tell them apart' };
    const [first, ...path] = match[1]!.split('.');
    if (first !== 'args' || path.length === 0 || !path.every((step) => STEP.test(step))) {
      return {
        ok: false,
        why: `"${match[0]}" is no argument: write {args.name}, {args.name.inner} or {args.list.*.id}`,
      };
    }
    parts.push({ path });
    at = match.index + match[0].length;
  }
  if (at < id.length) parts.push({ text: id.slice(at) });
  const lists = parts.flatMap((part) => ('path' in part ? part.path : [])).filter((step) => step === '*');
  if (lists.length > 1) return { ok: false, why: 'only one list can be gone through' };
  const fixed = parts.map((part) => ('text' in part ? part.text : 'x')).join('');
  return isObjectId(fixed)
    ? { ok: true, template: { text, type, parts } }
    : { ok: false, why: `the id of an object cannot hold spaces, ":" or "#", and is not empty or "*"` };
}

/**
 * The objects these arguments name. Nothing is guessed: what is missing, of another type, or could be read as another object names
 * none. A number is its shortest decimal form; text is taken as it is, character by character.
 */
export function fill(template: ObjectTemplate, args: JsonObject): Filled {
  // Between two arguments stands a text that neither may hold: the same object never comes from two readings.
  const between = template.parts.flatMap((part, i) =>
    'text' in part && i > 0 && i < template.parts.length - 1 ? [part.text] : [],
  );
  let ids: readonly string[] = [''];
  for (const part of template.parts) {
    if ('text' in part) {
      ids = ids.map((id) => id + part.text);
      continue;
    }
    const values = valuesAt(args, part.path, 0);
    const path = part.path.join('.');
    if (values === null || values.length === 0) return { ok: false, why: `the call names no ${path}` };
    if (values.length > MAX_OBJECTS) return { ok: false, why: `${path} has more than ${MAX_OBJECTS} members` };
    const texts = values.map(textOf);
    if (texts.some((text) => text === null || !isObjectId(text) || between.some((fixed) => text.includes(fixed)))) {
      return { ok: false, why: `${path} cannot be the id of an object` };
    }
    ids = ids.flatMap((id) => texts.map((text) => id + text));
  }
  const objects = [...new Set(ids)].map((id) => `${template.type}:${id}`);
  return objects.every((object) => object.length <= 256)
    ? { ok: true, objects }
    : { ok: false, why: 'the id is too long' };
}

/** `null`: not there. Only own members; a list by position or, for `*`, each member, all of which must have it. */
function valuesAt(value: unknown, path: readonly string[], at: number): readonly unknown[] | null {
  const step = path[at];
  if (step === undefined) return [value];
  if (Array.isArray(value)) {
    if (step !== '*')
      return /^(0|[1-9]\d{0,5})$/.test(step) && Number(step) < value.length
        ? valuesAt(value[Number(step)], path, at + 1)
        : null;
    const found: unknown[] = [];
    for (const member of value) {
      const inner = valuesAt(member, path, at + 1);
      if (inner === null) return null;
      found.push(...inner);
    }
    return found;
  }
  if (step === '*' || typeof value !== 'object' || value === null || !Object.hasOwn(value, step)) return null;
  return valuesAt((value as Record<string, unknown>)[step], path, at + 1);
}

function textOf(value: unknown): string | null {
  if (typeof value === 'string') return value;
  return Number.isSafeInteger(value) ? String(value) : null;
}
