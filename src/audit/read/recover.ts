import type { Disk, DiskFile } from '../../ports/disk.ts';
import { refuseToOpen } from '../failure.ts';
import { type Chain, segmentStart, trackOpen } from '../format/chain.ts';
import { type Checkpoint, openCheckpoint, splitStored } from '../format/checkpoint.ts';
import { salvageFrames } from '../format/frame.ts';
import { checkpointsPath, readLayout, recordsPath } from '../format/layout.ts';
import type { Verifier } from '../format/note.ts';
import { type SegmentFile, writeFully } from '../write/segment-file.ts';
import { MAX_LINE_BYTES, readFrom, readWhole } from './lines.ts';
import { type Break, walkSegment } from './segment.ts';

export interface Recovered {
  readonly segment: SegmentFile;
  readonly chain: Chain;
  /** Calls whose intent has no outcome. */
  readonly open: ReadonlySet<string>;
  /** Bytes of an unacknowledged tail that were cut off. */
  readonly tornBytes: number;
}

const MAX_NOTES_BYTES = 256 * 1024 * 1024;
/** More than one note of our own can take. */
const MAX_STORED_NOTE_BYTES = 4096;
const RESTORE =
  'restore the directory from a complete copy, or keep it for inspection (`interlock verify`) and start with an empty one';

/**
 * Brings the end of a journal into a state from which writing can go on, or refuses. Reads the last segment only: its first record
 * carries what the segments before it amount to. Cuts off what was never acknowledged, and nothing else: a record that a later
 * batch or a signed checkpoint shows to have been durable is never dropped.
 * Null: the directory holds no records (a start that was interrupted before anything was acknowledged is cleared away).
 */
export async function recover(disk: Disk, dir: string, verifier: Verifier): Promise<Recovered | null> {
  const layout = await readLayout(disk, dir);
  const segments = [...layout.segments];
  for (;;) {
    const first = segments.pop();
    if (first === undefined) {
      await clearUnstarted(disk, dir, layout.checkpoints);
      return null;
    }
    const notes = await readNotes(disk, { dir, verifier, firsts: layout.checkpoints.filter((at) => at >= first) });
    if (!layout.checkpoints.includes(first))
      throw refuseToOpen(`the checkpoints of segment ${first} are missing`, RESTORE);
    const recovered = await recoverSegment(disk, { dir, first, notes });
    if (recovered !== null) return recovered;
    // Nothing of this segment was acknowledged: its start was interrupted. The segment before it is the last one.
    await disk.remove(recordsPath(dir, first));
    await disk.syncDir(dir);
  }
}

/** Only a checkpoint of the empty journal may lie in a directory without segments. */
async function clearUnstarted(disk: Disk, dir: string, checkpoints: readonly number[]): Promise<void> {
  if (checkpoints.some((first) => first > 0))
    throw refuseToOpen('its records are gone, only checkpoints are left', RESTORE);
  if (checkpoints.length === 0) return;
  const file = await disk.open(checkpointsPath(dir, 0), 'read');
  const text = (await readWhole(file, MAX_NOTES_BYTES).finally(() => file.close()))?.toString('utf8') ?? '';
  if (splitStored(text).notes.length > 1)
    throw refuseToOpen('its records are gone, only checkpoints are left', RESTORE);
  await disk.remove(checkpointsPath(dir, 0));
  await disk.syncDir(dir);
}

interface Notes {
  /** Of this segment and of one whose start was interrupted, ascending by size. */
  readonly checkpoints: readonly Checkpoint[];
  /** Whole bytes per file. */
  readonly wholeBytes: ReadonlyMap<number, number>;
}

async function readNotes(
  disk: Disk,
  from: { readonly dir: string; readonly verifier: Verifier; readonly firsts: readonly number[] },
): Promise<Notes> {
  const checkpoints: Checkpoint[] = [];
  const wholeBytes = new Map<number, number>();
  for (const first of from.firsts) {
    const file = await disk.open(checkpointsPath(from.dir, first), 'read');
    const bytes = await readWhole(file, MAX_NOTES_BYTES).finally(() => file.close());
    if (bytes === null) throw refuseToOpen(`the checkpoints of segment ${first} are too long`, RESTORE);
    const stored = splitStored(bytes.toString('utf8'));
    const opened = stored.notes.map(({ note }) => openCheckpoint(from.verifier, note));
    // An append that never became durable may have left anything at the end, but only there.
    while (opened.at(-1) === null) opened.pop();
    for (const checkpoint of opened) {
      if (checkpoint === null)
        throw refuseToOpen(`the checkpoints of segment ${first} are damaged or signed by another key`, RESTORE);
      checkpoints.push(checkpoint);
    }
    wholeBytes.set(first, stored.notes[opened.length]?.offset ?? stored.wholeBytes);
  }
  return { checkpoints: checkpoints.sort((a, b) => a.size - b.size), wholeBytes };
}

interface SegmentToRecover {
  readonly dir: string;
  readonly first: number;
  readonly notes: Notes;
}

/** Null when nothing of the segment was acknowledged and nothing of it is whole. */
async function recoverSegment(disk: Disk, at: SegmentToRecover): Promise<Recovered | null> {
  const records = await disk.open(recordsPath(at.dir, at.first), 'write');
  try {
    const scan = await scanSegment(records, at);
    const size = await records.sizeBytes();
    if (scan.broken !== null)
      await refuseLostRecords(records, { ...at, scan: { next: scan.chain?.seq ?? at.first, broken: scan.broken } });
    refuseBehindCheckpoints(at.notes, scan.chain?.seq ?? at.first);
    if (scan.chain === null) {
      await records.close();
      return null;
    }
    if (size > scan.goodBytes) await records.truncate(scan.goodBytes);
    await writeAgain(records, scan.lastBatchAt, scan.goodBytes);
    const { notes, notesBytes } = await recoverNotes(disk, at);
    const segment = {
      first: at.first,
      startedAtMs: scan.startedAtMs,
      records,
      notes,
      recordsBytes: scan.goodBytes,
      notesBytes,
    };
    return { segment, chain: scan.chain, open: scan.open, tornBytes: size - scan.goodBytes };
  } catch (cause) {
    await records.close().catch(() => {});
    throw cause;
  }
}

/**
 * The last batch may never have been synced, and after a failed sync the system may show pages that it will never write and call them
 * clean. Writing the same bytes again makes them dirty: then a sync means what it says, and more can be built on them.
 */
async function writeAgain(file: DiskFile, from: number, to: number): Promise<void> {
  await writeFully(file, await readFrom(file, from, to - from), from);
  await file.sync();
}

interface Scan {
  readonly chain: Chain | null;
  readonly open: ReadonlySet<string>;
  readonly startedAtMs: number;
  readonly goodBytes: number;
  /** Where the first record of the last batch begins. */
  readonly lastBatchAt: number;
  readonly broken: Break | null;
}

async function scanSegment(records: DiskFile, at: SegmentToRecover): Promise<Scan> {
  let chain: Chain | null = null;
  let open = new Set<string>();
  let startedAtMs = 0;
  let lastBatch = -1;
  let lastBatchAt = 0;
  const due = at.notes.checkpoints.filter(({ size }) => size >= at.first);
  let next = 0;
  const compare = (state: Chain): void => {
    for (let checkpoint = due[next]; checkpoint?.size === state.seq; checkpoint = due[++next]) {
      if (checkpoint.root !== state.frontier.root()) {
        throw refuseToOpen(`its first ${state.seq} records are not those of its own signed checkpoint`, RESTORE);
      }
    }
  };
  const end = await walkSegment(
    records,
    (first) => {
      const start = first.seq === at.first ? segmentStart(first) : null;
      if (start === null) return null;
      open = new Set(start.open);
      startedAtMs = Date.parse(first.time);
      chain = start.chain;
      compare(chain);
      return chain;
    },
    ({ entry, offset }, state) => {
      if (entry.batch !== lastBatch) [lastBatch, lastBatchAt] = [entry.batch, offset];
      const wrong = trackOpen(open, entry);
      if (wrong !== null) throw refuseToOpen(wrong, RESTORE);
      compare(state);
      return true;
    },
  );
  return { chain, open, startedAtMs, goodBytes: end.goodBytes, lastBatchAt, broken: end.broken };
}

/**
 * A bad frame may be cut off when its record was never acknowledged. It was, if any whole frame behind it belongs to a later batch: a
 * batch is only written when everything before it is durable. Frames of the same batch prove nothing, disks write in any order.
 */
async function refuseLostRecords(
  records: DiskFile,
  at: SegmentToRecover & { readonly scan: { readonly next: number; readonly broken: Break } },
): Promise<void> {
  const { next, broken } = at.scan;
  const rest = await readFrom(records, broken.offset, MAX_LINE_BYTES);
  const witness = salvageFrames(rest).find((entry) => entry.batch > next);
  if (witness === undefined && rest.length < MAX_LINE_BYTES) return;
  const file = recordsPath('', at.first);
  throw refuseToOpen(
    `record ${next} (${file}, byte ${broken.offset}) is damaged: ${broken.why}, and it had been acknowledged, as record ${witness?.seq ?? 'after it'} shows`,
    RESTORE,
  );
}

function refuseBehindCheckpoints(notes: Notes, size: number): void {
  const last = notes.checkpoints.at(-1);
  if (last !== undefined && last.size > size) {
    throw refuseToOpen(
      `records ${size} to ${last.size - 1} were acknowledged (a signed checkpoint covers them) and are gone or damaged`,
      RESTORE,
    );
  }
}

/** Cuts torn notes off, removes the checkpoints of a segment whose start was interrupted. */
async function recoverNotes(
  disk: Disk,
  at: SegmentToRecover,
): Promise<{ readonly notes: DiskFile; readonly notesBytes: number }> {
  const later = [...at.notes.wholeBytes.keys()].filter((first) => first > at.first);
  for (const first of later) await disk.remove(checkpointsPath(at.dir, first));
  if (later.length > 0) await disk.syncDir(at.dir);
  const notesBytes = at.notes.wholeBytes.get(at.first) ?? 0;
  if (!at.notes.checkpoints.some((checkpoint) => checkpoint.size === at.first))
    throw refuseToOpen(`the first checkpoint of segment ${at.first} is missing`, RESTORE);
  const notes = await disk.open(checkpointsPath(at.dir, at.first), 'write');
  try {
    if ((await notes.sizeBytes()) > notesBytes) await notes.truncate(notesBytes);
    await writeAgain(notes, Math.max(0, notesBytes - MAX_STORED_NOTE_BYTES), notesBytes);
    return { notes, notesBytes };
  } catch (cause) {
    await notes.close().catch(() => {});
    throw cause;
  }
}
