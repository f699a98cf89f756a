import type { ValueOrigin } from '../../model/approval.ts';
import { isObject, type Json, type JsonObject } from '../../model/json.ts';
import { escapePointer, resolvePointer } from '../../model/pointer.ts';
import type { FactMapping } from '../../model/policy-input.ts';
import type { SeenText, SessionMemory } from './memory.ts';

const MAX_VALUES = 100;
/** Values of fewer characters are found anywhere by chance. */
const MIN_CHARS = 3;
/** From here on, spelling differences (case, spaces, hyphens) make no difference. */
const MIN_FOLDED_CHARS = 6;
const MAX_DEPTH = 64;

interface Looking {
  /** Facts an operator mapped: these decide, so they come first. */
  readonly mapping: FactMapping | undefined;
  /** Permitted calls of the session so far: more than the memory saw means that it has not seen all. */
  readonly calls: number;
}

/**
 * Where every value of these arguments was seen before in this session, at most 100 of them. A help for the person who decides, not a
 * proof: a value that was rewritten on the way is not found. Searches at most what the session remembers.
 */
export function originsOf(args: JsonObject, memory: SessionMemory, looking: Looking): readonly ValueOrigin[] {
  const results = memory.results.map((seen) => ({ ...seen, words: wordsOf(seen) }));
  const untrusted = results.filter((seen) => seen.untrusted);
  const trusted = results.filter((seen) => !seen.untrusted);
  const earlier = memory.arguments.map((each) => textsIn(each));
  const complete = memory.isComplete(looking.calls);
  return leaves(args, looking.mapping).map(({ at, value }): ValueOrigin => {
    const sought = soughtOf(value);
    if (sought === null) return { at, from: 'not-looked', source: null };
    const held = ({ words }: { readonly words: Words }): boolean => sought(words);
    const inUntrusted = untrusted.find(held);
    if (inUntrusted !== undefined) return { at, from: 'untrusted-result', source: inUntrusted.tool };
    const inTrusted = trusted.find(held);
    if (inTrusted !== undefined) return { at, from: 'tool-result', source: inTrusted.tool };
    if (earlier.some(sought)) return { at, from: 'earlier-arguments', source: null };
    return { at, from: complete ? 'nowhere-seen' : 'not-looked', source: null };
  });
}

interface Leaf {
  /** RFC 6901 pointer. */
  readonly at: string;
  readonly value: Json;
}

function leaves(args: JsonObject, mapping: FactMapping = {}): readonly Leaf[] {
  const found = new Map<string, Json>();
  for (const pointer of Object.values(mapping)) {
    const value = pointer === undefined ? undefined : resolvePointer(args, pointer);
    if (value !== undefined && (typeof value !== 'object' || value === null)) found.set(pointer as string, value);
  }
  for (const { at, value } of leavesOf(args, '', 0)) {
    if (found.size >= MAX_VALUES) break;
    found.set(at, value);
  }
  return [...found].map(([at, value]) => ({ at, value }));
}

function* leavesOf(value: Json, at: string, depth: number): Generator<Leaf> {
  if (typeof value !== 'object' || value === null) yield { at, value };
  else if (depth < MAX_DEPTH) {
    for (const [name, member] of Object.entries(value)) {
      if (member !== undefined) yield* leavesOf(member as Json, `${at}/${escapePointer(name)}`, depth + 1);
    }
  }
}

/** Everything a text says, decoded, and made ready to be asked about many values: each is looked up, or searched for once. */
interface Words {
  readonly plain: string;
  /** Without differences of spelling. */
  readonly folded: string;
  readonly tokens: ReadonlySet<string>;
}

/** A result is JSON whose texts may be JSON again: values are looked for as they were meant, however they were escaped. */
function wordsOf({ text }: SeenText): Words {
  const value = parsed(text);
  // What was cut off does not parse; it is searched as it stands.
  return value === undefined ? prepared(text) : textsIn(value);
}

function textsIn(value: Json): Words {
  const texts: string[] = [];
  collect(value, texts, 0);
  return prepared(texts.join('\0'));
}

/** Whole numbers with their separators, and whole words: 900 is no part of 1,900, acme none of acmeology. */
const TOKEN = /[0-9]+(?:[.,][0-9]+)*|[\p{L}\p{N}]+/gu;

function prepared(plain: string): Words {
  const tokens = new Set<string>();
  for (const [token] of plain.matchAll(TOKEN)) tokens.add(token);
  return { plain, folded: fold(plain), tokens };
}

function collect(value: Json, texts: string[], depth: number): void {
  if (depth > MAX_DEPTH) return;
  if (typeof value === 'string') {
    texts.push(value);
    const inner = /^\s*[[{]/.test(value) ? parsed(value) : undefined;
    if (inner !== undefined) collect(inner, texts, depth + 1);
  } else if (typeof value === 'number') texts.push(String(value));
  else if (Array.isArray(value)) for (const item of value) collect(item as Json, texts, depth + 1);
  else if (isObject(value)) {
    for (const [name, member] of Object.entries(value)) {
      texts.push(name);
      collect(member as Json, texts, depth + 1);
    }
  }
}

function parsed(text: string): Json | undefined {
  try {
    return JSON.parse(text) as Json;
  } catch {
    return undefined;
  }
}

/** `null`: too short to mean anything. */
function soughtOf(value: Json): ((words: Words) => boolean) | null {
  if (typeof value === 'number') return numberSought(value);
  if (typeof value !== 'string' || value.trim().length < MIN_CHARS) return null;
  if (/^-?\d+([.,]\d+)*$/.test(value)) return ({ tokens }) => tokens.has(value.replace(/^-/, ''));
  const folded = fold(value);
  if (folded.length >= MIN_FOLDED_CHARS) return (words) => words.plain.includes(value) || words.folded.includes(folded);
  const parts = value.match(TOKEN) ?? [];
  return ({ plain, tokens }) => parts.every((part) => tokens.has(part)) && plain.includes(value);
}

function numberSought(value: number): ((words: Words) => boolean) | null {
  const forms = numberForms(Math.abs(value));
  if ((forms[0] as string).replace(/[^0-9]/g, '').length < MIN_CHARS) return null;
  return ({ tokens }) => forms.some((form) => tokens.has(form));
}

function fold(text: string): string {
  return text
    .normalize('NFKC')
    .toLowerCase()
    .replace(/[\s\p{Default_Ignorable_Code_Point}\-‐-―]+/gu, '');
}

const GROUPED = ['en-US', 'de-DE'].flatMap((place) => [
  new Intl.NumberFormat(place, { maximumFractionDigits: 20 }),
  new Intl.NumberFormat(place, { minimumFractionDigits: 2, maximumFractionDigits: 20 }),
]);

/** `1250` is also written 1250.00, 1,250 and 1.250,00. */
function numberForms(value: number): readonly string[] {
  const plain = String(value);
  if (!(value < 1e15)) return [plain];
  const cents = plain.includes('.') ? plain.padEnd(plain.indexOf('.') + 3, '0') : `${plain}.00`;
  const grouped = GROUPED.map((format) => format.format(value));
  return [...new Set([plain, cents, plain.replace('.', ','), cents.replace('.', ','), ...grouped])];
}
