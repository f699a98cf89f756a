import { randomBytes } from 'node:crypto';
import { chmod, link, mkdir, open, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { type CryptoKey, exportJWK, generateKeyPair, importJWK, type JWK } from 'jose';
import type { PublicJwk } from '../../model/agent.ts';
import { digestJson } from '../../model/canonical.ts';
import { bug } from '../../model/fault.ts';

export const SIGNING_ALGORITHM = 'ES256';
const FILE = 'token-signing.jwk.json';
const MAX_FILE_BYTES = 4096;

/** The gateway's own key: signs the access tokens it mints. */
export interface SigningKey {
  readonly kid: string;
  readonly publicJwk: PublicJwk;
  readonly privateKey: CryptoKey;
}

/** Every key of the gateway: one signs, all verify. */
export interface SigningKeys {
  current(): SigningKey;
  /** By kid: the one that signs, those that did, those that will. */
  find(kid: string): PublicJwk | undefined;
  published(): readonly PublicJwk[];
}

/** A ring of one. */
export function onlyKey(key: SigningKey): SigningKeys {
  return {
    current: () => key,
    find: (kid) => (kid === key.kid ? key.publicJwk : undefined),
    published: () => [key.publicJwk],
  };
}

/**
 * Reads the signing key from a directory, making it on the first start. Throws Error with what to do when the file is readable by
 * others or is not such a key.
 */
export async function openSigningKey(dir: string): Promise<SigningKey> {
  const text = await openSecretFile(dir, FILE, async () => `${JSON.stringify(await newPrivateJwk())}\n`);
  try {
    return await signingKeyOf(JSON.parse(text) as JWK);
  } catch (cause) {
    throw new Error(
      `${join(dir, FILE)} is not a signing key: restore it, or remove it and start again to make a new one`,
      { cause },
    );
  }
}

/**
 * Reads a secret from a file of a directory, making it on the first start. Owner-only; two processes that start at the same time end
 * up with the same secret, because the file appears whole or not at all and only for the first (`link` is insert-if-absent).
 *
 * Throws Error with what to do when the file is readable by others.
 */
export async function openSecretFile(dir: string, name: string, make: () => Promise<string>): Promise<string> {
  await mkdir(dir, { recursive: true, mode: 0o700 });
  const file = join(dir, name);
  return (await read(file)) ?? (await create(dir, name, await make()));
}

async function read(file: string): Promise<string | null> {
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
      throw new Error(`${file} can be read by others: treat the key as leaked, remove the file and start again`);
    }
    if (size > MAX_FILE_BYTES) throw new Error(`${file} is too large to be a key: restore it or remove it`);
    return await handle.readFile('utf8');
  } finally {
    await handle.close();
  }
}

async function create(dir: string, name: string, text: string): Promise<string> {
  const file = join(dir, name);
  const draft = join(dir, `.${name}.${randomBytes(8).toString('hex')}`);
  await writeDurably(draft, text);
  try {
    await link(draft, file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  } finally {
    await unlink(draft);
  }
  await syncDir(dir);
  // Whoever was first: the file now exists and is what everybody uses.
  const winner = await read(file);
  if (winner === null) throw new Error(`${file} disappeared while it was made: is something else cleaning ${dir}?`);
  return winner;
}

async function writeDurably(file: string, text: string): Promise<void> {
  const handle = await open(file, 'wx', 0o600);
  try {
    await handle.writeFile(text);
    await handle.sync();
  } finally {
    await handle.close();
  }
  // The umask may only have removed bits; say exactly what is meant.
  await chmod(file, 0o600);
}

async function syncDir(dir: string): Promise<void> {
  const handle = await open(dir, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** A private P-256 key nobody has seen yet. */
export async function newPrivateJwk(): Promise<JWK> {
  const { privateKey } = await generateKeyPair(SIGNING_ALGORITHM, { extractable: true });
  return { ...(await exportJWK(privateKey)), alg: SIGNING_ALGORITHM, use: 'sig' };
}

/** Throws Error when it is no private P-256 key. */
export async function signingKeyOf(jwk: JWK): Promise<SigningKey> {
  if (jwk.kty !== 'EC' || jwk.crv !== 'P-256' || typeof jwk.d !== 'string') throw new Error('not a private P-256 key');
  const { kty, crv, x, y, d } = jwk as { kty: string; crv: string; x: string; y: string; d: string };
  const kid = thumbprint({ kty, crv, x, y, kid: '' });
  const privateKey = (await importJWK({ kty, crv, x, y, d }, SIGNING_ALGORITHM, { extractable: false })) as CryptoKey;
  return { kid, privateKey, publicJwk: { kty, crv, x, y, kid, alg: SIGNING_ALGORITHM } };
}

const THUMBPRINT_MEMBERS: Readonly<Record<string, readonly (keyof PublicJwk)[]>> = {
  EC: ['crv', 'kty', 'x', 'y'],
  OKP: ['crv', 'kty', 'x'],
  RSA: ['e', 'kty', 'n'],
};

/** RFC 7638 thumbprint (SHA-256, base64url): names the key material, whatever its kid. */
export function thumbprint(key: PublicJwk): string {
  const members = THUMBPRINT_MEMBERS[key.kty] ?? bug(`a registered key of type ${key.kty}`);
  return digestJson(Object.fromEntries(members.map((name) => [name, key[name]])));
}
