import { spawn } from 'node:child_process';
import { open, stat } from 'node:fs/promises';
import type { SecretFrom } from '../model/credential.ts';
import type { ReadSecret, SecretReader } from '../ports/secrets.ts';

const MAX_BYTES = 65_536;
/** A file that was changed is noticed after this long. */
const FILE_FRESH_MS = 1_000;

interface Seen {
  readonly stamp: string;
  readonly value: string;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** Files are read again when they changed, variables never change, commands are run when asked. */
export function secretReader(env: Environment): SecretReader {
  const files = new Map<string, Seen>();
  return {
    async read(from) {
      switch (from.kind) {
        case 'file':
          return { value: await readFile(files, from.path), freshForMs: FILE_FRESH_MS };
        case 'env':
          return { value: usable(env[from.name] ?? '', `the environment variable ${from.name}`), freshForMs: Infinity };
        case 'command':
          return await runCommand(from, env);
      }
    },
  };
}

async function readFile(files: Map<string, Seen>, path: string): Promise<string> {
  try {
    const { mtimeMs, ctimeMs, size, ino } = await stat(path);
    const stamp = [mtimeMs, ctimeMs, size, ino].join();
    const seen = files.get(path);
    if (seen?.stamp === stamp) return seen.value;
    const value = usable(await readBounded(path), `the file ${path}`);
    files.set(path, { stamp, value });
    return value;
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    // The error of the system names the path, and nothing that is in it.
    if (code !== undefined) throw new Error(`the secret file ${path} cannot be read (${code})`);
    throw error;
  }
}

async function readBounded(path: string): Promise<string> {
  const handle = await open(path, 'r');
  try {
    const { bytesRead, buffer } = await handle.read(Buffer.alloc(MAX_BYTES + 1), 0, MAX_BYTES + 1, 0);
    if (bytesRead > MAX_BYTES)
      throw new Error(`the file ${path} is longer than ${MAX_BYTES} bytes: is it the right one?`);
    return buffer.toString('utf8', 0, bytesRead);
  } finally {
    await handle.close();
  }
}

function usable(text: string, where: string): string {
  const value = text.replace(/\r?\n$/, '');
  if (value === '') throw new Error(`${where} holds no secret: it is empty or not set`);
  return value;
}

/** No shell; its own process group, so that what it started ends with it; its errors are not kept: they could hold the secret. */
function runCommand(from: Extract<SecretFrom, { kind: 'command' }>, env: Environment): Promise<ReadSecret> {
  const [program = '', ...args] = from.argv;
  const where = `the command ${program}`;
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      shell: false,
      stdio: ['ignore', 'pipe', 'ignore'],
      env: env as NodeJS.ProcessEnv,
      detached: process.platform !== 'win32',
      windowsHide: true,
    });
    const chunks: Buffer[] = [];
    let bytes = 0;
    let over = false;
    const fail = (why: string): void => {
      if (over) return;
      over = true;
      clearTimeout(timer);
      kill(child.pid);
      reject(new Error(`${where} ${why}`));
    };
    const timer = setTimeout(() => fail(`did not end within ${from.timeoutMs} ms`), from.timeoutMs);
    child.on('error', (error: NodeJS.ErrnoException) => fail(`cannot be run (${error.code ?? 'unknown'})`));
    child.stdout.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes > MAX_BYTES) fail(`wrote more than ${MAX_BYTES} bytes`);
      else chunks.push(chunk);
    });
    child.on('close', (code, signal) => {
      if (over) return;
      if (code !== 0) return fail(`ended with ${signal ?? `exit code ${code}`}`);
      over = true;
      clearTimeout(timer);
      try {
        resolve({
          value: usable(Buffer.concat(chunks).toString('utf8'), `the output of ${where}`),
          freshForMs: from.ttlMs,
        });
      } catch (error) {
        reject(error as Error);
      }
    });
  });
}

function kill(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(process.platform === 'win32' ? pid : -pid, 'SIGKILL');
  } catch {
    // It has ended already.
  }
}
