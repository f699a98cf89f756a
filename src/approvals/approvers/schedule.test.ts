import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Schedule } from '../../model/approval-rules.ts';
import { onDuty, quietUntilMs } from './schedule.ts';

const at = (text: string): number => Date.parse(text);
const HOUR_MS = 3_600_000;

/** Monday 2026-11-02 09:00 in Berlin, weekly. */
const WEEKLY: Schedule = {
  timezone: 'Europe/Berlin',
  people: ['a', 'b', 'c'],
  turn: 'week',
  start: { date: '2026-11-02', time: '09:00' },
  hours: null,
};
const daily = (timezone: string, time: string): Schedule => ({
  ...WEEKLY,
  timezone,
  turn: 'day',
  start: { date: '2026-01-01', time },
});

describe('who is on duty', () => {
  it('nobody before the first turn', () => {
    expect(onDuty(WEEKLY, at('2026-11-02T07:59:59Z'))).toBeNull();
    expect(onDuty(WEEKLY, at('2020-01-01T00:00Z'))).toBeNull();
    expect(onDuty({ ...WEEKLY, people: [] }, at('2026-11-03T00:00Z'))).toBeNull();
  });

  it('each for a week, in turn, and round again', () => {
    expect(onDuty(WEEKLY, at('2026-11-02T08:00Z'))).toBe('a');
    expect(onDuty(WEEKLY, at('2026-11-09T07:59Z'))).toBe('a');
    expect(onDuty(WEEKLY, at('2026-11-09T08:00Z'))).toBe('b');
    expect(onDuty(WEEKLY, at('2026-11-16T08:00Z'))).toBe('c');
    expect(onDuty(WEEKLY, at('2026-11-23T08:00Z'))).toBe('a');
  });

  it('is handed over at the same local time in summer and in winter', () => {
    const schedule = daily('Europe/Berlin', '09:00');
    for (const [before, after] of [
      ['2026-03-28T07:59Z', '2026-03-28T08:00Z'],
      // The clocks went forward this night.
      ['2026-03-29T06:59Z', '2026-03-29T07:00Z'],
      ['2026-10-24T06:59Z', '2026-10-24T07:00Z'],
      ['2026-10-25T07:59Z', '2026-10-25T08:00Z'],
    ] as const) {
      expect(onDuty(schedule, at(before)), before).not.toBe(onDuty(schedule, at(after)));
    }
  });

  it('is not handed back when the clock shows the time of handover twice', () => {
    // In New York 01:30 comes twice on 2026-11-01: at 05:30Z and at 06:30Z.
    const schedule = daily('America/New_York', '01:30');
    const turns = ['05:29', '05:30', '05:59', '06:00', '06:29', '06:31', '07:00'].map((time) =>
      onDuty(schedule, at(`2026-11-01T${time}Z`)),
    );
    expect(new Set(turns.slice(1)).size).toBe(1);
    expect(turns[0]).not.toBe(turns[1]);
  });

  it('is handed over once when the clock skips the time of handover', () => {
    // In New York 02:30 does not exist on 2026-03-08; 07:00Z is 03:00.
    const schedule = daily('America/New_York', '02:30');
    const before = onDuty(schedule, at('2026-03-08T06:59Z'));
    const after = onDuty(schedule, at('2026-03-08T07:30Z'));
    expect(after).not.toBe(before);
    expect(onDuty(schedule, at('2026-03-09T06:29Z'))).toBe(after);
    expect(onDuty(schedule, at('2026-03-09T06:30Z'))).not.toBe(after);
  });

  it('follows the calendar for years in any zone: one handover a day, at that time', () => {
    const zones = [
      'Europe/Berlin',
      'America/New_York',
      'Australia/Lord_Howe',
      'Asia/Kathmandu',
      'Africa/Casablanca',
      'UTC',
    ];
    fc.assert(
      fc.property(
        fc.constantFrom(...zones),
        fc.integer({ min: 0, max: 23 }),
        fc.integer({ min: 0, max: 365 * 4 }),
        (zone, hour, days) => {
          const people = Array.from({ length: 11 }, (_, i) => `p${i}`);
          const schedule = { ...daily(zone, `${String(hour).padStart(2, '0')}:30`), people };
          const fromMs = at('2026-02-01T00:00Z') + days * 24 * HOUR_MS;
          const turns: number[] = [];
          for (let i = 0; i < 24 * 6; i++) turns.push(Number(onDuty(schedule, fromMs + i * HOUR_MS * 0.5)?.slice(1)));
          const steps = turns.slice(1).map((turn, i) => (turn - (turns[i] as number) + 11) % 11);
          // Never back, never two at once; 72 hours hold three handovers, two or four around a change of the clock.
          expect(steps.every((step) => step === 0 || step === 1)).toBe(true);
          const handovers = steps.filter((step) => step === 1).length;
          expect(handovers).toBeGreaterThanOrEqual(2);
          expect(handovers).toBeLessThanOrEqual(4);
        },
      ),
      { numRuns: 60 },
    );
  });

  const OFFICE = { weekdays: [1, 2, 3, 4, 5], from: '08:00', to: '18:00' };
  it('nobody outside the hours of duty', () => {
    const schedule: Schedule = { ...WEEKLY, hours: OFFICE };
    expect(onDuty(schedule, at('2026-11-03T06:59Z'))).toBeNull();
    expect(onDuty(schedule, at('2026-11-03T07:00Z'))).toBe('a');
    expect(onDuty(schedule, at('2026-11-03T16:59Z'))).toBe('a');
    expect(onDuty(schedule, at('2026-11-03T17:00Z'))).toBeNull();
    // Saturday.
    expect(onDuty(schedule, at('2026-11-07T10:00Z'))).toBeNull();
  });

  it('hours past midnight belong to the day on which they began', () => {
    const schedule: Schedule = { ...WEEKLY, hours: { weekdays: [5], from: '22:00', to: '06:00' } };
    expect(onDuty(schedule, at('2026-11-06T20:59Z'))).toBeNull();
    expect(onDuty(schedule, at('2026-11-06T21:00Z'))).toBe('a');
    expect(onDuty(schedule, at('2026-11-07T04:59Z'))).toBe('a');
    expect(onDuty(schedule, at('2026-11-07T05:00Z'))).toBeNull();
    expect(onDuty(schedule, at('2026-11-07T21:30Z'))).toBeNull();
  });
});

describe('quiet hours', () => {
  const NIGHT = { timezone: 'Europe/Berlin', from: '20:00', to: '07:00' };
  it('end in the morning', () => {
    expect(quietUntilMs(null, 0)).toBeNull();
    expect(quietUntilMs(NIGHT, at('2026-11-03T18:59Z'))).toBeNull();
    expect(quietUntilMs(NIGHT, at('2026-11-03T19:00Z'))).toBe(at('2026-11-04T06:00Z'));
    expect(quietUntilMs(NIGHT, at('2026-11-04T05:59Z'))).toBe(at('2026-11-04T06:00Z'));
    expect(quietUntilMs(NIGHT, at('2026-11-04T06:00Z'))).toBeNull();
  });

  it('by the clock on the wall, also in the night it is changed', () => {
    expect(quietUntilMs(NIGHT, at('2026-03-28T22:00Z'))).toBe(at('2026-03-29T05:00Z'));
    expect(quietUntilMs(NIGHT, at('2026-10-24T22:00Z'))).toBe(at('2026-10-25T06:00Z'));
  });

  it('may lie within one day', () => {
    const lunch = { timezone: 'Asia/Kathmandu', from: '12:00', to: '13:00' };
    expect(quietUntilMs(lunch, at('2026-11-03T06:15Z'))).toBe(at('2026-11-03T07:15Z'));
    expect(quietUntilMs(lunch, at('2026-11-03T07:15Z'))).toBeNull();
  });
});
