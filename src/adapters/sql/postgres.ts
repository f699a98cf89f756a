import { setTimeout as sleep } from 'node:timers/promises';
import type { ConnectionOptions } from 'node:tls';
import { Kysely, PostgresDialect, sql } from 'kysely';
import pg from 'pg';
import { Fault } from '../../model/fault.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Stores } from '../../ports/stores.ts';
import { makeBells } from './drivers/bells.ts';
import { followEpochs } from './drivers/follow-epochs.ts';
import { channelOf, listen } from './drivers/listen.ts';
import { assemble } from './queries/assemble.ts';
import { migrate } from './queries/migrations.ts';
import type { Schema, Topic, Trx } from './queries/schema.ts';

/** Any constant: whoever migrates this product's tables in one database takes this lock. */
const MIGRATION_LOCK = 4_827_364_511;
const MAX_CONNECTIONS = 8;
/** The kill switch reads over connections of its own: a crowd of approvals must not make its view stale. */
const FEED_CONNECTIONS = 2;
const CONNECT_MS = 5_000;
const QUERY_MS = 5_000;
const CLOSE_MS = 3_000;
/** Backstop for lost notifications. */
const POLL_MS = 1_000;

export interface PostgresOptions {
  /** `postgres://user:password@host:port/database` */
  readonly url: string;
  readonly clock: Clock;
  /** TLS settings of the connection. They replace what the URL says; without them the URL's `sslmode` counts. */
  readonly tls?: ConnectionOptions;
}

/**
 * The store shared by several gateways.
 * Faults: `internal`, saying what to do, when the server cannot be reached, refuses the login, or has a newer schema.
 */
export async function openPostgres({ url, clock, tls }: PostgresOptions): Promise<Stores> {
  const config = configure(url, tls);
  const pools = [pool(config, MAX_CONNECTIONS), pool(config, FEED_CONNECTIONS)] as const;
  const write = new Kysely<Schema>({ dialect: new PostgresDialect({ pool: pools[0] }) });
  const feed = new Kysely<Schema>({ dialect: new PostgresDialect({ pool: pools[1] }) });
  const bells = makeBells();
  const closePools = async (): Promise<void> => {
    await Promise.allSettled(pools.map((each) => each.end()));
  };
  try {
    await migrate(write, clock, async (trx) => {
      await sql`select pg_advisory_xact_lock(${sql.lit(MIGRATION_LOCK)})`.execute(trx);
    });
    const listener = listen(config, bells, clock);
    await listener.ready;
    const stop = followEpochs({ feed, bells, everyMs: POLL_MS });
    const announce = async (trx: Trx, topic: Topic): Promise<void> => {
      await sql`select pg_notify(${channelOf(topic)}, '')`.execute(trx);
    };
    const database = { feed, read: write, write, announce, ring: bells.ring, onRing: bells.on };
    return assemble(database, clock, async () => {
      stop();
      // A server that hangs does not say goodbye; leaving must not wait for it.
      const left = Promise.all([listener.close(), closePools()]);
      await Promise.race([left, sleep(CLOSE_MS, undefined, { ref: false })]);
    });
  } catch (error) {
    await closePools();
    throw explain(error, url);
  }
}

function configure(url: string, tls: ConnectionOptions | undefined): pg.ClientConfig {
  return {
    connectionString: tls === undefined ? url : withoutSslMode(url),
    ...(tls === undefined ? {} : { ssl: tls }),
    application_name: 'interlock',
    connectionTimeoutMillis: CONNECT_MS,
    // The server gives up first, so that its answer says why; the client's own limit is for a server that is silent.
    statement_timeout: QUERY_MS - 500,
    query_timeout: QUERY_MS,
    idle_in_transaction_session_timeout: QUERY_MS,
    keepAlive: true,
    types: { getTypeParser },
  };
}

/** In `pg` the URL's sslmode beats the `ssl` option; explicit TLS settings must not be weakened by it. */
function withoutSslMode(url: string): string {
  const parsed = new URL(url);
  for (const name of ['sslmode', 'ssl', 'sslcert', 'sslkey', 'sslrootcert']) parsed.searchParams.delete(name);
  return parsed.href;
}

function pool(config: pg.ClientConfig, max: number): pg.Pool {
  const made = new pg.Pool({ ...config, max });
  // Connections die (server restart, network). The query in flight reports it; without listeners the process would end.
  made.on('error', () => {});
  made.on('connect', (client) => client.on('error', () => {}));
  return made;
}

/** 64-bit integers arrive as text. All of ours are milliseconds, counts or epochs. */
const getTypeParser: typeof pg.types.getTypeParser = ((oid: number, format?: 'text' | 'binary') =>
  oid === pg.types.builtins.INT8 ? safeInteger : pg.types.getTypeParser(oid, format as 'text')) as never;

function safeInteger(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value)) throw new Error(`the store holds an integer beyond 2^53-1: ${text}`);
  return value;
}

/** SQLSTATE (PostgreSQL appendix A) or the system's error code: what an operator can do about it. */
const ADVICE: Readonly<Record<string, string>> = {
  '28P01': 'it refused the password; check user and password in the URL',
  '28000': 'it refused the login; check the user in the URL, pg_hba.conf, and whether it demands TLS',
  '3D000': 'there is no such database; create it first: createdb <name>',
  '42501': 'the user may not create tables there; GRANT CREATE ON SCHEMA public, or let the user own the database',
  '53300': 'it has too many connections; each gateway needs up to 11, see max_connections',
  '57P03': 'it is still starting; try again in a moment',
  '25006': 'it is read-only, probably a standby; give the URL of the primary',
  ECONNREFUSED: 'nothing listens there; check host and port, and that PostgreSQL is running',
  ENOTFOUND: 'the host name is unknown; check it',
  EAI_AGAIN: 'the host name cannot be looked up now; check the name server',
  ETIMEDOUT: 'there is no answer; check host, port and firewall',
  EHOSTUNREACH: 'there is no way to that host; check the network',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'its certificate is self-signed; give its certificate authority in the TLS settings',
  SELF_SIGNED_CERT_IN_CHAIN: 'its certificate authority is unknown; give it in the TLS settings',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'its certificate authority is unknown; give it in the TLS settings',
};

function explain(error: unknown, url: string): unknown {
  if (error instanceof Fault) return error;
  const message = error instanceof Error ? error.message : String(error);
  const code = (error as { code?: unknown }).code;
  const advice = (typeof code === 'string' ? ADVICE[code] : undefined) ?? adviceByText(message) ?? message;
  return new Fault('internal', `cannot use the PostgreSQL store at ${place(url)}: ${advice}`, {
    detail: message,
    cause: error,
  });
}

function adviceByText(message: string): string | undefined {
  if (/timeout expired|timed? ?out/i.test(message)) return ADVICE.ETIMEDOUT;
  if (/does not support SSL/i.test(message))
    return 'it does not speak TLS; enable it there, or leave out the TLS settings';
  if (/password must be a string|no password/i.test(message)) return 'it wants a password; put it into the URL';
  if (/Invalid URL/i.test(message))
    return 'the URL is not valid; it looks like postgres://user:password@host:5432/database';
  return undefined;
}

/** Host, port and database of the URL: never the password. */
function place(url: string): string {
  try {
    const { hostname, port, pathname } = new URL(url);
    return `${hostname}:${port === '' ? '5432' : port}${pathname}`;
  } catch {
    return '(unreadable URL)';
  }
}
