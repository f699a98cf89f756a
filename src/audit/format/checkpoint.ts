import { type Signer, type Verifier } from './note.ts';

/** A signed tree head (c2sp.org/tlog-checkpoint). */
export interface Checkpoint {
  readonly origin: string;
  /** Number of records it covers. */
  readonly size: number;
  /** Merkle root over them, base64url like every hash inside the program (standard base64 in the note). */
  readonly root: string;
  /** The signed note, as it is stored and handed out. */
  readonly note: string;
}

export function signCheckpoint(signer: Signer, size: number, root: string): Checkpoint {
  const note = signer.sign(`${signer.name}\n${size}\n${toBase64(root)}\n`);
  return { origin: signer.name, size, root, note };
}

/** Null when the note is not a checkpoint of this log signed by this key. */
export function openCheckpoint(verifier: Verifier, note: string): Checkpoint | null {
  const text = verifier.open(note);
  return text === null ? null : parseCheckpoint(text, note);
}

/** The unauthenticated content of a note: for messages and for looking only, never for trust. */
export function peekCheckpoint(note: string): Checkpoint | null {
  const blank = note.lastIndexOf('\n\n');
  return blank < 0 ? null : parseCheckpoint(note.slice(0, blank + 1), note);
}

function parseCheckpoint(text: string, note: string): Checkpoint | null {
  const [origin, size, root, ...rest] = text.split('\n');
  if (origin === undefined || origin === '' || size === undefined || root === undefined || rest.at(-1) !== '')
    return null;
  if (!/^(0|[1-9][0-9]{0,15})$/.test(size) || !Number.isSafeInteger(Number(size))) return null;
  const bytes = Buffer.from(root, 'base64');
  if (bytes.length !== 32 || bytes.toString('base64') !== root) return null;
  return { origin, size: Number(size), root: bytes.toString('base64url'), note };
}

export function toBase64(base64url: string): string {
  return Buffer.from(base64url, 'base64url').toString('base64');
}

/** A file of checkpoints: notes one after the other, each followed by an empty line. */
export function formatStored(checkpoint: Checkpoint): string {
  return `${checkpoint.note}\n`;
}

export interface StoredNotes {
  readonly notes: readonly { readonly note: string; readonly offset: number }[];
  /** Bytes of whole notes; what follows is torn. */
  readonly wholeBytes: number;
}

/**
 * Splits a file of checkpoints. A note ends with a signature line and an empty line; whatever comes after the last such end
 * is a torn append. Nothing is verified here.
 */
export function splitStored(text: string): StoredNotes {
  const notes: { note: string; offset: number }[] = [];
  let start = 0;
  let offset = 0;
  for (;;) {
    const signatures = text.indexOf('\n\n— ', start);
    const end = signatures < 0 ? -1 : text.indexOf('\n\n', signatures + 2);
    if (end < 0) return { notes, wholeBytes: offset };
    const note = text.slice(start, end + 1);
    notes.push({ note, offset });
    offset += Buffer.byteLength(note, 'utf8') + 1;
    start = end + 2;
  }
}
