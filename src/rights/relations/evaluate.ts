import type { Plan, PlanNode, Way } from './plan.ts';
import type { Tuples } from './tuples.ts';

/** Bounds of one question. */
export interface Bounds {
  /** Tuples in a row from the object to the subject. */
  readonly depth: number;
  /** Tuples and ways looked at in all. */
  readonly steps: number;
}

/** In the numbers of the tuples. What no tuple names has a number of its own that no tuple holds. */
export interface Asked {
  readonly object: Named;
  readonly relation: number;
  readonly subject: Named & {
    /** `member` of `group:eng#member`; 0 for a single subject. */
    readonly relation: number;
    /** `user:*`, the subject itself. */
    readonly everyone: boolean;
  };
  /** The number of `type:*` of the subject's type. */
  readonly wildcard: number;
  /** `object * 65536 + relation` the subject has by word of whoever asks, beside the tuples. */
  readonly given: ReadonlySet<number>;
}

export interface Named {
  readonly name: number;
  readonly type: number;
}

/** The question leads further, or to more, than the bounds allow: it has no answer. */
export class Unbounded extends Error {}

/**
 * What a part of a question came to: TRUE; UNKNOWN, beyond the depth or inside out (a `but not` that depends on itself); NO, exactly;
 * or, below NO, no as far as the open question at that place of the stack is also a no.
 */
type Found = number;
const TRUE = -1;
const UNKNOWN = -2;
const NO = 0x7fffffff;
const FEW = 16;

/**
 * Answers one question after the other; synchronous, holds no state between them but its room to work in. Unions are a search for the
 * subject that visits each relation of each object once; intersections and exclusions are questions of their own inside it. A ring
 * of tuples gives nobody anything: what follows only from itself does not hold (the least fixed point).
 */
export class Evaluator {
  readonly #tuples: Tuples;
  readonly #plan: Plan;
  readonly #bounds: Bounds;
  #asked!: Asked;
  #steps = 0;
  /** To look at: object, node and depth, three numbers each. Regions of nested searches lie one on the other. */
  readonly #work: number[] = [];
  /** Intersections and exclusions under way, object and id, outermost first. */
  readonly #open: number[] = [];
  /** Those that were answered exactly, by object and id. */
  readonly #known = new Map<number, boolean>();

  constructor(tuples: Tuples, plan: Plan, bounds: Bounds) {
    this.#tuples = tuples;
    this.#plan = plan;
    this.#bounds = bounds;
  }

  /** Throws Unbounded when the bounds do not let it be answered. */
  holds(asked: Asked): boolean {
    const node = this.#plan.node(asked.object.type, asked.relation);
    if (node === undefined) return false;
    this.#asked = asked;
    this.#steps = 0;
    this.#work.length = 0;
    this.#open.length = 0;
    if (this.#known.size > 0) this.#known.clear();
    const { object, relation, subject } = asked;
    // Everybody in a set is in that set.
    if (subject.relation === relation && subject.name === object.name) return true;
    const found = this.#search(node.ways, object.name, 0);
    if (found === UNKNOWN)
      throw new Unbounded(`more than ${this.#bounds.depth} relations in a row, or a ring through "but not"`);
    return found === TRUE;
  }

  /** Whether one of the ways leads from the object to the subject: breadth first, so that the nearest way counts its depth. */
  #search(ways: readonly Way[], object: number, depth: number): Found {
    const work = this.#work;
    const bottom = work.length;
    const seen = new Seen(work, bottom);
    let found = this.#look(ways, { object, depth, seen });
    for (let at = bottom; found !== TRUE && at < work.length; at += 3) {
      const node = this.#plan.nodes[work[at + 1]!]!;
      found = either(found, this.#look(node.ways, { object: work[at]!, depth: work[at + 2]!, seen }));
    }
    work.length = bottom;
    return found;
  }

  #look(ways: readonly Way[], from: From): Found {
    let found: Found = NO;
    for (const way of ways) {
      this.#step();
      found = either(found, this.#follow(way, from));
      if (found === TRUE) return TRUE;
    }
    return found;
  }

  #follow(way: Way, from: From): Found {
    switch (way.kind) {
      case 'direct':
        return this.#direct(way, from);
      case 'computed':
        return this.#reach(from.object, way.relation, from, 0);
      case 'from':
        return this.#parents(way, from);
      default:
        return this.#nested(way, from);
    }
  }

  #direct({ relation, allowed }: Way & { kind: 'direct' }, from: From): Found {
    const { subject, wildcard, given } = this.#asked;
    const { object } = from;
    const tuples = this.#tuples;
    if (subject.relation !== 0) {
      const fits = allowed.sets.get(subject.type)?.has(subject.relation) === true;
      if (fits && tuples.has(object, relation, subject)) return TRUE;
    } else if (subject.everyone) {
      if (allowed.everyone.has(subject.type) && tuples.has(object, relation, subject)) return TRUE;
    } else {
      if (allowed.single.has(subject.type)) {
        if (tuples.has(object, relation, subject)) return TRUE;
        if (given.size > 0 && given.has(object * 65_536 + relation)) return TRUE;
      }
      if (allowed.everyone.has(subject.type) && tuples.has(object, relation, { name: wildcard, relation: 0 }))
        return TRUE;
    }
    if (allowed.sets.size === 0) return NO;
    let found: Found = NO;
    for (let tuple = tuples.first(object, relation, true); tuple !== -1; tuple = tuples.next(tuple)) {
      this.#step();
      const group = tuples.subjectOf(tuple);
      const set = tuples.subjectRelationOf(tuple);
      if (allowed.sets.get(this.#typeOf(group))?.has(set) !== true) continue;
      found = either(found, this.#reach(group, set, from, 1));
      if (found === TRUE) return TRUE;
    }
    return found;
  }

  #parents({ relation, tupleset, parents }: Way & { kind: 'from' }, from: From): Found {
    const tuples = this.#tuples;
    let found: Found = NO;
    for (let tuple = tuples.first(from.object, tupleset, false); tuple !== -1; tuple = tuples.next(tuple)) {
      this.#step();
      const parent = tuples.subjectOf(tuple);
      if (!parents.has(this.#typeOf(parent))) continue;
      found = either(found, this.#reach(parent, relation, from, 1));
      if (found === TRUE) return TRUE;
    }
    return found;
  }

  /** Puts a relation of an object on the list to look at, once. A type without that relation leads nowhere. */
  #reach(object: number, relation: number, from: From, hops: number): Found {
    const { subject } = this.#asked;
    if (subject.relation === relation && subject.name === object) return TRUE;
    const node = this.#plan.node(this.#typeOf(object), relation);
    if (node === undefined) return NO;
    const depth = from.depth + hops;
    if (depth > this.#bounds.depth) return UNKNOWN;
    if (from.seen.add(object, node)) this.#work.push(object, node.at, depth);
    return NO;
  }

  /** An intersection or exclusion of an object: answered once, and not again inside itself. */
  #nested(way: Way & { kind: 'all' | 'except' }, from: From): Found {
    const { object, depth } = from;
    const open = this.#open;
    for (let at = 0; at < open.length; at += 2) if (open[at] === object && open[at + 1] === way.id) return at;
    const key = object * 65_536 + way.id;
    const known = this.#known.get(key);
    if (known !== undefined) return known ? TRUE : NO;
    const own = open.length;
    open.push(object, way.id);
    const answer = way.kind === 'all' ? this.#all(way.operands, object, depth) : this.#except(way, object, depth);
    open.length = own;
    // No as far as it is itself a no, and nothing further out was needed: a no.
    const found = answer >= own ? NO : answer;
    if (found === TRUE || found === NO) this.#known.set(key, found === TRUE);
    return found;
  }

  #all(operands: readonly (readonly Way[])[], object: number, depth: number): Found {
    let found: Found = TRUE;
    for (const ways of operands) {
      const one = this.#search(ways, object, depth);
      if (one === NO) return NO;
      found = both(found, one);
    }
    return found;
  }

  #except({ base, subtract }: Way & { kind: 'except' }, object: number, depth: number): Found {
    const granted = this.#search(base, object, depth);
    if (granted === NO) return NO;
    const taken = this.#search(subtract, object, depth);
    if (taken === TRUE) return NO;
    // What is not surely absent may be there: only an exact no takes nothing away.
    return taken === NO ? granted : UNKNOWN;
  }

  #typeOf(name: number): number {
    const { object } = this.#asked;
    return name === object.name ? object.type : this.#tuples.typeOf(name);
  }

  #step(): void {
    if (++this.#steps > this.#bounds.steps) throw new Unbounded(`more than ${this.#bounds.steps} steps`);
  }
}

interface From {
  readonly object: number;
  readonly depth: number;
  readonly seen: Seen;
}

/** One of them is enough. */
function either(a: Found, b: Found): Found {
  if (a === TRUE || b === TRUE) return TRUE;
  return Math.min(a, b);
}

/** Both are needed; neither is a plain NO. */
function both(a: Found, b: Found): Found {
  if (a === TRUE) return b;
  return b === TRUE ? a : Math.min(a, b);
}

/** What one search has on its list: looked up in the list itself while it is short. */
class Seen {
  readonly #work: readonly number[];
  readonly #bottom: number;
  #set: Set<number> | null = null;

  constructor(work: readonly number[], bottom: number) {
    this.#work = work;
    this.#bottom = bottom;
  }

  /** `false`: it is there already. */
  add(object: number, { at }: PlanNode): boolean {
    if (this.#set !== null) {
      const { size } = this.#set;
      return this.#set.add(object * 65_536 + at).size > size;
    }
    const work = this.#work;
    for (let i = this.#bottom; i < work.length; i += 3) if (work[i] === object && work[i + 1] === at) return false;
    if (work.length - this.#bottom < FEW * 3) return true;
    this.#set = new Set();
    for (let i = this.#bottom; i < work.length; i += 3) this.#set.add(work[i]! * 65_536 + work[i + 1]!);
    this.#set.add(object * 65_536 + at);
    return true;
  }
}
