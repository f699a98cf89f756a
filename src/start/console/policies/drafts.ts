import { randomBytes } from 'node:crypto';
import type { Journal } from '../../../audit/journal.ts';
import type { PolicyDraft, PolicyFile } from '../../../model/insight/policies.ts';
import type { Clock } from '../../../ports/clock.ts';
import type { PolicyDraftRow, PolicyStore } from '../../../ports/policy-store.ts';
import { Problem } from '../../../surfaces/admin/problem.ts';
import type { DraftOperations, SavedDraft } from '../../../surfaces/admin/routes/policies/operations.ts';
import type { Live } from '../../live.ts';
import { badFiles } from '../../policies/names.ts';
import { cursorOf, DEFAULT_LIMIT, placeOf } from './pages.ts';

const MAX_OPEN = 500;
/** With separate duties, each of them may not publish it: enough for any team. */
const MAX_EDITORS = 100;
const FORGET_MS = 90 * 86_400_000;

export interface DraftParts {
  readonly live: Pick<Live, 'policies'>;
  readonly store: PolicyStore;
  readonly journal: Pick<Journal, 'append'>;
  readonly clock: Clock;
}

/** Drafts of policies: shared, each change by compare-and-set on the revision. Throws Problems. */
export function draftOperations(parts: DraftParts): DraftOperations {
  const { live, store, journal, clock } = parts;
  return {
    async list({ cursor, limit = DEFAULT_LIMIT, state }) {
      const before = cursor === undefined ? undefined : placeOf(cursor, ['number', 'string'] as const);
      const rows = await store.drafts({
        ...{ limit: limit + 1 },
        ...(state === undefined ? {} : { state }),
        ...(before === undefined ? {} : { before: { updatedAtMs: before[0], id: before[1] } }),
      });
      const items = rows.slice(0, limit);
      const last = items.at(-1);
      const more = rows.length > limit && last !== undefined;
      return { items, next: more ? cursorOf([last.updatedAtMs, last.id]) : null };
    },
    get: (id) => draftOf(store, id),
    async create({ title, files = live.policies.files, base = live.policies.version, by }) {
      requireGood(files);
      const row: PolicyDraftRow = {
        ...{ id: `d-${randomBytes(8).toString('hex')}`, title, files, base, state: 'open', revision: 1 },
        ...{ author: by, editors: [by], updatedBy: by, updatedAtMs: clock.nowMs() },
      };
      const detail = { draft: row.id, title, base };
      await journal.append({ type: 'admin', act: 'policy.draft', by, reason: 'a draft was begun', detail });
      const bounds = { maxOpen: MAX_OPEN, forgetBeforeMs: row.updatedAtMs - FORGET_MS };
      if (!(await store.createDraft(row, bounds)))
        throw new Problem(409, 'too-many', `there are ${MAX_OPEN} open drafts: publish or discard some`);
      return draftOf(store, row.id);
    },
    async save(id, saved) {
      const row = await openDraft(store, id, saved.revision);
      if (saved.files !== undefined) requireGood(saved.files);
      return change(parts, row, { ...saved, reason: 'a draft was saved', act: 'policy.draft-save' });
    },
    async discard(id, order) {
      const row = await openDraft(store, id, order.revision);
      return change(parts, row, { ...order, state: 'discarded', act: 'policy.draft-discard' });
    },
  };
}

type Change = Pick<SavedDraft, 'title' | 'files' | 'base' | 'by'> & {
  readonly state?: 'discarded';
  readonly act: string;
  readonly reason: string;
};

async function change(
  { store, journal, clock }: DraftParts,
  row: PolicyDraftRow,
  { act, reason, by, title, files, base, state }: Change,
): Promise<PolicyDraft> {
  const editors = state === undefined && !row.editors.includes(by) ? [...row.editors, by] : row.editors;
  if (editors.length > MAX_EDITORS)
    throw new Problem(409, 'too-many', `more than ${MAX_EDITORS} people saved this draft: begin another`);
  const detail = { draft: row.id, revision: row.revision + 1 };
  await journal.append({ type: 'admin', act, by, reason, detail });
  const done = await store.changeDraft(row.id, row.revision, {
    ...{ updatedBy: by, updatedAtMs: clock.nowMs(), editors },
    ...(title === undefined ? {} : { title }),
    ...(files === undefined ? {} : { files }),
    ...(base === undefined ? {} : { base }),
    ...(state === undefined ? {} : { state }),
  });
  if (!done) throw stale(await draftOf(store, row.id));
  return draftOf(store, row.id);
}

export async function draftOf(store: PolicyStore, id: string): Promise<PolicyDraft> {
  const row = await store.draft(id);
  if (row === null) throw new Problem(404, 'unknown-draft', `there is no draft ${id}`);
  return row;
}

/** The draft, if it is open and, where one is given, at that revision. */
export async function openDraft(store: PolicyStore, id: string, revision?: number): Promise<PolicyDraft> {
  const row = await draftOf(store, id);
  if (row.state !== 'open') throw new Problem(409, 'not-open', `the draft ${id} is ${row.state}`);
  if (revision !== undefined && row.revision !== revision) throw stale(row);
  return row;
}

function stale({ id, revision, updatedBy }: PolicyDraft): Problem {
  const message = `${updatedBy} changed the draft ${id} meanwhile: it is at revision ${revision}`;
  return new Problem(409, 'stale-revision', message, { revision, updatedBy });
}

/** Names, number and sizes; what the texts say may be as wrong as it likes until it is published. */
export function requireGood(files: readonly PolicyFile[]): void {
  const [bad] = badFiles(files);
  if (bad === undefined) return;
  throw new Problem(422, 'invalid-files', bad.path === '' ? bad.why : `${bad.path}: ${bad.why}`);
}
