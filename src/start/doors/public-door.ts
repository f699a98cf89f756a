import { systemClock } from '../../adapters/clock.ts';
import type { Credentials } from '../../credentials/credentials.ts';
import type { Stores } from '../../ports/stores.ts';
import type { ConsoleDoor } from '../../surfaces/console/console.ts';
import type { DoorRules } from '../../surfaces/http/door.ts';
import type { Handler } from '../../surfaces/http/listener.ts';
import type { McpHandler } from '../../surfaces/mcp/handler.ts';
import { scimServer } from '../../surfaces/scim/server.ts';
import { type OpenRegistry, openAgents } from '../agents/registry.ts';
import type { Questions } from '../approvals/open.ts';
import type { Delivery } from '../approvals/reach/delivery.ts';
import { type ReachDoor, reachDoor } from '../approvals/reach/doors.ts';
import type { Authority } from '../authority/authority.ts';
import { openIdentity } from '../authority/identity.ts';
import { openConsole } from '../console/door.ts';
import type { Records } from '../console/records/open.ts';
import { brokered, connectDoor, keepIdpTokens } from '../credentials.ts';
import type { Live } from '../live.ts';
import type { MadeGateway } from '../make-gateway.ts';
import type { Humans } from '../people/humans.ts';
import { openMcp, openRedeem } from './agents-door.ts';
import { approvalsDoor } from './approvals-door.ts';
import { doorRules, routes } from './routes.ts';
import { openSignIn } from './sign-in.ts';

export interface DoorOptions extends MadeGateway {
  readonly live: Live;
  readonly stores: Stores;
  readonly authority: Authority;
  readonly humans: Humans;
  readonly credentials: Credentials;
  readonly questions: Questions;
  readonly delivery: Delivery;
  readonly records: Records;
}

/** Where clients reach the gateway; known only once it listens. */
export interface Place {
  url: string;
  rules: DoorRules | null;
}

/** Everything the public door leads to. */
export interface PublicDoor {
  readonly handler: Handler;
  readonly mcp: McpHandler;
  readonly agents: OpenRegistry;
  readonly scim: ReturnType<typeof scimServer>;
  readonly signIn: ReturnType<typeof openSignIn>;
  readonly reach: ReachDoor;
  readonly console: ConsoleDoor;
  /** What goes on by itself. */
  close(): void;
}

/** Agents over MCP, clients at the authorization server, people on their pages, the identity provider over SCIM. */
export function publicDoor(options: DoorOptions, place: Place): PublicDoor {
  const { gateway, live } = options;
  const identity = openIdentity({
    ...{ live, gateway, stores: options.stores, authority: options.authority, log: gateway.log },
    url: () => place.url,
    admit: async ({ id, name }, person) => agents.registry.admit({ clientId: id, clientName: name, person: person.id }),
  });
  const rules = rulesOf(live, place);
  const mcp = openMcp(options, { identity, rules, place });
  const agents = openAgents({ ...options, mcp });
  const { people, groups } = options.humans;
  const scim = scimServer({
    ...{ people, groups, directory: live.directory, rules, clock: systemClock, url: () => place.url },
    tokenHashes: () => live.config.scim.tokenHashes,
    onError: (error) => gateway.log.error({ err: error }, 'a SCIM request failed'),
  });
  const signIn = openSignIn({
    ...{ live, stores: options.stores, gateway, rules },
    origin: () => place.url,
    brokered: brokered(options.credentials),
    keepProviderTokens: keepIdpTokens(options.credentials),
    interactions: identity.people.interactions,
    isCut: (person, sinceMs) => options.authority.revoked.has('subject', person, sinceMs),
  });
  const { account } = signIn;
  const connect = connectDoor({ ...options, account, rules, origin: () => place.url });
  const reach = reachDoor({ ...options, account, rules, origin: () => place.url, log: gateway.log });
  const console = openConsole(options, signIn);
  const handler = routes({
    console,
    reach,
    mcp,
    scim,
    account,
    connect,
    redeem: openRedeem(options, place, rules),
    approvals: approvalsDoor({ ...options, signIn }),
    identity,
    rules,
    health: { notReady: () => notReady(options) },
  });
  const following = identity.follow();
  return {
    ...{ handler, mcp, agents, scim, signIn, reach, console },
    close() {
      following.close();
      scim.close();
    },
  };
}

/** Names the gateway answers to; those of the address are known once it listens. */
function rulesOf(live: Live, place: Place): DoorRules {
  const now = (): DoorRules => place.rules ?? doorRules(live.config, place.url);
  const { bodyBytes, depth, keys } = live.config.limits;
  return {
    get hosts() {
      return now().hosts;
    },
    get origins() {
      return now().origins;
    },
    ...{ bodyBytes, depth, keys },
  };
}

/** Ready means: calls can be decided, recorded and stopped. */
function notReady({ gateway }: DoorOptions): string | null {
  const journal = gateway.journal.health();
  if (journal.state !== 'ok') return journal.message ?? `the journal is ${journal.state}`;
  return gateway.revocation.status().stale ? 'the view of the kill switch is stale: the store does not answer' : null;
}
