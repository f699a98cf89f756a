import { isObject, type Json, type JsonObject } from '../../../model/json.ts';
import { ScimError } from './error.ts';
import { type Filter, matches, parseFilter } from './filter.ts';
import { ENTERPRISE_SCHEMA, keyOf, member, parsePath, type ScimPath } from './path.ts';

export const PATCH_SCHEMA = 'urn:ietf:params:scim:api:messages:2.0:PatchOp';

/** One thing to do, in one spelling, whatever the identity provider's dialect. */
export interface PatchOperation {
  readonly op: 'add' | 'replace' | 'remove';
  readonly path: ScimPath;
  /** `emails[type eq "work"]`; `null`: the attribute itself. */
  readonly filter: Filter | null;
  readonly value: Json | undefined;
}

const MAX_OPERATIONS = 1_000;
const VALUE_PATH = /^([^[\]]+)\[(.*)\](?:\.([A-Za-z$][\w$-]*))?$/s;

/**
 * The operations of a PATCH (RFC 7644 section 3.5.2), also as Okta and Microsoft Entra write them: `op` in any case, no path and an
 * object as value, whose names may be dotted or begin with a schema. ScimError.
 */
export function readOperations(body: Json): readonly PatchOperation[] {
  const operations = isObject(body) ? member(body, 'Operations') : undefined;
  if (!Array.isArray(operations) || operations.length === 0) {
    throw new ScimError(400, 'Operations must be a list with at least one operation', 'invalidSyntax');
  }
  if (operations.length > MAX_OPERATIONS) {
    throw new ScimError(413, `at most ${MAX_OPERATIONS} operations in one PATCH`);
  }
  return (operations as readonly Json[]).flatMap(readOperation);
}

function readOperation(operation: Json): readonly PatchOperation[] {
  if (!isObject(operation)) throw new ScimError(400, 'an operation must be an object', 'invalidSyntax');
  const written = member(operation, 'op');
  const op = typeof written === 'string' ? written.toLowerCase() : '';
  if (op !== 'add' && op !== 'replace' && op !== 'remove') {
    throw new ScimError(400, 'op must be add, replace or remove', 'invalidSyntax');
  }
  const path = member(operation, 'path');
  const value = member(operation, 'value');
  if (path !== undefined && path !== null && path !== '') {
    if (typeof path !== 'string' || path.length > 2_000) throw new ScimError(400, 'path must be a text', 'invalidPath');
    if (op !== 'remove' && value === undefined) throw new ScimError(400, `${op} needs a value`, 'invalidValue');
    return [{ op, ...readPath(path), value }];
  }
  if (op === 'remove') throw new ScimError(400, 'remove needs a path', 'noTarget');
  if (!isObject(value)) throw new ScimError(400, 'without a path the value must be an object', 'invalidValue');
  return Object.entries(value).flatMap(([name, each]) => spread(op, name, each as Json));
}

/** An extension given as an object is as many operations as it has members: those it does not name stay. */
function spread(op: 'add' | 'replace', name: string, value: Json): readonly PatchOperation[] {
  if (name.toLowerCase() === 'schemas') return [];
  const path = parsePath(name);
  if (path.schema !== null && path.attribute === '' && isObject(value)) {
    return Object.entries(value).map(([attribute, each]) => {
      return { op, path: parsePath(`${path.schema}:${attribute}`), filter: null, value: each as Json };
    });
  }
  return [{ op, path, filter: null, value }];
}

function readPath(text: string): Pick<PatchOperation, 'path' | 'filter'> {
  const match = VALUE_PATH.exec(text);
  if (match === null) return { path: parsePath(text), filter: null };
  const [, attribute, filter, sub] = match as unknown as [string, string, string, string | undefined];
  const path = parsePath(attribute);
  if (path.sub !== null) throw new ScimError(400, `"${text.slice(0, 200)}" names no attribute`, 'invalidPath');
  return { path: { ...path, sub: sub ?? null }, filter: parseFilter(filter) };
}

/** The resource after all operations, in order. The one given is not changed. */
export function applyPatch(resource: JsonObject, operations: readonly PatchOperation[]): JsonObject {
  const changed = structuredClone(resource) as Record<string, Json>;
  for (const operation of operations) applyOne(changed, operation);
  return changed;
}

type Open = Record<string, Json>;

function applyOne(resource: Open, operation: PatchOperation): void {
  const { schema, attribute } = operation.path;
  const place = schema === null ? resource : extension(resource, schema, operation.op !== 'remove');
  if (place === null) return;
  if (attribute === '') {
    if (operation.op === 'remove') delete resource[schema as string];
    else if (isObject(operation.value)) merge(place, operation.value);
    return;
  }
  const key = keyOf(place, attribute) ?? attribute;
  if (operation.filter !== null) return applyToElements(place, key, operation);
  if (operation.path.sub !== null) return applyToMember(place, key, operation);
  applyToAttribute(place, key, operation);
}

function extension(resource: Open, schema: string, make: boolean): Open | null {
  const key = keyOf(resource, schema) ?? schema;
  if (!isObject(resource[key])) {
    if (!make) return null;
    resource[key] = {};
  }
  return resource[key] as Open;
}

function applyToAttribute(place: Open, key: string, { op, path, value }: PatchOperation): void {
  const before = place[key];
  if (op === 'remove') {
    // Microsoft's form: the path names the list, the value names what goes from it.
    if (Array.isArray(before) && Array.isArray(value) && value.length > 0) place[key] = without(before, value);
    else delete place[key];
    return;
  }
  const after = shaped(path, value as Json);
  if (op === 'add' && Array.isArray(before)) place[key] = union(before, Array.isArray(after) ? after : [after]);
  else if (isObject(before) && isObject(after)) merge(before as Open, after);
  else if (after === null) delete place[key];
  else place[key] = after;
}

/** Microsoft sends a manager as a bare id. */
function shaped(path: ScimPath, value: Json): Json {
  const isManager = path.schema === ENTERPRISE_SCHEMA && path.attribute.toLowerCase() === 'manager';
  return isManager && typeof value === 'string' ? { value } : value;
}

function applyToMember(place: Open, key: string, { op, path, value }: PatchOperation): void {
  const sub = path.sub as string;
  if (Array.isArray(place[key])) {
    for (const each of place[key]) if (isObject(each)) setMember(each as Open, sub, op === 'remove' ? null : value);
    return;
  }
  if (!isObject(place[key])) {
    if (op === 'remove') return;
    place[key] = {};
  }
  setMember(place[key] as Open, sub, op === 'remove' ? null : value);
}

function setMember(object: Open, name: string, value: Json | undefined): void {
  const key = keyOf(object, name) ?? name;
  if (value === null || value === undefined) delete object[key];
  else object[key] = value;
}

function applyToElements(place: Open, key: string, { op, path, filter, value }: PatchOperation): void {
  const list = Array.isArray(place[key]) ? [...place[key]] : [];
  const hit = (each: Json): boolean => matches(filter as Filter, each, path.attribute);
  if (op === 'remove' && path.sub === null) {
    place[key] = list.filter((each) => !hit(each));
    return;
  }
  const found = list.filter(hit);
  if (found.length === 0) {
    if (op === 'remove') return;
    // Both providers mean "the one of this kind", whether there is one yet or not.
    const made: Open = elementOf(filter as Filter);
    list.push(made);
    found.push(made);
  }
  for (const each of found) {
    if (!isObject(each)) continue;
    if (path.sub !== null) setMember(each as Open, path.sub, op === 'remove' ? null : value);
    else if (isObject(value)) merge(each as Open, value);
    else throw new ScimError(400, 'the value must be an object', 'invalidValue');
  }
  place[key] = list;
}

/** What an element must be to satisfy a filter of plain equalities. ScimError `noTarget` for any other. */
function elementOf(filter: Filter): Open {
  if (filter.kind === 'and') return { ...elementOf(filter.left), ...elementOf(filter.right) };
  if (filter.kind === 'compare' && filter.op === 'eq' && filter.path.schema === null && filter.path.sub === null) {
    return { [filter.path.attribute]: filter.value };
  }
  throw new ScimError(400, 'nothing satisfies the filter of the path', 'noTarget');
}

function merge(into: Open, from: JsonObject): void {
  for (const [name, value] of Object.entries(from)) setMember(into, parsePath(name).attribute, value);
}

function identity(element: Json): Json {
  return isObject(element) ? (member(element, 'value') ?? JSON.stringify(element)) : element;
}

function without(list: readonly Json[], gone: readonly Json[]): Json[] {
  const ids = new Set(gone.map(identity));
  return list.filter((each) => !ids.has(identity(each)));
}

function union(list: readonly Json[], added: readonly Json[]): Json[] {
  const known = new Set(list.map(identity));
  return [...list, ...added.filter((each) => !known.has(identity(each)))];
}
