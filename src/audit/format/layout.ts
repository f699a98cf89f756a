import { join } from 'node:path';
import type { Disk } from '../../ports/disk.ts';

/**
 * What lies in a journal's directory. A segment is two files named after its first record:
 *   0000000000000000.jsonl        records, one per line; the first one is the segment record
 *   0000000000000000.checkpoints  signed notes; the first one covers everything before the segment
 * and beside them `signing.key` (secret), `verifier.vkey` (public) and `lock`.
 */
export const KEY_FILE = 'signing.key';
export const VKEY_FILE = 'verifier.vkey';
export const LOCK_FILE = 'lock';
const DIGITS = 16;

export function recordsPath(dir: string, first: number): string {
  return join(dir, `${String(first).padStart(DIGITS, '0')}.jsonl`);
}

export function checkpointsPath(dir: string, first: number): string {
  return join(dir, `${String(first).padStart(DIGITS, '0')}.checkpoints`);
}

export interface Layout {
  /** First sequence numbers of the segments, ascending. */
  readonly segments: readonly number[];
  readonly checkpoints: readonly number[];
  /** Leftovers of an interrupted replacement. */
  readonly temporary: readonly string[];
  readonly hasKey: boolean;
}

export async function readLayout(disk: Disk, dir: string): Promise<Layout> {
  const segments: number[] = [];
  const checkpoints: number[] = [];
  const temporary: string[] = [];
  const names = await disk.list(dir);
  for (const name of names) {
    const [, digits, kind] = /^(\d{16})\.(jsonl|checkpoints)$/.exec(name) ?? [];
    if (digits !== undefined) (kind === 'jsonl' ? segments : checkpoints).push(Number(digits));
    else if (name === `${KEY_FILE}.tmp` || name === `${VKEY_FILE}.tmp`) temporary.push(name);
  }
  segments.sort((a, b) => a - b);
  checkpoints.sort((a, b) => a - b);
  return { segments, checkpoints, temporary, hasKey: names.includes(KEY_FILE) };
}
