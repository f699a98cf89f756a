import { mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { systemClock } from '../../adapters/clock.ts';
import { type RunningGateway, startGateway } from '../../main.ts';
import { httpClient } from '../agents/http.ts';
import { keyFile, makeKey, readKey, writeKey } from '../agents/keys.ts';
import { fetchToken } from '../agents/token.ts';
import { run } from '../program.ts';

const EVERYTHING = fileURLToPath(
  new URL('../../../node_modules/@modelcontextprotocol/server-everything/dist/index.js', import.meta.url),
);
const dir = mkdtempSync(join(tmpdir(), 'il-operate-'));
const file = join(dir, 'interlock.yaml');
let gateway: RunningGateway;

const POLICY = `@id("connect") permit (principal, action, resource) unless { resource is Tool };
@id("echo") @ask("owner") permit (principal, action, resource is Tool) when { resource.effect == "read" };
`;

function config(more: object = {}): string {
  const tools = { '*': { effect: 'read', dataClass: 'public' } };
  return stringify({
    listen: { port: 0 },
    people: { alice: { name: 'Alice' } },
    agents: {
      tester: {
        name: 'Tester',
        owner: 'alice',
        purpose: 'tests',
        archetype: 'homegrown',
        riskTier: 'low',
        keys: [{ ...key.publicJwk }],
      },
    },
    servers: { everything: { command: process.execPath, args: [EVERYTHING, 'stdio'], trust: 'review', tools } },
    approvals: { waitMs: 60_000, assurance: 'operator' },
    log: { level: 'error' },
    ...more,
  });
}

let key: Awaited<ReturnType<typeof makeKey>>;

beforeAll(async () => {
  key = await makeKey('EdDSA');
  writeKey(keyFile(join(dir, '.interlock'), 'tester'), key, false);
  mkdirSync(join(dir, 'policies'));
  writeFileSync(join(dir, 'policies', 'all.cedar'), POLICY);
  writeFileSync(file, config());
  gateway = await startGateway({ configPath: file, env: {}, watch: false });
}, 120_000);

afterAll(async () => {
  await gateway?.close();
  rmSync(dir, { recursive: true, force: true });
});

/** One command of the real program, in this process. */
async function interlock(...args: string[]): Promise<{ code: number; out: string; err: string; json: any }> {
  const written = { out: '', err: '' };
  const streams = [process.stdout.write, process.stderr.write] as const;
  process.stdout.write = ((text: string) => ((written.out += text), true)) as typeof process.stdout.write;
  process.stderr.write = ((text: string) => ((written.err += text), true)) as typeof process.stderr.write;
  try {
    const code = await run([...args, '--config', file]);
    return { code, ...written, json: args.includes('--json') ? JSON.parse(written.out) : null };
  } finally {
    [process.stdout.write, process.stderr.write] = streams;
  }
}

async function connect(): Promise<Client> {
  const http = httpClient();
  const request = { agent: 'tester', key: readKey(keyFile(join(dir, '.interlock'), 'tester')), gateway: gateway.url };
  const { token } = await fetchToken(
    { ...request, resource: `${gateway.url}/mcp/everything` },
    { http, clock: systemClock },
  );
  await http.close();
  const client = new Client({ name: 'operate-test', version: '1' });
  await client.connect(
    new StreamableHTTPClientTransport(new URL(`${gateway.url}/mcp/everything`), {
      requestInit: { headers: { authorization: `Bearer ${token}` } },
    }),
  );
  return client;
}

describe('an operator at a running gateway', { timeout: 120_000 }, () => {
  it('sees new tools held back, looks at them, and lets them in', async () => {
    let diff = await interlock('servers', 'diff', 'everything', '--json');
    for (let i = 0; i < 100 && diff.json.tools.length === 0; i++) {
      await sleep(100);
      diff = await interlock('servers', 'diff', 'everything', '--json');
    }
    expect(diff.code).toBe(1);
    expect(diff.json.tools.map((pin: { tool: string }) => pin.tool)).toContain('echo');
    const shown = await interlock('servers', 'diff', 'everything', 'echo');
    expect(shown.out).toMatch(/everything\/echo: quarantined\n {2}! new-tool[\s\S]*\+ {3}"name": "echo"/);
    expect(await interlock('servers', 'accept', 'everything', 'echo', '--json')).toMatchObject({
      code: 0,
      json: { accepted: ['echo'], refused: [] },
    });
    expect(await interlock('servers', 'list', '--json')).toMatchObject({
      json: { running: true, servers: [{ id: 'everything', tools: 1, state: 'up' }] },
    });
    expect(await interlock('servers', 'accept', 'everything')).toMatchObject({ code: 2 });
    expect(await interlock('servers', 'diff', 'everythin')).toMatchObject({
      code: 2,
      err: expect.stringMatching(/did you mean "everything"/),
    });
    expect(await interlock('servers', 'diff', 'everything', 'eco')).toMatchObject({
      code: 1,
      err: expect.stringMatching(/did you mean "echo"/),
    });
  });

  it('is asked, sees exactly what is wanted, and the call goes on once', async () => {
    const client = await connect();
    const call = client.callTool({ name: 'echo', arguments: { message: 'line\n\u202egnol' } });
    let listed = await interlock('approvals', '--json');
    for (let i = 0; i < 100 && listed.json.items.length === 0; i++) {
      await sleep(50);
      listed = await interlock('approvals', '--json');
    }
    const { id } = listed.json.items[0];
    expect((await interlock('approvals')).out).toMatch(
      /\tpending\ttester\towner\t.*\teverything\/echo \{"message":"line\\n\\u\{202e\}gnol"\}\n/,
    );
    const shown = await interlock('approvals', 'show', id.slice(0, 13));
    expect(shown.out).toContain('line\\n⟨U+202E⟩gnol');
    expect(shown.out).toMatch(/^agent {4} tester$/m);
    expect(shown.out).toMatch(/^waits for alice$/m);
    expect(await interlock('approvals', 'approve', id, '--by', 'mallory')).toMatchObject({
      code: 5,
      err: expect.stringMatching(
        /no active person "mallory"[^]*interlock approvals show [0-9a-f]{8}; name one of them with --by/,
      ),
    });
    expect(await interlock('approvals', 'deny', id)).toMatchObject({
      code: 2,
      err: expect.stringMatching(/needs a reason/),
    });
    expect(await interlock('approvals', 'approve', id, '--by', 'alice', '--reason', 'fine')).toMatchObject({
      code: 0,
      out: expect.stringMatching(/^approved: /),
    });
    expect(await call).toMatchObject({ content: [{ text: 'Echo: line\n\u202egnol' }] });
    expect(await interlock('approvals', 'approve', id)).toMatchObject({
      code: 5,
      err: expect.stringMatching(/already consumed by alice at 20/),
    });
    expect(await interlock('approvals', 'show', 'no-such-id')).toMatchObject({ code: 1 });
    expect(await interlock('approvals', 'list', '--state', 'open')).toMatchObject({ code: 2 });
    expect(await interlock('approvals', 'list', '--for', 'mallory')).toMatchObject({
      code: 1,
      err: expect.stringMatching(/there is no person "mallory"/),
    });
    await client.close();
  });

  it('kills an agent, everybody sees it, and lets it go', async () => {
    const client = await connect();
    expect(await interlock('kill', 'tester', '--reason', 'test', '--json')).toMatchObject({
      code: 0,
      json: { via: 'gateway', lock: { target: 'agent:tester' } },
    });
    await expect(client.callTool({ name: 'echo', arguments: { message: 'x' } })).rejects.toThrow();
    expect(await interlock('locks', '--json')).toMatchObject({
      json: { locks: [{ target: 'agent:tester', tier: 'halt', reason: 'test' }] },
    });
    expect(await interlock('release', 'tester', '--reason', 'done')).toMatchObject({ code: 0 });
    expect(await interlock('release', 'tester', '--reason', 'done')).toMatchObject({
      code: 1,
      err: expect.stringMatching(/nothing stops agent:tester/),
    });
    expect(await interlock('locks')).toMatchObject({ out: 'nothing is stopped\n' });
    const tool = 'tool:everything/trigger-long-running-operation';
    expect(await interlock('pause', tool, '--reason', 'x', '--for', '2h', '--json')).toMatchObject({ code: 0 });
    expect(await interlock('release', tool, '--reason', 'x')).toMatchObject({ code: 0 });
    await client.close().catch(() => undefined);
  });

  it('reads the journal beside it, verifies it, and takes proofs away', async () => {
    const log = await interlock('log', '--agent', 'tester');
    expect(log.out).toMatch(/ permit .* tester tools\/call everything\/echo /);
    expect(log.out).not.toContain('\u202e');
    const denied = await interlock('log', '--denied', '-n', '5');
    expect(denied.out).toMatch(/ ask .* \[approval-pending\]/);
    expect(denied.out).not.toMatch(/ permit /);
    const lines = (await interlock('log', '--from', '0')).out.trim().split('\n');
    expect(lines.length).toBeGreaterThan(10);
    const call = / permit +(\S+) tester tools\/call/.exec(log.out)?.[1] ?? '';
    expect((await interlock('log', '--call', call)).out.trim().split('\n').length).toBeGreaterThanOrEqual(2);

    const note = (await interlock('checkpoint')).out;
    const vkey = (await interlock('checkpoint', '--vkey')).out.trim();
    writeFileSync(join(dir, 'kept'), note);
    writeFileSync(join(dir, 'vkey'), `${vkey}\n`);
    expect(
      await interlock('verify', '--checkpoint', join(dir, 'kept'), '--vkey', join(dir, 'vkey'), '--json'),
    ).toMatchObject({ code: 0, json: { ok: true, vkeyFrom: 'given' } });
    writeFileSync(join(dir, 'receipt'), (await interlock('receipt', '3')).out);
    expect(await interlock('verify', '--receipt', join(dir, 'receipt'), '--vkey', vkey)).toMatchObject({
      code: 0,
      out: expect.stringMatching(/genuine: record 3 of/),
    });
    writeFileSync(join(dir, 'kept'), note.replace(/^\d+$/m, '1'));
    expect(await interlock('verify', '--checkpoint', join(dir, 'kept'), '--vkey', vkey)).toMatchObject({
      code: 1,
      out: expect.stringMatching(/NOT intact/),
    });
    expect(await interlock('receipt', '999999')).toMatchObject({ code: 1 });
    expect(await interlock('receipt', 'x')).toMatchObject({ code: 2 });
  });

  it('reloads what can be reloaded, and is told what cannot', async () => {
    expect(statSync(gateway.adminSocket).mode & 0o777).toBe(0o600);
    writeFileSync(file, config({ people: { alice: { name: 'Alice' }, bob: { name: 'Bob' } } }));
    expect(await interlock('reload', '--json')).toMatchObject({ code: 0, json: { ok: true } });
    writeFileSync(file, config({ listen: { port: 1 } }));
    expect(await interlock('reload')).toMatchObject({
      code: 3,
      out: expect.stringMatching(/a change of listen needs a restart/),
    });
    writeFileSync(file, config({ colour: 'red' }));
    expect(await interlock('reload')).toMatchObject({ code: 3, err: expect.stringMatching(/unknown key "colour"/) });
    writeFileSync(file, config());
    expect(await interlock('doctor', '--json')).toMatchObject({ code: 0, json: { ok: true } });
  });
});
