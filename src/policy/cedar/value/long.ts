/**
 * Cedar's Long is a signed 64-bit integer. Here: a number while it is a safe integer, a bigint beyond. The form is
 * canonical (one form per value), so `===` compares two Longs and `<` orders them, whatever their forms.
 */
export type Long = number | bigint;

export const LONG_MAX = 9223372036854775807n;
export const LONG_MIN = -9223372036854775808n;

const SAFE_MAX = BigInt(Number.MAX_SAFE_INTEGER);

/** The canonical Long of an exact integer, or null outside 64 bits. */
export function toLong(value: bigint): Long | null {
  if (value > LONG_MAX || value < LONG_MIN) return null;
  return value <= SAFE_MAX && value >= -SAFE_MAX ? Number(value) : value;
}

export function addLong(a: Long, b: Long): Long | null {
  if (typeof a === 'number' && typeof b === 'number') {
    const sum = a + b;
    if (Number.isSafeInteger(sum)) return sum;
  }
  return toLong(BigInt(a) + BigInt(b));
}

export function subtractLong(a: Long, b: Long): Long | null {
  if (typeof a === 'number' && typeof b === 'number') {
    const difference = a - b;
    if (Number.isSafeInteger(difference)) return difference;
  }
  return toLong(BigInt(a) - BigInt(b));
}

export function multiplyLong(a: Long, b: Long): Long | null {
  if (typeof a === 'number' && typeof b === 'number') {
    const product = a * b;
    // A product of integers that rounds to a safe integer is exact. `+ 0` turns -0 into 0.
    if (Number.isSafeInteger(product)) return product + 0;
  }
  return toLong(BigInt(a) * BigInt(b));
}

export function negateLong(a: Long): Long | null {
  return subtractLong(0, a);
}

/** Division that truncates towards zero; `by` is a positive safe integer. Never overflows. */
export function divideLong(a: Long, by: number): Long {
  if (typeof a === 'number') return Math.trunc(a / by) + 0;
  return toLong(a / BigInt(by)) as Long;
}

/** The remainder in [0, by), also for negative `a`. */
export function remainderLong(a: Long, by: number): number {
  const rest = typeof a === 'number' ? a % by : Number(a % BigInt(by));
  return rest < 0 ? rest + by : rest + 0;
}

/**
 * Digits only. Null beyond 20 significant digits: more fits in no 64-bit value, and parsing a megabyte of digits that an
 * agent sent would stall the process.
 */
export function parseDigits(digits: string): bigint | null {
  if (digits.length <= 20) return BigInt(digits);
  const significant = digits.replace(/^0+/, '');
  return significant.length > 20 ? null : BigInt(significant === '' ? '0' : significant);
}
