import type { Clock } from '../../../ports/clock.ts';
import type { ApprovalRow } from '../../../ports/stores.ts';

/** What a client is told of a question to people. Nothing a policy keeps to itself, and nothing an agent wrote. */

/** A wait in plain words, for progress and task status. */
export function waitingText(row: ApprovalRow | null, approval: string, clock: Clock): string {
  if (row === null) return `Waiting for a person's approval (request ${approval}).`;
  const whom = row.askWhom.length === 0 ? '' : `; asked: ${row.askWhom.join(', ')}`;
  const leftMs = Math.max(0, row.expiresAtMs - clock.nowMs());
  return `Waiting for a person's approval (request ${approval}${whom}). It can be answered for ${inWords(leftMs)}, until ${iso(row.expiresAtMs)}.`;
}

/** `90 seconds`, `12 minutes`, `3 hours`, `2 days`: rounded down, so that nobody counts on more. */
export function inWords(ms: number): string {
  const seconds = Math.floor(ms / 1000);
  const [amount, unit] =
    seconds < 120
      ? [seconds, 'second']
      : seconds < 7_200
        ? [Math.floor(seconds / 60), 'minute']
        : seconds < 172_800
          ? [Math.floor(seconds / 3_600), 'hour']
          : [Math.floor(seconds / 86_400), 'day'];
  return `${amount} ${unit}${amount === 1 ? '' : 's'}`;
}

export function iso(ms: number): string {
  return new Date(ms).toISOString();
}
