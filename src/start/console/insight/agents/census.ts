import { rollOf } from '../../../../identity/directory/roll.ts';
import type { OpenDirectory } from '../../../../identity/directory.ts';
import type { Overview } from '../../../../model/insight/overview.ts';
import { DAY_MS, inTurns } from '../parts.ts';

/** Agents counted, once per state of the directory. */
export interface Counts extends Omit<Overview['agents'], 'active24h'> {
  /** Active, and ending within two weeks. */
  readonly ending: number;
}

const SOON_MS = 14 * DAY_MS;
/** What ends soon changes with the time alone. */
const GOOD_FOR_MS = 60_000;

export function openCensus(directory: OpenDirectory, nowMs: () => number): () => Promise<Counts> {
  let kept: { readonly version: number; readonly atMs: number; readonly counts: Promise<Counts> } | null = null;
  return () => {
    const { version } = directory;
    const atMs = nowMs();
    if (kept === null || kept.version !== version || atMs - kept.atMs > GOOD_FOR_MS)
      kept = { version, atMs, counts: count(directory, atMs) };
    return kept.counts;
  };
}

async function count(directory: OpenDirectory, atMs: number): Promise<Counts> {
  const byState: Record<string, number> = {};
  const byArchetype: Record<string, number> = {};
  const byRisk: Record<string, number> = {};
  const owners = new Set<string>();
  let ending = 0;
  const all = await rollOf(directory).ready();
  await inTurns(all, ({ agent: { state, archetype, riskTier, owner, expiresAtMs } }) => {
    byState[state] = (byState[state] ?? 0) + 1;
    byArchetype[archetype] = (byArchetype[archetype] ?? 0) + 1;
    byRisk[riskTier] = (byRisk[riskTier] ?? 0) + 1;
    owners.add(owner);
    if (state === 'active' && expiresAtMs !== null && expiresAtMs > atMs && expiresAtMs - atMs < SOON_MS) ending++;
  });
  return { total: all.length, byState, byArchetype, byRisk, owners: owners.size, ending };
}
