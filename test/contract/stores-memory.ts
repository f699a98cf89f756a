import { Fault } from '../../src/model/fault.ts';
import type { Lock, LockTarget } from '../../src/model/lock.ts';
import type { Clock } from '../../src/ports/clock.ts';
import type { LockStore } from '../../src/ports/stores.ts';

/** A lock store in memory whose failures a test decides. */
export interface MemoryLocks extends LockStore {
  /** Every method rejects. */
  down: boolean;
  /** Reads reject, writes work. */
  unreadable: boolean;
  /** Reads never answer. */
  hanging: boolean;
  /** Changes ring no bell. */
  silent: boolean;
  state: { epoch: number; locks: Map<string, Lock> };
  readonly counts: { loads: number; epochs: number };
  ring(): void;
  readonly subscribers: number;
}

const keyOf = (target: LockTarget): string => `${target.kind}:${target.id}`;

export function memoryLocks(): MemoryLocks {
  const rings = new Set<() => void>();
  const store: MemoryLocks = {
    down: false,
    unreadable: false,
    hanging: false,
    silent: false,
    state: { epoch: 1, locks: new Map() },
    counts: { loads: 0, epochs: 0 },
    get subscribers() {
      return rings.size;
    },
    ring() {
      for (const ring of rings) ring();
    },
    async load() {
      store.counts.loads++;
      await readable();
      return { epoch: store.state.epoch, locks: [...store.state.locks.values()] };
    },
    async epoch() {
      store.counts.epochs++;
      await readable();
      return store.state.epoch;
    },
    async put(lock) {
      if (store.down) throw new Fault('internal', 'the store is unavailable');
      store.state.locks.set(keyOf(lock.target), lock);
      store.state.epoch++;
      if (!store.silent) store.ring();
      return store.state.epoch;
    },
    async release(target) {
      if (store.down) throw new Fault('internal', 'the store is unavailable');
      if (!store.state.locks.delete(keyOf(target))) return false;
      store.state.epoch++;
      if (!store.silent) store.ring();
      return true;
    },
    onChange(ring) {
      rings.add(ring);
      return () => rings.delete(ring);
    },
  };
  const readable = async (): Promise<void> => {
    if (store.hanging) await new Promise(() => {});
    if (store.down || store.unreadable) throw new Fault('internal', 'the store is unavailable');
  };
  return store;
}

export interface ManualClock extends Clock {
  wallMs: number;
  monotonicMs: number;
  /** Time passes: both clocks. */
  pass(ms: number): void;
}

export function manualClock(): ManualClock {
  const clock: ManualClock = {
    wallMs: 1_800_000_000_000,
    monotonicMs: 5_000,
    nowMs: () => clock.wallMs,
    monotonicUs: () => clock.monotonicMs * 1000,
    pass(ms) {
      clock.wallMs += ms;
      clock.monotonicMs += ms;
    },
  };
  return clock;
}
