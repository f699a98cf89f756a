import type { PublicJwk } from '../../model/agent.ts';
import { sha256Base64url } from '../../model/canonical.ts';
import type { JsonObject } from '../../model/json.ts';
import type { ReplayStore } from '../../ports/stores.ts';
import { algorithmsOf, CredentialRefused, isSignedBy, readJws } from './jws.ts';
import { thumbprint } from './keys.ts';

export const DPOP_LIMITS = {
  /** Characters of the whole proof. */
  length: 4096,
  /** How old a proof may be (RFC 9449 section 11.1). */
  ageMs: 60_000,
  /** How far the client's clock may be ahead. */
  skewMs: 30_000,
  jtiLength: 256,
} as const;

/** Published as `dpop_signing_alg_values_supported`, for authorization server and resources alike. */
export const DPOP_ALGORITHMS: readonly string[] = ['ES256', 'ES384', 'Ed25519', 'EdDSA', 'PS256'];

/** RFC 9449 sections 5 and 8: what the client must do differently. */
export class DpopRefused extends CredentialRefused {
  readonly error: 'invalid_dpop_proof' | 'use_dpop_nonce';

  constructor(message: string, error: 'invalid_dpop_proof' | 'use_dpop_nonce' = 'invalid_dpop_proof') {
    super(message);
    this.name = 'DpopRefused';
    this.error = error;
  }
}

export interface DpopRequest {
  /** The DPoP header; all of them when there are several. */
  readonly proof: string | readonly string[] | undefined;
  /** HTTP method, as sent. */
  readonly method: string;
  /** The address as clients call it; query and fragment do not count. */
  readonly url: string;
  /** The access token the request presents: the proof must name it (`ath`). Left out where tokens are asked for. */
  readonly accessToken?: string;
  /** Where nonces are demanded: whether this one is good. */
  readonly isNonce?: (nonce: string) => boolean;
  readonly nowMs: number;
}

const NAME = /^[\x20-\x7e]+$/;
const PUBLIC_MEMBERS = ['kty', 'crv', 'x', 'y', 'n', 'e'] as const;
const PRIVATE_MEMBERS = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k', 'priv'] as const;

/**
 * Verifies a DPoP proof (RFC 9449 section 4.3) and returns the RFC 7638 thumbprint of its key, for comparison with `cnf.jkt`. The
 * single use is spent last, so that nobody without the key can burn a proof. Throws DpopRefused; what the store throws passes through.
 */
export async function verifyDpop(replay: ReplayStore, request: DpopRequest): Promise<string> {
  const jws = read(request.proof);
  if (jws.typ !== 'dpop+jwt') throw new DpopRefused('the DPoP proof has another "typ" than dpop+jwt');
  if (!DPOP_ALGORITHMS.includes(jws.alg)) throw new DpopRefused(`"alg" must be one of ${DPOP_ALGORITHMS.join(', ')}`);
  const key = publicKey(jws.jwk);
  const { payload } = jws;
  const iatMs = checkTime(payload, request.nowMs);
  checkRequest(payload, request);
  const { jti, nonce } = payload;
  if (typeof jti !== 'string' || jti === '' || jti.length > DPOP_LIMITS.jtiLength || !NAME.test(jti)) {
    throw new DpopRefused('the DPoP proof has no usable "jti"');
  }
  if (!(await isSignedBy(jws, key))) throw new DpopRefused('the DPoP proof is not signed by the key it names');
  if (request.isNonce !== undefined && (typeof nonce !== 'string' || !request.isNonce(nonce))) {
    throw new DpopRefused('use the nonce of the DPoP-Nonce header', 'use_dpop_nonce');
  }
  const jkt = thumbprint(key);
  const id = `dpop:${sha256Base64url(`${jkt}\n${jti}`)}`;
  const first = await replay.claim(id, iatMs + DPOP_LIMITS.ageMs + DPOP_LIMITS.skewMs);
  if (!first) throw new DpopRefused('the DPoP proof was used before: sign a new one for every request');
  return jkt;
}

function read(proof: string | readonly string[] | undefined): ReturnType<typeof readJws> {
  const one = typeof proof === 'string' ? proof : proof?.length === 1 ? proof[0] : undefined;
  if (one === undefined) {
    throw new DpopRefused(proof === undefined ? 'a DPoP proof is required' : 'send exactly one DPoP header');
  }
  try {
    return readJws(one, DPOP_LIMITS.length, { ownKey: true });
  } catch (error) {
    if (error instanceof CredentialRefused) throw new DpopRefused(error.message);
    throw error;
  }
}

/** A copy with the public members only, so that nothing else in the header can matter. */
function publicKey(jwk: JsonObject | null): PublicJwk {
  if (jwk === null || PRIVATE_MEMBERS.some((name) => jwk[name] !== undefined)) {
    throw new DpopRefused('the "jwk" of the DPoP proof must be a public key and nothing else');
  }
  const members: Record<string, string> = { kid: '' };
  for (const name of PUBLIC_MEMBERS) {
    const value = jwk[name];
    if (value === undefined) continue;
    if (typeof value !== 'string' || !NAME.test(value)) throw new DpopRefused(`"jwk" has no usable "${name}"`);
    members[name] = value;
  }
  const key = members as unknown as PublicJwk;
  if (algorithmsOf(key).length === 0) throw new DpopRefused('the key of the DPoP proof is of no accepted type');
  return key;
}

function checkTime(payload: JsonObject, nowMs: number): number {
  const { iat, exp, nbf } = payload;
  if (typeof iat !== 'number' || iat < 0 || iat > 1e11) throw new DpopRefused('the DPoP proof has no usable "iat"');
  const iatMs = iat * 1000;
  if (iatMs > nowMs + DPOP_LIMITS.skewMs) throw new DpopRefused('"iat" is in the future: check the clock');
  if (iatMs < nowMs - DPOP_LIMITS.ageMs) throw new DpopRefused('the DPoP proof is too old: sign one for every request');
  if (exp !== undefined && (typeof exp !== 'number' || exp * 1000 <= nowMs)) {
    throw new DpopRefused('the DPoP proof has expired');
  }
  if (nbf !== undefined && (typeof nbf !== 'number' || nbf * 1000 > nowMs + DPOP_LIMITS.skewMs)) {
    throw new DpopRefused('the DPoP proof is not valid yet');
  }
  return iatMs;
}

function checkRequest(payload: JsonObject, { method, url, accessToken }: DpopRequest): void {
  if (payload.htm !== method) throw new DpopRefused('the DPoP proof is for another method ("htm")');
  const wanted = normalized(url);
  if (typeof payload.htu !== 'string' || wanted === null || normalized(payload.htu) !== wanted) {
    throw new DpopRefused('the DPoP proof is for another address ("htu")');
  }
  if (accessToken !== undefined && payload.ath !== sha256Base64url(accessToken)) {
    throw new DpopRefused('the DPoP proof is not for this access token ("ath")');
  }
}

/** RFC 9449 section 4.3, item 9: without query and fragment, after syntax- and scheme-based normalisation (RFC 3986 section 6.2). */
function normalized(text: string): string | null {
  if (text.length > 2048 || !URL.canParse(text)) return null;
  const url = new URL(text);
  // A child process has no address: what is for it names it.
  if (url.protocol === 'urn:') return url.href;
  if ((url.protocol !== 'https:' && url.protocol !== 'http:') || url.username !== '' || url.password !== '')
    return null;
  url.search = '';
  url.hash = '';
  return url.href;
}
