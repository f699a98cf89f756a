import { fromBase64, sameBytes, toBase64url } from './bytes.ts';
import { leafHash, rootFromInclusion } from './merkle.ts';
import { type Checkpoint, openCheckpoint, type VerifierKey } from './note.ts';

const RECEIPT_FORMAT = 'interlock-receipt-v1';
const PROOF_HEAD = 'c2sp.org/tlog-proof@v1';
/** A tree of 2^53 leaves has paths of 53 hashes. */
const MAX_PATH = 53;

export type ReceiptResult =
  | {
      readonly ok: true;
      readonly seq: number;
      readonly time: string;
      readonly record: unknown;
      readonly leaf: string;
      readonly covered: Pick<Checkpoint, 'origin' | 'size' | 'note'>;
      readonly path: number;
    }
  | { readonly ok: false; readonly problem: string };

/**
 * Checks a receipt with nothing but itself and the key: the record hashes to a leaf, the path leads from it to the checkpoint's root, the
 * checkpoint is signed by the key. Total: whatever is wrong is the answer.
 */
export async function checkReceipt(receipt: unknown, key: VerifierKey): Promise<ReceiptResult> {
  const { format, leaf, proof } = (receipt ?? {}) as Record<string, unknown>;
  if (format !== RECEIPT_FORMAT || typeof leaf !== 'string' || typeof proof !== 'string')
    return wrong(`This is no receipt of the format ${RECEIPT_FORMAT}.`);
  const parsed = parseProof(proof);
  if (parsed === null) return wrong(`The proof in it is not of the format ${PROOF_HEAD}.`);
  const checkpoint = await openCheckpoint(parsed.note, key);
  if (checkpoint === null) return wrong(`Its checkpoint is not signed by the key ${key.name}+${key.id}.`);
  const digest = leafHash(leaf);
  const root = rootFromInclusion(digest, { index: parsed.index, size: checkpoint.size }, parsed.path);
  if (root === null || !sameBytes(root, checkpoint.root))
    return wrong('The record is not part of the log its checkpoint covers: record, number or path were changed.');
  const entry = parseLeaf(leaf);
  if (entry === null || entry.seq !== parsed.index) return wrong('The record has another number than its proof.');
  const covered = { origin: checkpoint.origin, size: checkpoint.size, note: checkpoint.note };
  return { ok: true, seq: entry.seq, time: entry.time, record: entry.record, leaf, covered, path: parsed.path.length };
}

/** The hash of a record's line, for people who compare. */
export function digestOfLeaf(leaf: string): string {
  return toBase64url(leafHash(leaf));
}

function wrong(problem: string): ReceiptResult {
  return { ok: false, problem };
}

function parseLeaf(leaf: string): { readonly seq: number; readonly time: string; readonly record: unknown } | null {
  try {
    const value = JSON.parse(leaf) as { seq?: unknown; time?: unknown; record?: unknown } | null;
    return typeof value?.seq === 'number' && typeof value.time === 'string'
      ? { seq: value.seq, time: value.time, record: value.record }
      : null;
  } catch {
    return null;
  }
}

function parseProof(
  text: string,
): { readonly index: number; readonly path: readonly Uint8Array[]; readonly note: string } | null {
  const blank = text.indexOf('\n\n');
  if (blank < 0) return null;
  const [head, ...lines] = text.slice(0, blank).split('\n');
  if (lines[0]?.startsWith('extra ')) lines.shift();
  const index = /^index (0|[1-9][0-9]{0,15})$/.exec(lines.shift() ?? '')?.[1];
  if (head !== PROOF_HEAD || index === undefined || !Number.isSafeInteger(Number(index)) || lines.length > MAX_PATH)
    return null;
  const path = lines.map(fromBase64);
  if (!path.every((bytes) => bytes?.length === 32)) return null;
  return { index: Number(index), path: path as Uint8Array[], note: text.slice(blank + 2) };
}
