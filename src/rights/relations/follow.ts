import { Fault } from '../../model/fault.ts';
import type { Clock } from '../../ports/clock.ts';
import type { RelationStore, RelationTuple } from '../../ports/identity-stores.ts';

export interface FollowOptions {
  readonly store: RelationStore;
  readonly clock: Clock;
  readonly pollMs: number;
  /** A page that takes longer counts as none. */
  readonly timeoutMs: number;
  readonly onChanges: (changes: readonly (RelationTuple & { readonly removed: boolean })[]) => void;
  /** The store has forgotten what was removed meanwhile: everything is read once more. */
  readonly onRestart: () => void;
  readonly onFailed: (error: unknown) => void;
}

export interface Follower {
  /** Resolves when a read that began after this call was taken over whole. Rejects when it failed. */
  refresh(): Promise<void>;
  /** Monotonic instant at which what was taken over was the truth; -Infinity before the first. */
  readonly verifiedUs: number;
  close(): void;
}

const PAGE = 5_000;

/** Keeps a copy of the tuples of the store current: by doorbell, and by asking again and again. One read at a time. */
export function followRelations(options: FollowOptions): Follower {
  const state = { seq: 0, floor: 0, verifiedUs: Number.NEGATIVE_INFINITY, closed: false, failing: false };
  let running: Promise<void> | null = null;
  let queued: Promise<void> | null = null;
  const start = (): Promise<void> => {
    running = readAll(options, state)
      .catch((error: unknown) => {
        // Once, until it works again: it is asked every second.
        if (!state.closed && !state.failing) options.onFailed(error);
        state.failing = true;
        throw error;
      })
      .finally(() => {
        running = null;
      });
    return running;
  };
  const refresh = (): Promise<void> => {
    if (running === null) return start();
    // The one that runs may have begun too early to see what this call is about.
    queued ??= running
      .catch(() => {})
      .then(() => {
        queued = null;
        return start();
      });
    return queued;
  };
  const quietly = (): void => void refresh().catch(() => {});
  const unsubscribe = options.store.onChange(quietly);
  const timer = setInterval(() => {
    if (running === null) quietly();
  }, options.pollMs);
  timer.unref();
  return {
    refresh,
    get verifiedUs() {
      return state.verifiedUs;
    },
    close() {
      state.closed = true;
      state.verifiedUs = Number.NEGATIVE_INFINITY;
      clearInterval(timer);
      unsubscribe();
    },
  };
}

interface State {
  seq: number;
  floor: number;
  verifiedUs: number;
  closed: boolean;
  failing: boolean;
}

/** Pages until one is empty: what has been read by then was true when the last page was asked for. */
async function readAll({ store, clock, timeoutMs, onChanges, onRestart }: FollowOptions, state: State): Promise<void> {
  for (;;) {
    const startedUs = clock.monotonicUs();
    const page = await within(timeoutMs, store.changesSince(state.seq, state.floor, PAGE));
    if (state.closed) return;
    if (page.restart) {
      // Nothing is known until all of it has been read.
      state.seq = 0;
      state.floor = 0;
      state.verifiedUs = Number.NEGATIVE_INFINITY;
      onRestart();
      continue;
    }
    if (page.seq < state.seq) throw wentBack(state.seq, page.seq);
    if (page.changes.length > 0) onChanges(page.changes);
    state.seq = page.seq;
    state.floor = page.floor;
    if (page.changes.length === 0) {
      state.verifiedUs = startedUs;
      state.failing = false;
      return;
    }
  }
}

function wentBack(from: number, to: number): Fault {
  return new Fault('internal', 'the store went back in time', {
    detail: `the feed of relations fell from ${from} to ${to}: the store was restored or replaced. Restart to go on`,
  });
}

async function within<T>(timeoutMs: number, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(new Fault('internal', 'the store does not answer', { detail: `relations, after ${timeoutMs} ms` }));
    }, timeoutMs);
    timer.unref();
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
