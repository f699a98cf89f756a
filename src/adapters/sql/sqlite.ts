import { closeSync, openSync } from 'node:fs';
import { resolve } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { Kysely } from 'kysely';
import { Fault } from '../../model/fault.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Stores } from '../../ports/stores.ts';
import { makeBells } from './drivers/bells.ts';
import { followEpochs } from './drivers/follow-epochs.ts';
import { nodeSqliteDialect, type SqliteDriverOptions, whenFree } from './drivers/node-sqlite.ts';
import { assemble } from './queries/assemble.ts';
import { migrate } from './queries/migrations.ts';
import type { Schema } from './queries/schema.ts';

/** How often other processes' changes are looked for: two system calls and a few microseconds each time. */
const POLL_MS = 20;
/** How long SQLite itself may block the process on another's lock; longer waits are done between attempts. */
const BLOCK_MS = 5;
const BUSY_MS = 5_000;

export interface SqliteOptions {
  /** The database file; its folder must exist. Several processes on this machine may open it at once. */
  readonly path: string;
  readonly clock: Clock;
}

/**
 * The embedded store. Write-ahead log with full synchronisation: what was acknowledged survives a power cut. The file is
 * created readable by its owner only.
 * Faults: `internal`, saying what to do, when the file cannot be opened, is no database, or is from a newer version.
 */
export async function openSqlite({ path, clock }: SqliteOptions): Promise<Stores> {
  const options: SqliteDriverOptions = { busyMs: BUSY_MS, monotonicUs: () => clock.monotonicUs() };
  const opened: DatabaseSync[] = [];
  try {
    const file = create(path);
    const writer = await open(file, options, opened);
    const write = new Kysely<Schema>({ dialect: nodeSqliteDialect(writer, options) });
    // The transaction is exclusive from its first statement: nothing more to lock.
    await migrate(write, clock, async () => {});
    const reader = await open(file, options, opened);
    reader.exec('pragma query_only = on');
    const read = new Kysely<Schema>({ dialect: nodeSqliteDialect(reader, options) });
    const bells = makeBells();
    // Changes on a connection when any other one, of this process or another, has committed: far cheaper than a query.
    const dataVersion = reader.prepare('pragma data_version');
    const version = (): unknown => dataVersion.get()?.data_version;
    const stop = followEpochs({ feed: read, bells, everyMs: POLL_MS, version });
    const database = { feed: read, read, write, announce: async () => {}, ring: bells.ring, onRing: bells.on };
    return assemble(database, clock, async () => {
      stop();
      // kysely does not close a connection it never used.
      await Promise.all([write.destroy(), read.destroy()]);
      closeAll(opened);
    });
  } catch (error) {
    closeAll(opened);
    throw explain(error, path);
  }
}

function closeAll(databases: readonly DatabaseSync[]): void {
  for (const database of databases) if (database.isOpen) database.close();
}

/** Kills and approvals live here: nobody but the owner may read or write the file (SQLite gives its side files the same mode). */
function create(path: string): string {
  if (path === '' || path.startsWith(':') || path.startsWith('file:')) {
    throw new Fault('internal', `the SQLite store needs the path of a file, not "${path}"`);
  }
  const file = resolve(path);
  closeSync(openSync(file, 'a', 0o600));
  return file;
}

async function open(file: string, options: SqliteDriverOptions, opened: DatabaseSync[]): Promise<DatabaseSync> {
  const database = new DatabaseSync(file, { timeout: BLOCK_MS, allowExtension: false });
  opened.push(database);
  const mode = await whenFree(() => database.prepare('pragma journal_mode = wal').get(), options);
  if (mode?.journal_mode !== 'wal') {
    throw new Fault(
      'internal',
      `the SQLite store ${file} cannot use a write-ahead log there (network file systems cannot); ` +
        'put it on a local disk, or use PostgreSQL',
    );
  }
  database.exec('pragma synchronous = full; pragma foreign_keys = on; pragma trusted_schema = off');
  return database;
}

const SQLITE_ADVICE: Readonly<Record<number, string>> = {
  5: 'another process holds it locked; stop whatever else has it open',
  8: 'it cannot be written; check the permissions of the file and its folder, and that the disk is not mounted read-only',
  10: 'the disk answered with an error; check the disk',
  11: 'it is damaged; restore it from a backup, or move it away to start with an empty store (locks and approvals in it are lost)',
  13: 'the disk is full; free some space',
  14: 'it cannot be opened; check that the folder exists and that this user may write there',
  26: 'it is not an SQLite database; choose another path for the store, or move that file away',
};
const FILE_ADVICE: Readonly<Record<string, string>> = {
  ENOENT: 'its folder does not exist; create it, or choose another path for the store',
  ENOTDIR: 'a part of the path is not a folder; choose another path for the store',
  EACCES: 'this user may not read and write it; check the permissions of the file and its folder',
  EPERM: 'this user may not read and write it; check the permissions of the file and its folder',
  EISDIR: 'it is a folder; give the path of a file',
  EROFS: 'the disk is mounted read-only; choose another path for the store',
  ENOSPC: 'the disk is full; free some space',
};

function explain(error: unknown, path: string): unknown {
  if (error instanceof Fault) return error;
  const { errcode, code } = error as { errcode?: number; code?: string };
  const advice = (errcode === undefined ? undefined : SQLITE_ADVICE[errcode & 0xff]) ?? FILE_ADVICE[code ?? ''];
  const message = error instanceof Error ? error.message : String(error);
  return new Fault('internal', `cannot open the SQLite store ${path}: ${advice ?? message}`, {
    detail: message,
    cause: error,
  });
}
