import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';

const MAIN = fileURLToPath(new URL('main.ts', import.meta.url));
const root = mkdtempSync(join(tmpdir(), 'interlock-cli-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** The real program, as a user starts it. */
function interlock(cwd: string, ...args: string[]): Promise<Ended> {
  return new Promise((done) => {
    const child = spawn(process.execPath, [MAIN, ...args], {
      cwd,
      env: { ...process.env, INTERLOCK_CONFIG: '', NO_COLOR: '1' },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let out = '';
    let err = '';
    child.stdout.on('data', (chunk: Buffer) => (out += chunk));
    child.stderr.on('data', (chunk: Buffer) => (err += chunk));
    child.on('close', (code) => done({ code, out, err }));
  });
}

function folder(name: string): string {
  const dir = join(root, name);
  mkdirSync(dir);
  return dir;
}

describe('a newcomer', { timeout: 120_000 }, () => {
  const dir = folder('new');
  const file = join(dir, 'interlock.yaml');

  it('gets a configuration that checks, and never loses one', async () => {
    expect(await interlock(dir, 'init')).toMatchObject({ code: 0 });
    expect(readFileSync(join(dir, '.gitignore'), 'utf8')).toContain('.interlock/');
    const before = readFileSync(file, 'utf8');
    const again = await interlock(dir, 'init', '--json');
    expect(again.code).toBe(2);
    expect(JSON.parse(again.out).error.message).toMatch(/exists already/);
    expect(readFileSync(file, 'utf8')).toBe(before);
    const checked = await interlock(dir, 'check', '--json');
    expect(checked).toMatchObject({ code: 0 });
    expect(JSON.parse(checked.out)).toMatchObject({ ok: true, servers: 1, agents: 0, policies: 2 });
    expect(checked.err).toMatch(/no agent is configured/);
  });

  it('adds an agent: key, configuration and what to paste, and the configuration checks again', async () => {
    const owner = Object.keys(parse(readFileSync(file, 'utf8')).people)[0] as string;
    const before = readFileSync(file, 'utf8').split('\n');
    const added = await interlock(
      dir,
      'agents',
      'add',
      'buyer',
      '--owner',
      owner,
      '--purpose',
      'buys',
      '--risk',
      'medium',
      '--json',
    );
    expect(added.err).toBe('');
    const answer = JSON.parse(added.out);
    expect(statSync(answer.keyFile).mode & 0o777).toBe(0o600);
    const secret = JSON.parse(readFileSync(answer.keyFile, 'utf8'));
    expect(secret).toMatchObject({ kid: answer.kid, alg: 'EdDSA', kty: 'OKP' });
    expect(added.out + readFileSync(file, 'utf8')).not.toContain(secret.d);
    expect(parse(readFileSync(file, 'utf8')).agents.buyer).toMatchObject({
      owner,
      riskTier: 'medium',
      keys: [{ kid: answer.kid, x: secret.x }],
    });
    // Every line that was there is still there, but `agents: {}`, which became a block.
    const after = readFileSync(file, 'utf8').split('\n');
    expect(before.filter((line) => !after.includes(line))).toEqual(['agents: {}']);
    const clients = answer.clients.map((snippet: { client: string }) => snippet.client);
    expect(clients).toEqual(expect.arrayContaining(['Claude Code', 'Cursor', 'VS Code', 'MCP Inspector']));
    const claude = JSON.parse(answer.clients[0].text).mcpServers.everything;
    expect([claude.command, ...claude.args].join(' ')).toMatch(
      /stdio everything --agent buyer --config .*interlock\.yaml$/,
    );
    expect(JSON.parse((await interlock(dir, 'check', '--json')).out)).toMatchObject({
      ok: true,
      agents: 1,
      warnings: [],
    });
  });

  it('cannot add what would not work', async () => {
    const refused = (...args: string[]) => interlock(dir, 'agents', 'add', ...args);
    const [twice, nobody, purposeless] = await Promise.all([
      refused('buyer', '--owner', 'x', '--purpose', 'y'),
      refused('other', '--owner', 'nobody', '--purpose', 'y'),
      refused('other'),
    ]);
    expect(twice).toMatchObject({ code: 2, err: expect.stringMatching(/exists already[\s\S]*--new-key/) });
    expect(nobody).toMatchObject({
      code: 2,
      err: expect.stringMatching(/knows no person "nobody"[\s\S]*--owner-name/),
    });
    expect(purposeless).toMatchObject({ code: 2, err: expect.stringMatching(/what is it for\?/) });
    expect(existsSync(join(dir, '.interlock', 'keys', 'other.jwk'))).toBe(false);
  });

  it('stops an agent although no gateway runs, sees it, and lets it go', async () => {
    const killed = await interlock(dir, 'kill', 'buyer', '--reason', 'test', '--for', '1h', '--json', '--by', 'tester');
    expect(killed.code).toBe(0);
    expect(JSON.parse(killed.out)).toMatchObject({
      via: 'store',
      lock: { target: 'agent:buyer', tier: 'halt', by: 'tester' },
    });
    const listed = JSON.parse((await interlock(dir, 'kill', '--json')).out);
    expect(listed.locks).toMatchObject([{ target: 'agent:buyer', tier: 'halt', reason: 'test' }]);
    expect(listed.locks[0].untilMs - listed.locks[0].atMs).toBe(3_600_000);
    expect(await interlock(dir, 'release', 'agent:buyer', '--reason', 'done')).toMatchObject({ code: 0 });
    expect(await interlock(dir, 'release', 'agent:buyer', '--reason', 'done')).toMatchObject({ code: 1 });
  });

  it('stops it even while the configuration is broken', async () => {
    const broken = join(folder('broken'), 'interlock.yaml');
    writeFileSync(broken, 'agents: {}\nagents: {}\noops: [\ndata: ./state\n');
    const killed = await interlock(root, 'kill', 'agent:buyer', '--reason', 'now', '--config', broken);
    expect(killed).toMatchObject({
      code: 0,
      out: expect.stringMatching(/killed: agent:buyer/),
      err: expect.stringMatching(/configuration is not valid/),
    });
  });

  it('is not let to stop nothing by a slip of the pen', async () => {
    const [typo, reasonless, kindless] = await Promise.all([
      interlock(dir, 'kill', 'agent:buyr', '--reason', 'x'),
      interlock(dir, 'pause', 'agent:buyer'),
      interlock(dir, 'watch', 'gremlins', '--reason', 'x', '--json'),
    ]);
    expect(typo).toMatchObject({
      code: 2,
      err: expect.stringMatching(/knows no agent "buyr"[\s\S]*did you mean "buyer"/),
    });
    expect(reasonless).toMatchObject({ code: 2, err: expect.stringMatching(/a reason is needed/) });
    expect(kindless).toMatchObject({ code: 2 });
    expect(JSON.parse(kindless.out).error).toMatchObject({ exit: 2, message: expect.stringMatching(/no target/) });
  });

  it('hears what to do when the gateway does not run', async () => {
    const [diff, token, log] = await Promise.all([
      interlock(dir, 'servers', 'diff', 'everything'),
      interlock(dir, 'agents', 'token', 'buyer'),
      interlock(dir, 'log'),
    ]);
    expect(diff).toMatchObject({ code: 4, err: expect.stringMatching(/no gateway runs there[\s\S]*interlock up/) });
    expect(token).toMatchObject({ code: 4, err: expect.stringMatching(/nothing listens there/) });
    expect(log).toMatchObject({ code: 1, err: expect.stringMatching(/there is no journal/) });
  });
});

describe('what is wrong stops check with exit 3, file, line and what to do', { timeout: 120_000 }, () => {
  const good = 'people: { alice: { name: Alice } }\nagents: {}\nservers: { crm: { url: "https://crm.example" } }\n';
  const cells: readonly (readonly [name: string, yaml: string, cedar: string, place: RegExp])[] = [
    [
      'a wrong key',
      `${good}limit: { depth: 5 }\n`,
      '',
      /interlock\.yaml:4:1: unknown key "limit"[\s\S]*did you mean "limits"/,
    ],
    ['a duplicate key', `${good}agents: {}\n`, '', /interlock\.yaml:4:1: the key "agents" is given twice/],
    [
      'an unknown owner',
      good.replace(
        'agents: {}',
        'agents:\n  a: { name: A, owner: bob, purpose: p, archetype: saas, riskTier: low, keys: [] }',
      ),
      '',
      /interlock\.yaml:3:\d+: the owner "bob" is not one of people/,
    ],
    [
      'a policy that does not parse',
      good,
      'permit (principal, action, resource)\nwhen { principal.owner == };\n',
      /first\.cedar:2:\d+: /,
    ],
    [
      'a policy that does not type-check',
      good,
      '\npermit (principal, action, resource)\nwhen { principal.colour == "red" };\n',
      /first\.cedar:3:\d+: [\s\S]*colour/,
    ],
  ];
  it.each(cells)('%s', async (name, yaml, cedar, place) => {
    const dir = folder(name.replaceAll(' ', '-'));
    mkdirSync(join(dir, 'policies'));
    writeFileSync(join(dir, 'interlock.yaml'), yaml);
    if (cedar !== '') writeFileSync(join(dir, 'policies', 'first.cedar'), cedar);
    const { code, out, err } = await interlock(dir, 'check', '--json');
    expect(err).toMatch(place);
    expect(code).toBe(3);
    const { problems } = JSON.parse(out).error;
    expect(problems[0]).toMatchObject({
      file: expect.any(String),
      line: expect.any(Number),
      column: expect.any(Number),
      help: expect.stringMatching(/./),
    });
  });
});

describe('the command line itself', { timeout: 120_000 }, () => {
  let help: Record<string, Ended> = {};
  const commands = [
    'init',
    'up',
    'reload',
    'check',
    'servers',
    'servers diff',
    'agents add',
    'kill',
    'release',
    'locks',
    'approvals',
    'approvals deny',
    'log',
    'verify',
    'stdio',
    'bench',
    'doctor',
    'completion',
  ];
  beforeAll(async () => {
    const { run } = await import('./program.ts');
    for (const command of commands) {
      const written: string[] = [];
      const write = process.stdout.write;
      process.stdout.write = ((text: string) => written.push(text) > 0) as typeof write;
      const code = await run([...command.split(' '), '--help']).finally(() => (process.stdout.write = write));
      help = { ...help, [command]: { code, out: written.join(''), err: '' } };
    }
  });

  it.each(commands)('%s has help with an example', (command) => {
    expect(help[command]).toMatchObject({ code: 0, out: expect.stringMatching(/Example:\n {2}/) });
  });

  it('takes a mistyped command or option as wrong usage', async () => {
    const [command, option] = await Promise.all([interlock(root, 'kil'), interlock(root, 'check', '--jsn')]);
    expect(command).toMatchObject({ code: 2, err: expect.stringMatching(/Did you mean/) });
    expect(option).toMatchObject({ code: 2, err: expect.stringMatching(/--json/) });
  });

  it('says which Node it needs before anything else', () => {
    const source = readFileSync(MAIN, 'utf8');
    expect(source.search(/\bimport\b\s*[({'"]/)).toBeGreaterThan(source.indexOf('process.versions.node'));
    expect(source).not.toMatch(/^import /m);
    const old = source.replace("await import('./program.ts')", '{}').replaceAll('process.versions.node', "'20.1.0'");
    const ran = spawnSync(process.execPath, ['--input-type=module', '-e', old.replace(/^#!.*\n/, '')], {
      encoding: 'utf8',
    });
    expect(ran).toMatchObject({
      status: 1,
      stderr: expect.stringMatching(/needs Node 24 or later; this is Node 20\.1\.0/),
    });
  });
});
