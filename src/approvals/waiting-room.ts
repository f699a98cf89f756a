import type { ApprovalRow, ApprovalStore } from '../ports/stores.ts';
import type { ApprovalsLog } from './approvals.ts';

/** Reads of the store at once when a bell rings with many different requests waited for. */
const PARALLEL_LOOKS = 8;
/** Longer timers overflow in Node; nobody waits that long. */
const MAX_TIMER_MS = 2 ** 31 - 1;

export interface WaitingRoom {
  /**
   * Resolves with the row once it is no longer pending, or with its last known state after `waitMs`, when the room is
   * full, or when it closes. Rejects with the signal's reason.
   */
  wait(row: ApprovalRow, waitMs: number, signal: AbortSignal): Promise<ApprovalRow>;
  /** That request may have changed: look at once. */
  look(id: string): void;
  close(): void;
}

interface Waiter {
  readonly wake: (row: ApprovalRow) => void;
}

interface Options {
  readonly store: ApprovalStore;
  readonly maxWaiters: number;
  readonly log: ApprovalsLog | undefined;
}

/** Calls parked until a person answers: no polling here, one look per request and bell however many wait for it. */
export function makeWaitingRoom({ store, maxWaiters, log }: Options): WaitingRoom {
  const waiting = new Map<string, Set<Waiter>>();
  let count = 0;
  let closed = false;
  let sweeping = false;
  let rang = false;

  const look = async (id: string): Promise<void> => {
    try {
      const row = await store.get(id);
      if (row === null || row.state === 'pending') return;
      for (const waiter of [...(waiting.get(id) ?? [])]) waiter.wake(row);
    } catch (error) {
      // They keep waiting: the next bell looks again, and their time is bounded.
      log?.error({ err: error, approval: id }, 'an approval could not be read');
    }
  };

  /** A bell during a round means another round: what it announced may have come after the look. */
  const round = async (): Promise<void> => {
    rang = true;
    if (sweeping) return;
    sweeping = true;
    while (rang) {
      rang = false;
      const ids = [...waiting.keys()];
      for (let i = 0; i < ids.length; i += PARALLEL_LOOKS) {
        await Promise.all(ids.slice(i, i + PARALLEL_LOOKS).map(look));
      }
    }
    sweeping = false;
  };

  const enter = (id: string, waiter: Waiter): void => {
    count++;
    const others = waiting.get(id);
    if (others === undefined) waiting.set(id, new Set([waiter]));
    else others.add(waiter);
  };
  const leave = (id: string, waiter: Waiter): void => {
    const others = waiting.get(id);
    if (others?.delete(waiter) !== true) return;
    count--;
    if (others.size === 0) waiting.delete(id);
  };

  const unsubscribe = store.onChange(() => void round());
  const everyone = new Set<() => void>();
  return {
    wait(row, waitMs, signal) {
      if (closed || waitMs <= 0 || count >= maxWaiters) return Promise.resolve(row);
      return new Promise((resolve, reject) => {
        const finish = (settle: () => void): void => {
          clearTimeout(timer);
          signal.removeEventListener('abort', aborted);
          everyone.delete(giveUp);
          leave(row.id, waiter);
          settle();
        };
        const waiter: Waiter = { wake: (changed) => finish(() => resolve(changed)) };
        const giveUp = (): void => finish(() => resolve(row));
        const aborted = (): void => finish(() => reject(signal.reason));
        const timer = setTimeout(giveUp, Math.min(waitMs, MAX_TIMER_MS));
        everyone.add(giveUp);
        enter(row.id, waiter);
        signal.addEventListener('abort', aborted, { once: true });
        if (signal.aborted) return aborted();
        // In the room now: an answer given between reading the row and entering is found by this look.
        void look(row.id);
      });
    },
    look: (id) => void look(id),
    close() {
      closed = true;
      unsubscribe();
      for (const giveUp of [...everyone]) giveUp();
    },
  };
}
