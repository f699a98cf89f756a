import { basename, join } from 'node:path';
import type { Disk } from '../../ports/disk.ts';
import { type Chain, emptyChain, RETENTION_ACT, segmentStart, trackOpen } from '../format/chain.ts';
import { type Checkpoint, openCheckpoint, splitStored } from '../format/checkpoint.ts';
import type { Entry } from '../format/frame.ts';
import { checkpointsPath, type Layout, readLayout, recordsPath, VKEY_FILE } from '../format/layout.ts';
import { parseVerifier, type Verifier } from '../format/note.ts';
import { readWhole } from './lines.ts';
import { type Break, walkSegment } from './segment.ts';
import { summarize } from './verify-summary.ts';

export type ProblemCode =
  | 'damaged-record'
  | 'broken-chain'
  | 'missing-records'
  | 'different-history'
  | 'bad-checkpoint'
  | 'bad-segment'
  | 'call-accounting'
  | 'bad-outside-checkpoint'
  | 'no-key';

export interface Problem {
  readonly code: ProblemCode;
  /** First record concerned, where there is one. */
  readonly seq: number | null;
  readonly file: string | null;
  readonly offset: number | null;
  readonly message: string;
}

export interface VerifyReport {
  readonly ok: boolean;
  readonly origin: string | null;
  /** The key used; `given` by the caller, or `directory`: taken from beside the records, where a forger could have put it. */
  readonly vkey: string | null;
  readonly vkeyFrom: 'given' | 'directory';
  /** Oldest record present. */
  readonly firstSeq: number;
  /** Records ever, removed ones included; the size of the Merkle tree whose root is `root` (base64url). */
  readonly size: number;
  readonly root: string;
  readonly segments: number;
  /** Signed checkpoints in the directory that were verified and agree with the records. */
  readonly checkpoints: number;
  /** Size covered by the checkpoint kept elsewhere; null when none was given or it does not hold. */
  readonly outsideSize: number | null;
  readonly openCalls: number;
  /** Bytes behind the last whole record: a write under way, or one that a crash interrupted. No record is lost by them. */
  readonly unfinishedTailBytes: number;
  /** In the order found; the first is where to look first. */
  readonly problems: readonly Problem[];
  /** The findings in plain words, one sentence each. */
  readonly summary: readonly string[];
}

export interface VerifyOptions {
  readonly disk: Disk;
  /** A signed checkpoint (note text) that was kept elsewhere. */
  readonly checkpoint?: string;
  /** The journal's verifier key, known from elsewhere. Without it the one in the directory is used, and the report says so. */
  readonly vkey?: string;
  /** Told now and then how many records were checked. */
  readonly onProgress?: (checked: number) => void;
}

const PROGRESS_RECORDS = 10_000;
const MAX_NOTES_BYTES = 256 * 1024 * 1024;
const MAX_RACES = 20;
const RACED = 'RACED';

/**
 * Reads a whole journal and checks everything: each frame and its hash, numbers and chain, the first record of every segment, the Merkle
 * root against every signed checkpoint, one outcome per intent, and that it continues the history of a checkpoint kept elsewhere.
 * Works beside a running writer. Rejects only when files cannot be read; whatever is wrong with them is in the report.
 */
export async function verifyJournal(dir: string, options: VerifyOptions): Promise<VerifyReport> {
  for (let races = 0; ; races++) {
    try {
      return await new Verification(dir, options).run();
    } catch (cause) {
      // A running writer removed a file (retention) or began a segment between listing and opening.
      const { code } = cause as { code?: string };
      if ((code !== 'ENOENT' && code !== RACED) || races === MAX_RACES) throw cause;
    }
  }
}

interface Due {
  readonly size: number;
  readonly root: string;
  /** The file it lies in; null for the one kept elsewhere. */
  readonly file: string | null;
  readonly offset: number | null;
}

class Verification {
  readonly #dir: string;
  readonly #options: VerifyOptions;
  readonly #problems: Problem[] = [];
  readonly #due: Due[] = [];
  #chain: Chain = emptyChain();
  #open = new Set<string>();
  #verified = 0;
  #outside: Checkpoint | null = null;
  #outsideSize: number | null = null;
  #removedBefore = 0;
  #tailBytes = 0;

  constructor(dir: string, options: VerifyOptions) {
    this.#dir = dir;
    this.#options = options;
  }

  async run(): Promise<VerifyReport> {
    const layout = await readLayout(this.#options.disk, this.#dir);
    const verifier = await this.#verifier();
    if (verifier !== null) {
      this.#openOutside(verifier);
      await this.#readLateNotes(verifier, layout);
    }
    const complete = await this.#readSegments(layout, verifier);
    this.#compare(this.#chain);
    this.#checkEnd(complete ? (layout.segments[0] ?? 0) : 0);
    return this.#report(layout, verifier);
  }

  async #verifier(): Promise<Verifier | null> {
    const text = this.#options.vkey ?? (await this.#readText(join(this.#dir, VKEY_FILE)).catch(() => ''));
    try {
      return parseVerifier(text);
    } catch {
      this.#problem({
        code: 'no-key',
        message: 'there is no usable verifier key: give the one that was printed when the journal was made',
      });
      return null;
    }
  }

  #openOutside(verifier: Verifier): void {
    if (this.#options.checkpoint === undefined) return;
    const outside = openCheckpoint(verifier, this.#options.checkpoint);
    if (outside === null || outside.origin !== verifier.name) {
      const message = 'the checkpoint kept elsewhere is not a checkpoint of this journal, signed by its key';
      this.#problem({ code: 'bad-outside-checkpoint', message });
      return;
    }
    this.#outside = outside;
    this.#due.push({ size: outside.size, root: outside.root, file: null, offset: null });
  }

  /** Checkpoints behind the last records: of a segment that is about to begin, or whose records somebody took away. */
  async #readLateNotes(verifier: Verifier, layout: Layout): Promise<void> {
    const last = layout.segments.at(-1) ?? -1;
    for (const first of layout.checkpoints.filter((at) => at > last)) {
      const count = await this.#readNotes(verifier, first);
      if (count < 2) continue;
      const { segments } = await readLayout(this.#options.disk, this.#dir);
      if (segments.includes(first)) throw Object.assign(new Error('the segment began meanwhile'), { code: RACED });
    }
  }

  /** Returns how many notes the file holds. */
  async #readNotes(verifier: Verifier, first: number): Promise<number> {
    const path = checkpointsPath(this.#dir, first);
    const file = basename(path);
    const text = await this.#readText(path);
    const { notes, wholeBytes } = splitStored(text);
    let before = first - 1;
    for (const [i, { note, offset }] of notes.entries()) {
      const checkpoint = openCheckpoint(verifier, note);
      const fits =
        checkpoint !== null &&
        checkpoint.origin === verifier.name &&
        checkpoint.size > before &&
        (i > 0 || checkpoint.size === first);
      if (!fits) {
        const message = 'a stored checkpoint is damaged, out of order, or not signed by the key';
        this.#problem({ code: 'bad-checkpoint', file, offset, message });
        continue;
      }
      before = checkpoint.size;
      this.#due.push({ size: checkpoint.size, root: checkpoint.root, file, offset });
    }
    this.#due.sort((a, b) => a.size - b.size);
    this.#tailBytes += Buffer.byteLength(text, 'utf8') - wholeBytes;
    return notes.length;
  }

  /** Returns whether all of them could be read. */
  async #readSegments(layout: Layout, verifier: Verifier | null): Promise<boolean> {
    for (const first of layout.segments) {
      const file = basename(recordsPath(this.#dir, first));
      if (this.#chain.seq !== first && first !== layout.segments[0]) {
        const message = `records ${this.#chain.seq} to ${first - 1} are missing between two segments`;
        this.#problem({ code: 'missing-records', seq: this.#chain.seq, file, message });
        return false;
      }
      // Before the records: a running writer signs only what is already on disk.
      const count =
        layout.checkpoints.includes(first) && verifier !== null ? await this.#readNotes(verifier, first) : 0;
      if (count === 0 && verifier !== null) {
        const message = 'the first checkpoint of the segment is missing';
        this.#problem({ code: 'bad-checkpoint', file: basename(checkpointsPath(this.#dir, first)), message });
      }
      const broken = await this.#readSegment(first, file);
      if (broken === null || (broken.code === 'unfinished' && first === layout.segments.at(-1))) continue;
      this.#brokenAt(broken, file);
      return false;
    }
    return true;
  }

  async #readSegment(first: number, file: string): Promise<Break | null> {
    const records = await this.#options.disk.open(recordsPath(this.#dir, first), 'read');
    try {
      const sizeBytes = await records.sizeBytes();
      const end = await walkSegment(
        records,
        (entry) => this.#begin(first, file, entry),
        ({ entry, offset }, chain) => {
          this.#account(entry, { file, offset });
          this.#compare(chain);
          return true;
        },
      );
      if (end.broken?.code === 'unfinished') this.#tailBytes += Math.max(0, sizeBytes - end.goodBytes);
      return end.broken;
    } finally {
      await records.close();
    }
  }

  /** The chain in front of a segment: what was computed so far, or, for the oldest one present, what its first record says. */
  #begin(first: number, file: string, entry: Entry): Chain | null {
    const start = entry.seq === first ? segmentStart(entry) : null;
    if (start === null) return null;
    if (this.#chain.seq === first) {
      const frontierFits = start.chain.frontier.nodes.join() === this.#chain.frontier.nodes.join();
      const openFits = start.open.length === this.#open.size && start.open.every((call) => this.#open.has(call));
      if (!frontierFits || !openFits) {
        this.#problem({
          code: 'bad-segment',
          seq: first,
          file,
          offset: 0,
          message: 'the first record of the segment does not describe the records before it',
        });
      }
    } else {
      this.#chain = start.chain;
      this.#open = new Set(start.open);
    }
    this.#compare(this.#chain);
    return this.#chain;
  }

  #account(entry: Entry, at: { readonly file: string; readonly offset: number }): void {
    const wrong = trackOpen(this.#open, entry);
    if (wrong !== null) this.#problem({ code: 'call-accounting', seq: entry.seq, ...at, message: wrong });
    const { record } = entry;
    if (entry.seq % PROGRESS_RECORDS === 0) this.#options.onProgress?.(entry.seq);
    if (record.type !== 'admin' || record.act !== RETENTION_ACT) return;
    const before = (record.detail as { before?: unknown } | null)?.before;
    if (typeof before === 'number') this.#removedBefore = Math.max(this.#removedBefore, before);
  }

  /** Every checkpoint over exactly the records read so far must have their root. */
  #compare(chain: Chain): void {
    for (let due = this.#due[0]; due !== undefined && due.size <= chain.seq; due = this.#due[0]) {
      this.#due.shift();
      if (due.size < chain.seq) this.#notComparable(due, chain.seq);
      else if (due.root !== chain.frontier.root()) this.#differs(due);
      else if (due.file === null) this.#outsideSize = due.size;
      else this.#verified++;
    }
  }

  #differs(due: Due): void {
    const which = due.file === null ? 'the checkpoint kept elsewhere' : 'a signed checkpoint of the journal itself';
    const message = `the first ${due.size} records are not those that ${which} covers: some were changed, removed, added or replaced`;
    this.#problem({ code: 'different-history', seq: null, file: due.file, offset: due.offset, message });
  }

  #notComparable(due: Due, oldest: number): void {
    const which = due.file === null ? 'the checkpoint kept elsewhere' : 'a stored checkpoint';
    const message = `${which} covers ${due.size} records, but records before ${oldest} are not here any more: keep a newer checkpoint`;
    this.#problem({
      code: due.file === null ? 'bad-outside-checkpoint' : 'bad-checkpoint',
      file: due.file,
      offset: due.offset,
      message,
    });
  }

  #brokenAt(broken: Break, file: string): void {
    const code = broken.code === 'out-of-order' ? 'broken-chain' : 'damaged-record';
    const seq = this.#chain.seq;
    this.#problem({
      code,
      seq,
      file,
      offset: broken.offset,
      message: `record ${seq} is damaged, or something else lies in its place: ${broken.why}`,
    });
  }

  #checkEnd(oldest: number): void {
    if (oldest > this.#removedBefore) {
      const message = `records ${this.#removedBefore} to ${oldest - 1} are gone, and no record says that retention removed them`;
      this.#problem({ code: 'missing-records', seq: this.#removedBefore, message });
    }
    const last = this.#due.at(-1);
    if (last === undefined) return;
    const which =
      this.#outside !== null && last.file === null ? 'the checkpoint kept elsewhere' : 'a signed checkpoint';
    const size = this.#chain.seq;
    const message = `records from ${size} on are missing or unreadable: ${which} covers ${last.size} records`;
    this.#problem({ code: 'missing-records', seq: size, file: last.file, offset: last.offset, message });
  }

  #problem(found: Pick<Problem, 'code' | 'message'> & Partial<Problem>): void {
    this.#problems.push({ seq: null, file: null, offset: null, ...found });
  }

  async #readText(path: string): Promise<string> {
    const file = await this.#options.disk.open(path, 'read');
    const bytes = await readWhole(file, MAX_NOTES_BYTES).finally(() => file.close());
    return bytes?.toString('utf8') ?? '';
  }

  #report(layout: Layout, verifier: Verifier | null): VerifyReport {
    const facts = {
      ok: this.#problems.length === 0,
      origin: verifier?.name ?? null,
      vkey: verifier?.vkey ?? null,
      vkeyFrom: this.#options.vkey === undefined ? ('directory' as const) : ('given' as const),
      firstSeq: layout.segments[0] ?? 0,
      size: this.#chain.seq,
      root: this.#chain.frontier.root(),
      segments: layout.segments.length,
      checkpoints: this.#verified,
      outsideSize: this.#outsideSize,
      openCalls: this.#open.size,
      unfinishedTailBytes: this.#tailBytes,
      problems: this.#problems,
    };
    return { ...facts, summary: summarize(facts) };
  }
}
