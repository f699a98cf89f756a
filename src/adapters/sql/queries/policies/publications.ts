import type { PolicyStore, PublicationRow } from '../../../../ports/policy-store.ts';
import { changeTopic, type Database, type Schema } from '../schema.ts';
import { storable } from '../text.ts';

type Columns = Schema['interlock_policy_publications'];

export function publications(db: Database): Pick<PolicyStore, 'publish' | 'publications'> {
  return {
    async publish(row, unlessNewest) {
      const made: { newest: Columns | undefined } = { newest: undefined };
      const added = await changeTopic(db, 'policies', async (trx) => {
        made.newest = await trx
          .selectFrom('interlock_policy_publications')
          .selectAll()
          .orderBy('seq', 'desc')
          .limit(1)
          .executeTakeFirst();
        if (unlessNewest && made.newest?.version === row.version) return null;
        const columns = toColumns(row, (made.newest?.seq ?? 0) + 1);
        await trx.insertInto('interlock_policy_publications').values(columns).execute();
        return columns;
      });
      return toRow(added ?? (made.newest as Columns));
    },
    async publications({ version, beforeSeq, limit }) {
      let query = db.read.selectFrom('interlock_policy_publications').selectAll();
      if (version !== undefined) query = query.where('version', '=', storable(version, 'version'));
      if (beforeSeq !== undefined) query = query.where('seq', '<', beforeSeq);
      return (await query.orderBy('seq', 'desc').limit(limit).execute()).map(toRow);
    },
  };
}

function toColumns(row: Omit<PublicationRow, 'seq'>, seq: number): Columns {
  return {
    seq,
    version: storable(row.version, 'version'),
    at_ms: row.atMs,
    published_by: storable(row.by, 'name of who published it'),
    reason: storable(row.reason, 'reason'),
    draft: row.draft,
    author: row.author === null ? null : storable(row.author, 'author'),
  };
}

function toRow(row: Columns): PublicationRow {
  const { seq, version, draft, author, reason } = row;
  return { seq, version, atMs: row.at_ms, by: row.published_by, reason, draft, author };
}
