import type { LoadResult } from './job.ts';

/** Results of one target at one concurrency, one per round. */
export type Rounds = readonly LoadResult[];
/** By target name, then by concurrency. */
export type Measured = ReadonlyMap<string, ReadonlyMap<number, Rounds>>;

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  if (sorted.length === 0) return Number.NaN;
  return sorted.length % 2 === 1
    ? (sorted[middle] as number)
    : ((sorted[middle - 1] as number) + (sorted[middle] as number)) / 2;
}

/** Median over the rounds of one figure; null where it was not measured. */
export function typical(rounds: Rounds | undefined, figure: (result: LoadResult) => number | null): number | null {
  const values = (rounds ?? []).map(figure).filter((value) => value !== null);
  return values.length === 0 ? null : median(values);
}

/**
 * Compares two targets round by round, then takes the median: a machine that slows down half-way slows both sides of a
 * pair, which it would not if medians were compared.
 */
export function paired(
  [ours, theirs]: readonly [Rounds | undefined, Rounds | undefined],
  compare: (ours: LoadResult, theirs: LoadResult) => number,
): number | null {
  if (ours === undefined || theirs === undefined || ours.length !== theirs.length || ours.length === 0) return null;
  const values = ours.map((result, round) => compare(result, theirs[round] as LoadResult));
  return values.some(Number.isNaN) ? null : median(values);
}

/** Round 0: a b c, round 1: b c a, …: nobody always runs first or behind the same neighbour. */
export function rotated<T>(items: readonly T[], round: number): readonly T[] {
  const by = items.length === 0 ? 0 : round % items.length;
  return [...items.slice(by), ...items.slice(0, by)];
}
