import { type CodePoints, overlaps, parseRegex, type RegexNode, RegexRefused, union } from './regex.ts';

const MAX_LENGTH = 1_000;
/** Positions after counted repetitions are written out. */
const MAX_POSITIONS = 150;
const MAX_PAIR_EDGES = 1_000_000;
/** Loops in a row that hand text to each other. Three are in every simple expression for mail addresses. */
const MAX_LOOPS = 3;
/** A counted repetition of more than this is treated as unbounded. */
const MAX_COPIES = 20;

/**
 * Why an expression of a stranger must not be run against the arguments of a call; `null` when its matching time is bounded. Refused:
 * look-around, back-references, and expressions that can match the same text in exponentially many ways, such as `(a+)+`.
 * Repetitions that cannot overlap, such as `[a-z]+(-[a-z]+)*`, are fine.
 */
export function unsafePattern(source: string): string | null {
  if (source.length > MAX_LENGTH) return `the expression is longer than ${MAX_LENGTH} characters`;
  if (!compiles(source)) return 'the expression is not valid';
  try {
    const machine = new Machine(parseRegex(source));
    if (machine.isExponential()) return 'nested quantifiers: matching can take exponential time';
    const power = machine.loopsInRow();
    return power > MAX_LOOPS ? `${power} loops in a row: matching time can grow with that power of the length` : null;
  } catch (error) {
    if (error instanceof RegexRefused) return `the expression ${error.message}`;
    throw error;
  }
}

function compiles(source: string): boolean {
  for (const flags of ['u', '']) {
    try {
      new RegExp(source, flags);
      return true;
    } catch {
      // The next set of flags decides.
    }
  }
  return false;
}

interface Ends {
  readonly nullable: boolean;
  readonly first: readonly number[];
  readonly last: readonly number[];
}

const NOTHING: Ends = { nullable: true, first: [], last: [] };

/**
 * The position automaton (Glushkov) of an expression, with edges counted: an edge made twice is a text that can be split in two ways.
 * Exponential ambiguity by the criterion of Weber and Seidl: some state reaches itself over the same text along two different paths.
 */
class Machine {
  readonly #sets: CodePoints[] = [];
  /** `next[p].get(q)`: in how many ways q follows p. */
  readonly #next: Map<number, number>[] = [];

  constructor(node: RegexNode) {
    this.#build(node);
  }

  #build(node: RegexNode): Ends {
    switch (node.kind) {
      case 'empty':
        return NOTHING;
      case 'point':
        return this.#position(node.set);
      case 'sequence':
        return node.parts.reduce<Ends>((before, part) => this.#join(before, this.#build(part)), NOTHING);
      case 'choice':
        return node.parts.map((part) => this.#build(part)).reduce(either);
      case 'repeat':
        return this.#repeat(node);
    }
  }

  #position(set: CodePoints): Ends {
    if (this.#sets.length >= MAX_POSITIONS) throw new RegexRefused('is too large to be judged');
    const position = this.#sets.push(set) - 1;
    this.#next.push(new Map());
    return { nullable: false, first: [position], last: [position] };
  }

  #join(before: Ends, after: Ends): Ends {
    this.#connect(before.last, after.first);
    return {
      nullable: before.nullable && after.nullable,
      first: before.nullable ? [...before.first, ...after.first] : before.first,
      last: after.nullable ? [...before.last, ...after.last] : after.last,
    };
  }

  #repeat({ part, min, max }: Extract<RegexNode, { kind: 'repeat' }>): Ends {
    if (max === 0) return NOTHING;
    if (max > MAX_COPIES) {
      const loop = this.#build(part);
      this.#connect(loop.last, loop.first);
      return min === 0 ? { ...loop, nullable: true } : loop;
    }
    return this.#copies(part, min, max);
  }

  /** `x{2,4}` is `xx(x(x)?)?`: a copy is only reached through the one before, as engines count. */
  #copies(part: RegexNode, min: number, max: number): Ends {
    const first: number[] = [];
    const last: number[] = [];
    let before: readonly number[] = [];
    let nullable = min === 0;
    for (let copy = 1; copy <= max; copy++) {
      const next = this.#build(part);
      nullable ||= next.nullable;
      this.#connect(before, next.first);
      if (copy === 1 || next.nullable) first.push(...next.first);
      if (copy >= min || next.nullable) last.push(...next.last);
      before = next.nullable ? [...before, ...next.last] : next.last;
    }
    return { nullable, first, last };
  }

  #connect(from: readonly number[], to: readonly number[]): void {
    for (const p of from) {
      const edges = this.#next[p] as Map<number, number>;
      for (const q of to) edges.set(q, (edges.get(q) ?? 0) + 1);
    }
  }

  isExponential(): boolean {
    const size = this.#sets.length;
    const pairEdges = this.#pairEdges();
    const component = stronglyConnected(size * size, pairEdges);
    const mixed = new Map<number, { diagonal: boolean; off: boolean }>();
    for (let pair = 0; pair < size * size; pair++) {
      const id = component[pair] as number;
      const kinds = mixed.get(id) ?? { diagonal: false, off: false };
      if (Math.floor(pair / size) === pair % size) kinds.diagonal = true;
      else kinds.off = true;
      mixed.set(id, kinds);
    }
    if ([...mixed.values()].some((kinds) => kinds.diagonal && kinds.off)) return true;
    // Both ends of a doubled edge on one cycle: on the diagonal, that is one component.
    return this.#next.some((edges, p) =>
      [...edges].some(([q, ways]) => ways > 1 && component[p * size + p] === component[q * size + q]),
    );
  }

  /**
   * How many loops in a row can hand the same text to each other, as in `.*a.*b.*c`: matching time grows with this power of the
   * length. An upper bound; loops that a fixed character separates, as in `\d+-\d+`, do not count.
   */
  loopsInRow(): number {
    const size = this.#sets.length;
    const next = this.#next.map((edges) => [...edges.keys()]);
    const component = stronglyConnected(size, (p) => next[p] as number[]);
    const loops = new Map<number, number[]>();
    for (let p = 0; p < size; p++) {
      const inLoop = (next[p] as number[]).some((q) => component[q] === component[p]);
      if (inLoop) loops.set(component[p] as number, [...(loops.get(component[p] as number) ?? []), p]);
    }
    const longest = new Map<number, number>();
    // Components come out in reverse topological order: whatever a loop reaches is already known.
    for (const [id, members] of [...loops].sort(([a], [b]) => a - b)) {
      const set = union(members.map((p) => this.#sets[p] as CodePoints));
      const reached = new Set(members);
      let best = 0;
      for (const p of reached) {
        for (const q of next[p] as number[]) if (overlaps(this.#sets[q] as CodePoints, set)) reached.add(q);
        if (component[p] !== id) best = Math.max(best, longest.get(component[p] as number) ?? 0);
      }
      longest.set(id, best + 1);
    }
    return Math.max(0, ...longest.values());
  }

  #pairEdges(): (pair: number) => readonly number[] {
    const size = this.#sets.length;
    const fits = this.#sets.map((a) => this.#sets.map((b) => overlaps(a, b)));
    const next = this.#next.map((edges) => [...edges.keys()]);
    const total = next.reduce((sum, a) => sum + a.length, 0) ** 2;
    if (total > MAX_PAIR_EDGES) throw new RegexRefused('is too large to be judged');
    return (pair) => {
      const targets: number[] = [];
      for (const p of next[Math.floor(pair / size)] as number[]) {
        for (const q of next[pair % size] as number[]) if (fits[p]?.[q] === true) targets.push(p * size + q);
      }
      return targets;
    };
  }
}

function either(a: Ends, b: Ends): Ends {
  return { nullable: a.nullable || b.nullable, first: [...a.first, ...b.first], last: [...a.last, ...b.last] };
}

/** Tarjan's algorithm without recursion: the component number of every node. */
function stronglyConnected(count: number, edges: (node: number) => readonly number[]): Int32Array {
  const order = new Int32Array(count).fill(-1);
  const low = new Int32Array(count);
  const component = new Int32Array(count).fill(-1);
  const stack: number[] = [];
  let clock = 0;
  let components = 0;
  for (let root = 0; root < count; root++) {
    if (order[root] !== -1) continue;
    const work: { node: number; targets: readonly number[]; at: number }[] = [];
    const enter = (node: number) => {
      order[node] = low[node] = clock++;
      stack.push(node);
      work.push({ node, targets: edges(node), at: 0 });
    };
    enter(root);
    for (let frame = work.at(-1); frame !== undefined; frame = work.at(-1)) {
      const { node } = frame;
      const target = frame.targets[frame.at++];
      if (target === undefined) {
        work.pop();
        const parent = work.at(-1);
        if (parent !== undefined) low[parent.node] = Math.min(low[parent.node] as number, low[node] as number);
        if (low[node] !== order[node]) continue;
        for (let member = -1; member !== node; ) {
          member = stack.pop() as number;
          component[member] = components;
        }
        components++;
      } else if (order[target] === -1) enter(target);
      else if (component[target] === -1) low[node] = Math.min(low[node] as number, order[target] as number);
    }
  }
  return component;
}
