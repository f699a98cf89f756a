import type { DiskFile } from '../../ports/disk.ts';
import { type Chain, follow } from '../format/chain.ts';
import { decodeFrame, type Entry } from '../format/frame.ts';
import { readLines } from './lines.ts';

export type BreakCode = 'malformed' | 'hash-mismatch' | 'out-of-order' | 'unfinished';

/** Where a segment stops being a journal, and why. `unfinished`: bytes without a line end, at the end of the file. */
export interface Break {
  readonly code: BreakCode;
  readonly offset: number;
  readonly why: string;
}

export interface SegmentEnd {
  /** Offset behind the last good frame. */
  readonly goodBytes: number;
  readonly broken: Break | null;
}

export interface Located {
  readonly entry: Entry;
  readonly offset: number;
  /** Behind its line end. */
  readonly end: number;
  /** The line as it lies on disk, without its end. Valid until the next block. */
  readonly line: () => string;
}

/** Gives the chain in front of the first entry; null refuses the segment. */
export type ChainAt = (first: Entry) => Chain | null;

/**
 * THE reader: recovery, verification, receipts and `readJournal` all take a segment apart here. Yields whole frames a block at a
 * time and stops at the first line that is none. Whether they continue the chain is for `follow` to say.
 */
export async function* readFrames(file: DiskFile, from: number): AsyncGenerator<readonly Located[], SegmentEnd> {
  let good = from;
  const lines = readLines(file, from);
  for (;;) {
    const step = await lines.next();
    if (step.done === true) {
      const { offset, bytes } = step.value;
      const broken: Break | null =
        bytes.length === 0 ? null : { code: 'unfinished', offset, why: `${bytes.length} bytes without a line end` };
      return { goodBytes: good, broken };
    }
    const { bytes, offset: base, lines: found } = step.value;
    const block: Located[] = [];
    let broken: Break | null = null;
    for (const { start, end } of found) {
      const entry = decodeFrame(bytes, start, end);
      if ('bad' in entry) {
        broken = { code: entry.bad, offset: base + start, why: entry.why };
        break;
      }
      good = base + end + 1;
      block.push({ entry, offset: base + start, end: good, line: () => bytes.toString('utf8', start, end) });
    }
    if (block.length > 0) yield block;
    if (broken !== null) return { goodBytes: good, broken };
  }
}

/** Walks a whole segment along its chain, with a call per entry in order. `visit` returns false to stop. */
export async function walkSegment(
  file: DiskFile,
  chainAt: ChainAt,
  visit: (found: Located, chain: Chain) => boolean,
): Promise<SegmentEnd> {
  let chain: Chain | null = null;
  const blocks = readFrames(file, 0);
  for (;;) {
    const step = await blocks.next();
    if (step.done === true) return step.value;
    for (const found of step.value) {
      chain ??= chainAt(found.entry);
      const wrong = chain === null ? 'the file does not begin with its segment record' : follow(chain, found.entry);
      if (chain === null || wrong !== null)
        return { goodBytes: found.offset, broken: { code: 'out-of-order', offset: found.offset, why: wrong ?? '' } };
      if (!visit(found, chain)) return { goodBytes: found.offset, broken: null };
    }
  }
}
