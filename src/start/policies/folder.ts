import { hash } from 'node:crypto';
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Problem, Source } from '../../policy/publish.ts';
import { MAX_POLICY_BYTES } from './names.ts';

/** Lies in the folder from the moment a publication is decided until every file is as it says. */
export const PENDING = '.interlock-pending.json';
const MAX_PENDING_BYTES = 33_554_432;
const ATTEMPTS = 5;
const PAUSE_MS = 50;

/** Who published a set, and from what. */
export interface Publication {
  readonly version: string;
  readonly base: string;
  readonly atMs: number;
  readonly by: string;
  readonly reason: string;
  readonly draft: { readonly id: string; readonly revision: number; readonly author: string } | null;
}

/** A publication that is decided and may not be written out yet: what it says is the folder's content. */
export interface Pending {
  readonly publication: Publication;
  /** SHA-256 of every policy file when it was decided, by path. */
  readonly from: Readonly<Record<string, string>>;
  readonly files: readonly Source[];
}

export type Folder =
  | { readonly ok: true; readonly files: readonly Source[]; readonly pending: Pending | null }
  | { readonly ok: false; readonly problem: Problem };

/**
 * The policies of a folder as one set, never a mix of two: a publication under way counts as done, and files that change while
 * they are read are read again. Rejects for what the disk says.
 */
export async function readPolicyFolder(dir: string): Promise<Folder> {
  for (let attempt = 1; ; attempt++) {
    const folder = await readOnce(dir);
    if (folder !== null) return folder;
    if (attempt === ATTEMPTS) {
      const help = 'wait until nothing writes to it any more';
      return { ok: false, problem: at(dir, 'the policies change while they are read', help) };
    }
    await sleep(PAUSE_MS);
  }
}

/** `null`: something changed meanwhile. */
async function readOnce(dir: string): Promise<Folder | null> {
  const before = await readPending(dir);
  if (before !== null && 'problem' in before) return { ok: false, problem: before.problem };
  const stamps = await stampsOf(dir);
  const files: Source[] = [];
  let bytes = 0;
  for (const path of stamps.keys()) {
    const text = await readFile(join(dir, path), 'utf8').catch(gone);
    if (text === null) return null;
    bytes += Buffer.byteLength(text);
    if (bytes > MAX_POLICY_BYTES) return tooLarge(dir);
    files.push({ path, text });
  }
  if (before !== null) return pendingFolder(dir, { pending: before, found: files });
  const after = await stampsOf(dir);
  const still = stamps.size === after.size && [...stamps].every(([path, stamp]) => after.get(path) === stamp);
  return still && (await readPending(dir)) === null ? { ok: true, files, pending: null } : null;
}

function tooLarge(dir: string): Folder {
  const message = `the policies are larger than ${MAX_POLICY_BYTES} bytes together`;
  return { ok: false, problem: at(dir, message, 'split the deployment or remove what is not used') };
}

/** Every file must be as it was before the publication or as it is after it: what somebody changed since is not overwritten. */
function pendingFolder(dir: string, { pending, found }: { pending: Pending; found: readonly Source[] }): Folder {
  const now = new Map(found.map(({ path, text }) => [path, digestOf(text)]));
  const to = new Map(pending.files.map(({ path, text }) => [path, digestOf(text)]));
  const paths = new Set([...now.keys(), ...to.keys(), ...Object.keys(pending.from)]);
  const foreign = [...paths].find((path) => {
    const is = now.get(path);
    return is !== to.get(path) && is !== (Object.hasOwn(pending.from, path) ? pending.from[path] : undefined);
  });
  if (foreign === undefined) return { ok: true, files: pending.files, pending };
  const message = `a publication of policies was interrupted, and ${foreign} was changed since`;
  return { ok: false, problem: at(join(dir, PENDING), message, 'remove this file to take the folder as it is') };
}

export function digestOf(text: string): string {
  return hash('sha256', text, 'base64url');
}

async function readPending(dir: string): Promise<Pending | { readonly problem: Problem } | null> {
  const file = join(dir, PENDING);
  const found = await stat(file).catch(gone);
  if (found === null) return null;
  try {
    if (found.size > MAX_PENDING_BYTES) throw new Error('it is too long');
    const text = await readFile(file, 'utf8').catch(gone);
    return text === null ? null : checked(JSON.parse(text));
  } catch (error) {
    const message = `cannot be read as a publication of policies (${(error as Error).message})`;
    return { problem: at(file, message, 'remove this file to take the folder as it is') };
  }
}

function checked(value: unknown): Pending {
  const { publication, from, files } = value as Pending;
  const whole =
    typeof publication?.version === 'string' &&
    typeof publication.by === 'string' &&
    typeof publication.reason === 'string' &&
    typeof from === 'object' &&
    from !== null &&
    Array.isArray(files) &&
    files.every(({ path, text }) => typeof path === 'string' && typeof text === 'string');
  if (!whole) throw new Error('members are missing');
  return { publication, from, files };
}

/** What changes whenever a policy file is written, replaced, added or removed; in order of the names. */
async function stampsOf(dir: string): Promise<ReadonlyMap<string, string>> {
  const names = await readdir(dir, { recursive: true });
  const stamps = new Map<string, string>();
  for (const path of names.filter((name) => name.endsWith('.cedar')).sort()) {
    const found = await stat(join(dir, path), { bigint: true }).catch(gone);
    stamps.set(path, found === null ? 'gone' : `${found.ino}:${found.size}:${found.mtimeNs}`);
  }
  return stamps;
}

function gone(error: NodeJS.ErrnoException): null {
  if (error.code === 'ENOENT') return null;
  throw error;
}

function at(file: string, message: string, help: string): Problem {
  return { file, line: 1, column: 1, message, help };
}
