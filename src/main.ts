import { mkdir } from 'node:fs/promises';
import { systemClock } from './adapters/clock.ts';
import { realDisk } from './adapters/disk/real.ts';
import { openPostgres } from './adapters/sql/postgres.ts';
import { openSqlite } from './adapters/sql/sqlite.ts';
import { type Journal, openJournal } from './audit/journal.ts';
import { type Config, gatewayUrl } from './config/config.ts';
import { type Environment, loadConfig } from './config/load.ts';

import { watchConfig } from './config/watch.ts';
import { openActions } from './credentials/action/actions.ts';
import type { Log } from './gateway/gateway.ts';
import { type OpenDirectory, openDirectory } from './identity/directory.ts';
import { type Inventory, openInventory } from './inventory/catalog.ts';
import { formatTarget, type Lock } from './model/lock.ts';
import type { Stores } from './ports/stores.ts';
import { openRevocation } from './revocation/revocation.ts';
import { openQuestions, type Questions } from './start/approvals/open.ts';
import { type Delivery, openDelivery } from './start/approvals/reach/delivery.ts';
import { type Authority, openAuthority } from './start/authority/authority.ts';
import { openRecords } from './start/console/records/open.ts';
import { openCredentials } from './start/credentials.ts';
import { recordPin } from './start/definitions/pin-events.ts';
import { openDoors } from './start/doors/doors.ts';
import { ConfigurationError, configured, FILE_CHANGE, Live } from './start/live.ts';
import { type MadeGateway, makeGateway } from './start/make-gateway.ts';
import { openHumans } from './start/people/humans.ts';
import { openRightsInForce } from './start/rights/rights.ts';
import { Servers } from './start/servers.ts';
import { watchOver } from './start/watch-over.ts';
import { openLog } from './surfaces/ops/log.ts';
import { openTraces } from './surfaces/ops/traces.ts';

export { ConfigurationError } from './start/live.ts';

export interface StartOptions {
  readonly configPath: string;
  readonly env: Environment;
  /** Reload when the configuration or a policy file changes. Default true. */
  readonly watch?: boolean;
}

export interface RunningGateway {
  /** Where agents connect. */
  readonly url: string;
  readonly adminSocket: string;
  /** Where people open the console; `null`: it is off. */
  readonly console: string | null;
  /** Reads configuration and policies again; what is wrong changes nothing. */
  reload(by: string): ReturnType<Live['reload']>;
  /** Stops taking calls, lets those under way finish for `limits.drainMs`, closes everything. */
  close(): Promise<void>;
}

/**
 * Starts a gateway: the only place that knows which adapters run.
 * Throws ConfigurationError with every problem, or an Error that says what to do; then nothing is left running.
 */
export async function startGateway(options: StartOptions): Promise<RunningGateway> {
  const loaded = await loadConfig(options.configPath, options.env);
  if (!loaded.ok) throw new ConfigurationError(loaded.problems);
  const { config } = loaded;
  const log = openLog(config.log.level, config.log.format);
  for (const warning of loaded.warnings) log.warn({ at: `${warning.file}:${warning.line}` }, warning.message);
  const opened = new Closing();
  try {
    return await assemble(options, { config, files: loaded.files, log, opened });
  } catch (error) {
    await opened.closeAll(log);
    throw error;
  }
}

interface Assembly {
  readonly config: Config;
  readonly files: readonly string[];
  readonly log: Log;
  readonly opened: Closing;
}

async function assemble(options: StartOptions, assembly: Assembly): Promise<RunningGateway> {
  const { config, files, log, opened } = assembly;
  // The port may be chosen by the system: where people connect is known once the doors are open.
  const place = { url: gatewayUrl(config.listen) };
  const base = await openBase(assembly);
  const { stores, journal, directory, authority } = base;
  const credentials = await openCredentials({
    ...{ config, env: options.env, store: stores.secrets, keys: authority.ring, log },
    url: () => place.url,
  });
  opened.add(() => credentials.close());
  const actions = openActions({
    ...{ keys: authority.ring, replay: stores.replay, clock: systemClock },
    issuer: () => place.url,
  });
  const servers = new Servers(log, systemClock, { credentials, actions });
  opened.add(() => servers.close());
  const rights = openRightsInForce({ store: stores.relations, log });
  opened.add(() => rights.close());
  const live = await Live.start({ ...options, ...base, servers, rights, log }, { config, files });
  const gateway = await openPath(assembly, base, live);
  const humans = openHumans({
    ...{ stores, directory, journal, revocation: gateway.gateway.revocation, log },
    config: () => live.config,
    revoke: (rows) => authority.revoked.revoke(rows),
    endFor: async (person, agents) => {
      await credentials.endFor({ person });
      await credentials.endConnectedBy(person);
      await credentials.endForAgents(agents);
      await gateway.delivery.subscriptions.removeAll(person);
    },
    web: authority.web,
  });
  const records = openRecords({ config, journal, log });
  opened.add(() => records.close());
  const doors = await openDoors({ ...gateway, live, stores, humans, credentials, authority, records });
  place.url = doors.url;
  gateway.delivery.serve({ approvals: gateway.questions.approvals, origin: () => place.url });
  opened.add(() => doors.close());
  const watching = watchOver({
    ...{ gateway: gateway.gateway, live, doors, stores, humans, questions: gateway.questions },
    onRevoked: (listener) => authority.revoked.onChange(listener),
  });
  opened.add(() => watching.close());
  if (options.watch !== false) opened.add(reloadOnChange(live, config, log));
  return {
    url: doors.url,
    adminSocket: config.admin.socket,
    console: config.console.enabled ? `${doors.url}/console` : null,
    reload: (by) => live.reload(by),
    close: () => opened.closeAll(log),
  };
}

interface Base {
  readonly stores: Stores;
  readonly journal: Journal;
  readonly inventory: Inventory;
  readonly authority: Authority;
  readonly directory: OpenDirectory;
}

/** What is kept, and who there is: everything that knows nothing of a call. */
async function openBase({ config, log, opened }: Assembly): Promise<Base> {
  await mkdir(config.dataDir, { recursive: true, mode: 0o700 });
  const stores = await openStores(config);
  opened.add(() => stores.close());
  const journal = await openJournal({
    dir: config.journal.dir,
    disk: realDisk,
    clock: systemClock,
    limits: journalLimits(config),
  });
  opened.add(() => journal.close());
  const inventory = await openInventory({
    pins: stores.pins,
    servers: config.servers,
    clock: systemClock,
    limits: config.limits,
    onEvent: (event) => recordPin(journal, event, log),
  });
  const authority = await openAuthority({ config, stores, log, trusted: () => trustedOrigins(config) });
  opened.add(() => authority.close());
  const directory = await openDirectory({
    store: stores.directory,
    clock: systemClock,
    configured: configured(config),
    onFailed: (error) => log.warn({ err: error }, 'the directory could not be read; it goes stale'),
  });
  opened.add(() => directory.close());
  return { stores, journal, inventory, authority, directory };
}

/** Origins that may be fetched although they are private, because the operator's own configuration names them. */
function trustedOrigins(config: Config): readonly string[] {
  return [
    ...config.oauth.trustedOrigins,
    // Whom the operator named as an issuer may be where the operator says it is.
    ...config.oauth.issuers.flatMap(({ issuer, keys }) => (keys.kind === 'url' ? [keys.url] : [issuer])),
    ...(config.leaving.webhook === null ? [] : [config.leaving.webhook]),
  ];
}

/** The one path, with what stops it and what it asks. */
async function openPath(
  { config, log, opened }: Assembly,
  base: Base,
  live: Live,
): Promise<MadeGateway & { questions: Questions; delivery: Delivery }> {
  const { stores, journal, inventory, authority } = base;
  const revocation = await openRevocation({ locks: stores.locks, clock: systemClock, log });
  opened.add(() => revocation.close());
  await recordLocks(journal, revocation.locks());
  const delivery = await openDelivery({ config: () => live.config, stores, directory: base.directory, log });
  opened.add(() => delivery.close());
  const { notices } = delivery;
  const questions = openQuestions({ live, stores, journal, log, notices });
  opened.add(() => questions.close());
  const traces = await openTraces(config.telemetry.otlpEndpoint);
  opened.add(() => traces.close());
  const { isRevoked } = authority;
  const { approvals } = questions;
  const made = await makeGateway({ live, journal, inventory, revocation, approvals, traces, log, isRevoked });
  questions.serve(made.gateway);
  return { ...made, questions, delivery };
}

function openStores(config: Config): Promise<Stores> {
  const { store } = config;
  return store.kind === 'sqlite'
    ? openSqlite({ path: store.file, clock: systemClock })
    : openPostgres({ url: store.url, clock: systemClock });
}

function journalLimits(config: Config): NonNullable<Parameters<typeof openJournal>[0]['limits']> {
  const { segmentBytes, retentionDays, checkpointIntervalMs, minFreeBytes } = config.journal;
  const retainMs = retentionDays === null ? null : retentionDays * 86_400_000;
  return { segmentBytes, retainMs, checkpointIntervalMs, minFreeBytes };
}

function reloadOnChange(live: Live, config: Config, log: Log): () => Promise<void> {
  const targets = () => ({ files: live.files, policiesDir: live.config.policiesDir });
  const watching = watchConfig(
    targets(),
    () => {
      void live.reload(FILE_CHANGE).then((result) => {
        if (result.ok) log.info({}, `reloaded: ${result.message}`);
        else
          log.error(
            { problems: result.problems.map((p) => `${p.file}:${p.line}:${p.column}: ${p.message}`) },
            `not reloaded: ${result.message}`,
          );
        watching.retarget(targets());
      });
    },
    {
      onError: (error) =>
        log.warn(
          { err: error, file: config.file },
          'watching for changes failed; SIGHUP or `interlock reload` still work',
        ),
    },
  );
  return async () => watching.close();
}

/** Locks placed while no gateway ran are on record from the start of the one that enforces them. */
async function recordLocks(journal: Journal, locks: readonly Lock[]): Promise<void> {
  if (locks.length === 0) return;
  const detail = locks
    .slice(0, 1000)
    .map(({ target, tier, reason, by, atMs }) => ({ target: formatTarget(target), tier, reason, by, atMs }));
  await journal.append({ type: 'admin', act: 'lock.in-force', by: 'interlock', reason: 'start', detail });
}

/** Closes what was opened, newest first, each once. */
class Closing {
  readonly #closers: (() => unknown)[] = [];

  add(close: () => unknown): void {
    this.#closers.push(close);
  }

  async closeAll(log: Log): Promise<void> {
    for (const close of this.#closers.splice(0).reverse()) {
      try {
        await close();
      } catch (error) {
        log.error({ err: error }, 'something did not close cleanly');
      }
    }
  }
}
