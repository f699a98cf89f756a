import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import type { Disk } from '../../ports/disk.ts';
import { realDisk } from './real.ts';
import { SimulatedDisk } from './simulated.ts';

const root = mkdtempSync(join(tmpdir(), 'interlock-disk-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

async function codeOf(promise: Promise<unknown>): Promise<string | undefined> {
  return promise.then(
    () => 'none',
    (cause: { code?: string }) => cause.code,
  );
}

async function content(disk: Disk, path: string): Promise<string> {
  const file = await disk.open(path, 'read');
  const into = Buffer.alloc(100);
  const count = await file.read(into, 0);
  await file.close();
  return into.toString('latin1', 0, count);
}

async function put(disk: Disk, path: string, text: string): Promise<void> {
  const file = await disk.open(path, 'create');
  expect(await file.write(Buffer.from(text), 0)).toBe(text.length);
  await file.sync();
  await file.close();
}

describe.each([
  ['the real disk', (): Disk => realDisk],
  ['the simulated disk', (): Disk => new SimulatedDisk()],
] as const)('%s', (name, make) => {
  const dir = join(root, name.replaceAll(' ', '-'), 'a', 'b');

  it('creates, writes at positions, truncates, renames, lists and removes', async () => {
    const disk = make();
    await disk.makeDir(dir);
    await disk.makeDir(dir);
    const path = join(dir, 'file');
    await put(disk, path, 'hello world');
    const file = await disk.open(path, 'write');
    await file.write(Buffer.from('W'), 6);
    await file.write(Buffer.from('!'), 13);
    expect(await file.sizeBytes()).toBe(14);
    expect(await content(disk, path)).toBe('hello World\0\0!');
    await file.truncate(5);
    await file.close();
    expect(await content(disk, path)).toBe('hello');
    await disk.rename(path, join(dir, 'other'));
    await put(disk, path, 'second');
    expect(await disk.list(dir)).toEqual(['file', 'other']);
    await disk.remove(path);
    await disk.syncDir(dir);
    expect(await disk.list(dir)).toEqual(['other']);
    expect(await disk.freeBytes(dir)).toBeGreaterThan(0);
  });

  it('says what is wrong by errno', async () => {
    const disk = make();
    await disk.makeDir(dir);
    await put(disk, join(dir, 'once'), 'x');
    expect(await codeOf(disk.open(join(dir, 'once'), 'create'))).toBe('EEXIST');
    expect(await codeOf(disk.open(join(dir, 'none'), 'read'))).toBe('ENOENT');
    expect(await codeOf(disk.open(join(dir, 'none'), 'write'))).toBe('ENOENT');
    expect(await codeOf(disk.remove(join(dir, 'none')))).toBe('ENOENT');
    expect(await codeOf(disk.list(join(dir, 'nowhere')))).toBe('ENOENT');
  });

  it('gives a lock to one holder at a time, and to the next after release', async () => {
    const disk = make();
    await disk.makeDir(dir);
    const path = join(dir, 'lock');
    const held = await disk.lock(path);
    expect(await codeOf(disk.lock(path))).toBe('ELOCKED');
    await held.release();
    await held.release();
    const next = await disk.lock(path);
    await next.release();
  });
});

describe('the real disk', () => {
  it('makes files and directories that only their owner can read', async () => {
    const dir = join(root, 'private');
    await realDisk.makeDir(dir);
    await put(realDisk, join(dir, 'key'), 'secret');
    expect(statSync(dir).mode & 0o777).toBe(0o700);
    expect(statSync(join(dir, 'key')).mode & 0o777).toBe(0o600);
  });

  it('gives the lock of a killed process to the next one, and to nobody while it lives', async () => {
    const path = join(root, 'killed.lock');
    const module = join(import.meta.dirname, 'real.ts');
    const hold = `import { realDisk } from ${JSON.stringify(module)}; await realDisk.lock(${JSON.stringify(path)}); process.kill(process.pid, 'SIGKILL');`;
    const attempt = `import { realDisk } from ${JSON.stringify(module)}; await realDisk.lock(${JSON.stringify(path)}).catch((e) => { process.exitCode = e.code === 'ELOCKED' ? 7 : 1; });`;
    const run = (script: string): ReturnType<typeof spawnSync> =>
      spawnSync(process.execPath, ['--input-type=module', '--no-warnings', '-e', script], { encoding: 'utf8' });
    expect(run(hold).signal).toBe('SIGKILL');
    const held = await realDisk.lock(path);
    expect(run(attempt).status).toBe(7);
    await held.release();
    expect(run(attempt).status).toBe(0);
  });
});

describe('the simulated disk', () => {
  it('keeps over a power loss what was synced, and of the rest any part', async () => {
    const seen = new Set<string>();
    for (let seed = 1; seed <= 60; seed++) {
      let state = seed;
      const random = (): number => {
        state = (state * 48271) % 2147483647;
        return state / 2147483647;
      };
      const disk = new SimulatedDisk({ random });
      await disk.makeDir('/d');
      await put(disk, '/d/file', 'AAAA');
      await disk.syncDir('/d');
      const file = await disk.open('/d/file', 'write');
      await file.write(Buffer.from('bbbb'), 4);
      seen.add(await content(disk.afterPowerLoss(), '/d/file'));
      expect(await content(disk.afterKill(), '/d/file')).toBe('AAAAbbbb');
    }
    for (const text of seen) expect(text.slice(0, 4)).toBe('AAAA');
    expect(seen).toContain('AAAA');
    expect(seen).toContain('AAAAbbbb');
    expect(
      [...seen].some((text) => text.includes('\0b')),
      'a hole',
    ).toBe(true);
    expect(
      [...seen].some((text) => /^AAAAb{1,3}$/.test(text)),
      'a torn write',
    ).toBe(true);
  });

  it('forgets after a failed sync what it did not write, and reports success the next time', async () => {
    let failures = 0;
    const disk = new SimulatedDisk({
      random: () => 0.3,
      trouble: ({ kind }) => (kind === 'sync' && failures++ === 0 ? 'EIO' : null),
    });
    await disk.makeDir('/d');
    const file = await disk.open('/d/file', 'create');
    await disk.syncDir('/d');
    await file.write(Buffer.from('lost'), 0);
    expect(await codeOf(file.sync())).toBe('EIO');
    expect(await codeOf(file.sync())).toBe('none');
    expect(await content(disk, '/d/file')).toBe('lost');
    expect(await content(disk.afterPowerLoss(), '/d/file')).toBe('');
  });
});
