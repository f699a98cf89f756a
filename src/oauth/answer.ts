import type { Json } from '../model/json.ts';

/** An HTTP answer as data: whoever owns the socket writes it. */
export interface HttpAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** RFC 6749 section 5.2, RFC 8707 section 2, RFC 9396 section 5, RFC 9449 section 5, RFC 7591 section 3.2.2, CIBA Core sections 11 and 13; `temporarily_unavailable` as in RFC 6749 section 4.1.2.1. */
export type OAuthError =
  | 'invalid_request'
  | 'invalid_client'
  | 'invalid_grant'
  | 'unauthorized_client'
  | 'invalid_authorization_details'
  | 'invalid_dpop_proof'
  | 'invalid_scope'
  | 'unsupported_grant_type'
  | 'unsupported_response_type'
  | 'invalid_target'
  | 'invalid_redirect_uri'
  | 'invalid_client_metadata'
  | 'authorization_pending'
  | 'slow_down'
  | 'expired_token'
  | 'access_denied'
  | 'unknown_user_id'
  | 'invalid_binding_message'
  | 'temporarily_unavailable';

const STATUS: Readonly<Record<OAuthError, number>> = {
  invalid_request: 400,
  invalid_client: 401,
  invalid_grant: 400,
  unauthorized_client: 400,
  invalid_authorization_details: 400,
  invalid_dpop_proof: 400,
  invalid_scope: 400,
  unsupported_grant_type: 400,
  unsupported_response_type: 400,
  invalid_target: 400,
  invalid_redirect_uri: 400,
  invalid_client_metadata: 400,
  authorization_pending: 400,
  slow_down: 400,
  expired_token: 400,
  access_denied: 400,
  unknown_user_id: 400,
  invalid_binding_message: 400,
  temporarily_unavailable: 503,
};

/** Ends the handling of a request with an OAuth error. `message` is for the client's developer. */
export class OAuthRefused extends Error {
  readonly error: OAuthError;
  readonly headers: Readonly<Record<string, string>>;

  constructor(error: OAuthError, message: string, headers: Readonly<Record<string, string>> = {}) {
    super(message);
    this.name = 'OAuthRefused';
    this.error = error;
    this.headers = headers;
  }
}

/** Tokens and errors about them are never stored (RFC 6749 section 5.1). */
const NO_STORE = { 'cache-control': 'no-store', pragma: 'no-cache' } as const;

export function tokenAnswer(body: Json): HttpAnswer {
  return { status: 200, headers: { 'content-type': 'application/json', ...NO_STORE }, body: JSON.stringify(body) };
}

export function errorAnswer({ error, message, headers }: OAuthRefused): HttpAnswer {
  const body = JSON.stringify({ error, error_description: printable(message) });
  return { status: STATUS[error], headers: { 'content-type': 'application/json', ...NO_STORE, ...headers }, body };
}

/** Public documents; any origin may read them, so that clients in browsers can discover the gateway. */
export function publicDocument(body: Json, maxAgeSeconds: number): HttpAnswer {
  const headers = {
    'content-type': 'application/json',
    'cache-control': `public, max-age=${maxAgeSeconds}`,
    'access-control-allow-origin': '*',
  };
  return { status: 200, headers, body: JSON.stringify(body) };
}

/** RFC 6749 section 5.2 allows %x20-21 / %x23-5B / %x5D-7E in a description. */
function printable(text: string): string {
  return text.replaceAll('"', "'").replace(/[^\x20-\x21\x23-\x5b\x5d-\x7e]/g, '?');
}
