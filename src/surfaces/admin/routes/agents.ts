import type { FastifyInstance } from 'fastify';
import type { Decommission } from '../../../identity/registry/end/decommission.ts';
import { type AgentFilter, AgentList, reassignAll } from '../../../identity/registry/many.ts';
import type { Registry } from '../../../identity/registry/registry.ts';
import type { Exceeding, Templates } from '../../../identity/registry/templates.ts';
import { AGENT_STATES } from '../../../model/agent.ts';
import type { Page } from '../../../model/insight/page.ts';
import type { Template } from '../../../model/template.ts';
import type { HistoryRow } from '../../../ports/identity-stores.ts';
import type { Says } from '../contract/answers.ts';
import { BY, closed, needs, REASON, text } from '../schemas.ts';
import { cursorOf, DEFAULT_LIMIT, keyIn, numberIn, PAGE, PAGED, type PageAsked, pageBy } from './estate/page.ts';

export interface AgentParts {
  readonly registry: Registry;
  readonly templates: Templates;
  readonly decommission: Decommission;
}

interface Order {
  readonly by: string;
  readonly reason: string;
  readonly ifVersion?: number | null;
}
type ById = { readonly Params: { readonly id: string } };

/** One schema with both types: of several, the first would turn null into a number. */
const VERSION = { type: ['integer', 'null'], minimum: 1 } as const;
const order = (more: Readonly<Record<string, unknown>> = {}, required: readonly string[] = []) => ({
  body: {
    ...closed,
    required: ['by', 'reason', ...required],
    properties: { by: BY, reason: REASON, ifVersion: VERSION, ...more },
  },
});
const FIELDS = { type: 'object' } as const;
const WRITES = needs('agents.write');
/** Named of each template; how many there are is said beside them. */
const MAX_EXCEEDING = 100;

/** A class of agents, and who exceeds it. */
export interface TemplateLine extends Template {
  /** Made from it. */
  readonly agents: number;
  readonly exceedingCount: number;
  /** The first hundred. */
  readonly exceeding: readonly Exceeding[];
}

/** Agents (requirements ID1, ID5): who there is, and everything that can happen to one. */
export function agentRoutes(parts: AgentParts): (app: FastifyInstance) => void {
  return (app) => {
    readRoutes(app, parts);
    makeRoutes(app, parts);
    changeRoutes(app, parts);
    templateRoutes(app, parts);
  };
}

export const FILTER = {
  owner: text(200),
  state: { enum: [...AGENT_STATES] },
  department: text(500),
  riskTier: { enum: ['low', 'medium', 'high', 'critical'] },
  archetype: { enum: ['homegrown', 'saas', 'developer_tool'] },
  template: text(32),
  origin: { enum: ['configuration', 'registry'] },
  search: text(200),
  expiresBeforeMs: { type: 'integer', minimum: 0 },
} as const;

function readRoutes(app: FastifyInstance, { registry, decommission }: AgentParts): void {
  const list = new AgentList(registry.world.directory);
  const querystring = { ...closed, properties: { ...FILTER, ...PAGE } };
  app.get<{ Querystring: AgentFilter & PageAsked } & Says<'GET /v1/agents'>>(
    '/v1/agents',
    { ...needs('read'), schema: { querystring } },
    async ({ query: { cursor, limit = DEFAULT_LIMIT, ...filter } }) => {
      const { agents, next } = list.page(filter, { limit, ...(cursor === undefined ? {} : { after: keyIn(cursor) }) });
      return { items: agents, next: next === null ? null : cursorOf(next) };
    },
  );
  app.get<ById & Says<'GET /v1/agents/:id'>>('/v1/agents/:id', needs('read'), async ({ params }) =>
    registry.show(params.id),
  );
  app.get<ById & { Querystring: PageAsked } & Says<'GET /v1/agents/:id/history'>>(
    '/v1/agents/:id/history',
    { ...needs('read'), ...PAGED },
    async ({ params, query }) => historyPage((asked) => registry.history(params.id, asked), query),
  );
  app.get<ById & Says<'GET /v1/agents/:id/holdings'>>('/v1/agents/:id/holdings', needs('read'), async ({ params }) => ({
    agent: params.id,
    held: await decommission.holdings(params.id),
  }));
}

/** What happened to one agent, or one person: newest first. */
export async function historyPage(
  read: (asked: { limit: number; beforeSeq?: number }) => Promise<readonly HistoryRow[]>,
  { cursor, limit = DEFAULT_LIMIT }: PageAsked,
): Promise<Page<HistoryRow>> {
  const items = await read({ limit, ...(cursor === undefined ? {} : { beforeSeq: numberIn(cursor) }) });
  return { items, next: items.length < limit ? null : cursorOf(String(items.at(-1)!.seq)) };
}

function makeRoutes(app: FastifyInstance, { registry }: AgentParts): void {
  const schema = order({ id: text(32), fields: FIELDS }, ['id', 'fields']);
  type Make = Says<'POST /v1/agents'> & { Body: Order & { id: string; fields: object } };
  for (const [path, act] of [
    ['/v1/agents', 'register'],
    ['/v1/agents/requests', 'request'],
  ] as const) {
    app.post<Make>(path, { ...WRITES, schema }, async ({ body: { id, fields, by, reason } }, reply) =>
      reply.code(201).send(await registry[act](id, fields, { by, reason })),
    );
  }
  const bulk = order({ from: text(200), to: text(200), resume: { type: 'boolean' } }, ['from', 'to']);
  app.post<{ Body: Order & { from: string; to: string; resume?: boolean } } & Says<'POST /v1/agents/reassign'>>(
    '/v1/agents/reassign',
    { ...WRITES, schema: bulk },
    async ({ body: { from, to, resume = false, by, reason } }) =>
      reassignAll(registry, { from, to, resume }, { by, reason }),
  );
}

function changeRoutes(app: FastifyInstance, { registry, decommission }: AgentParts): void {
  for (const act of ['approve', 'activate', 'suspend', 'resume'] as const) {
    app.post<ById & { Body: Order } & Says<'POST /v1/agents/:id/approve'>>(
      `/v1/agents/:id/${act}`,
      { ...WRITES, schema: order() },
      async ({ params, body }) => registry[act](params.id, body),
    );
  }
  app.post<ById & { Body: Order } & Says<'POST /v1/agents/:id/reject'>>(
    '/v1/agents/:id/reject',
    { ...WRITES, schema: order() },
    async ({ params, body }) => {
      await registry.reject(params.id, body);
      return { rejected: params.id };
    },
  );
  app.patch<ById & { Body: Order & { fields: object } } & Says<'PATCH /v1/agents/:id'>>(
    '/v1/agents/:id',
    { ...WRITES, schema: order({ fields: FIELDS }, ['fields']) },
    async ({ params, body: { fields, ...who } }) => registry.update(params.id, fields, who),
  );
  app.post<ById & { Body: Order & { to: string; resume?: boolean } } & Says<'POST /v1/agents/:id/reassign'>>(
    '/v1/agents/:id/reassign',
    { ...WRITES, schema: order({ to: text(200), resume: { type: 'boolean' } }, ['to']) },
    async ({ params, body: { to, ...who } }) => registry.reassign(params.id, to, who),
  );
  app.post<ById & { Body: Order } & Says<'POST /v1/agents/:id/decommission'>>(
    '/v1/agents/:id/decommission',
    { ...WRITES, schema: order() },
    async ({ params, body }) => decommission.decommission(params.id, { by: body.by, reason: body.reason }),
  );
}

function templateRoutes(app: FastifyInstance, { templates }: AgentParts): void {
  app.get<{ Querystring: PageAsked } & Says<'GET /v1/templates'>>(
    '/v1/templates',
    { ...needs('read'), ...PAGED },
    async ({ query }) => {
      const usage = templates.usage();
      const { items, next } = pageBy(templates.all(), ({ id }) => id, query);
      const lines = items.map((template): TemplateLine => {
        const { agents, exceeding } = usage.get(template.id) ?? { agents: 0, exceeding: [] };
        return { ...template, agents, exceedingCount: exceeding.length, exceeding: exceeding.slice(0, MAX_EXCEEDING) };
      });
      return { items: lines, next };
    },
  );
  app.put<ById & { Body: Order & { fields: object } } & Says<'PUT /v1/templates/:id'>>(
    '/v1/templates/:id',
    { ...WRITES, schema: order({ fields: FIELDS }, ['fields']) },
    async ({ params, body: { fields, by, reason } }) => templates.put(params.id, fields, { by, reason }),
  );
  app.post<ById & { Body: Order } & Says<'POST /v1/templates/:id/remove'>>(
    '/v1/templates/:id/remove',
    { ...WRITES, schema: order() },
    async ({ params, body }) => {
      await templates.remove(params.id, { by: body.by, reason: body.reason });
      return { removed: params.id };
    },
  );
}
