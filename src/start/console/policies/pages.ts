import { Problem } from '../../../surfaces/admin/problem.ts';

export const DEFAULT_LIMIT = 50;

/** Where a page ended, opaque to whoever sends it back. */
export function cursorOf(place: readonly (string | number)[]): string {
  return Buffer.from(JSON.stringify(place)).toString('base64url');
}

/** Problem: it is none that was given out. */
export function placeOf<T extends readonly ('string' | 'number')[]>(
  cursor: string,
  shape: T,
): { [K in keyof T]: T[K] extends 'string' ? string : number } {
  try {
    const place: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8'));
    if (Array.isArray(place) && place.length === shape.length && place.every((part, i) => typeof part === shape[i]))
      return place as never;
  } catch {
    // No JSON.
  }
  throw new Problem(400, 'invalid-cursor', 'the cursor is none that was given out');
}
