import { ConnectionNeeded, type IdJagSettings, noCredential } from '../../model/credential.ts';
import type { Clock } from '../../ports/clock.ts';
import { type FetchCredential, place } from '../held.ts';
import { type IdpToken, idpTokenOf } from '../idp-tokens.ts';
import { freshUntil, GrantRefused, type UpstreamClient } from '../oauth/client.ts';
import type { Vault } from '../vault/vault.ts';
import { TOKEN_EXCHANGE } from './exchange.ts';

const ID_JAG = 'urn:ietf:params:oauth:token-type:id-jag';
const JWT_BEARER = 'urn:ietf:params:oauth:grant-type:jwt-bearer';
/** An ID token that ends sooner is as good as ended. */
const SOON_MS = 10_000;

export interface IdJagParts {
  readonly server: string;
  readonly idp: UpstreamClient;
  readonly client: UpstreamClient;
  readonly vault: Vault;
  readonly clock: Clock;
  /** Where a person signs in. */
  readonly signInUrl: () => string;
}

/** draft-ietf-oauth-identity-assertion-authz-grant: the enterprise's own word for the person, redeemed where the upstream wants it. */
export function idJagSource(settings: IdJagSettings, person: string | null, parts: IdJagParts): FetchCredential {
  return async () => {
    const { idp, client, clock } = parts;
    if (person === null)
      throw noCredential('This server is used in the name of people only, and this agent acts for nobody');
    const [{ issuer: idpIssuer }, { issuer: audience }] = await Promise.all([idp.metadata(), client.metadata()]);
    const token = await idpTokenOf(parts.vault, person, idpIssuer);
    const subject = token === null ? null : subjectOf(token, clock.nowMs());
    if (subject === null) throw signInAgain(parts);
    try {
      // Leg 1: audience is the upstream's issuer, not the server's URL.
      const assertion = await idp.grant(TOKEN_EXCHANGE, {
        requested_token_type: ID_JAG,
        audience,
        resource: settings.resource,
        scope: settings.scope,
        ...subject,
      });
      if (assertion.issued_token_type !== ID_JAG)
        throw noCredential(
          'No credential for this server could be obtained; an operator must look',
          'the identity provider issued no ID-JAG',
        );
      // Leg 2.
      const answer = await client.grant(JWT_BEARER, { assertion: assertion.access_token, scope: settings.scope });
      const credential = place(settings.placement, answer.access_token);
      return { credential, freshUntilMs: freshUntil(clock.nowMs(), answer.expires_in) };
    } catch (error) {
      // The sign-in is over, or too old for this: the person can mend that.
      if (error instanceof GrantRefused && SIGN_IN_AGAIN.has(error.error)) throw signInAgain(parts);
      throw error;
    }
  };
}

const SIGN_IN_AGAIN: ReadonlySet<string> = new Set([
  'invalid_grant',
  'insufficient_user_authentication',
  'login_required',
]);

function subjectOf(token: IdpToken, nowMs: number): Record<string, string> | null {
  if (token.idToken !== null && (token.idTokenExpiresAtMs ?? 0) > nowMs + SOON_MS)
    return { subject_token: token.idToken, subject_token_type: 'urn:ietf:params:oauth:token-type:id_token' };
  if (token.refreshToken !== null)
    return { subject_token: token.refreshToken, subject_token_type: 'urn:ietf:params:oauth:token-type:refresh_token' };
  return null;
}

function signInAgain({ server, signInUrl }: IdJagParts): ConnectionNeeded {
  const url = signInUrl();
  return new ConnectionNeeded(
    server,
    url,
    `The person this agent acts for must sign in again at ${url} before "${server}" can be used`,
  );
}
