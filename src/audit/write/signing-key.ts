import { hash, randomBytes } from 'node:crypto';
import { join } from 'node:path';
import type { Disk } from '../../ports/disk.ts';
import { refuseToOpen } from '../failure.ts';
import { KEY_FILE, type Layout, VKEY_FILE } from '../format/layout.ts';
import { generateKey, parseSigner, type Signer } from '../format/note.ts';
import { readWhole } from '../read/lines.ts';
import { writeFully } from './segment-file.ts';

const MAX_KEY_BYTES = 4096;

/**
 * The key that signs checkpoints: made on the first start, read ever after. Its name is the journal's origin.
 * The public part lies beside it for convenience; whoever verifies must have got it another way.
 */
export async function openSigner(
  disk: Disk,
  dir: string,
  at: { readonly layout: Layout; readonly origin: string | undefined },
): Promise<Signer> {
  const { layout, origin } = at;
  const path = join(dir, KEY_FILE);
  if (!layout.hasKey) {
    if (layout.segments.length + layout.checkpoints.length > 0) {
      throw refuseToOpen(
        `its signing key (${KEY_FILE}) is missing`,
        'put the key back from a copy; records signed by it cannot be continued with another',
      );
    }
    await replace(disk, dir, { name: KEY_FILE, text: `${generateKey(origin ?? randomOrigin())}\n` });
  }
  const file = await disk.open(path, 'read');
  const bytes = await readWhole(file, MAX_KEY_BYTES).finally(() => file.close());
  const signer = parse(bytes?.toString('utf8') ?? '');
  if (origin !== undefined && origin !== signer.name) {
    throw refuseToOpen(
      `it is the journal "${signer.name}", not "${origin}"`,
      'correct the configured origin, or use another directory',
    );
  }
  await replace(disk, dir, { name: VKEY_FILE, text: `${signer.vkey}\n` });
  return signer;
}

function parse(text: string): Signer {
  try {
    return parseSigner(text);
  } catch (cause) {
    throw refuseToOpen(`its signing key (${KEY_FILE}) is damaged`, 'put the key back from a copy', cause);
  }
}

function randomOrigin(): string {
  return `interlock.invalid/journal/${hash('sha256', randomBytes(32), 'hex').slice(0, 16)}`;
}

/** Whole or not at all, also after a crash. */
async function replace(disk: Disk, dir: string, made: { readonly name: string; readonly text: string }): Promise<void> {
  const temporary = join(dir, `${made.name}.tmp`);
  const file = await disk.open(temporary, 'create');
  try {
    await writeFully(file, Buffer.from(made.text, 'utf8'), 0);
    await file.sync();
  } finally {
    await file.close();
  }
  await disk.rename(temporary, join(dir, made.name));
  await disk.syncDir(dir);
}
