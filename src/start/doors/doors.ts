import { systemClock } from '../../adapters/clock.ts';
import { gatewayUrl } from '../../config/config.ts';
import { openAdmin } from '../../surfaces/admin/server.ts';
import { listen } from '../../surfaces/http/listener.ts';
import { McpHandler } from '../../surfaces/mcp/handler.ts';
import { sendJson } from '../../surfaces/mcp/responder.ts';
import { type OpenRegistry } from '../agents/registry.ts';
import { adminRoutes } from './admin-door.ts';
import { type DoorOptions, type Place, publicDoor } from './public-door.ts';
import { doorRules } from './routes.ts';

/** For answers already written to reach their clients. */
const CLOSE_GRACE_MS = 500;

export interface Doors {
  readonly url: string;
  readonly mcp: McpHandler;
  readonly agents: OpenRegistry;
  close(): Promise<void>;
}

/** Opens what the outside reaches: agents over HTTP, the operator over a socket, metrics where configured. */
export async function openDoors(options: DoorOptions): Promise<Doors> {
  const { gateway, live, metrics } = options;
  const { config } = live;
  // The port may be chosen by the system, so that the address is known only after listening.
  const place: Place = { url: gatewayUrl(config.listen), rules: null };
  const door = publicDoor(options, place);
  const { mcp, agents, reach } = door;
  const { host, port, tls } = config.listen;
  const listener = await listen({ host, port, tls, ...config.limits }, door.handler, gateway.log);
  place.url = config.listen.publicUrl ?? (port === 0 ? listener.url : gatewayUrl(config.listen));
  place.rules = doorRules(config, listener.url);
  const startedAtMs = systemClock.nowMs();
  const parts = { ...gateway, live, mcp, metrics, url: place.url, startedAtMs };
  const idempotency = { store: options.stores.oauth, clock: systemClock };
  const nouns = adminRoutes(options, door, parts);
  const admin = await openAdmin(config.admin.socket, { routes: nouns, idempotency }).catch(async (error: unknown) => {
    await listener.close(0);
    throw error;
  });
  await door.console.open(nouns);
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
      await door.console.close();
      await metricsDoor?.close(0);
      door.close();
      // Nothing new comes in; what is under way has until the grace ends. Then streams that never end by themselves are ended.
      await mcp.drain(live.config.limits.drainMs);
      await mcp.end(() => true, 'the gateway stops');
      await listener.close(CLOSE_GRACE_MS);
      await reach.close();
    },
  };
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
