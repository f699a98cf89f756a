import { describe, expect, it } from 'vitest';
import { SpawnGate } from './gate.ts';

function gated() {
  const time = { us: 0 };
  const clock = { nowMs: () => 0, monotonicUs: () => time.us };
  return { time, gate: new SpawnGate(clock, { baseMs: 100, maxMs: 1_000 }) };
}

describe('the gate before a start', () => {
  it('is open until a start failed', () => {
    expect(gated().gate.waitMs()).toBe(0);
  });

  it('waits twice as long after each failure, up to a bound, never less than half of it', () => {
    const { gate } = gated();
    for (const fullMs of [100, 200, 400, 800, 1_000, 1_000]) {
      gate.failed();
      expect(gate.waitMs()).toBeGreaterThanOrEqual(fullMs / 2);
      expect(gate.waitMs()).toBeLessThanOrEqual(fullMs);
    }
  });

  it('opens when the time has passed and closes again for longer at the next failure', () => {
    const { gate, time } = gated();
    gate.failed();
    time.us += 100_000;
    expect(gate.waitMs()).toBe(0);
    gate.failed();
    expect(gate.waitMs()).toBeGreaterThanOrEqual(100);
  });

  it('forgets all failures once a child answered', () => {
    const { gate } = gated();
    gate.failed();
    gate.failed();
    gate.answered();
    expect(gate.waitMs()).toBe(0);
    gate.failed();
    expect(gate.waitMs()).toBeLessThanOrEqual(100);
  });
});
