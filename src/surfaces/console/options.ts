import type { Directory } from '../../identity/directory.ts';
import type { Credentials } from '../../identity/sign-in/credentials.ts';
import type { Passkeys } from '../../identity/sign-in/passkeys.ts';
import type { ConsoleSettings } from '../../model/insight/roles.ts';
import type { Clock } from '../../ports/clock.ts';
import type { OAuthStore } from '../../ports/identity-stores.ts';
import type { ServeParts } from '../account/serve.ts';

/** What the console's door works with: the sessions, passkeys and cookies of the account pages. */
export interface ConsoleParts extends ServeParts {
  /** As configured now. */
  readonly settings: () => ConsoleSettings;
  readonly lifetimes: () => { readonly idleMs: number; readonly absoluteMs: number };
  readonly directory: Directory;
  readonly passkeys: Passkeys;
  readonly credentials: Credentials;
  /** For what must be remembered between requests. */
  readonly store: OAuthStore;
  readonly clock: Clock;
  readonly version: string;
  /** Where the built pages are. */
  readonly siteDir: string;
}
