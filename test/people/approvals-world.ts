import { createHash, randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { request as httpRequest } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { type DemoCompany, startDemoCompany } from '../../examples/demo-company/server.ts';
import { realDisk } from '../../src/adapters/disk/real.ts';
import { readJournal } from '../../src/audit/read/read-journal.ts';
import { startGateway } from '../../src/main.ts';
import type { JsonObject } from '../../src/model/json.ts';
import type { AdminRecord, JournalRecord } from '../../src/model/record.ts';
import type { ApprovalRow } from '../../src/ports/stores.ts';
import { until } from '../cases/house.ts';
import { checkAnswer } from '../console/answers.ts';
import { SoftAuthenticator } from './authenticator.ts';
import { type Browser, browserAt, type PageAnswer } from './world.ts';

/** A gateway at a host name, in front of the demo company, whose orders need people with passkeys. */
export interface ApprovalWorld {
  readonly dir: string;
  readonly configPath: string;
  readonly origin: string;
  client(agent: string, path?: string): Promise<Client>;
  /** A call that waits for people, and the request it waits for. */
  park(agent: string, call: ReturnType<typeof order>): Promise<Parked>;
  /** Somebody who has just signed in with a passkey of their own. */
  person(id: string): Promise<SignedIn>;
  /** A one-time link for that person. */
  invitation(id: string): Promise<string>;
  admin<T = Record<string, unknown>>(method: string, path: string, body?: object): Promise<{ status: number; body: T }>;
  /** The one request that waits, once there is one. */
  pending(): Promise<ApprovalRow>;
  /** Once so many wait. */
  pendingAre(count: number): Promise<readonly ApprovalRow[]>;
  row(id: string): Promise<ApprovalRow>;
  records(): Promise<readonly JournalRecord[]>;
  outcome(id: string): Promise<AdminRecord | undefined>;
  /** Orders the company really has. */
  orders(): readonly { supplier: string; item: string; quantity: number; total_cents: number }[];
  ticket(body: string): void;
  close(): Promise<void>;
}

export interface Parked {
  readonly id: string;
  readonly result: ReturnType<Client['callTool']>;
}

export interface SignedIn {
  readonly id: string;
  readonly browser: Browser;
  readonly key: SoftAuthenticator;
}

const POLICY = `permit(principal, action in Action::"connect", resource);
permit(principal, action == Action::"tools/call", resource) when { resource.effect == "read" };
@id("small-orders")
permit(principal, action == Action::"tools/call", resource == Tool::"erp/orders.create")
when { context has amount && context.amount.lessThan(decimal("400.0")) };
@id("orders-ask-the-owner") @ask("owner")
@reason("Orders from 400.00 EUR on are looked at by whoever owns the agent.")
permit(principal, action == Action::"tools/call", resource == Tool::"erp/orders.create")
when { context has amount && context.amount.greaterThanOrEqual(decimal("400.0")) && context.amount.lessThan(decimal("5000.0")) };
@id("large-orders-ask-finance") @ask("2 group:finance")
@reason("Orders from 5,000.00 EUR on need two people of finance.")
permit(principal, action == Action::"tools/call", resource == Tool::"erp/orders.create")
when { context has amount && context.amount.greaterThanOrEqual(decimal("5000.0")) && context.amount.lessThan(decimal("50000.0")) };
@id("cancelling-asks-the-owner") @ask("owner")
permit(principal, action == Action::"tools/call", resource == Tool::"erp/orders.cancel");`;

const AGENTS = { buyer: 'alice', runner: 'bob', scout: 'erin' } as const;

export interface WorldOptions {
  readonly assurance?: string;
  readonly waitMs?: number;
  /** More YAML of an agent, indented by four. */
  readonly agentExtra?: Readonly<Record<string, string>>;
  /** More of `approvals:` and of `permissions:`, in braces, with a comma in front. */
  readonly approvals?: string;
  readonly permissions?: string;
  /** More YAML at the top level. */
  readonly extra?: string;
}

export async function openApprovalWorld(options: WorldOptions = {}): Promise<ApprovalWorld> {
  const dir = await mkdtemp(join(tmpdir(), 'interlock-approvals-'));
  const dbPath = join(dir, 'company.db');
  const company = await startDemoCompany({ port: 0, dbPath });
  const tokens = new Map(Object.keys(AGENTS).map((agent) => [agent, randomBytes(24).toString('base64url')]));
  const configPath = join(dir, 'interlock.yaml');
  await mkdir(join(dir, 'policies'));
  await writeFile(join(dir, 'policies', 'company.cedar'), POLICY);
  await writeFile(configPath, yaml(company, tokens, options));
  const gateway = await startGateway({ configPath, env: { ...process.env }, watch: false });
  const clients: Client[] = [];
  const admin: ApprovalWorld['admin'] = (method, path, body) =>
    adminCall(gateway.adminSocket, { method, path, body }) as never;
  await acceptAll(admin);
  const world: ApprovalWorld = {
    ...{ dir, configPath, origin: gateway.url, admin },
    async client(agent, path = '/mcp/erp') {
      const client = new Client({ name: 'case', version: '1' });
      const headers = { authorization: `Bearer ${tokens.get(agent)}` };
      await client.connect(new StreamableHTTPClientTransport(new URL(path, gateway.url), { requestInit: { headers } }));
      clients.push(client);
      return client;
    },
    async invitation(id) {
      const made = await admin<{ url: string }>('POST', `/v1/people/${id}/invitations`, { by: 'bob', reason: 'case' });
      return made.body.url;
    },
    person: async (id) => enrol(gateway.url, id, await world.invitation(id)),
    async park(agent, call) {
      const before = new Set((await list(admin)).map(({ id }) => id));
      const result = (await world.client(agent)).callTool(call);
      // It may end with its connection, when nobody looks any more.
      result.catch(() => {});
      const found: string[] = [];
      await until(async () => {
        found.push(...(await list(admin)).map(({ id }) => id).filter((id) => !before.has(id)));
        return found.length > 0;
      });
      return { id: found[0]!, result };
    },
    pending: async () => (await world.pendingAre(1))[0]!,
    async pendingAre(count) {
      let rows: readonly ApprovalRow[] = [];
      await until(async () => (rows = await list(admin)).length >= count);
      return rows;
    },
    row: async (id) => (await admin<{ approval: ApprovalRow }>('GET', `/v1/approvals/${id}`)).body.approval,
    records: () => journalOf(dir),
    async outcome(id) {
      const outcomes = (await journalOf(dir)).filter(
        (each) => each.type === 'admin' && each.act === 'approval.outcome',
      );
      return outcomes.find((each) => (each as { detail: JsonObject }).detail.approval === id) as
        | AdminRecord
        | undefined;
    },
    orders: () => query(dbPath, (db) => db.prepare('SELECT * FROM orders WHERE id > 4 ORDER BY id').all()) as never,
    ticket: (body) =>
      void query(dbPath, (db) =>
        db
          .prepare("INSERT INTO tickets (customer, subject, body, status) VALUES ('c-1002', 'Order', ?, 'open')")
          .run(body),
      ),
    async close() {
      await Promise.all(clients.map((client) => client.close().catch(() => {})));
      await gateway.close();
      await company.close();
      await rm(dir, { recursive: true, force: true });
    },
  };
  return world;
}

export function order(total: number, more: object = {}): { name: string; arguments: Record<string, unknown> } {
  const args = { supplier: 'northwind', item: 'LAP-14', quantity: 1, total, currency: 'EUR', ...more };
  return { name: 'orders.create', arguments: args };
}

/** What the page of a request says that is sent back with an answer. */
export async function sawOf(person: SignedIn, id: string): Promise<string> {
  const page = await person.browser.get(`/approvals/${id}`);
  return /name="saw" value="([^"]+)"/.exec(page.text)?.[1] ?? '';
}

/** Begins to sign: the options, for whoever answers them. */
export async function begin(person: SignedIn, id: string, fields: Record<string, string> = {}): Promise<PageAnswer> {
  const saw = await sawOf(person, id);
  return person.browser.json(`/approvals/${id}/sign/options`, { verdict: 'approved', reason: '', saw, ...fields });
}

/** A whole honest answer. */
export async function answerAs(person: SignedIn, id: string, fields: Record<string, string> = {}): Promise<PageAnswer> {
  const options = JSON.parse((await begin(person, id, fields)).text) as Record<string, unknown>;
  if (options.challenge === undefined) throw new Error(JSON.stringify(options));
  return person.browser.json(`/approvals/${id}/sign`, { answer: person.key.sign(options) });
}

export async function enrol(origin: string, id: string, invitation: string): Promise<SignedIn> {
  const browser = browserAt(origin);
  const key = new SoftAuthenticator(origin);
  const path = new URL(invitation).pathname;
  await browser.get(path);
  const options = await browser.json(`${path}/passkey/options`, {});
  const made = await browser.json(`${path}/passkey`, {
    answer: key.register(JSON.parse(options.text)),
    name: 'Laptop',
  });
  if (made.status !== 200) throw new Error(`${id} could not be enrolled: ${made.text}`);
  return { id, browser, key };
}

async function list(admin: ApprovalWorld['admin']): Promise<readonly ApprovalRow[]> {
  return (await admin<{ items: ApprovalRow[] }>('GET', '/v1/approvals?state=pending')).body.items;
}

/** Everything the demo company's servers offer, looked at once. */
export async function acceptAll(
  admin: ApprovalWorld['admin'],
  servers: readonly string[] = ['erp', 'crm'],
): Promise<void> {
  for (const server of servers) {
    const listed = await admin<{ items: { tool: string; state: string; seenHash: string }[] }>(
      'GET',
      `/v1/servers/${server}/tools?limit=1000`,
    );
    for (const { tool, state, seenHash } of listed.body.items) {
      const body = { tool, seenHash, by: 'bob', reason: 'looked at it' };
      if (state === 'quarantined') await admin('POST', `/v1/servers/${server}/accept`, body);
    }
  }
}

function yaml(
  { urls }: DemoCompany,
  tokens: ReadonlyMap<string, string>,
  { assurance = 'passkey', waitMs = 60_000, agentExtra: extra = {}, ...more }: WorldOptions,
): string {
  const agents = Object.entries(AGENTS).map(([id, owner]) => {
    const sha256 = createHash('sha256').update(tokens.get(id)!).digest('base64url');
    return `  ${id}:
    name: ${NAMES[id as keyof typeof NAMES]}
    owner: ${owner}
    purpose: Orders office supplies and equipment from the company's suppliers.
    archetype: homegrown
    riskTier: medium
    staticToken: { sha256: ${sha256} }
${extra[id] ?? ''}`;
  });
  return `listen: { host: localhost, port: 0 }
log: { level: error }
limits: { drainMs: 100 }
journal: { minFreeBytes: 1000000, checkpointIntervalMs: 200 }
development: { allowStaticTokens: true }
permissions: { default: permit${more.permissions ?? ''} }
approvals: { assurance: ${assurance}, waitMs: ${waitMs}, expireMs: 600000${more.approvals ?? ''} }
${more.extra ?? ''}
people:
  alice: { name: Alice Arnold, email: alice@example.com }
  bob: { name: Bob Brandt, groups: [finance] }
  carol: { name: Carol Costa, groups: [finance] }
  dora: { name: Dora Dietz, groups: [finance] }
  erin: { name: Erin Eder }
agents:
${agents.join('')}servers:
  erp:
    url: ${urls.erp}
    environment: production
    tools:
      orders.create:
        effect: write
        dataClass: internal
        reversible: true
        facts: { amount: /total, currency: /currency, quantity: /quantity }
        approval:
          sentence: 'Order {quantity} × {item} from {supplier} for {total} {currency}'
          touches: 'A new purchase order with {supplier}'
          undo: 'Cancel the order in the ERP within 24 hours.'
      orders.list: { effect: read, dataClass: internal }
      orders.cancel: { effect: destructive, reversible: false, dataClass: internal }
      reports.build: { effect: read, dataClass: internal }
  crm:
    url: ${urls.crm}
    tools:
      tickets.find: { effect: read, dataClass: internal, untrustedOutput: true }
`;
}

const NAMES = { buyer: 'Procurement agent', runner: 'Errand runner', scout: 'Price scout' } as const;

export async function journalOf(dir: string): Promise<JournalRecord[]> {
  const records: JournalRecord[] = [];
  for await (const { record } of readJournal(join(dir, '.interlock', 'journal'), { disk: realDisk }))
    records.push(record);
  return records;
}

function query<T>(path: string, run: (db: DatabaseSync) => T): T {
  const db = new DatabaseSync(path);
  try {
    return run(db);
  } finally {
    db.close();
  }
}

export function adminCall(
  socketPath: string,
  call: { method: string; path: string; body: object | undefined },
): Promise<{ status: number; body: unknown }> {
  const payload = call.body === undefined ? undefined : JSON.stringify(call.body);
  return new Promise((done, failed) => {
    const headers =
      payload === undefined ? {} : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(payload) };
    const sent = httpRequest({ socketPath, method: call.method, path: call.path, headers }, (answer) => {
      let text = '';
      answer.on('data', (chunk: Buffer) => (text += chunk));
      answer.on('end', () => {
        try {
          const [status, body] = [answer.statusCode ?? 0, text === '' ? null : JSON.parse(text)];
          checkAnswer(call, status, body);
          done({ status, body });
        } catch (error) {
          failed(error);
        }
      });
    });
    sent.on('error', failed);
    sent.end(payload);
  });
}
