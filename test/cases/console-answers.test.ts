import { createHash, randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { createServer, request as httpRequest, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join, resolve } from 'node:path';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { answerSchemas } from '../../scripts/answers/schemas.ts';
import { standingOffers } from '../../src/approvals/standing/offers.ts';
import made from '../../src/surfaces/admin/contract/answers.json' with { type: 'json' };
import { MEDIA } from '../../src/surfaces/admin/contract/answers.ts';
import { routeOf, wrongWith } from '../console/answers.ts';
import { cookieOf } from '../console/world.ts';
import {
  type ApprovalWorld,
  answerAs,
  openApprovalWorld,
  order,
  type SignedIn,
  sawOf,
} from '../people/approvals-world.ts';
import { until } from './house.ts';

/** What every route answers, as its document says it (issue: "the document and the server agree"). */
const ROOT = resolve(import.meta.dirname, '../..');
type Route = keyof typeof made.answers;
const ROUTES = Object.keys(made.answers) as Route[];

/** One good answer of each route at least, as it came. */
const answers = new Map<Route, { status: number; type: string; body: unknown }[]>();
const wrong: string[] = [];

let world: ApprovalWorld;
let hook: Server;
let alice: SignedIn;

const MODEL = `model
  schema 1.1

type user
type customer
  relations
    define viewer: [user]
`;
const SCIM_TOKEN = 'scim-token-of-the-identity-provider-0001';
const WHY = { by: 'bob', reason: 'as agreed' };
const WHY_QUERY = 'by=bob&reason=as%20agreed';

beforeAll(async () => {
  hook = createServer((request, response) => void request.resume().on('end', () => response.writeHead(204).end()));
  await new Promise<void>((done) => hook.listen(0, '127.0.0.1', done));
  const { port } = hook.address() as AddressInfo;
  world = await openApprovalWorld({
    assurance: 'operator',
    approvals: `, notify: { webhook: { url: "http://127.0.0.1:${port}/in", secret: "whsec_${Buffer.alloc(32, 7).toString('base64')}" } }`,
    extra: `scim: { tokenSha256: ${createHash('sha256').update(SCIM_TOKEN).digest('hex')} }`,
  });
  const config = readFileSync(world.configPath, 'utf8');
  await writeFile(join(world.dir, 'model.fga'), MODEL);
  await writeFile(
    world.configPath,
    config.replace(
      'permissions: { default: permit }',
      `permissions: { default: permit, model: ${join(world.dir, 'model.fga')} }`,
    ),
  );
  expect(await ask('POST', '/v1/reload', WHY)).toMatchObject({ ok: true });
  alice = await world.person('alice');
}, 60_000);
afterAll(async () => {
  await world?.close();
  hook?.close();
});

/** Over the socket; what it answers is kept, and compared with the document. Refusals are none of this test. */
async function ask<T = any>(method: string, path: string, body?: unknown): Promise<T> {
  const { status, type, text } = await send(
    { socketPath: join(world.dir, '.interlock', 'admin.sock') },
    { method, path, body },
  );
  return kept<T>({ method, path, status, type, text });
}

/** From the browser of somebody who is signed in. */
async function browse<T = any>(method: string, path: string, body?: unknown, csrf?: string): Promise<T> {
  const place = { host: new URL(world.origin).hostname, port: new URL(world.origin).port };
  const headers = {
    cookie: cookieOf(alice),
    origin: world.origin,
    ...(csrf === undefined ? {} : { 'x-csrf-token': csrf }),
  };
  const answer = await send(place, { method, path: `/console/api${path}`, body, headers });
  return kept<T>({ method, path, ...answer });
}

interface Got {
  readonly method: string;
  readonly path: string;
  readonly status: number;
  readonly type: string;
  readonly text: string;
}

function kept<T>({ method, path, status, type, text }: Got): T {
  const route = routeOf(method, path);
  if (route === null) throw new Error(`${method} ${path} is no route of the document`);
  const body: unknown = /^application\/(problem\+)?json/.test(type) ? JSON.parse(text) : text;
  if (status >= 200 && status < 300) {
    answers.set(route, [...(answers.get(route) ?? []), { status, type, body }]);
    wrong.push(...wrongWith(route, status, body));
  } else throw new Error(`${method} ${path}: ${status} ${text.slice(0, 500)}`);
  return body as T;
}

function send(
  to: object,
  { method, path, body, headers = {} }: { method: string; path: string; body?: unknown; headers?: object },
): Promise<{ status: number; type: string; text: string }> {
  const sent = body === undefined ? undefined : JSON.stringify(body);
  const length =
    sent === undefined ? {} : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(sent) };
  return new Promise((done, failed) => {
    const request = httpRequest({ ...to, method, path, headers: { ...length, ...headers }, agent: false }, (answer) => {
      const [status, type] = [answer.statusCode ?? 0, answer.headers['content-type'] ?? ''];
      let text = '';
      answer.on('data', (chunk: Buffer) => {
        text += chunk.toString('utf8');
        // A stream never ends by itself.
        if (type.startsWith('text/event-stream')) {
          done({ status, type, text });
          answer.destroy();
        }
      });
      answer.on('end', () => done({ status, type, text }));
    });
    request.on('error', failed);
    request.end(sent);
  });
}

/** What is not there yet when it is first asked for. */
async function eventually<T>(what: () => Promise<T>, until_: (answer: T) => boolean = () => true): Promise<T> {
  let found: T | undefined;
  await until(async () => {
    const answer = await what().catch(() => undefined);
    if (answer === undefined || !until_(answer)) return false;
    found = answer;
    return true;
  });
  return found as T;
}

describe('what the administrative API answers', { timeout: 120_000 }, () => {
  it('is described by schemas made from the types as they are (npm run api:answers)', () => {
    expect(answerSchemas(ROOT)).toEqual(made);
  });

  it('of the gateway, its servers and its locks', async () => {
    for (const path of [
      '/v1/status',
      '/metrics',
      '/v1/openapi.json',
      '/v1/settings',
      '/v1/overview',
      '/v1/posture',
      '/v1/pulse',
    ])
      await ask('GET', path);
    const client = await world.client('buyer');
    await client.callTool({ name: 'orders.list', arguments: {} });
    const { items: servers } = await ask('GET', '/v1/servers');
    expect(servers.map(({ id }: { id: string }) => id)).toEqual(['crm', 'erp']);
    await ask('GET', '/v1/servers/lines');
    await ask('GET', '/v1/servers/erp');
    await ask('GET', '/v1/servers/erp/reach');
    expect((await ask('GET', '/v1/tools')).total).toBeGreaterThan(3);
    const { items: tools } = await ask('GET', '/v1/servers/erp/tools');
    const [{ tool, seenHash }] = tools;
    await ask('GET', `/v1/servers/erp/tools/${tool}`);
    await ask('POST', '/v1/servers/erp/scan', WHY);
    await ask('POST', '/v1/servers/erp/accept', { tool, seenHash, ...WHY });
    await ask('GET', '/v1/sessions');
    await ask('POST', '/v1/locks', { target: 'agent:scout', tier: 'pause', ...WHY });
    expect((await ask('GET', '/v1/locks')).items).toHaveLength(1);
    await ask('POST', '/v1/locks/preview', { target: 'agent:scout', tier: 'halt' });
    await ask('POST', '/v1/locks/preview', { target: 'agent:buyer', tier: 'halt' });
    await ask('DELETE', `/v1/locks/agent:scout?${WHY_QUERY}`);
    await ask('POST', '/v1/drills', WHY);
    expect((await ask('GET', '/v1/drills')).items).toHaveLength(1);
    await ask('GET', '/v1/overview');
    await ask('GET', '/v1/graph');
  });

  it('of approvals', async () => {
    const first = await world.park('buyer', order(700));
    await ask('GET', '/v1/approvals');
    await ask('GET', '/v1/approvals/inbox?of=pending');
    await ask('GET', `/v1/approvals/${first.id}`);
    await ask('GET', `/v1/approvals/${first.id}/view`);
    await eventually(
      () => ask('GET', `/v1/approvals/${first.id}/notices`),
      ({ items }) => items.length > 0,
    );
    await ask('POST', `/v1/approvals/${first.id}/preview`, { arguments: order(650).arguments });
    await ask('POST', `/v1/approvals/${first.id}`, { state: 'approved', by: 'alice', reason: 'fine' });
    await first.result;
    await eventually(() => ask('GET', `/v1/approvals/${first.id}/receipt`));
    await ask('GET', `/v1/approvals/${first.id}/view`);
    const second = await world.park('buyer', order(701));
    await ask('POST', `/v1/approvals/${second.id}/withdraw`, WHY);
    const third = await world.park('buyer', order(702));
    const { approval } = await ask('GET', `/v1/approvals/${third.id}`);
    const [offer] = standingOffers(JSON.parse(approval.request), { nowMs: Date.now(), maxMs: 3_600_000 });
    const saw = await sawOf(alice, third.id);
    const terms = JSON.stringify(offer!.terms);
    await alice.browser.post(`/approvals/${third.id}/answer`, {
      verdict: 'approved',
      reason: '',
      standing: terms,
      saw,
    });
    const standing = await eventually(
      () => ask('GET', '/v1/standing'),
      ({ items }) => items.length > 0,
    );
    await ask('DELETE', `/v1/standing/${standing.items[0].id}?${WHY_QUERY}`);
    // One that a passkey signed has a proof.
    const fourth = await world.park('buyer', order(703));
    await answerAs(alice, fourth.id);
    await ask('GET', '/v1/approvals');
    await ask('GET', '/v1/approvals/inbox?of=history');
    for (const agent of [{}, { agent: 'buyer' }])
      await ask('POST', '/v1/approvers', { ask: '2 group:finance', ...agent });
    await ask('POST', '/v1/approvers', { ask: 'owner' });
    await ask('POST', '/v1/notices/test', { channel: 'webhook', by: 'bob' });
  });

  it('of people, groups and rights', async () => {
    const { id } = await ask('POST', '/v1/people', { userName: 'fay', name: 'Fay', ...WHY });
    await ask('GET', '/v1/people');
    await ask('PATCH', `/v1/people/${id}`, { department: 'Sales', attributes: { clearance: '2' }, ...WHY });
    await ask('GET', `/v1/people/${id}/history`);
    for (const act of ['deactivate', 'reactivate']) await ask('POST', `/v1/people/${id}/${act}`, WHY);
    await ask('POST', `/v1/people/${id}/invitations`, WHY);
    await ask('POST', `/v1/people/${id}/reset-credentials`, WHY);
    await ask('GET', '/v1/people/alice');
    await ask('GET', '/v1/people/alice/access');
    const scim = await fetch(`${world.origin}/scim/v2/Groups`, {
      method: 'POST',
      headers: { authorization: `Bearer ${SCIM_TOKEN}`, 'content-type': 'application/scim+json' },
      body: JSON.stringify({ displayName: 'Crew', members: [{ value: id }] }),
    });
    expect(scim.status).toBe(201);
    await eventually(
      () => ask('GET', '/v1/groups'),
      ({ items }) => items.length > 0,
    );
    await ask('GET', '/v1/groups/Crew');
    await ask('DELETE', `/v1/people/${id}?${WHY_QUERY}`);
    const tuple = { user: 'user:alice', relation: 'viewer', object: 'customer:7' };
    await ask('POST', '/v1/relations', { writes: [tuple], ...WHY });
    expect((await ask('GET', '/v1/relations')).items).toHaveLength(1);
    await ask('POST', '/v1/relations/check', tuple);
    await ask('POST', '/v1/rights/check', { user: 'alice', tool: 'erp/orders.list' });
  });

  it('of keys and credentials', async () => {
    const { items } = await ask('GET', '/v1/keys');
    await ask('POST', '/v1/keys/rotate', { immediately: true, ...WHY });
    await ask('POST', '/v1/keys/remove', { kid: items[0].kid, ...WHY });
    await ask('GET', '/v1/vault');
    await ask('POST', '/v1/vault/rotate', WHY);
    await ask('GET', '/v1/credentials?person=alice');
    await ask('POST', '/v1/credentials/revoke', { person: 'alice', ...WHY });
  });

  const FIELDS = { owner: 'alice', purpose: 'sorts letters', archetype: 'homegrown', riskTier: 'medium' };

  it('of agents, from request to end', async () => {
    const { publicKey } = await generateKeyPair('ES256', { extractable: true });
    const keys = [{ ...(await exportJWK(publicKey)), kid: 'sorter-1', alg: 'ES256' }];
    await ask('POST', '/v1/agents/requests', {
      id: 'sorter',
      fields: { ...FIELDS, keys },
      by: 'alice',
      reason: 'needed',
    });
    for (const act of ['approve', 'activate', 'suspend', 'resume']) await ask('POST', `/v1/agents/sorter/${act}`, WHY);
    await ask('PATCH', '/v1/agents/sorter', { fields: { purpose: 'sorts mail' }, ...WHY });
    await ask('POST', '/v1/agents/sorter/reassign', { to: 'carol', ...WHY });
    await ask('POST', '/v1/agents/reassign', { from: 'carol', to: 'alice', ...WHY });
    for (const part of ['', '/history', '/holdings', '/permissions', '/graph', '/activity'])
      await ask('GET', `/v1/agents/sorter${part}`);
    await ask('GET', '/v1/agents/buyer/permissions?subject=alice');
    await ask('GET', '/v1/agents/buyer/graph');
    await ask('POST', '/v1/agents/sorter/decommission', WHY);
    await ask('GET', '/v1/agents/sorter');
    await ask('POST', '/v1/agents/requests', { id: 'other', fields: FIELDS, by: 'alice', reason: 'needed' });
    await ask('POST', '/v1/agents/other/reject', WHY);
    await ask('POST', '/v1/agents', { id: 'walker', fields: FIELDS, ...WHY });
    expect((await ask('GET', '/v1/agents')).items.length).toBeGreaterThan(3);
    await ask('GET', '/v1/agents/summaries');
    expect((await ask('GET', '/v1/agents/export')).csv).toContain('walker');
  });

  it('of many agents at once, while they are taken over', async () => {
    const rows = Array.from({ length: 3_000 }, (_, n) => ({ id: `bulk-${n}`, name: `Bulk ${n}`, ...FIELDS }));
    const over = { done: false };
    const taken = ask('POST', `/v1/agents/import?${WHY_QUERY}&key=case`, rows).finally(() => (over.done = true));
    await until(
      async () =>
        over.done ||
        (await ask('GET', '/v1/agents/imports/case').then(
          () => true,
          () => false,
        )),
    );
    expect(await taken).toMatchObject({ done: true, made: 3_000 });
  });

  it('of templates, reviews, connections and tasks', async () => {
    const fields = { archetype: 'homegrown', riskTier: 'low', description: 'clerks' };
    await ask('PUT', '/v1/templates/clerk', { fields, ...WHY });
    await ask('POST', '/v1/agents', { id: 'clerk-1', fields: { ...FIELDS, template: 'clerk' }, ...WHY });
    await ask('PATCH', '/v1/agents/clerk-1', { fields: { groups: [] }, ...WHY });
    await ask('GET', '/v1/templates');
    await ask('POST', '/v1/agents/clerk-1/decommission', WHY);
    await ask('PUT', '/v1/templates/empty', { fields, ...WHY });
    await ask('POST', '/v1/templates/empty/remove', WHY);
    const review = { name: 'quarter', dueAtMs: 4_000_000_000_000, filter: { search: 'walker' }, ...WHY };
    const { id } = await ask('POST', '/v1/reviews', review);
    await eventually(
      () => ask('GET', `/v1/reviews/${id}`),
      ({ state }) => state === 'open',
    );
    await ask('GET', '/v1/reviews');
    await ask('GET', `/v1/reviews/${id}/items`);
    const verdict = { outcome: 'certify', by: 'alice', reason: 'needed' };
    await ask('POST', `/v1/reviews/${id}/items/walker`, verdict);
    await ask('GET', `/v1/reviews/${id}/items`);
    await ask('POST', `/v1/reviews/${id}/close`, WHY);
    const connection = await ask('POST', '/v1/connections', { from: 'buyer', to: 'walker', ...WHY });
    await ask('GET', '/v1/connections');
    await ask('GET', `/v1/connections/${connection.id}`);
    await ask('DELETE', `/v1/connections/${connection.id}?${WHY_QUERY}`);
    const task = await ask('POST', '/v1/tasks', {
      agent: 'buyer',
      purpose: 'one order',
      tools: ['erp/*'],
      by: 'alice',
    });
    await ask('GET', '/v1/tasks');
    await ask('GET', `/v1/tasks/${task.id}`);
    await ask('POST', `/v1/tasks/${task.id}/close`, WHY);
  });

  it('of policies, from a draft to what is in force and back', async () => {
    const now = await ask('GET', '/v1/policies');
    await ask('GET', '/v1/policies/schema?search=buy');
    const files = [{ path: 'company.cedar', text: `${now.files[0].text}\n// looked at` }];
    await ask('POST', '/v1/policies/check', { files });
    await ask('POST', '/v1/policies/check', { files: [{ path: 'a.cedar', text: 'permit(' }] });
    const request = { agent: 'buyer', server: 'erp', tool: 'orders.list', args: {} };
    await ask('POST', '/v1/policies/try', { request });
    const draft = await ask('POST', '/v1/policies/drafts', { title: 'looked at', by: 'alice' });
    const saved = await ask('PUT', `/v1/policies/drafts/${draft.id}`, { revision: draft.revision, files, by: 'alice' });
    await ask('GET', '/v1/policies/drafts');
    await ask('GET', `/v1/policies/drafts/${draft.id}`);
    await ask('POST', '/v1/policies/shadow', { draft: draft.id, ...WHY });
    await ask('GET', '/v1/policies');
    await ask('DELETE', `/v1/policies/shadow?${WHY_QUERY}`);
    const replay = await ask('POST', '/v1/policies/replays', { files, days: 1, by: 'alice' });
    await eventually(
      () => ask('GET', `/v1/policies/replays/${replay.id}`),
      ({ state }) => state !== 'running',
    );
    await ask('DELETE', `/v1/policies/replays/${replay.id}`);
    const { id, revision, base } = saved;
    await ask('POST', '/v1/policies/publish', { draft: id, revision, base, ...WHY });
    await ask('POST', '/v1/policies/rollback', { version: now.version, ...WHY });
    const { items } = await ask('GET', '/v1/policies/versions');
    await ask('GET', `/v1/policies/versions/${items[0].version}`);
    const other = await ask('POST', '/v1/policies/drafts', { title: 'another', by: 'alice' });
    await ask('POST', `/v1/policies/drafts/${other.id}/discard`, { revision: other.revision, ...WHY });
    await ask('POST', '/v1/reload', WHY);
  });

  it('of what was recorded', async () => {
    const { access_token: token } = await tokenOf('robot');
    const robot = await fetch(`${world.origin}/mcp/erp`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${token}`,
        'content-type': 'application/json',
        accept: 'application/json, text/event-stream',
      },
      body: JSON.stringify({
        ...{ jsonrpc: '2.0', id: 1, method: 'initialize' },
        params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'case', version: '1' } },
      }),
    });
    expect(robot.status).toBe(200);
    await eventually(
      () => ask('GET', '/v1/index'),
      ({ state }) => state === 'current',
    );
    // That it got its token is on record before its call is.
    const isCall = (each: any): boolean => typeof each.record.txn === 'string';
    const mine = await eventually(
      () => ask('GET', '/v1/records?agent=robot'),
      ({ items }) => items.some(isCall),
    );
    const { seq, record } = mine.items.find(isCall);
    await ask('GET', `/v1/transactions/${record.txn}`);
    for (const type of ['intent', 'refusal', 'outcome', 'admin']) await ask('GET', `/v1/records?type=${type}`);
    await ask('GET', '/v1/records/export?limit=20');
    await ask('GET', '/v1/records/export?limit=20&format=csv');
    await ask('GET', `/v1/records/${seq}`);
    await eventually(() => ask('GET', `/v1/records/${seq}/receipt`));
    const { items } = await ask('GET', '/v1/sessions/history?agent=buyer');
    const session = await ask('GET', `/v1/sessions/history/${items[0].id}`);
    await ask('GET', `/v1/calls/${session.calls[0].call}`);
    await ask('GET', '/v1/agents/buyer/activity');
    await ask('GET', '/v1/live');
    const journal = await ask('GET', '/v1/journal');
    await ask('GET', `/v1/journal/segments/${journal.segments[0].first}`);
    await ask('GET', '/v1/journal/checkpoints');
    await ask('POST', '/v1/journal/verification');
    await eventually(
      () => ask('GET', '/v1/journal/verification'),
      ({ state }) => state !== 'running',
    );
  });

  it('of whoever is signed in', async () => {
    const { csrf } = await browse('GET', '/v1/me');
    const bodyDigest = createHash('sha256').update('{}').digest('base64url');
    const act = { method: 'POST', path: '/console/api/v1/reload', bodyDigest };
    await browse('POST', '/v1/step-up/options', { act }, csrf);
  });

  it('is as the document says, of every route there is', () => {
    expect([...new Set(wrong)]).toEqual([]);
    expect(ROUTES.filter((route) => !answers.has(route))).toEqual([]);
    for (const [route, got] of answers)
      for (const { type } of got)
        expect(
          (MEDIA[route] ?? ['application/json']).some((media) => type.startsWith(media)),
          `${route}: ${type}`,
        ).toBe(true);
  });

  it('would not be, with a field more or without one that is required', () => {
    let [more, fewer] = [0, 0];
    for (const [route, got] of answers) {
      if (MEDIA[route] !== undefined || route === 'GET /v1/openapi.json') continue;
      for (const { status, body } of got) {
        for (const [at, object, schema] of objectsOf(made.answers[route], body)) {
          if (schema.additionalProperties === false) {
            object['a-field-nobody-knows'] = 1;
            expect(wrongWith(route, status, body), `${route} ${at} with more`).not.toEqual([]);
            delete object['a-field-nobody-knows'];
            more += 1;
          }
          for (const name of schema.required ?? []) {
            const value = object[name];
            delete object[name];
            expect(wrongWith(route, status, body), `${route} ${at} without ${name}`).not.toEqual([]);
            object[name] = value;
            fewer += 1;
          }
        }
      }
    }
    expect(more).toBeGreaterThan(300);
    expect(fewer).toBeGreaterThan(2_000);
  });
});

interface Shape {
  readonly $ref?: string;
  readonly type?: unknown;
  readonly additionalProperties?: unknown;
  readonly required?: readonly string[];
  readonly properties?: Readonly<Record<string, Shape>>;
  readonly items?: Shape;
}

/** Every object in an answer with the schema it has, the first few of each list; where one of several fits, none is looked into. */
function objectsOf(given: Shape, value: any, at = ''): readonly [string, Record<string, unknown>, Shape][] {
  const name = given.$ref?.slice('#/components/schemas/'.length) as keyof typeof made.schemas | undefined;
  const schema = name === undefined ? given : (made.schemas[name] as Shape);
  if (Array.isArray(value))
    return value.slice(0, 2).flatMap((one, i) => (schema.items ? objectsOf(schema.items, one, `${at}/${i}`) : []));
  if (schema.type !== 'object' || typeof value !== 'object' || value === null) return [];
  const members = Object.entries(schema.properties ?? {});
  return [[at, value, schema], ...members.flatMap(([key, of]) => objectsOf(of, value[key], `${at}/${key}`))];
}

/** Of an agent that proves itself with a key. */
async function tokenOf(agent: string): Promise<{ access_token: string }> {
  const { publicKey, privateKey } = await generateKeyPair('ES256', { extractable: true });
  const keys = [{ ...(await exportJWK(publicKey)), kid: `${agent}-1`, alg: 'ES256' }];
  const fields = { owner: 'alice', purpose: 'walks', archetype: 'homegrown', riskTier: 'low', keys };
  await ask('POST', '/v1/agents', { id: agent, fields, ...WHY });
  const nowS = Math.floor(Date.now() / 1000);
  const assertion = await new SignJWT({
    ...{ iss: agent, sub: agent, aud: `${world.origin}/oauth/token`, iat: nowS, exp: nowS + 60, jti: randomUUID() },
  })
    .setProtectedHeader({ alg: 'ES256', kid: `${agent}-1` })
    .sign(privateKey);
  const body = new URLSearchParams({
    grant_type: 'client_credentials',
    client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
    client_assertion: assertion,
  });
  return (await fetch(`${world.origin}/oauth/token`, { method: 'POST', body })).json() as never;
}
