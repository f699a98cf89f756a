import { isObject, type Json, type JsonObject } from '../../../model/json.ts';
import { keyOf, parsePath, type ScimPath } from './path.ts';

/** RFC 7644 section 3.9. */
export interface Projection {
  /** Only these; `null`: all. */
  readonly only: readonly ScimPath[] | null;
  readonly without: readonly ScimPath[];
}

const ALWAYS = ['schemas', 'id', 'meta'];
const MAX_NAMES = 100;

/** ScimError `invalidPath`. */
export function readProjection(query: URLSearchParams): Projection {
  const only = names(query.get('attributes'));
  return { only: only.length === 0 ? null : only, without: names(query.get('excludedAttributes')) };
}

function names(text: string | null): ScimPath[] {
  const all = (text ?? '').split(',').map((name) => name.trim());
  return all
    .filter((name) => name !== '')
    .slice(0, MAX_NAMES)
    .map(parsePath);
}

/** Whether an attribute of the core schema would be shown at all: what would not need not be made. */
export function shows({ only, without }: Projection, attribute: string): boolean {
  const names = (path: ScimPath): boolean =>
    path.schema === null && path.attribute.toLowerCase() === attribute.toLowerCase();
  return (only === null || only.some(names)) && !without.some((path) => names(path) && path.sub === null);
}

export function project(resource: JsonObject, { only, without }: Projection): JsonObject {
  let shown = resource as Record<string, Json>;
  if (only !== null) {
    shown = Object.fromEntries(ALWAYS.filter((key) => key in resource).map((key) => [key, resource[key] as Json]));
    for (const path of only) copy(resource, shown, path);
  }
  if (without.length > 0) {
    shown = structuredClone(shown);
    for (const path of without) remove(shown, path);
  }
  return shown;
}

function copy(from: JsonObject, into: Record<string, Json>, { schema, attribute, sub }: ScimPath): void {
  const outer = schema ?? attribute;
  const key = keyOf(from, outer);
  if (key === undefined) return;
  const inner = schema === null ? sub : attribute === '' ? null : attribute;
  const value = from[key] as Json;
  if (inner === null) {
    into[key] = value;
    return;
  }
  const part = (each: Json): Json => {
    const name = isObject(each) ? keyOf(each, inner) : undefined;
    return name === undefined || !isObject(each) ? {} : { [name]: each[name] as Json };
  };
  const before = into[key];
  if (Array.isArray(value)) into[key] = (value as readonly Json[]).map(part);
  else into[key] = { ...(isObject(before) ? before : {}), ...(part(value) as JsonObject) };
}

function remove(from: Record<string, Json>, { schema, attribute, sub }: ScimPath): void {
  const key = keyOf(from, schema ?? attribute);
  if (key === undefined || ALWAYS.includes(key)) return;
  const inner = schema === null ? sub : attribute === '' ? null : attribute;
  if (inner === null) {
    delete from[key];
    return;
  }
  for (const each of [from[key]].flat()) {
    const name = isObject(each) ? keyOf(each, inner) : undefined;
    if (name !== undefined) delete (each as Record<string, Json>)[name];
  }
}
