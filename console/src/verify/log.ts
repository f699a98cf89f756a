import { sameBytes, toBase64url } from './bytes.ts';
import { Frontier } from './merkle.ts';
import { type Checkpoint, openCheckpoint, splitNotes, type VerifierKey } from './note.ts';
import {
  type Break,
  type Chain,
  type Entry,
  follow,
  Lines,
  NO_HASH,
  readLine,
  segmentStart,
  trackOpen,
} from './segment.ts';

export interface SegmentAt {
  readonly first: number;
  readonly sizeBytes: number;
}

export interface LogSource {
  /** Ascending. All there are, or those to look at; they must follow each other. */
  readonly segments: readonly SegmentAt[];
  bytes(first: number): AsyncIterable<Uint8Array>;
  /** The signed checkpoints stored with a segment, one note after the other. */
  notes(first: number): Promise<string>;
}

export interface LogTask {
  readonly source: LogSource;
  readonly key: VerifierKey;
  /** Checkpoints the log must agree with beside those stored with it. */
  readonly checkpoints: readonly KnownCheckpoint[];
  /** Whether all there is is read: then nothing may be missing, in front or at the end. */
  readonly whole: boolean;
  readonly onProgress: (progress: LogProgress) => void;
  readonly cancelled: () => boolean;
}

export interface KnownCheckpoint {
  readonly note: string;
  /** `elsewhere`: kept by the person, where whoever runs the gateway cannot change it. */
  readonly from: 'gateway' | 'elsewhere';
}

export interface LogProgress {
  readonly records: number;
  readonly bytes: number;
  readonly segment: number;
}

export interface LogProblem {
  /** The first record concerned, where there is one. */
  readonly seq: number | null;
  readonly message: string;
}

export interface LogReport {
  readonly state: 'intact' | 'tampered' | 'cancelled';
  readonly problems: readonly LogProblem[];
  /** Records `from` to `to - 1` were read, each hashed and found to follow the one before. */
  readonly from: number;
  readonly to: number;
  readonly bytes: number;
  readonly segments: number;
  /** Merkle root over everything up to `to`, standard base64 as it stands in checkpoints. */
  readonly root: string;
  /** Signed checkpoints that agree with the records. */
  readonly checkpoints: number;
  /** Up to where a signed checkpoint agrees; what is behind it is only chained. */
  readonly signedTo: number;
  /** The same for a checkpoint the person kept elsewhere. */
  readonly elsewhereTo: number | null;
  readonly openCalls: number;
  /** Bytes behind the last whole record: a write under way. */
  readonly tailBytes: number;
}

const REPORT_EVERY = 2_000;
const MAX_PROBLEMS = 50;

/** Reads segments record by record and checks everything that can be checked without trusting whoever sent them. */
export async function checkLog(task: LogTask): Promise<LogReport> {
  return new LogCheck(task).run();
}

interface Due extends Pick<Checkpoint, 'size' | 'root'> {
  readonly from: 'stored' | 'gateway' | 'elsewhere';
}

class LogCheck {
  readonly #task: LogTask;
  readonly #problems: LogProblem[] = [];
  readonly #due: Due[] = [];
  #chain: Chain = { seq: 0, prev: NO_HASH, frontier: Frontier.empty() };
  #open = new Set<string>();
  #agreed = 0;
  #signedTo = 0;
  #elsewhereTo: number | null = null;
  #removedBefore = 0;
  #bytes = 0;
  #segments = 0;
  #tailBytes = 0;
  #stopped = false;

  constructor(task: LogTask) {
    this.#task = task;
  }

  async run(): Promise<LogReport> {
    const { source, checkpoints, key, whole } = this.#task;
    for (const { note, from } of checkpoints) await this.#know(note, from, key);
    const complete = await this.#readAll();
    this.#compare();
    if (whole && complete && !this.#stopped) this.#checkFront(source.segments[0]?.first ?? 0);
    if (whole && !this.#stopped) this.#checkEnd();
    return this.#report();
  }

  async #know(note: string, from: 'gateway' | 'elsewhere', key: VerifierKey): Promise<void> {
    const checkpoint = await openCheckpoint(note, key);
    if (checkpoint !== null) this.#due.push({ size: checkpoint.size, root: checkpoint.root, from });
    else if (from === 'elsewhere')
      this.#problem(null, 'The checkpoint you gave is not a checkpoint of this log, signed by this key.');
    else this.#problem(null, 'The latest checkpoint the gateway shows is not signed by this key.');
    this.#sort();
  }

  /** Whether all of them could be read to their end. */
  async #readAll(): Promise<boolean> {
    const { segments } = this.#task.source;
    for (const [i, { first }] of segments.entries()) {
      if (i > 0 && this.#chain.seq !== first) {
        this.#problem(this.#chain.seq, `Records ${this.#chain.seq} to ${first - 1} are missing between two segments.`);
        return false;
      }
      await this.#readNotes(first);
      const broken = await this.#readSegment(first, i === segments.length - 1);
      if (this.#stopped) return false;
      if (broken !== null) {
        this.#problem(
          this.#chain.seq,
          `Record ${this.#chain.seq} is damaged, or something else lies in its place: ${broken.why}.`,
        );
        return false;
      }
      this.#segments++;
    }
    return true;
  }

  async #readNotes(first: number): Promise<void> {
    let before = first - 1;
    let bad = 0;
    for (const [i, note] of splitNotes(await this.#task.source.notes(first)).entries()) {
      const checkpoint = await openCheckpoint(note, this.#task.key);
      if (checkpoint === null || checkpoint.size <= before || (i === 0 && checkpoint.size !== first)) {
        bad++;
        continue;
      }
      before = checkpoint.size;
      this.#due.push({ size: checkpoint.size, root: checkpoint.root, from: 'stored' });
    }
    const which = bad === 1 ? 'A checkpoint' : `${bad} checkpoints`;
    if (bad > 0)
      this.#problem(
        null,
        `${which} stored with the records from ${first} on: damaged, out of order, or not signed by the key.`,
      );
    this.#sort();
  }

  async #readSegment(first: number, last: boolean): Promise<Break | null> {
    const lines = new Lines();
    let broken: Break | null = null;
    let begun = false;
    let reported = 0;
    const onLine = (bytes: Uint8Array, start: number, end: number): boolean => {
      const read = readLine(bytes, start, end);
      broken = 'why' in read ? read : this.#take(read, begun ? null : first);
      begun = true;
      return broken === null;
    };
    for await (const piece of this.#task.source.bytes(first)) {
      this.#bytes += piece.length;
      if (!lines.push(piece, onLine)) return broken ?? { kind: 'damaged', why: 'its line is longer than any may be' };
      if (this.#chain.seq - reported >= REPORT_EVERY) {
        reported = this.#chain.seq;
        this.#task.onProgress({ records: this.#read(), bytes: this.#bytes, segment: this.#segments });
      }
      if (this.#task.cancelled()) {
        this.#stopped = true;
        return null;
      }
    }
    if (!begun) return { kind: 'out-of-order', why: 'the segment is empty' };
    if (lines.restBytes > 0 && !last) return { kind: 'damaged', why: 'its line has no end' };
    this.#tailBytes = lines.restBytes;
    return null;
  }

  #take({ entry, leaf }: { entry: Entry; leaf: Uint8Array }, first: number | null): Break | null {
    if (first !== null) {
      const wrong = this.#begin(entry, first);
      if (wrong !== null) return wrong;
    }
    const wrong = follow(this.#chain, entry, leaf);
    if (wrong !== null) return wrong;
    const unbalanced = trackOpen(this.#open, entry);
    if (unbalanced !== null) this.#problem(entry.seq, unbalanced);
    const { type, act, detail } = entry.record as { type?: string; act?: string; detail?: { before?: unknown } };
    if (type === 'admin' && act === 'journal.retention' && typeof detail?.before === 'number')
      this.#removedBefore = Math.max(this.#removedBefore, detail.before);
    this.#compare();
    return null;
  }

  /** In front of a segment: what was computed so far, or, for the first one read, what its own first record says. */
  #begin(entry: Entry, first: number): Break | null {
    const start = entry.seq === first ? segmentStart(entry) : null;
    if (start === null) return { kind: 'out-of-order', why: 'the segment does not begin with its own record' };
    if (this.#segments > 0) {
      const openFits = start.open.length === this.#open.size && start.open.every((call) => this.#open.has(call));
      if (start.chain.frontier.text() !== this.#chain.frontier.text() || !openFits)
        this.#problem(first, `Record ${first}, which begins a segment, does not describe the records before it.`);
    } else {
      this.#chain = start.chain;
      this.#open = new Set(start.open);
      this.#from = first;
    }
    this.#compare();
    return null;
  }

  #from = 0;

  #read(): number {
    return this.#chain.seq - this.#from;
  }

  /** Every checkpoint over exactly the records read so far must have their root. */
  #compare(): void {
    for (let due = this.#due[0]; due !== undefined && due.size <= this.#chain.seq; due = this.#due[0]) {
      this.#due.shift();
      if (due.size < this.#chain.seq) this.#notComparable(due);
      else if (!sameBytes(due.root, this.#chain.frontier.root())) this.#differs(due);
      else {
        this.#agreed++;
        this.#signedTo = due.size;
        if (due.from === 'elsewhere') this.#elsewhereTo = due.size;
      }
    }
  }

  #notComparable({ size, from }: Due): void {
    if (from === 'elsewhere')
      this.#problem(
        null,
        `Your checkpoint covers ${size} records, but reading began at record ${this.#from}: take a newer checkpoint, or read from the beginning.`,
      );
  }

  #differs({ size, from }: Due): void {
    const which = from === 'elsewhere' ? 'the checkpoint you kept' : 'a signed checkpoint';
    const seq = this.#signedTo > this.#from ? this.#signedTo : this.#from;
    this.#problem(
      seq,
      `The first ${size} records are not those that ${which} covers: some of the records ${seq} to ${size - 1} were changed, removed, added or replaced.`,
    );
  }

  #checkFront(oldest: number): void {
    if (oldest > this.#removedBefore)
      this.#problem(
        this.#removedBefore,
        `Records ${this.#removedBefore} to ${oldest - 1} are gone, and no record says that retention removed them.`,
      );
  }

  #checkEnd(): void {
    const last = this.#due.at(-1);
    if (last === undefined || this.#problems.length > 0) return;
    const which = last.from === 'elsewhere' ? 'the checkpoint you kept' : 'a signed checkpoint';
    const size = this.#chain.seq;
    this.#problem(size, `Records from ${size} on are missing: ${which} covers ${last.size} records.`);
  }

  #sort(): void {
    this.#due.sort((a, b) => a.size - b.size);
  }

  #problem(seq: number | null, message: string): void {
    if (this.#problems.length < MAX_PROBLEMS) this.#problems.push({ seq, message });
  }

  #report(): LogReport {
    return {
      state: this.#problems.length > 0 ? 'tampered' : this.#stopped ? 'cancelled' : 'intact',
      problems: this.#problems,
      from: this.#from,
      to: this.#chain.seq,
      bytes: this.#bytes,
      segments: this.#segments,
      root: standard(this.#chain.frontier.root()),
      checkpoints: this.#agreed,
      signedTo: this.#signedTo,
      elsewhereTo: this.#elsewhereTo,
      openCalls: this.#open.size,
      tailBytes: this.#tailBytes,
    };
  }
}

function standard(bytes: Uint8Array): string {
  return toBase64url(bytes).replaceAll('-', '+').replaceAll('_', '/').padEnd(44, '=');
}
