import type { DatetimeValue, DurationValue } from '../extensions/datetime.ts';
import type { DecimalValue } from '../extensions/decimal.ts';
import { isExtension, sameExtension } from '../extensions/equality.ts';
import type { IpValue } from '../extensions/ipaddr.ts';
import type { Long } from './long.ts';

/** A Cedar value. Booleans, Longs and strings are JavaScript's own; the rest are objects compared with `sameValue`. */
export type Primitive = boolean | Long | string;
export type ExtensionValue = DecimalValue | IpValue | DatetimeValue | DurationValue;
export type Value = Primitive | EntityRef | CedarSet | CedarRecord | ExtensionValue;

/** What the store knows about one entity. */
export interface EntityData {
  readonly attributes: CedarRecord;
  /** Keys (`entityKey`) of every ancestor, transitively. */
  readonly ancestors: ReadonlySet<string>;
  readonly tags: TagSource;
}

export interface TagSource {
  get(tag: string): Value | undefined;
}

export const NO_TAGS: TagSource = { get: () => undefined };

/** One string per entity. A type name cannot contain NUL, so the first NUL always separates. */
export function entityKey(type: string, id: string): string {
  return `${type}\u0000${id}`;
}

/** A reference to an entity, with its data when whoever built it had it at hand. */
export class EntityRef {
  readonly type: string;
  readonly id: string;
  /** `null`: known not to exist. `undefined`: ask the store. */
  readonly data: EntityData | null | undefined;
  private cachedKey: string | undefined;

  constructor(type: string, id: string, data?: EntityData | null) {
    this.type = type;
    this.id = id;
    this.data = data;
    this.cachedKey = undefined;
  }

  get key(): string {
    this.cachedKey ??= entityKey(this.type, this.id);
    return this.cachedKey;
  }

  toString(): string {
    return `${this.type}::${JSON.stringify(this.id)}`;
  }
}

/**
 * A record. Plain ones hold a Map; lazy ones compute a field when it is read, from a source that does not change,
 * so that a decision pays only for the facts its policies look at.
 */
export class CedarRecord {
  private readonly fields: ReadonlyMap<string, Value> | null;
  private readonly readers: FieldReaders | null;
  private readonly source: unknown;

  private constructor(fields: ReadonlyMap<string, Value> | null, readers: FieldReaders | null, source: unknown) {
    this.fields = fields;
    this.readers = readers;
    this.source = source;
  }

  static of(fields: ReadonlyMap<string, Value>): CedarRecord {
    return new CedarRecord(fields, null, null);
  }

  static lazy<S>(readers: ReadonlyMap<string, (source: S) => Value | undefined>, source: S): CedarRecord {
    return new CedarRecord(null, readers as FieldReaders, source);
  }

  get(name: string): Value | undefined {
    if (this.fields !== null) return this.fields.get(name);
    const reader = (this.readers as FieldReaders).get(name);
    return reader === undefined ? undefined : reader(this.source);
  }

  /** Every field, computed. */
  entries(): ReadonlyMap<string, Value> {
    if (this.fields !== null) return this.fields;
    const all = new Map<string, Value>();
    for (const name of (this.readers as FieldReaders).keys()) {
      const value = this.get(name);
      if (value !== undefined) all.set(name, value);
    }
    return all;
  }
}

type FieldReaders = ReadonlyMap<string, (source: unknown) => Value | undefined>;

export const EMPTY_RECORD = CedarRecord.of(new Map());

/** A set without duplicates, split by how its elements are found: by identity, by entity key, or by comparing. */
export class CedarSet {
  readonly primitives: ReadonlySet<Primitive>;
  readonly entities: ReadonlyMap<string, EntityRef>;
  readonly others: readonly Value[];

  private constructor(
    primitives: ReadonlySet<Primitive>,
    entities: ReadonlyMap<string, EntityRef>,
    others: readonly Value[],
  ) {
    this.primitives = primitives;
    this.entities = entities;
    this.others = others;
  }

  static of(values: Iterable<Value>): CedarSet {
    const primitives = new Set<Primitive>();
    const entities = new Map<string, EntityRef>();
    const others: Value[] = [];
    for (const value of values) {
      if (typeof value !== 'object') primitives.add(value);
      else if (value instanceof EntityRef) entities.set(value.key, value);
      else if (!others.some((other) => sameValue(other, value))) others.push(value);
    }
    return new CedarSet(primitives, entities, others);
  }

  /** Wraps an existing set of strings without copying it. */
  static ofStrings(strings: ReadonlySet<string>): CedarSet {
    return new CedarSet(strings, NO_ENTITIES, NO_VALUES);
  }

  get size(): number {
    return this.primitives.size + this.entities.size + this.others.length;
  }

  has(value: Value): boolean {
    if (typeof value !== 'object') return this.primitives.has(value);
    if (value instanceof EntityRef) return this.entities.has(value.key);
    return this.others.some((other) => sameValue(other, value));
  }

  hasAll(other: CedarSet): boolean {
    if (other.size > this.size) return false;
    for (const value of other.primitives) if (!this.primitives.has(value)) return false;
    for (const key of other.entities.keys()) if (!this.entities.has(key)) return false;
    return other.others.every((value) => this.has(value));
  }

  hasAny(other: CedarSet): boolean {
    for (const value of other.primitives) if (this.primitives.has(value)) return true;
    for (const key of other.entities.keys()) if (this.entities.has(key)) return true;
    return other.others.some((value) => this.has(value));
  }
}

const NO_ENTITIES: ReadonlyMap<string, EntityRef> = new Map();
const NO_VALUES: readonly Value[] = [];

/** Cedar's `==`: total; values of different types are unequal. */
export function sameValue(a: Value, b: Value): boolean {
  if (a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object') return false;
  if (a instanceof EntityRef) return b instanceof EntityRef && a.id === b.id && a.type === b.type;
  if (a instanceof CedarSet) return b instanceof CedarSet && a.size === b.size && a.hasAll(b);
  if (a instanceof CedarRecord) return b instanceof CedarRecord && sameRecord(a, b);
  return isExtension(b) && sameExtension(a, b);
}

function sameRecord(a: CedarRecord, b: CedarRecord): boolean {
  const left = a.entries();
  const right = b.entries();
  if (left.size !== right.size) return false;
  for (const [name, value] of left) {
    const other = right.get(name);
    if (other === undefined || !sameValue(value, other)) return false;
  }
  return true;
}

/** The type's name for messages. */
export function typeName(value: Value): string {
  if (typeof value === 'boolean') return 'bool';
  if (typeof value === 'string') return 'string';
  if (typeof value !== 'object') return 'long';
  if (value instanceof EntityRef) return `entity of type ${value.type}`;
  if (value instanceof CedarSet) return 'set';
  if (value instanceof CedarRecord) return 'record';
  return value.kind;
}
