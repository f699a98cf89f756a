import { type ChildProcess, execFile, spawn } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  createWriteStream,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { request } from 'undici';
import { parseDocument } from 'yaml';
import { type DemoCompany, startDemoCompany } from '../../examples/demo-company/server.ts';
import { keyFile, makeKey, writeKey } from '../../src/cli/agents/keys.ts';
import { interlockCommand, REPOSITORY } from '../product.ts';

const EXAMPLE = join(REPOSITORY, 'examples/demo-company');
const START_TIMEOUT_MS = 30_000;
const COMMAND_TIMEOUT_MS = 30_000;

export interface CommandResult {
  readonly exit: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Everything the story needs: the company, the gateway as its own process, and its command line. */
export interface Stage {
  readonly dir: string;
  readonly url: string;
  readonly configFile: string;
  readonly company: DemoCompany;
  keyOf(agent: string): string;
  /** `interlock <args>` as an operator would run it. */
  interlock(...args: string[]): Promise<CommandResult>;
  /** `interlock verify` on a copy of the journal in which one byte was changed. */
  verifyForged(): Promise<CommandResult>;
  /** The last lines the gateway said, for when something went wrong. */
  gatewayLog(): string;
  /** Rejects when the gateway ends by itself. */
  readonly gatewayEnded: Promise<never>;
  close(): Promise<void>;
}

/** Makes keys and configuration in a folder of their own, then starts the company and Interlock in front of it. */
export async function openStage(): Promise<Stage> {
  const dir = mkdtempSync(join(tmpdir(), 'interlock-demo-'));
  chmodSync(dir, 0o700);
  const port = await freePort();
  // A name and not an address: passkeys need one.
  const url = `http://localhost:${port}`;
  const company = await startDemoCompany({ port: 0, dbPath: join(dir, 'company.db'), trusted: { issuer: url } });
  const configFile = await writeConfiguration(dir, { company, port });
  const gateway = startGateway(configFile, join(dir, 'interlock.log'));
  const stage: Stage = {
    dir,
    url,
    configFile,
    company,
    keyOf: (agent) => keyFile(join(dir, 'data'), agent),
    interlock: (...args) => runInterlock([...args, '--config', configFile]),
    verifyForged: () => verifyForged(dir, configFile),
    gatewayLog: () => readFileSync(join(dir, 'interlock.log'), 'utf8').trim().split('\n').slice(-20).join('\n'),
    gatewayEnded: gateway.ended,
    close: async () => {
      await gateway.stop();
      await company.close();
      rmSync(dir, { recursive: true, force: true });
    },
  };
  try {
    await Promise.race([untilReady(url), gateway.ended]);
    return stage;
  } catch (error) {
    const log = stage.gatewayLog();
    await stage.close();
    throw new Error(`Interlock did not start: ${(error as Error).message}\n${log}`, { cause: error });
  }
}

/** The example as it is, with what belongs to this machine: addresses, the data folder, and a new key for every agent. */
async function writeConfiguration(dir: string, at: { company: DemoCompany; port: number }): Promise<string> {
  for (const folder of ['policies', 'files']) cpSync(join(EXAMPLE, folder), join(dir, folder), { recursive: true });
  const config = parseDocument(readFileSync(join(EXAMPLE, 'interlock.yaml'), 'utf8'));
  config.setIn(['listen', 'host'], 'localhost');
  config.setIn(['listen', 'port'], at.port);
  config.setIn(['data'], './data');
  for (const [server, url] of Object.entries(at.company.urls)) config.setIn(['servers', server, 'url'], url);
  const program = (name: string) => join(REPOSITORY, `node_modules/@modelcontextprotocol/server-${name}/dist/index.js`);
  setCommand('files', [program('filesystem'), './files']);
  setCommand('everything', [program('everything'), 'stdio']);
  for (const agent of Object.keys(config.toJS().agents)) {
    const key = await makeKey('EdDSA');
    writeKey(keyFile(join(dir, 'data'), agent), key, false);
    config.setIn(['agents', agent, 'keys'], [{ ...key.publicJwk }]);
  }
  const file = join(dir, 'interlock.yaml');
  writeFileSync(file, config.toString({ lineWidth: 0 }), { mode: 0o600 });
  return file;

  // The example says `npx`, which needs the repository around it; here the same programs are named by their files.
  function setCommand(server: string, args: readonly string[]): void {
    config.setIn(['servers', server, 'command'], process.execPath);
    config.setIn(['servers', server, 'args'], [...args]);
  }
}

function startGateway(configFile: string, logFile: string): { readonly ended: Promise<never>; stop(): Promise<void> } {
  const [program, ...args] = interlockCommand() as [string, ...string[]];
  const child = spawn(program, [...args, 'up', '--config', configFile], { stdio: ['ignore', 'pipe', 'pipe'] });
  const log = createWriteStream(logFile, { mode: 0o600 });
  child.stdout.pipe(log, { end: false });
  child.stderr.pipe(log, { end: false });
  let stopping = false;
  const ended = new Promise<never>((_, reject) => {
    child.once('error', reject);
    child.once('exit', (code, signal) => {
      if (!stopping) reject(new Error(`the gateway ended by itself (${signal ?? `exit ${code}`})`));
    });
  });
  ended.catch(() => {});
  const killAtExit = () => child.kill('SIGKILL');
  process.once('exit', killAtExit);
  return {
    ended,
    stop: async () => {
      stopping = true;
      await end(child);
      process.off('exit', killAtExit);
      log.end();
    },
  };
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = new Promise((done) => child.once('exit', done));
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), 10_000);
  await exited;
  clearTimeout(timer);
}

function runInterlock(args: readonly string[]): Promise<CommandResult> {
  const [program, ...first] = interlockCommand() as [string, ...string[]];
  return new Promise((done, fail) => {
    const options = { timeout: COMMAND_TIMEOUT_MS, maxBuffer: 16 * 1024 * 1024 };
    execFile(program, [...first, ...args], options, (error, stdout, stderr) => {
      const exit = error === null ? 0 : error.code;
      // Only a process that ran to its end has an exit code that means something.
      if (typeof exit === 'number') done({ exit, stdout, stderr });
      else fail(error);
    });
  });
}

async function verifyForged(dir: string, configFile: string): Promise<CommandResult> {
  const copy = join(dir, 'forged');
  cpSync(join(dir, 'data/journal'), join(copy, 'journal'), { recursive: true });
  forge(join(copy, 'journal'));
  const config = parseDocument(readFileSync(configFile, 'utf8'));
  config.set('data', './forged');
  const forgedConfig = join(dir, 'forged.yaml');
  writeFileSync(forgedConfig, config.toString({ lineWidth: 0 }), { mode: 0o600 });
  return runInterlock(['verify', '--config', forgedConfig]);
}

/** Somebody with access to the disk makes a smaller order out of a larger one. */
function forge(journal: string): void {
  const segments = readdirSync(journal, { recursive: true, encoding: 'utf8' })
    .map((name) => join(journal, name))
    .filter((path) => statSync(path).isFile());
  for (const file of segments) {
    const bytes = readFileSync(file);
    const at = bytes.indexOf('"total":876');
    if (at === -1) continue;
    bytes.write('"total":176', at);
    writeFileSync(file, bytes);
    return;
  }
  throw new Error('the order of 876.00 is in no segment of the journal');
}

async function untilReady(url: string): Promise<void> {
  const deadline = performance.now() + START_TIMEOUT_MS;
  let last = 'no answer';
  while (performance.now() < deadline) {
    try {
      const { statusCode, body } = await request(`${url}/readyz`);
      last = `${statusCode} ${await body.text()}`;
      if (statusCode === 200) return;
    } catch (error) {
      last = (error as Error).message;
    }
    await wait(50);
  }
  throw new Error(`not ready after ${START_TIMEOUT_MS / 1000} seconds: ${last}`);
}

function freePort(): Promise<number> {
  return new Promise((done, fail) => {
    const server = createServer();
    server.once('error', fail);
    server.listen(0, 'localhost', () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => done(port));
    });
  });
}
