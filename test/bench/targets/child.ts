import { type ChildProcess, spawn } from 'node:child_process';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { createInterface } from 'node:readline';
import { setTimeout as wait } from 'node:timers/promises';
import { openSession } from '../load/session.ts';

const START_TIMEOUT_MS = 20_000;

export interface Child {
  readonly pid: number;
  /** First line on its standard output. */
  readonly firstLine: Promise<string>;
  /** Rejects when the process ends without having been asked to. */
  readonly died: Promise<never>;
  stop(): Promise<void>;
}

const living = new Set<ChildProcess>();
process.once('exit', () => {
  for (const child of living) child.kill('SIGKILL');
});

/** Starts a process whose end is ours: killed when this process ends, its last words kept for the error message. */
export function startChild(command: readonly string[], options: { cwd?: string; env?: NodeJS.ProcessEnv } = {}): Child {
  const [program, ...args] = command as [string, ...string[]];
  const child = spawn(program, args, {
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    env: { ...process.env, ...options.env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  living.add(child);
  let stopping = false;
  let lastWords = '';
  child.stderr.on('data', (chunk: Buffer) => {
    lastWords = (lastWords + chunk.toString()).slice(-2_000);
  });
  const died = new Promise<never>((_, reject) => {
    const end = (what: string) => {
      living.delete(child);
      if (!stopping) reject(new Error(`${command.join(' ')} ${what}: ${lastWords.trim()}`));
    };
    child.once('error', (error) => end(error.message));
    child.once('exit', (code, signal) => end(`ended with ${signal ?? code}`));
  });
  died.catch(() => {});
  const lines = createInterface({ input: child.stdout });
  const firstLine = Promise.race([new Promise<string>((resolve) => lines.once('line', resolve)), died]);
  // Whoever waits for it is told; whoever does not must not be brought down by it.
  firstLine.catch(() => {});
  return {
    pid: child.pid ?? 0,
    firstLine,
    died,
    stop: async () => {
      stopping = true;
      if (child.exitCode !== null || child.signalCode !== null) return;
      const ended = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGTERM');
      const timer = setTimeout(() => child.kill('SIGKILL'), 5_000);
      await ended;
      clearTimeout(timer);
    },
  };
}

/** Tries to open an MCP session until it works; the process dying ends the wait at once. */
export async function untilReady(
  child: Child,
  url: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<void> {
  const deadline = performance.now() + START_TIMEOUT_MS;
  for (;;) {
    const attempt = openSession(url, headers, 1).then(
      (session) => session.close().then(() => null),
      (error: Error) => error,
    );
    const error = await Promise.race([attempt, child.died]);
    if (error === null) return;
    if (performance.now() > deadline)
      throw new Error(`${url} did not answer in ${START_TIMEOUT_MS} ms: ${error.message}`);
    await wait(25);
  }
}

/** A port that was free a moment ago, for programs that cannot choose one themselves. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });
}
