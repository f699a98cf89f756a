import { randomBytes } from 'node:crypto';
import type { Stats } from 'node:fs';
import {
  access,
  constants,
  link,
  lstat,
  mkdir,
  open,
  readdir,
  readFile,
  realpath,
  rename,
  unlink,
} from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Source } from '../../policy/publish.ts';
import { digestOf, PENDING, type Pending } from './folder.ts';
import { badFiles, foldersOf } from './names.ts';

/** What is left of a file that was never put in its place. */
const HALF = /^\.interlock-[0-9a-f]{16}\.tmp$/;

/** Why these files are not written there; `null`: they may be. */
export async function whyNotWritable(dir: string, files: readonly Source[]): Promise<string | null> {
  const [bad] = badFiles(files);
  if (bad !== undefined) return bad.path === '' ? bad.why : `${bad.path}: ${bad.why}`;
  try {
    const root = await realpath(dir);
    for (const folder of new Set(['', ...files.flatMap(({ path }) => foldersOf(path))])) {
      const found = await whatIs(join(root, folder));
      if (found === null) continue;
      if (!found.isDirectory()) return `${folder} is no folder of its own (a link, perhaps)`;
      await access(join(root, folder), constants.W_OK);
    }
    for (const { path } of files) {
      const found = await whatIs(join(root, path));
      if (found !== null && !found.isFile()) return `${path} is no file of its own (a link, perhaps)`;
    }
    return null;
  } catch (error) {
    return `the folder cannot be written (${(error as NodeJS.ErrnoException).code ?? 'unknown'})`;
  }
}

/**
 * Decides a publication: one link, after which whoever reads the folder reads the new set, also after a crash at any point of
 * what follows. One at a time, whoever shares the folder. Rejects when it is not decided.
 */
export async function commitPending(dir: string, pending: Pending): Promise<void> {
  const root = await realpath(dir);
  await putFile(join(root, PENDING), JSON.stringify(pending), link);
  await syncFolder(root);
}

/**
 * Removes what says that this publication is decided: it is written out, or nothing of it was. One of somebody else's, who shares the
 * folder and decided after it, is left; so is nothing, where somebody else has finished it.
 */
export async function forgetPending(dir: string, { publication: { version, atMs } }: Pending): Promise<void> {
  const root = await realpath(dir);
  const path = join(root, PENDING);
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null;
    throw error;
  });
  if (text === null) return;
  const { publication: there } = JSON.parse(text) as Pending;
  if (there.version !== version || there.atMs !== atMs) return;
  await unlink(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error;
  });
  await syncFolder(root);
}

/** Makes the files what a decided publication says, and then forgets it. May be done again from anywhere. */
export async function writeOut(dir: string, pending: Pending): Promise<void> {
  const root = await realpath(dir);
  const bad = badFiles(pending.files);
  if (bad.length > 0) throw new Error(`${bad[0]?.path}: ${bad[0]?.why}`);
  const touched = new Set<string>([root]);
  for (const { path, text } of pending.files) {
    if (pending.from[path] === digestOf(text) && (await isThere(join(root, path)))) continue;
    for (const folder of foldersOf(path)) touched.add(await ownFolder(root, folder));
    await putFile(join(root, path), text, rename);
    touched.add(dirname(join(root, path)));
  }
  const kept = new Set(pending.files.map(({ path }) => path));
  for (const path of Object.keys(pending.from)) {
    if (kept.has(path) || !(await isThere(join(root, path)))) continue;
    await unlink(join(root, path));
    touched.add(dirname(join(root, path)));
  }
  await removeHalves(touched);
  for (const folder of touched) await syncFolder(folder);
  await forgetPending(root, pending);
}

async function isThere(path: string): Promise<boolean> {
  return (await whatIs(path)) !== null;
}

/** `null`: nothing. */
function whatIs(path: string): Promise<Stats | null> {
  return lstat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null;
    throw error;
  });
}

/** The folder, made where it is missing. Never one that a link leads out to. */
async function ownFolder(root: string, folder: string): Promise<string> {
  const path = join(root, folder);
  await mkdir(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST') throw error;
  });
  if (!(await lstat(path)).isDirectory()) throw new Error(`${folder} is no folder of its own`);
  return path;
}

/** Whole or not at all: written beside, made durable, renamed. A link in its place is replaced, not followed. */
async function putFile(path: string, text: string, put: typeof rename): Promise<void> {
  const half = join(dirname(path), `.interlock-${randomBytes(8).toString('hex')}.tmp`);
  try {
    const file = await open(half, 'wx', 0o644);
    try {
      await file.writeFile(text);
      await file.sync();
    } finally {
      await file.close();
    }
    await put(half, path);
  } finally {
    // Gone already where it was renamed.
    await unlink(half).catch(() => {});
  }
}

async function removeHalves(folders: ReadonlySet<string>): Promise<void> {
  for (const folder of folders)
    for (const name of await readdir(folder)) if (HALF.test(name)) await unlink(join(folder, name));
}

async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
