import { type CryptoKey, compactVerify, importJWK } from 'jose';
import type { PublicJwk } from '../../model/agent.ts';
import { isObject, type JsonObject } from '../../model/json.ts';
import { parseStrict } from '../../model/strict-json.ts';

/** A credential that proves nothing. The message is written for its bearer: what is wrong with it, never how close it came. */
export class CredentialRefused extends Error {
  constructor(message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = 'CredentialRefused';
  }
}

export interface CompactJws {
  readonly text: string;
  readonly alg: string;
  readonly kid: string | null;
  /** Media type without `application/`, lower case (RFC 7515 section 4.1.9). */
  readonly typ: string | null;
  /** The key the token brings along; only where the reader said it accepts one, else `null`. Proves possession, never identity. */
  readonly jwk: JsonObject | null;
  /** Not verified yet. */
  readonly payload: JsonObject;
}

const COMPACT = /^([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)$/;
const LIMITS = { maxDepth: 16, maxNodes: 500 };
const MAX_KID_LENGTH = 200;
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Members that would let a token choose the key it is checked with, or change what its bytes mean (RFC 8725 sections 3.1, 3.10). */
const REFUSED_HEADERS = ['crit', 'b64', 'jku', 'jwk', 'x5u', 'x5c', 'zip', 'enc'] as const;

/**
 * Reads a compact JWS without trusting it: bounded, one spelling only (canonical base64url, UTF-8, JSON without duplicate names).
 * `ownKey`: the header must hold the public key (a DPoP proof, RFC 9449 section 4.2). Throws CredentialRefused.
 */
export function readJws(text: string, maxLength: number, { ownKey = false } = {}): CompactJws {
  if (text.length > maxLength) throw new CredentialRefused(`the token is longer than ${maxLength} characters`);
  const parts = COMPACT.exec(text);
  if (parts === null) throw new CredentialRefused('the token is not a signed JWT');
  const header = readPart(parts[1] as string);
  const payload = readPart(parts[2] as string);
  decode(parts[3] as string);
  for (const name of REFUSED_HEADERS) {
    if (header[name] !== undefined && !(ownKey && name === 'jwk')) {
      throw new CredentialRefused(`the header member "${name}" is not accepted`);
    }
  }
  const { alg, kid, typ, jwk } = header;
  if (ownKey && !isObject(jwk)) throw new CredentialRefused('the header has no "jwk"');
  if (typeof alg !== 'string') throw new CredentialRefused('the header has no "alg"');
  if (kid !== undefined && (typeof kid !== 'string' || kid === '' || kid.length > MAX_KID_LENGTH)) {
    throw new CredentialRefused('the header member "kid" is not a usable key id');
  }
  if (typ !== undefined && typeof typ !== 'string')
    throw new CredentialRefused('the header member "typ" is not a text');
  const media = typ === undefined ? null : mediaType(typ);
  return { text, alg, kid: kid ?? null, typ: media, jwk: isObject(jwk) ? jwk : null, payload };
}

function mediaType(typ: string): string {
  return typ.toLowerCase().replace(/^application\//, '');
}

function readPart(part: string): JsonObject {
  let value: unknown;
  try {
    value = parseStrict(utf8.decode(decode(part)), LIMITS);
  } catch (cause) {
    if (cause instanceof CredentialRefused) throw cause;
    throw new CredentialRefused('the token does not hold valid JSON', { cause });
  }
  if (!isObject(value)) throw new CredentialRefused('the token does not hold JSON objects');
  return value;
}

/** Base64url has several spellings of the same bytes (loose last bits); only the canonical one is a token. */
function decode(part: string): Buffer {
  const bytes = Buffer.from(part, 'base64url');
  if (bytes.toString('base64url') !== part) throw new CredentialRefused('the token is not canonical base64url');
  return bytes;
}

const RSA_MODULUS_BYTES = { min: 256, max: 1024 } as const;
const ALGORITHMS: ReadonlyMap<string, readonly string[]> = new Map([
  ['EC P-256', ['ES256']],
  ['EC P-384', ['ES384']],
  ['OKP Ed25519', ['EdDSA', 'Ed25519']],
  ['RSA', ['PS256', 'RS256']],
]);

/** Every algorithm a registered key can have; published as `token_endpoint_auth_signing_alg_values_supported`. */
export const SIGNATURE_ALGORITHMS: readonly string[] = [...ALGORITHMS.values()].flat();

const usable = new WeakMap<PublicJwk, readonly string[]>();

/**
 * Algorithms a public key verifies: decided by the key, never by the token (RFC 8725 section 3.1). Symmetric algorithms and `none`
 * are in no list. Empty for a key that must not prove anything.
 */
export function algorithmsOf(key: PublicJwk): readonly string[] {
  let algorithms = usable.get(key);
  if (algorithms === undefined) {
    algorithms = findAlgorithms(key);
    usable.set(key, algorithms);
  }
  return algorithms;
}

function findAlgorithms(key: PublicJwk): readonly string[] {
  const byType = ALGORITHMS.get(key.kty === 'RSA' ? 'RSA' : `${key.kty} ${key.crv ?? ''}`) ?? [];
  if (key.kty === 'RSA') {
    const modulus = Buffer.from(key.n ?? '', 'base64url');
    if (modulus.length < RSA_MODULUS_BYTES.min || modulus.length > RSA_MODULUS_BYTES.max) return [];
    if (hasRocaStructure(BigInt(`0x${modulus.toString('hex')}`))) return [];
  }
  if (key.alg === undefined || key.kty === 'OKP') return byType;
  return byType.filter((alg) => alg === key.alg);
}

const ROCA_PRIMES = [
  3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83, 89, 97, 101, 103, 107, 109, 113,
  127, 131, 137, 139, 149, 151, 157, 163, 167,
];

/**
 * RSA keys of a broken generator (CVE-2017-15361) can be factored: their modulus is a power of 65537 modulo every small prime. A
 * sound key looks like that by chance once in 2^27.
 */
function hasRocaStructure(modulus: bigint): boolean {
  return ROCA_PRIMES.every((prime) => {
    const rest = Number(modulus % BigInt(prime));
    for (let power = 1, step = 0; step < prime; step++) {
      if (power === rest) return true;
      power = (power * 65_537) % prime;
    }
    return false;
  });
}

const imported = new WeakMap<PublicJwk, Map<string, Promise<CryptoKey | Uint8Array>>>();

/** Keys come from an immutable registry: importing one costs more than a signature check and is done once. */
function importOnce(key: PublicJwk, alg: string): Promise<CryptoKey | Uint8Array> {
  let byAlg = imported.get(key);
  if (byAlg === undefined) {
    byAlg = new Map();
    imported.set(key, byAlg);
  }
  let promise = byAlg.get(alg);
  if (promise === undefined) {
    promise = importJWK({ ...key }, alg);
    byAlg.set(alg, promise);
  }
  return promise;
}

/** Whether this key made the signature (RFC 7515 section 5.2). A key of the wrong type or one that cannot be used made none. */
export async function isSignedBy(jws: CompactJws, key: PublicJwk): Promise<boolean> {
  if (!algorithmsOf(key).includes(jws.alg)) return false;
  try {
    await compactVerify(jws.text, await importOnce(key, jws.alg), { algorithms: [jws.alg] });
    return true;
  } catch {
    return false;
  }
}
