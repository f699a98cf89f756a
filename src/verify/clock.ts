/** Unix time. Whoever verifies is a program of its own, with nobody to hand it a clock; a test hands one in. */
export interface Clock {
  nowMs(): number;
}

export const systemClock: Clock = { nowMs: () => Date.now() };
