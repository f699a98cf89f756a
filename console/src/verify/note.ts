import { sha256 } from '@noble/hashes/sha2.js';
import { type Bytes, fromBase64, joined, sameBytes, utf8 } from './bytes.ts';

/** C2SP signed notes (c2sp.org/signed-note) with Ed25519, and checkpoints in them (c2sp.org/tlog-checkpoint). */
const ED25519 = 0x01;
const MAX_NOTE_CHARS = 100_000;

export interface VerifierKey {
  readonly name: string;
  /** Eight hexadecimal digits, as they stand in the text of the key. */
  readonly id: string;
  readonly vkey: string;
  readonly idBytes: Uint8Array;
  readonly raw: Bytes;
}

export interface Checkpoint {
  readonly origin: string;
  readonly size: number;
  readonly root: Uint8Array;
  readonly note: string;
}

/** `null`: no Ed25519 verifier key, or one whose id does not fit it. */
export function parseKey(text: string): VerifierKey | null {
  const vkey = text.trim();
  const [, name, id, key] = /^([^+\s]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/=]+)$/.exec(vkey) ?? [];
  const bytes = fromBase64(key ?? '');
  if (name === undefined || id === undefined || bytes?.length !== 33 || bytes[0] !== ED25519) return null;
  const raw = bytes.slice(1);
  const idBytes = sha256(joined(utf8(`${name}\n`), new Uint8Array([ED25519]), raw)).subarray(0, 4);
  return hex(idBytes) === id ? { name, id, vkey, idBytes, raw } : null;
}

function hex(bytes: Uint8Array): string {
  return [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** The text of the note when this key signed it, else `null`. */
export async function openNote(note: string, key: VerifierKey): Promise<string | null> {
  if (note.length > MAX_NOTE_CHARS || /[\0-\x09\x0b-\x1f]/.test(note)) return null;
  // The text is separated from the signatures by the LAST empty line.
  const blank = note.lastIndexOf('\n\n');
  if (blank < 0 || !note.endsWith('\n')) return null;
  const text = note.slice(0, blank + 1);
  let known = false;
  for (const line of note.slice(blank + 2, -1).split('\n')) {
    const signature = parseSignature(line);
    if (signature === null) return null;
    if (signature.name !== key.name || !sameBytes(signature.bytes.subarray(0, 4), key.idBytes)) continue;
    if (!(await signed(text, signature.bytes.slice(4), key))) return null;
    known = true;
  }
  return known ? text : null;
}

async function signed(text: string, signature: Bytes, key: VerifierKey): Promise<boolean> {
  if (signature.length !== 64) return false;
  const publicKey = await crypto.subtle.importKey('raw', key.raw, { name: 'Ed25519' }, false, ['verify']);
  return crypto.subtle.verify({ name: 'Ed25519' }, publicKey, signature, utf8(text));
}

function parseSignature(line: string): { readonly name: string; readonly bytes: Bytes } | null {
  const [, name, base64] = /^— ([^+\s]+) ([A-Za-z0-9+/]+={0,2})$/.exec(line) ?? [];
  const bytes = base64 === undefined ? null : fromBase64(base64);
  return name === undefined || bytes === null || bytes.length <= 4 ? null : { name, bytes };
}

/** `null`: the note is no checkpoint of the log this key belongs to, signed by it. */
export async function openCheckpoint(note: string, key: VerifierKey): Promise<Checkpoint | null> {
  const text = await openNote(note, key);
  const checkpoint = text === null ? null : parseCheckpoint(text, note);
  return checkpoint === null || checkpoint.origin !== key.name ? null : checkpoint;
}

function parseCheckpoint(text: string, note: string): Checkpoint | null {
  const [origin, size, root, ...rest] = text.split('\n');
  if (origin === undefined || origin === '' || !/^(0|[1-9][0-9]{0,15})$/.test(size ?? '') || rest.at(-1) !== '')
    return null;
  const bytes = fromBase64(root ?? '');
  return bytes?.length === 32 ? { origin, size: Number(size), root: bytes, note } : null;
}

/** Notes one after the other, each followed by an empty line; a torn one at the end is left out. */
export function splitNotes(text: string): string[] {
  const notes: string[] = [];
  for (let start = 0; ; ) {
    const signatures = text.indexOf('\n\n— ', start);
    const end = signatures < 0 ? -1 : text.indexOf('\n\n', signatures + 2);
    if (end < 0) return notes;
    notes.push(text.slice(start, end + 1));
    start = end + 2;
  }
}
