import type { PublicJwk } from './agent.ts';

/** Somebody else whose word is believed about workloads (RFC 7523, SPIFFE) or about people (ID-JAG), and only about what it may prove. */
export interface TrustedIssuer {
  /** `iss`, compared exactly. For JWT-SVIDs, which need no `iss`: the trust domain, `spiffe://example.org`. */
  readonly issuer: string;
  /** `false`: known, and refused. */
  readonly enabled: boolean;
  readonly proves: readonly ('workload' | 'id-jag')[];
  readonly keys: IssuerKeySource;
  /** Values accepted as `aud` of a workload token besides the token endpoint and our own issuer. */
  readonly audiences: readonly string[];
  /** How far ahead `exp` may be. */
  readonly maxLifetimeMs: number;
  /** An assertion is good once. SPIFFE and Kubernetes clients that keep a token until it expires need `false`. */
  readonly singleUse: boolean;
  /** What an ID-JAG of it names a person by. `aud-sub`: our own id (`aud_sub`); `sub`: `externalId`, else our id; `email`: a verified one. */
  readonly person: 'aud-sub' | 'sub' | 'email';
}

export type IssuerKeySource =
  | { readonly kind: 'inline'; readonly keys: readonly PublicJwk[] }
  /** A JWK set or SPIFFE bundle; read again when it is asked for a key it does not have. */
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'url'; readonly url: string }
  /** `jwks_uri` of its metadata (OpenID Connect Discovery, RFC 8414). */
  | { readonly kind: 'discovery' };
