import type { Clock } from '../../ports/clock.ts';
import type { DirectoryStore, EntityRow } from '../../ports/identity-stores.ts';

const PAGE = 2_000;

export interface FollowOptions {
  readonly store: DirectoryStore;
  readonly clock: Clock;
  readonly heartbeatMs: number;
  /** In the order of the feed. */
  readonly onRows: (rows: readonly EntityRow[]) => void;
  readonly onFailed: (error: unknown) => void;
}

/** Keeps up with the feed of the store: by doorbell, and by asking at every heartbeat. */
export class Following {
  readonly #options: FollowOptions;
  readonly #unsubscribe: () => void;
  readonly #timer: NodeJS.Timeout;
  #seq = 0;
  #verifiedUs = Number.NEGATIVE_INFINITY;
  #running: Promise<void> | null = null;
  #next: Promise<void> | null = null;

  constructor(options: FollowOptions) {
    this.#options = options;
    const look = () => void this.refresh().catch(() => {});
    this.#unsubscribe = options.store.onChange(look);
    this.#timer = setInterval(look, options.heartbeatMs);
    this.#timer.unref();
  }

  /** What is held was the truth at this monotonic instant, in microseconds. */
  get verifiedUs(): number {
    return this.#verifiedUs;
  }

  /** Resolves when a reading that began after this call is taken over. Rejects when it failed. One reading at a time, and one waiting. */
  refresh(): Promise<void> {
    if (this.#running === null) return this.#start();
    this.#next ??= this.#running
      .catch(() => {})
      .then(() => {
        this.#next = null;
        return this.#start();
      });
    return this.#next;
  }

  close(): void {
    clearInterval(this.#timer);
    this.#unsubscribe();
  }

  #start(): Promise<void> {
    this.#running = this.#read().finally(() => {
      this.#running = null;
    });
    return this.#running;
  }

  async #read(): Promise<void> {
    const { store, clock, onRows, onFailed } = this.#options;
    try {
      for (;;) {
        const askedUs = clock.monotonicUs();
        const rows = await store.changesSince(this.#seq, PAGE);
        if (rows.length > 0) {
          onRows(rows);
          this.#seq = (rows.at(-1) as EntityRow).seq;
        }
        if (rows.length < PAGE) {
          this.#verifiedUs = askedUs;
          return;
        }
      }
    } catch (error) {
      onFailed(error);
      throw error;
    }
  }
}
