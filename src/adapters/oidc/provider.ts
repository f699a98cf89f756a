import { createPrivateKey, type KeyObject, type webcrypto } from 'node:crypto';
import * as client from 'openid-client';
import type { JsonObject } from '../../model/json.ts';
import type { Clock } from '../../ports/clock.ts';
import { type IdentityProvider, type ProviderAnswer, ProviderFailed } from '../../ports/identity-provider.ts';
import { boundedFetch } from './fetch.ts';

/** How long what the provider says of itself is believed. Its keys are looked up anew whenever an unknown one signs. */
const DISCOVERY_MS = 3_600_000;

export interface OidcOptions {
  readonly id: string;
  readonly name: string;
  readonly issuer: string;
  readonly clientId: string;
  readonly authentication:
    | { readonly kind: 'secret'; readonly secret: string }
    | { readonly kind: 'key'; readonly pem: string; readonly kid: string | null }
    | { readonly kind: 'none' };
  readonly scopes: readonly string[];
  readonly clock: Clock;
}

/**
 * OpenID Connect with everything it has against a stolen or swapped answer: PKCE, state, nonce, the issuer in the answer (RFC 9207), the
 * signature of the ID token. Discovery happens at the first sign-in, so that a provider that is down keeps no gateway from starting.
 */
export function oidcProvider(options: OidcOptions): IdentityProvider {
  const { id, name, issuer, clock } = options;
  const discovered: { current: { config: client.Configuration; atMs: number } | null } = { current: null };
  const configuration = async (): Promise<client.Configuration> => {
    const { current } = discovered;
    if (current !== null && clock.nowMs() - current.atMs < DISCOVERY_MS) return current.config;
    const config = await discover(options);
    discovered.current = { config, atMs: clock.nowMs() };
    return config;
  };
  return {
    id,
    name,
    issuer,
    begin: async (how) => begin(await configuration(), options, how),
    finish: async (callback, kept) => finish(await configuration(), callback, kept),
    async signOutUrl(idToken, returnTo) {
      const config = await configuration().catch(() => null);
      if (config?.serverMetadata().end_session_endpoint === undefined) return null;
      const hint = idToken === null ? {} : { id_token_hint: idToken };
      return client.buildEndSessionUrl(config, { ...hint, post_logout_redirect_uri: returnTo }).href;
    },
  };
}

async function discover(options: OidcOptions): Promise<client.Configuration> {
  const { issuer, clientId, authentication } = options;
  // The configuration was checked to allow http on loopback only.
  const insecure = new URL(issuer).protocol === 'http:' ? [client.allowInsecureRequests] : [];
  try {
    const how = await clientAuthentication(authentication);
    return await client.discovery(new URL(issuer), clientId, undefined, how, {
      execute: [...insecure, client.enableNonRepudiationChecks],
      [client.customFetch]: boundedFetch as unknown as client.CustomFetch,
      timeout: 10,
    });
  } catch (error) {
    throw new ProviderFailed(`${options.name} cannot be reached right now. Try again in a moment.`, whyOf(error), {
      cause: error,
    });
  }
}

async function clientAuthentication(authentication: OidcOptions['authentication']): Promise<client.ClientAuth> {
  if (authentication.kind === 'none') return client.None();
  if (authentication.kind === 'secret') return client.ClientSecretPost(authentication.secret);
  const key = await signingKey(createPrivateKey(authentication.pem));
  return client.PrivateKeyJwt(authentication.kid === null ? key : { key, kid: authentication.kid });
}

function signingKey(key: KeyObject): Promise<webcrypto.CryptoKey> {
  const algorithm =
    key.asymmetricKeyType === 'ec'
      ? { name: 'ECDSA', namedCurve: 'P-256' }
      : key.asymmetricKeyType === 'rsa'
        ? { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' }
        : { name: 'Ed25519' };
  const der = key.export({ format: 'der', type: 'pkcs8' });
  return crypto.subtle.importKey('pkcs8', new Uint8Array(der), algorithm, false, ['sign']);
}

async function begin(
  config: client.Configuration,
  options: OidcOptions,
  { redirectUri, again }: { redirectUri: string; again: boolean },
): Promise<{ url: string; state: string; kept: JsonObject }> {
  const verifier = client.randomPKCECodeVerifier();
  const [state, nonce] = [client.randomState(), client.randomNonce()];
  const url = client.buildAuthorizationUrl(config, {
    redirect_uri: redirectUri,
    scope: options.scopes.join(' '),
    code_challenge: await client.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
    state,
    nonce,
    ...(again ? { prompt: 'login', max_age: '0' } : {}),
  });
  return { url: url.href, state, kept: { verifier, state, nonce, again, redirectUri } };
}

async function finish(config: client.Configuration, callback: URL, kept: JsonObject): Promise<ProviderAnswer> {
  try {
    const tokens = await client.authorizationCodeGrant(config, callback, {
      pkceCodeVerifier: kept.verifier as string,
      expectedState: kept.state as string,
      expectedNonce: kept.nonce as string,
      idTokenExpected: true,
      ...(kept.again === true ? { maxAge: 60 } : {}),
    });
    const claims = tokens.claims();
    if (claims === undefined || tokens.id_token === undefined) throw new Error('there is no ID token');
    const more = await userInfo(config, tokens.access_token, claims.sub);
    const amr = Array.isArray(claims.amr) ? claims.amr.filter((each) => typeof each === 'string').slice(0, 10) : [];
    return {
      issuer: claims.iss,
      subject: claims.sub,
      // What the signed token says stands, whatever the other answer says.
      claims: { ...more, ...(claims as unknown as JsonObject) },
      idToken: tokens.id_token,
      refreshToken: tokens.refresh_token ?? null,
      amr,
    };
  } catch (error) {
    const refused = error instanceof client.AuthorizationResponseError && error.error === 'access_denied';
    const message = refused ? 'The sign-in was cancelled.' : 'The sign-in could not be completed. Start again.';
    throw new ProviderFailed(message, whyOf(error), { cause: error });
  }
}

/** Optional by the standard; one that fails adds nothing, it does not end the sign-in. A different subject does. */
async function userInfo(config: client.Configuration, accessToken: string, subject: string): Promise<JsonObject> {
  if (config.serverMetadata().userinfo_endpoint === undefined) return {};
  return (await client.fetchUserInfo(config, accessToken, subject)) as unknown as JsonObject;
}

function whyOf(error: unknown): string {
  const { message, code, error: oauth, error_description: description, cause } = error as Record<string, unknown>;
  const deeper = cause instanceof Error ? cause.message : undefined;
  return [message, code, oauth, description, deeper]
    .filter((part) => typeof part === 'string')
    .join('; ')
    .slice(0, 1000);
}
