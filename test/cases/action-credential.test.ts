import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { digestJson } from '../../src/model/canonical.ts';
import type { JournalRecord, OutcomeRecord } from '../../src/model/record.ts';
import { type SeenCall, type VerifyingServer, verifyingServer } from './fixtures/verifying-server.ts';
import { CONNECT, type House, openHouse, ROOT, textOf, until } from './house.ts';

/** Requirement CR3: the tool itself can tell that this very call was decided, recorded and let through. */
const STDIO = join(ROOT, 'test/cases/fixtures/verifying-stdio.ts');
const AUDIENCE = 'urn:example:till';

let dir: string;
let house: House;
const servers: { legacy?: VerifyingServer; modern?: VerifyingServer } = {};

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'interlock-action-'));
  const issuer = () => house.url;
  servers.legacy = await verifyingServer('legacy', { issuer });
  servers.modern = await verifyingServer('modern', { issuer, redeem: true });
  const stdio = (id: string, flags: string) => `  ${id}:
    command: ${process.execPath}
    args: [--disable-warning=ExperimentalWarning, ${STDIO}${flags}]
    env: { ISSUER_FILE: ${join(dir, 'issuer')}, CALLS_FILE: ${join(dir, `${id}.jsonl`)}, AUDIENCE: ${id === 'till' ? AUDIENCE : `urn:interlock:server:${id}`} }
    actionCredential: ${id === 'till' ? `{ audience: "${AUDIENCE}", ttlMs: 30000 }` : '{}'}
    tools: { "*": { effect: write, dataClass: internal } }
`;
  house = await openHouse({
    servers: `  sessions:
    url: ${servers.legacy.url}
    actionCredential: {}
    tools: { "*": { effect: write, dataClass: internal } }
  stateless:
    url: ${servers.modern.url}
    actionCredential: { proof: true, ttlMs: 120000 }
    tools: { "*": { effect: write, dataClass: internal } }
  asked:
    url: ${servers.modern.url}
    actionCredential: {}
    tools: { "*": { effect: write, dataClass: internal } }
  plain:
    url: ${servers.legacy.url}
    tools: { "*": { effect: write, dataClass: internal } }
${stdio('till', '')}${stdio('newer', ', --modern-only')}`,
    policies: {
      'a.cedar': `${CONNECT}
permit(principal, action in Action::"use", resource) unless { resource in Server::"asked" };
@ask("owner") permit(principal, action in Action::"use", resource in Server::"asked");`,
    },
    extra: 'approvals: { assurance: operator, waitMs: 20000, expireMs: 60000 }',
  });
  await writeFile(join(dir, 'issuer'), house.url);
  // A stateless server is known to be one once it has refused a session.
  for (const server of ['stateless', 'newer']) await house.client('buyer', `/mcp/${server}`).catch(() => {});
});
afterAll(async () => {
  await house?.stop();
  await servers.legacy?.close();
  await servers.modern?.close();
  await rm(dir, { recursive: true, force: true });
});

/** Calls the servers saw, those of a child process from its file. */
async function seenBy(server: string): Promise<readonly SeenCall[]> {
  if (server === 'sessions' || server === 'plain') return servers.legacy!.calls;
  if (server === 'stateless') return servers.modern!.calls;
  const text = await readFile(join(dir, `${server}.jsonl`), 'utf8');
  return text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as SeenCall);
}

async function outcomeOf(server: string): Promise<OutcomeRecord> {
  const of = (records: readonly JournalRecord[]) => {
    const intent = records.findLast((r) => r.type === 'intent' && r.server === server && r.action === 'tools/call');
    const call = intent?.type === 'intent' ? intent.call : null;
    return records.find((r) => r.type === 'outcome' && r.call === call) as OutcomeRecord | undefined;
  };
  await until(async () => of(await house.records()) !== undefined);
  return of(await house.records()) as OutcomeRecord;
}

describe.each([
  ['sessions', 'legacy'],
  ['sessions', 'auto'],
  ['stateless', 'legacy'],
  ['stateless', 'auto'],
  ['till', 'legacy'],
  ['till', 'auto'],
  ['newer', 'legacy'],
  ['newer', 'auto'],
] as const)('a credential for one action (requirement CR3), server %s, client %s', (server, mode) => {
  it('reaches the tool, which verifies it itself; its id is in the record and nothing else of it', async () => {
    const client = await house.client('buyer', `/mcp/${server}`, { mode });
    const args = { amount: 12, to: 'nord', note: 'é\u2028', list: [1, { b: 2, a: 1 }] };
    const result = await client.callTool({ name: 'pay', arguments: args });
    expect(textOf(result)).toBe('paid 12');
    const seen = (await seenBy(server)).at(-1)!;
    expect(seen.verdict).toMatchObject({ ok: true, agent: 'buyer', subject: null, approval: null, approvedBy: [] });
    const outcome = await outcomeOf(server);
    expect(outcome).toMatchObject({ outcome: 'ok', lease: (seen.verdict as { jti: string }).jti });
  });

  it('says who, what, with which arguments, under which record, for how long', async () => {
    const client = await house.client('buyer', `/mcp/${server}`, { mode });
    await client.callTool({ name: 'pay', arguments: { amount: 7 } });
    const { token } = (await seenBy(server)).at(-1)!;
    const [header, payload] = token!
      .split('.')
      .slice(0, 2)
      .map((part) => JSON.parse(Buffer.from(part, 'base64url').toString('utf8')));
    expect(header).toMatchObject({ typ: 'interlock-action+jwt', alg: 'ES256' });
    const entries = await house.entries();
    const intent = entries.findLast(({ record }) => record.type === 'intent' && record.action === 'tools/call')!;
    const details = payload.authorization_details[0];
    expect(details).toEqual({
      ...{
        type: 'agent_action',
        server,
        method: 'tools/call',
        tool: 'pay',
        max_uses: 1,
        approval: null,
        approved_by: [],
      },
      arguments_digest: digestJson({ amount: 7 }),
      action_digest: (intent.record as { digest: string }).digest,
      intent: { journal: expect.stringMatching(/^.+\+[0-9a-f]{8}$/), seq: intent.seq },
    });
    expect(payload).toMatchObject({ iss: house.url, sub: 'buyer', sub_profile: 'ai_agent', client_id: 'buyer' });
    const life = { sessions: 60, stateless: 120, till: 30, newer: 60 }[server];
    expect(payload.exp - payload.iat).toBe(life);
    expect(Buffer.from(payload.jti, 'base64url').length).toBeGreaterThanOrEqual(16);
    expect(payload.cnf.jkt).toMatch(/^[\w-]{43}$/);
    expect(payload.scope).toBeUndefined();
  });

  it('is another for every call', async () => {
    const client = await house.client('buyer', `/mcp/${server}`, { mode });
    for (let i = 0; i < 3; i++) await client.callTool({ name: 'pay', arguments: { amount: 1 } });
    const tokens = (await seenBy(server)).slice(-3).map(({ token }) => token);
    expect(new Set(tokens).size).toBe(3);
  });

  it('does not come back to the agent, nor is one taken from the agent', async () => {
    const client = await house.client('buyer', `/mcp/${server}`, { mode });
    const smuggled = {
      'interlock/action': 'mine',
      'interlock/action-proof': 'mine',
      'Interlock/Action': 'mine',
      kept: 1,
    };
    const said = await client.callTool({ name: 'echo', arguments: {}, _meta: smuggled });
    expect(JSON.parse(textOf(said)).said).toBe('it was [credential withheld]');
    const { meta, token, verdict } = (await seenBy(server)).at(-1)!;
    expect(verdict.ok).toBe(true);
    expect(JSON.stringify(said)).not.toContain(token);
    expect(JSON.stringify(meta)).not.toContain('mine');
    expect(meta.kept).toBe(1);
  });
});

it.each([
  ['sessions', 'legacy'],
  ['sessions', 'auto'],
  ['stateless', 'legacy'],
  ['stateless', 'auto'],
] as const)(
  'goes with the call as headers, too, and with no other request (requirement CR3, %s, %s)',
  async (server, mode) => {
    const { requests, calls } = server === 'sessions' ? servers.legacy! : servers.modern!;
    const client = await house.client('buyer', `/mcp/${server}`, { mode });
    const before = requests.length;
    await client.callTool({ name: 'pay', arguments: { amount: 1 } });
    await client.listTools();
    const carrying = requests.slice(before).filter((headers) => headers['interlock-action'] !== undefined);
    expect(carrying).toHaveLength(1);
    const seen = calls.at(-1)!;
    expect(carrying[0]).toMatchObject({ 'interlock-action': seen.token, 'interlock-action-proof': seen.proof });
  },
);

it('is in the call through the endpoint of all servers, for the tool as its server names it (requirement CR3)', async () => {
  const client = await house.client('buyer', '/mcp');
  const { tools } = await client.listTools();
  const name = tools.map((tool) => tool.name).find((tool) => tool.startsWith('sessions') && tool.endsWith('pay'))!;
  expect(textOf(await client.callTool({ name, arguments: { amount: 3 } }))).toBe('paid 3');
});

it('a server that asks for none gets none, and a tool that wants one refuses (requirement CR3)', async () => {
  const client = await house.client('buyer', '/mcp/plain');
  const before = servers.legacy!.requests.length;
  const smuggled = { 'interlock/action': 'mine' };
  const refused = await client.callTool({ name: 'pay', arguments: { amount: 1 }, _meta: smuggled });
  expect(textOf(refused)).toBe('refused: missing');
  for (const headers of servers.legacy!.requests.slice(before)) expect(headers['interlock-action']).toBeUndefined();
  expect(await outcomeOf('plain')).not.toHaveProperty('lease');
});

describe('a credential for what people approved (requirements CR3, HU1)', () => {
  interface Row {
    readonly id: string;
  }
  const approve = async (args?: object): Promise<string> => {
    const pending = async () => (await house.admin<{ items: Row[] }>('GET', '/v1/approvals?state=pending')).body.items;
    await until(async () => (await pending()).length === 1);
    const { id } = (await pending())[0]!;
    const answer = {
      state: 'approved',
      by: 'alice',
      reason: 'looked at it',
      ...(args === undefined ? {} : { arguments: args }),
    };
    expect((await house.admin('POST', `/v1/approvals/${id}`, answer)).status).toBe(200);
    return id;
  };

  it('says which request they answered, and who they are', async () => {
    const client = await house.client('buyer', '/mcp/asked', { mode: 'auto' });
    const paid = client.callTool({ name: 'pay', arguments: { amount: 900 } });
    const id = await approve();
    expect(textOf(await paid)).toBe('paid 900');
    expect(servers.modern!.calls.at(-1)!.verdict).toMatchObject({ ok: true, approval: id, approvedBy: ['alice'] });
  });

  it('is for the arguments they put in place of the agent’s, and for no others', async () => {
    const client = await house.client('buyer', '/mcp/asked', { mode: 'auto' });
    const paid = client.callTool({ name: 'pay', arguments: { amount: 901 } });
    await approve({ amount: 450 });
    expect(textOf(await paid)).toContain('paid 450');
    const { args, token } = servers.modern!.calls.at(-1)!;
    expect(args).toEqual({ amount: 450 });
    const details = JSON.parse(Buffer.from(token!.split('.')[1]!, 'base64url').toString()).authorization_details[0];
    const intent = (await house.records()).findLast((r) => r.type === 'intent' && r.action === 'tools/call');
    expect(details).toMatchObject({
      arguments_digest: digestJson({ amount: 450 }),
      action_digest: (intent as { digest: string }).digest,
    });
  });
});

it('the first use is on record, with whose it was (requirement CR3)', async () => {
  const client = await house.client('buyer', '/mcp/stateless', { mode: 'auto' });
  await client.callTool({ name: 'pay', arguments: { amount: 5 } });
  const { verdict } = servers.modern!.calls.at(-1)!;
  const records = await house.records();
  const redeemed = records.findLast((r) => r.type === 'admin' && r.act === 'action.redeem');
  expect(redeemed).toMatchObject({
    ...{ by: 'server:stateless', reason: 'redeemed' },
    detail: { lease: (verdict as { jti: string }).jti, agent: 'buyer', tool: 'pay' },
  });
});

it('stands nowhere in what the gateway keeps or tells its operator (requirement CR3)', async () => {
  const kept: string[] = [];
  const walk = async (at: string): Promise<void> => {
    for (const entry of await readdir(at, { withFileTypes: true })) {
      const path = join(at, entry.name);
      if (entry.isDirectory()) await walk(path);
      else if (entry.isFile()) kept.push((await readFile(path)).toString('latin1'));
    }
  };
  await walk(join(house.dir, '.interlock'));
  kept.push(JSON.stringify((await house.admin('GET', '/v1/servers')).body));
  kept.push(JSON.stringify((await house.admin('GET', '/v1/status')).body));
  expect(kept.some((text) => text.includes('[credential withheld]'))).toBe(true);
  const tokens = (await Promise.all(['sessions', 'stateless', 'till', 'newer'].map(seenBy))).flat();
  expect(tokens.length).toBeGreaterThan(20);
  for (const { token, proof } of tokens.filter((call) => call.token !== null)) {
    const [header, payload, signature] = token!.split('.') as [string, string, string];
    for (const text of kept) {
      for (const part of [payload, signature, proof!]) expect(text.includes(part)).toBe(false);
    }
    expect(header.length).toBeGreaterThan(20);
  }
});
