import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Page } from '../../src/model/insight/page.ts';
import described from '../../src/surfaces/admin/contract/answers.json' with { type: 'json' };
import { routeOf } from '../console/answers.ts';
import { type ApprovalWorld, openApprovalWorld, order } from '../people/approvals-world.ts';
import { until } from './house.ts';

/** Every list goes page by page the same way, also while what it lists grows. */

const MODEL = `model
  schema 1.1

type user
type customer
  relations
    define viewer: [user]
`;
const WHY = { by: 'bob', reason: 'as agreed' };
const FIELDS = { owner: 'alice', purpose: 'sorts letters', archetype: 'homegrown', riskTier: 'medium' };

let world: ApprovalWorld;
const made = { review: '' };

async function post<T = any>(path: string, body: object, method = 'POST'): Promise<T> {
  const answer = await world.admin<T>(method, path, body);
  if (answer.status >= 300) throw new Error(`${method} ${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
  return answer.body;
}

const agent = (id: string) => post('/v1/agents', { id, fields: FIELDS, ...WHY });
const person = (userName: string) => post('/v1/people', { userName, ...WHY });
const lock = (id: string) => post('/v1/locks', { target: `agent:${id}`, tier: 'watch', ...WHY });
const template = (id: string) =>
  post(`/v1/templates/${id}`, { fields: { archetype: 'homegrown', riskTier: 'low', description: id }, ...WHY }, 'PUT');
const connection = (to: string) => post('/v1/connections', { from: 'buyer', to, ...WHY });
const task = (n: string) => post('/v1/tasks', { agent: 'buyer', purpose: `order ${n}`, tools: ['erp/*'], by: 'alice' });
const review = (name: string) =>
  post('/v1/reviews', { name, dueAtMs: 4_000_000_000_000, filter: { search: 'sorter-' }, ...WHY });
const relation = (user: string) =>
  post('/v1/relations', { writes: [{ user: `user:${user}`, relation: 'viewer', object: 'customer:7' }], ...WHY });
const draft = (title: string) => post('/v1/policies/drafts', { title, by: 'alice' });
const rename = (purpose: string) => post('/v1/agents/sorter-0', { fields: { purpose }, ...WHY }, 'PATCH');
const promote = (department: string) => post('/v1/people/erin', { department, ...WHY }, 'PATCH');
const drill = () => post('/v1/drills', WHY);
const rotate = () => post('/v1/keys/rotate', { immediately: true, ...WHY });
const connect = () => world.client('buyer').then(() => {});
const ordered = { next: 500 };
const park = () => world.park('buyer', order(ordered.next++)).then(() => {});
async function publish(n: string): Promise<void> {
  const now = (await world.admin<any>('GET', '/v1/policies')).body;
  const files = [{ path: 'company.cedar', text: `${now.files[0].text}\n// ${n}` }];
  const { id, revision, base } = await post('/v1/policies/drafts', { title: n, files, by: 'alice' });
  await post('/v1/policies/publish', { draft: id, revision, base, ...WHY });
}

interface List {
  readonly path: string | (() => string);
  readonly key: (item: any) => unknown;
  /** Makes one more; `n` is another each time. */
  readonly add: ((n: string) => Promise<unknown>) | null;
  /** How many there are before, at least. */
  readonly least?: number;
  readonly limit?: number;
}

const byId = ({ id }: { id: unknown }) => id;
const bySeq = ({ seq }: { seq: unknown }) => seq;
const toolOf = ({ server, tool }: { server: string; tool: string }) => `${server}/${tool}`;

const LISTS: readonly List[] = [
  { path: '/v1/agents', key: byId, add: agent },
  { path: '/v1/agents/summaries', key: byId, add: agent },
  { path: '/v1/servers/erp/reach', key: (line) => line.agent, add: agent },
  { path: '/v1/people', key: byId, add: person },
  { path: '/v1/locks', key: ({ target }) => target.id, add: lock },
  { path: '/v1/templates', key: byId, add: template },
  { path: '/v1/connections', key: byId, add: (n) => agent(n).then(() => connection(n)) },
  { path: '/v1/tasks', key: byId, add: task },
  { path: '/v1/reviews', key: byId, add: review },
  { path: () => `/v1/reviews/${made.review}/items`, key: (line) => line.agent, add: null },
  { path: '/v1/relations', key: ({ user }) => user, add: relation },
  { path: '/v1/policies/drafts', key: byId, add: draft },
  { path: '/v1/policies/versions', key: bySeq, add: publish },
  { path: '/v1/agents/sorter-0/history', key: bySeq, add: rename },
  { path: '/v1/people/erin/history', key: bySeq, add: promote },
  { path: '/v1/drills', key: ({ atMs }) => atMs, add: drill },
  { path: '/v1/posture', key: byId, add: null },
  { path: '/v1/keys', key: ({ kid }) => kid, add: rotate },
  { path: '/v1/sessions', key: byId, add: connect },
  { path: '/v1/servers', key: byId, add: null, least: 2, limit: 1 },
  { path: '/v1/servers/lines', key: byId, add: null, least: 2, limit: 1 },
  { path: '/v1/servers/erp/tools', key: toolOf, add: null, least: 4 },
  { path: '/v1/tools', key: toolOf, add: null },
  { path: '/v1/approvals', key: byId, add: park },
  { path: '/v1/approvals/inbox?of=pending', key: byId, add: park },
  { path: '/v1/approvals/inbox?of=mine&for=alice', key: byId, add: park },
  { path: '/v1/records', key: bySeq, add: drill },
  { path: '/v1/records?type=admin', key: bySeq, add: drill },
  { path: '/v1/sessions/history', key: byId, add: connect },
  { path: '/v1/journal/checkpoints', key: ({ size }) => size, add: drill },
];

/** Lists that are not here, and where they are looked at. */
const ELSEWHERE = {
  '/v1/groups': 'by the same function, of what is in memory: page.test.ts',
  '/v1/standing': 'likewise',
  '/v1/approvals/:id/notices': 'likewise',
  '/v1/credentials': 'src/start/credentials.test.ts',
};

beforeAll(async () => {
  world = await openApprovalWorld({ assurance: 'operator' });
  const model = join(world.dir, 'model.fga');
  const config = await readFile(world.configPath, 'utf8');
  await writeFile(model, MODEL);
  await writeFile(world.configPath, config.replace('{ default: permit }', `{ default: permit, model: ${model} }`));
  await post('/v1/reload', WHY);
  for (let n = 0; n < 5; n++) {
    await agent(`sorter-${n}`);
    await person(`person-${n}`);
    await lock(`sorter-${n}`);
    await template(`class-${n}`);
    await connection(`sorter-${n}`);
    await task(String(n));
    await relation(`u${n}`);
    await draft(`draft ${n}`);
    await publish(`set ${n}`);
    await rename(`sorts ${n}`);
    await promote(`Sales ${n}`);
    await drill();
    await rotate();
    await connect();
    await park();
  }
  for (let n = 0; n < 5; n++) made.review = (await review(`review ${n}`)).id;
  await until(async () => {
    const { body } = await world.admin<any>('GET', `/v1/reviews/${made.review}`);
    return body.state === 'open';
  });
}, 120_000);
afterAll(() => world?.close());

describe('paging', { timeout: 60_000 }, () => {
  it('is looked at of every list there is', () => {
    const lists = Object.entries(described.answers).flatMap(([route, schema]) => {
      const name = (schema as { $ref?: string }).$ref?.split('/').at(-1) as keyof typeof described.schemas | undefined;
      const { properties = {} } = (name === undefined ? {} : described.schemas[name]) as { properties?: object };
      return 'items' in properties && 'next' in properties ? [route.replace('GET ', '')] : [];
    });
    const paths = LISTS.map(({ path }) => (typeof path === 'string' ? path : '/v1/reviews/x/items'));
    const here = new Set(paths.map((path) => routeOf('GET', path)?.replace('GET ', '')));
    expect(lists.filter((list) => !here.has(list)).sort()).toEqual(Object.keys(ELSEWHERE).sort());
  });

  it.each(
    LISTS.map((list) => [String(typeof list.path === 'string' ? list.path : 'the items of a review'), list] as const),
  )('%s: every item once, also while others are added', async (_name, { path, key, add, least = 5, limit = 2 }) => {
    const url = typeof path === 'string' ? path : path();
    const sign = url.includes('?') ? '&' : '?';
    const ask = async (query: string): Promise<Page<unknown>> => {
      const { status, body } = await world.admin<Page<unknown>>('GET', `${url}${sign}${query}`);
      expect([url, status, body]).toEqual([url, 200, expect.objectContaining({ items: expect.any(Array) })]);
      return body;
    };
    const before: unknown[] = [];
    for (let page = await ask('limit=100'); ; page = await ask(`limit=100&cursor=${page.next}`)) {
      before.push(...page.items.map(key));
      if (page.next === null) break;
    }
    expect(before.length).toBeGreaterThanOrEqual(least);
    const seen: unknown[] = [];
    let added = 0;
    for (
      let page = await ask(`limit=${limit}`);
      ;
      page = await ask(`limit=${limit}&cursor=${encodeURIComponent(page.next!)}`)
    ) {
      expect(page.items.length).toBeLessThanOrEqual(limit);
      seen.push(...page.items.map(key));
      if (page.next === null) break;
      // Three are enough: of a list whose new ones come last, each is one more to see.
      if (added < 3) await add?.(`late-${url.replaceAll(/\W+/g, '-').slice(4, 20).replace(/-$/, '')}-${added++}`);
    }
    expect(new Set(seen).size).toBe(seen.length);
    expect(before.filter((one) => !seen.includes(one))).toEqual([]);
  });
});
