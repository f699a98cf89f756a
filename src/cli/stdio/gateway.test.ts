import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Client } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { type RunningGateway, startGateway } from '../../main.ts';
import { keyFile, makeKey, writeKey } from '../agents/keys.ts';

const MAIN = fileURLToPath(new URL('../main.ts', import.meta.url));
const EVERYTHING = fileURLToPath(
  new URL('../../../node_modules/@modelcontextprotocol/server-everything/dist/index.js', import.meta.url),
);
const dir = mkdtempSync(join(tmpdir(), 'il-shim-'));
const file = join(dir, 'interlock.yaml');
let gateway: RunningGateway;

beforeAll(async () => {
  const key = await makeKey('ES256');
  writeKey(keyFile(join(dir, '.interlock'), 'tester'), key, false);
  mkdirSync(join(dir, 'policies'));
  writeFileSync(
    join(dir, 'policies', 'all.cedar'),
    'permit (principal, action, resource)\nunless { resource is Tool && resource.effect != "read" };\n',
  );
  const agent = {
    name: 'Tester',
    owner: 'alice',
    purpose: 'tests',
    archetype: 'homegrown',
    riskTier: 'low',
    keys: [{ ...key.publicJwk }],
  };
  const tools = { '*': { effect: 'read', dataClass: 'public' } };
  const config = {
    listen: { port: 0 },
    people: { alice: { name: 'Alice' } },
    agents: { tester: agent },
    servers: { everything: { command: process.execPath, args: [EVERYTHING, 'stdio'], tools } },
    log: { level: 'error' },
  };
  writeFileSync(file, stringify(config));
  gateway = await startGateway({ configPath: file, env: {}, watch: false });
}, 120_000);

afterAll(async () => {
  await gateway?.close();
  rmSync(dir, { recursive: true, force: true });
});

function arguments_(...more: string[]): string[] {
  return [MAIN, 'stdio', ...more, '--agent', 'tester', '--config', file];
}

async function connected<T>(
  mode: 'legacy' | { pin: string },
  args: string[],
  use: (client: Client) => Promise<T>,
): Promise<T> {
  const client = new Client({ name: 'shim-test', version: '1' }, { versionNegotiation: { mode } });
  await client.connect(new StdioClientTransport({ command: process.execPath, args, stderr: 'inherit' }));
  try {
    return await use(client);
  } finally {
    await client.close();
  }
}

describe('an unchanged MCP client over stdio, through the gateway, to a real server', { timeout: 120_000 }, () => {
  it('speaks the revision with sessions', async () => {
    await connected('legacy', arguments_('everything'), async (client) => {
      expect((await client.listTools()).tools.map((tool) => tool.name)).toContain('echo');
      expect(await client.callTool({ name: 'echo', arguments: { message: 'grüße\n\u2028' } })).toMatchObject({
        content: [{ text: 'Echo: grüße\n\u2028' }],
      });
      const seen: number[] = [];
      const slow = { name: 'trigger-long-running-operation', arguments: { duration: 1, steps: 3 } };
      await client.callTool(slow, { onprogress: ({ progress }) => seen.push(progress) });
      // The SDK forgets the handler when the answer comes in the same chunk as the last of them.
      expect(seen.slice(0, 2)).toEqual([1, 2]);
      await expect(client.callTool({ name: 'no-such-tool', arguments: {} })).rejects.toThrow(/Unknown tool/);
    });
  });

  it('speaks the revision without', async () => {
    await connected({ pin: '2026-07-28' }, arguments_('everything'), async (client) => {
      expect(await client.callTool({ name: 'echo', arguments: { message: 'hi' } })).toMatchObject({
        content: [{ text: 'Echo: hi' }],
      });
      const asked = await Promise.all(
        Array.from({ length: 20 }, (_, i) => client.callTool({ name: 'echo', arguments: { message: String(i) } })),
      );
      expect(asked.map((answer) => (answer.content as { text: string }[])[0]?.text)).toEqual(
        Array.from({ length: 20 }, (_, i) => `Echo: ${i}`),
      );
    });
  });

  it('reaches every server at once, under prefixed names', async () => {
    await connected('legacy', arguments_(), async (client) => {
      const names = (await client.listTools()).tools.map((tool) => tool.name);
      const echo = names.find((name) => name.endsWith('echo')) ?? '';
      expect(echo).not.toBe('echo');
      expect(await client.callTool({ name: echo, arguments: { message: 'x' } })).toMatchObject({
        content: [{ text: 'Echo: x' }],
      });
    });
  });

  it('ends quickly and cleanly when its input ends', async () => {
    const child = spawn(process.execPath, arguments_('everything'), { stdio: ['pipe', 'pipe', 'inherit'] });
    const initialize = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 't', version: '1' } };
    child.stdin.end(`${JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'initialize', params: initialize })}\n`);
    let out = '';
    child.stdout.on('data', (chunk: Buffer) => (out += chunk));
    const code = await new Promise((done) => child.on('close', done));
    expect(code).toBe(0);
    expect(JSON.parse(out)).toMatchObject({ id: 1, result: { protocolVersion: '2025-11-25' } });
  });
});
