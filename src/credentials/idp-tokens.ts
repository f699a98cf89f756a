import { isObject } from '../model/json.ts';
import type { Vault } from './vault/vault.ts';

/** What an identity provider gave when a person signed in; good for asking it for assertions about that person. */
export interface IdpToken {
  readonly issuer: string;
  readonly idToken: string | null;
  /** Wall clock. */
  readonly idTokenExpiresAtMs: number | null;
  readonly refreshToken: string | null;
}

/** Keeps the newest sign-in of a person at one identity provider. */
export async function saveIdpToken(vault: Vault, person: string, token: IdpToken): Promise<void> {
  const { issuer, idToken, idTokenExpiresAtMs, refreshToken } = token;
  const secret = { issuer, idToken, idTokenExpiresAtMs, refreshToken };
  await vault.set({ ...placeOf(person, issuer), expiresAtMs: null, secret });
}

/** `null`: this person has not signed in there. Throws VaultFault. */
export async function idpTokenOf(vault: Vault, person: string, issuer: string): Promise<IdpToken | null> {
  const { kind, id } = placeOf(person, issuer);
  const secret = (await vault.get(kind, id))?.secret;
  if (!isObject(secret) || secret.issuer !== issuer) return null;
  const { idToken, idTokenExpiresAtMs, refreshToken } = secret;
  return {
    issuer,
    idToken: typeof idToken === 'string' ? idToken : null,
    idTokenExpiresAtMs: typeof idTokenExpiresAtMs === 'number' ? idTokenExpiresAtMs : null,
    refreshToken: typeof refreshToken === 'string' ? refreshToken : null,
  };
}

function placeOf(person: string, issuer: string): { kind: 'idp-token'; id: string; owner: string } {
  return { kind: 'idp-token', id: JSON.stringify([person, issuer]), owner: `person:${person}` };
}
