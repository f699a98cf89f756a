import { looksLatin } from './confusable.ts';

/**
 * Text somebody else chose, made safe for a person who decides by it: nothing in it hides, reorders, overprints or pretends. A page, a
 * mail, a terminal and the scan of tool definitions read the same rules.
 */
export interface Segment {
  readonly text: string;
  /** `marked`: written by us in place of, or after, what a reader could not see or would take for something else. */
  readonly kind: 'plain' | 'marked';
}

export interface Showing {
  /** At most so many characters are shown, marks counted; then how many there are in all. */
  readonly maxChars?: number;
  /** Line feeds and tabs stay: only where the text stands in a box of its own. */
  readonly lines?: boolean;
  /** “ and ” stay: only where something else than quotes keeps the value apart. */
  readonly quotes?: boolean;
}

/** Enough to read by; what is longer is kept whole where it is signed and recorded. */
export const SHOWN_CHARS = 2_000;

/**
 * Characters a person does not see and a model reads: zero-width and other default-ignorable characters, bidirectional controls,
 * the tags block, variation selectors, control characters (also terminal escapes), line separators, lone surrogates, blank glyphs.
 */
export const HIDDEN =
  /[\p{Default_Ignorable_Code_Point}\p{Bidi_Control}\p{Cs}\u2028\u2029\u2800\ufff9-\ufffb[\p{Cc}--[\t\n\r]]]/v;

/** Besides: line breaks and tabs, spaces that are not the space, what no font has to have, our own brackets, quotes around values. */
const UNPLAIN = /[\p{Cc}\p{Cf}\p{Co}\p{Cn}\p{Zl}\p{Zp}[\p{Zs}--[ ]]\ufffc]/v;
/** What marks and quotes are written with: nobody but us may write them. */
const OURS = /[⟨⟩“”]/u;
const LATIN = /\p{Script=Latin}/u;
/** Letters of scripts whose letters pass for Latin ones. */
const LOOK_ALIKE =
  /[\p{Script=Cyrillic}\p{Script=Greek}\p{Script=Armenian}\p{Script=Cherokee}\p{Script=Lisu}\p{Script=Coptic}]/u;
/** Full-width forms, mathematical letters, small capitals and the like: Latin to the eye, something else to a comparison. */
const DRESSED_UP =
  /[\uff10-\uff19\uff21-\uff3a\uff41-\uff5a\u{1d400}-\u{1d7ff}\u{2460}-\u{24ff}\u{1d00}-\u{1d25}\u{2100}-\u{214f}]/u;
/** Full-width punctuation: ordinary between Chinese words, a trick inside a Latin word or a number. */
const WIDE_SIGN = /[\uff01-\uff5e]/u;
/** Digits of other scripts, and signs that pass for a decimal point, a comma, a minus or a slash: another amount to the eye. */
const OTHER_NUMBER = /[\p{Nd}--[0-9]]|[\u02bc\u066b\u066c\u201a\u2024\u2044\u2215\u2012\u2212\u2796\ua4f8\ua789]/v;
/** Drawn over the character before: strike it through or put it in a box. */
const OVERPRINT = /[\p{Me}\u0334-\u0338\u20d2-\u20e5\u{1bc9d}]/u;
const MAX_MARKS = 3;
/** Spaces in a row that push what follows out of sight. */
const MAX_SPACES = 4;

/** Scripts whose spelling needs joiners between letters. */
const JOINING =
  /[\p{Script=Arabic}\p{Script=Syriac}\p{Script=Devanagari}\p{Script=Bengali}\p{Script=Gurmukhi}\p{Script=Gujarati}\p{Script=Oriya}\p{Script=Tamil}\p{Script=Telugu}\p{Script=Kannada}\p{Script=Malayalam}\p{Script=Sinhala}\p{Script=Khmer}\p{Script=Mongolian}]/v;

/** Whether the hidden character at `i` is part of an honest spelling: emoji and joining scripts need some. */
export function isSpelling(points: readonly string[], i: number): boolean {
  const point = points[i] as string;
  const before = points[i - 1] ?? '';
  const after = points[i + 1] ?? '';
  if (point === '\ufe0f' || point === '\ufe0e') return /\p{Emoji}/u.test(before);
  if (/[\ufe00-\ufe0d\u{e0100}-\u{e01ef}]/u.test(point)) return /\p{Script=Han}/u.test(before);
  if (point !== '\u200c' && point !== '\u200d') return false;
  if (JOINING.test(before) && (JOINING.test(after) || after === '' || /\s/.test(after))) return true;
  return (
    point === '\u200d' &&
    /[\p{Extended_Pictographic}\p{Emoji_Modifier}\ufe0f]/u.test(before) &&
    /\p{Extended_Pictographic}/u.test(after)
  );
}

/** The first character of a text that is not seen, or changes how the rest is; `null` where there is none. */
export function unseenIn(text: string): string | null {
  const points = [...text];
  const unseen = (point: string) => point !== '\u3000' && (UNPLAIN.test(point) || HIDDEN.test(point));
  const at = points.findIndex((point, i) => unseen(point) && !isSpelling(points, i));
  return at < 0 ? null : codeOf(points[at] as string);
}

/** `U+202E`. */
export function codeOf(point: string): string {
  return `U+${(point.codePointAt(0) as number).toString(16).toUpperCase().padStart(4, '0')}`;
}

/** The same text with everything invisible written as `⟨U+200B⟩`. Line breaks and tabs stay, and letters that only look like others. */
export function makeVisible(text: string): string {
  let out = '';
  for (const point of text) out += HIDDEN.test(point) ? `⟨${codeOf(point)}⟩` : point;
  return out;
}

/**
 * Everything that would not be seen as what it is, marked. Pure, total, linear in what is shown. Text of a right-to-left script stays
 * as it is: whoever shows a segment keeps it apart from its neighbours (`bdi`, or `isolated`).
 */
export function visible(
  text: string,
  { maxChars = SHOWN_CHARS, lines = false, quotes = false }: Showing = {},
): readonly Segment[] {
  const head = headOf(text, maxChars);
  const reading = { ...head, lines, quotes, pretending: pretenders(head.points) };
  const out: { text: string; kind: Segment['kind'] }[] = [];
  let room = maxChars;
  let at = 0;
  for (; at < head.points.length; at++) {
    const pieces = piecesAt(reading, at);
    room -= pieces.reduce((sum, piece) => sum + piece.text.length, 0);
    if (room < 0) break;
    for (const piece of pieces) append(out, piece);
  }
  if (at < head.points.length || !head.whole) {
    append(out, { text: `… ${countOf(text).toLocaleString('en-US')} characters in all`, kind: 'marked' });
  }
  return out;
}

/** `visible` as one text. What the text itself had of our brackets is spelled out, so that no mark can be forged. */
export function visibleText(text: string, showing: Showing = {}): string {
  return visible(text, showing)
    .map((segment) => segment.text)
    .join('');
}

/** For texts without markup: a value of a right-to-left script cannot reorder what stands around it (Unicode TR9, section 6.3). */
export function isolated(text: string): string {
  return RIGHT_TO_LEFT.test(text) ? `\u2068${text}\u2069` : text;
}
const RIGHT_TO_LEFT =
  /[\p{Script=Hebrew}\p{Script=Arabic}\p{Script=Syriac}\p{Script=Thaana}\p{Script=Nko}\p{Script=Adlam}\p{Script=Samaritan}\p{Script=Mandaic}\u{10800}-\u{10fff}\u{1e800}-\u{1efff}]/u;

interface Head {
  /** Code points; a run of what is marked or of spaces is one. */
  readonly points: readonly string[];
  /** How long the run is that stands at an index, where it is longer than one. */
  readonly runs: ReadonlyMap<number, number>;
  readonly whole: boolean;
}

/** No more of a text than can be shown: a megabyte costs no more than a page, and padding does not push the rest out of it. */
function headOf(text: string, maxChars: number): Head {
  const points: string[] = [];
  const runs = new Map<number, number>();
  for (const point of text) {
    if (point === points.at(-1) && (point === ' ' || UNPLAIN.test(point) || HIDDEN.test(point))) {
      runs.set(points.length - 1, (runs.get(points.length - 1) ?? 1) + 1);
    } else if (points.length > maxChars) return { points, runs, whole: false };
    else points.push(point);
  }
  return { points, runs, whole: true };
}

function countOf(text: string): number {
  let count = 0;
  for (const _point of text) count++;
  return count;
}

interface Reading extends Head {
  readonly lines: boolean;
  readonly quotes: boolean;
  /** Whether a letter of another script at that place would be read as a Latin one. */
  readonly pretending: (at: number) => boolean;
}

function piecesAt({ points, runs, lines, quotes, pretending }: Reading, at: number): readonly Segment[] {
  const point = points[at] as string;
  const run = runs.get(at) ?? 1;
  const stays = point === ' ' ? run <= MAX_SPACES || lines : lines && (point === '\n' || point === '\t');
  if (stays) return [plain(point.repeat(run))];
  if (quotes && (point === '“' || point === '”')) return [plain(point)];
  if (run > 1 || isUnplain(points, at)) {
    return [marked(run === 1 ? `⟨${codeOf(point)}⟩` : `⟨${codeOf(point)} ×${run}⟩`)];
  }
  if (passesForAnother(points, at) || (LOOK_ALIKE.test(point) && pretending(at))) {
    return [plain(point), marked(`⟨${codeOf(point)}⟩`)];
  }
  return [plain(point)];
}

function passesForAnother(points: readonly string[], at: number): boolean {
  const point = points[at] as string;
  if (DRESSED_UP.test(point) || OTHER_NUMBER.test(point)) return true;
  return WIDE_SIGN.test(point) && /[0-9A-Za-z]/.test(`${points[at - 1] ?? ''}${points[at + 1] ?? ''}`);
}

function isUnplain(points: readonly string[], at: number): boolean {
  const point = points[at] as string;
  if (HIDDEN.test(point)) {
    // After a digit or another plain character a selector changes how the amount looks.
    return !isSpelling(points, at) || /^[\0-\x7f]?$/.test(points[at - 1] ?? '');
  }
  if (UNPLAIN.test(point) || OURS.test(point) || OVERPRINT.test(point)) return true;
  return /\p{M}/u.test(point) && !isAccent(points, at);
}

/** A mark belongs to a letter before it, and no more than a few to one: more grow over the lines around. */
function isAccent(points: readonly string[], at: number): boolean {
  for (let back = 1; back <= MAX_MARKS; back++) {
    const before = points[at - back] ?? '';
    if (/[\p{L}\p{Extended_Pictographic}]/u.test(before)) return true;
    if (!/\p{M}/u.test(before)) return false;
  }
  return false;
}

/**
 * Letters of other scripts that would be read as Latin: those in a word that has Latin letters, and all of them where the text has no
 * letter that shows its script, as in a name spelled in nothing but letters that pass for Latin ones.
 */
function pretenders(points: readonly string[]): (at: number) => boolean {
  const others = points.filter((point) => LOOK_ALIKE.test(point));
  if (others.length === 0) return () => false;
  if (others.every(looksLatin)) return () => true;
  const mixed = mixedPlaces(points);
  return (at) => mixed.has(at);
}

function mixedPlaces(points: readonly string[]): ReadonlySet<number> {
  const mixed = new Set<number>();
  for (let from = 0; from < points.length; from++) {
    let to = from;
    let latin = false;
    for (; to < points.length && IN_WORD.test(points[to] as string); to++) latin ||= LATIN.test(points[to] as string);
    if (latin) for (let at = from; at < to; at++) mixed.add(at);
    from = to;
  }
  return mixed;
}

/** With what joins parts of one: `сlaude.example` is one word. */
const IN_WORD = /[\p{L}\p{M}\p{N}\p{Cf}_.'@\-]/u;

function plain(text: string): Segment {
  return { text, kind: 'plain' };
}

function marked(text: string): Segment {
  return { text, kind: 'marked' };
}

function append(out: { text: string; kind: Segment['kind'] }[], piece: Segment): void {
  const last = out.at(-1);
  if (last !== undefined && last.kind === piece.kind) last.text += piece.text;
  else out.push({ ...piece });
}
