import { join } from 'node:path';
import type { Journal } from '../../../audit/journal.ts';
import type { Config } from '../../../config/config.ts';
import type { Log } from '../../../gateway/gateway.ts';
import { type ActivityBook, RecordIndex } from './record-index.ts';

const INDEX_FILE = 'index.db';

/** Everything that reads the journal for people. */
export interface Records {
  readonly index: RecordIndex;
  readonly activity: ActivityBook;
  close(): Promise<void>;
}

export function openRecords({ config, journal, log }: { config: Config; journal: Journal; log: Log }): Records {
  const index = new RecordIndex({
    ...{ dir: config.journal.dir, journal: journal.vkey, log },
    records: () => journal.health().size,
    path: join(config.dataDir, INDEX_FILE),
  });
  return { index, activity: index, close: () => index.close() };
}
