import { Fault } from '../model/fault.ts';
import type { Lock } from '../model/lock.ts';
import type { Clock } from '../ports/clock.ts';
import type { LockStore } from '../ports/stores.ts';

export interface Loaded {
  readonly epoch: number;
  readonly locks: readonly Lock[];
}

export interface FollowOptions {
  readonly locks: LockStore;
  readonly clock: Clock;
  readonly heartbeatMs: number;
  /** An answer that takes longer counts as none. */
  readonly timeoutMs: number;
  /** A newer state of the store. Called before `refresh` resolves. */
  readonly onLoaded: (loaded: Loaded) => void;
  /** What this process holds was the truth at that monotonic instant. */
  readonly onVerified: (atUs: number) => void;
  readonly onFailed: (error: unknown) => void;
}

export interface Follower {
  /** Reads the store once more and resolves when a read that began after this call was taken over. Rejects when it failed. */
  refresh(): Promise<void>;
  /** Resolves when the state of that epoch, or a later one, was taken over. Rejects when it could not be read. */
  reach(epoch: number): Promise<void>;
  close(): void;
}

/**
 * Keeps a view of the store current: by doorbell, and by asking for the epoch at every heartbeat. One read at a time, so
 * that an older answer can never replace a newer one.
 */
export function follow(options: FollowOptions): Follower {
  const { locks, clock } = options;
  let epoch = -1;
  let closed = false;
  let running: Promise<void> | null = null;
  let next: Promise<void> | null = null;

  const take = async (full: boolean): Promise<void> => {
    // What is read was true no earlier than when the read began.
    const startedUs = clock.monotonicUs();
    const seen = full ? await locks.load() : await unchanged();
    if (seen.epoch < epoch) {
      throw new Fault('internal', 'the store went back in time', {
        detail:
          `the epoch of the locks fell from ${epoch} to ${seen.epoch}: the store was restored or replaced, and locks may be ` +
          'missing from it. Check them, then restart to go on',
      });
    }
    if (closed) return;
    if (seen.locks !== null) {
      epoch = seen.epoch;
      options.onLoaded({ epoch, locks: seen.locks });
    }
    options.onVerified(startedUs);
  };

  const unchanged = async (): Promise<{ epoch: number; locks: readonly Lock[] | null }> => {
    const current = await locks.epoch();
    return current === epoch ? { epoch, locks: null } : await locks.load();
  };

  const attempt = async (full: boolean): Promise<void> => {
    try {
      await within(options.timeoutMs, take(full));
    } catch (error) {
      if (!closed) options.onFailed(error);
      throw error;
    }
  };

  /** Joins the read that is queued, never the one that runs: that one may have begun too early. */
  const refresh = (full: boolean): Promise<void> => {
    if (running === null) {
      running = attempt(full).finally(() => {
        running = null;
      });
      return running;
    }
    next ??= running
      .catch(() => {})
      .then(() => {
        next = null;
        return refresh(true);
      });
    return next;
  };

  const quietly = (full: boolean): void => {
    if (!closed) refresh(full).catch(() => {});
  };
  const unsubscribe = locks.onChange(() => quietly(true));
  // A read under way is a heartbeat by itself.
  const beat = (): void => {
    if (running === null) quietly(false);
  };
  const timer = setInterval(beat, options.heartbeatMs);
  timer.unref();
  return {
    refresh: () => refresh(true),
    async reach(wanted) {
      // The bell of the change has usually begun the read already.
      await running?.catch(() => {});
      if (epoch < wanted) await refresh(true);
    },
    close() {
      closed = true;
      clearInterval(timer);
      unsubscribe();
    },
  };
}

async function within(timeoutMs: number, work: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    const fail = (): void =>
      reject(new Fault('internal', 'the store does not answer', { detail: `after ${timeoutMs} ms` }));
    timer = setTimeout(fail, timeoutMs);
    timer.unref();
  });
  try {
    await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
