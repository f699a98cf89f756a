import { bug, Fault } from '../../model/fault.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Disk } from '../../ports/disk.ts';
import { writeFault } from '../failure.ts';
import { type Chain, SEGMENT_ACT } from '../format/chain.ts';
import { type Checkpoint, signCheckpoint } from '../format/checkpoint.ts';
import type { Frontier } from '../format/merkle.ts';
import type { Signer } from '../format/note.ts';
import type { JournalLimits } from '../limits.ts';
import { Batch } from './batch.ts';
import { appendCheckpoint, appendRecords, closeSegment, createSegment, type SegmentFile } from './segment-file.ts';

export interface WriterStart {
  readonly dir: string;
  readonly disk: Disk;
  readonly clock: Clock;
  readonly signer: Signer;
  readonly limits: JournalLimits;
  /** The chain behind everything on disk. */
  readonly chain: Chain;
  /** Null: there is no segment yet; the first batch makes it. */
  readonly segment: SegmentFile | null;
  /** Calls with an intent and no outcome, kept by the journal. */
  readonly open: Iterable<string>;
  /** A new segment is on disk. */
  readonly onSegment: (first: number) => void;
}

/** How long a record nobody waits for may wait for company. */
const SOON_MS = 10;

/**
 * Group commit. Records queue into the batch being built while the batch before is on its way to the disk; at most one write and
 * one fdatasync are in flight. The first failure ends the writer for good: after a failed fsync the kernel may report success for
 * pages it dropped, so trying again would only pretend.
 */
export class Writer {
  readonly #at: WriterStart;
  readonly #chain: Chain;
  #segment: SegmentFile | null;
  /** Bytes assigned to the segment, on disk or not. */
  #segmentBytes: number;
  #building: Batch | null = null;
  #flying: Batch | null = null;
  #spare: Buffer | null = null;
  #running: Promise<void> | null = null;
  /** Somebody waits for a record of the batch being built. */
  #urgent = false;
  #soon: NodeJS.Timeout | null = null;
  #failure: Fault | null = null;
  #durable: Frontier;
  #checkpoint: Checkpoint | null = null;
  /** The checkpoints file has one user at a time: rotation or a new note. */
  #notes: Promise<unknown> = Promise.resolve();
  #timer: NodeJS.Timeout | null = null;
  #timeMs = -1;
  #timeText = '';

  constructor(start: WriterStart) {
    this.#at = start;
    this.#chain = start.chain;
    this.#segment = start.segment;
    this.#segmentBytes = start.segment?.recordsBytes ?? 0;
    this.#durable = start.chain.frontier.copy();
  }

  get failure(): Fault | null {
    return this.#failure;
  }

  /** Records on stable storage. */
  get durableSize(): number {
    return this.#durable.size;
  }

  get checkpointed(): Checkpoint | null {
    return this.#checkpoint;
  }

  get segmentFirst(): number {
    return this.#segment?.first ?? 0;
  }

  get queuedRecords(): number {
    return (this.#building?.count ?? 0) + (this.#flying?.count ?? 0);
  }

  get queuedBytes(): number {
    return (this.#building?.sizeBytes ?? 0) + (this.#flying?.sizeBytes ?? 0);
  }

  /**
   * Queues one record, already JSON. Resolves with its number when it is on stable storage. `soon`: nobody waits for it, so it goes
   * with the next record somebody waits for, or after SOON_MS: a lone call then costs one sync and not two.
   */
  add(json: string, urgency: 'now' | 'soon' = 'now'): Promise<number> {
    if (this.#failure !== null) return Promise.reject(this.#failure);
    const batch = this.#building ?? this.#begin();
    const seq = this.#chain.seq;
    this.#segmentBytes += batch.add(this.#chain, this.#now(), json);
    if (urgency === 'now') this.#commit();
    else this.#commitSoon();
    return new Promise((resolve, reject) => {
      batch.waiters.push({ resolve, reject, seq });
    });
  }

  #begin(): Batch {
    const { limits, clock } = this.#at;
    const age = this.#segment === null ? 0 : clock.nowMs() - this.#segment.startedAtMs;
    const rotate = this.#segmentBytes === 0 || this.#segmentBytes >= limits.segmentBytes || age >= limits.segmentAgeMs;
    const batch = new Batch(this.#chain.seq, rotate, this.#spare);
    this.#spare = null;
    this.#building = batch;
    if (rotate) this.#segmentBytes = batch.add(this.#chain, this.#now(), this.#segmentRecord());
    return batch;
  }

  #commit(): void {
    this.#urgent = true;
    if (this.#soon !== null) clearTimeout(this.#soon);
    this.#soon = null;
    // One turn of the event loop later, so that everything that became ready together is committed together.
    if (this.#running === null) this.#running = new Promise((done) => setImmediate(() => done(this.#run())));
  }

  #commitSoon(): void {
    if (this.#running === null) this.#soon ??= setTimeout(() => this.#commit(), SOON_MS);
  }

  #segmentRecord(): string {
    const detail = { frontier: [...this.#chain.frontier.nodes], open: [...this.#at.open] };
    return JSON.stringify({
      type: 'admin',
      act: SEGMENT_ACT,
      by: 'interlock',
      reason: 'the records go on in a new segment',
      detail,
    });
  }

  async #run(): Promise<void> {
    while (this.#urgent && this.#building !== null && this.#failure === null) {
      this.#urgent = false;
      const batch = this.#building;
      const end = this.#chain.frontier.copy();
      this.#building = null;
      this.#flying = batch;
      try {
        if (batch.startsSegment) await this.#exclusive(() => this.#rotate(batch));
        else await appendRecords(this.#segment ?? bug('no segment'), batch.bytes);
      } catch (cause) {
        this.#fail(cause);
        break;
      }
      // A checkpoint failed meanwhile: its callers were told, and nothing more may be acknowledged.
      if (this.#failure !== null) break;
      this.#flying = null;
      this.#spare = batch.reusable;
      this.#durable = end;
      for (const waiter of batch.waiters) waiter.resolve(waiter.seq);
      if (batch.startsSegment) this.#at.onSegment(batch.first);
      this.#timer ??= setTimeout(() => this.#onTimer(), this.#at.limits.checkpointIntervalMs).unref();
    }
    this.#running = null;
    if (this.#building !== null && this.#failure === null) this.#commitSoon();
  }

  async #rotate(batch: Batch): Promise<void> {
    const { disk, dir, signer, clock } = this.#at;
    const checkpoint = signCheckpoint(signer, this.#durable.size, this.#durable.root());
    const before = this.#segment;
    this.#segment = await createSegment(disk, dir, {
      first: batch.first,
      atMs: clock.nowMs(),
      checkpoint,
      bytes: batch.bytes,
    });
    this.#checkpoint = checkpoint;
    if (before !== null) await closeSegment(before);
  }

  #onTimer(): void {
    this.#timer = null;
    // A failure is kept and told to every caller; there is nobody else to tell here.
    this.checkpoint().catch(() => {});
  }

  /** Signs and stores a checkpoint over everything durable, unless there is one. */
  checkpoint(): Promise<Checkpoint> {
    return this.#exclusive(async () => {
      if (this.#failure !== null) throw this.#failure;
      const covered = this.#checkpoint;
      if (covered?.size === this.#durable.size) return covered;
      const segment = this.#segment ?? bug('a checkpoint needs a segment');
      const checkpoint = signCheckpoint(this.#at.signer, this.#durable.size, this.#durable.root());
      try {
        await appendCheckpoint(segment, checkpoint);
      } catch (cause) {
        throw this.#fail(cause);
      }
      this.#checkpoint = checkpoint;
      return checkpoint;
    });
  }

  /** Everything queued is durable and covered by a checkpoint, and the files are closed. Rejects when the writer has failed. */
  async close(): Promise<void> {
    while (this.#running !== null || (this.#building !== null && this.#failure === null)) {
      this.#commit();
      await this.#running;
    }
    if (this.#soon !== null) clearTimeout(this.#soon);
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    try {
      if (this.#segment !== null) await this.checkpoint();
    } finally {
      if (this.#segment !== null) await closeSegment(this.#segment).catch(() => {});
    }
  }

  #exclusive<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#notes.then(work);
    this.#notes = done.catch(() => {});
    return done;
  }

  #fail(cause: unknown): Fault {
    this.#failure ??= writeFault(cause);
    const batches = [this.#flying, this.#building];
    this.#flying = null;
    this.#building = null;
    for (const batch of batches) for (const waiter of batch?.waiters ?? []) waiter.reject(this.#failure);
    return this.#failure;
  }

  #now(): string {
    const nowMs = this.#at.clock.nowMs();
    if (nowMs !== this.#timeMs) {
      this.#timeMs = nowMs;
      this.#timeText = new Date(nowMs).toISOString();
    }
    return this.#timeText;
  }
}
