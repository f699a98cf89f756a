import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PULSE_SECONDS, Pulse } from './pulse.ts';

const at = { us: 5_000_000_000 };
const clock = { nowMs: () => at.us / 1000, monotonicUs: () => at.us };
const pass = (seconds: number): void => {
  at.us += seconds * 1_000_000;
};
const ok = (ownUs = 100) => ({ effect: 'permit', code: 'ok', ownUs });

describe('the pulse', () => {
  it('counts each second by itself, and forgets after two minutes', () => {
    const pulse = new Pulse(clock);
    pulse.finished(ok());
    pulse.finished({ effect: 'deny', code: 'policy', ownUs: 5 });
    pulse.asked();
    expect(pulse.beats().permitted.every((count) => count === 0)).toBe(true);
    pass(1);
    pulse.finished(ok());
    pulse.finished(ok());
    pass(1);
    const { permitted, asked, denied } = pulse.beats();
    expect(permitted).toHaveLength(PULSE_SECONDS);
    expect([permitted.slice(-2), asked.slice(-2), denied.slice(-2)]).toEqual([
      [1, 2],
      [1, 0],
      [1, 0],
    ]);
    pass(PULSE_SECONDS - 2);
    expect(pulse.beats().permitted[0]).toBe(1);
    pass(1);
    expect(pulse.beats().permitted[0]).toBe(2);
    pass(PULSE_SECONDS);
    expect(pulse.beats()).toMatchObject({ addedUs: null });
    expect(pulse.beats().permitted.some((count) => count > 0)).toBe(false);
  });

  it('tells what was stopped after it was permitted as denied, what the server failed at as permitted', () => {
    const pulse = new Pulse(clock);
    for (const code of ['killed', 'paused', 'journal-unavailable']) pulse.finished({ ...ok(), code });
    for (const code of ['ok', 'tool-error', 'rpc--32602', 'upstream-unavailable']) pulse.finished({ ...ok(), code });
    // Its client was told to come back; it is not over.
    pulse.finished({ effect: 'ask', code: 'approval-pending', ownUs: 1 });
    pulse.finished({ effect: 'ask', code: 'approval-denied', ownUs: 1 });
    pass(1);
    const { permitted, denied } = pulse.beats();
    expect([permitted.at(-1), denied.at(-1)]).toEqual([4, 4]);
  });

  it('tells the middle and the worst hundredth of any durations, at most 6% too long and never too short', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 900_000 }), { minLength: 1, maxLength: 300 }), (all) => {
        const pulse = new Pulse(clock);
        for (const us of all) pulse.finished(ok(us));
        pass(1);
        const sorted = all.toSorted((a, b) => a - b);
        const { p50, p99 } = pulse.beats().addedUs!;
        for (const [told, share] of [
          [p50, 0.5],
          [p99, 0.99],
        ] as const) {
          const exact = sorted[Math.max(0, Math.ceil(all.length * share) - 1)]!;
          expect(told).toBeGreaterThan(exact);
          expect(told).toBeLessThanOrEqual(Math.max(exact + 1, exact * 1.0626 + 1));
        }
      }),
    );
  });
});
