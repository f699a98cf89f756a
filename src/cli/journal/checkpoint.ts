import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { realDisk } from '../../adapters/disk/real.ts';
import { type Checkpoint, openCheckpoint, splitStored } from '../../audit/format/checkpoint.ts';
import { checkpointsPath, readLayout, VKEY_FILE } from '../../audit/format/layout.ts';
import { parseVerifier } from '../../audit/format/note.ts';

export async function readVkey(dir: string): Promise<string> {
  return (await readFile(join(dir, VKEY_FILE), 'utf8')).trim();
}

/** The newest checkpoint that this journal's key signed; null when there is none. Works beside a running gateway. */
export async function latestCheckpoint(dir: string, vkey: string): Promise<Checkpoint | null> {
  const verifier = parseVerifier(vkey);
  const { checkpoints } = await readLayout(realDisk, dir);
  for (const first of checkpoints.toReversed()) {
    const text = await readFile(checkpointsPath(dir, first), 'utf8');
    const newest = splitStored(text).notes.at(-1);
    const checkpoint = newest === undefined ? null : openCheckpoint(verifier, newest.note);
    if (checkpoint !== null) return checkpoint;
  }
  return null;
}
