import type { Directory } from '../../identity/directory.ts';
import type { Credentials } from '../../identity/sign-in/credentials.ts';
import type { Invitations } from '../../identity/sign-in/invitations.ts';
import type { Passkeys } from '../../identity/sign-in/passkeys.ts';
import type { Admitted, ProviderRules } from '../../identity/sign-in/provider/sign-in.ts';
import type { Throttle } from '../../identity/sign-in/throttle.ts';
import type { Json } from '../../model/json.ts';
import type { Interactions } from '../../oauth/interactions.ts';
import type { Clock } from '../../ports/clock.ts';
import type { IdentityProvider, ProviderAnswer } from '../../ports/identity-provider.ts';
import type { OAuthStore } from '../../ports/identity-stores.ts';
import type { ServeParts } from './serve.ts';

/** A provider with how its answers are read. */
export interface ProviderDoor extends ProviderRules {
  readonly provider: IdentityProvider;
}

export interface SignInSettings {
  /** Passwords and passkeys of the gateway's own. */
  readonly embedded: boolean;
  /** The longest a person may allow an agent. */
  readonly consentMaxMs: number;
}

/** A connection to a server somewhere else that the gateway keeps for a person. */
export interface BrokeredConnection {
  readonly id: string;
  readonly server: string;
  readonly account: string | null;
  readonly sinceMs: number;
}

export interface Brokered {
  list(person: string): Promise<readonly BrokeredConnection[]>;
  remove(person: string, id: string): Promise<boolean>;
  /** Where a person connects a further server; `null`: nothing can be connected. */
  readonly page: string | null;
}

export interface AccountParts extends ServeParts {
  readonly settings: () => SignInSettings;
  readonly directory: Directory;
  readonly credentials: Credentials;
  readonly passkeys: Passkeys;
  readonly invitations: Invitations;
  readonly throttle: Throttle;
  /** For what must be remembered while a person is at a provider. */
  readonly flows: OAuthStore;
  readonly providers: () => readonly ProviderDoor[];
  /** Who somebody from a provider is here. */
  readonly admitProvider: (rules: ProviderRules, answer: ProviderAnswer) => Promise<Admitted>;
  readonly interactions: Interactions | null;
  readonly brokered: Brokered | null;
  /** What a person or their credentials went through, into the journal. */
  readonly record: (act: { act: string; by: string; reason: string; detail: Json }) => Promise<void>;
  /** Tokens of the provider, for what is obtained with them later. The receiver seals them. */
  readonly keepProviderTokens: ((person: string, provider: string, answer: ProviderAnswer) => Promise<void>) | null;
  readonly clock: Clock;
}
