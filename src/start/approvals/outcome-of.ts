import { readJournal } from '../../audit/read/read-journal.ts';
import type { Disk } from '../../ports/disk.ts';
import type { ApprovalRow } from '../../ports/stores.ts';
import type { DeskParts, KnownOutcome } from '../../surfaces/mcp/waiting/tasks/desk.ts';

const MAX_REMEMBERED = 1_000;
/** Clocks of the file system and of the gateway differ a little. */
const EARLIER_MS = 60_000;

type Used = NonNullable<ApprovalRow['consumedBy']>;

export interface JournalOnDisk {
  readonly dir: string;
  readonly disk: Disk;
  /** Tells it from the journals of other gateways on the same store. */
  readonly id: string;
  /** The first record of the segment that was written to since. */
  readonly firstSince: (sinceMs: number) => Promise<number>;
}

/** What came of a call that used up an approval, as this gateway's journal says. One reads at a time; what is final is remembered. */
export function outcomeOf(journal: JournalOnDisk): DeskParts['outcomeOf'] {
  const remembered = new Map<string, KnownOutcome>();
  let queue: Promise<unknown> = Promise.resolve();
  return (used) => {
    if (used.journal !== journal.id) return Promise.resolve('elsewhere');
    const found = queue.then(async () => remembered.get(used.call) ?? (await search(journal, used)));
    queue = found.then(
      (outcome) => remember(remembered, used.call, outcome),
      () => {},
    );
    return found;
  };
}

async function search(journal: JournalOnDisk, { call, atMs }: Used): Promise<KnownOutcome> {
  const fromSeq = await journal.firstSince(atMs - EARLIER_MS);
  let begun = false;
  for await (const { record } of readJournal(journal.dir, { disk: journal.disk, fromSeq })) {
    if (record.type === 'intent') begun ||= record.call === call;
    else if (record.type === 'outcome' && record.call === call) return record.outcome;
  }
  return begun ? 'under-way' : null;
}

function remember(remembered: Map<string, KnownOutcome>, call: string, outcome: KnownOutcome): void {
  if (outcome !== 'ok' && outcome !== 'failed' && outcome !== 'unknown') return;
  remembered.set(call, outcome);
  const [oldest] = remembered.keys();
  if (remembered.size > MAX_REMEMBERED && oldest !== undefined) remembered.delete(oldest);
}
