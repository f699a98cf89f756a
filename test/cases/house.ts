import { createHash, randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { request as httpRequest, type IncomingHttpHeaders } from 'node:http';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { systemClock } from '../../src/adapters/clock.ts';
import { realDisk } from '../../src/adapters/disk/real.ts';
import type { Entry } from '../../src/audit/journal.ts';
import { readJournal } from '../../src/audit/read/read-journal.ts';
import { type RunningGateway, startGateway } from '../../src/main.ts';
import type { JournalRecord } from '../../src/model/record.ts';
import { checkAnswer } from '../console/answers.ts';

export const ROOT = resolve(import.meta.dirname, '../..');
export const EVERYTHING = join(ROOT, 'node_modules/@modelcontextprotocol/server-everything/dist/index.js');
export const FILESYSTEM = join(ROOT, 'node_modules/@modelcontextprotocol/server-filesystem/dist/index.js');

/** A working house: a real gateway on a real configuration in a folder of its own. */
export interface House {
  readonly dir: string;
  readonly gateway: RunningGateway;
  readonly url: string;
  /** A connected client of the official SDK, as that agent. */
  client(agent: string, path: string, options?: ClientOptions): Promise<Client>;
  transport(agent: string, path: string): StreamableHTTPClientTransport;
  token(agent: string): string;
  /** One HTTP request as any program could send it. */
  raw(options: RawOptions): Promise<RawAnswer>;
  /** Everything the journal holds now. */
  records(): Promise<readonly JournalRecord[]>;
  entries(): Promise<readonly Entry[]>;
  /** The administrative interface, as the command line uses it. */
  admin<T = Record<string, unknown>>(method: string, path: string, body?: object): Promise<{ status: number; body: T }>;
  /** Accepts, as an operator would after looking, every definition of a server that is held back. */
  acceptAll(server: string): Promise<number>;
  writePolicy(name: string, text: string): Promise<void>;
  writeConfig(text: string): Promise<void>;
  restart(): Promise<void>;
  stop(): Promise<void>;
}

export interface ClientOptions {
  readonly mode?: 'legacy' | 'auto' | { readonly pin: string };
  readonly capabilities?: Record<string, unknown>;
}

export interface RawOptions {
  readonly path: string;
  readonly agent?: string;
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string | string[] | undefined>>;
  readonly body?: string | Buffer | object;
}

export interface RawAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  /** The JSON body, or the last frame of a stream. */
  readonly json: any;
}

export interface HouseOptions {
  /** YAML of `servers:`, indented by two. */
  readonly servers: string;
  readonly policies: Readonly<Record<string, string>>;
  /** Agent ids; each is owned by alice and has a development token. */
  readonly agents?: readonly string[];
  /** YAML of more people, indented by two. */
  readonly people?: string;
  /** More YAML at the top level. */
  readonly extra?: string;
  /** Instead of the default `journal:` line. */
  readonly journal?: string;
  readonly agentExtra?: Readonly<Record<string, string>>;
}

/** Permits every agent the housekeeping of a connection. */
export const CONNECT = 'permit(principal, action in Action::"connect", resource);';

export async function openHouse(options: HouseOptions): Promise<House> {
  const dir = await mkdtemp(join(tmpdir(), 'interlock-house-'));
  const tokens = new Map((options.agents ?? ['buyer']).map((agent) => [agent, randomBytes(24).toString('base64url')]));
  const configPath = join(dir, 'interlock.yaml');
  await mkdir(join(dir, 'policies'));
  await writeFile(configPath, yaml(options, tokens));
  for (const [name, text] of Object.entries(options.policies)) await writeFile(join(dir, 'policies', name), text);
  const start = () => startGateway({ configPath, env: { ...process.env }, watch: false });
  const state = { gateway: await start() };
  const clients: Client[] = [];
  const transport = (agent: string, path: string) =>
    new StreamableHTTPClientTransport(new URL(path, state.gateway.url), {
      requestInit: { headers: { authorization: `Bearer ${tokens.get(agent)}` } },
    });
  return {
    dir,
    get gateway() {
      return state.gateway;
    },
    get url() {
      return state.gateway.url;
    },
    transport,
    token: (agent) => tokens.get(agent)!,
    async client(agent, path, { mode = 'legacy', capabilities = {} } = {}) {
      const client = new Client({ name: 'case', version: '1' }, {
        capabilities,
        versionNegotiation: { mode },
      } as never);
      await client.connect(transport(agent, path));
      clients.push(client);
      return client;
    },
    raw: (options) =>
      rawCall(state.gateway.url, options, options.agent === undefined ? undefined : tokens.get(options.agent)),
    records: async () => (await journalOf(dir)).map((entry) => entry.record),
    entries: () => journalOf(dir),
    admin: (method, path, body) => adminCall(state.gateway.adminSocket, { method, path, body }) as never,
    async acceptAll(server) {
      const call = { method: 'GET', path: `/v1/servers/${server}/tools?limit=1000`, body: undefined };
      const { items } = (await adminCall(state.gateway.adminSocket, call)).body as {
        items: { tool: string; state: string; seenHash: string }[];
      };
      const held = items.filter((tool) => tool.state === 'quarantined');
      for (const { tool, seenHash } of held) {
        const body = { tool, seenHash, by: 'bob', reason: 'looked at it' };
        await adminCall(state.gateway.adminSocket, { method: 'POST', path: `/v1/servers/${server}/accept`, body });
      }
      return held.length;
    },
    writePolicy: (name, text) => writeFile(join(dir, 'policies', name), text),
    writeConfig: (text) => writeFile(configPath, text),
    async restart() {
      await state.gateway.close();
      state.gateway = await start();
    },
    async stop() {
      await Promise.all(clients.map((client) => client.close().catch(() => {})));
      await state.gateway.close();
      await rm(dir, { recursive: true, force: true });
    },
  };
}

function yaml(options: HouseOptions, tokens: ReadonlyMap<string, string>): string {
  const agents = [...tokens].map(([id, token]) => {
    const sha256 = createHash('sha256').update(token).digest('base64url');
    const extra = options.agentExtra?.[id] ?? '';
    return `  ${id}:\n    name: ${id}\n    owner: alice\n    purpose: tests\n    archetype: homegrown\n    riskTier: low\n    staticToken: { sha256: ${sha256} }\n${extra}`;
  });
  return `listen: { port: 0 }
log: { level: error }
${options.journal ?? 'journal: { minFreeBytes: 1000000 }'}
development: { allowStaticTokens: true }
${(options.extra ?? '').includes('permissions:') ? '' : 'permissions: { default: permit }\n'}${(options.extra ?? '').includes('approvals:') ? '' : 'approvals: { assurance: operator }\n'}people:
  alice: { name: Alice }
  bob: { name: Bob }
${options.people ?? ''}agents:
${agents.join('')}servers:
${options.servers}
${options.extra ?? ''}
`;
}

async function journalOf(dir: string): Promise<Entry[]> {
  const entries: Entry[] = [];
  for await (const entry of readJournal(join(dir, '.interlock', 'journal'), { disk: realDisk })) entries.push(entry);
  return entries;
}

function rawCall(url: string, options: RawOptions, token: string | undefined): Promise<RawAnswer> {
  const { body } = options;
  const payload = body === undefined || typeof body === 'string' || Buffer.isBuffer(body) ? body : JSON.stringify(body);
  const headers: Record<string, string | string[] | undefined> = {
    accept: 'application/json, text/event-stream',
    ...(payload === undefined ? {} : { 'content-type': 'application/json' }),
    ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    ...options.headers,
  };
  for (const [name, value] of Object.entries(headers)) if (value === undefined) delete headers[name];
  return new Promise((done, failed) => {
    const sent = httpRequest(
      new URL(options.path, url),
      { method: options.method ?? 'POST', headers: headers as never, agent: false },
      (answer) => {
        let text = '';
        answer.on('data', (chunk: Buffer) => {
          text += chunk;
        });
        answer.on('end', () =>
          done({ status: answer.statusCode ?? 0, headers: answer.headers, text, json: lastFrame(text) }),
        );
        answer.on('error', failed);
      },
    );
    sent.on('error', failed);
    sent.end(payload);
  });
}

function lastFrame(text: string): unknown {
  const data = text.split('\n').filter((line) => line.startsWith('data: {'));
  try {
    return JSON.parse(data.length > 0 ? data.at(-1)!.slice(6) : text);
  } catch {
    return null;
  }
}

function adminCall(
  socketPath: string,
  call: { method: string; path: string; body: object | undefined },
): Promise<{ status: number; body: unknown }> {
  const payload = call.body === undefined ? undefined : JSON.stringify(call.body);
  return new Promise((resolve_, reject) => {
    const headers =
      payload === undefined ? {} : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(payload) };
    const sent = httpRequest({ socketPath, method: call.method, path: call.path, headers }, (answer) => {
      let text = '';
      answer.on('data', (chunk: Buffer) => (text += chunk));
      answer.on('end', () => {
        const [status, body] = [answer.statusCode ?? 0, text === '' ? null : JSON.parse(text)];
        try {
          checkAnswer(call, status, body);
          resolve_({ status, body });
        } catch (error) {
          reject(error);
        }
      });
    });
    sent.on('error', reject);
    sent.end(payload);
  });
}

/** Waits until a condition holds; for what happens in another process or another turn. */
export async function until(condition: () => boolean | Promise<boolean>, timeoutMs = 10_000): Promise<void> {
  const end = systemClock.monotonicUs() + timeoutMs * 1000;
  while (!(await condition())) {
    if (systemClock.monotonicUs() > end) throw new Error('waited too long');
    await new Promise((done) => setTimeout(done, 20));
  }
}

/** The text of a tool result. */
export function textOf(result: unknown): string {
  const { content } = result as { content: { text?: string }[] };
  return content.map((item) => item.text ?? '').join('\n');
}
