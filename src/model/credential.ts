import { UpstreamFault } from './fault.ts';

/** How calls to one upstream server are given a credential (requirements CN8). The agent never sees one. */
export type CredentialSettings = InjectSettings | ExchangeSettings | IdJagSettings | OAuthSettings;

/** Where a secret is read. Never in the configuration itself. */
export type SecretFrom =
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'env'; readonly name: string }
  | {
      readonly kind: 'command';
      /** Run without a shell; its standard output is the secret. */
      readonly argv: readonly string[];
      readonly ttlMs: number;
      readonly timeoutMs: number;
    };

/** Where the credential goes: a header (HTTP) or an environment variable (stdio). `{secret}` in `template` is replaced. */
export type Placement =
  | { readonly kind: 'header'; readonly name: string; readonly template: string }
  | { readonly kind: 'env'; readonly name: string; readonly template: string };

interface Shared {
  readonly placement: Placement;
}

/** One secret for everybody. */
export interface InjectSettings extends Shared {
  readonly kind: 'inject';
  readonly from: SecretFrom;
}

/** Interlock as a client of an authorization server. */
export interface ClientSettings {
  /** RFC 8414 issuer. `null`: found through the server's protected resource metadata (RFC 9728). */
  readonly issuer: string | null;
  /** Where metadata cannot be had. Named by the operator, so never looked up. */
  readonly tokenEndpoint: string | null;
  readonly clientId: string;
  readonly auth: 'private_key_jwt' | 'client_secret_basic' | 'client_secret_post' | 'none';
  readonly secret: SecretFrom | null;
}

/** RFC 8693 at the upstream's authorization server, per user, agent and task. */
export interface ExchangeSettings extends Shared {
  readonly kind: 'exchange';
  readonly client: ClientSettings;
  readonly audience: string | null;
  readonly resource: string | null;
  readonly scope: string | null;
  readonly subjectTokenType: string;
}

/** An identity assertion of an enterprise identity provider, redeemed at the upstream's authorization server. */
export interface IdJagSettings extends Shared {
  readonly kind: 'id-jag';
  readonly idp: ClientSettings;
  readonly client: ClientSettings;
  readonly resource: string | null;
  readonly scope: string | null;
}

/** Each person connects their own account, by the authorization code grant. */
export interface OAuthSettings extends Shared {
  readonly kind: 'oauth';
  readonly client: ClientSettings;
  /** RFC 8707; the server's URL unless configured. `null`: none is sent (stdio). */
  readonly resource: string | null;
  readonly scope: string | null;
}

/** No credential can be had for this call: nothing was sent. The text is for the agent and holds no secret. */
export function noCredential(message: string, detail?: string): UpstreamFault {
  return new UpstreamFault('upstream-unavailable', message, {
    sent: false,
    ...(detail === undefined ? {} : { detail }),
  });
}

/** A person has to do something first: open `url` and connect an account, or sign in again. */
export class ConnectionNeeded extends UpstreamFault {
  readonly server: string;
  readonly url: string;

  constructor(server: string, url: string, message: string) {
    super('upstream-unavailable', message, { sent: false });
    this.name = 'ConnectionNeeded';
    this.server = server;
    this.url = url;
  }
}
