import {
  type CompactVerifyGetKey,
  compactVerify,
  createLocalJWKSet,
  createRemoteJWKSet,
  decodeProtectedHeader,
  errors,
  type JSONWebKeySet,
} from 'jose';
import { ACTION_ALGORITHM, ACTION_LIMITS, ACTION_TYP } from '../model/action-credential.ts';
import { isObject, type JsonObject } from '../model/json.ts';
import { type Reason, Refused } from './reasons.ts';

/** Where the gateway's keys come from: given, or fetched and kept (at most ten minutes) from its key set. */
export interface Keys {
  readonly jwks?: JSONWebKeySet | undefined;
  readonly jwksUri: string;
}

const FETCH_MS = 5_000;
const remote = new Map<string, CompactVerifyGetKey>();
const local = new WeakMap<JSONWebKeySet, CompactVerifyGetKey>();
/** A program verifies for few gateways; addresses made from requests must not fill its memory. */
const MAX_SETS = 100;

/** The payload of a credential the gateway signed. Throws Refused. */
export async function verifySignature(token: string, keys: Keys): Promise<JsonObject> {
  if (token.length > ACTION_LIMITS.length) throw new Refused('malformed');
  checkHeader(token);
  const set = keySet(keys);
  try {
    // The key decides the algorithm, not the token (RFC 8725 section 3.1).
    const { payload } = await compactVerify(token, set, { algorithms: [ACTION_ALGORITHM] });
    return readPayload(payload);
  } catch (error) {
    throw error instanceof Refused ? error : new Refused(reasonOf(error), error);
  }
}

function checkHeader(token: string): void {
  let header: ReturnType<typeof decodeProtectedHeader>;
  try {
    header = decodeProtectedHeader(token);
  } catch (error) {
    throw new Refused('malformed', error);
  }
  if (header.typ !== ACTION_TYP) throw new Refused('typ');
  if (header.alg !== ACTION_ALGORITHM) throw new Refused('alg');
  if (typeof header.kid !== 'string') throw new Refused('unknown-key');
}

function readPayload(bytes: Uint8Array): JsonObject {
  const value: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  if (!isObject(value)) throw new Refused('claims');
  return value;
}

/** Throws a TypeError for an address that is none. */
function keySet({ jwks, jwksUri }: Keys): CompactVerifyGetKey {
  if (jwks !== undefined) {
    const known = local.get(jwks) ?? createLocalJWKSet(jwks);
    local.set(jwks, known);
    return known;
  }
  let known = remote.get(jwksUri);
  if (known === undefined) {
    if (remote.size >= MAX_SETS) remote.clear();
    known = createRemoteJWKSet(new URL(jwksUri), { timeoutDuration: FETCH_MS });
    remote.set(jwksUri, known);
  }
  return known;
}

function reasonOf(error: unknown): Reason {
  if (error instanceof errors.JWKSNoMatchingKey || error instanceof errors.JWKSMultipleMatchingKeys)
    return 'unknown-key';
  if (error instanceof errors.JWSSignatureVerificationFailed) return 'signature';
  if (error instanceof errors.JOSEAlgNotAllowed) return 'alg';
  if (error instanceof errors.JWSInvalid || error instanceof errors.JOSENotSupported) return 'malformed';
  // What is left: the key set was not reached, not answered in time, or is none; or what was signed is no JSON.
  return error instanceof SyntaxError ? 'claims' : 'keys-unavailable';
}
