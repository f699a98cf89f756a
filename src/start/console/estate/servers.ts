import type { ServerConfig } from '../../../config/config.ts';
import type { Inventory } from '../../../inventory/catalog.ts';
import { diffJson } from '../../../inventory/diff.ts';
import type { ServerLine, ServerView, ToolLine, ToolView } from '../../../model/insight/estate.ts';
import type { UpstreamHealth } from '../../../ports/upstream.ts';
import type { ServerReading, ToolFilter } from '../../../surfaces/admin/routes/estate/servers.ts';
import type { Live } from '../../live.ts';

const NEVER_HEARD: UpstreamHealth = { state: 'unknown', sinceMs: null, links: 0, lastError: null, restarts: 0 };

/** Servers and tools as the console shows them: everything from memory. */
export function serverReading({ live, inventory }: { live: Live; inventory: Inventory }): ServerReading {
  const health = (id: string): UpstreamHealth => live.snapshot().servers.get(id)?.upstream.health() ?? NEVER_HEARD;
  const line = (server: ServerConfig, content: boolean): ServerLine => {
    const pins = inventory.pins(server.id);
    const { state, sinceMs, links, lastError, restarts } = health(server.id);
    const pinned = pins.filter((pin) => pin.state === 'pinned').length;
    const { id, kind, environment, risk, trust, credentials } = server;
    return {
      ...{ id, kind, environment, risk, trust, state, sinceMs, links, lastError, restarts, pinned },
      where: whereOf(server, content),
      quarantined: pins.length - pinned,
      credentials: credentials?.kind ?? null,
    };
  };
  return {
    lines: (content) => live.config.servers.map((server) => line(server, content)),
    server(id, content): ServerView | null {
      const server = live.config.servers.find((each) => each.id === id);
      if (server === undefined) return null;
      const { dropped = 0, stderrTail = '' } = health(id);
      return {
        ...line(server, content),
        ...{ timeoutMs: server.timeoutMs, dropped, actionCredential: server.actionCredential !== null },
        stderrTail: content && stderrTail !== '' ? stderrTail : null,
      };
    },
    tools: (filter) =>
      live.config.servers
        .filter(({ id }) => filter.server === undefined || filter.server === id)
        .flatMap(({ id }) => toolLines(inventory, id, filter)),
    tool: (server, tool) => toolView(inventory, server, tool),
  };
}

/** An address without user, password and query. Arguments of a command may hold anything, and paths of hosted servers often hold a key. */
function whereOf(server: ServerConfig, content: boolean): string {
  if (server.kind === 'stdio') return content ? [server.command, ...server.args].join(' ') : server.command;
  const { origin, pathname } = new URL(server.url);
  return content ? `${origin}${pathname}` : origin;
}

function toolLines(inventory: Inventory, server: string, { state, effect, q }: ToolFilter): readonly ToolLine[] {
  const wanted = q?.toLowerCase();
  const found: ToolLine[] = [];
  for (const row of inventory.pins(server)) {
    if (state !== undefined && row.state !== state) continue;
    const resolved = inventory.resolve(server, row.tool);
    if (resolved.state === 'unknown' || (effect !== undefined && resolved.labels.effect !== effect)) continue;
    const { title } = (row.state === 'pinned' ? row.accepted : null) ?? row.seen;
    const shown = typeof title === 'string' ? title : null;
    if (wanted !== undefined && !`${row.tool} ${shown ?? ''}`.toLowerCase().includes(wanted)) continue;
    const waits = row.state === 'pinned' ? null : row.acceptedHash === null ? 'new' : 'changed';
    found.push({
      ...{ server, tool: row.tool, title: shown, state: row.state, waits },
      ...{ effect: resolved.labels.effect, dataClass: resolved.labels.dataClass },
      labelsFrom: inventory.look(server, row.tool)?.labels[0]?.from ?? 'default',
      findings: [...new Set(row.findings.map(({ code }) => code))],
      ...{ seenHash: row.seenHash, seenAtMs: row.seenAtMs },
    });
  }
  return found;
}

function toolView(inventory: Inventory, server: string, tool: string): ToolView | null {
  const look = inventory.look(server, tool);
  if (look === null) return null;
  const { row, labels, acceptable } = look;
  const differences = row.accepted === null ? [] : diffJson(row.accepted, row.seen);
  return {
    ...row,
    ...{ labels, acceptable },
    differences: differences.map(({ at, before, after }) => ({
      at,
      ...(before === undefined ? {} : { before }),
      ...(after === undefined ? {} : { after }),
    })),
  };
}
