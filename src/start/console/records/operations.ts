import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { Readable } from 'node:stream';
import { realDisk } from '../../../adapters/disk/real.ts';
import { readLayout, recordsPath } from '../../../audit/format/layout.ts';
import type { Journal } from '../../../audit/journal.ts';
import type { JournalInfo } from '../../../model/insight/records.ts';
import type { RecordOperations, SegmentBytes } from '../../../surfaces/admin/routes/records/operations.ts';
import { journalId } from '../../approvals/open.ts';
import type { RecordIndex } from './record-index.ts';
import type { Verification } from './verification.ts';

export interface OperationParts {
  readonly index: RecordIndex;
  readonly verification: Verification;
  readonly journal: Journal;
  readonly dir: string;
}

/** Ids of the sessions this gateway knows as open. */
export type OpenSessions = () => ReadonlySet<string>;

export function recordOperations(parts: OperationParts, openSessions: OpenSessions): RecordOperations {
  const { index, verification, journal, dir } = parts;
  return {
    status: () => index.status(),
    search: (search) => index.ask('search', search),
    record: (seq, withContent) => index.ask('record', seq, withContent),
    async receipt(seq) {
      await journal.cover(seq);
      return index.ask('receipt', seq);
    },
    async sessions(filter) {
      const { items, next } = await index.ask('sessions', filter);
      const open = openSessions();
      return { items: items.map((line) => ({ ...line, open: open.has(line.id) })), next };
    },
    history: (question) => index.ask('history', question),
    call: (id, withContent) => index.ask('call', id, withContent),
    activity: (agent, hours) => index.ask('activity', agent, hours),
    journal: () => journalInfo(journal, dir),
    segment: (first, range) => segmentBytes(dir, first, range),
    checkpoints: (question) => index.ask('checkpoints', question),
    verification: () => verification.run,
    verify: () => verification.start(),
  };
}

async function journalInfo(journal: Journal, dir: string): Promise<JournalInfo> {
  const { size } = journal.health();
  const { segments: firsts } = await readLayout(realDisk, dir);
  const segments: JournalInfo['segments'][number][] = [];
  for (const [i, first] of firsts.entries()) {
    const sizeBytes = await sizeOf(recordsPath(dir, first));
    // Retention may remove the oldest while they are counted.
    if (sizeBytes !== null) segments.push({ first, records: Math.max(0, (firsts[i + 1] ?? size) - first), sizeBytes });
  }
  const newest = journal.checkpointed;
  return {
    id: journalId(journal),
    ...{ vkey: journal.vkey, size, segments },
    lastCheckpoint: newest === null ? null : { size: newest.size, note: newest.note },
  };
}

async function segmentBytes(
  dir: string,
  first: number,
  range: { readonly from: number; readonly to: number | null },
): Promise<SegmentBytes | null> {
  const path = recordsPath(dir, first);
  const sizeBytes = await sizeOf(path);
  if (sizeBytes === null || basename(path) !== `${String(first).padStart(16, '0')}.jsonl`) return null;
  const to = Math.min(range.to ?? sizeBytes, sizeBytes);
  const { from } = range;
  // `end` is the last byte that is read.
  const bytes = (): Readable => (from < to ? createReadStream(path, { start: from, end: to - 1 }) : Readable.from([]));
  return { sizeBytes, from, to, bytes };
}

async function sizeOf(path: string): Promise<number | null> {
  try {
    return (await stat(path)).size;
  } catch (cause) {
    if ((cause as { code?: string }).code === 'ENOENT') return null;
    throw cause;
  }
}
