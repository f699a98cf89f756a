import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { Fault } from '../../../model/fault.ts';
import type { Disk, DiskFile } from '../../../ports/disk.ts';
import { decodeFrame, type Entry } from '../../format/frame.ts';
import { readLayout, recordsPath } from '../../format/layout.ts';

interface Place {
  readonly seq: number;
  readonly segment: number;
  readonly start: number;
  readonly end: number;
}

/** Where records lie, and reading them there: each is checked against its own hash. */
export class Places {
  readonly #dir: string;
  readonly #disk: Disk;
  readonly #block: StatementSync;
  readonly #from: StatementSync;
  readonly #oldest: StatementSync;

  constructor(database: DatabaseSync, at: { readonly dir: string; readonly disk: Disk }) {
    this.#dir = at.dir;
    this.#disk = at.disk;
    this.#block = database.prepare('select * from block where first <= ? order by first desc limit 1');
    this.#from = database.prepare('select first from block where high_ms >= ? order by high_ms, first limit 1');
    this.#oldest = database.prepare('select first from block order by first limit 1');
  }

  /** Null: nothing is indexed. */
  oldest(): number | null {
    const row = this.#oldest.get();
    return row === undefined ? null : Number(row.first);
  }

  /** Every record of that time or later has this number or a greater one; null: there is none. */
  firstSince(atMs: number): number | null {
    const row = this.#from.get(atMs);
    return row === undefined ? null : Number(row.first);
  }

  /** In the order asked for; what retention removed is left out. Fault `journal-unavailable`: one is damaged. */
  async read(seqs: readonly number[]): Promise<readonly Entry[]> {
    const files = new Map<number, Promise<DiskFile | null>>();
    try {
      const entries = await Promise.all(seqs.map((seq) => this.#readOne(seq, files)));
      return entries.filter((entry) => entry !== null);
    } finally {
      for (const opening of files.values()) await (await opening.catch(() => null))?.close();
    }
  }

  /** First record of the segment a record lies in; null: it lies in none. */
  async segmentOf(seq: number): Promise<number | null> {
    const { segments } = await readLayout(this.#disk, this.#dir);
    return segments.findLast((first) => first <= seq) ?? null;
  }

  async #readOne(seq: number, files: Map<number, Promise<DiskFile | null>>): Promise<Entry | null> {
    const place = this.#placeOf(seq);
    if (place === null) return null;
    let opening = files.get(place.segment);
    if (opening === undefined) {
      opening = this.#open(place.segment);
      files.set(place.segment, opening);
    }
    const file = await opening;
    if (file === null) return null;
    // One spare byte in front: the frame decoder borrows it.
    const bytes = Buffer.alloc(place.end - place.start + 1);
    for (let filled = 1; filled < bytes.length; ) {
      const count = await file.read(bytes.subarray(filled), place.start + filled - 1);
      if (count === 0) throw damaged(seq);
      filled += count;
    }
    const entry = decodeFrame(bytes, 1, bytes.length - 1);
    if ('bad' in entry || entry.seq !== seq) throw damaged(seq);
    return entry;
  }

  #placeOf(seq: number): Place | null {
    const row = this.#block.get(seq);
    if (row === undefined) return null;
    const bytes = row.ends as Uint8Array;
    const ends = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const nth = seq - Number(row.first);
    if (nth >= bytes.byteLength / 4) return null;
    const start = Number(row.start);
    const at = (i: number): number => start + (i < 0 ? 0 : ends.getUint32(i * 4, true));
    return { seq, segment: Number(row.segment), start: at(nth - 1), end: at(nth) };
  }

  async #open(segment: number): Promise<DiskFile | null> {
    try {
      return await this.#disk.open(recordsPath(this.#dir, segment), 'read');
    } catch (cause) {
      if ((cause as { code?: string }).code === 'ENOENT') return null;
      throw cause;
    }
  }
}

function damaged(seq: number): Fault {
  return new Fault('journal-unavailable', `record ${seq} is damaged; run \`interlock verify\``);
}
