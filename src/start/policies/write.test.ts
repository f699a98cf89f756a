import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { digestOf, PENDING, type Pending } from './folder.ts';
import { commitPending, forgetPending, writeOut } from './write.ts';

/** Two gateways that share one folder of policies. */
describe('a publication in a folder somebody else writes to as well', () => {
  let dir: string;
  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), 'interlock-policies-'));
    await writeFile(join(dir, 'a.cedar'), OLD);
  });
  afterEach(() => rm(dir, { recursive: true, force: true }));

  const OLD = '// old\n';
  const pendingOf = (version: string, text: string): Pending => ({
    publication: { version, base: 'base', atMs: 1, by: 'alice', reason: 'case', draft: null },
    from: { 'a.cedar': digestOf(OLD) },
    files: [{ path: 'a.cedar', text }],
  });
  const decided = async (): Promise<string> =>
    (JSON.parse(await readFile(join(dir, PENDING), 'utf8')) as Pending).publication.version;

  it('is forgotten by whoever made it, and one decided later is left', async () => {
    const [first, second] = [pendingOf('first', '// 1\n'), pendingOf('second', '// 2\n')];
    await commitPending(dir, first);
    await expect(commitPending(dir, second)).rejects.toMatchObject({ code: 'EEXIST' });
    await forgetPending(dir, first);
    await commitPending(dir, second);
    await forgetPending(dir, first);
    expect(await decided()).toBe('second');
  });

  it('may be written out by both, one after the other: the second finds nothing left to do', async () => {
    const pending = pendingOf('first', '// 1\n');
    await commitPending(dir, pending);
    await writeOut(dir, pending);
    await writeOut(dir, pending);
    expect(await readFile(join(dir, 'a.cedar'), 'utf8')).toBe('// 1\n');
    await expect(decided()).rejects.toMatchObject({ code: 'ENOENT' });
  });
});
