import { canonicalize } from '../../model/canonical.ts';
import type { Json, JsonObject } from '../../model/json.ts';
import { EMPTY_RECORD, type EntityData, EntityRef, type Value } from '../cedar/value/values.ts';

const NO_ANCESTORS: ReadonlySet<string> = new Set();

/**
 * The arguments as an entity whose tags are dotted paths (`customer.id`, `items.0.sku`), looked up when a policy asks and never
 * flattened. A dot or backslash inside a name is written with a backslash before it, so that no argument
 * name can pose as a path. Strings as they are, everything else as its RFC 8785 text; objects and lists too, so that an agent
 * cannot make an argument disappear by wrapping it.
 */
export function argumentsEntity(args: JsonObject): EntityRef {
  return new EntityRef(
    'Arguments',
    '',
    tagged((path) => textOf(lookUp(args, path))),
  );
}

/** The same paths, for arguments that are safe integers only. */
export function numbersEntity(args: JsonObject): EntityRef {
  return new EntityRef(
    'Numbers',
    '',
    tagged((path) => integerOf(lookUp(args, path))),
  );
}

function tagged(get: (tag: string) => Value | undefined): EntityData {
  return { attributes: EMPTY_RECORD, ancestors: NO_ANCESTORS, tags: { get } };
}

function textOf(value: Json | undefined): string | undefined {
  if (value === undefined) return undefined;
  return typeof value === 'string' ? value : canonicalize(value);
}

function integerOf(value: Json | undefined): number | undefined {
  return typeof value === 'number' && Number.isSafeInteger(value) ? value + 0 : undefined;
}

function lookUp(args: JsonObject, path: string): Json | undefined {
  if (!path.includes('.') && !path.includes('\\')) return member(args, path);
  const steps = splitPath(path);
  if (steps === null) return undefined;
  let value: Json | undefined = args;
  for (const step of steps) value = member(value, step);
  return value;
}

function member(value: Json | undefined, step: string): Json | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  if (!Array.isArray(value)) return Object.hasOwn(value, step) ? (value as JsonObject)[step] : undefined;
  return /^(0|[1-9][0-9]{0,8})$/.test(step) ? (value as readonly Json[])[Number(step)] : undefined;
}

/** `a.b\.c` is the steps `a` and `b.c`. Null when a backslash stands before anything but a dot or a backslash. */
export function splitPath(path: string): string[] | null {
  const steps = [''];
  for (let i = 0; i < path.length; i++) {
    const char = path[i] as string;
    if (char === '.') steps.push('');
    else if (char !== '\\') steps[steps.length - 1] += char;
    else {
      const next = path[++i];
      if (next !== '.' && next !== '\\') return null;
      steps[steps.length - 1] += next;
    }
  }
  return steps;
}
