import type { Shadow } from '../../model/insight/policies.ts';
import { isoTime } from '../shell/text.ts';

export function shadowLines({ draft, sinceMs, decisions, changed, dropped, byChange }: Shadow): readonly string[] {
  const left = dropped === 0 ? '' : `, ${dropped} not looked at`;
  return [
    `beside it the draft ${draft} since ${isoTime(sinceMs)}: ${decisions} decisions, ${changed} would change${left}`,
    ...countLines(byChange),
  ];
}

export function countLines(counts: Readonly<Record<string, number>>): readonly string[] {
  return Object.entries(counts).map(([what, count]) => `  ${what}: ${count}`);
}
