import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type ServerResponse } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { httpClient } from '../agents/http.ts';

const MAIN = fileURLToPath(new URL('../main.ts', import.meta.url));
const dir = mkdtempSync(join(tmpdir(), 'il-up-'));
const file = join(dir, 'interlock.yaml');
const http = httpClient();
const META = {
  'io.modelcontextprotocol/protocolVersion': '2026-07-28',
  'io.modelcontextprotocol/clientInfo': { name: 't', version: '1' },
  'io.modelcontextprotocol/clientCapabilities': {},
};

/** A server of the modern era whose one tool answers when the test says so. */
let pending: ServerResponse[] = [];
const upstream = createServer(async (request, response) => {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const message = JSON.parse(Buffer.concat(chunks).toString() || '{}');
  if (message.id === undefined) return void response.writeHead(202).end();
  const answer = (result: object) =>
    response
      .writeHead(200, { 'content-type': 'application/json' })
      .end(JSON.stringify({ jsonrpc: '2.0', id: message.id, result: { resultType: 'complete', ...result } }));
  if (message.method === 'server/discover')
    return void answer({
      supportedVersions: ['2026-07-28'],
      capabilities: { tools: {} },
      serverInfo: { name: 'u', version: '1' },
    });
  if (message.method === 'tools/list')
    return void answer({
      tools: [{ name: 'slow', description: 'Waits.', inputSchema: { type: 'object' } }],
      ttlMs: 0,
      cacheScope: 'private',
    });
  if (message.method === 'tools/call')
    return void pending.push(
      Object.assign(response, { finish: () => answer({ content: [{ type: 'text', text: 'done' }] }) }),
    );
  response
    .writeHead(404, { 'content-type': 'application/json' })
    .end(JSON.stringify({ jsonrpc: '2.0', id: message.id, error: { code: -32601, message: 'no' } }));
});

function config(more: object = {}): string {
  const { port } = upstream.address() as AddressInfo;
  return stringify({
    listen: { port: 0 },
    people: { alice: { name: 'Alice' } },
    agents: { me: { name: 'Me', owner: 'alice', purpose: 'tests', archetype: 'homegrown', riskTier: 'low' } },
    servers: { slow: { url: `http://127.0.0.1:${port}/mcp`, tools: { '*': { effect: 'read' } } } },
    development: { allowStaticTokens: true, anonymousAgent: 'me' },
    ...more,
  });
}

beforeAll(async () => {
  await new Promise<void>((done) => upstream.listen(0, '127.0.0.1', done));
  mkdirSync(join(dir, 'policies'));
  writeFileSync(join(dir, 'policies', 'all.cedar'), 'permit (principal, action, resource);\n');
});
afterAll(async () => {
  await http.close();
  upstream.closeAllConnections();
  upstream.close();
  rmSync(dir, { recursive: true, force: true });
});

class Up {
  readonly child: ChildProcess;
  out = '';
  err = '';
  readonly ended: Promise<number | null>;
  url = '';

  constructor() {
    writeFileSync(file, config());
    this.child = spawn(process.execPath, [MAIN, 'up', '--config', file, '--json'], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.child.stdout?.on('data', (chunk: Buffer) => (this.out += chunk));
    this.child.stderr?.on('data', (chunk: Buffer) => (this.err += chunk));
    this.ended = new Promise((done) => this.child.on('close', (code) => done(code)));
  }

  async until(condition: () => boolean, ms = 60_000): Promise<void> {
    for (let waited = 0; waited < ms; waited += 25) {
      if (condition()) return;
      await sleep(25);
    }
    throw new Error(`nothing came of it:\n${this.out}\n${this.err}`);
  }

  async ready(): Promise<this> {
    await this.until(() => this.out.endsWith('\n'));
    this.url = JSON.parse(this.out).url;
    return this;
  }

  async call(): Promise<any> {
    const body = { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'slow', arguments: {}, _meta: META } };
    const headers = {
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      'mcp-protocol-version': '2026-07-28',
      'mcp-method': 'tools/call',
      'mcp-name': 'slow',
    };
    const answer = await http.send({
      method: 'POST',
      url: `${this.url}/mcp/slow`,
      headers,
      body: JSON.stringify(body),
    });
    const text = await answer.text(100_000);
    return JSON.parse(text.startsWith('{') ? text : (/^data: (.*)$/m.exec(text)?.[1] ?? '{}'));
  }
}

let up: Up;
afterEach(async () => {
  up.child.kill('SIGKILL');
  await up.ended;
  pending = [];
});

describe('interlock up', { timeout: 120_000 }, () => {
  it('says where it listens, warns of what is for development, and finishes what is under way when told to stop', async () => {
    up = await new Up().ready();
    expect(JSON.parse(up.out)).toMatchObject({
      url: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/),
      pid: up.child.pid,
    });
    expect(up.err).toMatch(/DEVELOPMENT ONLY/);
    const call = up.call();
    await up.until(() => pending.length === 1);
    up.child.kill('SIGTERM');
    await up.until(() => /finishing what is under way/.test(up.err));
    await sleep(200);
    (pending[0] as ServerResponse & { finish(): void }).finish();
    expect(await call).toMatchObject({ result: { content: [{ text: 'done' }] } });
    expect(await up.ended).toBe(0);
    await expect(up.call()).rejects.toThrow(/nothing listens there/);
  });

  it('ends at once on a second signal', async () => {
    up = await new Up().ready();
    up.call().catch(() => undefined);
    await up.until(() => pending.length === 1);
    up.child.kill('SIGINT');
    await up.until(() => /finishing what is under way/.test(up.err));
    up.child.kill('SIGINT');
    expect(await up.ended).toBe(130);
  });

  it('reloads when the file changes and on SIGHUP, keeps the old one when the new one is wrong, and drops no connection', async () => {
    up = await new Up().ready();
    const { port } = new URL(up.url);
    const open = connect(Number(port), '127.0.0.1');
    let closed = false;
    open.on('close', () => (closed = true));
    writeFileSync(join(dir, 'next'), config({ people: { alice: { name: 'Alice' }, bob: { name: 'Bob' } } }));
    renameSync(join(dir, 'next'), file);
    await up.until(() => /reloaded: in force/.test(up.err));
    writeFileSync(file, `${config()}colour: red\n`);
    await up.until(() => /unknown key .*colour/.test(up.err));
    writeFileSync(file, config());
    up.err = '';
    up.child.kill('SIGHUP');
    await up.until(() => /reloaded: in force/.test(up.err));
    expect(closed).toBe(false);
    open.destroy();
    expect(up.child.exitCode).toBeNull();
  });

  it('does not start twice on one data directory, and says so', async () => {
    up = await new Up().ready();
    const second = spawn(process.execPath, [MAIN, 'up', '--config', file], { stdio: ['ignore', 'ignore', 'pipe'] });
    let err = '';
    second.stderr.on('data', (chunk: Buffer) => (err += chunk));
    expect(await new Promise((done) => second.on('close', done))).toBe(1);
    expect(err).toMatch(/another process writes it|another gateway/);
  });
});
