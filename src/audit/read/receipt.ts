import { Fault } from '../../model/fault.ts';
import type { Disk } from '../../ports/disk.ts';
import { segmentStart } from '../format/chain.ts';
import { type Checkpoint, openCheckpoint, peekCheckpoint, splitStored, toBase64 } from '../format/checkpoint.ts';
import { type Entry, leafText, lineOfLeaf } from '../format/frame.ts';
import { checkpointsPath, readLayout, recordsPath } from '../format/layout.ts';
import { type Frontier, leafHash, PartialTree, rootFromInclusion } from '../format/merkle.ts';
import { parseVerifier } from '../format/note.ts';
import { readWhole } from './lines.ts';
import { walkSegment } from './segment.ts';

/** Proof for one record that anybody can check without the journal, who knows its verifier key. */
export interface Receipt {
  readonly format: typeof RECEIPT_FORMAT;
  /** The record as it is hashed: the JSON text of its line without the `hash` member. */
  readonly leaf: string;
  /** Number, Merkle path and signed checkpoint (c2sp.org/tlog-proof). */
  readonly proof: string;
}

export type ReceiptReport =
  | { readonly ok: true; readonly entry: Entry; readonly checkpoint: Checkpoint }
  | { readonly ok: false; readonly problem: string };

const RECEIPT_FORMAT = 'interlock-receipt-v1';
const PROOF_HEAD = 'c2sp.org/tlog-proof@v1';
const MAX_NOTES_BYTES = 256 * 1024 * 1024;
/** A tree of 2^53 leaves has paths of 53 hashes. */
const MAX_PATH = 53;

/**
 * Reads what is needed for a receipt of record `seq`: one segment, whatever the size of the journal, because the earliest checkpoint
 * behind the record lies in the same segment or at its very end.
 * Faults: `not-found` when there is no such record (any more), or no checkpoint covers it yet; `journal-unavailable` when its segment is damaged.
 */
export async function readReceipt(dir: string, seq: number, options: { readonly disk: Disk }): Promise<Receipt> {
  const { disk } = options;
  const { segments } = await readLayout(disk, dir);
  const first = segments.findLast((at) => at <= seq);
  if (first === undefined)
    throw new Fault('not-found', `record ${seq} is not in the journal, or was removed by retention`);
  const next = segments.find((at) => at > seq);
  const checkpoint = await checkpointBehind(disk, dir, { seq, firsts: next === undefined ? [first] : [first, next] });
  if (checkpoint === null)
    throw new Fault('not-found', `no signed checkpoint covers record ${seq} yet: one does in a moment`);
  const { leaf, tree } = await readTree(disk, dir, { first, seq, size: checkpoint.size });
  const path = tree.inclusionProof(seq, checkpoint.size);
  const proof = `${[PROOF_HEAD, `index ${seq}`, ...path.map(toBase64)].join('\n')}\n\n${checkpoint.note}`;
  return { format: RECEIPT_FORMAT, leaf, proof };
}

async function checkpointBehind(
  disk: Disk,
  dir: string,
  at: { readonly seq: number; readonly firsts: readonly number[] },
): Promise<Checkpoint | null> {
  for (const first of at.firsts) {
    const file = await disk.open(checkpointsPath(dir, first), 'read');
    const text = (await readWhole(file, MAX_NOTES_BYTES).finally(() => file.close()))?.toString('utf8') ?? '';
    for (const { note } of splitStored(text).notes) {
      // Not verified here: a receipt is only worth what its reader verifies.
      const checkpoint = peekCheckpoint(note);
      if (checkpoint !== null && checkpoint.size > at.seq) return checkpoint;
    }
  }
  return null;
}

async function readTree(
  disk: Disk,
  dir: string,
  at: { readonly first: number; readonly seq: number; readonly size: number },
): Promise<{ readonly leaf: string; readonly tree: PartialTree }> {
  const file = await disk.open(recordsPath(dir, at.first), 'read');
  try {
    const leaves: string[] = [];
    let before: Frontier | null = null;
    let leaf: string | null = null;
    await walkSegment(
      file,
      (entry) => {
        const chain = segmentStart(entry)?.chain ?? null;
        before = chain?.frontier.copy() ?? null;
        return chain;
      },
      ({ entry, line }) => {
        leaves.push(entry.hash);
        if (entry.seq === at.seq) leaf = leafText(line());
        return entry.seq + 1 < at.size;
      },
    );
    if (before === null || leaf === null || at.first + leaves.length < at.size) {
      throw new Fault('journal-unavailable', `the segment of record ${at.seq} is damaged; run \`interlock verify\``);
    }
    return { leaf, tree: new PartialTree(before, leaves) };
  } finally {
    await file.close();
  }
}

/**
 * Checks a receipt offline: the record hashes to a leaf, the path leads from it to the checkpoint's root, the checkpoint is signed by
 * `vkey`. Total: whatever is wrong is the answer, nothing is thrown (except a RangeError for a `vkey` that is none).
 */
export function verifyReceipt(receipt: unknown, options: { readonly vkey: string }): ReceiptReport {
  const verifier = parseVerifier(options.vkey);
  const { format, leaf, proof } = (receipt ?? {}) as Partial<Receipt>;
  if (format !== RECEIPT_FORMAT || typeof leaf !== 'string' || typeof proof !== 'string')
    return { ok: false, problem: `not a receipt of format ${RECEIPT_FORMAT}` };
  const parsed = parseProof(proof);
  if (parsed === null) return { ok: false, problem: `the proof is not of format ${PROOF_HEAD}` };
  const checkpoint = openCheckpoint(verifier, parsed.note);
  if (checkpoint === null || checkpoint.origin !== verifier.name)
    return { ok: false, problem: 'the checkpoint is not signed by the given key' };
  const digest = leafHash(leaf);
  if (rootFromInclusion(digest, { index: parsed.index, size: checkpoint.size }, parsed.path) !== checkpoint.root) {
    return { ok: false, problem: 'the record is not part of the journal the checkpoint covers' };
  }
  const entry = JSON.parse(lineOfLeaf(leaf, digest)) as Entry;
  if (entry.seq !== parsed.index) return { ok: false, problem: 'the record has another number than the proof' };
  return { ok: true, entry, checkpoint };
}

function parseProof(
  text: string,
): { readonly index: number; readonly path: readonly string[]; readonly note: string } | null {
  const blank = text.indexOf('\n\n');
  if (blank < 0) return null;
  const [head, ...lines] = text.slice(0, blank).split('\n');
  if (lines[0]?.startsWith('extra ')) lines.shift();
  const index = /^index (0|[1-9][0-9]{0,15})$/.exec(lines.shift() ?? '')?.[1];
  if (head !== PROOF_HEAD || index === undefined || !Number.isSafeInteger(Number(index)) || lines.length > MAX_PATH)
    return null;
  const path: string[] = [];
  for (const line of lines) {
    const bytes = Buffer.from(line, 'base64');
    if (bytes.length !== 32 || bytes.toString('base64') !== line) return null;
    path.push(bytes.toString('base64url'));
  }
  return { index: Number(index), path, note: text.slice(blank + 2) };
}
