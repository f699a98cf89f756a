import { spawnSync } from 'node:child_process';
import { resolve } from 'node:path';
import { expect, it } from 'vitest';

/** What a newcomer runs first: its steps check themselves, and it ends with 0 only if every one of them went as it should. */
it('the demo tells its whole story, and every step goes as it should', { timeout: 240_000 }, () => {
  const root = resolve(import.meta.dirname, '../..');
  const args = ['--disable-warning=ExperimentalWarning', 'scripts/demo.ts', '--once'];
  const { status, stdout, stderr } = spawnSync(process.execPath, args, {
    cwd: root,
    encoding: 'utf8',
    timeout: 200_000,
  });
  expect(stdout.split('\n').filter((line) => line.includes('NOT AS EXPECTED'))).toEqual([]);
  expect(status, stderr.slice(-2_000)).toBe(0);
  expect(stdout).toContain('The journal is intact');
});
