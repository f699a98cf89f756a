import { setImmediate as nextTurn } from 'node:timers/promises';
import { Fault } from '../../../../model/fault.ts';
import { storable } from '../text.ts';

/**
 * Rows one statement carries: at most 11 columns, so 11,000 parameters, where SQLite takes 32,766 and PostgreSQL 65,535.
 */
export const ROWS = 1_000;
/** Rows one sweep of expired things deletes in one statement: none may run into the statement timeout. */
export const SWEPT = 5_000;
/** An index row of PostgreSQL holds 2,704 bytes; every key of ours is one name of this size and a short word. */
const NAME_BYTES = 2_048;

/** Whether it answers with text both databases keep and can index. Fault: `invalid-params`. */
export function name(text: string, what: string, maxBytes = NAME_BYTES): string {
  if (text === '') throw new Fault('invalid-params', `the ${what} is empty`);
  if (Buffer.byteLength(text) > maxBytes) {
    throw new Fault('invalid-params', `the ${what} is longer than ${maxBytes} bytes`);
  }
  return storable(text, what);
}

export function nameOrNull(text: string | null, what: string): string | null {
  return text === null ? null : name(text, what);
}

/** Limits a caller gives are bounded, not trusted. */
export function bounded(limit: number, most: number): number {
  return Math.min(Math.max(Math.trunc(limit), 0), most);
}

/** Runs `each` over the rows a statement at a time and adds up what it answers. Other work of the process goes on in between. */
export async function inBatches<T>(
  rows: readonly T[],
  each: (batch: readonly T[], from: number) => Promise<number>,
): Promise<number> {
  let sum = 0;
  for (let from = 0; from < rows.length; from += ROWS) {
    // SQLite works on this very thread.
    if (from > 0) await nextTurn();
    sum += await each(rows.slice(from, from + ROWS), from);
  }
  return sum;
}

/** Deletes a batch at a time until one is not full. `sweep` answers how many it deleted. */
export async function sweepAll(sweep: (most: number) => Promise<number>): Promise<number> {
  for (let sum = 0; ; ) {
    const swept = await sweep(SWEPT);
    sum += swept;
    if (swept < SWEPT) return sum;
    await nextTurn();
  }
}
