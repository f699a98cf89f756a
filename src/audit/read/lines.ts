import type { DiskFile } from '../../ports/disk.ts';
import { NEWLINE } from '../format/frame.ts';

const CHUNK_BYTES = 256 * 1024;
/** Longer than any line the writer makes (its own limit is far lower); a bound on memory when a file is garbage. */
export const MAX_LINE_BYTES = 64 * 1024 * 1024;

/** Some whole lines of a file. `bytes[line.start - 1]` always exists. */
export interface LineBlock {
  readonly bytes: Buffer;
  /** Offset in the file of `bytes[0]`. May be -1, at the beginning of a file. */
  readonly offset: number;
  readonly lines: readonly { readonly start: number; readonly end: number }[];
}

/** What comes after the last line end: a write under way, or a torn one. */
export interface Rest {
  readonly offset: number;
  readonly bytes: Buffer;
}

/**
 * Reads whole lines from `from` to the present end of the file, a block at a time, and finally returns what is left over.
 * Blocks are only valid until the next one is asked for. A line longer than MAX_LINE_BYTES ends the reading, as rest.
 */
export async function* readLines(file: DiskFile, from: number): AsyncGenerator<LineBlock, Rest> {
  // One spare byte in front: the frame decoder borrows the byte before a line.
  let buffer = Buffer.allocUnsafe(CHUNK_BYTES + 1);
  let offset = from - 1;
  let filled = 1;
  for (;;) {
    const count = await file.read(buffer.subarray(filled), offset + filled);
    if (count === 0) break;
    const searchFrom = filled;
    filled += count;
    const lines: { start: number; end: number }[] = [];
    let start = 1;
    for (
      let end = buffer.indexOf(NEWLINE, searchFrom);
      end >= 0 && end < filled;
      end = buffer.indexOf(NEWLINE, end + 1)
    ) {
      lines.push({ start, end });
      start = end + 1;
    }
    if (lines.length > 0) yield { bytes: buffer, offset, lines };
    const kept = filled - start;
    if (start > 1) buffer.copyWithin(1, start, filled);
    offset += start - 1;
    filled = kept + 1;
    if (filled === buffer.length) {
      if (buffer.length > MAX_LINE_BYTES) break;
      buffer = Buffer.concat([buffer], buffer.length * 2);
    }
  }
  return { offset: offset + 1, bytes: buffer.subarray(1, filled) };
}

/** The whole content of a small file, or null when it is longer than `maxBytes`. */
export async function readWhole(file: DiskFile, maxBytes: number): Promise<Buffer | null> {
  const size = await file.sizeBytes();
  if (size > maxBytes) return null;
  return readFrom(file, 0, size);
}

/** Everything from `offset` on, at most `maxBytes`. */
export async function readFrom(file: DiskFile, offset: number, maxBytes: number): Promise<Buffer> {
  const parts: Buffer[] = [];
  let total = 0;
  while (total < maxBytes) {
    const part = Buffer.allocUnsafe(Math.min(CHUNK_BYTES, maxBytes - total));
    const count = await file.read(part, offset + total);
    if (count === 0) break;
    parts.push(part.subarray(0, count));
    total += count;
  }
  return Buffer.concat(parts);
}
