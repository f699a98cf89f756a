import { Fault } from '../model/fault.ts';

/** RFC 6750 section 3.1, as far as a gateway that has no scopes needs it. */
export type BearerError = 'invalid_request' | 'invalid_token';

export interface ChallengeParts {
  /** `null` when the request carried no credentials: RFC 6750 section 3 then wants no error. */
  readonly error: BearerError | null;
  readonly description: string;
  /** RFC 9728 section 5.1. */
  readonly resourceMetadata: string;
}

/**
 * A request that proves nobody. HTTP 401 (400 when the request itself is malformed), with `challenge` as the value of
 * `WWW-Authenticate`.
 */
export class AuthFault extends Fault {
  readonly challenge: string;

  constructor(parts: ChallengeParts, options: { detail?: string; cause?: unknown } = {}) {
    super(parts.error === 'invalid_request' ? 'invalid-request' : 'unauthenticated', parts.description, options);
    this.name = 'AuthFault';
    this.challenge = challengeOf(parts);
  }
}

function challengeOf({ error, description, resourceMetadata }: ChallengeParts): string {
  const fields = ['Bearer realm="interlock"'];
  if (error !== null) fields.push(`error="${error}"`, `error_description="${quotable(description)}"`);
  fields.push(`resource_metadata="${quotable(resourceMetadata)}"`);
  return fields.join(', ');
}

/** RFC 6750 section 3: %x20-21 / %x23-5B / %x5D-7E. Double quotes become single ones; nothing can break out of the header. */
function quotable(text: string): string {
  return text.replaceAll('"', "'").replace(/[^\x20-\x21\x23-\x5b\x5d-\x7e]/g, '?');
}
