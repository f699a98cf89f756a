/**
 * The one way to fetch a URL on somebody's word: client metadata documents, key sets and metadata of issuers, an identity provider's
 * endpoints. https only, public addresses only, no redirects; where an operator's own configuration names an origin, that origin may be
 * http, loopback or private.
 */
export type WebFetch = (url: string, request?: WebRequest) => Promise<WebAnswer>;

export interface WebRequest {
  readonly method?: 'GET' | 'POST';
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
  /** Of the answer's body. Default 65,536. */
  readonly maxBytes?: number;
  /** For everything: name, connection, answer. Default 5,000. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}

export interface WebAnswer {
  readonly status: number;
  /** Names in lower case; repeated headers joined with a comma. */
  readonly headers: Readonly<Record<string, string>>;
  /** UTF-8. */
  readonly body: string;
}

/** Why nothing came back. `refused`: it was never asked, or its answer not taken, by rule; `failed`: it could not be reached in time. */
export class WebError extends Error {
  readonly kind: 'refused' | 'failed';

  constructor(kind: 'refused' | 'failed', message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = 'WebError';
    this.kind = kind;
  }
}

/** For libraries that take the standard `fetch`: the same rules, a standard `Response`. */
export function asFetch(
  web: WebFetch,
  limits: Pick<WebRequest, 'maxBytes' | 'timeoutMs'> = {},
): (url: string | URL, init?: RequestInit) => Promise<Response> {
  return async (url, init = {}) => {
    const method = (init.method ?? 'GET').toUpperCase();
    if (method !== 'GET' && method !== 'POST') throw new WebError('refused', `the method ${method} is not used here`);
    const body = init.body === undefined || init.body === null ? undefined : textOf(init.body);
    const {
      status,
      headers,
      body: text,
    } = await web(String(url), {
      ...limits,
      method,
      headers: Object.fromEntries(new Headers(init.headers)),
      ...(body === undefined ? {} : { body }),
      ...(init.signal === undefined || init.signal === null ? {} : { signal: init.signal }),
    });
    const empty = status === 204 || status === 205 || status === 304;
    return new Response(empty ? null : text, { status, headers });
  };
}

function textOf(body: NonNullable<RequestInit['body']>): string {
  if (typeof body === 'string') return body;
  if (body instanceof URLSearchParams) return body.toString();
  throw new WebError('refused', 'only texts and forms are sent');
}
