import type { Entry } from './frame.ts';
import { Frontier, NO_HASH } from './merkle.ts';

/** What the next record must be, and the tree over all records before it. The one rule of order for writer and readers. */
export interface Chain {
  seq: number;
  prev: string;
  readonly frontier: Frontier;
}

export function emptyChain(): Chain {
  return { seq: 0, prev: NO_HASH, frontier: new Frontier() };
}

/** Null when the entry continues the chain (which then moves on), else what is wrong in plain words. */
export function follow(chain: Chain, entry: Entry): string | null {
  if (entry.seq !== chain.seq) return `record ${entry.seq} lies where record ${chain.seq} belongs`;
  if (entry.prev !== chain.prev) return `record ${entry.seq} does not name the hash of the record before it`;
  chain.frontier.append(entry.hash);
  chain.prev = entry.hash;
  chain.seq++;
  return null;
}

/** First record of every segment: what is needed to go on from here without the segments before. */
export interface SegmentDetail {
  /** RFC 6962 perfect subtrees over all records before this one, largest first. */
  readonly frontier: readonly string[];
  /** Calls whose intent lies in an earlier segment and has no outcome yet. */
  readonly open: readonly string[];
}

export const SEGMENT_ACT = 'journal.segment';
export const RETENTION_ACT = 'journal.retention';
export const OPEN_ACT = 'journal.open';
export const CLOSE_ACT = 'journal.close';

/** The state of the chain in front of a segment record, or null when the entry is none. */
export function segmentStart(entry: Entry): { readonly chain: Chain; readonly open: readonly string[] } | null {
  const { record } = entry;
  if (record.type !== 'admin' || record.act !== SEGMENT_ACT) return null;
  const detail = record.detail as Partial<SegmentDetail> | null;
  if (!isTexts(detail?.frontier) || !isTexts(detail?.open)) return null;
  try {
    return {
      chain: { seq: entry.seq, prev: entry.prev, frontier: new Frontier(entry.seq, detail.frontier) },
      open: detail.open,
    };
  } catch {
    return null;
  }
}

function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'string');
}

/** Keeps the calls that have an intent and no outcome. Returns what is wrong, if anything, in plain words. */
export function trackOpen(open: Set<string>, entry: Entry): string | null {
  const { record } = entry;
  if (record.type === 'intent') {
    if (open.has(record.call)) return `record ${entry.seq} opens call ${record.call} a second time`;
    open.add(record.call);
  } else if (record.type === 'outcome' && !open.delete(record.call)) {
    return `record ${entry.seq} closes call ${record.call}, which is not open`;
  }
  return null;
}
