import {
  type Inventory,
  type InventoryEvent,
  type InventoryServer,
  openInventory,
} from '../../src/inventory/catalog.ts';
import { digestJson } from '../../src/model/canonical.ts';
import type { Json, JsonObject } from '../../src/model/json.ts';
import type { PinRow, PinStore } from '../../src/ports/stores.ts';

/** The contract of PinStore in memory: compare-and-set, the loser is told. */
export interface MemoryPins extends PinStore {
  readonly rows: Map<string, PinRow>;
  /** Set: every operation rejects with it. */
  failure: Error | null;
  /** As `failure`, for writes only. */
  saveFailure: Error | null;
  lists: number;
}

export function memoryPins(): MemoryPins {
  const rows = new Map<string, PinRow>();
  const key = (server: string, tool: string) => JSON.stringify([server, tool]);
  const store: MemoryPins = {
    rows,
    failure: null,
    saveFailure: null,
    lists: 0,
    async list() {
      store.lists++;
      if (store.failure !== null) throw store.failure;
      return structuredClone([...rows.values()]);
    },
    async save(row, previousSeenHash) {
      const failure = store.failure ?? store.saveFailure;
      if (failure !== null) throw failure;
      const at = key(row.server, row.tool);
      const old = rows.get(at);
      if ((old?.seenHash ?? null) !== previousSeenHash) return false;
      if (old !== undefined && row.acceptedHash !== row.seenHash && old.acceptedHash !== row.acceptedHash) return false;
      rows.set(at, structuredClone(row));
      return true;
    },
    async accept(server, tool, seenHash) {
      if (store.failure !== null) throw store.failure;
      const at = key(server, tool);
      const old = rows.get(at);
      if (old === undefined || old.seenHash !== seenHash) return false;
      rows.set(at, { ...old, acceptedHash: old.seenHash, accepted: old.seen, state: 'pinned', findings: [] });
      return true;
    },
  };
  return store;
}

export interface PinWorld {
  nowMs: number;
  readonly pins: MemoryPins;
  readonly events: InventoryEvent[];
  readonly inventory: Inventory;
  /** Another gateway on the same store. */
  another(): Promise<Inventory>;
}

export function serverNamed(id: string, more: Partial<InventoryServer> = {}): InventoryServer {
  return { id, trust: 'first-use', tools: new Map(), ...more };
}

export async function openPinWorld(
  servers: readonly InventoryServer[] = [serverNamed('crm'), serverNamed('erp')],
  limits = { toolsPerServer: 50, definitionBytes: 262_144 },
): Promise<PinWorld> {
  const pins = memoryPins();
  const events: InventoryEvent[] = [];
  const world = { nowMs: 1_000_000, pins, events } as { nowMs: number; pins: MemoryPins; events: InventoryEvent[] };
  const clock = { nowMs: () => world.nowMs, monotonicUs: () => 0 };
  const open = () => openInventory({ pins, servers, clock, limits, onEvent: (event) => events.push(event) });
  return Object.assign(world, { inventory: await open(), another: open });
}

export function tool(
  name: string,
  description = `Does ${name}.`,
  more: JsonObject = {},
): JsonObject & { readonly name: string } {
  return {
    name,
    description,
    inputSchema: { type: 'object', properties: { id: { type: 'string', description: 'Which one.' } } },
    ...more,
  };
}

/** The codes of what holds a tool back; empty when it is pinned. */
export function codes(inventory: Inventory, server: string, name: string): readonly string[] {
  const resolved = inventory.resolve(server, name);
  return resolved.state === 'quarantined' ? resolved.findings.map((finding) => finding.code) : [];
}

export function shown(inventory: Inventory, server: string): readonly string[] {
  return inventory.visible(server).map((definition) => definition.name);
}

export function hashOf(definition: Json): string {
  return digestJson(definition);
}
