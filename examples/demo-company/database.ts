import { existsSync, readFileSync } from 'node:fs';
import { DatabaseSync, type SQLInputValue } from 'node:sqlite';

export type Row = Record<string, string | number | null>;

/** The company's system of record: one SQLite file, prepared statements only. */
export interface CompanyDatabase {
  all(sql: string, ...values: SQLInputValue[]): Row[];
  get(sql: string, ...values: SQLInputValue[]): Row | undefined;
  /** Runs a statement that writes; returns the rows changed and the id of an inserted row. */
  run(sql: string, ...values: SQLInputValue[]): { readonly changes: number; readonly id: number };
  close(): void;
}

/** Opens the file, creating and seeding it when it does not exist yet. `:memory:` gives a throw-away company. */
export function openCompanyDatabase(path: string): CompanyDatabase {
  const fresh = path === ':memory:' || !existsSync(path);
  const database = new DatabaseSync(path);
  database.exec('PRAGMA journal_mode = WAL; PRAGMA foreign_keys = ON; PRAGMA busy_timeout = 2000;');
  if (fresh) {
    const sql = (name: string) => readFileSync(new URL(name, import.meta.url), 'utf8');
    database.exec(`BEGIN; ${sql('schema.sql')} ${sql('seed.sql')} COMMIT;`);
  }
  return {
    all: (sql, ...values) => database.prepare(sql).all(...values) as Row[],
    get: (sql, ...values) => database.prepare(sql).get(...values) as Row | undefined,
    run: (sql, ...values) => {
      const done = database.prepare(sql).run(...values);
      return { changes: Number(done.changes), id: Number(done.lastInsertRowid) };
    },
    close: () => database.close(),
  };
}
