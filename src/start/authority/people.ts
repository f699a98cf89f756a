import { systemClock } from '../../adapters/clock.ts';
import type { Log } from '../../gateway/gateway.ts';
import type { Resources } from '../../identity/resources.ts';
import type { Agent } from '../../model/agent.ts';
import type { Person } from '../../model/person.ts';
import { openInteractions } from '../../oauth/consent/interactions.ts';
import type { InteractionClient, Interactions } from '../../oauth/interactions.ts';
import type { ProviderOptions } from '../../oauth/provider/options.ts';
import { type PeopleServer, peopleServer } from '../../oauth/provider/provider.ts';
import type { Stores } from '../../ports/stores.ts';
import type { Live } from '../live.ts';
import type { Authority } from './authority.ts';

export interface PeopleParts {
  readonly live: Live;
  readonly stores: Stores;
  readonly authority: Authority;
  readonly resources: () => Resources;
  readonly log: Log;
  /** Registers an agent for a client nobody registered. */
  readonly admit: (client: InteractionClient, person: Person) => Promise<Agent | null>;
}

export interface People {
  readonly server: PeopleServer;
  readonly interactions: Interactions;
  readonly options: ProviderOptions;
}

/** Signing in and consenting, for clients of people. */
export function openPeople({ live, stores, authority, resources, log, admit }: PeopleParts): People {
  const options: ProviderOptions = {
    store: stores.oauth,
    revoked: authority.revoked,
    ring: authority.ring,
    directory: live.directory,
    replay: stores.replay,
    clock: systemClock,
    web: authority.web,
    resources,
    servers: () => live.snapshot().servers,
    settings: () => live.config.oauth,
    tokenMs: () => live.config.tokens.ttlMs,
    admit,
    onEvent: ({ level, what, ...detail }) => log[level]({ ...detail }, `the authorization server: ${what}`),
  };
  const server = peopleServer(options);
  return { server, interactions: openInteractions(options, server), options };
}
