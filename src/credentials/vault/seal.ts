import { createCipheriv, createDecipheriv, hash, randomBytes } from 'node:crypto';
import type { Json, JsonObject } from '../../model/json.ts';

/** AES-256 key of the vault. Its id is derived from it, so that no two keys can be taken for one another. */
export interface VaultKey {
  readonly id: string;
  readonly bytes: Buffer;
}

/** What a sealed row is bound to (AAD): moved, renamed, rolled back or re-owned, it does not open. */
export interface Binding {
  readonly kind: string;
  readonly id: string;
  readonly owner: string;
  readonly version: number;
  readonly expiresAtMs: number | null;
}

/** A row of the vault that cannot be opened, and why. Names the row, never what is in it. */
export class VaultFault extends Error {
  readonly why: 'unknown-key' | 'tampered';

  constructor(why: 'unknown-key' | 'tampered', message: string) {
    super(message);
    this.name = 'VaultFault';
    this.why = why;
  }
}

export const KEY_BYTES = 32;
/** NIST SP 800-38D: 96-bit nonces. Random ones are safe for 2^32 rows under one key, far beyond what a vault writes. */
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

export function vaultKey(bytes: Buffer): VaultKey {
  const id = hash('sha256', Buffer.concat([Buffer.from('interlock vault key\0'), bytes]), 'base64url').slice(0, 16);
  return { id, bytes };
}

/** JSON is unambiguous here: texts are quoted, and the number is one. */
function aad(binding: Binding, keyId: string): Buffer {
  const { kind, id, owner, version, expiresAtMs } = binding;
  return Buffer.from(JSON.stringify(['interlock vault row 1', kind, id, owner, keyId, version, expiresAtMs]));
}

export function seal(key: VaultKey, binding: Binding, secret: Json): JsonObject {
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv('aes-256-gcm', key.bytes, nonce, { authTagLength: TAG_BYTES });
  cipher.setAAD(aad(binding, key.id));
  const data = Buffer.concat([cipher.update(JSON.stringify(secret), 'utf8'), cipher.final(), cipher.getAuthTag()]);
  return { key: key.id, nonce: nonce.toString('base64url'), data: data.toString('base64url') };
}

/** The id of the key a body was sealed with; `null`: this is no sealed body. */
export function keyOf(body: JsonObject): string | null {
  return typeof body.key === 'string' && typeof body.nonce === 'string' && typeof body.data === 'string'
    ? body.key
    : null;
}

/** Throws VaultFault: nothing of a row that is not exactly what was sealed comes out. */
export function unseal(keys: ReadonlyMap<string, VaultKey>, binding: Binding, body: JsonObject): Json {
  const where = `the vault row ${binding.kind} "${binding.id}"`;
  const id = keyOf(body);
  if (id === null) throw new VaultFault('tampered', `${where} is not sealed: it was changed outside the gateway`);
  const key = keys.get(id);
  if (key === undefined) {
    throw new VaultFault(
      'unknown-key',
      `${where} was sealed with the key ${printable(id)}, which this gateway does not have: restore it (vault.key)`,
    );
  }
  try {
    return open(key, binding, body);
  } catch {
    throw new VaultFault('tampered', `${where} was changed after it was sealed: remove it and connect again`);
  }
}

function open(key: VaultKey, binding: Binding, body: JsonObject): Json {
  const nonce = Buffer.from(body.nonce as string, 'base64url');
  const data = Buffer.from(body.data as string, 'base64url');
  if (nonce.length !== NONCE_BYTES || data.length < TAG_BYTES) throw new Error('too short');
  const decipher = createDecipheriv('aes-256-gcm', key.bytes, nonce, { authTagLength: TAG_BYTES });
  decipher.setAAD(aad(binding, key.id));
  decipher.setAuthTag(data.subarray(data.length - TAG_BYTES));
  const plain = Buffer.concat([decipher.update(data.subarray(0, -TAG_BYTES)), decipher.final()]);
  return JSON.parse(plain.toString('utf8')) as Json;
}

function printable(id: string): string {
  return id.replace(/[^A-Za-z0-9_-]/g, '?').slice(0, 40);
}
