/** Code points a position of an expression matches: disjoint, sorted [from, to] pairs, one after the other. */
export type CodePoints = readonly number[];

export type RegexNode =
  | { readonly kind: 'empty' }
  | { readonly kind: 'point'; readonly set: CodePoints }
  | { readonly kind: 'sequence'; readonly parts: readonly RegexNode[] }
  | { readonly kind: 'choice'; readonly parts: readonly RegexNode[] }
  | { readonly kind: 'repeat'; readonly part: RegexNode; readonly min: number; readonly max: number };

/** Part of an expression that is refused, in words. */
export class RegexRefused extends Error {}

const LAST = 0x10ffff;
const ALL: CodePoints = [0, LAST];
const DIGIT: CodePoints = [0x30, 0x39];
const WORD: CodePoints = [0x30, 0x39, 0x41, 0x5a, 0x5f, 0x5f, 0x61, 0x7a];
const SPACE: CodePoints = [
  9, 13, 32, 32, 0xa0, 0xa0, 0x1680, 0x1680, 0x2000, 0x200a, 0x2028, 0x2029, 0x202f, 0x202f, 0x205f, 0x205f, 0x3000,
  0x3000, 0xfeff, 0xfeff,
];
const LINE_ENDS: CodePoints = [10, 10, 13, 13, 0x2028, 0x2029];
const ESCAPED: Readonly<Record<string, CodePoints>> = {
  d: DIGIT,
  D: complement(DIGIT),
  w: WORD,
  W: complement(WORD),
  s: SPACE,
  S: complement(SPACE),
};
const CONTROL: Readonly<Record<string, number>> = { n: 10, r: 13, t: 9, v: 11, f: 12, '0': 0 };

export function union(sets: readonly CodePoints[]): CodePoints {
  const pairs: [number, number][] = [];
  for (const set of sets) for (let i = 0; i < set.length; i += 2) pairs.push([set[i] as number, set[i + 1] as number]);
  pairs.sort((a, b) => a[0] - b[0]);
  const out: number[] = [];
  for (const [from, to] of pairs) {
    const end = out.at(-1);
    if (end !== undefined && from <= end + 1) out[out.length - 1] = Math.max(end, to);
    else out.push(from, to);
  }
  return out;
}

export function complement(set: CodePoints): CodePoints {
  const out: number[] = [];
  let next = 0;
  for (let i = 0; i < set.length; i += 2) {
    if ((set[i] as number) > next) out.push(next, (set[i] as number) - 1);
    next = (set[i + 1] as number) + 1;
  }
  if (next <= LAST) out.push(next, LAST);
  return out;
}

export function overlaps(a: CodePoints, b: CodePoints): boolean {
  for (let i = 0, j = 0; i < a.length && j < b.length; ) {
    if ((a[i + 1] as number) < (b[j] as number)) i += 2;
    else if ((b[j + 1] as number) < (a[i] as number)) j += 2;
    else return true;
  }
  return false;
}

/**
 * Reads an ECMAScript regular expression far enough to see how it repeats. Assertions match nothing here, and `\p{…}` everything:
 * the tree accepts at least what the expression accepts. Throws RegexRefused for look-around and back-references.
 */
export function parseRegex(source: string): RegexNode {
  const reader = new Reader(source);
  const node = reader.choice();
  if (!reader.done) throw new RegexRefused('has an unmatched parenthesis');
  return node;
}

class Reader {
  readonly #points: readonly string[];
  #at = 0;
  #depth = 0;

  constructor(source: string) {
    this.#points = [...source];
  }

  get done(): boolean {
    return this.#at >= this.#points.length;
  }

  #peek(ahead = 0): string {
    return this.#points[this.#at + ahead] ?? '';
  }

  #eat(text: string): boolean {
    const points = [...text];
    if (!points.every((point, i) => this.#peek(i) === point)) return false;
    this.#at += points.length;
    return true;
  }

  choice(): RegexNode {
    if (++this.#depth > 50) throw new RegexRefused('is nested too deep');
    const parts = [this.#sequence()];
    while (this.#eat('|')) parts.push(this.#sequence());
    this.#depth--;
    return parts.length === 1 ? (parts[0] as RegexNode) : { kind: 'choice', parts };
  }

  #sequence(): RegexNode {
    const parts: RegexNode[] = [];
    while (!this.done && this.#peek() !== '|' && this.#peek() !== ')') parts.push(this.#repeated(this.#atom()));
    return parts.length === 1 ? (parts[0] as RegexNode) : { kind: 'sequence', parts };
  }

  #repeated(part: RegexNode): RegexNode {
    const bounds = this.#quantifier();
    if (bounds === null) return part;
    this.#eat('?');
    return { kind: 'repeat', part, ...bounds };
  }

  #quantifier(): { min: number; max: number } | null {
    if (this.#eat('*')) return { min: 0, max: Infinity };
    if (this.#eat('+')) return { min: 1, max: Infinity };
    if (this.#eat('?')) return { min: 0, max: 1 };
    if (this.#peek() !== '{') return null;
    const rest = this.#points.slice(this.#at, this.#at + 24).join('');
    const match = /^\{(\d{1,9})(,(\d{1,9})?)?\}/.exec(rest);
    if (match === null) return null;
    this.#at += match[0].length;
    const min = Number(match[1]);
    return { min, max: match[2] === undefined ? min : match[3] === undefined ? Infinity : Number(match[3]) };
  }

  #atom(): RegexNode {
    const point = this.#peek();
    this.#at++;
    if (point === '(') return this.#group();
    if (point === '[') return { kind: 'point', set: this.#classSet() };
    if (point === '.') return { kind: 'point', set: complement(LINE_ENDS) };
    if (point === '^' || point === '$') return { kind: 'empty' };
    if (point === '\\') return this.#escape();
    return { kind: 'point', set: single(point) };
  }

  #group(): RegexNode {
    for (const look of ['?=', '?!', '?<=', '?<!']) {
      if (this.#eat(look))
        throw new RegexRefused('looks around (?=, ?!, ?<=, ?<!), which makes matching slow to judge');
    }
    if (this.#eat('?<')) {
      while (!this.done && !this.#eat('>')) this.#at++;
    } else if (this.#eat('?')) {
      while (!this.done && !this.#eat(':')) this.#at++;
    }
    const inner = this.choice();
    if (!this.#eat(')')) throw new RegexRefused('has an unmatched parenthesis');
    return inner;
  }

  #escape(): RegexNode {
    const point = this.#peek();
    if (/[1-9]/.test(point) || point === 'k')
      throw new RegexRefused('refers back to a group, which makes matching slow to judge');
    if (point === 'b' || point === 'B') {
      this.#at++;
      return { kind: 'empty' };
    }
    return { kind: 'point', set: this.#escapedSet() };
  }

  /** After a backslash, in or out of a class. */
  #escapedSet(): CodePoints {
    const point = this.#peek();
    this.#at++;
    if (point === 'p' || point === 'P') {
      if (this.#eat('{')) while (!this.done && !this.#eat('}')) this.#at++;
      return ALL;
    }
    const named = ESCAPED[point];
    if (named !== undefined) return named;
    const code =
      point === 'x' ? this.#hex(2) : point === 'u' ? this.#unicode() : point === 'c' ? this.#letter() : CONTROL[point];
    return code === undefined || code === null ? single(point) : [code, code];
  }

  #hex(length: number): number | null {
    const digits = this.#points.slice(this.#at, this.#at + length).join('');
    if (!new RegExp(`^[0-9a-fA-F]{${length}}$`).test(digits)) return null;
    this.#at += length;
    return Number.parseInt(digits, 16);
  }

  #unicode(): number | null {
    if (!this.#eat('{')) return this.#hex(4);
    let digits = '';
    while (!this.done && !this.#eat('}')) digits += this.#points[this.#at++] as string;
    const code = Number.parseInt(digits, 16);
    return Number.isInteger(code) && code <= LAST ? code : null;
  }

  #letter(): number | null {
    const code = this.#peek().codePointAt(0);
    if (code === undefined) return null;
    this.#at++;
    return code % 32;
  }

  #classSet(): CodePoints {
    const negated = this.#eat('^');
    const sets: CodePoints[] = [];
    while (!this.done && !this.#eat(']')) {
      const from = this.#classItem();
      if (
        this.#peek() === '-' &&
        this.#peek(1) !== ']' &&
        this.#peek(1) !== '' &&
        from.length === 2 &&
        from[0] === from[1]
      ) {
        this.#at++;
        const to = this.#classItem();
        sets.push([from[0] as number, Math.max(from[0] as number, to.at(-1) as number)]);
      } else sets.push(from);
    }
    const set = union(sets);
    return negated ? complement(set) : set;
  }

  #classItem(): CodePoints {
    const point = this.#points[this.#at++] as string;
    if (point !== '\\') return single(point);
    if (this.#eat('b')) return [8, 8];
    return this.#escapedSet();
  }
}

function single(point: string): CodePoints {
  const code = point.codePointAt(0) ?? 0;
  return [code, code];
}
