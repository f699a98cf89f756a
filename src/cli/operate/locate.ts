import { readFileSync } from 'node:fs';
import { dirname, isAbsolute, join, resolve } from 'node:path';
import { parse } from 'yaml';
import type { Config, StoreConfig } from '../../config/config.ts';
import { loadConfig } from '../../config/load.ts';
import type { Context } from '../shell/context.ts';

/** Where a gateway and its store are, even when the configuration has become invalid: a kill must not wait for a typo. */
export interface Place {
  readonly socket: string;
  readonly dataDir: string;
  readonly store: StoreConfig | null;
  /** Null when the configuration does not load. */
  readonly config: Config | null;
}

export async function locate(context: Context): Promise<Place> {
  const loaded = await loadConfig(context.configFile, context.env);
  if (loaded.ok) {
    const { config } = loaded;
    return { socket: config.admin.socket, dataDir: config.dataDir, store: config.store, config };
  }
  const first = loaded.problems[0];
  const where = first === undefined ? '' : ` (${first.file}:${first.line}: ${first.message})`;
  context.terminal.note(
    `warning: the configuration is not valid${where}; going on with what can be read of it`,
    'warn',
  );
  return guess(context);
}

function guess(context: Context): Place {
  const raw = readLoosely(context.configFile);
  const base = dirname(context.configFile);
  const absolute = (path: string): string => (isAbsolute(path) ? path : resolve(base, path));
  const dataDir = absolute(text(raw.data) ?? './.interlock');
  const socket = text((raw.admin as { socket?: unknown } | undefined)?.socket);
  const kind = (raw.store as { kind?: unknown } | undefined)?.kind;
  const url = text((raw.store as { url?: unknown } | undefined)?.url);
  return {
    socket: socket === null ? join(dataDir, 'admin.sock') : absolute(socket),
    dataDir,
    store: guessStore(kind, { url, dataDir }),
    config: null,
  };
}

function guessStore(kind: unknown, from: { url: string | null; dataDir: string }): StoreConfig | null {
  if (kind === undefined || kind === 'sqlite') return { kind: 'sqlite', file: join(from.dataDir, 'interlock.db') };
  // A reference cannot be resolved reliably here; the gateway's socket is then the only way.
  return kind === 'postgres' && from.url !== null && !from.url.includes('${')
    ? { kind: 'postgres', url: from.url }
    : null;
}

function readLoosely(file: string): Record<string, unknown> {
  try {
    const value: unknown = parse(readFileSync(file, 'utf8'), { strict: false, uniqueKeys: false, logLevel: 'silent' });
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}

function text(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value : null;
}
