import type { Journal } from '../../audit/journal.ts';
import type { Log } from '../../gateway/gateway.ts';
import type { Json, JsonObject } from '../../model/json.ts';
import type { Problem, Source } from '../../policy/publish.ts';
import type { Clock } from '../../ports/clock.ts';
import type { PolicyStore } from '../../ports/policy-store.ts';
import type { Published } from '../policies.ts';
import type { Publication } from './folder.ts';
import { writeOut } from './write.ts';

/** Policies in force, and how they came into force. */
export interface InForce {
  readonly version: string;
  readonly files: readonly Source[];
  readonly warnings: readonly Problem[];
  readonly atMs: number;
  readonly by: string;
  readonly reason: string;
}

/** Where a set that comes into force is put on record and kept. */
export interface Keeping {
  readonly journal: Pick<Journal, 'append'>;
  readonly store: PolicyStore;
  readonly clock: Clock;
  readonly log: Log;
}

/**
 * Before policies are in force: their files are kept, and the journal knows. No decision is ever made under a version the journal does
 * not know. Rejects with why not.
 */
export async function recordInForce(
  { journal, store, clock }: Keeping,
  set: { readonly version: string; readonly files: readonly Source[] },
  act: { readonly by: string; readonly reason: string; readonly detail?: JsonObject },
): Promise<void> {
  const { by, reason, detail = {} } = act;
  if (!(await store.keep(set.version, set.files, clock.nowMs())))
    throw new Error(`other policies are kept under the version ${set.version}: change anything, a comment perhaps`);
  const told: Json = { policyVersion: set.version, ...detail };
  await journal.append({ type: 'admin', act: 'policy.publish', by, reason, detail: told });
}

export function detailOf({ base, draft }: Publication): JsonObject {
  return { base, draft: draft?.id ?? null, author: draft?.author ?? null };
}

/** Into the history, and the draft is done. A set that is the newest entry already counts as what that entry says. */
export async function addToHistory(
  { store, clock, log }: Keeping,
  { version, atMs, by, reason, draft }: Pick<Publication, 'version' | 'atMs' | 'by' | 'reason' | 'draft'>,
  unlessNewest: boolean,
): Promise<{ readonly atMs: number; readonly by: string; readonly reason: string }> {
  try {
    const row = { version, atMs, by, reason, draft: draft?.id ?? null, author: draft?.author ?? null };
    const counts = await store.publish(row, unlessNewest);
    if (draft !== null) await closeDraft({ store, clock }, draft, by);
    return counts;
  } catch (error) {
    // In force all the same, and in the journal.
    log.error({ err: error, version }, 'the history of policies could not be written');
    return { atMs, by, reason };
  }
}

async function closeDraft(
  { store, clock }: Pick<Keeping, 'store' | 'clock'>,
  draft: { readonly id: string; readonly revision: number },
  by: string,
): Promise<void> {
  const row = await store.draft(draft.id);
  if (row === null) return;
  const change = { state: 'published', updatedBy: by, updatedAtMs: clock.nowMs(), editors: row.editors } as const;
  await store.changeDraft(draft.id, draft.revision, change);
}

/** What a folder holds comes into force, by a start or a reload. An interrupted publication in it is finished, in its own name. */
export async function takeFolder(
  keeping: Keeping,
  published: Published & { ok: true },
  who: { readonly by: string; readonly reason: string },
): Promise<InForce> {
  const { files, pending, warnings } = published;
  const { version } = published.policies;
  const publication = pending?.publication ?? null;
  const { by, reason } = publication ?? who;
  const detail = publication === null ? {} : { ...detailOf(publication), interrupted: true };
  await recordInForce(keeping, { version, files }, { by, reason, detail });
  const entry = { version, atMs: keeping.clock.nowMs(), by, reason, draft: publication?.draft ?? null };
  const counts = await addToHistory(keeping, entry, true);
  if (pending !== null) await finish(keeping, pending, published.dir);
  return { version, files, warnings, atMs: counts.atMs, by: counts.by, reason: counts.reason };
}

/** Left undone it counts as done all the same: whoever reads the folder reads what was decided. */
export async function finish(
  { log }: Pick<Keeping, 'log'>,
  pending: Parameters<typeof writeOut>[1],
  dir: string,
): Promise<void> {
  await writeOut(dir, pending).catch((error: unknown) =>
    log.error({ err: error, dir }, 'a publication of policies is in force, but could not be written out'),
  );
}
