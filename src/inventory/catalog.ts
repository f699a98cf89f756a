import { Fault } from '../model/fault.ts';
import type { LabelView } from '../model/insight/estate.ts';
import type { Json } from '../model/json.ts';
import type { Finding, ToolDefinition, ToolLabels } from '../model/tool.ts';
import type { Clock } from '../ports/clock.ts';
import type { PinRow, PinStore } from '../ports/stores.ts';
import { describePin } from './diff.ts';
import { isOmitted, type Sighting, scanName } from './findings.ts';
import { explainLabels, type LabelSource, labelsOf } from './labels.ts';
import { lookAt } from './look.ts';
import { nextPin } from './pins.ts';
import { type KnownName, NameIndex } from './scan/names.ts';

export type Resolved =
  | {
      readonly state: 'pinned';
      readonly definition: ToolDefinition;
      readonly hash: string;
      readonly labels: ToolLabels;
    }
  | { readonly state: 'quarantined'; readonly labels: ToolLabels; readonly findings: readonly Finding[] }
  | { readonly state: 'unknown' };

export interface InventoryServer extends LabelSource {
  readonly id: string;
  readonly trust: 'first-use' | 'review';
}

export type InventoryEvent =
  | { readonly kind: 'pinned' | 'quarantined'; readonly row: PinRow }
  | { readonly kind: 'accepted'; readonly row: PinRow; readonly by: string }
  /** How many definitions cannot stand in the catalogue, when that number changes. They are never shown and cannot be called. */
  | { readonly kind: 'ignored'; readonly server: string; readonly count: number; readonly why: string };

export interface InventoryOptions {
  readonly pins: PinStore;
  readonly servers: readonly InventoryServer[];
  readonly clock: Clock;
  readonly limits: { readonly toolsPerServer: number; readonly definitionBytes: number };
  readonly onEvent?: (event: InventoryEvent) => void;
}

/** What is known of every server's tools. Reading is synchronous, from memory, O(1); only accepted definitions come out. */
export interface Inventory {
  /**
   * Takes in what a server lists: the whole list, or one page of it (`more`: others follow). When it resolves, what it says is
   * durable and `resolve` knows. Cheap when nothing changed. Rejects when the store fails; what looked changed is then already held
   * back.
   */
  observe(server: string, definitions: readonly Json[], page?: { readonly more: boolean }): Promise<void>;
  resolve(server: string, tool: string): Resolved;
  /** Accepted definitions only: what an agent may be shown. */
  visible(server: string): readonly ToolDefinition[];
  /**
   * An operator takes over exactly the definition they looked at. `false`: it has changed since, or was never seen. Fault
   * `invalid-request` when it is one nobody can accept.
   */
  accept(server: string, tool: string, seenHash: string, by: string): Promise<boolean>;
  /** Where what the server shows differs from what was accepted, for a person to read; `null` for an unknown tool. */
  diff(server: string, tool: string): readonly string[] | null;
  pins(server: string): readonly PinRow[];
  /** One tool as a person reviews it; `null`: the server never showed it. */
  look(server: string, tool: string): ToolLook | null;
  /** Every tool of every configured server, with its labels. */
  known(): readonly { readonly server: string; readonly name: string; readonly labels: ToolLabels }[];
  /** New configuration: labels and trust. */
  configure(servers: readonly InventoryServer[]): void;
  /** Reads what other gateways on the same store have seen and accepted. */
  refresh(): Promise<void>;
}

export interface ToolLook {
  readonly row: PinRow;
  readonly labels: readonly LabelView[];
  /** `false`: nobody can accept what the server shows. */
  readonly acceptable: boolean;
}

interface Tool {
  /** As it is in the store. */
  readonly stored: PinRow;
  /** As it counts now: held back already when a change has been seen and not been stored yet. */
  readonly row: PinRow;
  readonly resolved: Resolved;
}

type Sight = 'first' | 'review' | 'known';

const UNKNOWN: Resolved = { state: 'unknown' };
const NO_TOOLS: ReadonlyMap<string, Tool> = new Map();
/** A first look that is told in pages ends after this time, whatever the server says. */
const FIRST_LOOK_MS = 60_000;
/** While something is held back, other gateways' acceptances are looked for this often at most. */
const REFRESH_MS = 5_000;
const MAX_ATTEMPTS = 5;

export async function openInventory(options: InventoryOptions): Promise<Inventory> {
  const catalog = new Catalog(options);
  await catalog.refresh();
  return catalog;
}

class Catalog implements Inventory {
  readonly #options: InventoryOptions;
  #servers: ReadonlyMap<string, InventoryServer>;
  /** Replaced, never changed: a reader sees one state of a server. */
  readonly #tools = new Map<string, ReadonlyMap<string, Tool>>();
  /** When the first look at a server began; gone when it ended. */
  readonly #firstLooks = new Map<string, number>();
  /** Seen and not stored yet: holds the tool back whatever the store says, until it is stored. */
  readonly #unstored = new Map<string, Map<string, Sighting>>();
  readonly #ignored = new Map<string, number>();
  /** Writers go one after the other: what one saw must not be overtaken by what it was compared with. */
  #queue: Promise<unknown> = Promise.resolve();
  #refreshedAtMs = 0;

  constructor(options: InventoryOptions) {
    this.#options = options;
    this.#servers = byId(options.servers);
  }

  resolve(server: string, tool: string): Resolved {
    return this.#tools.get(server)?.get(tool)?.resolved ?? UNKNOWN;
  }

  visible(server: string): readonly ToolDefinition[] {
    const shown: ToolDefinition[] = [];
    for (const { resolved } of this.#of(server).values())
      if (resolved.state === 'pinned') shown.push(resolved.definition);
    return shown;
  }

  pins(server: string): readonly PinRow[] {
    return [...this.#of(server).values()].map((tool) => tool.row);
  }

  diff(server: string, tool: string): readonly string[] | null {
    const known = this.#of(server).get(tool);
    return known === undefined ? null : describePin(known.row);
  }

  look(server: string, tool: string): ToolLook | null {
    const row = this.#of(server).get(tool)?.row;
    const source = this.#servers.get(server);
    if (row === undefined || source === undefined) return null;
    const inForce = row.state === 'pinned' ? row.accepted : null;
    return { row, labels: explainLabels(tool, inForce, source), acceptable: !isOmitted(row.seen) };
  }

  known(): readonly { readonly server: string; readonly name: string; readonly labels: ToolLabels }[] {
    return [...this.#servers.values()].flatMap((server) =>
      this.pins(server.id).map((row) => ({ server: server.id, name: row.tool, labels: this.#labels(row) })),
    );
  }

  configure(servers: readonly InventoryServer[]): void {
    this.#servers = byId(servers);
    for (const server of new Set([...this.#tools.keys(), ...this.#servers.keys()]))
      this.#set(server, this.#stored(server));
  }

  async observe(
    server: string,
    definitions: readonly Json[],
    page: { readonly more: boolean } = { more: false },
  ): Promise<void> {
    if (!this.#servers.has(server)) return;
    const known = this.#of(server);
    const seen = (name: string) => known.get(name)?.stored;
    const look = lookAt(definitions, { maxBytes: this.#options.limits.definitionBytes, seen });
    const news = this.#withinLimit(server, look.news);
    this.#ignore(server, look.ignored + look.news.length - news.length);
    // Held back at once, before anything can fail or wait.
    if (news.length > 0) this.#hold(server, news);
    if (this.#unstored.has(server)) await this.#enqueue(() => this.#learn(server));
    else if (this.#isWaiting(server)) await this.refresh();
    if (!page.more) this.#firstLooks.delete(server);
  }

  accept(server: string, tool: string, seenHash: string, by: string): Promise<boolean> {
    return this.#enqueue(async () => {
      let row = this.#of(server).get(tool)?.row;
      if (row?.seenHash !== seenHash) {
        await this.#reload();
        row = this.#of(server).get(tool)?.row;
      }
      if (row?.seenHash !== seenHash) return false;
      if (isOmitted(row.seen)) {
        const why = row.findings[0]?.message ?? 'it cannot be accepted';
        throw new Fault('invalid-request', `${why}: the server must change it`);
      }
      const done = await this.#options.pins.accept(server, tool, seenHash);
      await this.#reload();
      const after = this.#of(server).get(tool)?.row;
      if (done && after !== undefined) this.#emit({ kind: 'accepted', row: after, by });
      return done;
    });
  }

  refresh(): Promise<void> {
    return this.#enqueue(() => this.#reload());
  }

  async #reload(): Promise<void> {
    const rows = Map.groupBy(await this.#options.pins.list(), (row) => row.server);
    this.#refreshedAtMs = this.#options.clock.nowMs();
    for (const server of new Set([...rows.keys(), ...this.#tools.keys()])) this.#set(server, rows.get(server) ?? []);
  }

  #hold(server: string, news: readonly Sighting[]): void {
    const unstored = this.#unstored.get(server) ?? new Map<string, Sighting>();
    for (const sighting of news) unstored.set(sighting.name, sighting);
    this.#unstored.set(server, unstored);
    this.#set(server, this.#stored(server));
  }

  /** Stores what is new or changed. Runs alone. */
  async #learn(server: string): Promise<void> {
    const unstored = this.#unstored.get(server);
    // An earlier turn of the queue may have stored it already.
    if (unstored === undefined) return;
    await this.#reload();
    const config = this.#servers.get(server);
    if (config === undefined) return;
    const batch = [...unstored.values()];
    const kept = new Set(this.#withinLimit(server, batch));
    const step = { server, index: this.#names(server, batch), sight: this.#sight(config) };
    const settled = await Promise.allSettled(
      batch.map((sighting) => (kept.has(sighting) ? this.#save({ ...step, sighting }) : null)),
    );
    batch.forEach((sighting, i) => {
      // What was seen meanwhile waits for its own turn.
      if (settled[i]?.status === 'fulfilled' && unstored.get(sighting.name) === sighting)
        unstored.delete(sighting.name);
    });
    if (unstored.size === 0) this.#unstored.delete(server);
    await this.#reload();
    const failed = settled.find((result) => result.status === 'rejected');
    if (failed !== undefined) throw failed.reason;
  }

  /** Changes of what is known always count; newcomers only as long as there is room. */
  #withinLimit(server: string, news: readonly Sighting[]): readonly Sighting[] {
    const known = this.#of(server);
    let room = this.#options.limits.toolsPerServer - known.size;
    return news.filter((sighting) => known.has(sighting.name) || room-- > 0);
  }

  #ignore(server: string, count: number): void {
    if (count === (this.#ignored.get(server) ?? 0)) return;
    this.#ignored.set(server, count);
    const why = `no usable name, or more than limits.toolsPerServer (${this.#options.limits.toolsPerServer}) tools`;
    if (count > 0) this.#emit({ kind: 'ignored', server, count, why });
  }

  /** Names a newcomer must not be taken for: whatever was accepted, and the other newcomers beside it. */
  #names(server: string, news: readonly Sighting[]): NameIndex {
    const names: KnownName[] = news.map(({ name, hash }) => ({ server, name, hash }));
    for (const [id, tools] of this.#tools) {
      if (!this.#servers.has(id)) continue;
      for (const { row } of tools.values()) {
        if (row.acceptedHash !== null) names.push({ server: id, name: row.tool, hash: row.acceptedHash });
      }
    }
    return new NameIndex(names);
  }

  #sight({ id, trust }: InventoryServer): Sight {
    if (trust === 'review') return 'review';
    const nowMs = this.#options.clock.nowMs();
    if (this.#of(id).size === 0) this.#firstLooks.set(id, nowMs);
    const since = this.#firstLooks.get(id);
    return since !== undefined && nowMs < since + FIRST_LOOK_MS ? 'first' : 'known';
  }

  /** Compare-and-set until this sighting is in the store, or another gateway has put it there. */
  async #save(step: { server: string; sighting: Sighting; index: NameIndex; sight: Sight }): Promise<void> {
    const { server, index, sight } = step;
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
      if (attempt > 0) await this.#reload();
      const row = this.#of(server).get(step.sighting.name)?.stored;
      const { name, hash } = step.sighting;
      // A name is judged once: after an operator accepted the tool, it is the newcomers that look like it.
      const names = (row?.acceptedHash ?? null) === null ? scanName({ server, name, hash }, index) : [];
      const sighting = { ...step.sighting, findings: [...step.sighting.findings, ...names] };
      const next = nextPin(row, sighting, { server, sight, nowMs: this.#options.clock.nowMs() });
      if (next === null) return;
      if (await this.#options.pins.save(next, row?.seenHash ?? null)) {
        this.#emit({ kind: next.state, row: next });
        return;
      }
    }
    throw new Fault('overloaded', 'the definition of a tool keeps changing; try again', {
      detail: `${server}/${step.sighting.name}`,
    });
  }

  #stored(server: string): readonly PinRow[] {
    return [...this.#of(server).values()].map((tool) => tool.stored);
  }

  /** Something of this server waits for an operator, who may have answered at another gateway. */
  #isWaiting(server: string): boolean {
    if (this.#options.clock.nowMs() < this.#refreshedAtMs + REFRESH_MS) return false;
    for (const { row } of this.#of(server).values()) if (row.state === 'quarantined') return true;
    return false;
  }

  #of(server: string): ReadonlyMap<string, Tool> {
    return this.#tools.get(server) ?? NO_TOOLS;
  }

  #set(server: string, rows: readonly PinRow[]): void {
    const unstored = this.#unstored.get(server);
    const tools = rows.map((stored): readonly [string, Tool] => {
      const sighting = unstored?.get(stored.tool);
      const held = sighting !== undefined && (sighting.hash !== stored.seenHash || sighting.findings.length > 0);
      const row: PinRow = held ? { ...stored, state: 'quarantined', findings: sighting.findings } : stored;
      return [stored.tool, { stored, row, resolved: this.#resolve(row) }];
    });
    this.#tools.set(server, new Map(tools));
  }

  #resolve(row: PinRow): Resolved {
    if (!this.#servers.has(row.server)) return UNKNOWN;
    const labels = this.#labels(row);
    const { accepted, acceptedHash } = row;
    // Whatever a store says, only what was accepted is pinned.
    if (row.state !== 'pinned' || accepted === null || acceptedHash === null || acceptedHash !== row.seenHash) {
      return { state: 'quarantined', labels, findings: row.findings };
    }
    return { state: 'pinned', definition: accepted, hash: acceptedHash, labels };
  }

  /** Hints count only in a definition that is in force. */
  #labels(row: PinRow): ToolLabels {
    const source = this.#servers.get(row.server) ?? { tools: new Map() };
    return labelsOf(row.tool, row.state === 'pinned' ? row.accepted : null, source);
  }

  #enqueue<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#queue.then(work, work);
    this.#queue = done.catch(() => {});
    return done;
  }

  #emit(event: InventoryEvent): void {
    this.#options.onEvent?.(event);
  }
}

function byId(servers: readonly InventoryServer[]): ReadonlyMap<string, InventoryServer> {
  return new Map(servers.map((server) => [server.id, server]));
}
