import { type ChildProcess, spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, request as httpRequest } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { NodeStreamableHTTPServerTransport } from '@modelcontextprotocol/node';
import { fromJsonSchema, McpServer } from '@modelcontextprotocol/server';
import { realDisk } from '../../src/adapters/disk/real.ts';
import { readJournal } from '../../src/audit/read/read-journal.ts';
import type { JournalRecord } from '../../src/model/record.ts';
import type { ApprovalRow } from '../../src/ports/stores.ts';
import { until } from '../cases/house.ts';

/** The agent its own calls are recorded under. */
const GATEWAY_ITSELF = 'interlock';
const GATEWAY = join(import.meta.dirname, 'approval-gateway.ts');

/** A real MCP server of the official SDK that outlives every gateway, and how often each order took effect there. */
export interface Shop {
  readonly url: string;
  effects(order: string): number;
  /** Told of every order the moment it takes effect. */
  onOrder: (order: string) => void;
  close(): Promise<void>;
}

export async function openShop(): Promise<Shop> {
  const counts = new Map<string, number>();
  const sessions = new Map<string, NodeStreamableHTTPServerTransport>();
  const inputSchema = fromJsonSchema<{ id: string }>({
    type: 'object',
    properties: { id: { type: 'string' } },
    required: ['id'],
  });
  const http = createServer(async (request, response) => {
    const id = request.headers['mcp-session-id'];
    let transport = typeof id === 'string' ? sessions.get(id) : undefined;
    if (transport === undefined) {
      const made = new NodeStreamableHTTPServerTransport({
        sessionIdGenerator: () => crypto.randomUUID(),
        onsessioninitialized: (session: string) => void sessions.set(session, made),
      });
      transport = made;
      const server = new McpServer({ name: 'shop', version: '1' });
      server.registerTool('order', { description: 'Places an order', inputSchema }, async ({ id: order }) => {
        counts.set(order, (counts.get(order) ?? 0) + 1);
        shop.onOrder(order);
        return { content: [{ type: 'text', text: `placed ${order}` }] };
      });
      await server.connect(transport);
    }
    await transport.handleRequest(request, response);
  });
  await new Promise<void>((done) => http.listen(0, '127.0.0.1', done));
  const shop: Shop = {
    url: `http://127.0.0.1:${(http.address() as AddressInfo).port}/mcp`,
    effects: (order) => counts.get(order) ?? 0,
    onOrder: () => {},
    close: () =>
      new Promise((done) => {
        http.closeAllConnections();
        http.close(() => done());
      }),
  };
  return shop;
}

/** What one call came to: placed, to be come back for, the gateway went away, or the text of a refusal. */
export type Came = 'placed' | 'pending' | 'gone' | `refused: ${string}`;

/** A gateway process that runs now. */
export interface Running {
  readonly process: ChildProcess;
  readonly exited: Promise<void>;
  readonly alive: boolean;
  call(order: string): Promise<Came>;
  /** `null`: the gateway went away before it answered. */
  admin<T>(method: string, path: string, body?: object): Promise<{ readonly status: number; readonly body: T } | null>;
  pending(): Promise<readonly ApprovalRow[]>;
  kill(): Promise<void>;
}

/** Everything of one gateway that outlives its process. */
export interface GatewayHouse {
  readonly dir: string;
  start(): Promise<Running>;
  records(): Promise<readonly JournalRecord[]>;
  remove(): Promise<void>;
}

export interface HouseOptions {
  readonly shop: Shop;
  /** A PostgreSQL to share; its own SQLite without. */
  readonly postgres?: string;
  /** Whoever asks needs the same everywhere. */
  readonly token?: string;
  /** One that was started before, to sign and seal with the same keys: those are the operator's to copy. */
  readonly keysOf?: GatewayHouse;
  /** How long a call waits for its answer. */
  readonly waitMs?: number;
}

export async function openGatewayHouse(options: HouseOptions): Promise<GatewayHouse> {
  const dir = await mkdtemp(join(tmpdir(), 'interlock-killed-'));
  const token = options.token ?? randomBytes(24).toString('base64url');
  const config = join(dir, 'interlock.yaml');
  await mkdir(join(dir, 'policies'));
  if (options.keysOf !== undefined) {
    await mkdir(join(dir, '.interlock'), { mode: 0o700 });
    await cp(join(options.keysOf.dir, '.interlock', 'keys'), join(dir, '.interlock', 'keys'), { recursive: true });
  }
  await writeFile(
    join(dir, 'policies', 'a.cedar'),
    `permit(principal, action in Action::"connect", resource);
@ask("owner") permit(principal, action == Action::"tools/call", resource);`,
  );
  await writeFile(config, yaml(options, token));
  const journal = join(dir, '.interlock', 'journal');
  const children = new Set<ChildProcess>();
  const records = async (): Promise<JournalRecord[]> => {
    const all: JournalRecord[] = [];
    for await (const { record } of readJournal(journal, { disk: realDisk })) all.push(record);
    return all;
  };
  return {
    dir,
    async start() {
      const before = existsSync(journal) ? inventories(await records()) : 0;
      const child = spawnGateway(dir, config);
      children.add(child);
      const gateway = await running(child, token);
      await until(async () => inventories(await records()) > before, 30_000);
      return gateway;
    },
    records,
    async remove() {
      for (const child of children) await kill(child);
      await rm(dir, { recursive: true, force: true });
    },
  };
}

/**
 * How often the gateway has finished asking its servers for their tools, which it does on its own once its doors are open: whoever counts
 * its writes begins after that.
 */
function inventories(records: readonly JournalRecord[]): number {
  const own = new Set(records.flatMap((r) => (r.type === 'intent' && r.agent === GATEWAY_ITSELF ? [r.call] : [])));
  return records.filter((r) => r.type === 'outcome' && own.has(r.call) && r.code !== 'restart').length;
}

/** Checkpoints of their own accord are rare: what is written is written for the call. */
const QUIET_MS = 60_000;

function yaml({ shop, postgres, waitMs = 3_000 }: HouseOptions, token: string): string {
  const sha256 = createHash('sha256').update(token).digest('base64url');
  return `listen: { port: 0 }
log: { level: error }
journal: { minFreeBytes: 1000000, checkpointIntervalMs: ${QUIET_MS} }
development: { allowStaticTokens: true }
permissions: { default: permit }
approvals: { assurance: operator, waitMs: ${waitMs}, expireMs: 600000 }
${postgres === undefined ? '' : `store: { kind: postgres, url: "${postgres}" }\n`}people:
  alice: { name: Alice }
agents:
  buyer: { name: Buyer, owner: alice, purpose: tests, archetype: homegrown, riskTier: low, staticToken: { sha256: ${sha256} } }
servers:
  shop:
    url: ${shop.url}
    tools: { "*": { effect: write, dataClass: internal } }
`;
}

function spawnGateway(dir: string, config: string): ChildProcess {
  // One thread for all file work: whoever counts its system calls counts those of the journal.
  const env = { ...process.env, UV_THREADPOOL_SIZE: '1', NODE_OPTIONS: '', NODE_NO_WARNINGS: '1' };
  Object.assign(env, { NODE_COMPILE_CACHE: join(dir, 'cache') });
  return spawn(process.execPath, [GATEWAY, config], { stdio: ['ignore', 'pipe', 'inherit'], env });
}

const isAlive = (child: ChildProcess): boolean => child.exitCode === null && child.signalCode === null;

async function kill(child: ChildProcess): Promise<void> {
  if (!isAlive(child)) return;
  const exited = once(child, 'exit');
  child.kill('SIGKILL');
  await exited;
}

/** Resolves once its doors are open. */
async function running(child: ChildProcess, token: string): Promise<Running> {
  const exited = once(child, 'exit').then(() => {});
  const out = (child.stdout as NodeJS.ReadableStream).setEncoding('utf8');
  const said = await Promise.race([once(out, 'data') as Promise<[string]>, exited.then(() => null)]);
  if (said === null) throw new Error('the gateway ended at its start');
  const { url, socket } = JSON.parse(said[0]) as { url: string; socket: string };
  const gateway: Running = {
    process: child,
    exited,
    get alive() {
      return isAlive(child);
    },
    call: async (order) => cameOf(await post(url, token, order)),
    admin: async (method, path, body) => (await request({ socketPath: socket, method, path }, body)) as never,
    async pending() {
      const answer = await gateway.admin<{ items: ApprovalRow[] }>('GET', '/v1/approvals?state=pending&limit=1000');
      return answer?.body.items ?? [];
    },
    kill: () => kill(child),
  };
  return gateway;
}

const META = {
  'io.modelcontextprotocol/protocolVersion': '2026-07-28',
  'io.modelcontextprotocol/clientInfo': { name: 'raw', version: '1' },
  'io.modelcontextprotocol/clientCapabilities': {},
};

function post(url: string, token: string, order: string) {
  const params = { name: 'order', arguments: { id: order }, _meta: META };
  const headers = {
    accept: 'application/json, text/event-stream',
    authorization: `Bearer ${token}`,
    ...{ 'mcp-protocol-version': '2026-07-28', 'mcp-method': 'tools/call', 'mcp-name': 'order' },
  };
  const { hostname, port } = new URL(url);
  const to = { host: hostname, port, method: 'POST', path: '/mcp/shop', headers, agent: false } as const;
  return request(to, { jsonrpc: '2.0', id: 1, method: 'tools/call', params });
}

function cameOf(answer: { readonly text: string } | null): Came {
  if (answer === null) return 'gone';
  if (answer.text.includes('placed ')) return 'placed';
  return answer.text.includes('needs a human') ? 'pending' : `refused: ${answer.text}`;
}

interface Answer {
  readonly status: number;
  readonly text: string;
  readonly body: unknown;
}

/** `null`: the other side went away before it had answered. */
function request(to: object, body?: object): Promise<Answer | null> {
  const payload = body === undefined ? undefined : JSON.stringify(body);
  const { headers = {} } = to as { headers?: object };
  const all = payload === undefined ? headers : { ...headers, 'content-type': 'application/json' };
  return new Promise((done) => {
    const sent = httpRequest({ ...to, headers: all as never }, (answer) => {
      let text = '';
      answer.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk;
      });
      answer.on('end', () => done({ status: answer.statusCode ?? 0, text, body: jsonOf(text) }));
      answer.on('error', () => done(null));
    });
    sent.on('error', () => done(null));
    sent.end(payload);
  });
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
