import { useRef } from 'react';

/** How far back a list looks; in the address by these ids. */
export const SPANS = [
  { id: '1h', words: 'In the last hour', ms: 3_600_000 },
  { id: '24h', words: 'In the last day', ms: 86_400_000 },
  { id: '7d', words: 'In the last week', ms: 7 * 86_400_000 },
  { id: '30d', words: 'In the last 30 days', ms: 30 * 86_400_000 },
] as const;

/** The same as time passes, but not while more than the first page is looked at: nobody is thrown back to its top. */
export function useSince(id: string | undefined): {
  readonly fromMs: number | undefined;
  hold: (held: boolean) => void;
} {
  const kept = useRef({ id, fromMs: sinceMs(id), held: false });
  if (kept.current.id !== id || !kept.current.held) kept.current = { ...kept.current, id, fromMs: sinceMs(id) };
  return {
    fromMs: kept.current.fromMs,
    hold(held) {
      kept.current.held = held;
    },
  };
}

const STEP_MS = 60_000;

/** From when on; to the minute, so that the same list is not a new question each time the page is drawn. */
function sinceMs(id: string | undefined, nowMs = Date.now()): number | undefined {
  const span = SPANS.find((each) => each.id === id);
  return span === undefined ? undefined : Math.floor((nowMs - span.ms) / STEP_MS) * STEP_MS;
}
