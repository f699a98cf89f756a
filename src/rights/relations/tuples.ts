import type { RelationTuple } from '../../ports/identity-stores.ts';
import { grown, Names } from './names.ts';

/** Where a tuple stands: the file of the configuration, the store, or both. It is there while it stands in one. */
export const FROM_FILE = 1;
export const FROM_STORE = 2;

const NONE = -1;
const MAX_WORDS = 65_535;

/**
 * All tuples, in columns of numbers: about 50 bytes a tuple with its part of the tables, and the names of objects beside. Found by
 * whole tuple, and listed by object and relation, single subjects apart from sets of them. Synchronous; one writer.
 */
export class Tuples {
  /** `document:1`, `user:alice`, `user:*`. */
  readonly names = new Names();
  #typeOf = new Uint16Array(128);
  /** Types and relations. 0 is no word. */
  readonly #words = new Map<string, number>();
  readonly #wordText: string[] = [''];

  #object = new Int32Array(64);
  #subject = new Int32Array(64);
  /** The relation in the upper half, that of the subject (0: a single one) in the lower. */
  #relations = new Uint32Array(64);
  #next = new Int32Array(64);
  #previous = new Int32Array(64);
  /** 0: free, and `next` leads to the next free one. */
  #origin = new Uint8Array(64);
  #used = 0;
  #free = NONE;
  #count = 0;
  /** Tuple + 1 by the whole tuple. At most half full. */
  #whole = new Int32Array(128);
  /** First tuple + 1 of a list, by object, relation and kind of subject. At most half full. */
  #heads = new Int32Array(128);
  #lists = 0;

  get count(): number {
    return this.#count;
  }

  /** Bytes held, names included. */
  get bytes(): number {
    const columns = [this.#object, this.#subject, this.#relations, this.#next, this.#previous, this.#origin];
    const tables = [this.#whole, this.#heads, this.#typeOf];
    return [...columns, ...tables].reduce((sum, array) => sum + array.byteLength, this.names.bytes);
  }

  /** The number of a type or relation; 0 when no tuple and no model has used it. */
  findWord(text: string): number {
    return this.#words.get(text) ?? 0;
  }

  word(text: string): number {
    const known = this.#words.get(text);
    if (known !== undefined) return known;
    if (this.#wordText.length > MAX_WORDS) throw new RangeError('too many different types and relations');
    this.#words.set(text, this.#wordText.length);
    return this.#wordText.push(text) - 1;
  }

  /** The type of a named object, as a word. */
  typeOf(name: number): number {
    return this.#typeOf[name]!;
  }

  /** Puts a tuple there, or notes that it stands there too. `false`: it did already. */
  add(tuple: RelationTuple, origin: number): boolean {
    const object = this.#name(tuple.object);
    const { subject, relation } = this.#subjectOf(tuple.subject);
    const relations = ((this.word(tuple.relation) << 16) | relation) >>> 0;
    const place = this.#placeOf(object, relations, subject);
    const known = this.#whole[place]! - 1;
    if (known === NONE) {
      this.#insert(place, { object, relations, subject, origin });
      return true;
    }
    const before = this.#origin[known]!;
    this.#origin[known] = before | origin;
    return (before & origin) === 0;
  }

  /** Takes a tuple away from there. `false`: it did not stand there. */
  remove(tuple: RelationTuple, origin: number): boolean {
    const found = this.#find(tuple);
    if (found === NONE || (this.#origin[found]! & origin) === 0) return false;
    this.#clear(found, origin);
    return true;
  }

  /** Makes exactly these stand there, whatever stood there before. */
  replace(tuples: Iterable<RelationTuple>, origin: number): void {
    const MARK = 128;
    for (const tuple of tuples) {
      this.add(tuple, origin);
      this.#origin[this.#find(tuple)]! |= MARK;
    }
    for (let tuple = 0; tuple < this.#used; tuple++) {
      const marked = (this.#origin[tuple]! & MARK) !== 0;
      this.#origin[tuple]! &= ~MARK;
      if (!marked && (this.#origin[tuple]! & origin) !== 0) this.#clear(tuple, origin);
    }
  }

  /** Whether the tuple is there; all numbers as `names` and `word` gave them. */
  has(object: number, relation: number, subject: { readonly name: number; readonly relation: number }): boolean {
    const relations = ((relation << 16) | subject.relation) >>> 0;
    return this.#whole[this.#placeOf(object, relations, subject.name)] !== 0;
  }

  /** First of the tuples of an object and relation whose subject is single (`sets` false) or a set (`group:eng#member`); -1: none. */
  first(object: number, relation: number, sets: boolean): number {
    return this.#heads[this.#headOf(object, relation, sets)]! - 1;
  }

  next(tuple: number): number {
    return this.#next[tuple]!;
  }

  /** The subject of a tuple that `first` or `next` gave. */
  subjectOf(tuple: number): number {
    return this.#subject[tuple]!;
  }

  subjectRelationOf(tuple: number): number {
    return this.#relations[tuple]! & 0xffff;
  }

  /** Every tuple from a position on, with the position after it and where it stands. */
  *from(
    position: number,
  ): Generator<{ readonly tuple: RelationTuple; readonly origin: number; readonly next: number }> {
    for (let tuple = Math.max(0, position); tuple < this.#used; tuple++) {
      const origin = this.#origin[tuple]!;
      if (origin !== 0) yield { tuple: this.#read(tuple), origin, next: tuple + 1 };
    }
  }

  #read(tuple: number): RelationTuple {
    const relations = this.#relations[tuple]!;
    const subject = this.names.text(this.#subject[tuple]!);
    const set = relations & 0xffff;
    return {
      object: this.names.text(this.#object[tuple]!),
      relation: this.#wordText[relations >>> 16]!,
      subject: set === 0 ? subject : `${subject}#${this.#wordText[set]}`,
    };
  }

  #name(text: string): number {
    const before = this.names.size;
    const name = this.names.intern(text);
    if (name === before) {
      if (name >= this.#typeOf.length) this.#typeOf = grown(this.#typeOf, name + 1);
      this.#typeOf[name] = this.word(text.slice(0, Math.max(0, text.indexOf(':'))));
    }
    return name;
  }

  #subjectOf(text: string): { subject: number; relation: number } {
    const hash = text.indexOf('#');
    if (hash === -1) return { subject: this.#name(text), relation: 0 };
    return { subject: this.#name(text.slice(0, hash)), relation: this.word(text.slice(hash + 1)) };
  }

  #find(tuple: RelationTuple): number {
    const hash = tuple.subject.indexOf('#');
    const object = this.names.find(tuple.object);
    const subject = this.names.find(hash === -1 ? tuple.subject : tuple.subject.slice(0, hash));
    const relation = this.findWord(tuple.relation);
    const set = hash === -1 ? 0 : this.findWord(tuple.subject.slice(hash + 1));
    if (object === NONE || subject === NONE || relation === 0 || (hash !== -1 && set === 0)) return NONE;
    return this.#whole[this.#placeOf(object, ((relation << 16) | set) >>> 0, subject)]! - 1;
  }

  #insert(place: number, row: { object: number; relations: number; subject: number; origin: number }): void {
    const tuple = this.#take();
    this.#object[tuple] = row.object;
    this.#subject[tuple] = row.subject;
    this.#relations[tuple] = row.relations;
    this.#origin[tuple] = row.origin;
    this.#whole[place] = tuple + 1;
    const head = this.#headOf(row.object, row.relations >>> 16, (row.relations & 0xffff) !== 0);
    const first = this.#heads[head]! - 1;
    if (first === NONE) this.#lists++;
    else this.#previous[first] = tuple;
    this.#next[tuple] = first;
    this.#previous[tuple] = NONE;
    this.#heads[head] = tuple + 1;
    this.#count++;
    if (this.#count * 2 > this.#whole.length) this.#growWhole();
    if (this.#lists * 2 > this.#heads.length) this.#growHeads();
  }

  #take(): number {
    if (this.#free !== NONE) {
      const tuple = this.#free;
      this.#free = this.#next[tuple]!;
      return tuple;
    }
    const tuple = this.#used++;
    if (tuple === this.#object.length) {
      this.#object = grown(this.#object, tuple + 1);
      this.#subject = grown(this.#subject, tuple + 1);
      this.#relations = grown(this.#relations, tuple + 1);
      this.#next = grown(this.#next, tuple + 1);
      this.#previous = grown(this.#previous, tuple + 1);
      this.#origin = grown(this.#origin, tuple + 1);
    }
    return tuple;
  }

  #clear(tuple: number, origin: number): void {
    this.#origin[tuple]! &= ~origin;
    if (this.#origin[tuple] !== 0) return;
    const relations = this.#relations[tuple]!;
    vacate(this.#whole, this.#placeOf(this.#object[tuple]!, relations, this.#subject[tuple]!), (other) =>
      this.#hashOf(other),
    );
    const next = this.#next[tuple]!;
    const previous = this.#previous[tuple]!;
    if (next !== NONE) this.#previous[next] = previous;
    if (previous === NONE) this.#setHead(tuple, next);
    else this.#next[previous] = next;
    this.#next[tuple] = this.#free;
    this.#free = tuple;
    this.#count--;
  }

  /** The list that began with `tuple` begins with `next` from now on, or ends. */
  #setHead(tuple: number, next: number): void {
    const relations = this.#relations[tuple]!;
    const head = this.#headOf(this.#object[tuple]!, relations >>> 16, (relations & 0xffff) !== 0);
    if (next !== NONE) {
      this.#heads[head] = next + 1;
      return;
    }
    vacate(this.#heads, head, (other) => this.#listHash(other));
    this.#lists--;
  }

  #hashOf(tuple: number): number {
    return mix(mix(this.#object[tuple]!, this.#relations[tuple]!), this.#subject[tuple]!);
  }

  #listHash(tuple: number): number {
    const relations = this.#relations[tuple]!;
    return mix(this.#object[tuple]!, ((relations >>> 16) << 1) | ((relations & 0xffff) === 0 ? 0 : 1));
  }

  #placeOf(object: number, relations: number, subject: number): number {
    const mask = this.#whole.length - 1;
    let place = mix(mix(object, relations), subject) & mask;
    for (;;) {
      const tuple = this.#whole[place]! - 1;
      if (tuple === NONE) return place;
      const same = this.#object[tuple] === object && this.#subject[tuple] === subject;
      if (same && this.#relations[tuple] === relations) return place;
      place = (place + 1) & mask;
    }
  }

  #headOf(object: number, relation: number, sets: boolean): number {
    const mask = this.#heads.length - 1;
    let place = mix(object, (relation << 1) | (sets ? 1 : 0)) & mask;
    for (;;) {
      const tuple = this.#heads[place]! - 1;
      if (tuple === NONE) return place;
      const relations = this.#relations[tuple]!;
      const same = this.#object[tuple] === object && relations >>> 16 === relation;
      if (same && ((relations & 0xffff) !== 0) === sets) return place;
      place = (place + 1) & mask;
    }
  }

  #growWhole(): void {
    this.#whole = rehashed(this.#whole, (tuple) => this.#hashOf(tuple));
  }

  #growHeads(): void {
    this.#heads = rehashed(this.#heads, (tuple) => this.#listHash(tuple));
  }
}

/** A number of 32 bits that depends on every bit of both. */
function mix(a: number, b: number): number {
  let hash = Math.imul(a ^ 0x9e3779b9, 0x85ebca6b);
  hash ^= hash >>> 15;
  hash = Math.imul(hash ^ b, 0xc2b2ae35);
  hash ^= hash >>> 13;
  return (Math.imul(hash, 0x27d4eb2f) ^ (hash >>> 16)) >>> 0;
}

function rehashed(table: Int32Array<ArrayBuffer>, hashOf: (tuple: number) => number): Int32Array<ArrayBuffer> {
  const larger = new Int32Array(table.length * 2);
  const mask = larger.length - 1;
  for (const entry of table) {
    if (entry === 0) continue;
    let place = hashOf(entry - 1) & mask;
    while (larger[place] !== 0) place = (place + 1) & mask;
    larger[place] = entry;
  }
  return larger;
}

/** Frees a place of an open-addressed table and moves up what had to step aside for it, so that no tombstones gather. */
function vacate(table: Int32Array, place: number, hashOf: (tuple: number) => number): void {
  const mask = table.length - 1;
  let hole = place;
  for (let at = (hole + 1) & mask; table[at] !== 0; at = (at + 1) & mask) {
    const home = hashOf(table[at]! - 1) & mask;
    if (((at - home) & mask) < ((at - hole) & mask)) continue;
    table[hole] = table[at]!;
    hole = at;
  }
  table[hole] = 0;
}
