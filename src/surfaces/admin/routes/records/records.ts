import type { AdminRoutes } from '../../server.ts';
import { historyRoutes } from './histories.ts';
import { journalRoutes } from './journal.ts';
import type { LiveHub } from './live/hub.ts';
import { liveRoute } from './live/stream.ts';
import type { RecordOperations } from './operations.ts';
import { searchRoutes } from './search.ts';

/** Everything that was recorded: found, put together, checked, and as it happens. */
export function recordRoutes(operations: RecordOperations, live: LiveHub): AdminRoutes {
  return (app) => {
    searchRoutes(app, operations);
    historyRoutes(app, operations);
    journalRoutes(app, operations);
    liveRoute(app, live);
  };
}
