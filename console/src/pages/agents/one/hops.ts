import type { RecordView, SessionLine } from '../../../../../src/model/insight/records.ts';

/** Work that went from one agent to another, as it was recorded before the token was given out. */
export interface Hop {
  readonly seq: number;
  readonly atMs: number;
  readonly from: string;
  readonly to: string;
  readonly subject: string | null;
  /** Agents from the first to the one that took over. */
  readonly path: readonly string[];
  readonly txn: string | null;
}

/** Newest first, as they come. An agent that narrowed its own token handed nothing on. */
export function hopsOf(records: readonly RecordView[]): readonly Hop[] {
  return records.flatMap(({ seq, time, record }) => {
    if (record.type !== 'admin' || record.act !== 'token.exchange') return [];
    const { from, to, subject, chain, txn } = record.detail as Record<string, unknown>;
    if (typeof from !== 'string' || typeof to !== 'string' || from === to) return [];
    const ids = Array.isArray(chain) ? chain.flatMap((actor: { id?: unknown }) => String(actor?.id ?? '')) : [to, from];
    return {
      ...{ seq, atMs: Date.parse(time), from, to, path: ids.toReversed() },
      subject: typeof subject === 'string' ? subject : null,
      txn: typeof txn === 'string' ? txn : null,
    };
  });
}

/** For whom its last sessions were, the newest first; `null`: for itself. */
export function subjectsOf(
  sessions: readonly SessionLine[],
): readonly { readonly subject: string | null; readonly lastAtMs: number; readonly sessions: number }[] {
  const found = Map.groupBy(sessions, ({ subject }) => subject);
  return [...found]
    .map(([subject, of]) => ({ subject, lastAtMs: Math.max(...of.map((each) => each.lastAtMs)), sessions: of.length }))
    .toSorted((a, b) => b.lastAtMs - a.lastAtMs);
}
