import type { JournalRecord } from '../../model/record.ts';

/** A record that is on stable storage. */
export interface Seen {
  readonly seq: number;
  /** When it was queued. */
  readonly atMs: number;
  readonly record: JournalRecord;
}

export type OnRecord = (seen: Seen) => void;

/** Who hears of records as they become durable, in their order. A listener must be quick: it runs in the turn of those who wait for the disk. */
export class Tap {
  #listeners: readonly OnRecord[] = [];

  get open(): boolean {
    return this.#listeners.length > 0;
  }

  on(listener: OnRecord): () => void {
    this.#listeners = [...this.#listeners, listener];
    return () => {
      this.#listeners = this.#listeners.filter((one) => one !== listener);
    };
  }

  tell(seen: Seen): void {
    for (const listener of this.#listeners) {
      try {
        listener(seen);
      } catch {
        // Whoever looks on must not be able to harm a call, nor each other.
      }
    }
  }
}
