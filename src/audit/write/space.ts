import type { Disk } from '../../ports/disk.ts';

/**
 * Knows, without asking on the hot path, whether the disk still has room. What was written since the last look is counted as used, so
 * that a burst cannot run past the reserve between two looks.
 */
export class SpaceGuard {
  readonly #disk: Disk;
  readonly #dir: string;
  readonly #minFreeBytes: number;
  #freeBytes: number | null = null;
  #writtenBytes = 0;
  #timer: NodeJS.Timeout | null = null;

  constructor(disk: Disk, dir: string, minFreeBytes: number) {
    this.#disk = disk;
    this.#dir = dir;
    this.#minFreeBytes = minFreeBytes;
  }

  /** Null until the first look. */
  get freeBytes(): number | null {
    return this.#freeBytes === null ? null : this.#freeBytes - this.#writtenBytes;
  }

  get low(): boolean {
    const free = this.freeBytes;
    return free !== null && free < this.#minFreeBytes;
  }

  wrote(sizeBytes: number): void {
    this.#writtenBytes += sizeBytes;
  }

  async look(): Promise<void> {
    const before = this.#writtenBytes;
    this.#freeBytes = await this.#disk.freeBytes(this.#dir);
    this.#writtenBytes -= before;
  }

  start(intervalMs: number): void {
    // A file system that cannot be asked keeps the last answer: writing itself then tells.
    this.#timer = setInterval(() => void this.look().catch(() => {}), intervalMs).unref();
  }

  stop(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
  }
}
