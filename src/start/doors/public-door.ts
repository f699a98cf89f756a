import { systemClock } from '../../adapters/clock.ts';
import { realDisk } from '../../adapters/disk/real.ts';
import type { Credentials } from '../../credentials/credentials.ts';
import { redeemer } from '../../gateway/lease/redeem.ts';
import { stepUp } from '../../identity/challenge.ts';
import { sealedState } from '../../identity/proof/sealed-state.ts';
import { resourcesOf } from '../../identity/resources.ts';
import type { Stores } from '../../ports/stores.ts';
import type { DoorRules } from '../../surfaces/http/door.ts';
import type { Handler } from '../../surfaces/http/listener.ts';
import { McpHandler } from '../../surfaces/mcp/handler.ts';
import { redeemDoor } from '../../surfaces/redeem/door.ts';
import { scimServer } from '../../surfaces/scim/server.ts';
import { type OpenRegistry, openAgents } from '../agents/registry.ts';
import type { Delivery } from '../approvals/delivery/delivery.ts';
import { type ReachDoor, reachDoor } from '../approvals/delivery/doors.ts';
import { journalId, type Questions, stands } from '../approvals/open.ts';
import { outcomeOf } from '../approvals/outcome-of.ts';
import type { Authority } from '../authority/authority.ts';
import { openIdentity } from '../authority/identity.ts';
import { brokered, connectDoor, keepIdpTokens } from '../credentials.ts';
import type { Live } from '../live.ts';
import { firstSince, type MadeGateway } from '../make-gateway.ts';
import type { Humans } from '../people/humans.ts';
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
  /** What goes on by itself. */
  close(): void;
}

/** Agents over MCP, clients at the authorization server, people on their pages, the identity provider over SCIM. */
export function publicDoor(options: DoorOptions, place: Place): PublicDoor {
  const { gateway, live } = options;
  const { config } = live;
  const identity = openIdentity({
    ...{ live, gateway, stores: options.stores, authority: options.authority, log: gateway.log },
    url: () => place.url,
    admit: async ({ id, name }, person) => agents.registry.admit({ clientId: id, clientName: name, person: person.id }),
  });
  const { authenticator } = identity;
  const rules: DoorRules = {
    get hosts() {
      return (place.rules ?? doorRules(live.config, place.url)).hosts;
    },
    get origins() {
      return (place.rules ?? doorRules(live.config, place.url)).origins;
    },
    bodyBytes: config.limits.bodyBytes,
    depth: config.limits.depth,
    keys: config.limits.keys,
  };
  const mcp = new McpHandler({
    gateway,
    rules,
    sessions: options.sessions,
    authenticate: ({ headersDistinct, method }, path) =>
      authenticator.authenticate({
        authorization: headersDistinct.authorization,
        dpop: headersDistinct.dpop,
        ...(method === undefined ? {} : { method }),
        audience: `${place.url}${path}`,
        nowMs: systemClock.nowMs(),
      }),
    waiting: {
      seal: sealedState(options.authority.ring),
      origin: () => place.url,
      outcomeOf: outcomeOf({
        ...{ dir: config.journal.dir, disk: realDisk, id: journalId(gateway.journal) },
        firstSince: (sinceMs) => firstSince(config.journal.dir, sinceMs),
      }),
    },
    stepUp: (scope, path) => stepUp(resourcesOf(place.url), { scope, audience: `${place.url}${path}` }),
  });
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
  const handler = routes({
    reach,
    mcp,
    scim,
    account,
    connect,
    redeem: openRedeem(options, place, rules),
    identity,
    rules,
    health: { notReady: () => notReady(options) },
  });
  const following = identity.follow();
  return {
    ...{ handler, mcp, agents, scim, signIn, reach },
    close() {
      following.close();
      scim.close();
    },
  };
}

/** Where tools redeem the credentials of actions. */
function openRedeem(options: DoorOptions, place: Place, rules: DoorRules): Handler {
  const { gateway, live, stores, authority, questions } = options;
  const redeem = redeemer({
    ...{ gateway, directory: live.directory, replay: stores.replay },
    ...{ keys: authority.ring, isRevoked: authority.isRevoked, issuer: () => place.url },
    stands: (approval, agent) => stands(questions, approval, agent),
  });
  return redeemDoor({ redeem, rules, log: gateway.log });
}

/** Ready means: calls can be decided, recorded and stopped. */
function notReady({ gateway }: DoorOptions): string | null {
  const journal = gateway.journal.health();
  if (journal.state !== 'ok') return journal.message ?? `the journal is ${journal.state}`;
  return gateway.revocation.status().stale ? 'the view of the kill switch is stale: the store does not answer' : null;
}
