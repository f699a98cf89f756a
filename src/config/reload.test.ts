import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import type { Config } from './config.ts';
import { loadConfigText } from './load.ts';
import { changesNeedingRestart, restartMessage } from './reload.ts';

const dir = mkdtempSync(join(tmpdir(), 'interlock-reload-'));
mkdirSync(join(dir, 'policies'));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

function config(more: string): Config {
  const loaded = loadConfigText(
    join(dir, 'interlock.yaml'),
    `agents: {}\nservers: { a: { url: "https://a" } }\n${more}`,
    {},
  );
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems));
  return loaded.config;
}

describe('what a running gateway can take over', () => {
  const cells: readonly (readonly [string, readonly string[]])[] = [
    ['', []],
    ['people: { a: { name: A } }', []],
    ['limits: { depth: 32 }', []],
    ['approvals: { expireMs: 200000 }', []],
    ['tokens: { ttlMs: 10000 }', []],
    ['approvals: { waitMs: 1 }', ['approvals.waitMs']],
    ['log: { level: debug }', ['log']],
    ['limits: { connections: 9 }', ['limits.connections']],
    ['listen: { port: 1 }', ['listen']],
    ['data: ./other', ['data', 'store', 'admin.socket', 'journal']],
    ['store: { kind: postgres, url: "postgres://x" }', ['store']],
    ['admin: { socket: /tmp/x.sock }', ['admin.socket']],
    ['journal: { segmentBytes: 65536 }', ['journal']],
    ['metrics: { enabled: false }', ['metrics']],
    ['telemetry: { otlpEndpoint: "http://x" }', ['telemetry']],
  ];
  it.each(cells)('%s needs a restart for %j', (more, keys) => {
    expect(changesNeedingRestart(config(''), config(more))).toEqual(keys);
  });

  it('says in one sentence what stands in the way', () => {
    expect(restartMessage(config(''), config(''))).toBeNull();
    expect(restartMessage(config(''), config('listen: { port: 1 }'))).toMatch(
      /old configuration stays in force: a change of listen needs a restart/,
    );
  });
});
