import { setTimeout as sleep } from 'node:timers/promises';
import { Fault } from '../../model/fault.ts';
import type { Disk, DiskFile } from '../../ports/disk.ts';
import { type Chain, follow, segmentStart } from '../format/chain.ts';
import type { Entry } from '../format/frame.ts';
import { readLayout, recordsPath } from '../format/layout.ts';
import { type Break, readFrames } from './segment.ts';

export interface ReadOptions {
  readonly disk: Disk;
  /** First record wanted. Earlier segments are not read. Default 0, or the oldest record that retention left. */
  readonly fromSeq?: number;
  /** Wait for further records when the end is reached, until `signal` aborts. */
  readonly follow?: boolean;
  readonly signal?: AbortSignal;
  readonly pollMs?: number;
}

const POLL_MS = 100;

/**
 * The records of a journal in order, also while another process writes it. Each is checked against its hash and against the one
 * before. The very last ones may have been written and not synced yet: only a checkpoint says what is durable. Ends quietly when aborted.
 * Fault `journal-unavailable`: a record is damaged, or the records wanted next were removed.
 */
export async function* readJournal(dir: string, options: ReadOptions): AsyncGenerator<Entry, void> {
  const { disk, signal } = options;
  const cursor: Cursor = { from: options.fromSeq ?? 0, chain: null };
  let first: number | undefined;
  for (;;) {
    const { segments } = await readLayout(disk, dir);
    // The first time the segment that holds the wanted record, then always the one after.
    const next =
      first === undefined
        ? (segments.findLast((at) => at <= cursor.from) ?? segments[0])
        : segments.find((at) => at > (first as number));
    if (signal?.aborted === true || (next === undefined && options.follow !== true)) return;
    if (next === undefined) await pause(options);
    else {
      if (cursor.chain !== null && cursor.chain.seq !== next) {
        throw new Fault(
          'journal-unavailable',
          `records ${cursor.chain.seq} to ${next - 1} are missing; run \`interlock verify\``,
        );
      }
      yield* readOne(dir, { ...options, first: next, cursor });
      first = next;
    }
  }
}

interface Cursor {
  readonly from: number;
  /** Null before the first record. */
  chain: Chain | null;
}

type OnSegment = ReadOptions & { readonly first: number; readonly cursor: Cursor };

/** One segment, to its end. With `follow`: until a later segment exists and nothing more came. */
async function* readOne(dir: string, at: OnSegment): AsyncGenerator<Entry, void> {
  const file = await openRecords(dir, at);
  try {
    let offset = 0;
    for (let last = at.follow !== true; ; ) {
      const end = yield* readOn(file, { ...at, offset });
      offset = end.goodBytes;
      if (end.broken !== null && end.broken.code !== 'unfinished') throw damaged(at.first, end.broken);
      if (at.signal?.aborted === true) return;
      const later = (await readLayout(at.disk, dir)).segments.some((first) => first > at.first);
      // Looked at once more after a later segment has appeared: the writer finishes one before it begins the next.
      if (last) {
        if (later && at.follow === true && end.broken !== null) throw damaged(at.first, end.broken);
        return;
      }
      last = later;
      if (!last) await pause(at);
    }
  } finally {
    await file.close();
  }
}

async function openRecords(dir: string, at: OnSegment): Promise<DiskFile> {
  try {
    return await at.disk.open(recordsPath(dir, at.first), 'read');
  } catch (cause) {
    if ((cause as { code?: string }).code !== 'ENOENT') throw cause;
    throw new Fault(
      'journal-unavailable',
      `the records from ${at.first} on were removed by retention while they were read; read again from a later one`,
    );
  }
}

async function* readOn(
  file: DiskFile,
  at: OnSegment & { readonly offset: number },
): AsyncGenerator<Entry, { readonly goodBytes: number; readonly broken: Break | null }> {
  const { cursor } = at;
  const blocks = readFrames(file, at.offset);
  for (;;) {
    const step = await blocks.next();
    if (step.done === true) return step.value;
    for (const { entry, offset } of step.value) {
      cursor.chain ??= segmentStart(entry)?.chain ?? null;
      const why =
        cursor.chain === null ? 'the file does not begin with its segment record' : follow(cursor.chain, entry);
      if (why !== null) throw damaged(at.first, { code: 'out-of-order', offset, why });
      if (at.signal?.aborted === true) return { goodBytes: offset, broken: null };
      if (entry.seq >= cursor.from) yield entry;
    }
  }
}

function damaged(first: number, broken: Break): Fault {
  return new Fault(
    'journal-unavailable',
    `the journal is damaged (${recordsPath('', first)}, byte ${broken.offset}: ${broken.why}); run \`interlock verify\``,
  );
}

async function pause(options: ReadOptions): Promise<void> {
  await sleep(options.pollMs ?? POLL_MS, undefined, { signal: options.signal, ref: true }).catch(() => {});
}
