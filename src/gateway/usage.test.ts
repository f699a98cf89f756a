import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Usage } from './usage.ts';

const KEYS = { agent: 'buyer', session: 's1', tasks: [] };

describe('usage counts what was permitted, per agent, session and task', () => {
  it('keeps nothing of a session that is over, and everything of its agent', () => {
    const usage = new Usage();
    for (let i = 0; i < 100; i++) {
      usage.count({ ...KEYS, session: `s${i}` }, null, 1_000_000);
      usage.forgetSession(`s${i}`);
    }
    expect(usage.size).toBe(1);
    expect(usage.read('agent', 'buyer', 1_000_000).callsTotal).toBe(100);
  });

  it('starts at nothing and keeps agents apart', () => {
    const usage = new Usage();
    usage.count(KEYS, 3999900, 1_000_000);
    expect(usage.read('agent', 'buyer', 1_000_000)).toEqual({
      callsLastMinute: 1,
      callsLastHour: 1,
      callsLastDay: 1,
      callsTotal: 1,
      spentLastDay: 3999900,
    });
    expect(usage.read('agent', 'other', 1_000_000).callsTotal).toBe(0);
    expect(usage.read('task', null, 1_000_000).callsTotal).toBe(0);
  });

  it('forgets after the window, never before', () => {
    const usage = new Usage();
    usage.count(KEYS, 10_000, 0);
    expect(usage.read('agent', 'buyer', 60_000).callsLastMinute).toBe(1);
    expect(usage.read('agent', 'buyer', 62_000).callsLastMinute).toBe(0);
    expect(usage.read('agent', 'buyer', 62_000).callsLastHour).toBe(1);
    expect(usage.read('agent', 'buyer', 24 * 3_600_000).spentLastDay).toBe(10_000);
    expect(usage.read('agent', 'buyer', 25 * 3_600_000).spentLastDay).toBe(0);
    expect(usage.read('agent', 'buyer', 25 * 3_600_000).callsTotal).toBe(1);
  });

  it('never counts less than happened in the window, also when the clock jumps back', () => {
    const steps = fc.array(
      fc.record({ stepMs: fc.integer({ min: -90_000, max: 100_000 }), amount: fc.integer({ min: 0, max: 1e9 }) }),
      { maxLength: 200 },
    );
    fc.assert(
      fc.property(steps, (events) => {
        const usage = new Usage();
        const seen: { atMs: number; amount: number }[] = [];
        let nowMs = 1_700_000_000_000;
        // A clock set back does not make the past recent again: the latest time seen counts.
        let latestMs = 0;
        for (const { stepMs, amount } of events) {
          nowMs += stepMs;
          latestMs = Math.max(latestMs, nowMs);
          usage.count(KEYS, amount, nowMs);
          seen.push({ atMs: latestMs, amount });
          const recent = seen.filter((event) => event.atMs > latestMs - 60_000);
          const window = usage.read('agent', 'buyer', nowMs);
          expect(window.callsLastMinute).toBeGreaterThanOrEqual(recent.length);
          expect(window.callsTotal).toBe(seen.length);
        }
      }),
    );
  });

  it('bounds its memory by forgetting sessions unused for a day, never agents', () => {
    const usage = new Usage(100);
    for (let i = 0; i < 99; i++) usage.count({ agent: 'buyer', session: `s${i}`, tasks: [] }, null, 0);
    usage.count({ agent: 'buyer', session: 'new', tasks: [] }, null, 25 * 3_600_000);
    usage.count({ agent: 'buyer', session: 'newer', tasks: [] }, null, 25 * 3_600_000);
    expect(usage.size).toBeLessThan(10);
    expect(usage.read('agent', 'buyer', 25 * 3_600_000).callsTotal).toBe(101);
  });
});
