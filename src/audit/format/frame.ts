import { hash } from 'node:crypto';
import { isObject } from '../../model/json.ts';
import type { JournalRecord } from '../../model/record.ts';
import { HASH_CHARS } from './merkle.ts';

/** One record as it lies in the journal: one line of JSON, self-checking. */
export interface Entry {
  /** 0 for the first record ever; no gaps. It is also the index of the leaf in the Merkle tree. */
  readonly seq: number;
  /** When it was queued, by the writer's wall clock (RFC 3339, UTC, milliseconds). */
  readonly time: string;
  /** Every record before this number was on stable storage before this one was written: how recovery knows what was acknowledged. */
  readonly batch: number;
  /** `hash` of the record before; 32 zero bytes for the first. */
  readonly prev: string;
  readonly record: JournalRecord;
  /** SHA-256(0x00 || the line without this member), base64url: the RFC 6962 leaf hash. */
  readonly hash: string;
}

export const NEWLINE = 0x0a;
const CLOSE = 0x7d;
const COMMA = 0x2c;
const HASH_MEMBER = ',"hash":"';
/** `,"hash":"…"}` */
const TRAILER_BYTES = HASH_MEMBER.length + HASH_CHARS + 2;
const START = '{"seq":';

/** Bytes a frame adds to its record, at most (numbers of 16 digits, a time of 24 characters, two hashes). */
export const FRAME_OVERHEAD_BYTES = 256;

export interface FrameHead {
  readonly seq: number;
  readonly time: string;
  readonly batch: number;
  readonly prev: string;
}

/**
 * Writes one line at `start` and returns where it ends and its hash. `into[start - 1]` must be the line end before, or spare.
 * The caller has made sure of room: three bytes per character of `json` plus FRAME_OVERHEAD_BYTES.
 */
export function encodeFrame(
  into: Buffer,
  start: number,
  head: FrameHead,
  json: string,
): { readonly end: number; readonly hash: string } {
  const prefix = `${START}${head.seq},"time":"${head.time}","batch":${head.batch},"prev":"${head.prev}","record":`;
  let at = start + into.write(prefix, start, 'latin1');
  at += into.write(json, at, 'utf8');
  into[at] = CLOSE;
  const digest = hashInPlace(into, start, at + 1);
  at += into.write(`${HASH_MEMBER}${digest}"}\n`, at, 'latin1');
  return { end: at, hash: digest };
}

/** SHA-256(0x00 || bytes[start, end)) without copying: the byte before is borrowed and put back. */
function hashInPlace(bytes: Buffer, start: number, end: number): string {
  const before = bytes[start - 1] as number;
  bytes[start - 1] = 0;
  const digest = hash('sha256', bytes.subarray(start - 1, end), 'base64url');
  bytes[start - 1] = before;
  return digest;
}

/** Why a line is no frame. */
export interface BadFrame {
  readonly bad: 'malformed' | 'hash-mismatch';
  readonly why: string;
}

/**
 * Reads the line bytes[start, end) (without its newline). `bytes[start - 1]` must exist. The hash is checked before anything
 * is parsed, so that a damaged line is never interpreted.
 */
export function decodeFrame(bytes: Buffer, start: number, end: number): Entry | BadFrame {
  const trailer = end - TRAILER_BYTES;
  if (
    trailer <= start ||
    bytes.toString('latin1', trailer, trailer + HASH_MEMBER.length) !== HASH_MEMBER ||
    bytes[end - 1] !== CLOSE
  ) {
    return { bad: 'malformed', why: 'the line does not end with its hash' };
  }
  const claimed = bytes.toString('latin1', trailer + HASH_MEMBER.length, end - 2);
  bytes[trailer] = CLOSE;
  const digest = hashInPlace(bytes, start, trailer + 1);
  bytes[trailer] = COMMA;
  if (digest !== claimed) return { bad: 'hash-mismatch', why: 'the content of the line does not match its hash' };
  let value: unknown;
  try {
    value = JSON.parse(bytes.toString('utf8', start, end));
  } catch {
    return { bad: 'malformed', why: 'the line is not JSON' };
  }
  return isEntry(value) ? value : { bad: 'malformed', why: 'the line has not the members of a frame' };
}

function isEntry(value: unknown): value is Entry {
  if (!isObject(value)) return false;
  const { seq, batch, time, prev, record } = value;
  return (
    isCount(seq) &&
    isCount(batch) &&
    batch <= seq &&
    typeof time === 'string' &&
    typeof prev === 'string' &&
    isObject(record)
  );
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

/** The leaf of the Merkle tree in text form, from a line: what a receipt carries. */
export function leafText(line: string): string {
  return `${line.slice(0, line.length - TRAILER_BYTES)}}`;
}

/** The line a leaf text came from. */
export function lineOfLeaf(leaf: string, digest: string): string {
  return `${leaf.slice(0, -1)}${HASH_MEMBER}${digest}"}`;
}

/**
 * Every whole frame in bytes that are no longer lines one can trust: also behind a destroyed line end or a hole of zeros.
 * Used only to tell a torn tail from damage to acknowledged records.
 */
export function salvageFrames(bytes: Buffer): Entry[] {
  const found: Entry[] = [];
  const searched = Buffer.concat([Buffer.alloc(1), bytes]);
  let at = searched.indexOf(START, 1, 'latin1');
  while (at >= 0) {
    const hit = frameAt(searched, at);
    if (hit !== null) found.push(hit.entry);
    at = searched.indexOf(START, hit === null ? at + 1 : hit.end, 'latin1');
  }
  return found;
}

function frameAt(bytes: Buffer, start: number): { readonly entry: Entry; readonly end: number } | null {
  const newline = bytes.indexOf(NEWLINE, start);
  const lineEnd = newline < 0 ? bytes.length : newline;
  // A frame whose line end was destroyed runs into the next one: its end is its own hash member, wherever that is.
  for (
    let member = bytes.indexOf(HASH_MEMBER, start, 'latin1');
    member >= 0 && member < lineEnd;
    member = bytes.indexOf(HASH_MEMBER, member + 1, 'latin1')
  ) {
    const end = member + TRAILER_BYTES;
    if (end > bytes.length) return null;
    const entry = decodeFrame(bytes, start, end);
    if (!('bad' in entry)) return { entry, end };
  }
  return null;
}
