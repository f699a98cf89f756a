import { join } from 'node:path';
import { bug, Fault } from '../model/fault.ts';
import type { AdminRecord, IntentRecord, JournalRecord, OutcomeRecord } from '../model/record.ts';
import type { Clock } from '../ports/clock.ts';
import type { Disk, DiskLock } from '../ports/disk.ts';
import { refuseToOpen } from './failure.ts';
import { CLOSE_ACT, emptyChain, OPEN_ACT, RETENTION_ACT } from './format/chain.ts';
import type { Checkpoint } from './format/checkpoint.ts';
import { LOCK_FILE, readLayout } from './format/layout.ts';
import { parseVerifier, type Signer } from './format/note.ts';
import { DEFAULT_LIMITS, type JournalLimits } from './limits.ts';
import { type Receipt, readReceipt } from './read/receipt.ts';
import { recover } from './read/recover.ts';
import { closePermit, mintPermit, type Permit } from './write/permit.ts';
import { applyRetention } from './write/retention.ts';
import { openSigner } from './write/signing-key.ts';
import { SpaceGuard } from './write/space.ts';
import { type OnRecord, Tap } from './write/tap.ts';
import { Writer } from './write/writer.ts';

export type { Checkpoint } from './format/checkpoint.ts';
export type { Entry } from './format/frame.ts';
export type { JournalLimits } from './limits.ts';
export type { Receipt } from './read/receipt.ts';
export type { Permit } from './write/permit.ts';
export type { OnRecord, Seen } from './write/tap.ts';

export interface JournalOptions {
  /** Its own directory; made when missing. */
  readonly dir: string;
  readonly disk: Disk;
  readonly clock: Clock;
  /** Name of this journal in checkpoints (a schema-less URL such as `example.com/interlock`). Fixed by the first start. */
  readonly origin?: string;
  readonly limits?: Partial<JournalLimits>;
}

export interface JournalHealth {
  /** `low-space`: intents and records are refused until there is room again. `failed`: until restarted. */
  readonly state: 'ok' | 'low-space' | 'failed' | 'closed';
  /** What to do, for an operator; null when all is well. */
  readonly message: string | null;
  /** Durable records, ever. */
  readonly size: number;
  readonly openIntents: number;
  readonly queuedRecords: number;
  readonly queuedBytes: number;
  readonly checkpointSize: number;
  /** First record of the segment being written. */
  readonly segment: number;
  readonly freeBytes: number | null;
}

export type OutcomeFields = Omit<OutcomeRecord, 'type' | 'call'>;

/**
 * Opens the journal in a directory for writing, alone. Recovers its end, closes every intent a former process left open as
 * `unknown` (code `restart`), and records the opening itself.
 * Faults: `journal-unavailable` when somebody else has it open, when its disk fails, or when acknowledged records are damaged.
 */
export async function openJournal(options: JournalOptions): Promise<Journal> {
  const { dir, disk, clock } = options;
  const limits = { ...DEFAULT_LIMITS, ...options.limits };
  let lock: DiskLock | null = null;
  try {
    await disk.makeDir(dir);
    lock = await disk.lock(join(dir, LOCK_FILE));
    const layout = await readLayout(disk, dir);
    for (const name of layout.temporary) await disk.remove(join(dir, name));
    const signer = await openSigner(disk, dir, { layout, origin: options.origin });
    const recovered = await recover(disk, dir, parseVerifier(signer.vkey));
    const space = new SpaceGuard(disk, dir, limits.minFreeBytes);
    await space.look();
    const open = new Set(recovered?.open);
    const journal = new RunningJournal(
      { dir, disk, clock, limits, lock, signer, space, open },
      (onSegment) =>
        new Writer({
          dir,
          disk,
          clock,
          signer,
          limits,
          chain: recovered?.chain ?? emptyChain(),
          segment: recovered?.segment ?? null,
          open,
          onSegment,
        }),
    );
    await journal.begin(recovered?.tornBytes ?? 0).catch(async (cause: unknown) => {
      await journal.close().catch(ignore);
      throw cause;
    });
    return journal;
  } catch (cause) {
    await lock?.release();
    throw cause instanceof Fault ? cause : openFault(cause);
  }
}

function openFault(cause: unknown): Fault {
  const code = (cause as { code?: string } | null)?.code;
  if (code === 'ELOCKED')
    return refuseToOpen('another process writes it', 'stop that process, or give this one another directory', cause);
  return refuseToOpen(
    cause instanceof Error ? cause.message : String(cause),
    'check the directory and its disk, then start again',
    cause,
  );
}

interface Parts {
  readonly dir: string;
  readonly disk: Disk;
  readonly clock: Clock;
  readonly limits: JournalLimits;
  readonly lock: DiskLock;
  readonly signer: Signer;
  readonly space: SpaceGuard;
  /** Calls with an intent and no outcome. Shared with the writer, which puts them into segment records. */
  readonly open: Set<string>;
}

const BY = 'interlock';
const NO_TIMINGS: OutcomeRecord['timingsUs'] = { decide: 0, durable: 0, upstream: 0, total: 0 };

class RunningJournal {
  /** What a verifier needs to know of this journal: keep it, and checkpoints, elsewhere. */
  readonly vkey: string;
  readonly #parts: Parts;
  readonly #writer: Writer;
  readonly #tap = new Tap();
  #closing: Promise<void> | null = null;
  #retention: Promise<void> = Promise.resolve();
  #retentionFailure: string | null = null;

  constructor(parts: Parts, startWriter: (onSegment: (first: number) => void) => Writer) {
    this.#parts = parts;
    this.vkey = parts.signer.vkey;
    this.#writer = startWriter(() => this.#retain());
  }

  /** Once, by `openJournal`: what the process before left open is closed, and the opening recorded. */
  async begin(tornBytes: number): Promise<void> {
    const { open, space, limits } = this.#parts;
    const orphans = [...open];
    for (const call of orphans) {
      const record: OutcomeRecord = {
        type: 'outcome',
        call,
        outcome: 'unknown',
        code: 'restart',
        resultDigest: null,
        timingsUs: NO_TIMINGS,
      };
      this.#queue(record).catch(ignore);
      open.delete(call);
    }
    await this.#queue({
      type: 'admin',
      act: OPEN_ACT,
      by: BY,
      reason: 'start',
      detail: { tornBytes, closedIntents: orphans.length },
    });
    await this.#writer.checkpoint();
    space.start(limits.spaceCheckIntervalMs);
    this.#retain();
  }

  /**
   * Records that a call is about to take effect. Resolves, only when that is on stable storage, with the permit the sender must spend.
   * Faults: `overloaded` (try again later), `journal-unavailable` (calls must be refused), `too-large`.
   */
  async intent(record: IntentRecord): Promise<Permit> {
    const { open, limits } = this.#parts;
    const { call } = record;
    if (open.has(call)) bug(`call ${call} has an open intent already`);
    if (open.size >= limits.maxOpenIntents) throw overloaded('too many calls are in flight');
    const durable = this.#admit(record);
    open.add(call);
    return mintPermit(this, call, await durable);
  }

  /** Records anything but an intent or an outcome. Resolves with its number when it is on stable storage. Faults as for `intent`. */
  async append(record: Exclude<JournalRecord, IntentRecord | OutcomeRecord>): Promise<{ readonly seq: number }> {
    return { seq: await this.#admit(record) };
  }

  /**
   * Closes the call of a permit, exactly once (a second time is a bug and throws). The record joins the next group commit; the promise is
   * for those who want to wait and need not be handled. Never refused for load or space: its intent was admitted.
   */
  outcome(permit: Permit, fields: OutcomeFields): Promise<{ readonly seq: number }> {
    closePermit(permit, this);
    if (this.#closing !== null) return quietly(Promise.reject(closing()));
    const done = this.#queue({ type: 'outcome', call: permit.call, ...fields }, 'soon').then((seq) => ({ seq }));
    this.#parts.open.delete(permit.call);
    return quietly(done);
  }

  /** Calls `listener` for every record from now on, once it is durable. Returns how to stop. Costs nothing while nobody listens. */
  onDurable(listener: OnRecord): () => void {
    return this.#tap.on(listener);
  }

  /** The latest signed checkpoint, made now when records came since. */
  async checkpoint(): Promise<Checkpoint> {
    this.#refuseWhenClosed();
    return this.#writer.checkpoint();
  }

  /** The newest signed tree head there is; null before the first. */
  get checkpointed(): Checkpoint | null {
    return this.#writer.checkpointed;
  }

  /** A proof for one record, for third parties. Fault `not-found` when there is no such record. */
  async receipt(seq: number): Promise<Receipt> {
    await this.cover(seq);
    return readReceipt(this.#parts.dir, seq, { disk: this.#parts.disk });
  }

  /** Has a checkpoint cover record `seq`. Fault `not-found` when there is no such record. */
  async cover(seq: number): Promise<void> {
    if (seq >= this.#writer.durableSize) throw new Fault('not-found', `record ${seq} is not in the journal yet`);
    if ((this.#writer.checkpointed?.size ?? 0) <= seq) await this.checkpoint();
  }

  health(): JournalHealth {
    const { space, open } = this.#parts;
    const failure = this.#writer.failure;
    const state = failure !== null ? 'failed' : this.#closing !== null ? 'closed' : space.low ? 'low-space' : 'ok';
    return {
      state,
      message: failure?.message ?? (state === 'low-space' ? this.#lowSpace() : this.#retentionFailure),
      size: this.#writer.durableSize,
      openIntents: open.size,
      queuedRecords: this.#writer.queuedRecords,
      queuedBytes: this.#writer.queuedBytes,
      checkpointSize: this.#writer.checkpointed?.size ?? 0,
      segment: this.#writer.segmentFirst,
      freeBytes: space.freeBytes,
    };
  }

  /** Everything queued becomes durable and checkpointed, then the directory is free for others. Rejects when that failed. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    const { space, lock } = this.#parts;
    try {
      await this.#retention;
      if (this.#writer.failure === null) {
        await this.#queue({
          type: 'admin',
          act: CLOSE_ACT,
          by: BY,
          reason: 'stop',
          detail: { openIntents: this.#parts.open.size },
        });
      }
      await this.#writer.close();
    } finally {
      space.stop();
      await lock.release();
    }
  }

  /** Everything that may be refused is refused here, before it has a number. */
  #admit(record: JournalRecord): Promise<number> {
    const { limits, space } = this.#parts;
    this.#refuseWhenClosed();
    const failure = this.#writer.failure;
    if (failure !== null) throw failure;
    if (space.low) throw new Fault('journal-unavailable', this.#lowSpace());
    if (this.#writer.queuedRecords >= limits.maxQueuedRecords) throw overloaded('the audit journal cannot keep up');
    if (this.#writer.queuedBytes >= limits.maxQueuedBytes) throw overloaded('the audit journal cannot keep up');
    return this.#queue(record);
  }

  #queue(record: JournalRecord, urgency: 'now' | 'soon' = 'now'): Promise<number> {
    const json = JSON.stringify(record);
    if (json.length > this.#parts.limits.maxRecordBytes)
      throw new Fault('too-large', `a record of ${json.length} characters is too large for the journal`);
    this.#parts.space.wrote(json.length);
    const durable = this.#writer.add(json, urgency);
    if (this.#tap.open) this.#tellWhen(durable, record);
    return durable;
  }

  #tellWhen(durable: Promise<number>, record: JournalRecord): void {
    const atMs = this.#parts.clock.nowMs();
    durable.then((seq) => this.#tap.tell({ seq, atMs, record }), ignore);
  }

  #refuseWhenClosed(): void {
    if (this.#closing !== null)
      throw new Fault('journal-unavailable', 'the audit journal is closing; calls are refused');
  }

  #lowSpace(): string {
    return 'the disk that holds the audit journal is nearly full and calls are refused: free space (calls go on by themselves then)';
  }

  /** In the background: a removal that fails costs space, not safety; `health` tells. */
  #retain(): void {
    const { dir, disk, clock, limits } = this.#parts;
    const record = (detail: AdminRecord['detail']): Promise<unknown> =>
      this.#queue({ type: 'admin', act: RETENTION_ACT, by: BY, reason: 'retention limits', detail });
    this.#retention = this.#retention.then(async () => {
      if (this.#writer.failure !== null || this.#closing !== null) return;
      try {
        await applyRetention({ dir, disk, clock, limits, record });
        this.#retentionFailure = null;
      } catch (cause) {
        this.#retentionFailure = `old segments could not be removed (${cause instanceof Error ? cause.message : String(cause)}): check the directory's permissions`;
      }
    });
  }
}

/** Made by `openJournal` only. */
export type Journal = RunningJournal;

function overloaded(why: string): Fault {
  return new Fault('overloaded', `${why}; try again in a moment`);
}

function closing(): Fault {
  return new Fault('journal-unavailable', 'the audit journal is closing; calls are refused');
}

/** Whoever does not wait is not made to crash: the failure is in `health` and in every later call. */
function quietly<T>(promise: Promise<T>): Promise<T> {
  promise.catch(ignore);
  return promise;
}

function ignore(): void {}
