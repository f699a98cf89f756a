import { systemClock } from '../adapters/clock.ts';
import type { Journal } from '../audit/journal.ts';
import type { Config } from '../config/config.ts';
import { type Environment, loadConfig, type Problem } from '../config/load.ts';
import { changesNeedingRestart, restartMessage } from '../config/reload.ts';
import type { GatewayLimits, Log, Snapshot } from '../gateway/gateway.ts';
import type { Configured, OpenDirectory } from '../identity/directory.ts';
import type { Inventory } from '../inventory/catalog.ts';
import type { PolicyWorld } from '../model/policy-input.ts';
import type { Stores } from '../ports/stores.ts';
import { type InForce, type Keeping, takeFolder } from './policies/in-force.ts';
import { type Order, publishOrder } from './policies/publish-order.ts';
import { publishFolder, worldNow, worldOf } from './policies.ts';
import type { RightsInForce } from './rights/rights.ts';
import type { Servers } from './servers.ts';

/** Who reloads when a watched file changed. */
export const FILE_CHANGE = 'file change';

/** A configuration that cannot be started or loaded: every problem with file, line and what to do. */
export class ConfigurationError extends Error {
  readonly problems: readonly Problem[];

  constructor(problems: readonly Problem[]) {
    super(problems.map((p) => `${p.file}:${p.line}:${p.column}: ${p.message}`).join('\n'));
    this.problems = problems;
  }
}

export interface LiveOptions {
  readonly configPath: string;
  readonly env: Environment;
  readonly servers: Servers;
  readonly inventory: Inventory;
  readonly journal: Journal;
  readonly stores: Pick<Stores, 'policies'>;
  readonly directory: OpenDirectory;
  readonly rights: RightsInForce;
  readonly log: Log;
}

export interface Reloaded {
  readonly ok: boolean;
  readonly message: string;
  readonly problems: readonly Problem[];
}

/** What is in force now: one configuration, one set of policies, one set of servers, swapped together or not at all. */
export class Live {
  readonly #options: LiveOptions;
  #config: Config;
  #files: readonly string[];
  #snapshot: Snapshot;
  #limits: GatewayLimits;
  #staticTokens: ReadonlyMap<string, string>;
  #reloading: Promise<unknown> = Promise.resolve();
  readonly #changed: (() => void)[] = [];
  #inForce: InForce;
  #world: { readonly config: Config; readonly version: number; readonly world: PolicyWorld } | null = null;
  /** The files it wrote itself will be seen to have changed. */
  #wrote = false;

  private constructor(
    options: LiveOptions,
    state: { config: Config; files: readonly string[]; snapshot: Snapshot; inForce: InForce },
  ) {
    this.#options = options;
    this.#inForce = state.inForce;
    this.#config = state.config;
    this.#files = state.files;
    this.#snapshot = state.snapshot;
    this.#limits = limitsOf(state.config);
    this.#staticTokens = staticTokensOf(state.config);
  }

  static async start(options: LiveOptions, loaded: { config: Config; files: readonly string[] }): Promise<Live> {
    const { config, files } = loaded;
    const published = await publishFolder(config, { tools: options.inventory.known(), directory: options.directory });
    if (!published.ok) throw new ConfigurationError(published.problems);
    const rights = await options.rights.prepare(config, options.inventory.known());
    if (!rights.ok) throw new ConfigurationError(rights.problems);
    for (const warning of [...published.warnings, ...rights.warnings])
      options.log.warn({ at: `${warning.file}:${warning.line}` }, warning.message);
    const { entries } = options.servers.prepare(config);
    const snapshot = { policies: published.policies, servers: entries };
    const inForce = await takeFolder(keeping(options), published, { by: 'start', reason: 'start' });
    rights.use();
    return new Live(options, { config, files, snapshot, inForce });
  }

  get config(): Config {
    return this.#config;
  }

  /** One object per configuration: the path reads it several times a call. */
  get limits(): GatewayLimits {
    return this.#limits;
  }

  /** The policies in force, as files, and how they came into force. */
  get policies(): InForce {
    return this.#inForce;
  }

  /** What policies can name now. The same lists of agents and people as long as none of them changes. */
  world(): PolicyWorld {
    const { inventory, directory } = this.#options;
    const known = this.#world;
    if (known?.config !== this.#config || known.version !== directory.version)
      this.#world = { config: this.#config, version: directory.version, world: worldNow(this.#config, { directory }) };
    const { world } = this.#world as NonNullable<typeof known>;
    return { ...world, tools: worldOf(this.#config, inventory.known()).tools };
  }

  get directory(): OpenDirectory {
    return this.#options.directory;
  }

  get rights(): RightsInForce {
    return this.#options.rights;
  }

  /** Development tokens of the configuration, by agent id. */
  get staticTokens(): ReadonlyMap<string, string> {
    return this.#staticTokens;
  }

  get files(): readonly string[] {
    return this.#files;
  }

  readonly snapshot = (): Snapshot => this.#snapshot;

  onChange(listener: () => void): void {
    this.#changed.push(listener);
  }

  /** One at a time. Whatever is wrong, what was in force stays in force, and the answer says so. */
  reload(by: string): Promise<Reloaded> {
    // Also what the disk says: a watcher waits for no answer, and what it left unheard would end the gateway.
    const next = this.#reloading
      .then(() => this.#reload(by))
      .catch((error: unknown) =>
        refused(`what was in force stays in force: ${error instanceof Error ? error.message : String(error)}`, []),
      );
    this.#reloading = next;
    return next;
  }

  /** Other policies, by somebody; everything else stays. In line with reloads. Rejects with a Problem when nothing has changed. */
  publish(order: Order): Promise<InForce> {
    const next = this.#reloading.then(() => this.#publish(order));
    this.#reloading = next.catch(() => {});
    return next;
  }

  async #publish(order: Order): Promise<InForce> {
    const publishing = { ...keeping(this.#options), config: this.#config, inForce: this.#inForce, world: this.world() };
    const { inForce, policies } = await publishOrder(publishing, order);
    this.#wrote = true;
    this.#inForce = inForce;
    this.#snapshot = { ...this.#snapshot, policies };
    for (const listener of this.#changed) listener();
    return inForce;
  }

  async #reload(by: string): Promise<Reloaded> {
    const { configPath, env, servers, inventory, directory, log } = this.#options;
    const loaded = await loadConfig(configPath, env);
    if (!loaded.ok) return refused('the configuration is wrong; the old one stays in force', loaded.problems);
    if (changesNeedingRestart(this.#config, loaded.config).length > 0) {
      return refused(restartMessage(this.#config, loaded.config) ?? 'this change needs a restart', []);
    }
    const published = await publishFolder(loaded.config, { tools: inventory.known(), directory });
    if (!published.ok) return refused('the policies are wrong; the old ones stay in force', published.problems);
    const rights = await this.#options.rights.prepare(loaded.config, inventory.known());
    if (!rights.ok) return refused('the permissions are wrong; the old ones stay in force', rights.problems);
    const same = published.pending === null && published.policies.version === this.#inForce.version;
    const own = this.#wrote && by === FILE_CHANGE && same;
    let inForce: InForce;
    try {
      inForce = own
        ? { ...this.#inForce, warnings: published.warnings }
        : await takeFolder(keeping(this.#options), published, { by, reason: 'reload' });
    } catch (error) {
      return refused(`what was in force stays in force: ${(error as Error).message}`, []);
    }
    this.#wrote = false;
    const { entries, retire } = servers.prepare(loaded.config);
    inventory.configure(loaded.config.servers);
    this.#config = loaded.config;
    this.#files = loaded.files;
    this.#limits = limitsOf(loaded.config);
    this.#staticTokens = staticTokensOf(loaded.config);
    this.#snapshot = { policies: published.policies, servers: entries };
    this.#inForce = inForce;
    directory.configure(configured(loaded.config));
    rights.use();
    for (const listener of this.#changed) listener();
    await retire().catch((error: unknown) => log.warn({ err: error }, 'a removed server did not close cleanly'));
    const problems = [...published.warnings, ...rights.warnings];
    return { ok: true, message: `in force: policies ${published.policies.version}`, problems };
  }
}

function refused(message: string, problems: readonly Problem[]): Reloaded {
  return { ok: false, message, problems };
}

function limitsOf(config: Config): GatewayLimits {
  return Object.freeze({ ...config.limits, approvalTtlMs: config.approvals.expireMs });
}

function staticTokensOf({ agents }: Config): ReadonlyMap<string, string> {
  return new Map(agents.flatMap(({ id, staticTokenSha256: sha }) => (sha === null ? [] : [[id, sha] as const])));
}

/** What the directory takes from the configuration. */
export function configured({ agents, people, connections }: Config): Configured {
  return { agents: agents.map(({ staticTokenSha256: _secret, ...agent }) => agent), people, connections };
}

function keeping({ journal, stores, log }: LiveOptions): Keeping {
  return { journal, store: stores.policies, clock: systemClock, log };
}
