import { randomBytes } from 'node:crypto';
import { chmod, link, mkdir, open, rename, unlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { KEY_BYTES, type VaultKey, vaultKey } from './seal.ts';

const FILE = 'vault.key';
const MAX_FILE_BYTES = 65_536;
const MAX_KEYS = 100;

/** The keys of the vault: the first seals, all open. */
export interface KeyRing {
  readonly newest: VaultKey;
  readonly byId: ReadonlyMap<string, VaultKey>;
}

/** Where the keys are. Two kinds: the gateway's own file, which it may add to, and what the operator configured, which it may not. */
export interface KeySource {
  /** Newest first, one key a line. */
  read(): Promise<string>;
  /** Puts a new key in front. `null`: the operator does that. */
  readonly add: (() => Promise<void>) | null;
}

/** One key a line, base64 (either alphabet) or hex of 32 bytes; empty lines and `#` comments are skipped. Throws what to do. */
export function parseKeys(text: string): KeyRing {
  const lines = text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'));
  if (lines.length === 0)
    throw new Error('the vault has no key: give vault.key 32 random bytes (openssl rand -base64 32)');
  if (lines.length > MAX_KEYS) throw new Error(`the vault has more than ${MAX_KEYS} keys: remove the oldest`);
  const keys = lines.map((line, i) => vaultKey(keyBytes(line, i + 1)));
  return { newest: keys[0] as VaultKey, byId: new Map(keys.map((key) => [key.id, key])) };
}

function keyBytes(line: string, number: number): Buffer {
  const hex = /^[0-9a-fA-F]{64}$/.test(line);
  const base64 = /^[A-Za-z0-9+/_-]{43}=?$/.test(line);
  const bytes = hex ? Buffer.from(line, 'hex') : base64 ? Buffer.from(line, 'base64') : Buffer.alloc(0);
  // Never the line itself: it may be a key with a typing mistake.
  if (bytes.length !== KEY_BYTES) {
    throw new Error(`vault key ${number} is not 32 bytes in base64 or hex: make one with openssl rand -base64 32`);
  }
  return bytes;
}

/**
 * The gateway's own key file, owner-only, made at the first start. Two processes that start at the same time end up with the same key
 * (`link` is insert-if-absent). Who loses this file loses the vault: back it up apart from the store.
 */
export function ownKeyFile(dir: string): KeySource {
  const file = join(dir, FILE);
  return {
    async read() {
      await mkdir(dir, { recursive: true, mode: 0o700 });
      return (await readOwn(file)) ?? (await create(file));
    },
    async add() {
      const text = (await readOwn(file)) ?? '';
      const draft = await writeDraft(file, `${newKey()}\n${text}`);
      await rename(draft, file);
      await syncDir(dirname(file));
    },
  };
}

function newKey(): string {
  return randomBytes(KEY_BYTES).toString('base64');
}

async function readOwn(file: string): Promise<string | null> {
  let handle: Awaited<ReturnType<typeof open>>;
  try {
    handle = await open(file, 'r');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
  try {
    const { mode, size } = await handle.stat();
    if ((mode & 0o077) !== 0 && process.platform !== 'win32') {
      throw new Error(`${file} can be read by others: chmod 600 it, then rotate (interlock vault rotate)`);
    }
    if (size > MAX_FILE_BYTES) throw new Error(`${file} is too large to hold keys: restore it from a copy`);
    return await handle.readFile('utf8');
  } finally {
    await handle.close();
  }
}

async function create(file: string): Promise<string> {
  const draft = await writeDraft(file, `${newKey()}\n`);
  try {
    await link(draft, file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  } finally {
    await unlink(draft);
  }
  await syncDir(dirname(file));
  const winner = await readOwn(file);
  if (winner === null) throw new Error(`${file} disappeared while it was made: is something else cleaning its folder?`);
  return winner;
}

async function writeDraft(file: string, text: string): Promise<string> {
  const draft = join(dirname(file), `.${FILE}.${randomBytes(8).toString('hex')}`);
  const handle = await open(draft, 'wx', 0o600);
  try {
    await handle.writeFile(text);
    await handle.sync();
  } finally {
    await handle.close();
  }
  // The umask may only have removed bits; say exactly what is meant.
  await chmod(draft, 0o600);
  return draft;
}

async function syncDir(dir: string): Promise<void> {
  const handle = await open(dir, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
