import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { systemClock } from '../../src/adapters/clock.ts';
import { openPostgres } from '../../src/adapters/sql/postgres.ts';
import { openSqlite } from '../../src/adapters/sql/sqlite.ts';
import type { Clock } from '../../src/ports/clock.ts';
import type { Stores } from '../../src/ports/stores.ts';
import { startPostgres, type TestPostgres } from './postgres.ts';

export interface Location {
  readonly kind: 'sqlite' | 'postgres';
  readonly at: string;
}

export function open({ kind, at }: Location, clock: Clock = systemClock): Promise<Stores> {
  return kind === 'sqlite' ? openSqlite({ path: at, clock }) : openPostgres({ url: at, clock });
}

/** Where the stores of one test file live; each `place()` is an empty database. */
export interface Ground {
  place(): Promise<Location>;
  readonly server: TestPostgres | null;
  stop(): Promise<void>;
}

/** `memory`: files in memory where the machine has such a folder: for tests of order, not of the disk. */
type On = 'disk' | 'memory';

const MEMORY = '/dev/shm';

export const GROUNDS: ReadonlyArray<{ readonly name: Location['kind']; readonly start: (on?: On) => Promise<Ground> }> =
  [
    { name: 'sqlite', start: sqliteGround },
    { name: 'postgres', start: postgresGround },
  ];

async function sqliteGround(on: On = 'disk'): Promise<Ground> {
  const parent = on === 'memory' && existsSync(MEMORY) ? MEMORY : tmpdir();
  const folder = mkdtempSync(join(parent, 'interlock-stores-'));
  let files = 0;
  return {
    server: null,
    place: async () => ({ kind: 'sqlite', at: join(folder, `${++files}.db`) }),
    stop: async () => rmSync(folder, { recursive: true, force: true }),
  };
}

async function postgresGround(): Promise<Ground> {
  const server = await startPostgres();
  return {
    server,
    place: async () => ({ kind: 'postgres', at: await server.database() }),
    stop: () => server.stop(),
  };
}

/** Another process with the same store open. */
export interface Peer {
  readonly process: ChildProcess;
  /** Runs one of the commands of `stores-child.ts` there. */
  ask<T>(command: string, ...args: unknown[]): Promise<T>;
  stop(): Promise<void>;
}

export async function startPeer(location: Location, { maxStaleMs = 2_000 } = {}): Promise<Peer> {
  const script = fileURLToPath(new URL('./stores-child.ts', import.meta.url));
  const child = fork(script, [JSON.stringify(location)], {
    execArgv: [],
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    env: { ...process.env, MAX_STALE_MS: `${maxStaleMs}` },
  });
  const waiting = new Map<number, { resolve: (value: never) => void; reject: (error: Error) => void }>();
  let asked = 0;
  child.on('message', (message: { id: number; value?: never; error?: string }) => {
    const waiter = waiting.get(message.id);
    waiting.delete(message.id);
    if (message.error === undefined) waiter?.resolve(message.value as never);
    else waiter?.reject(new Error(message.error));
  });
  child.on('exit', (code, signal) => {
    for (const { reject } of waiting.values()) reject(new Error(`the peer ended (${code ?? signal})`));
    waiting.clear();
  });
  const peer: Peer = {
    process: child,
    ask: (command, ...args) =>
      new Promise((resolve, reject) => {
        waiting.set(++asked, { resolve, reject });
        child.send({ id: asked, command, args });
      }),
    async stop() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const exited = once(child, 'exit');
      child.disconnect();
      await exited;
    },
  };
  await peer.ask('ready');
  return peer;
}
