import type { PublicJwk } from '../../model/agent.ts';
import { sha256Base64url } from '../../model/canonical.ts';
import type { TrustedIssuer } from '../../model/issuer.ts';
import type { JsonObject } from '../../model/json.ts';
import type { ReplayStore } from '../../ports/stores.ts';
import { type CompactJws, CredentialRefused, isSignedBy, readJws } from '../proof/jws.ts';
import type { IssuerKeys } from './issuer-keys.ts';

export const FOREIGN_LIMITS = {
  /** Characters of the whole JWT. */
  length: 16_384,
  skewMs: 30_000,
  textLength: 2_048,
  /** Keys tried when the header names none. */
  keysTried: 10,
} as const;

export type ForeignUse = 'workload' | 'id-jag';

export interface ForeignOptions {
  /** By `iss`. */
  readonly issuers: () => { get(issuer: string): TrustedIssuer | undefined };
  readonly keys: IssuerKeys;
  readonly replay: ReplayStore;
  /** Our own issuer first, then the token endpoint. */
  readonly audiences: () => readonly [issuer: string, tokenEndpoint: string];
}

/** What a trusted issuer said, verified. */
export interface ForeignAssertion {
  readonly issuer: TrustedIssuer;
  readonly subject: string;
  readonly payload: JsonObject;
  readonly expiresAtMs: number;
  /** `null`: it has none. */
  readonly jti: string | null;
  /**
   * Spends it. `false`: it was spent before. Always `true` where the issuer's assertions may be used again. Called last, when everything
   * else is known to be right, so that a refused request costs nobody an assertion.
   */
  spend(): Promise<boolean>;
}

/** An access token, an ID-JAG or a logout token is no workload token, whoever signed it (RFC 8725 section 3.11). */
const TYPES: Readonly<Record<ForeignUse, ReadonlySet<string | null>>> = {
  workload: new Set([null, 'jwt', 'jose']),
  'id-jag': new Set(['oauth-id-jag+jwt']),
};

/**
 * Verifies an assertion of a trusted issuer: a workload's (RFC 7523 section 3, SPIFFE JWT-SVID) or an identity assertion authorization
 * grant (draft-ietf-oauth-identity-assertion-authz-grant section 5). Unknown and disabled issuers are refused in the same words.
 * Throws CredentialRefused; IssuerUnavailable when the issuer's keys cannot be had.
 */
export async function verifyForeign(
  options: ForeignOptions,
  text: string,
  { use, nowMs }: { use: ForeignUse; nowMs: number },
): Promise<ForeignAssertion> {
  const jws = readJws(text, FOREIGN_LIMITS.length);
  if (!TYPES[use].has(jws.typ)) throw new CredentialRefused('the assertion has another "typ" than this grant takes');
  const { payload } = jws;
  const subject = textOf(payload, 'sub');
  const issuer = issuerOf(options, payload, { use, subject });
  checkAudience(options, payload, { use, issuer });
  const expiresAtMs = checkTimes(payload, { nowMs, issuer, use });
  const jti = payload.jti === undefined ? null : textOf(payload, 'jti');
  if (jti === null && use === 'id-jag') throw new CredentialRefused('the assertion has no "jti"');
  const key = await keyThatSigned(options.keys, issuer, jws);
  if (key === null) throw new CredentialRefused('the assertion is not signed by a key of its issuer');
  const id = `foreign:${sha256Base64url(`${issuer.issuer}\n${jti ?? jws.text}`)}`;
  const spend = async () => !issuer.singleUse || (await options.replay.claim(id, expiresAtMs + FOREIGN_LIMITS.skewMs));
  return { issuer, subject, payload, expiresAtMs, jti, spend };
}

const SPIFFE_ID = /^(spiffe:\/\/[a-z0-9._-]{1,255})\/[A-Za-z0-9._/-]+$/;

/** A JWT-SVID names its trust domain in its subject; everybody else is named by `iss`. */
function issuerOf(
  { issuers }: ForeignOptions,
  payload: JsonObject,
  { use, subject }: { use: ForeignUse; subject: string },
): TrustedIssuer {
  const domain = SPIFFE_ID.exec(subject)?.[1];
  const named = payload.iss === undefined && use === 'workload' ? domain : textOf(payload, 'iss');
  const issuer = named === undefined ? undefined : issuers().get(named);
  if (issuer === undefined || !issuer.enabled || !issuer.proves.includes(use)) {
    throw new CredentialRefused('the assertion is of no issuer that is trusted for this');
  }
  // A trust domain vouches for its own workloads only.
  if (issuer.issuer.startsWith('spiffe://') && issuer.issuer !== domain) {
    throw new CredentialRefused('the assertion is of no issuer that is trusted for this');
  }
  return issuer;
}

/** Exactly us: an assertion that is good elsewhere, too, can be replayed from there. */
function checkAudience(
  { audiences }: ForeignOptions,
  { aud }: JsonObject,
  { use, issuer }: Pick<Timing, 'use' | 'issuer'>,
): void {
  const [own, tokenEndpoint] = audiences();
  const list = Array.isArray(aud) ? aud : [aud];
  const accepted: readonly unknown[] = use === 'id-jag' ? [own] : [own, tokenEndpoint, ...issuer.audiences];
  if (list.length === 0 || !list.every((one) => accepted.includes(one)) || (use === 'id-jag' && list.length !== 1)) {
    throw new CredentialRefused(
      `"aud" must be ${use === 'id-jag' ? own : `${tokenEndpoint} or ${own}`}, and nothing else`,
    );
  }
}

interface Timing {
  readonly nowMs: number;
  readonly issuer: TrustedIssuer;
  readonly use: ForeignUse;
}

function checkTimes(payload: JsonObject, { nowMs, issuer, use }: Timing): number {
  const expMs = seconds(payload, 'exp');
  const iatMs = seconds(payload, 'iat');
  const nbfMs = seconds(payload, 'nbf');
  if (expMs === null) throw new CredentialRefused('the assertion has no "exp"');
  if (expMs <= nowMs) throw new CredentialRefused('the assertion has expired');
  if (expMs > nowMs + issuer.maxLifetimeMs + FOREIGN_LIMITS.skewMs) {
    throw new CredentialRefused(`"exp" is more than ${issuer.maxLifetimeMs / 1000} seconds ahead`);
  }
  // A JWT-SVID needs none (SPIFFE JWT-SVID section 3).
  if (iatMs === null && (use === 'id-jag' || payload.iss !== undefined)) {
    throw new CredentialRefused('the assertion has no "iat"');
  }
  const latestMs = nowMs + FOREIGN_LIMITS.skewMs;
  if (iatMs !== null && iatMs > latestMs) throw new CredentialRefused('"iat" is in the future: check the clock');
  if (nbfMs !== null && nbfMs > latestMs) throw new CredentialRefused('the assertion is not valid yet ("nbf")');
  return expMs;
}

async function keyThatSigned(keys: IssuerKeys, issuer: TrustedIssuer, jws: CompactJws): Promise<PublicJwk | null> {
  const fitting = await keys.find(issuer, jws);
  for (const key of fitting.slice(0, FOREIGN_LIMITS.keysTried)) if (await isSignedBy(jws, key)) return key;
  return null;
}

/** NumericDate (RFC 7519 section 2) in milliseconds. */
function seconds(payload: JsonObject, name: string): number | null {
  const value = payload[name];
  if (value === undefined) return null;
  if (typeof value !== 'number' || value < 0 || value > 1e11) throw new CredentialRefused(`"${name}" is not a time`);
  return value * 1000;
}

function textOf(payload: JsonObject, name: string): string {
  const value = payload[name];
  if (typeof value !== 'string' || value === '' || value.length > FOREIGN_LIMITS.textLength) {
    throw new CredentialRefused(`the assertion has no usable "${name}"`);
  }
  return value;
}
