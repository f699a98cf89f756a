import { DatetimeValue, DurationValue } from './extensions/datetime.ts';
import { fail } from './failure.ts';
import { addLong, type Long, multiplyLong, negateLong, subtractLong } from './value/long.ts';
import { dataOf, type Env } from './value/store.ts';
import { CedarRecord, CedarSet, EntityRef, sameValue, typeName, type Value } from './value/values.ts';

/** Strict operators: every operand is evaluated, left to right, before they run. They throw `EvaluationFailure`. */
export type Unary = (value: Value, env: Env) => Value;
export type Binary = (left: Value, right: Value, env: Env) => Value;

export function asBool(value: Value): boolean {
  return typeof value === 'boolean' ? value : wrongType('bool', value);
}

export function asString(value: Value): string {
  return typeof value === 'string' ? value : wrongType('string', value);
}

export function asEntity(value: Value): EntityRef {
  return value instanceof EntityRef ? value : wrongType('entity', value);
}

export function asSet(value: Value): CedarSet {
  return value instanceof CedarSet ? value : wrongType('set', value);
}

export function asLong(value: Value): Long {
  return typeof value === 'number' || typeof value === 'bigint' ? value : wrongType('long', value);
}

export function wrongType(wanted: string, got: Value): never {
  return fail(`type error: expected ${wanted}, got ${typeName(got)}`);
}

const arithmetic =
  (compute: (a: Long, b: Long) => Long | null, what: string): Binary =>
  (left, right) =>
    compute(asLong(left), asLong(right)) ?? fail(`integer overflow in ${what}`);

/** `<` and `<=` order Longs, datetimes and durations, each among themselves. */
const ordering =
  (holds: (a: Long, b: Long) => boolean): Binary =>
  (left, right) => {
    if (left instanceof DatetimeValue) {
      return right instanceof DatetimeValue ? holds(left.epochMs, right.epochMs) : wrongType('datetime', right);
    }
    if (left instanceof DurationValue) {
      return right instanceof DurationValue ? holds(left.ms, right.ms) : wrongType('duration', right);
    }
    return holds(asLong(left), asLong(right));
  };

export const UNARY: Readonly<Record<string, Unary>> = {
  '!': (value) => !asBool(value),
  neg: (value) => negateLong(asLong(value)) ?? fail('integer overflow in negation'),
  isEmpty: (value) => asSet(value).size === 0,
};

export const BINARY: Readonly<Record<string, Binary>> = {
  '==': (left, right) => sameValue(left, right),
  '!=': (left, right) => !sameValue(left, right),
  '<': ordering((a, b) => a < b),
  '<=': ordering((a, b) => a <= b),
  '>': ordering((a, b) => a > b),
  '>=': ordering((a, b) => a >= b),
  '+': arithmetic(addLong, 'addition'),
  '-': arithmetic(subtractLong, 'subtraction'),
  '*': arithmetic(multiplyLong, 'multiplication'),
  in: isIn,
  contains: (left, right) => asSet(left).has(right),
  containsAll: (left, right) => asSet(left).hasAll(asSet(right)),
  containsAny: (left, right) => asSet(left).hasAny(asSet(right)),
  hasTag,
  getTag,
};

/** Operators that look entities up: never folded at compile time. */
export const READS_ENTITIES: ReadonlySet<string> = new Set(['in', 'hasTag', 'getTag', '.', 'has']);

function isIn(left: Value, right: Value, env: Env): boolean {
  const entity = asEntity(left);
  if (right instanceof EntityRef) return isEntityIn(entity, right, env);
  const set = asSet(right);
  for (const value of set.primitives) wrongType('entity', value);
  for (const value of set.others) wrongType('entity', value);
  if (set.entities.has(entity.key)) return true;
  const ancestors = dataOf(entity, env.entities)?.ancestors;
  if (ancestors === undefined) return false;
  for (const key of set.entities.keys()) if (ancestors.has(key)) return true;
  return false;
}

export function isEntityIn(entity: EntityRef, ancestor: EntityRef, env: Env): boolean {
  if (sameValue(entity, ancestor)) return true;
  return dataOf(entity, env.entities)?.ancestors.has(ancestor.key) === true;
}

function hasTag(left: Value, right: Value, env: Env): boolean {
  const entity = asEntity(left);
  const tag = asString(right);
  return dataOf(entity, env.entities)?.tags.get(tag) !== undefined;
}

function getTag(left: Value, right: Value, env: Env): Value {
  const entity = asEntity(left);
  const tag = asString(right);
  const data = dataOf(entity, env.entities) ?? fail(`entity ${entity} does not exist`);
  return data.tags.get(tag) ?? fail(`${entity} has no tag ${JSON.stringify(tag)}`);
}

export function getAttribute(name: string): Unary {
  return (value, env) => {
    if (value instanceof CedarRecord) return value.get(name) ?? fail(`record has no attribute ${JSON.stringify(name)}`);
    const entity = asEntity(value);
    const data = dataOf(entity, env.entities) ?? fail(`entity ${entity} does not exist`);
    return data.attributes.get(name) ?? fail(`${entity} has no attribute ${JSON.stringify(name)}`);
  };
}

export function hasAttribute(name: string): Unary {
  return (value, env) => {
    if (value instanceof CedarRecord) return value.get(name) !== undefined;
    return dataOf(asEntity(value), env.entities)?.attributes.get(name) !== undefined;
  };
}

export function isType(type: string): Unary {
  return (value) => asEntity(value).type === type;
}

/** A pattern as literal pieces with a wildcard between each two; a single piece has no wildcard. */
export function isLike(pieces: readonly string[]): Unary {
  return (value) => matches(asString(value), pieces);
}

/** Linear for anchors, greedy-leftmost for the middle pieces: no backtracking, whatever an agent sends. */
export function matches(text: string, pieces: readonly string[]): boolean {
  const first = pieces[0] as string;
  if (pieces.length === 1) return text === first;
  const last = pieces[pieces.length - 1] as string;
  if (text.length < first.length + last.length || !text.startsWith(first) || !text.endsWith(last)) return false;
  let from = first.length;
  const end = text.length - last.length;
  for (let i = 1; i < pieces.length - 1; i++) {
    const piece = pieces[i] as string;
    const at = text.indexOf(piece, from);
    if (at === -1 || at + piece.length > end) return false;
    from = at + piece.length;
  }
  return true;
}
