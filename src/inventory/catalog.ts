import { digestJson } from '../model/canonical.ts';
import { isObject, type Json } from '../model/json.ts';
import type { Finding, ToolDefinition, ToolLabels } from '../model/tool.ts';
import type { Clock } from '../ports/clock.ts';
import type { PinRow, PinStore } from '../ports/stores.ts';
import { labelsOf, type ToolOverrides } from './labels.ts';

/** First version by the main author, so that the gateway runs: the inventory author replaces it and keeps this API. */
export type Resolved =
  | { readonly state: 'pinned'; readonly definition: ToolDefinition; readonly hash: string; readonly labels: ToolLabels }
  | { readonly state: 'quarantined'; readonly labels: ToolLabels; readonly findings: readonly Finding[] }
  | { readonly state: 'unknown' };

export interface InventoryServer {
  readonly id: string;
  readonly trust: 'first-use' | 'review';
  readonly tools: ToolOverrides;
}

export interface InventoryOptions {
  readonly pins: PinStore;
  readonly servers: readonly InventoryServer[];
  readonly clock: Clock;
  readonly limits: { readonly toolsPerServer: number; readonly definitionBytes: number };
}

export interface Inventory {
  observe(server: string, definitions: readonly Json[]): Promise<void>;
  resolve(server: string, tool: string): Resolved;
  accept(server: string, tool: string, seenHash: string, by: string): Promise<boolean>;
  pins(server: string): readonly PinRow[];
  known(): readonly { readonly server: string; readonly name: string; readonly labels: ToolLabels }[];
  configure(servers: readonly InventoryServer[]): void;
}

export async function openInventory(options: InventoryOptions): Promise<Inventory> {
  let servers = new Map(options.servers.map((s) => [s.id, s]));
  const rows = new Map<string, PinRow>();
  for (const row of await options.pins.list()) rows.set(`${row.server}/${row.tool}`, row);
  const labels = (server: string, row: PinRow) => labelsOf(row.tool, row.accepted ?? row.seen, servers.get(server)?.tools ?? new Map());
  const reload = async () => {
    for (const row of await options.pins.list()) rows.set(`${row.server}/${row.tool}`, row);
  };
  return {
    async observe(server, definitions) {
      const had = [...rows.values()].some((row) => row.server === server);
      for (const definition of definitions) {
        if (!isObject(definition) || typeof definition.name !== 'string') continue;
        const hash = digestJson(definition);
        const old = rows.get(`${server}/${definition.name}`);
        if (old?.seenHash === hash) continue;
        const fresh = old === undefined && !had && servers.get(server)?.trust === 'first-use';
        const back = old !== undefined && old.acceptedHash === hash;
        const seen = definition as ToolDefinition;
        const ok = fresh || back;
        const row: PinRow = {
          server,
          tool: definition.name,
          acceptedHash: fresh ? hash : (old?.acceptedHash ?? null),
          accepted: fresh ? seen : (old?.accepted ?? null),
          seenHash: hash,
          seen,
          state: ok ? 'pinned' : 'quarantined',
          findings: ok ? [] : [{ code: old === undefined ? 'new-tool' : 'changed', message: 'not accepted yet', at: '' }],
          seenAtMs: options.clock.nowMs(),
        };
        await options.pins.save(row, old?.seenHash ?? null);
        await reload();
      }
    },
    resolve(server, tool) {
      const row = rows.get(`${server}/${tool}`);
      if (row === undefined) return { state: 'unknown' };
      if (row.state === 'quarantined' || row.accepted === null) return { state: 'quarantined', labels: labels(server, row), findings: row.findings };
      return { state: 'pinned', definition: row.accepted, hash: row.acceptedHash!, labels: labels(server, row) };
    },
    async accept(server, tool, seenHash) {
      const done = await options.pins.accept(server, tool, seenHash);
      await reload();
      return done;
    },
    pins: (server) => [...rows.values()].filter((row) => row.server === server),
    known: () => [...rows.values()].map((row) => ({ server: row.server, name: row.tool, labels: labels(row.server, row) })),
    configure(next) {
      servers = new Map(next.map((s) => [s.id, s]));
    },
  };
}
