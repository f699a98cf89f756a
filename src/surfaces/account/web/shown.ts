import { visibleText } from '../../../model/visible.ts';

/**
 * Text somebody else chose, for a person who decides by it: on one line, bounded, with invisible characters spelled out, and letters that
 * pretend to be others marked. `rn` for `m` nobody can mark; that is why the origin stands beside every name.
 */
export function shown(text: string, max = 120): string {
  return visibleText(text.replace(/[\t\n\r\v\f\u2028\u2029]+/g, ' ').trim(), { maxChars: max });
}
