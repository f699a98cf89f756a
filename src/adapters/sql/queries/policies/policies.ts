import type {
  PolicyDraftChange,
  PolicyDraftRow,
  PolicyStore,
  StoredPolicyFile,
} from '../../../../ports/policy-store.ts';
import { changeTopic, type Database } from '../schema.ts';
import { storable } from '../text.ts';
import { publications } from './publications.ts';
import type { PolicySchema } from './tables.ts';

type DraftColumns = PolicySchema['interlock_policy_drafts'];

/** Every change goes through the epoch of the topic: writers are in one order, so that counting and then adding is no race. */
export function policyStore(db: Database): PolicyStore {
  return { ...drafts(db), ...sets(db), ...publications(db) };
}

function drafts(db: Database): Pick<PolicyStore, 'createDraft' | 'draft' | 'drafts' | 'changeDraft'> {
  return {
    async createDraft(row, { maxOpen, forgetBeforeMs }) {
      const made = await changeTopic(db, 'policies', async (trx) => {
        await trx
          .deleteFrom('interlock_policy_drafts')
          .where('state', '!=', 'open')
          .where('updated_at_ms', '<', forgetBeforeMs)
          .execute();
        const { open } = await trx
          .selectFrom('interlock_policy_drafts')
          .select((eb) => eb.fn.countAll<number>().as('open'))
          .where('state', '=', 'open')
          .executeTakeFirstOrThrow();
        if (Number(open) >= maxOpen) return null;
        await trx.insertInto('interlock_policy_drafts').values(toColumns(row)).execute();
        return true;
      });
      return made === true;
    },
    async draft(id) {
      const row = await db.read
        .selectFrom('interlock_policy_drafts')
        .selectAll()
        .where('id', '=', storable(id, 'draft id'))
        .executeTakeFirst();
      return row === undefined ? null : { ...toHead(row), files: filesOf(row.files) };
    },
    async drafts({ state, before, limit }) {
      let query = db.read.selectFrom('interlock_policy_drafts').select(HEAD);
      if (state !== undefined) query = query.where('state', '=', state);
      if (before !== undefined)
        query = query.where((eb) =>
          eb.or([
            eb('updated_at_ms', '<', before.updatedAtMs),
            eb.and([eb('updated_at_ms', '=', before.updatedAtMs), eb('id', '<', storable(before.id, 'draft id'))]),
          ]),
        );
      const rows = await query.orderBy('updated_at_ms', 'desc').orderBy('id', 'desc').limit(limit).execute();
      return rows.map(toHead);
    },
    async changeDraft(id, revision, change) {
      const changed = await changeTopic(db, 'policies', async (trx) => {
        const result = await trx
          .updateTable('interlock_policy_drafts')
          .set({ ...toChange(change), revision: revision + 1 })
          .where('id', '=', storable(id, 'draft id'))
          .where('revision', '=', revision)
          .where('state', '=', 'open')
          .executeTakeFirst();
        return result.numUpdatedRows === 1n ? true : null;
      });
      return changed === true;
    },
  };
}

function sets(db: Database): Pick<PolicyStore, 'keep' | 'files'> {
  const read = async (version: string): Promise<string | null> => {
    const row = await db.read
      .selectFrom('interlock_policy_sets')
      .select('files')
      .where('version', '=', storable(version, 'version'))
      .executeTakeFirst();
    return row?.files ?? null;
  };
  return {
    async keep(version, files, nowMs) {
      const text = filesText(files);
      const inserted = await db.write
        .insertInto('interlock_policy_sets')
        .values({ version: storable(version, 'version'), files: text, kept_at_ms: nowMs })
        .onConflict((conflict) => conflict.column('version').doNothing())
        .executeTakeFirst();
      // A version is a short digest: that two sets share one is unlikely by accident, and possible on purpose.
      return inserted.numInsertedOrUpdatedRows === 1n || (await read(version)) === text;
    },
    async files(version) {
      const text = await read(version);
      return text === null ? null : filesOf(text);
    },
  };
}

const HEAD = [
  'id',
  'title',
  'author',
  'editors',
  'updated_by',
  'updated_at_ms',
  'revision',
  'base',
  'state',
] as const satisfies readonly (keyof DraftColumns)[];

function toHead(row: Omit<DraftColumns, 'files'>): Omit<PolicyDraftRow, 'files'> {
  return {
    id: row.id,
    title: row.title,
    author: row.author,
    editors: JSON.parse(row.editors) as readonly string[],
    updatedBy: row.updated_by,
    updatedAtMs: row.updated_at_ms,
    revision: row.revision,
    base: row.base,
    state: row.state as PolicyDraftRow['state'],
  };
}

function toColumns(row: PolicyDraftRow): DraftColumns {
  return {
    id: storable(row.id, 'draft id'),
    title: storable(row.title, 'title'),
    author: storable(row.author, 'author'),
    editors: storable(JSON.stringify(row.editors), 'name of who saved it'),
    updated_by: storable(row.updatedBy, 'name of who saved it'),
    updated_at_ms: row.updatedAtMs,
    revision: row.revision,
    base: storable(row.base, 'version'),
    files: filesText(row.files),
    state: row.state,
  };
}

function toChange({ title, base, files, state, ...who }: PolicyDraftChange): Partial<DraftColumns> {
  return {
    editors: storable(JSON.stringify(who.editors), 'name of who saved it'),
    updated_by: storable(who.updatedBy, 'name of who saved it'),
    updated_at_ms: who.updatedAtMs,
    ...(title === undefined ? {} : { title: storable(title, 'title') }),
    ...(base === undefined ? {} : { base: storable(base, 'version') }),
    ...(files === undefined ? {} : { files: filesText(files) }),
    ...(state === undefined ? {} : { state }),
  };
}

function filesText(files: readonly StoredPolicyFile[]): string {
  for (const { path, text } of files) {
    storable(path, 'name of a file');
    storable(text, `text of ${path}`);
  }
  const ordered = [...files].sort((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0));
  return JSON.stringify(ordered.map(({ path, text }) => ({ path, text })));
}

function filesOf(text: string): readonly StoredPolicyFile[] {
  return JSON.parse(text) as readonly StoredPolicyFile[];
}
