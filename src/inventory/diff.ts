import { canonicalize } from '../model/canonical.ts';
import { isObject, type Json } from '../model/json.ts';
import { escapePointer } from '../model/pointer.ts';
import { makeVisible } from '../model/visible.ts';
import type { PinRow } from '../ports/stores.ts';

/** One place where two definitions differ. `undefined`: not there. */
export interface Difference {
  /** RFC 6901 pointer. */
  readonly at: string;
  readonly before: Json | undefined;
  readonly after: Json | undefined;
}

const MAX_DIFFERENCES = 200;

/** Where two JSON values differ, in the order of their pointers; empty when they are the same value. */
export function diffJson(before: Json | undefined, after: Json | undefined): readonly Difference[] {
  const found: Difference[] = [];
  compare({ at: '', before, after }, found);
  return found;
}

function compare({ at, before, after }: Difference, found: Difference[]): void {
  if (found.length >= MAX_DIFFERENCES || sameJson(before, after)) return;
  if (isObject(before) && isObject(after)) {
    for (const name of [...new Set([...Object.keys(before), ...Object.keys(after)])].sort()) {
      compare({ at: `${at}/${escapePointer(name)}`, before: before[name], after: after[name] }, found);
    }
  } else if (Array.isArray(before) && Array.isArray(after)) {
    for (let i = 0; i < Math.max(before.length, after.length); i++) {
      compare({ at: `${at}/${i}`, before: before[i] as Json | undefined, after: after[i] as Json | undefined }, found);
    }
  } else found.push({ at, before, after });
}

/** Equal as JSON values: the order of members makes no difference. Allocates nothing. */
export function sameJson(a: Json | undefined, b: Json | undefined): boolean {
  if (a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  if (Array.isArray(a) || Array.isArray(b)) {
    if (!Array.isArray(a) || !Array.isArray(b) || a.length !== b.length) return false;
    for (let i = 0; i < a.length; i++) if (!sameJson(a[i] as Json, b[i] as Json)) return false;
    return true;
  }
  let count = 0;
  for (const name in a) {
    if (!Object.hasOwn(b, name) || !sameJson((a as Record<string, Json>)[name], (b as Record<string, Json>)[name]))
      return false;
    count++;
  }
  for (const _name in b) count--;
  return count === 0;
}

/**
 * The differences between what was accepted and what the server shows, one line each, for a person: JSON pointers, values as JSON,
 * everything invisible written out.
 */
export function describePin(row: PinRow): readonly string[] {
  if (row.accepted === null) return [`+ ${render(row.seen)}`];
  return diffJson(row.accepted, row.seen).flatMap(({ at, before, after }) => [
    ...(before === undefined ? [] : [`- ${makeVisible(at)}: ${render(before)}`]),
    ...(after === undefined ? [] : [`+ ${makeVisible(at)}: ${render(after)}`]),
  ]);
}

function render(value: Json): string {
  return makeVisible(canonicalize(value));
}
