import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import type { PoliciesInForce, PolicyDraft, PolicyVersion } from '../../src/model/insight/policies.ts';
import { digestOf, PENDING, type Pending, readPolicyFolder } from '../../src/start/policies/folder.ts';
import { CONNECT } from '../cases/house.ts';

const CHILD = join(import.meta.dirname, 'policies-child.ts');
const OLD = { 'a.cedar': `${CONNECT}\n`, 'old/gone.cedar': '// goes\n', 'same.cedar': '// stays\n' };
const NEW = { 'a.cedar': `${CONNECT}\n// changed\n`, 'new/deep/b.cedar': '// comes\n', 'same.cedar': '// stays\n' };

const folders: string[] = [];
const processes: ChildProcess[] = [];
afterEach(async () => {
  for (const child of processes.splice(0)) child.kill('SIGKILL');
  await Promise.all(folders.splice(0).map((folder) => rm(folder, { recursive: true, force: true })));
});

const filesOf = (set: Readonly<Record<string, string>>) => Object.entries(set).map(([path, text]) => ({ path, text }));

async function folderWith(set: Readonly<Record<string, string>>): Promise<string> {
  const root = await mkdtemp(join(tmpdir(), 'interlock-policies-'));
  folders.push(root);
  const dir = join(root, 'policies');
  for (const [path, text] of Object.entries(set)) {
    await mkdir(dirname(join(dir, path)), { recursive: true });
    await writeFile(join(dir, path), text);
  }
  return dir;
}

const pending: Pending = {
  publication: { version: 'new', base: 'old', atMs: 1, by: 'bob', reason: 'why', draft: null },
  from: Object.fromEntries(Object.entries(OLD).map(([path, text]) => [path, digestOf(text)])),
  files: filesOf(NEW),
};

/** What it printed; `null`: it was killed. */
async function run(what: string, at: number, dir: string, more = ''): Promise<readonly string[] | null> {
  const child = fork(CHILD, [what, `${at}`, dir, more], { execArgv: [], stdio: ['ignore', 'pipe', 'inherit', 'ipc'] });
  let said = '';
  child.stdout?.on('data', (chunk: Buffer) => {
    said += chunk;
  });
  const [code, signal] = (await once(child, 'close')) as [number | null, string | null];
  if (signal === 'SIGKILL') return null;
  expect(code).toBe(0);
  return JSON.parse(said);
}

async function read(dir: string): Promise<Readonly<Record<string, string>>> {
  const folder = await readPolicyFolder(dir);
  if (!folder.ok) throw new Error(folder.problem.message);
  return Object.fromEntries(folder.files.map(({ path, text }) => [path, text]));
}

async function onDisk(dir: string): Promise<Readonly<Record<string, string>>> {
  const names = await readdir(dir, { recursive: true, withFileTypes: true });
  const files = names
    .filter((name) => name.isFile())
    .map((name) => join(name.parentPath, name.name).slice(dir.length + 1));
  return Object.fromEntries(
    await Promise.all(files.map(async (path) => [path, await readFile(join(dir, path), 'utf8')])),
  );
}

describe('a publication of policies that is killed', () => {
  it('leaves the old set or the new one at every step, and the next start finishes it, wherever that is killed', async () => {
    const steps = await run('publish', 0, await folderWith(OLD), JSON.stringify(pending));
    expect(steps!.length).toBeGreaterThan(15);
    const decided = steps!.indexOf(`link ${PENDING}`) + 1;
    expect(decided).toBeGreaterThan(1);
    for (let at = 1; at <= steps!.length; at++) {
      const where = `${at}: ${steps![at - 1]}`;
      const dir = await folderWith(OLD);
      expect([where, await run('publish', at, dir, JSON.stringify(pending))]).toEqual([where, null]);
      // Before the link it is the old set, after it the new one, whatever the files themselves look like.
      const expected = at <= decided ? OLD : NEW;
      expect([where, await read(dir)]).toEqual([where, expected]);
      if (at <= decided) continue;
      // One of the steps of finishing it is killed, too: another at each point.
      await run('recover', (at % 7) + 1, dir);
      expect([where, await read(dir)]).toEqual([where, NEW]);
      expect(await run('recover', 0, dir)).not.toBeNull();
      expect([where, await onDisk(dir)]).toEqual([where, NEW]);
    }
  }, 240_000);

  it('overwrites nothing that was edited since: it is for people to say what counts', async () => {
    const dir = await folderWith(OLD);
    const steps = await run('publish', 0, await folderWith(OLD), JSON.stringify(pending));
    const at = steps!.indexOf('rename a.cedar') + 2;
    await run('publish', at, dir, JSON.stringify(pending));
    await writeFile(join(dir, 'same.cedar'), '// by hand\n');
    expect(await readPolicyFolder(dir)).toMatchObject({
      ok: false,
      problem: { file: join(dir, PENDING), message: expect.stringContaining('same.cedar was changed since') },
    });
    await rm(join(dir, PENDING));
    expect((await read(dir))['same.cedar']).toBe('// by hand\n');
  });
});

interface Gateway {
  readonly process: ChildProcess;
  readonly exited: Promise<unknown>;
  admin<T>(method: string, path: string, body?: object): Promise<T | null>;
}

async function start(root: string, at: number): Promise<Gateway> {
  const child = fork(CHILD, ['gateway', `${at}`, root], {
    execArgv: ['--disable-warning=ExperimentalWarning'],
    stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
  });
  processes.push(child);
  const exited = once(child, 'exit');
  const [said] = (await once(child.stdout as NodeJS.ReadableStream, 'data')) as [Buffer];
  const socketPath = said.toString().trim();
  return {
    process: child,
    exited,
    admin: (method, path, body) =>
      new Promise((done) => {
        const headers = body === undefined ? {} : { 'content-type': 'application/json' };
        const sent = request({ socketPath, method, path, headers }, (answer) => {
          let text = '';
          answer.on('data', (chunk: Buffer) => {
            text += chunk;
          });
          answer.on('end', () => done(JSON.parse(text)));
        });
        sent.on('error', () => done(null));
        sent.end(body === undefined ? undefined : JSON.stringify(body));
      }),
  };
}

describe('a gateway that is killed while it publishes', () => {
  it('is in the old set or the new one when it is back, and the history says who published', async () => {
    const made = await folderWith({ 'a.cedar': OLD['a.cedar'], 'same.cedar': OLD['same.cedar'] });
    const root = dirname(made);
    await writeFile(
      join(root, 'interlock.yaml'),
      'listen: { port: 0 }\nlog: { level: error }\njournal: { minFreeBytes: 1000000 }\npeople: {}\nagents: {}\nservers: {}\n',
    );
    const first = await start(root, 0);
    const before = (await first.admin<PoliciesInForce>('GET', '/v1/policies'))!;
    const files = [{ path: 'a.cedar', text: NEW['a.cedar'] }, ...filesOf({ 'new/b.cedar': NEW['new/deep/b.cedar'] })];
    const draft = (await first.admin<PolicyDraft>('POST', '/v1/policies/drafts', { title: 't', files, by: 'alice' }))!;
    first.process.kill('SIGKILL');
    await first.exited;

    const seen = new Set<string>();
    for (const at of [5, 6, 7, 12, 20]) {
      const here = await mkdtemp(join(tmpdir(), 'interlock-policies-'));
      folders.push(here);
      await cp(root, here, { recursive: true, filter: (path) => !path.endsWith('.sock') });
      const dying = await start(here, at);
      dying.process.send('count');
      const order = { draft: draft.id, revision: 1, base: before.version, by: 'bob', reason: 'as agreed' };
      const answer = await dying.admin<PolicyVersion>('POST', '/v1/policies/publish', order);
      if (answer !== null) dying.process.kill('SIGKILL');
      await dying.exited;

      const back = await start(here, 0);
      const now = (await back.admin<PoliciesInForce>('GET', '/v1/policies'))!;
      const { items } = (await back.admin<{ items: PolicyVersion[] }>('GET', '/v1/policies/versions'))!;
      const old = now.version === before.version;
      seen.add(old ? 'old' : 'new');
      expect([at, now.files]).toEqual([at, old ? before.files : files]);
      expect([at, now.by, items[0]?.by, items.length]).toEqual([
        at,
        ...(old ? ['start', 'start', 1] : ['bob', 'bob', 2]),
      ]);
      const drafts = (await back.admin<PolicyDraft>('GET', `/v1/policies/drafts/${draft.id}`))!;
      expect([at, drafts.state]).toEqual([at, old ? 'open' : 'published']);
      expect([at, Object.keys(await onDisk(join(here, 'policies'))).includes(PENDING)]).toEqual([at, false]);
      back.process.kill('SIGKILL');
      await back.exited;
    }
    expect([...seen].sort()).toEqual(['new', 'old']);
  }, 240_000);
});
