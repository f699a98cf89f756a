import { type FSWatcher, readdirSync, statSync, watch } from 'node:fs';
import { basename, dirname, join } from 'node:path';

export interface WatchTargets {
  /** Files whose content matters: the configuration, TLS files, secret files. Absolute. */
  readonly files: readonly string[];
  /** Folder of `.cedar` files. Absolute. */
  readonly policiesDir: string;
}

export interface WatchOptions {
  /** Quiet time after the last event before the callback. */
  readonly debounceMs?: number;
  /** Look again this often even without events: network file systems and container mounts send none. 0: never. */
  readonly pollMs?: number;
  readonly onError?: (error: Error) => void;
}

export interface Watching {
  /** Replaces what is watched, after a reload named other files. */
  retarget(targets: WatchTargets): void;
  close(): void;
}

/**
 * Calls back once after one or more watched files changed. Watches the folders and not the files, because editors and
 * configuration managers replace a file by renaming another over it; compares what is there, so that an event without a
 * change is none. Never throws after the start: a folder that vanishes is tried again by polling.
 */
export function watchConfig(targets: WatchTargets, changed: () => void, options: WatchOptions = {}): Watching {
  const debounceMs = options.debounceMs ?? 200;
  const pollMs = options.pollMs ?? 5_000;
  let current = targets;
  let seen = stamps(current);
  let watchers: FSWatcher[] = [];
  let timer: NodeJS.Timeout | null = null;
  let closed = false;

  const look = (): void => {
    timer = null;
    if (closed) return;
    const now = stamps(current);
    if (sameStamps(now, seen)) return;
    seen = now;
    changed();
  };
  const ring = (): void => {
    if (closed) return;
    if (timer !== null) clearTimeout(timer);
    timer = setTimeout(look, debounceMs);
  };
  const open = (): void => {
    for (const watcher of watchers) watcher.close();
    watchers = [];
    for (const [folder, names] of folders(current)) {
      try {
        const watcher = watch(folder, { persistent: false }, (_event, name) => {
          if (name === null || names === null || names.has(name)) ring();
        });
        watcher.on('error', (error) => options.onError?.(error));
        watchers.push(watcher);
      } catch (error) {
        options.onError?.(error as Error);
      }
    }
  };
  open();
  const poll = pollMs === 0 ? null : setInterval(() => timer === null && look(), pollMs);
  poll?.unref();

  return {
    retarget(next) {
      current = next;
      // What was known keeps its old stamp: a change between reading the files and this call must still be seen.
      seen = new Map([...stamps(current)].map(([file, stamp]) => [file, seen.get(file) ?? stamp]));
      open();
      ring();
    },
    close() {
      closed = true;
      if (timer !== null) clearTimeout(timer);
      if (poll !== null) clearInterval(poll);
      for (const watcher of watchers) watcher.close();
    },
  };
}

/** Folder -> the names that matter in it; null: all of them. */
function folders(targets: WatchTargets): Map<string, Set<string> | null> {
  const found = new Map<string, Set<string> | null>();
  for (const file of targets.files) {
    const names = found.get(dirname(file)) ?? new Set<string>();
    names.add(basename(file));
    found.set(dirname(file), names);
  }
  found.set(targets.policiesDir, null);
  return found;
}

/** One stamp per watched file, which changes when it is written, replaced, added or removed. */
function stamps(targets: WatchTargets): Map<string, string> {
  const policies = listCedar(targets.policiesDir);
  return new Map([...targets.files, ...policies].map((file) => [file, stampOf(file)]));
}

function sameStamps(a: ReadonlyMap<string, string>, b: ReadonlyMap<string, string>): boolean {
  return a.size === b.size && [...a].every(([file, stamp]) => b.get(file) === stamp);
}

function listCedar(folder: string): string[] {
  try {
    const names = readdirSync(folder, { recursive: true, encoding: 'utf8' });
    return names
      .filter((name) => name.endsWith('.cedar'))
      .sort()
      .map((name) => join(folder, name));
  } catch {
    return [];
  }
}

function stampOf(file: string): string {
  const stat = statSync(file, { throwIfNoEntry: false, bigint: true });
  return stat === undefined ? 'absent' : `${stat.ino}:${stat.size}:${stat.mtimeNs}`;
}
