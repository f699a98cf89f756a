import type { Journal } from '../../audit/journal.ts';
import type { Credentials } from '../../credentials/credentials.ts';
import type { Gateway } from '../../gateway/gateway.ts';
import { Decommission, type Holding } from '../../identity/registry/end/decommission.ts';
import { recordExpired } from '../../identity/registry/end/expiry.ts';
import { Registry } from '../../identity/registry/registry.ts';
import { Reviews } from '../../identity/registry/reviews/reviews.ts';
import { type Reminder, sweepReviews } from '../../identity/registry/reviews/sweep.ts';
import { Templates } from '../../identity/registry/templates.ts';
import type { ConfiguredWorld } from '../../identity/registry/world.ts';
import type { RecordAct } from '../../identity/registry/writing.ts';
import type { Clock } from '../../ports/clock.ts';
import type { DirectoryStore } from '../../ports/identity-stores.ts';
import type { Stores } from '../../ports/stores.ts';
import type { McpHandler } from '../../surfaces/mcp/handler.ts';
import type { Authority } from '../authority/authority.ts';
import { configured, type Live } from '../live.ts';
import { holdingsOf } from './holdings.ts';

export interface RegistryParts {
  readonly store: DirectoryStore;
  readonly live: Live;
  readonly journal: Pick<Journal, 'append'>;
  readonly clock: Clock;
  readonly holdings: readonly Holding[];
  readonly notify: (reminder: Reminder) => void;
}

export interface OpenRegistry {
  readonly registry: Registry;
  readonly templates: Templates;
  readonly decommission: Decommission;
  readonly reviews: Reviews;
  /** What is due: ends that were reached, decommissionings that were interrupted, reminders, reviews whose time is over. */
  sweep(): Promise<void>;
}

/** The registry over what is in force now: a reload is seen by the next act. */
export function openRegistry({ store, live, journal, clock, holdings, notify }: RegistryParts): OpenRegistry {
  const record: RecordAct = (act) => journal.append({ type: 'admin', ...act });
  const { directory } = live;
  const world = (): ConfiguredWorld => ({
    agents: configured(live.config).agents,
    templates: live.config.templates,
    servers: live.config.servers.map(({ id }) => id),
  });
  const parts = { store, directory, clock, record };
  const templates = new Templates({ ...parts, configured: world });
  const registry = new Registry({ ...parts, configured: world, template: templates.get });
  const decommission = new Decommission({ ...parts, holdings });
  const reviews = new Reviews(registry);
  return {
    registry,
    reviews,
    templates,
    decommission,
    async sweep() {
      await recordExpired(parts);
      await decommission.sweep();
      await sweepReviews(reviews, { registry, notify });
    },
  };
}

export interface AgentParts {
  readonly gateway: Gateway;
  readonly live: Live;
  readonly mcp: McpHandler;
  readonly stores: Stores;
  readonly authority: Authority;
  readonly credentials: Credentials;
}

/** The registry of a running gateway, which knows everything an agent can hold. */
export function openAgents({ gateway, live, mcp, stores, authority, credentials }: AgentParts): OpenRegistry {
  const { clock, journal, revocation, approvals } = gateway;
  const holdings = holdingsOf({
    ...{ stores, directory: live.directory, revocation, approvals, clock, mcp, credentials },
    revoke: (rows) => authority.revoked.revoke(rows),
    maxTokenMs: () => live.config.tokens.maxTtlMs,
  });
  const notify = (reminder: Reminder): void =>
    gateway.log.info(
      { ...reminder },
      `${reminder.to}: ${reminder.pending} agents wait for your review (${reminder.name})`,
    );
  return openRegistry({ store: stores.directory, live, journal, clock, holdings, notify });
}
