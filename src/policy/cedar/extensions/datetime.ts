import { addLong, type Long, parseDigits, remainderLong, subtractLong, toLong } from '../value/long.ts';

/** Cedar's `datetime`: milliseconds since 1970-01-01 UTC, leap seconds not counted. */
export class DatetimeValue {
  readonly kind = 'datetime';
  readonly epochMs: Long;

  constructor(epochMs: Long) {
    this.epochMs = epochMs;
  }
}

/** Cedar's `duration`: milliseconds, may be negative. */
export class DurationValue {
  readonly kind = 'duration';
  readonly ms: Long;

  constructor(ms: Long) {
    this.ms = ms;
  }
}

const SECOND_MS = 1000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;
export const DAY_MS = 24 * HOUR_MS;

const DATE = /^([0-9]{4})-([0-9]{2})-([0-9]{2})$/;
const DATE_TIME =
  /^([0-9]{4})-([0-9]{2})-([0-9]{2})T([0-9]{2}):([0-9]{2}):([0-9]{2})(?:\.([0-9]{3}))?(?:Z|([+-])([0-9]{2})([0-9]{2}))$/;
const DURATION = /^(-?)(?:([0-9]+)d)?(?:([0-9]+)h)?(?:([0-9]+)m)?(?:([0-9]+)s)?(?:([0-9]+)ms)?$/;

/** `YYYY-MM-DD`, or with `Thh:mm:ss[.SSS](Z|+hhmm|-hhmm)`; null when malformed or no such moment. */
export function parseDatetime(text: string): DatetimeValue | null {
  const match = DATE.exec(text) ?? DATE_TIME.exec(text);
  if (match === null) return null;
  const part = (at: number): number => (match[at] === undefined ? 0 : Number(match[at]));
  const [year, month, day, hour, minute, second] = [part(1), part(2), part(3), part(4), part(5), part(6)];
  if (month < 1 || month > 12 || day < 1 || day > daysInMonth(year, month)) return null;
  if (hour > 23 || minute > 59 || second > 59 || part(9) > 23 || part(10) > 59) return null;
  const offset = (part(9) * HOUR_MS + part(10) * MINUTE_MS) * (match[8] === '-' ? -1 : 1);
  const time = hour * HOUR_MS + minute * MINUTE_MS + second * SECOND_MS + part(7);
  return new DatetimeValue(daysSinceEpoch(year, month, day) * DAY_MS + time - offset);
}

function isLeap(year: number): boolean {
  return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
}

function daysInMonth(year: number, month: number): number {
  if (month === 2) return isLeap(year) ? 29 : 28;
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31;
}

/** Days from 1970-01-01 in the proleptic Gregorian calendar, year 0 to 9999. */
function daysSinceEpoch(year: number, month: number, day: number): number {
  // Leap days before 1 January of `year`, counted from year 0, which is itself a leap year.
  const leaps = year === 0 ? 0 : Math.ceil(year / 4) - Math.ceil(year / 100) + Math.ceil(year / 400);
  let days = year * 365 + leaps - 719528;
  for (let m = 1; m < month; m++) days += daysInMonth(year, m);
  return days + day - 1;
}

/** `1d2h3m4s5ms` in that order, any unit may be missing but not all, one minus for the whole; null when malformed. */
export function parseDuration(text: string): DurationValue | null {
  const match = DURATION.exec(text);
  if (match === null || text === '' || text === '-') return null;
  const units = [DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS, 1];
  let total = 0n;
  for (const [i, unit] of units.entries()) {
    const count = parseDigits(match[i + 2] ?? '0');
    if (count === null) return null;
    total += count * BigInt(unit);
  }
  const ms = toLong(match[1] === '-' ? -total : total);
  return ms === null ? null : new DurationValue(ms);
}

export function offsetBy(at: DatetimeValue, by: DurationValue): DatetimeValue | null {
  const epochMs = addLong(at.epochMs, by.ms);
  return epochMs === null ? null : new DatetimeValue(epochMs);
}

export function durationSince(later: DatetimeValue, earlier: DatetimeValue): DurationValue | null {
  const ms = subtractLong(later.epochMs, earlier.epochMs);
  return ms === null ? null : new DurationValue(ms);
}

/** Midnight UTC of that day; null when that is before the first representable moment. */
export function dateOf(at: DatetimeValue): DatetimeValue | null {
  const epochMs = subtractLong(at.epochMs, remainderLong(at.epochMs, DAY_MS));
  return epochMs === null ? null : new DatetimeValue(epochMs);
}

export function timeOf(at: DatetimeValue): DurationValue {
  return new DurationValue(remainderLong(at.epochMs, DAY_MS));
}
