import { calculateJwkThumbprint, compactVerify, decodeProtectedHeader, importJWK, type JWK } from 'jose';
import { ACTION_LIMITS, type ActionClaims } from '../model/action-credential.ts';
import { sha256Base64url } from '../model/canonical.ts';
import { isObject, type JsonObject } from '../model/json.ts';
import { Refused } from './reasons.ts';

/** Asymmetric ones only: a proof that could be made with what is in it proves nothing. */
const ALGORITHMS: readonly string[] = ['ES256', 'Ed25519', 'EdDSA'];
const PRIVATE: readonly string[] = ['d', 'k', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'priv'];
/** The clock that made both is one; it may have ticked between them. */
const TICK_MS = 1_000;

export interface Presented {
  readonly token: string;
  readonly proof: string | null;
  readonly claims: ActionClaims;
  /** What the tool was asked, as the gateway addressed it. Left out: not compared. */
  readonly request: { readonly method: string; readonly url: string } | undefined;
}

/** RFC 9449 section 4.3, for a proof that was made with the credential it comes with. Throws Refused. */
export async function verifyProof({ token, proof, claims, request }: Presented): Promise<void> {
  if (claims.jkt === null) return;
  if (proof === null) throw new Refused('proof-missing');
  const { key, alg } = readKey(proof);
  // Else anybody's proof would do: this is what makes its signature worth checking.
  if ((await calculateJwkThumbprint(key).catch(refuse)) !== claims.jkt) throw new Refused('proof-key');
  const { jti, iat, htm, htu, ath } = await verified(proof, key, alg);
  if (typeof jti !== 'string' || jti === '' || typeof htm !== 'string' || typeof htu !== 'string')
    throw new Refused('proof');
  if (ath !== sha256Base64url(token)) throw new Refused('proof-token');
  const atMs = typeof iat === 'number' ? iat * 1000 : Number.NaN;
  if (!(atMs >= claims.issuedAtMs - TICK_MS && atMs <= claims.expiresAtMs)) throw new Refused('proof');
  if (request !== undefined && (htm !== request.method || normal(htu) !== normal(request.url)))
    throw new Refused('proof-request');
}

function readKey(proof: string): { readonly key: JWK; readonly alg: string } {
  if (proof.length > ACTION_LIMITS.proofLength) throw new Refused('proof');
  let header: ReturnType<typeof decodeProtectedHeader>;
  try {
    header = decodeProtectedHeader(proof);
  } catch (error) {
    throw new Refused('proof', error);
  }
  const { typ, alg, jwk } = header;
  const usable = typ === 'dpop+jwt' && typeof alg === 'string' && ALGORITHMS.includes(alg);
  if (!usable || !isObject(jwk) || PRIVATE.some((name) => name in jwk)) throw new Refused('proof');
  return { key: jwk as JWK, alg: alg as string };
}

async function verified(proof: string, key: JWK, alg: string): Promise<JsonObject> {
  try {
    const { payload } = await compactVerify(proof, await importJWK(key, alg), { algorithms: [alg] });
    const value: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(payload));
    if (isObject(value)) return value;
  } catch (error) {
    throw new Refused('proof', error);
  }
  throw new Refused('proof');
}

function refuse(cause: unknown): never {
  throw new Refused('proof', cause);
}

/** Without query and fragment, in one spelling. */
function normal(text: string): string {
  const url = URL.parse(text);
  if (url === null) return text;
  url.search = '';
  url.hash = '';
  return url.href;
}
