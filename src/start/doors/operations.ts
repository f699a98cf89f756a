import type { Journal } from '../../audit/journal.ts';
import type { Inventory } from '../../inventory/catalog.ts';
import type { Json } from '../../model/json.ts';
import { formatTarget } from '../../model/lock.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Revocation } from '../../revocation/revocation.ts';
import type { Operations } from '../../surfaces/admin/operations.ts';
import type { McpHandler } from '../../surfaces/mcp/handler.ts';
import type { Metrics } from '../../surfaces/ops/metrics.ts';
import { scan } from '../definitions/scan.ts';
import type { Live } from '../live.ts';

export interface OperationParts {
  readonly live: Live;
  readonly journal: Journal;
  readonly inventory: Inventory;
  readonly revocation: Revocation;
  readonly clock: Clock;
  readonly mcp: McpHandler;
  readonly metrics: Metrics;
  readonly url: string;
  readonly startedAtMs: number;
}

/** What an operator can do. Every act that changes something is recorded, with who and why, before it is confirmed. */
export function operations(parts: OperationParts): Operations {
  const { live, journal, revocation, inventory, clock } = parts;
  const record = (act: string, by: string, rest: { reason: string; detail: Json }) =>
    journal.append({ type: 'admin', act, by, ...rest });
  return {
    ...reading(parts),
    async accept({ server, tool, seenHash, by, reason }) {
      const accepted = await inventory.accept(server, tool, seenHash, by);
      if (accepted) await record('pin.accept', by, { reason, detail: { server, tool, hash: seenHash } });
      return accepted;
    },
    async scan(id, { by, reason }) {
      const server = live.snapshot().servers.get(id);
      if (server === undefined) return null;
      await record('server.scan', by, { reason, detail: { server: id } });
      const tools = await scan(server, { journal, inventory, policyVersion: () => live.snapshot().policies.version });
      return { tools };
    },
    async lock({ target, tier, reason, by, forMs }) {
      const untilMs = forMs === null ? null : clock.nowMs() + forMs;
      // Stopping does not wait for its record: a full disk must not keep an agent alive.
      const applied = await revocation.apply({ target, tier, reason, by, untilMs });
      await record('lock.put', by, { reason, detail: { target: formatTarget(target), tier, untilMs } });
      return { epoch: applied.epoch, target: formatTarget(target), tier };
    },
    async release({ target, reason, by }) {
      // Letting go does: it is recorded first.
      await record('lock.release', by, { reason, detail: { target: formatTarget(target) } });
      return revocation.release(target);
    },
    reload: (by) => live.reload(by),
  };
}

type Reading = Pick<Operations, 'status' | 'servers' | 'tools' | 'sessions' | 'locks' | 'metrics'>;

function reading(parts: OperationParts): Reading {
  const { live, journal, revocation, inventory, clock, mcp, metrics } = parts;
  return {
    async status() {
      const snapshot = live.snapshot();
      return {
        version: '0.1.0',
        url: parts.url,
        uptimeMs: clock.nowMs() - parts.startedAtMs,
        policyVersion: snapshot.policies.version,
        agents: [...live.directory.agents()].length,
        servers: snapshot.servers.size,
        sessions: mcp.legacy.sessions.size + mcp.modern.size,
        journal: { ...journal.health() },
        revocation: { ...revocation.status() },
      };
    },
    async servers() {
      const { servers } = live.snapshot();
      return live.config.servers.map((server) => {
        const pins = inventory.pins(server.id);
        return {
          id: server.id,
          kind: server.kind,
          where: server.kind === 'http' ? server.url : [server.command, ...server.args].join(' '),
          risk: server.risk,
          trust: server.trust,
          tools: pins.filter((pin) => pin.state === 'pinned').length,
          quarantined: pins.filter((pin) => pin.state === 'quarantined').length,
          ...servers.get(server.id)?.upstream.health(),
        };
      });
    },
    tools: (server) => (live.snapshot().servers.has(server) ? inventory.pins(server) : null),
    sessions: () =>
      mcp.legacy.sessions.all().map((session) => ({
        id: session.id,
        agent: session.agent,
        endpoint: session.endpoint,
        startedAtMs: session.startedAtMs,
        lastSeenMs: session.lastSeenMs,
        protocolVersion: session.protocolVersion,
        inFlight: session.inFlight,
        calls: session.state.calls,
        denied: session.state.denied,
      })),
    locks: () => ({ epoch: revocation.status().epoch, locks: revocation.locks() }),
    metrics: () => (live.config.metrics.enabled ? metrics.text() : Promise.resolve(null)),
  };
}
