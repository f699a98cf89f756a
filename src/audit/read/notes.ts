import { Fault } from '../../model/fault.ts';
import type { Disk } from '../../ports/disk.ts';
import { peekCheckpoint, splitStored } from '../format/checkpoint.ts';
import { checkpointsPath, readLayout } from '../format/layout.ts';
import { readWhole } from './lines.ts';

export interface NotesQuestion {
  /** Begin with those of this segment; left out: with the oldest. */
  readonly segment?: number;
  readonly cursor?: string;
  readonly limit: number;
}

export interface NotesPage {
  readonly items: readonly { readonly segment: number; readonly size: number; readonly note: string }[];
  readonly next: string | null;
}

const MAX_NOTES_BYTES = 256 * 1024 * 1024;

/** The signed checkpoints that are stored beside the records, oldest first. Not verified: whoever reads them does that. */
export async function readNotes(
  dir: string,
  disk: Disk,
  { segment = 0, cursor, limit }: NotesQuestion,
): Promise<NotesPage> {
  const from = cursor === undefined ? { segment, nth: 0 } : parseCursor(cursor);
  const { checkpoints } = await readLayout(disk, dir);
  const items: NotesPage['items'][number][] = [];
  for (const first of checkpoints.filter((at) => at >= from.segment)) {
    const notes = await notesOf(dir, disk, first);
    for (let nth = first === from.segment ? from.nth : 0; nth < notes.length; nth++) {
      if (items.length === limit) return { items, next: `c${first}.${nth}` };
      const note = notes[nth] as string;
      items.push({ segment: first, size: peekCheckpoint(note)?.size ?? -1, note });
    }
  }
  return { items, next: null };
}

async function notesOf(dir: string, disk: Disk, first: number): Promise<readonly string[]> {
  const file = await disk.open(checkpointsPath(dir, first), 'read');
  const bytes = await readWhole(file, MAX_NOTES_BYTES).finally(() => file.close());
  return splitStored(bytes?.toString('utf8') ?? '').notes.map(({ note }) => note);
}

function parseCursor(cursor: string): { readonly segment: number; readonly nth: number } {
  const [, segment, nth] = /^c(\d{1,16})\.(\d{1,9})$/.exec(cursor) ?? [];
  if (segment === undefined) throw new Fault('invalid-cursor', 'the cursor is none of this list');
  return { segment: Number(segment), nth: Number(nth) };
}
