import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  type CompiledQuery,
  type DatabaseConnection,
  type Dialect,
  type Driver,
  type QueryResult,
  SqliteAdapter,
  SqliteIntrospector,
  SqliteQueryCompiler,
} from 'kysely';

const SQLITE_BUSY = 5;
const SQLITE_LOCKED = 6;
const MAX_CACHED_STATEMENTS = 200;
/** Statements over many rows are long, come in every length, and are worth preparing each time. */
const MAX_CACHED_PARAMETERS = 100;

export interface SqliteDriverOptions {
  /** How long a statement may wait for another process's write lock before it fails, in milliseconds. */
  readonly busyMs: number;
  readonly monotonicUs: () => number;
}

/**
 * A kysely dialect for `node:sqlite`, one connection. `node:sqlite` is synchronous: waiting for another process's lock
 * inside SQLite would stop the whole process, so the connection's own busy timeout is kept tiny and the waiting is done
 * here, between attempts.
 */
export function nodeSqliteDialect(database: DatabaseSync, options: SqliteDriverOptions): Dialect {
  return {
    createDriver: () => makeDriver(database, options),
    createQueryCompiler: () => new SqliteQueryCompiler(),
    // Declares a single connection: kysely then hands it to one user at a time.
    createAdapter: () => new SqliteAdapter(),
    createIntrospector: (db) => new SqliteIntrospector(db),
  };
}

function makeDriver(database: DatabaseSync, options: SqliteDriverOptions): Driver {
  const connection = makeConnection(database, options);
  return {
    init: async () => {},
    acquireConnection: async () => connection,
    // Takes the write lock at once: a transaction that reads first and writes later could fail half way.
    beginTransaction: () => whenFree(() => database.exec('begin immediate'), options),
    commitTransaction: async () => database.exec('commit'),
    rollbackTransaction: async () => {
      // Some errors (a full disk) make SQLite roll back by itself.
      if (database.isTransaction) database.exec('rollback');
    },
    releaseConnection: async () => {},
    destroy: async () => database.close(),
  };
}

interface Cached {
  readonly statement: StatementSync;
  readonly reader: boolean;
}

function makeConnection(database: DatabaseSync, options: SqliteDriverOptions): DatabaseConnection {
  const cache = new Map<string, Cached>();
  const prepare = (text: string, parameters: number): Cached => {
    const known = cache.get(text);
    if (known !== undefined) return known;
    const statement = database.prepare(text);
    const made = { statement, reader: statement.columns().length > 0 };
    if (parameters > MAX_CACHED_PARAMETERS) return made;
    if (cache.size >= MAX_CACHED_STATEMENTS) cache.clear();
    cache.set(text, made);
    return made;
  };
  const run = <R>(query: CompiledQuery): QueryResult<R> => {
    const { statement, reader } = prepare(query.sql, query.parameters.length);
    const parameters = query.parameters as (string | number | null)[];
    if (reader) return { rows: statement.all(...parameters) as R[] };
    const { changes } = statement.run(...parameters);
    return { numAffectedRows: BigInt(changes), rows: [] };
  };
  return {
    executeQuery: <R>(query: CompiledQuery) => whenFree(() => run<R>(query), options),
    async *streamQuery<R>(query: CompiledQuery) {
      yield run<R>(query);
    },
  };
}

/** Runs `attempt` until no other connection is in its way. Safe to repeat: a statement that is busy has changed nothing. */
export async function whenFree<T>(attempt: () => T, options: SqliteDriverOptions): Promise<T> {
  const deadlineUs = options.monotonicUs() + options.busyMs * 1000;
  for (let tries = 0; ; tries++) {
    try {
      return attempt();
    } catch (error) {
      if (!isBusy(error) || options.monotonicUs() >= deadlineUs) throw error;
      // Random, so that processes that collided do not collide again in step.
      await sleep(1 + Math.random() * Math.min(20, 2 ** tries));
    }
  }
}

function isBusy(error: unknown): boolean {
  const code = (error as { errcode?: unknown }).errcode;
  // The low byte is the primary code; the rest says which kind (recovery, snapshot, ...).
  return typeof code === 'number' && ((code & 0xff) === SQLITE_BUSY || (code & 0xff) === SQLITE_LOCKED);
}
