import type { Json } from '../../model/json.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Disk } from '../../ports/disk.ts';
import { checkpointsPath, readLayout, recordsPath } from '../format/layout.ts';
import type { JournalLimits } from '../limits.ts';
import { readFrames } from '../read/segment.ts';

export interface RetentionTask {
  readonly dir: string;
  readonly disk: Disk;
  readonly clock: Clock;
  readonly limits: JournalLimits;
  /** Makes the removal a record of its own; resolves when that is durable. */
  readonly record: (detail: Json) => Promise<unknown>;
}

interface Segment {
  readonly first: number;
  readonly sizeBytes: number;
  /** When the segment after it began. */
  readonly endedAtMs: number;
}

/**
 * Removes the oldest whole segments beyond the limits; never the one being written. What is left still verifies: its first record holds
 * the Merkle frontier of everything removed, and the removal is a record before anything disappears.
 */
export async function applyRetention(task: RetentionTask): Promise<void> {
  const { dir, disk, limits } = task;
  if (limits.retainBytes === null && limits.retainMs === null) return;
  const layout = await readLayout(disk, dir);
  // Left by a removal that was interrupted between its two files.
  for (const first of layout.checkpoints)
    if (first < (layout.segments[0] ?? 0)) await disk.remove(checkpointsPath(dir, first));
  const segments = await readSegments(task, layout.segments);
  const count = countExcess(segments, task);
  const removed = segments.slice(0, count);
  const keptFrom = segments[count]?.first;
  if (keptFrom === undefined || removed.length === 0) return;
  await task.record({ before: keptFrom, segments: removed.map(({ first, sizeBytes }) => ({ first, sizeBytes })) });
  for (const { first } of removed) {
    await disk.remove(recordsPath(dir, first));
    // Oldest first, each removal durable before the next: a crash never leaves a hole in the middle.
    await disk.syncDir(dir);
    await disk.remove(checkpointsPath(dir, first));
  }
  await disk.syncDir(dir);
}

function countExcess(segments: readonly Segment[], task: RetentionTask): number {
  const { retainBytes, retainMs } = task.limits;
  const nowMs = task.clock.nowMs();
  let total = segments.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  let count = 0;
  for (const segment of segments.slice(0, -1)) {
    const tooLarge = retainBytes !== null && total > retainBytes;
    const tooOld = retainMs !== null && nowMs - segment.endedAtMs > retainMs;
    if (!tooLarge && !tooOld) break;
    total -= segment.sizeBytes;
    count++;
  }
  return count;
}

async function readSegments(task: RetentionTask, segments: readonly number[]): Promise<Segment[]> {
  const heads = await Promise.all(segments.map((first) => readHead(task, first)));
  return heads.map((head, i) => ({ ...head, endedAtMs: heads[i + 1]?.startedAtMs ?? Number.POSITIVE_INFINITY }));
}

async function readHead(
  task: RetentionTask,
  first: number,
): Promise<{ first: number; sizeBytes: number; startedAtMs: number }> {
  const file = await task.disk.open(recordsPath(task.dir, first), 'read');
  try {
    const frames = readFrames(file, 0);
    const step = await frames.next();
    const head = step.done === true ? undefined : step.value[0];
    // Unreadable: never too old by age; removing it must not hide the damage.
    const startedAtMs = head === undefined ? Number.POSITIVE_INFINITY : Date.parse(head.entry.time);
    return { first, sizeBytes: await file.sizeBytes(), startedAtMs };
  } finally {
    await file.close();
  }
}
