import { CONFUSABLE } from '../../model/confusable.ts';

/** A tool's name as it stands in the catalogue. */
export interface KnownName {
  readonly server: string;
  readonly name: string;
  /** Hash of the accepted definition. */
  readonly hash: string;
}

const MIN_TYPO_LENGTH = 8;

/** How a name reads to a hurried eye: look-alike letters, case, separators and accents make no difference. */
export function skeleton(name: string): string {
  const plain = name.normalize('NFKD').replace(/[\p{M}\p{Default_Ignorable_Code_Point}]/gu, '');
  let out = '';
  for (const point of plain) out += CONFUSABLE.get(point) ?? CONFUSABLE.get(point.toLowerCase()) ?? point.toLowerCase();
  return out.replace(/[\s_\-./:]+/g, '');
}

/** As `skeleton`, with i, l and 1 one stroke and `rn` an m. */
function stroke(name: string): string {
  return skeleton(name).replaceAll('rn', 'm').replaceAll('vv', 'w').replace(/[il]/g, 'l');
}

/** Scripts whose letters can be mistaken for each other; a name that mixes them is not written that way by accident. */
const SCRIPTS: readonly (readonly [string, RegExp])[] = [
  ['Latin', /\p{Script=Latin}/u],
  ['Cyrillic', /\p{Script=Cyrillic}/u],
  ['Greek', /\p{Script=Greek}/u],
  ['Armenian', /\p{Script=Armenian}/u],
  ['Cherokee', /\p{Script=Cherokee}/u],
];

/** `null` when the name keeps to one script. */
export function mixedScripts(name: string): string | null {
  const used = SCRIPTS.filter(([, letters]) => letters.test(name)).map(([script]) => script);
  return used.length > 1 ? `the name mixes ${used.join(' and ')} letters` : null;
}

/** Finds names that could be taken for another. Built once per look at a server; every question is O(length of the name). */
export class NameIndex {
  readonly #exact = new Map<string, KnownName[]>();
  readonly #skeletons = new Map<string, KnownName[]>();
  readonly #strokes = new Map<string, KnownName[]>();
  readonly #typos = new Map<string, KnownName[]>();

  constructor(names: readonly KnownName[]) {
    // Sorted: of several names that look alike, the same one is told whatever order a server lists its tools in.
    for (const known of names.toSorted((a, b) => compare(a.server, b.server) || compare(a.name, b.name))) {
      add(this.#exact, known.name, known);
      add(this.#skeletons, skeleton(known.name), known);
      add(this.#strokes, stroke(known.name), known);
      for (const shorter of deletions(skeleton(known.name))) add(this.#typos, shorter, known);
    }
  }

  /** The name another tool already has that this one could be taken for, in words; `null` when there is none. */
  lookAlike(candidate: KnownName): string | null {
    const reads = this.#other(this.#skeletons.get(skeleton(candidate.name)), candidate);
    if (reads !== undefined) return `reads like ${where(reads, candidate)}`;
    const looks = this.#other(this.#strokes.get(stroke(candidate.name)), candidate);
    if (looks !== undefined) return `looks like ${where(looks, candidate)}`;
    const typo = this.#typo(candidate);
    return typo === undefined ? null : `is one letter away from ${where(typo, candidate)}`;
  }

  /**
   * A tool of another server with exactly this name and another definition. The same definition is the same software configured
   * twice, and hides nothing.
   */
  shadowed(candidate: KnownName): KnownName | undefined {
    return this.#exact
      .get(candidate.name)
      ?.find((known) => known.server !== candidate.server && known.hash !== candidate.hash);
  }

  #other(found: readonly KnownName[] | undefined, candidate: KnownName): KnownName | undefined {
    return found?.find((known) => known.name !== candidate.name);
  }

  /** Only between servers: within one, `get_comment` and `get_comments` are ordinary. */
  #typo(candidate: KnownName): KnownName | undefined {
    const mine = skeleton(candidate.name);
    if (mine.length < MIN_TYPO_LENGTH) return undefined;
    for (const shorter of [mine, ...deletions(mine)]) {
      for (const table of [this.#typos, this.#skeletons]) {
        const found = table
          .get(shorter)
          ?.find((known) => known.server !== candidate.server && isTypo(skeleton(known.name), mine));
        if (found !== undefined) return found;
      }
    }
    return undefined;
  }
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function where(known: KnownName, candidate: KnownName): string {
  return known.server === candidate.server
    ? `"${known.name}" of the same server`
    : `"${known.name}" of the server ${known.server}`;
}

function add(index: Map<string, KnownName[]>, key: string, known: KnownName): void {
  const list = index.get(key);
  if (list === undefined) index.set(key, [known]);
  else list.push(known);
}

/** Every text with one character less: two texts one edit apart share one of these, or one is among the other's. */
function deletions(text: string): string[] {
  return Array.from({ length: text.length }, (_, i) => text.slice(0, i) + text.slice(i + 1));
}

/** One edit apart, and not by what honest names differ in: a plural, a number, get and set. */
function isTypo(a: string, b: string): boolean {
  if (a === b || Math.min(a.length, b.length) < MIN_TYPO_LENGTH) return false;
  let start = 0;
  while (start < Math.min(a.length, b.length) && a[start] === b[start]) start++;
  const [restA, restB] = [a.slice(start), b.slice(start)];
  const edited =
    (restA.slice(1) === restB.slice(1) && `${restA[0]}${restB[0]}`) ||
    (restA.slice(1) === restB && restA[0]) ||
    (restA === restB.slice(1) && restB[0]);
  if (typeof edited !== 'string') return false;
  const tail = restA.length > restB.length ? restA : restB;
  if (edited === 's' && tail.length === 1) return false;
  if (/\d/.test(edited)) return false;
  return !(edited === 'gs' || edited === 'sg') || !/^et/.test(restA.slice(1));
}
