import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '../../src/adapters/clock.ts';
import { openPostgres } from '../../src/adapters/sql/postgres.ts';
import { openSqlite } from '../../src/adapters/sql/sqlite.ts';
import { Fault } from '../../src/model/fault.ts';
import type { Lock } from '../../src/model/lock.ts';
import { startPostgres, type TestPostgres } from './postgres.ts';

const clock = systemClock;
const lock: Lock = { target: { kind: 'all', id: '*' }, tier: 'halt', reason: 'r', by: 'b', atMs: 1, untilMs: null };

async function faultOf(opening: Promise<unknown>): Promise<Fault> {
  const error = await opening.then(
    () => null,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(Fault);
  return error as Fault;
}

async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = AbortSignal.timeout(10_000);
  while (!(await condition())) {
    if (deadline.aborted) throw new Error('it did not happen within 10 s');
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

describe('the SQLite store', () => {
  const folder = mkdtempSync(join(tmpdir(), 'interlock-faults-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('says what to do when its folder does not exist', async () => {
    const fault = await faultOf(openSqlite({ path: join(folder, 'absent', 'x.db'), clock }));
    expect(fault.message).toMatch(/absent\/x\.db: its folder does not exist; create it/);
  });

  it('says what to do when the path is a folder', async () => {
    expect((await faultOf(openSqlite({ path: folder, clock }))).message).toMatch(/it is a folder/);
  });

  it('says what to do when the file is something else, and leaves it as it was', async () => {
    const path = join(folder, 'letter.txt');
    writeFileSync(path, 'Dear Sir or Madam, '.repeat(500));
    expect((await faultOf(openSqlite({ path, clock }))).message).toMatch(/not an SQLite database; choose another path/);
    expect(statSync(path).size).toBe(9_500);
  });

  it('says what to do when it may not write there', async () => {
    // The kernel lets nobody make files there, not even root.
    const fault = await faultOf(openSqlite({ path: '/sys/interlock.db', clock }));
    expect(fault.message).toMatch(/check the permissions|mounted read-only/);
  });

  it.each(['', ':memory:', 'file:x.db'])('wants a file, not "%s"', async (path) => {
    expect((await faultOf(openSqlite({ path, clock }))).message).toMatch(/needs the path of a file/);
  });

  it('keeps its files to their owner', async () => {
    const path = join(folder, 'own.db');
    const stores = await openSqlite({ path, clock });
    await stores.locks.put(lock);
    for (const name of [path, `${path}-wal`, `${path}-shm`]) expect(statSync(name).mode & 0o077).toBe(0);
    await stores.close();
  });

  it('refuses a store that a newer version has used, and changes nothing', async () => {
    const path = join(folder, 'newer.db');
    await (await openSqlite({ path, clock })).close();
    const database = new DatabaseSync(path);
    database.exec("insert into interlock_migrations values ('9999-future', 1)");
    database.close();
    expect((await faultOf(openSqlite({ path, clock }))).message).toMatch(/newer version of Interlock .*9999-future/);
  });

  it('waits for another process that writes, without stopping this one, and reads meanwhile', async () => {
    const path = join(folder, 'busy.db');
    const stores = await openSqlite({ path, clock });
    const other = new DatabaseSync(path);
    other.exec('begin immediate');
    let done = false;
    const writing = stores.locks.put(lock).then(() => {
      done = true;
    });
    let longestMs = 0;
    for (let i = 0; i < 20; i++) {
      const beganUs = clock.monotonicUs();
      await new Promise((resolve) => setTimeout(resolve, 10));
      expect((await stores.locks.load()).locks).toEqual([]);
      longestMs = Math.max(longestMs, (clock.monotonicUs() - beganUs) / 1000 - 10);
    }
    expect(done).toBe(false);
    other.exec('rollback');
    other.close();
    await writing;
    expect((await stores.locks.load()).locks).toHaveLength(1);
    // SQLite's own waiting would have held the process for seconds.
    expect(longestMs).toBeLessThan(1_000);
    await stores.close();
  });
});

describe('the PostgreSQL store', () => {
  let server: TestPostgres;
  beforeAll(async () => {
    server = await startPostgres();
  });
  afterAll(() => server?.stop());

  const edited = (edit: (url: URL) => void): string => {
    const url = new URL(server.url);
    edit(url);
    return url.href;
  };

  it('says what to do when the password is wrong, without repeating it', async () => {
    const url = edited((each) => {
      each.password = 'guess-4711';
    });
    const fault = await faultOf(openPostgres({ url, clock }));
    expect(fault.message).toMatch(/refused the password; check user and password in the URL/);
    expect(`${fault.message} ${fault.detail} ${fault.stack}`).not.toContain('guess-4711');
  });

  it('says what to do when nothing listens, when there is no such database, and when TLS is not spoken', async () => {
    const cells: [(url: URL) => void, RegExp, object][] = [
      [(url) => void (url.port = '1'), /127\.0\.0\.1:1\/postgres: nothing listens there/, {}],
      [(url) => void (url.pathname = '/nowhere'), /no such database; create it first/, {}],
      [() => {}, /does not speak TLS/, { tls: {} }],
    ];
    for (const [edit, message, more] of cells) {
      expect((await faultOf(openPostgres({ url: edited(edit), clock, ...more }))).message).toMatch(message);
    }
    expect((await faultOf(openPostgres({ url: 'postgres://[broken', clock }))).message).toMatch(/URL is not valid/);
  });

  it('gives up on a server that accepts connections and says nothing', async () => {
    const silent: Server = createServer(() => {});
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    const { port } = silent.address() as { port: number };
    const fault = await faultOf(openPostgres({ url: `postgres://a:b@127.0.0.1:${port}/x`, clock }));
    expect(fault.message).toMatch(/there is no answer/);
    silent.close();
  }, 15_000);

  it('keeps its connections within what it promises', async () => {
    const url = await server.database();
    const stores = await openPostgres({ url, clock });
    await Promise.all(Array.from({ length: 40 }, (_, i) => stores.replay.claim(`${i}`, clock.nowMs() + 1_000)));
    const client = new pg.Client({ connectionString: server.url });
    await client.connect();
    const count = "select count(*)::int as n from pg_stat_activity where application_name = 'interlock'";
    const { rows } = await client.query<{ n: number }>(count);
    expect(rows[0]?.n).toBeLessThanOrEqual(11);
    await stores.close();
    await until(async () => (await client.query<{ n: number }>(count)).rows[0]?.n === 0);
    await client.end();
  });

  it('leaves a server that hangs instead of waiting for it', async () => {
    const stores = await openPostgres({ url: await server.database(), clock });
    const client = new pg.Client({ connectionString: server.url });
    await client.connect();
    const { rows } = await client.query<{ pid: number }>(
      "select pid from pg_stat_activity where application_name = 'interlock'",
    );
    await client.end();
    expect(rows.length).toBeGreaterThan(0);
    for (const { pid } of rows) process.kill(pid, 'SIGSTOP');
    try {
      const beganUs = clock.monotonicUs();
      await stores.close();
      expect((clock.monotonicUs() - beganUs) / 1000).toBeLessThan(6_000);
      await expect(stores.locks.load()).rejects.toMatchObject({ code: 'internal' });
    } finally {
      for (const { pid } of rows) process.kill(pid, 'SIGCONT');
    }
  });

  it('finds its way back after every connection was cut, and rings for what it missed', async () => {
    const url = await server.database();
    const stores = await openPostgres({ url, clock });
    const other = await openPostgres({ url, clock });
    let rings = 0;
    stores.locks.onChange(() => rings++);
    const client = new pg.Client({ connectionString: url });
    await client.connect();
    // Cuts everything and changes a lock before the listener can be back.
    await client.query(
      "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'interlock' and datname = current_database()",
    );
    rings = 0;
    await client.query("update interlock_epochs set epoch = epoch + 1 where name = 'locks'");
    await until(() => rings > 0);
    await until(() => other.locks.put(lock).then(Boolean, () => false));
    await until(async () => (await stores.locks.load().catch(() => ({ locks: [] }))).locks.length === 1);
    // The doorbell itself is back, not only the poll: a change is heard well within the poll's second.
    await new Promise((resolve) => setTimeout(resolve, 1_200));
    rings = 0;
    const beganUs = clock.monotonicUs();
    await other.locks.put(lock);
    await until(() => rings > 0);
    expect((clock.monotonicUs() - beganUs) / 1000).toBeLessThan(500);
    await Promise.all([stores.close(), other.close(), client.end()]);
  });
});
