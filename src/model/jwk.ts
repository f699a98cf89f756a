import { createPublicKey } from 'node:crypto';
import type { PublicJwk } from './agent.ts';

const ALGORITHMS: Readonly<Record<string, readonly string[]>> = {
  'OKP Ed25519': ['EdDSA', 'Ed25519'],
  'EC P-256': ['ES256'],
  'EC P-384': ['ES384'],
  'RSA -': ['PS256', 'RS256'],
};

/** What keeps a public key from proving anything; `null`: it can. */
export function whyUnusable(key: PublicJwk): string | null {
  const algorithms = ALGORITHMS[`${key.kty} ${key.kty === 'RSA' ? '-' : (key.crv ?? 'none')}`];
  if (algorithms === undefined) return `kty ${key.kty} with crv ${key.crv ?? 'missing'} is not supported`;
  if (key.alg !== undefined && !algorithms.includes(key.alg)) {
    return `alg ${key.alg} does not fit this key (${algorithms.join(' or ')})`;
  }
  try {
    const imported = createPublicKey({ key: { ...key }, format: 'jwk' });
    const bits = imported.asymmetricKeyDetails?.modulusLength ?? 2048;
    return bits < 2048 ? `an RSA key of ${bits} bits is too short; at least 2048 are needed` : null;
  } catch {
    return 'these values are no valid public key';
  }
}
