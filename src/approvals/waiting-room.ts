import type { ApprovalRow, ApprovalStore } from '../ports/stores.ts';
import type { ApprovalsLog } from './options.ts';

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
  wake(row: ApprovalRow): void;
  giveUp(): void;
}

interface Options {
  readonly store: ApprovalStore;
  readonly maxWaiters: number;
  readonly log: ApprovalsLog | undefined;
}

/** Calls parked until a person answers: no polling here, one look per request and bell however many wait for it. */
export function makeWaitingRoom({ store, maxWaiters, log }: Options): WaitingRoom {
  const seats = makeSeats();
  const { look, round } = makeLooks({ store, seats, log });
  const unsubscribe = store.onChange(() => void round());
  let closed = false;
  return {
    wait(row, waitMs, signal) {
      if (closed || waitMs <= 0 || seats.count >= maxWaiters) return Promise.resolve(row);
      return new Promise((resolve, reject) => {
        const finish = (settle: () => void): void => {
          clearTimeout(timer);
          signal.removeEventListener('abort', aborted);
          seats.leave(row.id, waiter);
          settle();
        };
        const waiter: Waiter = {
          wake: (changed) => finish(() => resolve(changed)),
          giveUp: () => finish(() => resolve(row)),
        };
        const aborted = (): void => finish(() => reject(signal.reason));
        const timer = setTimeout(waiter.giveUp, Math.min(waitMs, MAX_TIMER_MS));
        seats.take(row.id, waiter);
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
      for (const id of seats.ids()) for (const waiter of seats.of(id)) waiter.giveUp();
    },
  };
}

/** Who waits for which request. Lists are copies: whoever is woken leaves. */
interface Seats {
  readonly count: number;
  take(id: string, waiter: Waiter): void;
  leave(id: string, waiter: Waiter): void;
  ids(): string[];
  of(id: string): Waiter[];
}

function makeSeats(): Seats {
  const waiting = new Map<string, Set<Waiter>>();
  let count = 0;
  return {
    get count() {
      return count;
    },
    take(id, waiter) {
      count++;
      const others = waiting.get(id);
      if (others === undefined) waiting.set(id, new Set([waiter]));
      else others.add(waiter);
    },
    leave(id, waiter) {
      const others = waiting.get(id);
      if (others?.delete(waiter) !== true) return;
      count--;
      if (others.size === 0) waiting.delete(id);
    },
    ids: () => [...waiting.keys()],
    of: (id) => [...(waiting.get(id) ?? [])],
  };
}

interface Looks {
  look(id: string): Promise<void>;
  /** Looks at every request waited for. */
  round(): Promise<void>;
}

function makeLooks({ store, seats, log }: Pick<Options, 'store' | 'log'> & { readonly seats: Seats }): Looks {
  let going = false;
  let rang = false;
  const look = async (id: string): Promise<void> => {
    try {
      const row = await store.get(id);
      if (row === null || row.state === 'pending' || !row.recorded) return;
      for (const waiter of seats.of(id)) waiter.wake(row);
    } catch (error) {
      // They keep waiting: the next bell looks again, and their time is bounded.
      log?.error({ err: error, approval: id }, 'an approval could not be read');
    }
  };
  return {
    look,
    async round() {
      // A bell during a round means another round: what it announced may have come after the look.
      rang = true;
      if (going) return;
      going = true;
      while (rang) {
        rang = false;
        const ids = seats.ids();
        for (let i = 0; i < ids.length; i += PARALLEL_LOOKS) {
          await Promise.all(ids.slice(i, i + PARALLEL_LOOKS).map(look));
        }
      }
      going = false;
    },
  };
}
