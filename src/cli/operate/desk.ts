import { mkdirSync } from 'node:fs';
import { systemClock } from '../../adapters/clock.ts';
import { formatTarget, type Lock, type LockTarget } from '../../model/lock.ts';
import type { Stores } from '../../ports/stores.ts';
import type { Context } from '../shell/context.ts';
import { CliError, EXIT } from '../shell/exit.ts';
import { type AdminClient, adminClient, everyItem } from './admin-client.ts';
import type { Place } from './locate.ts';

/**
 * Stopping, through the running gateway or, without one, directly in its store: an operator can always stop an agent. Both ways give
 * the same answers.
 */
export interface Desk {
  readonly via: 'gateway' | 'store';
  locks(): Promise<readonly Lock[]>;
  put(lock: Lock): Promise<void>;
  /** `false`: there was none. */
  release(target: LockTarget, who: { readonly reason: string; readonly by: string }): Promise<boolean>;
  close(): Promise<void>;
}

/** CliError 4 when neither the gateway nor its store can be reached. */
export async function openDesk(place: Place, context: Context): Promise<Desk> {
  // Short: a gateway that hangs must not keep an operator from the store, which it follows too.
  const client = adminClient({ socket: place.socket, timeoutMs: 3_000 });
  try {
    await client.get('/v1/status');
    return gatewayDesk(client);
  } catch (error) {
    if (!(error instanceof CliError) || error.exit === EXIT.refused) throw error;
    return await openStoreDesk(place, error, context);
  }
}

/** Past the gateway; `away` is why. */
export async function openStoreDesk(place: Place, away: CliError, context: Context): Promise<Desk> {
  if (place.store === null) throw away;
  const stores = await openStore(place, away);
  context.terminal.note(`${away.message}; going to the store directly (not recorded in the journal)`, 'warn');
  return storeDesk(stores);
}

async function openStore(place: Place, away: CliError): Promise<Stores> {
  try {
    // Loaded only here: most commands talk to the gateway and should start at once.
    const { openPostgres } = await import('../../adapters/sql/postgres.ts');
    const { openSqlite } = await import('../../adapters/sql/sqlite.ts');
    if (place.store?.kind === 'postgres') return await openPostgres({ url: place.store.url, clock: systemClock });
    mkdirSync(place.dataDir, { recursive: true, mode: 0o700 });
    return await openSqlite({ path: place.store?.kind === 'sqlite' ? place.store.file : '', clock: systemClock });
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new CliError(EXIT.unreachable, `${away.message}; and ${why}`, { help: away.help, cause: error });
  }
}

function gatewayDesk(client: AdminClient): Desk {
  return {
    via: 'gateway',
    locks: () => everyItem<Lock>(client, '/v1/locks'),
    async put(lock) {
      const forMs = lock.untilMs === null ? {} : { forMs: lock.untilMs - lock.atMs };
      const { tier, reason, by } = lock;
      await client.post('/v1/locks', { target: formatTarget(lock.target), tier, reason, by, ...forMs });
    },
    async release(target, { reason, by }) {
      const query = new URLSearchParams({ reason, by });
      try {
        await client.delete(`/v1/locks/${encodeURIComponent(formatTarget(target))}?${query}`);
        return true;
      } catch (error) {
        if (error instanceof CliError && error.detail.status === 404) return false;
        throw error;
      }
    },
    close: async () => {},
  };
}

function storeDesk(stores: Stores): Desk {
  return {
    via: 'store',
    locks: async () => (await stores.locks.load()).locks,
    put: async (lock) => {
      await stores.locks.put(lock);
    },
    release: (target) => stores.locks.release(target),
    close: () => stores.close(),
  };
}
