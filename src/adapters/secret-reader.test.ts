import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { secretReader } from './secret-reader.ts';

let dir: string;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'interlock-reader-'));
});
afterAll(() => rm(dir, { recursive: true, force: true }));

const run = (script: string, timeoutMs = 5_000) =>
  secretReader({ GIVEN: 'from-the-environment' }).read({
    ...{ kind: 'command', ttlMs: 60_000, timeoutMs },
    argv: [process.execPath, '-e', script],
  });

describe('secrets where the operator keeps them (requirement CN8)', () => {
  it('a file is read again when it changed, one line break less', async () => {
    const reader = secretReader({});
    const path = join(dir, 'a');
    await writeFile(path, 'first\n');
    expect((await reader.read({ kind: 'file', path })).value).toBe('first');
    await writeFile(path, 'second and longer\r\n');
    expect((await reader.read({ kind: 'file', path })).value).toBe('second and longer');
  });

  it('a file that is missing, empty or endless is refused by name, without its content', async () => {
    const reader = secretReader({});
    await expect(reader.read({ kind: 'file', path: join(dir, 'none') })).rejects.toThrow(
      /none cannot be read \(ENOENT\)/,
    );
    await writeFile(join(dir, 'empty'), '\n');
    await expect(reader.read({ kind: 'file', path: join(dir, 'empty') })).rejects.toThrow(/holds no secret/);
    await writeFile(join(dir, 'long'), 'x'.repeat(70_000));
    await expect(reader.read({ kind: 'file', path: join(dir, 'long') })).rejects.toThrow(/longer than 65536/);
    await expect(reader.read({ kind: 'file', path: '/dev/zero' })).rejects.toThrow(/longer than 65536/);
  });

  it('a variable that is not set is no secret', async () => {
    await expect(secretReader({}).read({ kind: 'env', name: 'NONE' })).rejects.toThrow(/NONE holds no secret/);
    expect((await secretReader({ A: 'b' }).read({ kind: 'env', name: 'A' })).value).toBe('b');
  });

  it('a command gives its output, and sees the gateway’s environment', async () => {
    expect(await run('console.log(process.env.GIVEN)')).toEqual({ value: 'from-the-environment', freshForMs: 60_000 });
  });

  it.each([
    ['that fails', 'console.log("half a secret"); process.exit(3)', /exit code 3/],
    ['that says too much', 'for (;;) process.stdout.write("half a secret".repeat(1000))', /more than 65536 bytes/],
    ['that says nothing', '', /holds no secret/],
  ])('a command %s is refused, and nothing it said is repeated', async (_how, script, why) => {
    const error = (await run(script).catch((thrown: Error) => thrown)) as Error;
    expect(error.message).toMatch(why);
    expect(error.message).not.toContain('half a secret');
  });

  it('a command that does not end is ended, with what it started', async () => {
    const mark = join(dir, 'still-there');
    const child = `setTimeout(() => require('fs').writeFileSync(${JSON.stringify(mark)}, 'x'), 1500)`;
    const script = `require('child_process').spawn(process.execPath, ['-e', ${JSON.stringify(child)}], { stdio: 'ignore' }); setTimeout(() => {}, 60000)`;
    await expect(run(script, 600)).rejects.toThrow(/did not end within 600 ms/);
    await new Promise((done) => setTimeout(done, 1_500));
    await expect(secretReader({}).read({ kind: 'file', path: mark })).rejects.toThrow(/ENOENT/);
  });

  it('there is no shell', async () => {
    const reader = secretReader({});
    const argv = ['echo $(id)', ';', 'id'];
    await expect(reader.read({ kind: 'command', argv, ttlMs: 1000, timeoutMs: 1000 })).rejects.toThrow(
      /cannot be run \(ENOENT\)/,
    );
  });
});
