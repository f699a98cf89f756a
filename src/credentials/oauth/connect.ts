import { hash, randomBytes } from 'node:crypto';
import * as oauth from 'oauth4webapi';
import type { OAuthSettings } from '../../model/credential.ts';
import { isObject } from '../../model/json.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Vault } from '../vault/vault.ts';
import { GrantRefused, type Metadata, type TokenAnswer, type UpstreamClient } from './client.ts';
import { asSecret, type Owner, placeOf, tokensAfter, type UpstreamTokens } from './tokens.ts';

export interface ConnectTarget {
  readonly server: string;
  readonly client: UpstreamClient;
  readonly settings: OAuthSettings;
}

export interface ConnectParts {
  readonly vault: Vault;
  readonly clock: Clock;
  /** Exactly what is registered at the authorization server. One a server, so that answers of two cannot be mixed up (RFC 9700 section 4.4). */
  readonly redirectUri: (server: string) => string;
}

export interface Begun {
  /** Where the browser goes. */
  readonly url: string;
  /** For a cookie of this browser: who brings the answer must have it. */
  readonly browser: string;
}

export interface Answered {
  readonly person: string;
  /** The cookie; `null`: none came. */
  readonly browser: string | null;
  /** The query of the redirect. */
  readonly parameters: URLSearchParams;
}

/** Why a connection did not come about, in words for the person. */
export class ConnectRefused extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'ConnectRefused';
  }
}

const STATE_MS = 600_000;

interface Pending {
  readonly server: string;
  readonly owner: Owner;
  readonly person: string;
  /** SHA-256 of the cookie. */
  readonly browser: string;
  readonly verifier: string;
  readonly nonce: string;
  readonly issuer: string;
}

/** Authorization code with PKCE, begun: state and verifier stay here, sealed, bound to the person and to the browser. */
export async function beginConnect(
  parts: ConnectParts,
  target: ConnectTarget,
  who: { readonly person: string; readonly owner: Owner },
): Promise<Begun> {
  const { server, client, settings } = target;
  const as = await client.metadata();
  const [state, verifier, nonce, browser] = [random(), random(), random(), random()];
  const pending: Pending = { server, ...who, browser: digest(browser), verifier, nonce, issuer: as.issuer };
  const expiresAtMs = parts.clock.nowMs() + STATE_MS;
  const row = { kind: 'connect-state', id: digest(state), owner: `person:${who.person}`, expiresAtMs } as const;
  await parts.vault.put({ ...row, secret: { ...pending } }, null);
  const url = authorizationUrl(as);
  const parameters: Record<string, string | null> = {
    response_type: 'code',
    client_id: client.settings.clientId,
    redirect_uri: parts.redirectUri(server),
    code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
    state,
    nonce: wantsIdToken(settings) ? nonce : null,
    scope: settings.scope,
    resource: settings.resource,
    // A refresh token is given for consent that was asked for (OpenID Connect Core section 11).
    prompt: settings.scope?.split(' ').includes('offline_access') === true ? 'consent' : null,
  };
  for (const [name, value] of Object.entries(parameters)) if (value !== null) url.searchParams.set(name, value);
  return { url: url.href, browser };
}

/** Where the browser is sent: what a metadata document says is looked at before a person follows it. */
export function authorizationUrl(as: Metadata): URL {
  const text = as.authorization_endpoint;
  const url = text !== undefined && URL.canParse(text) ? new URL(text) : null;
  const plain = url?.protocol === 'http:' && as.issuer.startsWith('http://');
  if (url === null || (url.protocol !== 'https:' && !plain))
    throw new ConnectRefused('The authorization server says no usable place to sign in at');
  return url;
}

/**
 * The answer of the authorization server. The state is used up whatever comes of it. Throws ConnectRefused for what the person can
 * understand; everything else is the operator's.
 */
export async function finishConnect(parts: ConnectParts, target: ConnectTarget, answered: Answered): Promise<Owner> {
  const pending = await take(parts, target, answered);
  const { client, settings, server } = target;
  const state = answered.parameters.get('state') as string;
  const answer = await client
    .ask(
      async (as, auth) => {
        if (as.issuer !== pending.issuer) throw new ConnectRefused(CHANGED);
        const parameters = oauth.validateAuthResponse(as, client.client, answered.parameters, state);
        const additionalParameters = settings.resource === null ? {} : { resource: settings.resource };
        const response = await oauth.authorizationCodeGrantRequest(
          ...([as, client.client, auth, parameters, parts.redirectUri(server), pending.verifier] as const),
          { ...client.requestOptions, additionalParameters },
        );
        return oauth.processAuthorizationCodeResponse(as, client.client, response, expected(settings, pending));
      },
      [...answered.parameters.values(), pending.verifier],
    )
    .catch((error: unknown) => {
      if (error instanceof GrantRefused && error.error === 'access_denied')
        throw new ConnectRefused('You did not agree');
      throw error;
    });
  await save(parts, { target, pending, answer });
  return pending.owner;
}

const CHANGED = 'The configuration was changed meanwhile: start again';
const UNKNOWN = 'This answer belongs to no connection that was begun here, or it came too late: start again';

/** Single use, and only for the person and the browser that began it. */
async function take(parts: ConnectParts, { server }: ConnectTarget, answered: Answered): Promise<Pending> {
  const state = answered.parameters.getAll('state');
  if (state.length !== 1) throw new ConnectRefused(UNKNOWN);
  const id = digest(state[0] as string);
  const row = await parts.vault.get('connect-state', id);
  if (row === null || !isObject(row.secret)) throw new ConnectRefused(UNKNOWN);
  const pending = row.secret as unknown as Pending;
  if (!(await parts.vault.remove('connect-state', id))) throw new ConnectRefused(UNKNOWN);
  const browser = answered.browser === null ? '' : digest(answered.browser);
  if (pending.server !== server || pending.person !== answered.person || pending.browser !== browser)
    throw new ConnectRefused(UNKNOWN);
  return pending;
}

function expected(settings: OAuthSettings, { nonce }: Pending): oauth.ProcessAuthorizationCodeResponseOptions {
  return wantsIdToken(settings) ? { expectedNonce: nonce, requireIdToken: true } : {};
}

function wantsIdToken(settings: OAuthSettings): boolean {
  return settings.scope?.split(' ').includes('openid') === true;
}

async function save(
  parts: ConnectParts,
  { target, pending, answer }: { target: ConnectTarget; pending: Pending; answer: TokenAnswer },
): Promise<void> {
  const nowMs = parts.clock.nowMs();
  const { server, owner, issuer, person } = pending;
  const none: UpstreamTokens = {
    ...{ server, issuer, clientId: target.client.settings.clientId, by: person, connectedAtMs: nowMs },
    ...{ access: '', expiresAtMs: null, refreshAtMs: 0, refresh: null, scope: target.settings.scope, lease: null },
  };
  await parts.vault.set({
    ...placeOf(server, owner),
    expiresAtMs: null,
    secret: asSecret(tokensAfter(none, answer, nowMs)),
  });
}

function random(): string {
  return randomBytes(32).toString('base64url');
}

function digest(text: string): string {
  return hash('sha256', text, 'base64url');
}
