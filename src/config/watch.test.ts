import { mkdirSync, mkdtempSync, renameSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Watching, watchConfig } from './watch.ts';

let dir = '';
let file = '';
let policies = '';
let watching: Watching | null = null;
let calls = 0;

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'interlock-watch-'));
  file = join(dir, 'interlock.yaml');
  policies = join(dir, 'policies');
  mkdirSync(policies);
  writeFileSync(file, 'a');
  calls = 0;
});
afterEach(() => {
  watching?.close();
  rmSync(dir, { recursive: true, force: true });
});

function start(pollMs = 0): void {
  watching = watchConfig({ files: [file], policiesDir: policies }, () => calls++, { debounceMs: 30, pollMs });
}

async function calledWithin(ms: number, count: number): Promise<boolean> {
  for (let waited = 0; waited < ms && calls < count; waited += 20) await sleep(20);
  return calls === count;
}

describe('watching the configuration', () => {
  it('calls back once for many writes in a row', async () => {
    start();
    for (let i = 0; i < 5; i++) writeFileSync(file, `b${i}`);
    expect(await calledWithin(3000, 1)).toBe(true);
    await sleep(150);
    expect(calls).toBe(1);
  });

  it('survives editors that rename another file over it, again and again', async () => {
    start();
    for (const round of [1, 2, 3]) {
      writeFileSync(join(dir, '.swap'), `round ${round}`);
      renameSync(join(dir, '.swap'), file);
      expect(await calledWithin(3000, round)).toBe(true);
    }
  });

  it('sees a policy added, changed and removed, and nothing else in the folders', async () => {
    start();
    writeFileSync(join(policies, 'a.cedar'), 'permit');
    expect(await calledWithin(3000, 1)).toBe(true);
    writeFileSync(join(policies, 'a.cedar'), 'forbid');
    expect(await calledWithin(3000, 2)).toBe(true);
    rmSync(join(policies, 'a.cedar'));
    expect(await calledWithin(3000, 3)).toBe(true);
    writeFileSync(join(policies, 'notes.txt'), 'x');
    writeFileSync(join(dir, 'other.yaml'), 'x');
    await sleep(200);
    expect(calls).toBe(3);
  });

  it('finds by polling what no event told, also in folders below', async () => {
    start(60);
    mkdirSync(join(policies, 'team'));
    await sleep(100);
    writeFileSync(join(policies, 'team', 'b.cedar'), 'permit');
    expect(await calledWithin(3000, 1)).toBe(true);
  });

  it('does not lose a change that came between reading the files and naming new ones', async () => {
    start();
    writeFileSync(file, 'changed');
    const extra = join(dir, 'secret');
    writeFileSync(extra, 's');
    watching?.retarget({ files: [file, extra], policiesDir: policies });
    expect(await calledWithin(3000, 1)).toBe(true);
    utimesSync(extra, 1, 1);
    expect(await calledWithin(3000, 2)).toBe(true);
  });

  it('says nothing after it was closed', async () => {
    start(20);
    watching?.close();
    writeFileSync(file, 'later');
    await sleep(150);
    expect(calls).toBe(0);
  });
});
