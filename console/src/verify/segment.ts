import { sha256 } from '@noble/hashes/sha2.js';
import { joined, textOf, toBase64url } from './bytes.ts';
import { Frontier } from './merkle.ts';

/** One record as its line says, after its hash was found right. */
export interface Entry {
  readonly seq: number;
  readonly prev: string;
  readonly hash: string;
  readonly record: Readonly<Record<string, unknown>>;
}

export interface Chain {
  seq: number;
  prev: string;
  readonly frontier: Frontier;
}

export interface Break {
  readonly kind: 'damaged' | 'out-of-order';
  readonly why: string;
}

export const NO_HASH = 'A'.repeat(43);
const NEWLINE = 0x0a;
const CLOSE = 0x7d;
const COMMA = 0x2c;
const HASH_MEMBER = ',"hash":"';
/** `,"hash":"…"}` */
const TRAILER = HASH_MEMBER.length + 43 + 2;
const MAX_LINE_BYTES = 64 * 1024 * 1024;

/** Lines out of pieces of a file, as they come. `bytes[start - 1]` always exists: the check of a line borrows it. */
export class Lines {
  #rest: Uint8Array = new Uint8Array(1);

  /** Calls `line` for each that is whole; it returns false to stop. False: stopped, or a line is longer than any may be. */
  push(piece: Uint8Array, line: (bytes: Uint8Array, start: number, end: number) => boolean): boolean {
    const bytes = joined(this.#rest, piece);
    let start = 1;
    for (let end = bytes.indexOf(NEWLINE, this.#rest.length); end >= 0; end = bytes.indexOf(NEWLINE, end + 1)) {
      if (!line(bytes, start, end)) return false;
      start = end + 1;
    }
    this.#rest = bytes.slice(start - 1);
    return this.#rest.length <= MAX_LINE_BYTES;
  }

  /** Bytes behind the last line end. */
  get restBytes(): number {
    return this.#rest.length - 1;
  }
}

/** Reads one line; its hash is checked before anything in it is believed. */
export function readLine(bytes: Uint8Array, start: number, end: number): { entry: Entry; leaf: Uint8Array } | Break {
  const trailer = end - TRAILER;
  if (trailer <= start || bytes[end - 1] !== CLOSE || latin(bytes, trailer, HASH_MEMBER.length) !== HASH_MEMBER)
    return { kind: 'damaged', why: 'its line does not end with its hash' };
  const claimed = latin(bytes, trailer + HASH_MEMBER.length, 43);
  const before = bytes[start - 1]!;
  bytes[start - 1] = 0;
  bytes[trailer] = CLOSE;
  const leaf = sha256(bytes.subarray(start - 1, trailer + 1));
  bytes[start - 1] = before;
  bytes[trailer] = COMMA;
  if (toBase64url(leaf) !== claimed) return { kind: 'damaged', why: 'its content does not match its hash' };
  const entry = parseEntry(textOf(bytes.subarray(start, end)));
  return entry === null ? { kind: 'damaged', why: 'its line is no record' } : { entry, leaf };
}

function latin(bytes: Uint8Array, start: number, length: number): string {
  return String.fromCharCode(...bytes.subarray(start, start + length));
}

function parseEntry(line: string): Entry | null {
  let value: Partial<Entry> & { time?: unknown; batch?: unknown };
  try {
    value = JSON.parse(line) as typeof value;
  } catch {
    return null;
  }
  const { seq, batch, prev, time, record } = value;
  const whole = (n: unknown): n is number => Number.isSafeInteger(n) && (n as number) >= 0;
  return whole(seq) &&
    whole(batch) &&
    batch <= seq &&
    typeof prev === 'string' &&
    typeof time === 'string' &&
    typeof record === 'object' &&
    record !== null &&
    !Array.isArray(record)
    ? (value as Entry)
    : null;
}

/** Null when the record continues the chain, which then moves on. */
export function follow(chain: Chain, entry: Entry, leaf: Uint8Array): Break | null {
  if (entry.seq !== chain.seq)
    return { kind: 'out-of-order', why: `record ${entry.seq} lies where record ${chain.seq} belongs` };
  if (entry.prev !== chain.prev) return { kind: 'out-of-order', why: 'it does not name the hash of the record before' };
  chain.frontier.append(leaf);
  chain.prev = entry.hash;
  chain.seq++;
  return null;
}

/** What the first record of a segment says of everything before it. `null`: it is no such record. */
export function segmentStart(entry: Entry): { readonly chain: Chain; readonly open: readonly string[] } | null {
  const { type, act, detail } = entry.record as { type?: string; act?: string; detail?: unknown };
  if (type !== 'admin' || act !== 'journal.segment') return null;
  const { frontier, open } = (detail ?? {}) as { frontier?: unknown; open?: unknown };
  if (!isTexts(frontier) || !isTexts(open)) return null;
  const before = Frontier.from(entry.seq, frontier);
  return before === null ? null : { chain: { seq: entry.seq, prev: entry.prev, frontier: before }, open };
}

function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'string');
}

/** Keeps the calls that have an intent and no outcome; in words, what is wrong. */
export function trackOpen(open: Set<string>, { seq, record }: Entry): string | null {
  const call = String(record.call);
  if (record.type === 'intent') {
    if (open.has(call)) return `Record ${seq} opens call ${call} a second time.`;
    open.add(call);
  } else if (record.type === 'outcome' && !open.delete(call)) {
    return `Record ${seq} closes call ${call}, which is not open.`;
  }
  return null;
}
