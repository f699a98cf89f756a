import type { Clock } from '../ports/clock.ts';

/** The only place that reads the machine's clocks. */
export const systemClock: Clock = {
  nowMs: () => Date.now(),
  monotonicUs: () => performance.now() * 1000,
};
