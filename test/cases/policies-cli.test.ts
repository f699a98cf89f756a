import { execFile } from 'node:child_process';
import { cp, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CONNECT, EVERYTHING, type House, openHouse, ROOT } from './house.ts';

const ALL = '@id("all") permit(principal, action == Action::"tools/call", resource in Server::"every");';
const BUT = '@id("no-echo") forbid(principal, action == Action::"tools/call", resource == Tool::"every/echo");';
let house: House;

beforeAll(async () => {
  house = await openHouse({
    servers: `  every: { command: node, args: ["${EVERYTHING}", stdio], trust: first-use }`,
    policies: { 'a.cedar': `${CONNECT}\n${ALL}\n` },
  });
});
afterAll(() => house.stop());

interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

function policies(...args: string[]): Promise<Ran> {
  const main = join(ROOT, 'src/cli/main.ts');
  const config = join(house.dir, 'interlock.yaml');
  const argv = ['--disable-warning=ExperimentalWarning', main, '--config', config, 'policies', ...args];
  return new Promise((done) => {
    execFile(process.execPath, argv, { cwd: house.dir, maxBuffer: 1e8 }, (error, out, err) => {
      done({ code: error === null ? 0 : Number(error.code), out, err });
    });
  });
}

async function json<T>(...args: string[]): Promise<T> {
  const { out, code, err } = await policies(...args, '--json');
  expect([args, code < 2, err]).toEqual([args, true, expect.any(String)]);
  return JSON.parse(out) as T;
}

const because = ['--reason', 'as agreed', '--by', 'bob'];

describe('the life of policies on the command line', () => {
  it('goes from a folder over a replayed draft to what is in force, and back', async () => {
    const client = await house.client('buyer', '/mcp/every');
    await client.callTool({ name: 'echo', arguments: { message: 'x' } });
    const work = join(house.dir, 'work');
    await cp(join(house.dir, 'policies'), work, { recursive: true });
    await writeFile(join(work, 'b.cedar'), `${BUT.replace('every/echo', 'evry/echo')}\n`);

    const wrong = await policies('check', 'work');
    expect([wrong.code, wrong.err]).toEqual([3, expect.stringContaining('b.cedar:1:78: unknown server "evry"')]);
    await writeFile(join(work, 'b.cedar'), `${BUT}\n`);
    expect(await policies('check', work)).toMatchObject({
      code: 0,
      out: expect.stringMatching(/^ok: 2 files, version /),
    });

    const changed = await policies('diff', 'in-force', 'work');
    expect([changed.code, changed.out]).toEqual([1, `b.cedar\n+ ${BUT}\n`]);
    const made = await json<{ id: string; base: string }>(
      'draft',
      'create',
      'No echo',
      '--from',
      'work',
      '--by',
      'alice',
    );
    expect((await policies('draft')).out).toContain(`${made.id}\topen\t1`);

    const replayed = await policies('replay', made.id);
    expect(replayed.code).toBe(1);
    expect(replayed.out).toContain('buyer\tevery/echo\tpermit → deny\tb.cedar#no-echo');
    expect(replayed.out).toMatch(/decided again: 1 change\n {2}permit→deny: 1\n/);
    expect((await policies('replay', 'in-force')).code).toBe(0);

    const silent = await policies('publish', made.id);
    expect([silent.code, silent.err]).toEqual([2, expect.stringContaining('a reason is needed')]);
    const published = await json<{ version: string }>('publish', made.id, ...because);
    expect((await policies('list')).out).toMatch(new RegExp(`^version ${published.version} since .* by bob\n`));
    expect((await policies('show', 'in-force', 'b.cedar')).out).toBe(`${BUT}\n`);
    expect((await policies('diff', made.id)).code).toBe(0);

    const late = await json<{ id: string }>('draft', 'create', 'Late', '--from', made.base);
    await policies('rollback', made.base, ...because);
    const stale = await policies('publish', late.id, ...because);
    expect([stale.code, stale.err]).toEqual([5, expect.stringContaining('is in force')]);
    expect((await policies('draft', 'save', late.id, '--rebase')).code).toBe(0);
    expect((await policies('draft', 'discard', late.id, ...because)).code).toBe(0);
    const told = (await policies('history')).out.split('\n').slice(1, 4);
    expect(told.map((line) => line.split('\t').slice(2))).toEqual([
      ['bob', '-', 'as agreed'],
      ['bob', 'alice', 'as agreed'],
      ['start', '-', 'start'],
    ]);
  }, 240_000);

  it('lets a draft decide beside the policies, and says what it came to', async () => {
    const made = await json<{ id: string }>('draft', 'create', 'Nothing', '--from', 'work');
    expect((await policies('shadow', 'begin', made.id, ...because)).code).toBe(0);
    await (await house.client('buyer', '/mcp/every')).callTool({ name: 'echo', arguments: { message: 'x' } });
    expect((await policies('list')).out).toContain(`beside it the draft ${made.id}`);
    const ended = await policies('shadow', 'end', ...because);
    expect([ended.code, ended.out]).toEqual([0, expect.stringContaining('permit→deny: 1')]);
    expect((await policies('shadow', 'end', ...because)).code).toBe(1);
    expect((await policies('show', 'nonsense')).code).toBe(2);
  }, 120_000);
});
