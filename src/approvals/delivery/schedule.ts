import type { NotDelivered } from '../../ports/notify.ts';

const FIRST_WAIT_MS = 30_000;
const LONGEST_WAIT_MS = 3_600_000;
const LEAST_WAIT_MS = 1_000;
/** After that nobody tries any more. */
export const GIVE_UP_MS = 86_400_000;

/** 30 s, 1 min, 2 min … 1 h after the attempt of that number (1 is the first); what the other side asked for comes first. */
export function waitMs(attempts: number, { retryAfterMs }: Pick<NotDelivered, 'retryAfterMs'>): number {
  if (retryAfterMs !== null) return Math.max(LEAST_WAIT_MS, retryAfterMs);
  return Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** Math.min(attempts - 1, 10));
}
