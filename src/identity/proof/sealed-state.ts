import { SignJWT } from 'jose';
import type { JsonObject } from '../../model/json.ts';
import { CredentialRefused, isSignedBy, readJws } from './jws.ts';
import { SIGNING_ALGORITHM, type SigningKeys } from './keys.ts';

/** Never an access token, and never taken for one (RFC 8725 section 3.11). */
const TYP = 'interlock-state+jwt';
const MAX_LENGTH = 64 * 1024;

/**
 * State that a client carries for the gateway between two requests (MCP 2026-07-28, patterns/mrtr, `requestState`): signed with the
 * gateway's keys, so that every gateway on one store reads what another wrote. It proves where it comes from, and grants nothing.
 */
export interface SealedState {
  /** Rejects with CredentialRefused when it would be too long to be read again. */
  seal(payload: JsonObject, expiresAtMs: number): Promise<string>;
  /** `null`: not made here, changed, or over. */
  open(text: string, nowMs: number): Promise<JsonObject | null>;
}

export function sealedState(keys: SigningKeys): SealedState {
  return {
    async seal(payload, expiresAtMs) {
      const key = keys.current();
      const header = { alg: SIGNING_ALGORITHM, typ: TYP, kid: key.kid };
      const claims = { exp: Math.ceil(expiresAtMs / 1000), state: payload };
      const text = await new SignJWT(claims).setProtectedHeader(header).sign(key.privateKey);
      if (text.length > MAX_LENGTH) throw new CredentialRefused('the state of the request would be too long');
      return text;
    },
    async open(text, nowMs) {
      try {
        const jws = readJws(text, MAX_LENGTH);
        const key = jws.alg === SIGNING_ALGORITHM && jws.kid !== null ? keys.find(jws.kid) : undefined;
        if (key === undefined || jws.typ !== TYP || !(await isSignedBy(jws, key))) return null;
        const { exp, state } = jws.payload;
        return typeof exp === 'number' && exp * 1000 > nowMs ? (state as JsonObject) : null;
      } catch (error) {
        if (error instanceof CredentialRefused) return null;
        throw error;
      }
    },
  };
}
