import type { LiveCall } from '../../../../src/model/insight/records.ts';

/** The last so many calls, newest first. What is pushed out is gone: the record has it. */
export const RING = 2_000;

export function pushed(before: readonly LiveCall[], batch: readonly LiveCall[]): readonly LiveCall[] {
  if (batch.length === 0) return before;
  // After a reconnect what was seen may come again; or it is another gateway that answers, whose journal has numbers of its own.
  const keyOf = ({ seq, call }: LiveCall): string => `${seq} ${call}`;
  const known = new Set(before.map(keyOf));
  const fresh = batch.filter((each) => !known.has(keyOf(each))).sort((a, b) => b.seq - a.seq);
  return [...fresh.slice(0, RING), ...before.slice(0, Math.max(0, RING - fresh.length))];
}

export const WINDOW_S = 120;

/** How many of each kind in each second, the last two minutes, the newest second last. */
export interface Rates {
  readonly startS: number;
  readonly permitted: readonly number[];
  readonly asked: readonly number[];
  readonly denied: readonly number[];
}

/** Counts as they come; the seconds are those of the viewer, so that nothing depends on two clocks. */
export class RateBook {
  readonly #counts = new Map<number, [number, number, number]>();

  add(batch: readonly LiveCall[], nowMs: number): void {
    const second = Math.floor(nowMs / 1000);
    const at = this.#counts.get(second) ?? [0, 0, 0];
    for (const { what } of batch) {
      if (what === 'permitted') at[0]++;
      else if (what === 'asked') at[1]++;
      else if (what === 'denied') at[2]++;
    }
    this.#counts.set(second, at);
    for (const old of this.#counts.keys()) if (old <= second - WINDOW_S - 1) this.#counts.delete(old);
  }

  /** Up to the second before now, which is over. */
  read(nowMs: number): Rates {
    const startS = Math.floor(nowMs / 1000) - WINDOW_S;
    const column = (i: 0 | 1 | 2): number[] =>
      Array.from({ length: WINDOW_S }, (_, k) => this.#counts.get(startS + k)?.[i] ?? 0);
    return { startS, permitted: column(0), asked: column(1), denied: column(2) };
  }
}

/** How long until the next try after so many failed ones: doubling, at most half a minute, spread so that not all come at once. */
export function backoffMs(failures: number, random: number): number {
  return Math.round(Math.min(30_000, 500 * 2 ** Math.min(failures, 10)) * (0.5 + random / 2));
}
