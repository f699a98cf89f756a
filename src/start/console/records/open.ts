import { join } from 'node:path';
import { systemClock } from '../../../adapters/clock.ts';
import type { Journal } from '../../../audit/journal.ts';
import type { Config } from '../../../config/config.ts';
import type { Log } from '../../../gateway/gateway.ts';
import { LiveHub } from '../../../surfaces/admin/routes/records/live/hub.ts';
import { recordRoutes } from '../../../surfaces/admin/routes/records/records.ts';
import type { AdminRoutes } from '../../../surfaces/admin/server.ts';
import { type OpenSessions, recordOperations } from './operations.ts';
import { type ActivityBook, RecordIndex } from './record-index.ts';
import { Verification } from './verification.ts';

const INDEX_FILE = 'index.db';

/** Everything that reads the journal for people. */
export interface Records {
  readonly activity: ActivityBook;
  routes(openSessions: OpenSessions): AdminRoutes;
  close(): Promise<void>;
}

export function openRecords({ config, journal, log }: { config: Config; journal: Journal; log: Log }): Records {
  const { dir } = config.journal;
  const records = (): number => journal.health().size;
  const path = join(config.dataDir, INDEX_FILE);
  const index = new RecordIndex({ dir, path, journal: journal.vkey, records, log });
  const verification = new Verification({ dir, records, clock: systemClock });
  const live = new LiveHub((listener) => journal.onDurable(listener));
  return {
    activity: index,
    routes: (openSessions) => recordRoutes(recordOperations({ index, verification, journal, dir }, openSessions), live),
    async close() {
      await verification.close();
      await index.close();
    },
  };
}
