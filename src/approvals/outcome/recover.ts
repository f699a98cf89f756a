import type { State } from '../options.ts';

/** What this gateway's journal says since then. */
export interface Remembered {
  /** Everything after this time was read. */
  readonly sinceMs: number;
  /** Calls with an intent that went on with an approval. */
  readonly used: ReadonlySet<string>;
  /** Number of the record of each outcome, by approval. */
  readonly outcomes: ReadonlyMap<string, number>;
}

/**
 * After a restart: an approval that was used up by a call of this gateway which left no intent was used for nothing (no durable intent, no
 * upstream byte), and is good again. An outcome that was recorded just before the end is not recorded twice. Resolves with how many were
 * opened again.
 */
export async function recoverApprovals(state: State, { sinceMs, used, outcomes }: Remembered): Promise<number> {
  const { store, journal } = state;
  for (const row of await store.unrecorded(0)) {
    const seq = outcomes.get(row.id);
    if (seq === undefined) continue;
    await store.change(row.id, row.version, { recorded: true, receipt: { journal: journal.id, seq } });
  }
  let reopened = 0;
  for (const row of await store.consumedBy(journal.id, sinceMs)) {
    const by = row.consumedBy;
    if (by === null || used.has(by.call) || row.expiresAtMs <= state.clock.nowMs()) continue;
    const detail = { approval: row.id, call: by.call, digest: row.digest, agent: row.agent };
    // Recorded first: nothing becomes usable again without a record that says so.
    await journal.append({
      ...{ type: 'admin', act: 'approval.reopen', by: 'interlock', detail },
      reason: 'the gateway ended before the call that used it was recorded',
    });
    if (await store.reopen(row.id, { journal: by.journal, call: by.call })) reopened++;
  }
  return reopened;
}
