import { sha256Base64url } from '../../model/canonical.ts';
import type { Clock } from '../../ports/clock.ts';
import type { NoticeRow, NoticeStore, ReplayStore } from '../../ports/stores.ts';

/** The time in which messages are counted. */
export const WINDOW_MS = 600_000;
/** What comes in a burst is counted by one message. */
export const GATHER_MS = 15_000;
/** A message due no sooner counts whatever is there by now. */
const SURELY_LATER_MS = 5_000;
/** What such a notice says instead of an error. */
export const GROUPED = 'told of in one message with others';
/** So long nobody looks again whether one of them is free. */
const FULL_MS = 10_000;
const MAX_REMEMBERED = 10_000;

export interface SlotOptions {
  readonly notices: Pick<NoticeStore, 'add' | 'of' | 'absorb'>;
  readonly replay: ReplayStore;
  readonly clock: Clock;
  /** Messages to one recipient on one channel in ten minutes, the one in place of many counted. */
  readonly perWindow: () => number;
}

type Place = Pick<NoticeRow, 'channel' | 'recipient'>;

/**
 * How many messages somebody gets. Each takes a slot that is free again ten minutes later, insert-if-absent, so that several gateways
 * together send no more than one would. What finds none is told of in one message for all.
 */
export class Slots {
  readonly #options: SlotOptions;
  readonly #fullUntil = new Map<string, number>();

  constructor(options: SlotOptions) {
    this.#options = options;
  }

  /** `false`: this recipient has had enough for now. */
  async take(place: Place): Promise<boolean> {
    const { replay, clock, perWindow } = this.#options;
    const key = groupKey(place);
    const nowMs = clock.nowMs();
    if ((this.#fullUntil.get(key) ?? 0) > nowMs) return false;
    for (let slot = 0; slot < perWindow() - 1; slot++) {
      if (await replay.claim(`notice-slot:${slot}:${key}`, nowMs + WINDOW_MS)) return true;
    }
    if (this.#fullUntil.size >= MAX_REMEMBERED) this.#fullUntil.clear();
    this.#fullUntil.set(key, nowMs + FULL_MS);
    return false;
  }

  /**
   * The recipient will be told in one message, at the latest ten minutes after the last such. Durable when it resolves. A message that
   * was taken already may have counted before this notice was there: the next one is for it.
   */
  async group({ channel, recipient }: Place): Promise<void> {
    const { notices, clock } = this.#options;
    const key = groupKey({ channel, recipient });
    const nowMs = clock.nowMs();
    const earlier = [...(await notices.of(key))].sort((a, b) => a.dueMs - b.dueMs || (a.id < b.id ? -1 : 1));
    const next = earlier.find(({ state, attempts }) => state === 'waiting' && attempts === 0);
    if (next !== undefined) {
      // Nobody takes it soon: all that waits now is counted by then. A flood is put away at once, not row by row.
      if (next.dueMs > nowMs + SURELY_LATER_MS) await notices.absorb({ channel, recipient }, nowMs, GROUPED);
      return;
    }
    const last = earlier.at(-1);
    const lastMs = last === undefined ? Number.NEGATIVE_INFINITY : Math.max(last.sentAtMs ?? 0, last.dueMs);
    await notices.add([
      {
        // Whoever adds another after the same one adds the same.
        id: sha256Base64url(`${key}\n${last?.id ?? 'first'}`),
        ...{ approval: key, kind: 'grouped', channel, recipient, state: 'waiting', attempts: 0 },
        dueMs: Math.max(nowMs + GATHER_MS, lastMs + WINDOW_MS),
        ...{ ticket: null, openedAtMs: null, error: null, createdAtMs: nowMs, sentAtMs: null, place: null },
      },
    ]);
  }
}

/** What stands in `NoticeRow.approval` of a message for many. */
export function groupKey({ channel, recipient }: Place): string {
  return `grouped:${channel}:${recipient ?? ''}`;
}
