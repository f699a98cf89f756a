import type { Disk, DiskFile } from '../../ports/disk.ts';
import { type Checkpoint, formatStored } from '../format/checkpoint.ts';
import { checkpointsPath, recordsPath } from '../format/layout.ts';

/** The segment being written: its two files and how far each is written. */
export interface SegmentFile {
  readonly first: number;
  readonly startedAtMs: number;
  readonly records: DiskFile;
  readonly notes: DiskFile;
  recordsBytes: number;
  notesBytes: number;
}

/**
 * Makes a segment durable with its first batch. The checkpoint comes first and its name is made durable before the records'
 * name exists, so that a segment without checkpoints is always damage and never an interrupted start.
 */
export async function createSegment(
  disk: Disk,
  dir: string,
  start: { readonly first: number; readonly atMs: number; readonly checkpoint: Checkpoint; readonly bytes: Uint8Array },
): Promise<SegmentFile> {
  const note = Buffer.from(formatStored(start.checkpoint), 'utf8');
  const notes = await createDurably(disk, dir, { path: checkpointsPath(dir, start.first), bytes: note });
  const records = await createDurably(disk, dir, { path: recordsPath(dir, start.first), bytes: start.bytes });
  return {
    first: start.first,
    startedAtMs: start.atMs,
    records,
    notes,
    recordsBytes: start.bytes.length,
    notesBytes: note.length,
  };
}

async function createDurably(
  disk: Disk,
  dir: string,
  made: { readonly path: string; readonly bytes: Uint8Array },
): Promise<DiskFile> {
  const file = await disk.open(made.path, 'create');
  try {
    await writeFully(file, made.bytes, 0);
    await file.sync();
    await disk.syncDir(dir);
    return file;
  } catch (cause) {
    await file.close().catch(() => {});
    throw cause;
  }
}

export async function appendRecords(segment: SegmentFile, bytes: Uint8Array): Promise<void> {
  await writeFully(segment.records, bytes, segment.recordsBytes);
  await segment.records.sync();
  segment.recordsBytes += bytes.length;
}

export async function appendCheckpoint(segment: SegmentFile, checkpoint: Checkpoint): Promise<void> {
  const note = Buffer.from(formatStored(checkpoint), 'utf8');
  await writeFully(segment.notes, note, segment.notesBytes);
  await segment.notes.sync();
  segment.notesBytes += note.length;
}

export async function closeSegment(segment: SegmentFile): Promise<void> {
  await segment.records.close();
  await segment.notes.close();
}

/** Short writes happen (signals, nearly full disks): go on behind them; the disk then says what is wrong, if anything. */
export async function writeFully(file: DiskFile, bytes: Uint8Array, position: number): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    const count = await file.write(done === 0 ? bytes : bytes.subarray(done), position + done);
    if (count === 0) throw Object.assign(new Error('the disk accepted no bytes'), { code: 'EIO' });
    done += count;
  }
}
