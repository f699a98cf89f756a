import { type KeyObject, sign } from 'node:crypto';
import type { JsonObject } from '../../model/json.ts';

/**
 * A compact JWS (RFC 7515 section 7.1) with ES256, at once: between the last look at the kill switch and the first byte to the server
 * nothing may wait, and the usual libraries sign asynchronously. Members stand in the order given.
 */
export function signNow(header: JsonObject, claims: JsonObject, key: KeyObject): string {
  return signPart(encode(header), claims, key);
}

/** The same with a header that was encoded before. */
export function signPart(header: string, claims: JsonObject, key: KeyObject): string {
  const input = `${header}.${encode(claims)}`;
  // RFC 7518 section 3.4: R and S side by side, not DER.
  const signature = sign('sha256', Buffer.from(input), { key, dsaEncoding: 'ieee-p1363' });
  return `${input}.${signature.toString('base64url')}`;
}

export function encode(part: JsonObject): string {
  return Buffer.from(JSON.stringify(part)).toString('base64url');
}
