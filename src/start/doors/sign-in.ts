import { systemClock } from '../../adapters/clock.ts';
import { oidcProvider } from '../../adapters/oidc/provider.ts';
import type { SignInProvider } from '../../config/schema/sign-in.ts';
import type { Gateway } from '../../gateway/gateway.ts';
import { Credentials } from '../../identity/sign-in/credentials.ts';
import { Invitations } from '../../identity/sign-in/invitations.ts';
import { Passkeys } from '../../identity/sign-in/passkeys.ts';
import { admitFromProvider } from '../../identity/sign-in/provider/sign-in.ts';
import { PersonSessions } from '../../identity/sign-in/sessions.ts';
import { Throttle } from '../../identity/sign-in/throttle.ts';
import type { Interactions } from '../../oauth/interactions.ts';
import type { Stores } from '../../ports/stores.ts';
import { type Account, type AccountParts, openAccount, type ProviderDoor } from '../../surfaces/account/account.ts';
import { type CredentialDesk, credentialDesk } from '../../surfaces/account/desk.ts';
import { rolesOf } from '../../surfaces/console/roles.ts';
import type { DoorRules } from '../../surfaces/http/door.ts';
import type { Live } from '../live.ts';

export interface SignInParts {
  readonly live: Live;
  readonly stores: Stores;
  readonly gateway: Gateway;
  /** Where people open the pages; known once the listener is. */
  readonly origin: () => string;
  readonly rules: DoorRules;
  readonly interactions: Interactions | null;
  readonly brokered?: AccountParts['brokered'];
  readonly keepProviderTokens?: AccountParts['keepProviderTokens'];
  /** Whether everything of this person that began then was cut off since. */
  readonly isCut: (person: string, sinceMs: number) => boolean;
}

export interface SignIn {
  readonly account: Account;
  /** What the account pages work with, for other pages for people. */
  readonly parts: AccountParts;
  /** What an operator does to how people sign in. */
  readonly desk: CredentialDesk;
}

/** How people get in: their sessions, what they prove themselves with, the organisation's providers, and the pages for it. */
export function openSignIn(parts: SignInParts): SignIn {
  const { live, stores, gateway, origin } = parts;
  const { directory } = live;
  const clock = systemClock;
  const credentials = new Credentials(stores.secrets, clock);
  const invitations = new Invitations({ store: stores.oauth, directory, clock });
  const sessions = new PersonSessions({
    ...{ store: stores.oauth, directory, clock, isCut: parts.isCut },
    lifetimes: () => live.config.signIn.session,
  });
  const record: AccountParts['record'] = async (act) => {
    await gateway.journal.append({ type: 'admin', ...act });
  };
  const pages: AccountParts = {
    origin,
    rules: parts.rules,
    hasConsole: (person) => live.config.console.enabled && rolesOf(person, live.config.console).length > 0,
    settings: () => ({ embedded: live.config.signIn.embedded, consentMaxMs: live.config.oauth.consentMs }),
    directory,
    sessions,
    credentials,
    passkeys: new Passkeys({ credentials, store: stores.oauth, clock, origin }),
    invitations,
    throttle: new Throttle(stores.oauth, clock),
    flows: stores.oauth,
    providers: providersOf(live),
    admitProvider: (rules, answer) =>
      admitFromProvider({ directory, store: stores.directory, credentials, clock }, rules, answer),
    interactions: parts.interactions,
    brokered: parts.brokered ?? null,
    record,
    keepProviderTokens: parts.keepProviderTokens ?? null,
    clock,
    log: gateway.log,
  };
  const embedded = () => live.config.signIn.embedded;
  const desk = credentialDesk({ directory, credentials, invitations, sessions, record, origin, embedded });
  return { account: openAccount(pages), parts: pages, desk };
}

/** One for each that is configured; kept while its configuration stays, so that discovery is not done for every sign-in. */
function providersOf(live: Live): () => readonly ProviderDoor[] {
  const made = { of: null as readonly SignInProvider[] | null, doors: [] as readonly ProviderDoor[] };
  return () => {
    const { providers } = live.config.signIn;
    if (made.of !== providers) {
      made.of = providers;
      made.doors = providers.map(({ mapping, provision, ...options }) => ({
        ...{ id: options.id, mapping, provision },
        provider: oidcProvider({ ...options, clock: systemClock }),
      }));
    }
    return made.doors;
  };
}
