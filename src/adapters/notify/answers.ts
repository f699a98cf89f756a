import { NotDelivered } from '../../ports/notify.ts';
import { WebError } from '../../ports/web.ts';

const LONGEST_MS = 3_600_000;

/** `Retry-After` (RFC 9110 section 10.2.3): seconds or a date. At most an hour; `null`: none that can be read. */
export function retryAfterMs(value: string | undefined, nowMs: number): number | null {
  if (value === undefined) return null;
  const text = value.trim();
  const waitMs = /^\d{1,9}$/.test(text) ? Number(text) * 1000 : Date.parse(text) - nowMs;
  return Number.isFinite(waitMs) ? Math.min(Math.max(waitMs, 0), LONGEST_MS) : null;
}

/** No answer at all. Where the address itself is refused it stays so. */
export function unreached(what: string, error: unknown): NotDelivered {
  if (error instanceof NotDelivered) return error;
  const permanent = error instanceof WebError && error.kind === 'refused';
  const why = error instanceof Error ? error.message : 'unknown';
  return new NotDelivered(`${what} was not reached: ${why}`, { permanent, cause: error });
}
