import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { isObject } from '../../../model/json.ts';

/** Which draft is evaluated beside the policies, in which revision, and who began that. */
export interface KeptShadow {
  readonly draft: string;
  readonly revision: number;
  readonly by: string;
}

export interface ShadowMemory {
  /** `null`: none was, or nothing that can be read. */
  read(): Promise<KeptShadow | null>;
  keep(shadow: KeptShadow): Promise<void>;
  forget(): Promise<void>;
}

/** One small file of this gateway: a shadow is its own, whatever else shares the store. Rejects when it cannot be written. */
export function shadowFile(path: string): ShadowMemory {
  return {
    async read() {
      const text = await readFile(path, 'utf8').catch(() => null);
      return text === null ? null : keptIn(text);
    },
    async keep({ draft, revision, by }) {
      await mkdir(dirname(path), { recursive: true, mode: 0o700 });
      // Whole or not at all. Lost with the power it is begun again by hand: not worth a sync.
      await writeFile(`${path}.tmp`, JSON.stringify({ draft, revision, by }), { mode: 0o600 });
      await rename(`${path}.tmp`, path);
    },
    forget: () => rm(path, { force: true }),
  };
}

function keptIn(text: string): KeptShadow | null {
  try {
    const kept: unknown = JSON.parse(text);
    if (!isObject(kept)) return null;
    const { draft, revision, by } = kept;
    const good = typeof draft === 'string' && typeof revision === 'number' && typeof by === 'string';
    return good ? { draft, revision, by } : null;
  } catch {
    return null;
  }
}
