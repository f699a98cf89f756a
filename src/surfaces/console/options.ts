import type { ConsoleSettings } from '../../model/insight/roles.ts';
import type { OAuthStore } from '../../ports/identity-stores.ts';
import type { AccountParts } from '../account/options.ts';

/** What the console's door works with: the sessions, passkeys and cookies of the account pages. */
export interface ConsoleParts
  extends Pick<AccountParts, 'origin' | 'rules' | 'sessions' | 'log' | 'directory' | 'passkeys' | 'credentials'>,
    Pick<AccountParts, 'throttle' | 'record' | 'clock'> {
  /** As configured now. */
  readonly settings: () => ConsoleSettings;
  readonly lifetimes: () => { readonly idleMs: number; readonly absoluteMs: number };
  /** For what must be remembered between requests. */
  readonly store: OAuthStore;
  readonly version: string;
  /** Where the built pages are. */
  readonly siteDir: string;
}
