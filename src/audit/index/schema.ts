import { closeSync, openSync, rmSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';

/** Raised whenever anything changes that is kept: an index of another version is made anew. */
export const INDEX_VERSION = 3;

const TABLES = `
create table progress (one integer primary key check (one = 1), state text not null);
-- Where records lie: those of one block follow each other in one segment; ends: where each ends, from the start of the block.
create table block (first integer primary key, segment integer not null, start integer not null,
  low_ms integer not null, high_ms integer not null, ends blob not null);
create index block_high on block (high_ms);
create table agent (id integer primary key, name text not null unique, last_ms integer not null);
create table tool (id integer primary key, server text not null, target text not null, unique (server, target));
create table used (hour integer, agent integer, tool integer, permitted integer not null, asked integer not null,
  denied integer not null, primary key (hour, agent, tool)) without rowid;
create table session (id integer primary key, name text not null unique, agent text not null, subject text,
  first_ms integer not null, last_ms integer not null, first_seq integer not null, last_seq integer not null,
  calls integer not null, denied integer not null, asked integer not null);
create index session_last on session (last_seq);
create index session_agent on session (agent, last_seq);
create index session_subject on session (subject, last_seq) where subject is not null;
create virtual table words using fts5 (terms, content='', detail=none, columnsize=0, tokenize='ascii');
insert into words (words, rank) values ('hashsize', 33554432);
insert into words (words, rank) values ('automerge', 8);
`;

/** How far the index is, kept with every batch of rows. */
export interface Progress {
  readonly version: number;
  /** Of the journal: its verifier key. */
  readonly journal: string;
  /** First record it holds, and the one it wants next. */
  readonly base: number;
  readonly next: number;
  readonly segment: number;
  /** Behind the last record taken, and where that one begins. */
  readonly offset: number;
  readonly lastStart: number;
  readonly lastHash: string;
  /** Latest time so far, and how far behind it a later record was, at most: clocks are set back. */
  readonly highMs: number;
  readonly backMs: number;
}

/** Opens the file of the index for writing, made readable by its owner alone: it holds words of arguments. */
export function openForFilling(path: string): DatabaseSync {
  closeSync(openSync(path, 'a', 0o600));
  const database = new DatabaseSync(path, { allowExtension: false });
  try {
    database.exec(
      'pragma page_size = 8192; pragma journal_mode = wal; pragma synchronous = normal; pragma cache_size = -65536; ' +
        'pragma wal_autocheckpoint = 4000; pragma trusted_schema = off; pragma temp_store = memory',
    );
    const made = database.prepare("select count(*) as n from sqlite_schema where name = 'progress'").get();
    if (made?.n === 0) database.exec(`begin; ${TABLES} commit`);
    return database;
  } catch (cause) {
    database.close();
    throw cause;
  }
}

export function openForAsking(path: string): DatabaseSync {
  const database = new DatabaseSync(path, { readOnly: true, allowExtension: false, timeout: 1_000 });
  database.exec('pragma cache_size = -65536; pragma query_only = on; pragma mmap_size = 1073741824');
  return database;
}

export function removeIndex(path: string): void {
  for (const suffix of ['', '-wal', '-shm']) rmSync(path + suffix, { force: true });
}

/** Null: there is none yet. */
export function readProgress(database: DatabaseSync): Progress | null {
  const row = database.prepare('select state from progress').get();
  return row === undefined ? null : (JSON.parse(String(row.state)) as Progress);
}
