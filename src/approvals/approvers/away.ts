import type { Away } from '../../model/approval-rules.ts';

/** How far a chain of deputies goes: alice is away, so is bob, so is carol. */
const MAX_HOPS = 3;

/** Somebody in whose place a person may answer now, and everybody in between, who are away as well. */
export interface StandIn {
  readonly for: string;
  readonly through: readonly string[];
}

/** Whose place this person may take now, nearest first. Never their own, nobody twice, so no ring goes on. Pure. */
export function standsInFor(person: string, away: readonly Away[], nowMs: number): readonly StandIn[] {
  const now = away.filter(({ fromMs, untilMs }) => fromMs <= nowMs && nowMs < untilMs);
  const found: StandIn[] = [];
  const seen = new Set([person]);
  let ring: readonly StandIn[] = [{ for: person, through: [] }];
  for (let hop = 0; hop < MAX_HOPS && ring.length > 0; hop++) {
    ring = ring.flatMap((last) => {
      const through = hop === 0 ? [] : [last.for, ...last.through];
      return now
        .filter((entry) => entry.deputy === last.for && !seen.has(entry.person))
        .map((entry) => ({ for: entry.person, through }));
    });
    ring = ring.filter((one) => !seen.has(one.for) && seen.add(one.for));
    found.push(...ring);
  }
  return found;
}

/** The deputies of somebody who is away now, and theirs when they are away as well, nearest first. */
export function deputiesNow(person: string, away: readonly Away[], nowMs: number): readonly string[] {
  const now = away.filter(({ fromMs, untilMs }) => fromMs <= nowMs && nowMs < untilMs);
  const seen = new Set([person]);
  let ring: readonly string[] = [person];
  for (let hop = 0; hop < MAX_HOPS && ring.length > 0; hop++) {
    const next = now.filter((entry) => ring.includes(entry.person)).map((entry) => entry.deputy);
    ring = [...new Set(next)].filter((deputy) => !seen.has(deputy));
    for (const deputy of ring) seen.add(deputy);
  }
  return [...seen].slice(1);
}
