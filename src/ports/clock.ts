/** Time. `nowMs` is wall-clock (records, expiry); `monotonicUs` never jumps (durations, deadlines). */
export interface Clock {
  nowMs(): number;
  monotonicUs(): number;
}
