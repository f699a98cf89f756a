import { setImmediate as nextTurn } from 'node:timers/promises';

/** Sorted at once; longer lists are merged from such runs, with turns for others in between. */
export const RUN = 1_024;

type Compare<T> = (a: T, b: T) => number;

/** Sorted runs as one sorted list, in turns that hold nobody up. */
export async function mergedRuns<T>(runs: readonly T[][], compare: Compare<T>): Promise<readonly T[]> {
  let left = runs;
  while (left.length > 1) {
    const next: T[][] = [];
    for (let i = 0; i < left.length; i += 2)
      next.push(left[i + 1] === undefined ? left[i]! : await mergeTwo(left[i]!, left[i + 1]!, compare));
    left = next;
  }
  return left[0] ?? [];
}

async function mergeTwo<T>(a: readonly T[], b: readonly T[], compare: Compare<T>): Promise<T[]> {
  const both: T[] = [];
  let i = 0;
  let j = 0;
  while (i < a.length || j < b.length) {
    if (j >= b.length || (i < a.length && compare(a[i]!, b[j]!) <= 0)) both.push(a[i++]!);
    else both.push(b[j++]!);
    if (both.length % (8 * RUN) === 0) await nextTurn();
  }
  return both;
}
