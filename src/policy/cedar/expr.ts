import { isObject, type Json, type JsonObject } from '../../model/json.ts';
import { BINARY_CALLS, UNARY_CALLS } from './extensions/calls.ts';
import { EvaluationFailure, fail } from './failure.ts';
import {
  BINARY,
  type Binary,
  getAttribute,
  hasAttribute,
  isLike,
  isType,
  READS_ENTITIES,
  UNARY,
  type Unary,
} from './operators.ts';
import { EMPTY_STORE, type Env } from './value/store.ts';
import { CedarRecord, CedarSet, EMPTY_RECORD, EntityRef, type Value } from './value/values.ts';

/**
 * A condition in the few shapes the evaluators know. Only `and`, `or` and `if` are lazy; every other operator is strict:
 * its operands are evaluated first, left to right. `name` carries what the strict function does, for specialising.
 */
export type Expr =
  | { readonly kind: 'literal'; readonly value: Value }
  | { readonly kind: 'var'; readonly name: VarName }
  | { readonly kind: 'and'; readonly left: Expr; readonly right: Expr }
  | { readonly kind: 'or'; readonly left: Expr; readonly right: Expr }
  | { readonly kind: 'if'; readonly test: Expr; readonly whenTrue: Expr; readonly whenFalse: Expr }
  | {
      readonly kind: 'unary';
      readonly name: string;
      readonly detail: string;
      readonly apply: Unary;
      readonly arg: Expr;
    }
  | {
      readonly kind: 'binary';
      readonly name: string;
      readonly apply: Binary;
      readonly left: Expr;
      readonly right: Expr;
    }
  | { readonly kind: 'collect'; readonly apply: (values: readonly Value[]) => Value; readonly items: readonly Expr[] };

export type VarName = 'principal' | 'action' | 'resource' | 'context';

/** A construct this evaluator does not know: the policy is refused when it is loaded, never skipped. */
export class UnsupportedPolicy extends Error {
  constructor(what: string) {
    super(what);
    this.name = 'UnsupportedPolicy';
  }
}

export interface ReadOptions {
  /**
   * Cedar's JSON form carries Longs as JavaScript numbers, which lose digits beyond 2^53. The publisher therefore replaces such
   * literals by strings before parsing; this turns one back, or returns undefined for an ordinary string.
   */
  readonly markedLong: (text: string) => bigint | undefined;
}

const VARS: ReadonlySet<string> = new Set(['principal', 'action', 'resource', 'context']);

/** Reads one expression of Cedar's JSON policy format ("EST"). Throws `UnsupportedPolicy`. */
export function readExpr(json: Json | undefined, options: ReadOptions): Expr {
  if (!isObject(json)) throw new UnsupportedPolicy('malformed expression');
  const keys = Object.keys(json);
  if (keys.length !== 1) throw new UnsupportedPolicy('malformed expression');
  const op = keys[0] as string;
  const body = json[op] as Json;
  const read = (member: Json | undefined): Expr => readExpr(member, options);
  if (op === 'Value') return literal(readValue(body, options));
  if (op === 'Var') {
    if (typeof body !== 'string' || !VARS.has(body))
      throw new UnsupportedPolicy(`unknown variable ${JSON.stringify(body)}`);
    return { kind: 'var', name: body as VarName };
  }
  if (op === 'Slot')
    throw new UnsupportedPolicy('templates are not supported: write one policy per principal or resource');
  if (Array.isArray(body)) return op === 'Set' ? setOf(body.map(read)) : callOf(op, body.map(read));
  if (!isObject(body)) throw new UnsupportedPolicy(`unsupported expression "${op}"`);
  if (op === 'Record') return recordOf(body, read);
  return readOperator(op, body, read);
}

function readOperator(op: string, body: JsonObject, read: (member: Json | undefined) => Expr): Expr {
  if (op === '&&') return { kind: 'and', left: read(body.left), right: read(body.right) };
  if (op === '||') return { kind: 'or', left: read(body.left), right: read(body.right) };
  if (op === 'if-then-else') {
    return { kind: 'if', test: read(body.if), whenTrue: read(body.then), whenFalse: read(body.else) };
  }
  if (op === '.') return unary('.', text(body.attr), getAttribute(text(body.attr)), read(body.left));
  if (op === 'has') return readHas(body, read);
  if (op === 'like') return unary('like', '', isLike(readPattern(body.pattern)), read(body.left));
  if (op === 'is') return readIs(body, read);
  if (Object.hasOwn(UNARY, op)) return unary(op, '', UNARY[op] as Unary, read(body.arg));
  if (Object.hasOwn(BINARY, op)) return binary(op, BINARY[op] as Binary, read(body.left), read(body.right));
  throw new UnsupportedPolicy(`unsupported expression "${op}"`);
}

/** `e has a.b.c` is `e has a && e.a has b && e.a.b has c`. */
function readHas(body: JsonObject, read: (member: Json | undefined) => Expr): Expr {
  const path = Array.isArray(body.attr) ? body.attr.map(text) : [text(body.attr)];
  let base = read(body.left);
  let all: Expr | null = null;
  for (const name of path) {
    const test = unary('has', name, hasAttribute(name), base);
    all = all === null ? test : { kind: 'and', left: all, right: test };
    base = unary('.', name, getAttribute(name), base);
  }
  if (all === null) throw new UnsupportedPolicy('"has" without an attribute');
  return all;
}

function readIs(body: JsonObject, read: (member: Json | undefined) => Expr): Expr {
  const subject = read(body.left);
  const type = text(body.entity_type);
  const test = unary('is', type, isType(type), subject);
  if (body.in === undefined) return test;
  return { kind: 'and', left: test, right: binary('in', BINARY.in as Binary, subject, read(body.in)) };
}

/** Pieces between wildcards, see `isLike`. */
function readPattern(json: Json | undefined): string[] {
  if (!Array.isArray(json)) throw new UnsupportedPolicy('malformed pattern');
  const pieces = [''];
  for (const part of json as readonly Json[]) {
    if (part === 'Wildcard') pieces.push('');
    else if (isObject(part) && typeof part.Literal === 'string') pieces[pieces.length - 1] += part.Literal;
    else throw new UnsupportedPolicy('malformed pattern');
  }
  return pieces;
}

function callOf(name: string, args: readonly Expr[]): Expr {
  const [first, second] = args;
  if (args.length === 1 && first !== undefined && Object.hasOwn(UNARY_CALLS, name)) {
    return unary(name, '', UNARY_CALLS[name] as Unary, first);
  }
  if (args.length === 2 && first !== undefined && second !== undefined && Object.hasOwn(BINARY_CALLS, name)) {
    return binary(name, BINARY_CALLS[name] as Binary, first, second);
  }
  if (!Object.hasOwn(UNARY_CALLS, name) && !Object.hasOwn(BINARY_CALLS, name)) {
    throw new UnsupportedPolicy(`unsupported function "${name}"`);
  }
  // Parsed but never valid: the arguments are evaluated, then the call fails.
  return { kind: 'collect', apply: () => fail(`wrong number of arguments to "${name}"`), items: args };
}

function recordOf(body: JsonObject, read: (member: Json | undefined) => Expr): Expr {
  const names = Object.keys(body);
  const items = names.map((name) => read(body[name]));
  return collect((values) => CedarRecord.of(new Map(names.map((name, i) => [name, values[i] as Value]))), items);
}

function setOf(items: readonly Expr[]): Expr {
  return collect((values) => CedarSet.of(values), items);
}

function collect(apply: (values: readonly Value[]) => Value, items: readonly Expr[]): Expr {
  const values = items.map((item) => (item.kind === 'literal' ? item.value : undefined));
  if (values.every((value) => value !== undefined)) return literal(apply(values as Value[]));
  return { kind: 'collect', apply, items };
}

export function literal(value: Value): Expr {
  return { kind: 'literal', value };
}

function unary(name: string, detail: string, apply: Unary, arg: Expr): Expr {
  const expr: Expr = { kind: 'unary', name, detail, apply, arg };
  if (arg.kind !== 'literal' || (READS_ENTITIES.has(name) && arg.value instanceof EntityRef)) return expr;
  return folded(() => apply(arg.value, NOWHERE)) ?? expr;
}

function binary(name: string, apply: Binary, left: Expr, right: Expr): Expr {
  const expr: Expr = { kind: 'binary', name, apply, left, right };
  if (left.kind !== 'literal' || right.kind !== 'literal' || READS_ENTITIES.has(name)) return expr;
  return folded(() => apply(left.value, right.value, NOWHERE)) ?? expr;
}

/** Constants are computed once, at load. One that fails stays as it is: it must fail each time it is reached, and only then. */
function folded(compute: () => Value): Expr | null {
  try {
    return literal(compute());
  } catch (failure) {
    if (failure instanceof EvaluationFailure) return null;
    throw failure;
  }
}

const NOBODY = new EntityRef('', '', null);
const NOWHERE: Env = {
  principal: NOBODY,
  action: NOBODY,
  resource: NOBODY,
  context: EMPTY_RECORD,
  entities: EMPTY_STORE,
};

/** A literal: what policy text can hold, which is booleans, Longs, strings and entities. */
function readValue(json: Json, options: ReadOptions): Value {
  if (typeof json === 'boolean') return json;
  if (typeof json === 'string') {
    // 2^63 itself can only stand under a minus (the parser saw to that), where negation is folded at once.
    return options.markedLong(json) ?? json;
  }
  if (typeof json === 'number' && Number.isSafeInteger(json)) return json;
  if (isObject(json)) return readEntity(json);
  throw new UnsupportedPolicy(`unsupported literal ${JSON.stringify(json)}`);
}

/** `{type, id}` or `{__entity: {type, id}}`. */
export function readEntity(json: Json | undefined): EntityRef {
  const inner = isObject(json) && isObject(json.__entity) ? json.__entity : json;
  if (!isObject(inner) || typeof inner.type !== 'string' || typeof inner.id !== 'string') {
    throw new UnsupportedPolicy('malformed entity reference');
  }
  return new EntityRef(inner.type, inner.id);
}

function text(json: Json | undefined): string {
  if (typeof json !== 'string') throw new UnsupportedPolicy('malformed expression');
  return json;
}
