import { close, fdatasync, fstat, ftruncate, open as openFd, read, type Stats, write } from 'node:fs';
import { mkdir, open, readdir, rename, statfs, unlink } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { Disk, DiskFile, DiskLock } from '../../ports/disk.ts';

const FLAGS = { read: 'r', write: 'r+', create: 'wx' } as const;

/** The operating system's file system. Everything runs in the thread pool, never on the event loop, except taking the lock. */
export const realDisk: Disk = {
  open: async (path, mode) => fileOf(await done<number>((back) => openFd(path, FLAGS[mode], 0o600, back))),
  list: async (dir) => (await readdir(dir)).sort(),
  async makeDir(dir) {
    const first = await mkdir(dir, { recursive: true, mode: 0o700 });
    if (first === undefined) return;
    // Each new directory is an entry of its parent: durable only when the parent is synced.
    for (let made = resolve(dir); made.length >= resolve(first).length; made = dirname(made))
      await syncDir(dirname(made));
  },
  rename: (from, to) => rename(from, to),
  remove: (path) => unlink(path),
  syncDir,
  async freeBytes(dir) {
    const { bavail, bsize } = await statfs(dir);
    return bavail * bsize;
  },
  lock: async (path) => lock(path),
};

/** Plain descriptors and callbacks: a FileHandle costs twice the CPU, and every call waits for two of these operations. */
function fileOf(fd: number): DiskFile {
  return {
    write: (bytes, position) => done((back) => write(fd, bytes, 0, bytes.length, position, back)),
    read: (into, position) => done((back) => read(fd, into, 0, into.length, position, back)),
    sizeBytes: async () => (await done<Stats>((back) => fstat(fd, back))).size,
    sync: () => done((back) => fdatasync(fd, back)),
    truncate: (sizeBytes) => done((back) => ftruncate(fd, sizeBytes, back)),
    close: () => done((back) => close(fd, back)),
  };
}

function done<T = void>(start: (back: (error: Error | null, value?: T) => void) => void): Promise<T> {
  return new Promise((resolve, reject) =>
    start((error, value) => (error === null || error === undefined ? resolve(value as T) : reject(error))),
  );
}

async function syncDir(dir: string): Promise<void> {
  const handle = await open(dir, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** SQLITE_BUSY: another connection, here or in another process, holds the file. */
const SQLITE_BUSY = 5;

/**
 * Node has no flock. SQLite takes a POSIX record lock on an empty file instead: the kernel drops it with the process, so there is no
 * stale lock to detect and no race in taking over; SQLite's own bookkeeping excludes two openers in one process too.
 * Nothing is ever written to the file.
 */
function lock(path: string): DiskLock {
  const holder = new DatabaseSync(path);
  try {
    holder.exec('PRAGMA busy_timeout = 0; BEGIN EXCLUSIVE');
  } catch (cause) {
    holder.close();
    if ((cause as { errcode?: number }).errcode !== SQLITE_BUSY) throw cause;
    throw Object.assign(new Error('locked by another process', { cause }), { code: 'ELOCKED' });
  }
  return {
    release: async () => {
      if (holder.isOpen) holder.close();
    },
  };
}
