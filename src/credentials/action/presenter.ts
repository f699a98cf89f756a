import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { ACTION_ALGORITHM } from '../../model/action-credential.ts';
import { digestJson, sha256Base64url } from '../../model/canonical.ts';
import { encode, signPart } from './sign.ts';

/** Where a proof is good: the method and address of the request it comes with. */
export interface Target {
  readonly method: string;
  readonly url: string;
}

/** Who presents credentials: this process, by a key of its own that never leaves it. */
export interface Presenter {
  /** RFC 7638 thumbprint, for `cnf.jkt`. */
  readonly jkt: string;
  /** A proof (RFC 9449 section 4.2) for that token and request. */
  prove(token: string, target: Target, nowMs: number): string;
}

/** With a new key: what was bound to the one of another process, or of an earlier run, cannot be presented by this one. */
export function openPresenter(): Presenter {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const { crv, kty, x, y } = publicKey.export({ format: 'jwk' }) as Record<'crv' | 'kty' | 'x' | 'y', string>;
  const jwk = { crv, kty, x, y };
  const header = encode({ typ: 'dpop+jwt', alg: ACTION_ALGORITHM, jwk });
  return {
    jkt: digestJson(jwk),
    prove(token, { method, url }, nowMs) {
      const at = Math.floor(nowMs / 1000);
      const claims = { jti: randomBytes(16).toString('base64url'), htm: method, htu: url, iat: at };
      return signPart(header, { ...claims, ath: sha256Base64url(token) }, privateKey);
    },
  };
}
