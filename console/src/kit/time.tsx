import { useEffect, useState } from 'react';

// As in every log: hours from 0 to 23, so that times line up and compare.
const HOURS = { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' } as const;
const CLOCK = new Intl.DateTimeFormat(undefined, { ...HOURS, second: '2-digit' });
const DAY = new Intl.DateTimeFormat(undefined, { ...HOURS, year: 'numeric', month: 'short', day: 'numeric' });
const STAMP = new Intl.DateTimeFormat(undefined, { ...HOURS, second: '2-digit', month: 'short', day: 'numeric' });
const RELATIVE = new Intl.RelativeTimeFormat(undefined, { numeric: 'auto' });

/** A moment in the viewer's zone; UTC on hover and for screen readers. */
export function Time({ ms, look = 'full' }: { ms: number; look?: 'full' | 'stamp' | 'clock' | 'ago' }) {
  const utc = new Date(ms).toISOString();
  return (
    <time dateTime={utc} title={`${utc.replace('T', ' ').replace('Z', '')} UTC`} className="tabular whitespace-nowrap">
      {look === 'ago' ? (
        <Ago ms={ms} />
      ) : look === 'clock' ? (
        CLOCK.format(ms)
      ) : look === 'stamp' ? (
        STAMP.format(ms)
      ) : (
        DAY.format(ms)
      )}
    </time>
  );
}

function Ago({ ms }: { ms: number }) {
  // Rendered anew once a step, and always with the time it is then: what was just done is not in the future.
  useNow(30_000);
  return <>{ago(ms, Date.now())}</>;
}

export function ago(ms: number, nowMs: number): string {
  const seconds = Math.round((ms - nowMs) / 1000);
  const size = Math.abs(seconds);
  if (size < 60) return RELATIVE.format(seconds, 'second');
  if (size < 3600) return RELATIVE.format(Math.round(seconds / 60), 'minute');
  if (size < 86_400) return RELATIVE.format(Math.round(seconds / 3600), 'hour');
  return RELATIVE.format(Math.round(seconds / 86_400), 'day');
}

/** Time as it passes, in steps: a page full of these renders once a step. */
export function useNow(stepMs: number): number {
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), stepMs);
    return () => clearInterval(timer);
  }, [stepMs]);
  return now;
}

export function duration(ms: number): string {
  if (ms < 1) return `${Math.round(ms * 1000)} µs`;
  if (ms < 1000) return `${ms < 10 ? ms.toFixed(1) : Math.round(ms)} ms`;
  if (ms < 60_000) return `${(ms / 1000).toFixed(1)} s`;
  if (ms < 3_600_000) return `${Math.round(ms / 60_000)} min`;
  return `${(ms / 3_600_000).toFixed(1)} h`;
}

const NUMBER = new Intl.NumberFormat();
const SHORT = new Intl.NumberFormat(undefined, { notation: 'compact', maximumFractionDigits: 1 });
export const count = (n: number): string => (n < 100_000 ? NUMBER.format(n) : SHORT.format(n));

/** `1 agent`, `2 agents`; `more`: where it is not made with an s. */
export function counted(n: number, one: string, more = `${one}s`): string {
  return `${count(n)} ${n === 1 ? one : more}`;
}
