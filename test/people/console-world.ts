import { spawnSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { cpSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { expect } from 'vitest';
import { parse, stringify } from 'yaml';
import { type DemoCompany, startDemoCompany } from '../../examples/demo-company/server.ts';
import { startGateway } from '../../src/main.ts';
import type { ConsoleRole } from '../../src/model/insight/roles.ts';
import type { AdminRecord, JournalRecord } from '../../src/model/record.ts';
import { until } from '../cases/house.ts';
import { acceptAll, adminCall, journalOf } from './approvals-world.ts';
import { inspect, openChromium, withAuthenticator } from './chromium.ts';

/** Who stands for each role. Alice owns two agents and is an approver; Nora has no role. */
export const CAST = {
  'security-admin': 'sara',
  operator: 'olga',
  auditor: 'axel',
  viewer: 'vera',
  approver: 'alice',
  'policy-author': 'paul',
  'policy-publisher': 'petra',
  none: 'nora',
} as const satisfies Readonly<Record<ConsoleRole | 'none', string>>;
export type Role = keyof typeof CAST;

/** A gateway with its console, in front of the demo company with its own policies, and people of every role. */
export interface ConsoleWorld {
  readonly dir: string;
  readonly configPath: string;
  readonly origin: string;
  readonly company: DemoCompany;
  /** An agent's own client: `procurement`, `analyst`, `infrastructure` or `support`. */
  client(agent: string, path?: string): Promise<Client>;
  /** A little of everything, by real agents: calls that pass, one that is refused. */
  traffic(): Promise<void>;
  /** Over the socket: what the gateway's own user does. */
  admin<T = Record<string, unknown>>(method: string, path: string, body?: object): Promise<{ status: number; body: T }>;
  /**
   * The page of whoever has that role, signed in with a passkey its virtual authenticator keeps, wide and light, at that path of the
   * console. One per role: it is the same page every time.
   */
  consolePage(role: Role, path?: string): Promise<Page>;
  /** As that page's scripts would ask the API: with its session, and its token where something changes. */
  api<T = Record<string, unknown>>(
    page: Page,
    method: string,
    path: string,
    body?: object,
  ): Promise<{ status: number; body: T }>;
  /** Nothing axe-core finds in both themes at 390 and 1440 px, no scrolling sideways, nothing on the browser's console. */
  checkPage(page: Page, name: string): Promise<void>;
  /** Browsers write on their console that something was answered with such a status, as it should be. */
  forgive(status: number): void;
  /** What the browsers' consoles said until now that nobody forgave. */
  complaints(): readonly string[];
  records(): Promise<readonly JournalRecord[]>;
  /** Once there is one like that: the newest act of that name. */
  act(name: string, by?: string): Promise<AdminRecord>;
  close(): Promise<void>;
}

export interface ConsoleWorldOptions {
  /** Changes the configuration before it is written. */
  readonly change?: (config: Record<string, any>) => void;
  /** Policy files beside the company's own; the same name replaces, null leaves out. */
  readonly policies?: Readonly<Record<string, string | null>>;
}

const EXAMPLE = new URL('../../examples/demo-company/', import.meta.url).pathname;
const SERVERS = ['erp', 'crm', 'infra'] as const;
const AGENTS = ['procurement', 'analyst', 'infrastructure', 'support'] as const;
const NAMES: Readonly<Record<string, string>> = {
  sara: 'Sara Stein',
  olga: 'Olga Orlova',
  axel: 'Axel Auer',
  vera: 'Vera Vogel',
  paul: 'Paul Peters',
  petra: 'Petra Pohl',
  nora: 'Nora Noll',
};

export async function openConsoleWorld(options: ConsoleWorldOptions = {}): Promise<ConsoleWorld> {
  buildConsole();
  const dir = await mkdtemp(join(tmpdir(), 'interlock-console-'));
  const company = await startDemoCompany({ port: 0, dbPath: join(dir, 'company.db') });
  const tokens = new Map(AGENTS.map((agent) => [agent as string, randomBytes(24).toString('base64url')]));
  const configPath = join(dir, 'interlock.yaml');
  writeFileSync(configPath, configuration(company, tokens, options));
  writePolicies(dir, options);
  const gateway = await startGateway({ configPath, env: { ...process.env }, watch: false });
  const admin: ConsoleWorld['admin'] = (method, path, body) =>
    adminCall(gateway.adminSocket, { method, path, body }) as never;
  const { servers } = parse(readFileSync(configPath, 'utf8')) as { servers: object };
  await acceptAll(admin, Object.keys(servers));
  const origin = gateway.url;
  const clients: Client[] = [];
  const windows = openWindows({
    origin,
    async invitation(person) {
      const order = { by: 'sara', reason: 'first sign-in' };
      return (await admin<{ url: string }>('POST', `/v1/people/${person}/invitations`, order)).body.url;
    },
  });
  const world: ConsoleWorld = {
    ...{ dir, configPath, origin, company, admin, ...windows.parts },
    async client(agent, path = '/mcp') {
      const client = new Client({ name: `${agent}-program`, version: '1.4.0' });
      const headers = { authorization: `Bearer ${tokens.get(agent)}` };
      await client.connect(new StreamableHTTPClientTransport(new URL(path, origin), { requestInit: { headers } }));
      clients.push(client);
      return client;
    },
    traffic: () => makeTraffic(world),
    records: () => journalOf(dir),
    async act(name, by) {
      const found: AdminRecord[] = [];
      await until(async () => {
        const all = await journalOf(dir);
        const match = all.findLast((r) => r.type === 'admin' && r.act === name && (by === undefined || r.by === by));
        if (match?.type === 'admin') found.push(match);
        return match !== undefined;
      });
      return found[0]!;
    },
    async close() {
      await windows.close();
      await Promise.all(clients.map((client) => client.close().catch(() => {})));
      await gateway.close();
      await company.close();
      await rm(dir, { recursive: true, force: true });
    },
  };
  return world;
}

interface Windows {
  readonly parts: Pick<ConsoleWorld, 'consolePage' | 'api' | 'checkPage' | 'forgive' | 'complaints'>;
  close(): Promise<void>;
}

/** One browser, with a context, a page and an authenticator for each role that is asked for. */
function openWindows({
  origin,
  invitation,
}: {
  origin: string;
  invitation: (person: string) => Promise<string>;
}): Windows {
  const pages = new Map<Role, Promise<Page>>();
  const errors: string[] = [];
  const opened: { browser: Promise<Browser> | null } = { browser: null };
  const signIn = async (role: Role): Promise<Page> => {
    const browser = await (opened.browser ??= openChromium());
    const context: BrowserContext = await browser.newContext({ reducedMotion: 'reduce', acceptDownloads: true });
    const page = await context.newPage();
    page.setDefaultTimeout(15_000);
    page.on('console', (message) => void (message.type() === 'error' && errors.push(`${role}: ${message.text()}`)));
    page.on('pageerror', (error) => void errors.push(`${role}: ${error.message}`));
    await withAuthenticator(page);
    await page.goto(await invitation(CAST[role]));
    await page.click('text=Create a passkey');
    await page.waitForURL('**/account');
    return page;
  };
  return {
    parts: {
      async consolePage(role, path = '/') {
        if (!pages.has(role)) pages.set(role, signIn(role));
        const page = await pages.get(role)!;
        await page.setViewportSize({ width: 1440, height: 900 });
        await page.emulateMedia({ colorScheme: 'light', reducedMotion: 'reduce' });
        await page.goto(`${origin}/console${path}`);
        return page;
      },
      async api(page, method, path, body) {
        const headers: Record<string, string> = { origin };
        if (method !== 'GET') {
          const me = await page.request.get(`${origin}/console/api/v1/me`);
          headers['x-csrf-token'] = ((await me.json()) as { csrf: string }).csrf;
        }
        const answer = await page.request.fetch(`${origin}/console/api${path}`, {
          ...{ method, headers, ...(body === undefined ? {} : { data: body }) },
        });
        return { status: answer.status(), body: (await answer.json().catch(() => null)) as never };
      },
      async checkPage(page, name) {
        await inspect(page, name);
        await page.setViewportSize({ width: 1440, height: 900 });
        await page.emulateMedia({ colorScheme: 'light', reducedMotion: 'reduce' });
        expect(errors.splice(0)).toEqual([]);
      },
      forgive: (status) =>
        void errors.splice(0, errors.length, ...errors.filter((text) => !text.includes(` ${status} `))),
      complaints: () => errors,
    },
    async close() {
      await (await opened.browser)?.close();
    },
  };
}

async function makeTraffic(world: ConsoleWorld): Promise<void> {
  const call = async (agent: string, name: string, args: object): Promise<void> => {
    const client = await world.client(agent);
    await client.callTool({ name, arguments: { ...args } });
    await client.close();
  };
  await call('procurement', 'erp__orders.list', { limit: 5 });
  const order = { supplier: 'northwind', item: 'PAP-A4', quantity: 10, total: 49.9, currency: 'EUR' };
  await call('procurement', 'erp__orders.create', order);
  await call('procurement', 'erp__orders.create', { ...order, quantity: 3000, total: 14_970 });
  await call('analyst', 'erp__reports.build', { kind: 'stock', seconds: 1 });
  await call('support', 'crm__tickets.find', { customer: 'c-1002' });
  await call('infrastructure', 'infra__servers.list', {});
}

function configuration(
  { urls }: DemoCompany,
  tokens: ReadonlyMap<string, string>,
  { change }: ConsoleWorldOptions,
): string {
  const config = parse(readFileSync(join(EXAMPLE, 'interlock.yaml'), 'utf8')) as Record<string, any>;
  config.listen = { host: 'localhost', port: 0 };
  config.log = { level: 'error' };
  config.limits = { drainMs: 100 };
  config.journal = { minFreeBytes: 1_000_000, checkpointIntervalMs: 200 };
  config.development = { allowStaticTokens: true };
  config.permissions = { default: 'permit' };
  config.approvals = { assurance: 'passkey', waitMs: 60_000, expireMs: 600_000 };
  for (const [id, name] of Object.entries(NAMES)) config.people[id] = { name, email: `${id}@example.com` };
  const roles = Object.entries(CAST).filter(([role]) => role !== 'none');
  config.console = { roles: Object.fromEntries(roles.map(([role, person]) => [role, [`person:${person}`]])) };
  for (const id of Object.keys(config.agents)) {
    const token = tokens.get(id);
    if (token === undefined) delete config.agents[id];
    else config.agents[id].staticToken = { sha256: createHash('sha256').update(token).digest('base64url') };
  }
  for (const id of Object.keys(config.servers)) {
    if (!(SERVERS as readonly string[]).includes(id)) delete config.servers[id];
    else {
      config.servers[id].url = urls[id as keyof typeof urls];
      delete config.servers[id].actionCredential;
    }
  }
  change?.(config);
  return stringify(config);
}

function writePolicies(dir: string, { policies = {} }: ConsoleWorldOptions): void {
  cpSync(join(EXAMPLE, 'policies'), join(dir, 'policies'), { recursive: true });
  // The assistant and its servers are not here.
  const support = join(dir, 'policies', 'support.cedar');
  writeFileSync(support, readFileSync(support, 'utf8').split("// Carol's assistant")[0]!);
  for (const [name, text] of Object.entries(policies)) {
    if (text === null) rmSync(join(dir, 'policies', name));
    else writeFileSync(join(dir, 'policies', name), text);
  }
}

const CONSOLE = new URL('../../console/', import.meta.url).pathname;

/** `npm test` has built it; whoever runs one file gets what the sources say now. */
export function buildConsole(): void {
  const built = modifiedMs(join(CONSOLE, 'dist', 'index.html'));
  const sources = readdirSync(join(CONSOLE, 'src'), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => modifiedMs(join(entry.parentPath, entry.name)));
  if (built > Math.max(...sources)) return;
  const vite = new URL('../../node_modules/vite/bin/vite.js', import.meta.url).pathname;
  // As it is shipped, not as it is developed.
  const env = { ...process.env, NODE_ENV: 'production' };
  const made = spawnSync(process.execPath, [vite, 'build', CONSOLE, '--logLevel', 'warn'], { encoding: 'utf8', env });
  if (made.status !== 0) throw new Error(`the console could not be built: ${made.stderr}${made.stdout}`);
}

function modifiedMs(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}
