import { Fault } from '../../../model/fault.ts';

/**
 * Text both databases keep unchanged. PostgreSQL cannot hold U+0000, and a lone surrogate becomes U+FFFD on its way to
 * UTF-8, so that two different names would become one; both are refused instead of being changed.
 * Fault: `invalid-params`.
 */
export function storable(text: string, what: string): string {
  if (text.includes('\0')) throw new Fault('invalid-params', `the ${what} contains a NUL character`);
  if (!text.isWellFormed()) throw new Fault('invalid-params', `the ${what} contains a lone surrogate`);
  return text;
}
