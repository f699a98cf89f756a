import { systemClock } from '../../adapters/clock.ts';
import { type OpenFga, openFga } from '../../adapters/openfga.ts';
import type { Config } from '../../config/config.ts';
import type { Problem } from '../../config/source/problem.ts';
import type { Log } from '../../gateway/gateway.ts';
import type { PolicyWorld } from '../../model/policy-input.ts';
import type { RelationStore } from '../../ports/identity-stores.ts';
import type { Relations } from '../../ports/rights.ts';
import { MemoryRelations } from '../../rights/relations/memory.ts';
import { openRights, type Rights } from '../../rights/rights.ts';
import { type ReadPermissions, readPermissions } from './read-permissions.ts';

type Prepared =
  | { readonly ok: true; readonly warnings: readonly Problem[]; use(): void }
  | { readonly ok: false; readonly problems: readonly Problem[] };

/** The rights in force: rules, model and tuples of one configuration, swapped together. */
export interface RightsInForce {
  readonly rights: Rights;
  /** Tuples kept here. */
  readonly memory: MemoryRelations;
  /** Where relations are answered: `null` without a model and a server. */
  source(): 'memory' | 'server' | null;
  relations(): Relations | null;
  /** Reads and checks everything, the store included; `use` puts it in force, in one turn. */
  prepare(config: Config, tools: PolicyWorld['tools']): Promise<Prepared>;
  close(): Promise<void>;
}

export function openRightsInForce({ store, log }: { store: RelationStore; log: Log }): RightsInForce {
  const rights = openRights(null);
  const memory = new MemoryRelations({ store, clock: systemClock, log });
  let server: OpenFga | null = null;
  let source: 'memory' | 'server' | null = null;
  const retire = (old: OpenFga | null): void => {
    old?.close().catch((error: unknown) => log.warn({ err: error }, 'an OpenFGA connection did not close cleanly'));
  };
  const use = (config: Config, read: ReadPermissions & { ok: true }): void => {
    const { permissions } = config;
    const old = server;
    server = permissions?.server == null ? null : openFga({ ...permissions.server, clock: systemClock });
    source = server !== null ? 'server' : read.model !== null ? 'memory' : null;
    if (source === 'memory' && read.model !== null) memory.use(read.model, read.tuples);
    const relations = server ?? (source === 'memory' ? memory : null);
    rights.configure(permissions === null ? null : { permissions, relations });
    retire(old);
  };
  return {
    rights,
    memory,
    source: () => source,
    relations: () => server ?? (source === 'memory' ? memory : null),
    async prepare(config, tools) {
      const read = await readPermissions(config, tools);
      if (!read.ok) return read;
      if (read.model !== null && config.permissions?.server == null) {
        const failed = await memory.load().catch((error: unknown) => error);
        if (failed !== undefined) return { ok: false, problems: [unreadable(config, failed)] };
      }
      return { ok: true, warnings: read.warnings, use: () => use(config, read) };
    },
    async close() {
      memory.close();
      await server?.close();
    },
  };
}

function unreadable({ file }: Config, error: unknown): Problem {
  const why = error instanceof Error ? error.message : String(error);
  const help = 'see whether the store of the configuration can be reached';
  return { file, line: 1, column: 1, message: `the relations could not be read from the store: ${why}`, help };
}
