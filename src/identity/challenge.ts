import { Fault } from '../model/fault.ts';
import { DPOP_ALGORITHMS } from './proof/dpop.ts';
import { type Resources, resourceMetadataUrl } from './resources.ts';

/** RFC 6750 section 3.1. */
export type BearerError = 'invalid_request' | 'invalid_token' | 'insufficient_scope';

export interface ChallengeParts {
  /** `null` when the request carried no credentials: RFC 6750 section 3 then wants no error. */
  readonly error: BearerError | null;
  readonly description: string;
  /** RFC 9728 section 5.1. */
  readonly resourceMetadata: string;
  /** What more is needed (`insufficient_scope`). */
  readonly scope?: string;
  /** What was wrong with the DPoP proof (RFC 9449 section 7.1). */
  readonly dpop?: 'invalid_dpop_proof' | 'use_dpop_nonce' | null;
}

const FAULT_OF = {
  invalid_request: 'invalid-request',
  invalid_token: 'unauthenticated',
  insufficient_scope: 'forbidden',
} as const;

/**
 * A request that proves nobody. HTTP 401 (400 when the request itself is malformed, 403 when the token covers too little), with `challenge` as the value of
 * `WWW-Authenticate`.
 */
export class AuthFault extends Fault {
  readonly challenge: string;

  constructor(parts: ChallengeParts, options: { detail?: string; cause?: unknown } = {}) {
    super(parts.error === null ? 'unauthenticated' : FAULT_OF[parts.error], parts.description, options);
    this.name = 'AuthFault';
    this.challenge = challengeOf(parts);
  }
}

/** Parts that are absent are left out. A wrong proof is challenged in its own scheme (RFC 9449 section 7.1). */
function challengeOf({ error, description, resourceMetadata, scope, dpop }: ChallengeParts): string {
  const proof = dpop !== undefined && dpop !== null;
  const fields = [proof ? `DPoP algs="${DPOP_ALGORITHMS.join(' ')}"` : 'Bearer realm="interlock"'];
  if (error !== null) fields.push(`error="${proof ? dpop : error}"`, `error_description="${quotable(description)}"`);
  if (scope !== undefined) fields.push(`scope="${quotable(scope)}"`);
  fields.push(`resource_metadata="${quotable(resourceMetadata)}"`);
  return fields.join(', ');
}

/** RFC 6750 section 3: %x20-21 / %x23-5B / %x5D-7E. Double quotes become single ones; nothing can break out of the header. */
function quotable(text: string): string {
  return text.replaceAll('"', "'").replace(/[^\x20-\x21\x23-\x5b\x5d-\x7e]/g, '?');
}

/** The 403 for a token whose scopes do not cover a call: names what more to ask for (MCP authorization, "Scope Challenge Handling"). */
export function stepUp(resources: Resources, { scope, audience }: { scope: string; audience: string }): AuthFault {
  return new AuthFault({
    error: 'insufficient_scope',
    description: `this action needs the scope ${scope}`,
    scope,
    resourceMetadata: resourceMetadataUrl(resources, audience),
  });
}
