import type { Chain } from '../format/chain.ts';
import { encodeFrame, FRAME_OVERHEAD_BYTES } from '../format/frame.ts';

/** Bytes for records that wait, kept and reused: allocating megabytes per batch would cost more than writing them. */
const INITIAL_BYTES = 256 * 1024;
/** A buffer that grew past this for one burst is not kept. */
const KEEP_BYTES = 8 * 1024 * 1024;

export interface Waiter {
  readonly resolve: (seq: number) => void;
  readonly reject: (cause: Error) => void;
  readonly seq: number;
}

/**
 * What one write and one fdatasync make durable together. Records get their number, hash and place here, when they are
 * queued: that work overlaps with the disk instead of adding to it.
 */
export class Batch {
  readonly first: number;
  /** Set when the batch begins a new segment with this first record number. */
  readonly startsSegment: boolean;
  readonly waiters: Waiter[] = [];
  #buffer: Buffer;
  /** Position 0 is spare: the frame encoder borrows the byte before a line. */
  #end = 1;
  #count = 0;

  constructor(first: number, startsSegment: boolean, buffer: Buffer | null) {
    this.first = first;
    this.startsSegment = startsSegment;
    this.#buffer = buffer ?? Buffer.allocUnsafe(INITIAL_BYTES);
  }

  get count(): number {
    return this.#count;
  }

  get sizeBytes(): number {
    return this.#end - 1;
  }

  get bytes(): Buffer {
    return this.#buffer.subarray(1, this.#end);
  }

  /** For the next batch, once this one is on disk. */
  get reusable(): Buffer | null {
    return this.#buffer.length <= KEEP_BYTES ? this.#buffer : null;
  }

  /** Appends one record and moves the chain on. Returns its bytes. */
  add(chain: Chain, time: string, json: string): number {
    const need = json.length * 3 + FRAME_OVERHEAD_BYTES;
    if (this.#buffer.length - this.#end < need) this.#grow(this.#end + need);
    const start = this.#end;
    const { end, hash } = encodeFrame(
      this.#buffer,
      start,
      { seq: chain.seq, time, batch: this.first, prev: chain.prev },
      json,
    );
    this.#end = end;
    this.#count++;
    chain.frontier.append(hash);
    chain.prev = hash;
    chain.seq++;
    return end - start;
  }

  #grow(atLeast: number): void {
    let size = this.#buffer.length;
    while (size < atLeast) size *= 2;
    const larger = Buffer.allocUnsafe(size);
    this.#buffer.copy(larger, 0, 0, this.#end);
    this.#buffer = larger;
  }
}
