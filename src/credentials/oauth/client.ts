import { randomUUID } from 'node:crypto';
import * as oauth from 'oauth4webapi';
import { type ClientSettings, noCredential } from '../../model/credential.ts';
import { UpstreamFault } from '../../model/fault.ts';
import type { JsonObject } from '../../model/json.ts';
import type { Clock } from '../../ports/clock.ts';
import type { SecretReader } from '../../ports/secrets.ts';
import { asFetch, WebError, type WebFetch } from '../../ports/web.ts';
import { findIssuer, readMetadata } from './metadata.ts';

/** Signs a JWT with the gateway's own key; whoever verifies it takes the key from the gateway's JWKS. */
export type SignJwt = (typ: string, claims: JsonObject) => Promise<string>;

export interface OAuthParts {
  readonly web: WebFetch;
  readonly secrets: SecretReader;
  readonly clock: Clock;
  readonly sign: SignJwt;
}

export type Metadata = oauth.AuthorizationServer;
export type TokenAnswer = oauth.TokenEndpointResponse;

/** The authorization server said no. `error` is its RFC 6749 code; the texts hold no secret. */
export class GrantRefused extends Error {
  readonly error: string;

  constructor(error: string, description: string) {
    super(`the authorization server answered ${error}${description === '' ? '' : `: ${description}`}`);
    this.name = 'GrantRefused';
    this.error = error;
  }
}

const METADATA_MS = 600_000;
const ASSERTION_S = 60;
const WEB_LIMITS = { maxBytes: 262_144, timeoutMs: 10_000 } as const;

/** Interlock as a client of one authorization server. Metadata is kept for ten minutes; every URL goes through the guarded fetch. */
export class UpstreamClient {
  readonly settings: ClientSettings;
  readonly #parts: OAuthParts;
  /** Where the issuer is looked for when none is configured. */
  readonly #serverUrl: string | null;
  #metadata: { readonly found: Promise<Metadata>; readonly untilMs: number } | null = null;

  constructor(settings: ClientSettings, serverUrl: string | null, parts: OAuthParts) {
    this.settings = settings;
    this.#serverUrl = serverUrl;
    this.#parts = parts;
  }

  /** Rejects with an UpstreamFault. */
  metadata(): Promise<Metadata> {
    const nowMs = this.#parts.clock.nowMs();
    if (this.#metadata !== null && this.#metadata.untilMs > nowMs) return this.#metadata.found;
    const found = this.#discover();
    const kept = { found, untilMs: nowMs + METADATA_MS };
    this.#metadata = kept;
    found.catch(() => {
      if (this.#metadata === kept) this.#metadata = null;
    });
    return found;
  }

  async #discover(): Promise<Metadata> {
    const { issuer, tokenEndpoint } = this.settings;
    if (tokenEndpoint !== null) return { issuer: issuer ?? tokenEndpoint, token_endpoint: tokenEndpoint };
    const fetch = asFetch(this.#parts.web, WEB_LIMITS);
    try {
      const found = issuer ?? (await findIssuer(fetch, this.#serverUrl));
      return await readMetadata(fetch, found);
    } catch (error) {
      throw failed('the metadata of the authorization server could not be read', error, []);
    }
  }

  get client(): oauth.Client {
    return { client_id: this.settings.clientId, token_endpoint_auth_method: this.settings.auth };
  }

  /** Options of every request to the authorization server: the guarded fetch decides about http, not the library. */
  get requestOptions() {
    return { [oauth.customFetch]: asFetch(this.#parts.web, WEB_LIMITS), [oauth.allowInsecureRequests]: true } as const;
  }

  /** RFC 6749 section 2.3, RFC 7523 section 2.2. */
  async authentication(): Promise<oauth.ClientAuth> {
    const { auth, clientId, secret } = this.settings;
    if (auth === 'none') return oauth.None();
    if (auth === 'private_key_jwt') return this.#assertion(clientId);
    if (secret === null) throw noCredential('No credential for this server could be obtained', 'no client secret');
    const { value } = await this.#parts.secrets.read(secret);
    return auth === 'client_secret_basic' ? oauth.ClientSecretBasic(value) : oauth.ClientSecretPost(value);
  }

  #assertion(clientId: string): oauth.ClientAuth {
    const { sign, clock } = this.#parts;
    return async (as, _client, body) => {
      const iat = Math.floor(clock.nowMs() / 1000);
      const claims = { iss: clientId, sub: clientId, aud: as.issuer, iat, exp: iat + ASSERTION_S, jti: randomUUID() };
      body.set('client_id', clientId);
      body.set('client_assertion_type', 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer');
      body.set('client_assertion', await sign('JWT', claims));
    };
  }

  /** One token request. Rejects with GrantRefused when the server says no, else with an UpstreamFault. */
  async grant(grantType: string, parameters: Readonly<Record<string, string | null>>): Promise<TokenAnswer> {
    const given = Object.entries(parameters).filter((entry): entry is [string, string] => entry[1] !== null);
    return this.ask(
      async (as, auth) => {
        const answer = await oauth.genericTokenEndpointRequest(
          as,
          this.client,
          auth,
          grantType,
          given,
          this.requestOptions,
        );
        return oauth.processGenericTokenEndpointResponse(as, this.client, answer, {
          recognizedTokenTypes: { n_a: () => {} },
        });
      },
      given.map(([, value]) => value),
    );
  }

  /** Runs one exchange with the token endpoint. `sent` are texts that must not come back in an error. */
  async ask<T>(run: (as: Metadata, auth: oauth.ClientAuth) => Promise<T>, sent: readonly string[]): Promise<T> {
    const as = await this.metadata();
    try {
      return await run(as, await this.authentication());
    } catch (error) {
      throw failed('the authorization server could not be asked', error, sent);
    }
  }
}

/** Errors of the library carry whole answers as their cause: only their words go on, without what was sent. */
function failed(what: string, error: unknown, sent: readonly string[]): Error {
  if (error instanceof UpstreamFault || error instanceof GrantRefused) return error;
  if (error instanceof oauth.ResponseBodyError) {
    return new GrantRefused(plain(error.error, sent), plain(error.error_description ?? '', sent));
  }
  if (error instanceof oauth.AuthorizationResponseError) {
    return new GrantRefused(plain(error.error, sent), plain(error.error_description ?? '', sent));
  }
  if (error instanceof oauth.WWWAuthenticateChallengeError)
    return new GrantRefused('invalid_client', `HTTP ${error.status}`);
  const why = error instanceof WebError || error instanceof Error ? error.message : 'unknown';
  return noCredential(
    'No credential for this server could be obtained; an operator must look',
    `${what}: ${plain(why, sent)}`,
  );
}

function plain(text: string, sent: readonly string[]): string {
  let clean = text.replace(/[^\x20-\x7e]/g, '?').slice(0, 500);
  for (const secret of sent) if (secret.length >= 8) clean = clean.replaceAll(secret, '…');
  return clean;
}

/** When a token is to be replaced: shortly before its end, at most a third of its life early. Unknown: after a minute. */
export function freshUntil(nowMs: number, expiresInS: number | undefined): number {
  if (expiresInS === undefined) return nowMs + 60_000;
  const lifeMs = expiresInS * 1000;
  return nowMs + lifeMs - Math.min(60_000, lifeMs / 3);
}
