import { SignJWT } from 'jose';
import { CredentialRefused, isSignedBy, readJws } from '../../identity/proof/jws.ts';
import { SIGNING_ALGORITHM, type SigningKeys } from '../../identity/proof/keys.ts';
import type { JsonObject } from '../../model/json.ts';

const MAX_LENGTH = 16_384;
const SKEW_MS = 30_000;

export interface OwnIdToken {
  readonly token: string;
  readonly issuer: string;
  /** The clients it may have been issued to. */
  readonly clients: readonly string[];
  readonly nowMs: number;
  /** As a hint it says who is meant, which does not expire. */
  readonly asHint?: boolean;
}

/** The claims of an ID token of our own (OpenID Connect Core section 3.1.3.7). Throws CredentialRefused. */
export async function readOwnIdToken(
  keys: SigningKeys,
  shown: OwnIdToken,
): Promise<JsonObject & { readonly sub: string }> {
  const jws = readJws(shown.token, MAX_LENGTH);
  const key = jws.alg === SIGNING_ALGORITHM && jws.kid !== null ? keys.find(jws.kid) : undefined;
  // An access token, an ID-JAG and everything else that we sign says what it is.
  if (jws.typ !== null && jws.typ !== 'jwt') throw new CredentialRefused('this is no ID token');
  if (key === undefined || !(await isSignedBy(jws, key))) throw new CredentialRefused('it was not signed here');
  const { iss, aud, azp, sub, exp, iat } = jws.payload;
  if (iss !== shown.issuer) throw new CredentialRefused('it was issued by somebody else');
  const audience = Array.isArray(aud) && aud.length === 1 ? aud[0] : aud;
  const own =
    typeof audience === 'string' && shown.clients.includes(audience) && (azp === undefined || azp === audience);
  if (!own) throw new CredentialRefused('it was issued for another client');
  if (typeof exp !== 'number' || (shown.asHint !== true && exp * 1000 <= shown.nowMs))
    throw new CredentialRefused('it has expired');
  if (typeof iat !== 'number' || iat * 1000 > shown.nowMs + SKEW_MS) throw new CredentialRefused('it is not valid yet');
  if (typeof sub !== 'string') throw new CredentialRefused('it names nobody');
  return { ...jws.payload, sub };
}

/** What an ID token says beside who issued it and when. */
export interface IdTokenClaims extends JsonObject {
  readonly sub: string;
  readonly aud: string;
}

/** Signs an ID token (OpenID Connect Core section 2). */
export function signIdToken(
  keys: SigningKeys,
  claims: IdTokenClaims,
  { issuer, nowMs, ttlMs }: { issuer: string; nowMs: number; ttlMs: number },
): Promise<string> {
  const key = keys.current();
  const iat = Math.floor(nowMs / 1000);
  const payload = { iss: issuer, iat, exp: iat + Math.max(1, Math.floor(ttlMs / 1000)), ...claims };
  const header = { alg: SIGNING_ALGORITHM, typ: 'JWT', kid: key.kid };
  return new SignJWT(payload).setProtectedHeader(header).sign(key.privateKey);
}
