import type { JsonObject } from '../model/json.ts';

/** The organisation's identity provider (OpenID Connect), seen from a gateway people sign in at. */
export interface IdentityProvider {
  readonly id: string;
  /** What the button says. */
  readonly name: string;
  readonly issuer: string;
  /** Where to send the browser, and what must be kept, by us alone, until it comes back. Throws ProviderFailed. */
  begin(options: {
    readonly redirectUri: string;
    /** The provider must ask the person anew, whatever session it has. */
    readonly again: boolean;
  }): Promise<{ readonly url: string; readonly state: string; readonly kept: JsonObject }>;
  /** Exchanges the code of the callback URL and verifies everything about the answer. Throws ProviderFailed. */
  finish(callback: URL, kept: JsonObject): Promise<ProviderAnswer>;
  /** Where to send the browser so that the session at the provider ends too (OpenID Connect RP-Initiated Logout); `null`: it has none. */
  signOutUrl(idToken: string | null, returnTo: string): Promise<string | null>;
}

export interface ProviderAnswer {
  readonly issuer: string;
  readonly subject: string;
  /** Verified claims of the ID token, and those of the UserInfo endpoint for the same subject. */
  readonly claims: JsonObject;
  /** As it came, for what is obtained with it later (ID-JAG). A secret. */
  readonly idToken: string;
  readonly refreshToken: string | null;
  readonly amr: readonly string[];
}

/** The sign-in at the provider did not succeed. `message` may be shown to the person, `detail` is for the log. */
export class ProviderFailed extends Error {
  readonly detail: string;

  constructor(message: string, detail: string, options?: ErrorOptions) {
    super(message, options);
    this.detail = detail;
  }
}
