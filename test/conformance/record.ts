import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Check, runConformance } from './run.ts';
import { startCurrent, startOfficial } from './servers.ts';

/** How many checks of each scenario pass. */
export function passing(checks: readonly Check[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { scenario, status } of checks)
    counts[scenario] = (counts[scenario] ?? 0) + (status === 'SUCCESS' ? 1 : 0);
  return counts;
}

// Run after a change of a server or of the conformance tool, and read the difference before it is committed.
if (import.meta.main) {
  const all: Record<string, Record<string, number>> = {};
  for (const [name, start] of [
    ['official', startOfficial],
    ['current', startCurrent],
  ] as const) {
    const server = await start();
    for (const requirements of ['2025-11-25', '2026-07-28'] as const) {
      all[`${name} ${requirements}`] = passing(await runConformance(server.url, requirements));
    }
    await server.stop();
  }
  await writeFile(join(import.meta.dirname, 'direct.json'), `${JSON.stringify(all, null, 1)}\n`);
}
