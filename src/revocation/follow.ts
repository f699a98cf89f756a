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
  const { locks, timeoutMs } = options;
  const reader = makeReader(options);
  const reads = oneAtATime(async (depth) => {
    try {
      await within(timeoutMs, reader.read(depth));
    } catch (error) {
      reader.failed(error);
      throw error;
    }
  });
  const quietly = (depth: Depth): void => void reads.start(depth).catch(() => {});
  const unsubscribe = locks.onChange(() => quietly('locks'));
  // A read under way is a heartbeat by itself.
  const beat = (): void => {
    if (reads.running() === null) quietly('epoch');
  };
  const timer = setInterval(beat, options.heartbeatMs);
  timer.unref();
  return {
    refresh: () => reads.start('locks'),
    async reach(epoch) {
      // The bell of the change has usually begun the read already.
      await reads.running()?.catch(() => {});
      if (reader.epoch() < epoch) await reads.start('locks');
    },
    close() {
      reader.close();
      clearInterval(timer);
      unsubscribe();
    },
  };
}

/** How much to read: everything, or the epoch and the rest only if that is new. */
type Depth = 'locks' | 'epoch';

interface Reader {
  read(depth: Depth): Promise<void>;
  failed(error: unknown): void;
  epoch(): number;
  /** What answers from now on is too late. */
  close(): void;
}

function makeReader({ locks, clock, onLoaded, onVerified, onFailed }: FollowOptions): Reader {
  let epoch = -1;
  let closed = false;
  const unchanged = async (): Promise<{ epoch: number; locks: readonly Lock[] | null }> => {
    const current = await locks.epoch();
    return current === epoch ? { epoch, locks: null } : await locks.load();
  };
  return {
    async read(depth) {
      // What is read was true no earlier than when the read began.
      const startedUs = clock.monotonicUs();
      const seen = depth === 'locks' ? await locks.load() : await unchanged();
      if (closed) return;
      if (seen.epoch < epoch) throw wentBack(epoch, seen.epoch);
      if (seen.locks !== null) {
        epoch = seen.epoch;
        onLoaded({ epoch, locks: seen.locks });
      }
      onVerified(startedUs);
    },
    failed(error) {
      if (!closed) onFailed(error);
    },
    epoch: () => epoch,
    close() {
      closed = true;
    },
  };
}

function wentBack(from: number, to: number): Fault {
  return new Fault('internal', 'the store went back in time', {
    detail:
      `the epoch of the locks fell from ${from} to ${to}: the store was restored or replaced, and locks may be ` +
      'missing from it. Check them, then restart to go on',
  });
}

interface Reads {
  /** Begins a read, or joins the one that is queued; never the one that runs: that one may have begun too early. */
  start(depth: Depth): Promise<void>;
  running(): Promise<void> | null;
}

function oneAtATime(read: (depth: Depth) => Promise<void>): Reads {
  let running: Promise<void> | null = null;
  let next: Promise<void> | null = null;
  const start = (depth: Depth): Promise<void> => {
    if (running === null) {
      running = read(depth).finally(() => {
        running = null;
      });
      return running;
    }
    next ??= running
      .catch(() => {})
      .then(() => {
        next = null;
        return start('locks');
      });
    return next;
  };
  return { start, running: () => running };
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
