import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const REPOSITORY = fileURLToPath(new URL('..', import.meta.url));

/**
 * How the scripts start Interlock: the built program where it is up to date, as users run it; else the sources, which Node
 * runs too but has to strip of their types first.
 */
export function interlockCommand(): readonly string[] {
  const built = join(REPOSITORY, 'dist/cli/main.js');
  const source = join(REPOSITORY, 'src/cli/main.ts');
  const fresh = existsSync(built) && statSync(built).mtimeMs >= newestChangeMs(join(REPOSITORY, 'src'));
  return [process.execPath, fresh ? built : source];
}

function newestChangeMs(folder: string): number {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return Math.max(0, ...files.map((entry) => statSync(join(entry.parentPath, entry.name)).mtimeMs));
}
