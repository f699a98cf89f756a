import { chmodSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { JWK } from 'jose';
import type { PublicJwk } from '../../model/agent.ts';
import { CliError, EXIT } from '../shell/exit.ts';

export type KeyAlgorithm = 'EdDSA' | 'ES256';

export interface AgentKey {
  readonly privateJwk: JWK & { readonly kid: string; readonly alg: KeyAlgorithm };
  readonly publicJwk: PublicJwk;
}

/** A new key pair. The kid is the RFC 7638 thumbprint: unique, and recomputable from the public key. */
export async function makeKey(algorithm: KeyAlgorithm): Promise<AgentKey> {
  const { calculateJwkThumbprint, exportJWK, generateKeyPair } = await import('jose');
  const options = algorithm === 'EdDSA' ? { crv: 'Ed25519', extractable: true } : { extractable: true };
  const { privateKey } = await generateKeyPair(algorithm, options);
  const jwk = await exportJWK(privateKey);
  const kid = await calculateJwkThumbprint(jwk);
  const { d: _private, ...shown } = jwk;
  return {
    privateJwk: { ...jwk, kid, alg: algorithm },
    publicJwk: { kty: shown.kty ?? '', kid, alg: algorithm, ...pick(shown, ['crv', 'x', 'y']) },
  };
}

function pick(jwk: JWK, names: readonly ('crv' | 'x' | 'y')[]): Partial<Record<'crv' | 'x' | 'y', string>> {
  return Object.fromEntries(names.flatMap((name) => (typeof jwk[name] === 'string' ? [[name, jwk[name]]] : [])));
}

export function keyFile(dataDir: string, agent: string): string {
  return join(dataDir, 'keys', `${agent}.jwk`);
}

/** Readable by its owner only. Without `replace` an existing file is left alone: whoever uses that key would be locked out. */
export function writeKey(file: string, key: AgentKey, replace: boolean): void {
  const folder = dirname(file);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const text = `${JSON.stringify(key.privateJwk, null, 2)}\n`;
  try {
    writeFileSync(file, text, { mode: 0o600, flag: replace ? 'w' : 'wx', flush: true });
    // The mode counts only for a new file.
    chmodSync(file, 0o600);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    throw new CliError(EXIT.usage, `the key file ${file} exists already`, { help: 'choose another with --key-out' });
  }
}

/** Reads a private JWK that `agents add` wrote. A key others can read is refused, as ssh does. */
export function readKey(file: string): AgentKey['privateJwk'] {
  let text: string;
  try {
    const mode = statSync(file).mode & 0o077;
    if (mode !== 0 && process.platform !== 'win32') {
      throw new CliError(EXIT.failed, `others may read the key ${file}`, { help: `chmod 600 ${file}` });
    }
    text = readFileSync(file, 'utf8');
  } catch (error) {
    if (error instanceof CliError) throw error;
    const code = (error as NodeJS.ErrnoException).code ?? 'unreadable';
    const help = 'give the file with --key, or make a key: interlock agents add';
    throw new CliError(EXIT.failed, `cannot read the key ${file} (${code})`, { help });
  }
  const jwk = parseJwk(text);
  if (jwk === null)
    throw new CliError(EXIT.failed, `${file} holds no private JWK`, { help: 'make a new key: interlock agents add' });
  return jwk;
}

function parseJwk(text: string): AgentKey['privateJwk'] | null {
  try {
    const jwk = JSON.parse(text) as Partial<AgentKey['privateJwk']>;
    const complete = typeof jwk.kid === 'string' && typeof jwk.d === 'string' && typeof jwk.alg === 'string';
    return complete ? (jwk as AgentKey['privateJwk']) : null;
  } catch {
    return null;
  }
}
