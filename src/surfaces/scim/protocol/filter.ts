import { isObject, type Json } from '../../../model/json.ts';
import { ScimError } from './error.ts';
import { member, parsePath, type ScimPath } from './path.ts';

/** RFC 7644 section 3.4.2.2, whole. A filter is read into this tree and never into anything that runs by itself. */
export type Filter =
  | { readonly kind: 'compare'; readonly path: ScimPath; readonly op: CompareOp; readonly value: Json }
  | { readonly kind: 'present'; readonly path: ScimPath }
  | { readonly kind: 'some'; readonly path: ScimPath; readonly filter: Filter }
  | { readonly kind: 'and' | 'or'; readonly left: Filter; readonly right: Filter }
  | { readonly kind: 'not'; readonly filter: Filter };

const OPS = ['eq', 'ne', 'co', 'sw', 'ew', 'gt', 'ge', 'lt', 'le'] as const;
export type CompareOp = (typeof OPS)[number];

const MAX_LENGTH = 2_000;
const MAX_DEPTH = 16;
const TOKEN =
  /\s*(?:([()[\]])|("(?:[^"\\\u0000-\u001f]|\\.)*")|(-?\d+(?:\.\d+)?(?![\w:.$-]))|([A-Za-z$][\w:.$-]*)|(\.[A-Za-z$][\w$-]*))/y;
/** Compared exactly (RFC 7643: `caseExact`); everything else without case. */
const EXACT = new Set(['id', 'externalid', 'value', '$ref', 'meta.version', 'meta.location']);
/** Where `value` is an address, not an id. */
const FOLDED_VALUES = new Set(['emails', 'phonenumbers', 'ims', 'photos', 'roles', 'entitlements']);

/** ScimError `invalidFilter`. */
export function parseFilter(text: string): Filter {
  if (text.length > MAX_LENGTH) throw refused(`longer than ${MAX_LENGTH} characters`);
  const parser = new Parser(tokens(text));
  const filter = parser.either(0);
  parser.end();
  return filter;
}

function tokens(text: string): readonly string[] {
  const found: string[] = [];
  const pattern = new RegExp(TOKEN);
  const trimmed = text.trimEnd();
  while (pattern.lastIndex < trimmed.length) {
    const at = pattern.lastIndex;
    const match = pattern.exec(trimmed);
    if (match === null) throw refused(`nothing readable at character ${at + 1}`);
    found.push(match[0].trim());
  }
  return found;
}

/** One function per level of precedence: or, and, not, one expression. */
class Parser {
  readonly #tokens: readonly string[];
  #at = 0;

  constructor(all: readonly string[]) {
    this.#tokens = all;
  }

  either(depth: number): Filter {
    let left = this.#both(depth);
    while (this.#takes('or')) left = { kind: 'or', left, right: this.#both(depth) };
    return left;
  }

  end(): void {
    if (this.#at < this.#tokens.length) throw refused(`"${this.#tokens[this.#at]}" is unexpected`);
  }

  #both(depth: number): Filter {
    let left = this.#one(depth);
    while (this.#takes('and')) left = { kind: 'and', left, right: this.#one(depth) };
    return left;
  }

  #one(depth: number): Filter {
    if (depth > MAX_DEPTH) throw refused(`nested deeper than ${MAX_DEPTH}`);
    if (this.#peek()?.toLowerCase() === 'not' && this.#tokens[this.#at + 1] === '(') {
      this.#at++;
      return { kind: 'not', filter: this.#one(depth + 1) };
    }
    if (this.#takes('(')) {
      const inner = this.either(depth + 1);
      this.#needs(')');
      return inner;
    }
    return this.#attribute(depth);
  }

  #attribute(depth: number): Filter {
    const name = this.#next();
    if (!/^[A-Za-z$]/.test(name)) throw refused(`"${name}" is no attribute`);
    const path = parsePath(name);
    if (this.#takes('[')) {
      const filter = this.either(depth + 1);
      this.#needs(']');
      const sub = /^\.(.+)$/.exec(this.#peek() ?? '')?.[1];
      if (sub === undefined) return { kind: 'some', path, filter };
      // Not of the grammar, but what Microsoft Entra asks: emails[type eq "work"].value eq "…".
      this.#at++;
      return { kind: 'some', path, filter: { kind: 'and', left: filter, right: this.#comparison(parsePath(sub)) } };
    }
    return this.#comparison(path);
  }

  #comparison(path: ScimPath): Filter {
    const op = this.#next().toLowerCase();
    if (op === 'pr') return { kind: 'present', path };
    if (!(OPS as readonly string[]).includes(op)) throw refused(`"${op}" is no operator`);
    return { kind: 'compare', path, op: op as CompareOp, value: this.#value() };
  }

  #value(): Json {
    const token = this.#next();
    const word = token.toLowerCase();
    if (word === 'true' || word === 'false') return word === 'true';
    if (word === 'null') return null;
    if (!/^["-]|^\d/.test(token)) throw refused(`${token} must be in quotation marks`);
    try {
      return JSON.parse(token) as Json;
    } catch {
      throw refused(`${token} is no value`);
    }
  }

  #peek(): string | undefined {
    return this.#tokens[this.#at];
  }

  #next(): string {
    const token = this.#tokens[this.#at++];
    if (token === undefined) throw refused('it ends too early');
    return token;
  }

  #takes(word: string): boolean {
    if (this.#peek()?.toLowerCase() !== word) return false;
    this.#at++;
    return true;
  }

  #needs(word: string): void {
    if (!this.#takes(word)) throw refused(`"${word}" is missing`);
  }
}

/** Whether a resource, or an element of one of its lists, satisfies a filter. `list`: the attribute whose elements are looked at. */
export function matches(filter: Filter, resource: Json, list = ''): boolean {
  switch (filter.kind) {
    case 'and':
      return matches(filter.left, resource, list) && matches(filter.right, resource, list);
    case 'or':
      return matches(filter.left, resource, list) || matches(filter.right, resource, list);
    case 'not':
      return !matches(filter.filter, resource, list);
    case 'present':
      return valuesAt(resource, filter.path).some(isPresent);
    case 'some':
      return valuesAt(resource, filter.path).some((each) => matches(filter.filter, each, filter.path.attribute));
    case 'compare':
      return comparesAny(filter, resource, list);
  }
}

/** The value an `eq` at the top asks for, so that an index can answer; `null`: no such thing. */
export function asksFor(filter: Filter, attribute: string): string | null {
  if (filter.kind === 'and') return asksFor(filter.left, attribute) ?? asksFor(filter.right, attribute);
  if (filter.kind !== 'compare' || filter.op !== 'eq' || typeof filter.value !== 'string') return null;
  const { schema, attribute: name, sub } = filter.path;
  return schema === null && sub === null && name.toLowerCase() === attribute.toLowerCase() ? filter.value : null;
}

function comparesAny(filter: Filter & { readonly kind: 'compare' }, resource: Json, list: string): boolean {
  const { path, op, value } = filter;
  const found = valuesAt(resource, path);
  // Compared without naming a member, an object is its value.
  const values = found.map((each) => (isObject(each) ? (member(each, 'value') ?? null) : each));
  // An attribute without a value is unequal to everything but null.
  if (values.length === 0) return op === 'ne' ? value !== null : op === 'eq' && value === null;
  const exact = isExact(found.some(isObject) ? { ...path, sub: path.sub ?? 'value' } : path, list);
  if (op === 'ne') return values.every((each) => !compare('eq', fold(each, exact), fold(value, exact)));
  return values.some((each) => compare(op, fold(each, exact), fold(value, exact)));
}

function isExact({ attribute, sub }: ScimPath, list: string): boolean {
  const name = [attribute, sub].filter((part) => part !== null).join('.');
  const parent = sub === null ? list : attribute;
  if (/(^|\.)value$/i.test(name)) return !FOLDED_VALUES.has(parent.toLowerCase());
  return EXACT.has(name.toLowerCase());
}

function fold(value: Json, exact: boolean): Json {
  return typeof value === 'string' && !exact ? value.normalize('NFKC').toLowerCase() : value;
}

function compare(op: CompareOp, a: Json, b: Json): boolean {
  if (op === 'eq') return a === b;
  if (typeof a === 'string' && typeof b === 'string') {
    if (op === 'co') return a.includes(b);
    if (op === 'sw') return a.startsWith(b);
    if (op === 'ew') return a.endsWith(b);
    return ordered(op, a < b ? -1 : a > b ? 1 : 0);
  }
  return typeof a === 'number' && typeof b === 'number' && ordered(op, a - b);
}

function ordered(op: CompareOp, sign: number): boolean {
  if (op === 'gt') return sign > 0;
  if (op === 'ge') return sign >= 0;
  return op === 'lt' ? sign < 0 : op === 'le' && sign <= 0;
}

/** Lists are looked into: a path names each of their elements. */
function valuesAt(resource: Json, path: ScimPath): readonly Json[] {
  let found: Json[] = [resource];
  for (const name of [path.schema, path.attribute, path.sub]) {
    if (name === null || name === '') continue;
    found = found.flatMap((each) => {
      const value = isObject(each) ? member(each, name) : undefined;
      return value === undefined || value === null ? [] : Array.isArray(value) ? (value as Json[]) : [value];
    });
  }
  return found;
}

function isPresent(value: Json): boolean {
  if (isObject(value)) return Object.values(value).some((each) => each !== null && each !== undefined && each !== '');
  return value !== null && value !== '';
}

function refused(why: string): ScimError {
  return new ScimError(400, `the filter is not readable: ${why}`, 'invalidFilter');
}
