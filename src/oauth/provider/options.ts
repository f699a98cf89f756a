import type { Directory } from '../../identity/directory.ts';
import type { Resources } from '../../identity/resources.ts';
import type { Revoked } from '../../identity/revoked.ts';
import type { KeyRing } from '../../identity/ring/key-ring.ts';
import type { Agent } from '../../model/agent.ts';
import type { Person } from '../../model/person.ts';
import type { Clock } from '../../ports/clock.ts';
import type { OAuthStore } from '../../ports/identity-stores.ts';
import type { ReplayStore } from '../../ports/stores.ts';
import type { WebFetch } from '../../ports/web.ts';
import type { InteractionClient } from '../interactions.ts';

/** What an operator decides about people signing in. */
export interface ProviderSettings {
  /** A client no agent lists: refuse it, or register an agent for each person who consents. */
  readonly unregistered: 'refuse' | 'per-user';
  /** Clients whose id is the URL of their metadata. `hosts: null`: any public host. */
  readonly documents: { readonly enabled: boolean; readonly hosts: readonly string[] | null };
  readonly registration: {
    readonly enabled: boolean;
    readonly initialAccessToken: string | null;
    /** `null`: any https address, and app schemes. Loopback is always allowed (RFC 8252 section 7.3). */
    readonly redirectHosts: readonly string[] | null;
  };
  /** Rights a client gets when it names none. */
  readonly basicRights: readonly string[];
  /** The longest a consent may last. */
  readonly consentMs: number;
  /** How long an unused refresh token is good. */
  readonly refreshMs: number;
}

export interface ProviderOptions {
  readonly store: OAuthStore;
  readonly revoked: Revoked;
  readonly ring: KeyRing;
  readonly directory: Directory;
  /** Shared with our own token endpoint, so that an assertion spent there is spent here. */
  readonly replay: ReplayStore;
  readonly clock: Clock;
  /** For client metadata documents and clients' key sets. */
  readonly web: WebFetch;
  readonly resources: () => Resources;
  /** Ids of the configured servers. */
  readonly servers: () => { has(id: string): boolean; keys(): Iterable<string> };
  /** A new object when anything changed. */
  readonly settings: () => ProviderSettings;
  readonly tokenMs: () => number;
  /**
   * Registers an agent, owned by the person, for a client nobody registered; or finds the one registered before. Asked only where the
   * settings say `per-user`, when the person consents. `null`: it may not be.
   */
  readonly admit: (client: InteractionClient, person: Person) => Promise<Agent | null>;
  readonly onEvent: (event: ProviderEvent) => void;
}

/** What happened, for the operator's log; `detail` is never for the client. */
export interface ProviderEvent {
  readonly level: 'debug' | 'warn' | 'error';
  readonly what: string;
  readonly client: string | null;
  readonly error: string;
  readonly detail: string | null;
}
