import type { Json } from './json.ts';
import type { Decimal4 } from './policy-input.ts';

const UNITS = 10_000;
/** Beyond this a JavaScript number no longer holds four decimals exactly. */
const MAX_AMOUNT = Math.floor(Number.MAX_SAFE_INTEGER / UNITS);

/**
 * Four-decimal fixed point from a JSON number or a plain decimal text. Null for anything else, for more than four decimals and for
 * amounts a JavaScript number cannot hold exactly.
 */
export function exactAmount(value: Json | undefined): Decimal4 | null {
  if (typeof value === 'string') return amountFromText(value);
  if (typeof value !== 'number' || !Number.isFinite(value)) return null;
  // The shortest text that reads back as the same number is what the sender wrote, up to trailing zeros.
  return amountFromText(String(value));
}

function amountFromText(text: string): Decimal4 | null {
  const match = /^(-?)([0-9]{1,16})(?:\.([0-9]{1,40}))?$/.exec(text);
  if (match === null) return null;
  const fraction = (match[3] ?? '').replace(/0+$/, '');
  const whole = Number(match[2]);
  if (fraction.length > 4 || whole > MAX_AMOUNT - 1) return null;
  const units = whole * UNITS + Number(fraction.padEnd(4, '0'));
  return match[1] === '-' && units !== 0 ? -units : units;
}

/** For people: `1,250.00`, four decimals only where there are more than two. */
export function amountText(units: Decimal4): string {
  const whole = Math.trunc(Math.abs(units) / UNITS).toLocaleString('en-US');
  const fraction = String(Math.abs(units) % UNITS).padStart(4, '0');
  return `${units < 0 ? '-' : ''}${whole}.${fraction.endsWith('00') ? fraction.slice(0, 2) : fraction}`;
}
