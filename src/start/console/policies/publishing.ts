import type { PolicyFile, PolicyVersion } from '../../../model/insight/policies.ts';
import type { PolicyStore, PublicationRow } from '../../../ports/policy-store.ts';
import { Problem } from '../../../surfaces/admin/problem.ts';
import type { PublishOperations } from '../../../surfaces/admin/routes/policies/operations.ts';
import type { Live } from '../../live.ts';
import { openDraft } from './drafts.ts';
import { cursorOf, DEFAULT_LIMIT, placeOf } from './pages.ts';

export interface PublishParts {
  readonly live: Pick<Live, 'policies' | 'publish' | 'config'>;
  readonly store: PolicyStore;
}

/** From drafts to what is in force, and what was. Throws Problems. */
export function publishOperations({ live, store }: PublishParts): PublishOperations {
  const newest = async (version: string): Promise<PolicyVersion> => {
    const [row] = await store.publications({ version, limit: 1 });
    if (row === undefined) throw new Problem(500, 'internal', 'it is in force; the history could not be written');
    return versionOf(row, { inForce: true, files: null });
  };
  return {
    async publish({ draft: id, revision, base, by, reason }) {
      const draft = await openDraft(store, id, revision);
      if (live.config.console.separatePolicyDuties && draft.editors.includes(by))
        throw new Problem(403, 'same-person', 'whoever drafted a policy may not publish it: ask somebody else');
      if (draft.base !== live.policies.version)
        throw new Problem(
          409,
          'stale-base',
          `the draft started from ${draft.base}, and ${live.policies.version} is in force: look at what changed, then save it on top`,
          { version: live.policies.version },
        );
      const { version } = await live.publish({
        ...{ files: draft.files, base, by, reason },
        draft: { id, revision, author: draft.author },
      });
      return newest(version);
    },
    async rollback({ version, by, reason, base = live.policies.version }) {
      const [earlier] = await store.publications({ version, limit: 1 });
      const files = earlier === undefined ? null : await store.files(version);
      if (files === null) throw new Problem(404, 'unknown-version', `${version} never was in force`);
      const published = await live.publish({ files, base, by, reason, draft: null });
      return newest(published.version);
    },
    async versions({ cursor, limit = DEFAULT_LIMIT }) {
      const before = cursor === undefined ? undefined : placeOf(cursor, ['number'] as const)[0];
      const rows = await store.publications({
        ...{ limit: limit + 1 },
        ...(before === undefined ? {} : { beforeSeq: before }),
      });
      const inForce = await inForceSeq(live, store);
      const items = rows.slice(0, limit).map((row) => versionOf(row, { inForce: row.seq === inForce, files: null }));
      const last = items.at(-1);
      return { items, next: rows.length > limit && last !== undefined ? cursorOf([last.seq]) : null };
    },
    async version(version) {
      const [row] = await store.publications({ version, limit: 1 });
      const files = row === undefined ? null : await store.files(version);
      if (row === undefined || files === null) return null;
      return versionOf(row, { inForce: version === live.policies.version, files });
    },
  };
}

async function inForceSeq({ policies }: Pick<Live, 'policies'>, store: PolicyStore): Promise<number | null> {
  const [row] = await store.publications({ version: policies.version, limit: 1 });
  return row?.seq ?? null;
}

function versionOf(
  row: PublicationRow,
  now: { readonly inForce: boolean; readonly files: readonly PolicyFile[] | null },
): PolicyVersion {
  const { seq, version, by, reason, draft, author } = row;
  return { seq, version, publishedAtMs: row.atMs, by, reason, draft, author, ...now };
}
