import { type Long, parseDigits, toLong } from '../value/long.ts';

/** Cedar's `decimal`: a 64-bit count of ten-thousandths. */
export class DecimalValue {
  readonly kind = 'decimal';
  readonly units: Long;

  constructor(units: Long) {
    this.units = units;
  }
}

const FORM = /^(-?)([0-9]+)\.([0-9]+)$/;

/** `-?digits.digits` with one to four fraction digits; null when malformed or outside 64 bits of ten-thousandths. */
export function parseDecimal(text: string): DecimalValue | null {
  const match = FORM.exec(text);
  if (match === null) return null;
  const [, sign, whole, fraction] = match as unknown as [string, string, string, string];
  const wholeUnits = parseDigits(whole);
  if (fraction.length > 4 || wholeUnits === null) return null;
  const magnitude = wholeUnits * 10000n + BigInt(fraction.padEnd(4, '0'));
  const units = toLong(sign === '-' ? -magnitude : magnitude);
  return units === null ? null : new DecimalValue(units);
}
