import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { isObject, type Json, type JsonObject } from '../../model/json.ts';
import { openSecretFile } from '../proof/keys.ts';

const FILE = 'ring.key';
const CIPHER = 'aes-256-gcm';
const NONCE_BYTES = 12;

/** Encrypts what lies in a store others can read, bound to what it stands for (`about`). */
export interface Seal {
  seal(plain: string, about: string): JsonObject;
  /** `null`: sealed with another key, about something else, or changed. */
  open(sealed: Json | undefined, about: string): string | null;
}

/**
 * A seal whose key is a file of this machine (`<data>/keys/ring.key`, made on the first start, owner-only). Gateways that share a store
 * need the same file; whoever has both store and file can issue tokens, whoever has only one cannot.
 */
export async function openFileSeal(dir: string): Promise<Seal> {
  const text = await openSecretFile(dir, FILE, async () => `${randomBytes(32).toString('base64url')}\n`);
  const key = Buffer.from(text.trim(), 'base64url');
  if (key.length !== 32)
    throw new Error(`${dir}/${FILE} is not a sealing key: restore it from the gateway that made it`);
  return sealWith(key);
}

/** `key`: 32 bytes. */
export function sealWith(key: Buffer): Seal {
  return {
    seal(plain, about) {
      const nonce = randomBytes(NONCE_BYTES);
      const cipher = createCipheriv(CIPHER, key, nonce).setAAD(Buffer.from(about));
      const data = Buffer.concat([cipher.update(plain, 'utf8'), cipher.final()]);
      return { nonce: b64(nonce), data: b64(data), tag: b64(cipher.getAuthTag()) };
    },
    open(sealed, about) {
      if (!isObject(sealed)) return null;
      const [nonce, data, tag] = [sealed.nonce, sealed.data, sealed.tag].map(bytes);
      if (nonce?.length !== NONCE_BYTES || tag?.length !== 16 || data === undefined) return null;
      try {
        const decipher = createDecipheriv(CIPHER, key, nonce).setAAD(Buffer.from(about)).setAuthTag(tag);
        return Buffer.concat([decipher.update(data), decipher.final()]).toString('utf8');
      } catch {
        return null;
      }
    },
  };
}

function b64(value: Buffer): string {
  return value.toString('base64url');
}

function bytes(value: Json | undefined): Buffer | undefined {
  return typeof value === 'string' ? Buffer.from(value, 'base64url') : undefined;
}
