import { spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type DemoCompany, startDemoCompany } from '../../examples/demo-company/server.ts';
import { verifyReceipt } from '../../src/audit/read/receipt.ts';
import type { Activity } from '../../src/model/insight/agents.ts';
import type { Page } from '../../src/model/insight/page.ts';
import type {
  CallView,
  IndexStatus,
  JournalInfo,
  LiveCall,
  RecordView,
  SessionLine,
  SessionView,
  VerificationRun,
} from '../../src/model/insight/records.ts';
import { type ConsolePerson, type ConsoleWorld, cookieOf, openConsoleWorld } from '../console/world.ts';
import { openHouse, ROOT, until } from './house.ts';

/** What was recorded, as the console and the command line find it (requirements OB1, OB2). */
let company: DemoCompany;
let world: ConsoleWorld;
let auditor: ConsolePerson;
let viewer: ConsolePerson;
let client: Client;
let dir: string;

const token = randomBytes(24).toString('base64url');
const SECRET = 'northwindsecretword';
const POLICIES = `permit(principal, action in Action::"connect", resource);
@id("read") permit(principal, action in Action::"use", resource is Tool) when { resource.effect == "read" };
@id("buy") @ask("person:viewer") permit(principal, action in Action::"use", resource == Tool::"erp/orders.create");`;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'interlock-records-'));
  company = await startDemoCompany({ port: 0, dbPath: join(dir, 'company.db') });
  const tools =
    '{ "*": { effect: read, dataClass: internal }, orders.create: { effect: write, dataClass: internal }, orders.cancel: { effect: read, dataClass: restricted } }';
  const sha256 = createHash('sha256').update(token).digest('base64url');
  world = await openConsoleWorld({
    agents: `  buyer: { name: Buyer, owner: nobody, purpose: Buys paper, archetype: homegrown, riskTier: low, staticToken: { sha256: ${sha256} } }`,
    servers: `  erp:\n    url: ${company.urls.erp}\n    tools: ${tools}\n`,
    policies: { 'a.cedar': POLICIES },
    journal: 'results: keep',
  });
  auditor = await world.person('auditor');
  viewer = await world.person('viewer');
  client = new Client({ name: 'case', version: '1' }, { capabilities: {} });
  await client.connect(
    new StreamableHTTPClientTransport(new URL('/mcp/erp', world.origin), {
      requestInit: { headers: { authorization: `Bearer ${token}` } },
    }),
  );
  await client.callTool({ name: 'orders.list', arguments: {} });
  await client.callTool({ name: 'orders.list', arguments: { status: SECRET } }).catch(() => {});
  await client.callTool({ name: 'orders.cancel', arguments: { id: 1 } }).catch(() => {});
  await client.callTool({ name: 'no.such.tool', arguments: {} }).catch(() => {});
  await indexed();
});
afterAll(async () => {
  await client?.close().catch(() => {});
  await world?.close();
  await company?.close();
  await rm(dir, { recursive: true, force: true });
});

/** Until everything recorded can be found. */
async function indexed(): Promise<void> {
  await until(async () => {
    const { records } = await get<JournalInfo & { size: number }>('/v1/journal').then(({ size }) => ({
      records: size,
    }));
    const status = await get<IndexStatus>('/v1/index');
    return status.state === 'current' && status.indexed >= records;
  });
}

async function get<T>(path: string): Promise<T> {
  const { status, body } = await world.admin<T>('GET', path);
  expect(status, JSON.stringify(body)).toBe(200);
  return body;
}

describe('the records', () => {
  it('are found by words and by exact fields, newest first, page by page', async () => {
    const denied = await get<Page<RecordView>>('/v1/records?effect=deny&agent=buyer');
    expect(denied.items.map(({ record }) => record.type)).toEqual(['refusal']);
    const words = await get<Page<RecordView>>(`/v1/records?q=orders+list+${SECRET.toUpperCase()}`);
    expect(words.items).toHaveLength(1);
    expect(words.items[0]!.record).toMatchObject({ type: 'intent', target: 'orders.list', args: { status: SECRET } });
    const all: RecordView[] = [];
    for (let cursor: string | null = ''; cursor !== null; ) {
      const page: Page<RecordView> = await get(`/v1/records?limit=7${cursor === '' ? '' : `&cursor=${cursor}`}`);
      all.push(...page.items);
      cursor = page.next;
    }
    const size = all.length;
    expect(all.map(({ seq }) => seq)).toEqual(Array.from({ length: size }, (_, i) => size - 1 - i));
    expect((await world.admin('GET', '/v1/records?cursor=nonsense')).status).toBe(400);
    expect(await get(`/v1/records/${size - 1}`)).toEqual(all[0]);
    expect((await world.admin('GET', '/v1/records/999999')).status).toBe(404);
  });

  it('hide arguments and results from whoever may not see them, and are not found by them either', async () => {
    const seen = await viewer.api<Page<RecordView>>('GET', '/v1/records?tool=orders.list&type=intent');
    expect(seen.status).toBe(200);
    expect(seen.json.items.length).toBeGreaterThanOrEqual(2);
    const everything = await viewer.api('GET', '/v1/records?limit=200');
    expect(everything.text).not.toContain(SECRET);
    expect(everything.text).toContain('{"hidden":true}');
    expect((await viewer.api<Page<RecordView>>('GET', `/v1/records?q=${SECRET}`)).json).toEqual({
      items: [],
      next: null,
    });
    expect((await auditor.api<Page<RecordView>>('GET', `/v1/records?q=${SECRET}`)).json.items.length).toBeGreaterThan(
      0,
    );
    const [first] = seen.json.items;
    const { call } = first!.record as { call: string };
    const shown = await viewer.api<CallView>('GET', `/v1/calls/${call}`);
    expect(shown.json).toMatchObject({ args: null, argsHidden: true, result: null, resultAbsent: 'hidden' });
    for (const path of [`/v1/records/${first!.seq}/receipt`, '/v1/journal/segments/0'])
      expect((await viewer.api('GET', path)).status).toBe(403);
    expect((await viewer.api('GET', '/v1/records/export?format=csv')).text).not.toContain(SECRET);
  });

  it('of one call are put together: decision, outcome, arguments and what was answered', async () => {
    const { items } = await get<Page<RecordView>>('/v1/records?tool=orders.list&type=intent');
    const { call } = items.at(-1)!.record as { call: string };
    const view = await get<CallView>(`/v1/calls/${call}`);
    expect(view).toMatchObject({
      ...{ call, agent: 'buyer', effect: 'permit', outcome: 'ok', argsHidden: false, resultAbsent: null },
      ...{ purpose: 'Buys paper', server: 'erp', target: 'orders.list', reasons: ['a.cedar#read'] },
    });
    expect(JSON.stringify(view.result)).toContain('content');
    expect(createHash('sha256').update(JSON.stringify(view.result)).digest('base64url')).toBe(view.resultDigest);
    expect(view.records).toHaveLength(2);
    // The last characters, as the command line shows them.
    expect((await get<CallView>(`/v1/calls/${call.slice(-12)}`)).call).toBe(call);
    expect((await world.admin('GET', '/v1/calls/nothing')).status).toBe(404);
    const restricted = (await get<Page<RecordView>>('/v1/records?tool=orders.cancel&type=intent')).items[0];
    const kept = await get<CallView>(`/v1/calls/${(restricted!.record as { call: string }).call}`);
    expect(kept).toMatchObject({ args: { redacted: 'restricted' }, result: null, resultAbsent: 'redacted' });
  });

  it('of a session are one history, with acts that touched it, and sessions are listed', async () => {
    await world.admin('POST', '/v1/locks', { target: 'agent:buyer', tier: 'watch', reason: 'odd', by: 'auditor' });
    await world.admin('DELETE', '/v1/locks/agent%3Abuyer?by=auditor&reason=over');
    await indexed();
    const { items } = await get<Page<SessionLine>>('/v1/sessions/history?agent=buyer');
    expect(items[0]).toMatchObject({ agent: 'buyer', open: true, denied: 1 });
    const view = await get<SessionView>(`/v1/sessions/history/${encodeURIComponent(items[0]!.id)}`);
    expect(view.calls.length).toBe(items[0]!.calls);
    expect(view.calls.map(({ seq }) => seq)).toEqual(view.calls.map(({ seq }) => seq).toSorted((a, b) => a - b));
    expect(view.acts.map(({ record }) => (record as { act: string }).act)).toEqual(['lock.put', 'lock.release']);
    expect((await world.admin('GET', '/v1/sessions/history/nothing')).status).toBe(404);
  });

  it('add up to the activity of an agent', async () => {
    const activity = await get<Activity>('/v1/agents/buyer/activity?hours=2');
    const sum = (counts: readonly number[]): number => counts.reduce((all, one) => all + one, 0);
    expect(sum(activity.permitted)).toBeGreaterThanOrEqual(3);
    expect(sum(activity.denied)).toBe(1);
    expect(activity.tools.find(({ target }) => target === 'orders.list')).toMatchObject({ server: 'erp', calls: 2 });
    expect(activity.usual).toBeNull();
  });

  it('are proven one by one, and checked as a whole, here and by whoever downloads them', async () => {
    const info = await get<JournalInfo>('/v1/journal');
    const receipt = await get(`/v1/records/${info.size - 1}/receipt`);
    expect(verifyReceipt(receipt, { vkey: info.vkey })).toMatchObject({ ok: true, entry: { seq: info.size - 1 } });
    const started = await auditor.api<VerificationRun>('POST', '/v1/journal/verification');
    expect(started.status).toBe(202);
    await until(async () => (await get<VerificationRun>('/v1/journal/verification')).state !== 'running');
    expect(await get<VerificationRun>('/v1/journal/verification')).toMatchObject({ state: 'good', problems: [] });
    const whole = await auditor.api('GET', '/v1/journal/segments/0');
    expect(whole.text.split('\n')[0]).toContain('"seq":0');
    const part = await auditor.api('GET', '/v1/journal/segments/0', undefined, { range: 'bytes=1-9' });
    expect(part).toMatchObject({ status: 206, text: whole.text.slice(1, 10) });
    expect((await auditor.api('GET', '/v1/journal/segments/0?from=2&to=5')).text).toBe(whole.text.slice(2, 5));
    expect((await auditor.api('GET', '/v1/journal/segments/1')).status).toBe(404);
    const notes = await get<Page<{ size: number; note: string }>>('/v1/journal/checkpoints?limit=2');
    expect(notes.items).toHaveLength(2);
    expect(notes.items[0]!.note.split('\n')[0]).toBe(info.vkey.split('+')[0]);
    const more = await get<Page<{ size: number }>>(`/v1/journal/checkpoints?cursor=${notes.next}`);
    expect(more.items[0]!.size).toBeGreaterThan(notes.items[1]!.size);
  });

  it('are exported as lines and as a table', async () => {
    const lines = (await auditor.api('GET', '/v1/records/export?agent=buyer&type=intent&limit=3')).text
      .trim()
      .split('\n');
    expect(lines.map((line) => JSON.parse(line).record.agent)).toEqual(['buyer', 'buyer', 'buyer']);
    const table = await auditor.api('GET', '/v1/records/export?format=csv&type=refusal');
    expect(table.headers['content-type']).toContain('text/csv');
    expect(table.text.split('\r\n')[1]).toContain('refusal,deny,unknown-target,buyer,nobody');
  });
});

describe('the live stream', () => {
  interface Live {
    readonly calls: LiveCall[];
    readonly ended: Promise<void>;
    close(): void;
  }

  async function watch(person: ConsolePerson, query = ''): Promise<Live> {
    const calls: LiveCall[] = [];
    const { port, hostname } = new URL(world.origin);
    const headers = { cookie: cookieOf(person), 'sec-fetch-site': 'same-origin' };
    const sent = httpRequest({ host: hostname, port, path: `/console/api/v1/live${query}`, headers, agent: false });
    sent.end();
    const answer = await new Promise<IncomingMessage>((done, failed) =>
      sent.once('response', done).once('error', failed),
    );
    expect(answer.statusCode).toBe(200);
    let text = '';
    answer.on('data', (chunk: Buffer) => {
      text += chunk;
      for (let end = text.indexOf('\n\n'); end >= 0; end = text.indexOf('\n\n')) {
        const [, data] = /^event: calls\ndata: (.*)$/.exec(text.slice(0, end)) ?? [];
        if (data !== undefined) calls.push(...(JSON.parse(data) as LiveCall[]));
        text = text.slice(end + 2);
      }
    });
    const ended = new Promise<void>((done) => answer.once('close', () => done()));
    return { calls, ended, close: () => sent.destroy() };
  }

  it('shows what happens as it happens, as filtered', async () => {
    const all = await watch(viewer);
    const denied = await watch(viewer, '?effect=deny');
    await client.callTool({ name: 'orders.list', arguments: {} });
    await client.callTool({ name: 'no.such.tool', arguments: {} }).catch(() => {});
    await until(async () => all.calls.length >= 3 && denied.calls.length >= 1);
    expect(all.calls.map(({ what }) => what)).toEqual(['permitted', 'closed', 'denied']);
    expect(all.calls[1]).toMatchObject({ agent: 'buyer', target: 'orders.list', code: 'ok' });
    expect(all.calls[1]!.totalUs).toBeGreaterThan(0);
    expect(denied.calls.map(({ what }) => what)).toEqual(['denied']);
    all.close();
    denied.close();
  });

  it('ends with the session of whoever watches', async () => {
    const leaving = await world.person('operator');
    const live = await watch(leaving);
    await world.admin('POST', '/v1/people/operator/deactivate', { by: 'auditor', reason: 'left' });
    await live.ended;
  });

  it('keeps no gateway from stopping', async () => {
    const live = await watch(auditor);
    await world.gateway.close();
    await live.ended;
  });
});

describe('an index that cannot be kept', () => {
  it('is told, and stops no call', async () => {
    const house = await openHouse({
      servers: '  none: { url: "http://127.0.0.1:9/mcp" }\n',
      policies: { 'a.cedar': 'permit(principal, action, resource);' },
    });
    const file = join(house.dir, '.interlock', 'index.db');
    await house.gateway.close();
    for (const suffix of ['', '-wal', '-shm']) await rm(file + suffix, { force: true });
    // Nobody can write a file where a folder lies.
    await mkdir(join(file, 'in-the-way'), { recursive: true });
    await house.restart();
    const status = async () => (await house.admin<IndexStatus>('GET', '/v1/index')).body;
    await until(async () => (await status()).state === 'failed');
    expect((await status()).message).toMatch(/cannot be kept/);
    expect((await house.admin('GET', '/v1/records')).status).toBe(503);
    expect((await house.admin('GET', '/v1/status')).status).toBe(200);
    await house.admin('POST', '/v1/locks', { target: 'agent:buyer', tier: 'halt', reason: 'odd', by: 'bob' });
    expect((await house.entries()).at(-1)!.record).toMatchObject({ act: 'lock.put' });
    await house.stop();
  });
});

describe('interlock search', () => {
  it('finds records over the socket', async () => {
    const house = await openHouse({
      servers: '  none: { url: "http://127.0.0.1:9/mcp" }\n',
      policies: { 'a.cedar': 'permit(principal, action, resource);' },
    });
    await house.admin('POST', '/v1/locks', {
      target: 'agent:buyer',
      tier: 'halt',
      reason: 'zebra crossing',
      by: 'bob',
    });
    const search = (...args: string[]) => {
      const main = join(ROOT, 'src/cli/main.ts');
      const run = spawn(process.execPath, ['--no-warnings', main, 'search', ...args], { cwd: house.dir });
      let text = '';
      run.stdout.on('data', (chunk: Buffer) => (text += chunk));
      run.stderr.on('data', (chunk: Buffer) => (text += chunk));
      return new Promise<string>((done) => run.once('close', () => done(text)));
    };
    await until(async () => (await search('zebra')).includes('lock.put by bob: zebra crossing'));
    const [line] = (await search('zebra', 'crossing', '--agent', 'buyer', '--json')).split('\n');
    expect(JSON.parse(line!)).toMatchObject({ record: { act: 'lock.put', by: 'bob' } });
    expect(await search('zebra', '--agent', 'other')).toContain('nothing was found');
    await house.stop();
  });
});
