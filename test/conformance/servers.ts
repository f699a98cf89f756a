import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startGateway } from '../../src/main.ts';

export interface Running {
  readonly url: string;
  stop(): Promise<void>;
}

const OFFICIAL = join(import.meta.dirname, '../../node_modules/@modelcontextprotocol/server-everything/dist/index.js');
const CURRENT = join(import.meta.dirname, 'fixtures/everything-2026.ts');

/** The official everything server over streamable HTTP: revisions with sessions only. */
export function startOfficial(): Promise<Running> {
  return startProcess([OFFICIAL, 'streamableHttp'], /listening/);
}

/** The server on the current SDK: both eras. */
export function startCurrent(): Promise<Running> {
  return startProcess([CURRENT], /^http/m);
}

/** A process of its own: the gateway and the server must not share an event loop. */
async function startProcess(args: readonly string[], ready: RegExp): Promise<Running> {
  const port = await freePort();
  const child = spawn(process.execPath, args, {
    env: { ...process.env, PORT: String(port) },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  await said(child, ready);
  const stop = async (): Promise<void> => {
    if (child.exitCode !== null) return;
    child.kill('SIGKILL');
    await once(child, 'exit');
  };
  return { url: `http://127.0.0.1:${port}/mcp`, stop };
}

function said(child: ChildProcess, ready: RegExp): Promise<void> {
  return new Promise((done, failed) => {
    let output = '';
    const hear = (chunk: Buffer): void => {
      output += chunk;
      if (ready.test(output)) done();
    };
    child.stdout?.on('data', hear);
    child.stderr?.on('data', hear);
    child.once('exit', () => failed(new Error(`the server ended before it was ready:\n${output}`)));
  });
}

function freePort(): Promise<number> {
  return new Promise((done) => {
    const probe = createServer().listen(0, '127.0.0.1', () => {
      const { port } = probe.address() as { port: number };
      probe.close(() => done(port));
    });
  });
}

/** A gateway in front of one server that permits everything to whoever asks: what is measured is the way, not the policy. */
export async function startGatewayBefore(serverUrl: string): Promise<Running> {
  const folder = await mkdtemp(join(tmpdir(), 'interlock-conformance-'));
  await mkdir(join(folder, 'policies'));
  await writeFile(join(folder, 'policies', 'all.cedar'), 'permit(principal, action, resource);\n');
  const configPath = join(folder, 'interlock.yaml');
  await writeFile(configPath, configuration(serverUrl));
  const gateway = await startGateway({ configPath, env: { ...process.env }, watch: false });
  const stop = async (): Promise<void> => {
    await gateway.close();
    await rm(folder, { recursive: true, force: true });
  };
  return { url: new URL('/mcp/target', gateway.url).href, stop };
}

function configuration(serverUrl: string): string {
  return `listen: { port: 0 }
log: { level: error }
journal: { minFreeBytes: 1000000 }
development: { allowStaticTokens: true, anonymousAgent: conformance }
people:
  tester: { name: Tester }
agents:
  conformance: { name: Conformance, owner: tester, purpose: conformance, archetype: homegrown, riskTier: low }
servers:
  target: { url: ${serverUrl} }
`;
}
