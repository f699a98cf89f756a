import type { QuietHours, Schedule } from '../../model/approval-rules.ts';

/** A wall clock, as people in a time zone read it. */
interface Local {
  /** Days since 1970-01-01 of the local date. */
  readonly day: number;
  /** Minutes since local midnight. */
  readonly minute: number;
}

const MINUTE_MS = 60_000;
const DAY_MINUTES = 1_440;
const DAY_MS = DAY_MINUTES * MINUTE_MS;

/**
 * Who is on duty at that time; `null`: nobody, before the first turn or outside the hours. Handover is at the same local time through the
 * year. Pure.
 */
export function onDuty(schedule: Schedule, nowMs: number): string | null {
  const { timezone, people, start, turn, hours } = schedule;
  if (people.length === 0) return null;
  const now = localOf(timezone, nowMs);
  if (hours !== null && !inHours(hours, now)) return null;
  const at = minuteOf(start.time);
  // By instants, not by the wall clock: when the clock goes back, a turn that was handed over stays handed over.
  const turnDay = [now.day + 1, now.day].find((day) => instantOf(timezone, day, at) <= nowMs) ?? now.day - 1;
  const days = turnDay - dayOf(start.date);
  if (days < 0) return null;
  const turns = turn === 'week' ? Math.floor(days / 7) : days;
  return people[turns % people.length] ?? null;
}

/** When messages may go out again; `null`: now. Pure. */
export function quietUntilMs(quiet: QuietHours | null, nowMs: number): number | null {
  if (quiet === null) return null;
  const now = localOf(quiet.timezone, nowMs);
  const [from, to] = [minuteOf(quiet.from), minuteOf(quiet.to)];
  if (!between(now.minute, from, to)) return null;
  const ends = [now.day, now.day + 1].map((day) => instantOf(quiet.timezone, day, to));
  return ends.find((endMs) => endMs > nowMs) ?? null;
}

/** Hours that end before they begin go on past midnight, and belong to the weekday on which they began. */
function inHours(hours: NonNullable<Schedule['hours']>, { day, minute }: Local): boolean {
  const [from, to] = [minuteOf(hours.from), minuteOf(hours.to)];
  if (!between(minute, from, to)) return false;
  const began = from > to && minute < to ? day - 1 : day;
  return hours.weekdays.includes(weekdayOf(began));
}

function between(minute: number, from: number, to: number): boolean {
  return from < to ? minute >= from && minute < to : minute >= from || minute < to;
}

/** 1 is Monday; 1970-01-01 was a Thursday. */
function weekdayOf(day: number): number {
  return ((((day + 3) % 7) + 7) % 7) + 1;
}

function dayOf(date: string): number {
  return Math.floor(Date.parse(`${date}T00:00:00Z`) / DAY_MS);
}

function minuteOf(time: string): number {
  const [hour = 0, minute = 0] = time.split(':').map(Number);
  return hour * 60 + minute;
}

const FORMATS = new Map<string, Intl.DateTimeFormat>();

function formatOf(timezone: string): Intl.DateTimeFormat {
  let format = FORMATS.get(timezone);
  if (format === undefined) {
    format = new Intl.DateTimeFormat('en-US', {
      timeZone: timezone,
      calendar: 'iso8601',
      hourCycle: 'h23',
      year: 'numeric',
      month: '2-digit',
      day: '2-digit',
      hour: '2-digit',
      minute: '2-digit',
    });
    FORMATS.set(timezone, format);
  }
  return format;
}

/** The wall clock as minutes since 1970-01-01T00:00 of that clock. */
function wallMinutes(timezone: string, atMs: number): number {
  const part: Record<string, number> = {};
  for (const { type, value } of formatOf(timezone).formatToParts(atMs)) part[type] = Number(value);
  const { year = 0, month = 1, day = 1, hour = 0, minute = 0 } = part;
  return Date.UTC(year, month - 1, day, hour, minute) / MINUTE_MS;
}

function localOf(timezone: string, atMs: number): Local {
  const wall = wallMinutes(timezone, atMs);
  const day = Math.floor(wall / DAY_MINUTES);
  return { day, minute: wall - day * DAY_MINUTES };
}

/**
 * When the clock first shows that time on that day. A time that the clock skips is as much later as it skips; of one it shows twice, the
 * first counts.
 */
function instantOf(timezone: string, day: number, minute: number): number {
  const wall = day * DAY_MINUTES + minute;
  // The offsets a day before and after: between them lies at most one change of the clock.
  const candidates = [-1, 1].map((side) => {
    const nearMs = wall * MINUTE_MS + side * DAY_MS;
    return wall * MINUTE_MS - (wallMinutes(timezone, nearMs) * MINUTE_MS - nearMs);
  });
  const showing = candidates.filter((atMs) => wallMinutes(timezone, atMs) === wall);
  return Math.min(...(showing.length > 0 ? showing : candidates.slice(0, 1)));
}
