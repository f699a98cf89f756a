import { systemClock } from '../../adapters/clock.ts';
import { gatewayUrl } from '../../config/config.ts';
import type { Credentials } from '../../credentials/credentials.ts';
import { stepUp } from '../../identity/challenge.ts';
import { resourcesOf } from '../../identity/resources.ts';
import type { Stores } from '../../ports/stores.ts';
import { keyRoutes } from '../../surfaces/admin/keys.ts';
import { agentRoutes } from '../../surfaces/admin/routes/agents.ts';
import { credentialRoutes } from '../../surfaces/admin/routes/credentials.ts';
import { delegationRoutes } from '../../surfaces/admin/routes/delegation/delegation.ts';
import { peopleRoutes } from '../../surfaces/admin/routes/people.ts';
import { reviewRoutes } from '../../surfaces/admin/routes/reviews.ts';
import { transferRoutes } from '../../surfaces/admin/routes/transfer.ts';
import { vaultRoutes } from '../../surfaces/admin/routes/vault.ts';
import { rightsRoutes } from '../../surfaces/admin/routes-rights.ts';
import { openAdmin } from '../../surfaces/admin/server.ts';
import type { DoorRules } from '../../surfaces/http/door.ts';
import { listen } from '../../surfaces/http/listener.ts';
import { McpHandler } from '../../surfaces/mcp/handler.ts';
import { sendJson } from '../../surfaces/mcp/responder.ts';
import { scimServer } from '../../surfaces/scim/server.ts';
import { type OpenRegistry, openAgents } from '../agents/registry.ts';
import type { Authority } from '../authority/authority.ts';
import { delegationOperations } from '../authority/delegation.ts';
import { openIdentity } from '../authority/identity.ts';
import { keyOperations } from '../authority/keys.ts';
import { brokered, connectDoor, keepIdpTokens, vaultOperations } from '../credentials.ts';
import type { Live } from '../live.ts';
import type { MadeGateway } from '../make-gateway.ts';
import type { Humans } from '../people/humans.ts';
import { rightsOperations } from '../rights/operations.ts';
import { operations } from './operations.ts';
import { doorRules, routes } from './routes.ts';
import { openSignIn } from './sign-in.ts';

/** For answers already written to reach their clients. */
const CLOSE_GRACE_MS = 500;

export interface Doors {
  readonly url: string;
  readonly mcp: McpHandler;
  readonly agents: OpenRegistry;
  close(): Promise<void>;
}

export interface DoorOptions extends MadeGateway {
  readonly live: Live;
  readonly stores: Stores;
  readonly authority: Authority;
  readonly humans: Humans;
  readonly credentials: Credentials;
}

/** Opens what the outside reaches: agents over HTTP, the operator over a socket, metrics where configured. */
export async function openDoors(options: DoorOptions): Promise<Doors> {
  const { gateway, live, metrics } = options;
  const { config } = live;
  // The port may be chosen by the system, so that the address is known only after listening.
  const place: Place = { url: gatewayUrl(config.listen), rules: null };
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
    stepUp: (scope, path) => stepUp(resourcesOf(place.url), { scope, audience: `${place.url}${path}` }),
  });
  const agents = openAgents({ gateway, live, mcp, stores: options.stores, authority: options.authority });
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
  const handler = routes({
    mcp,
    scim,
    account,
    connect,
    identity,
    rules,
    health: { notReady: () => notReady(options) },
  });
  const { host, port, tls } = config.listen;
  const listener = await listen({ host, port, tls, ...config.limits }, handler, gateway.log);
  place.url = config.listen.publicUrl ?? (port === 0 ? listener.url : gatewayUrl(config.listen));
  place.rules = doorRules(config, listener.url);
  const startedAtMs = systemClock.nowMs();
  const parts = { ...gateway, live, mcp, metrics, url: place.url, startedAtMs };
  const admin = await openAdmin(config.admin.socket, operations(parts), [
    credentialRoutes(() => signIn.desk),
    rightsRoutes(rightsOperations(parts)),
    keyRoutes(keyOperations(options.authority.ring, gateway.journal)),
    vaultRoutes(vaultOperations(options.credentials, gateway.journal)),
    peopleRoutes({ people, groups, directory: live.directory }),
    agentRoutes(agents),
    delegationRoutes(delegationOperations({ live, stores: options.stores, gateway })),
    transferRoutes(agents.registry),
    reviewRoutes(agents.reviews),
  ]).catch(async (error: unknown) => {
    await listener.close(0);
    throw error;
  });
  const metricsDoor = await openMetricsDoor(options);
  options.readings.current = {
    sessions: () => mcp.legacy.sessions.size + mcp.modern.size,
    revocation: () => gateway.revocation.status(),
    journal: () => {
      const health = gateway.journal.health();
      return { size: health.size, queuedRecords: health.queuedRecords, ok: health.state === 'ok' };
    },
  };
  return {
    url: place.url,
    mcp,
    agents,
    async close() {
      await admin.close();
      await metricsDoor?.close(0);
      scim.close();
      // Nothing new comes in; what is under way has until the grace ends. Then streams that never end by themselves are ended.
      await mcp.drain(live.config.limits.drainMs);
      await mcp.end(() => true, 'the gateway stops');
      await listener.close(CLOSE_GRACE_MS);
    },
  };
}

interface Place {
  url: string;
  rules: DoorRules | null;
}

async function openMetricsDoor({
  live,
  metrics,
  gateway,
}: DoorOptions): Promise<{ close(graceMs: number): Promise<void> } | null> {
  const { enabled, listen: where } = live.config.metrics;
  if (!enabled || where === null) return null;
  const options = {
    ...where,
    tls: null,
    headerBytes: 16_384,
    connections: 64,
    headersTimeoutMs: 5_000,
    bodyTimeoutMs: 5_000,
  };
  return listen(
    options,
    async (_request, response, path) => {
      if (path !== '/metrics') return sendJson(response, 404, { error: 'not found' });
      response.writeHead(200, { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' });
      response.end(await metrics.text());
    },
    gateway.log,
  );
}

/** Ready means: calls can be decided, recorded and stopped. */
function notReady({ gateway }: DoorOptions): string | null {
  const journal = gateway.journal.health();
  if (journal.state !== 'ok') return journal.message ?? `the journal is ${journal.state}`;
  return gateway.revocation.status().stale ? 'the view of the kill switch is stale: the store does not answer' : null;
}
