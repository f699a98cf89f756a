import type { FastifyInstance } from 'fastify';
import type { Decommission } from '../../../identity/registry/end/decommission.ts';
import { AgentList, reassignAll } from '../../../identity/registry/many.ts';
import type { Registry } from '../../../identity/registry/registry.ts';
import type { Templates } from '../../../identity/registry/templates.ts';
import { AGENT_STATES } from '../../../model/agent.ts';
import { BY, closed, needs, REASON, text } from '../schemas.ts';

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
const LIMIT = { type: 'integer', minimum: 1, maximum: 1000 } as const;

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
  const querystring = { ...closed, properties: { ...FILTER, after: text(200), limit: LIMIT } };
  app.get<{ Querystring: { after?: string; limit?: number } }>(
    '/v1/agents',
    { ...needs('read'), schema: { querystring } },
    async (ask) => {
      const { after, limit = 100, ...filter } = ask.query;
      return list.page(filter, { limit, ...(after === undefined ? {} : { after }) });
    },
  );
  app.get<ById>('/v1/agents/:id', needs('read'), async ({ params }) => registry.show(params.id));
  const page = { ...closed, properties: { limit: LIMIT, beforeSeq: { type: 'integer', minimum: 1 } } };
  app.get<ById & { Querystring: { limit?: number; beforeSeq?: number } }>(
    '/v1/agents/:id/history',
    { ...needs('read'), schema: { querystring: page } },
    async ({ params, query: { limit = 50, ...rest } }) => {
      const history = await registry.history(params.id, { limit, ...rest });
      return { history, next: history.length < limit ? null : history.at(-1)!.seq };
    },
  );
  app.get<ById>('/v1/agents/:id/holdings', needs('read'), async ({ params }) => ({
    agent: params.id,
    held: await decommission.holdings(params.id),
  }));
}

function makeRoutes(app: FastifyInstance, { registry }: AgentParts): void {
  const schema = order({ id: text(32), fields: FIELDS }, ['id', 'fields']);
  type Make = { Body: Order & { id: string; fields: object } };
  for (const [path, act] of [
    ['/v1/agents', 'register'],
    ['/v1/agents/requests', 'request'],
  ] as const) {
    app.post<Make>(path, { ...WRITES, schema }, async ({ body: { id, fields, by, reason } }, reply) =>
      reply.code(201).send(await registry[act](id, fields, { by, reason })),
    );
  }
  const bulk = order({ from: text(200), to: text(200), resume: { type: 'boolean' } }, ['from', 'to']);
  app.post<{ Body: Order & { from: string; to: string; resume?: boolean } }>(
    '/v1/agents/reassign',
    { ...WRITES, schema: bulk },
    async ({ body: { from, to, resume = false, by, reason } }) =>
      reassignAll(registry, { from, to, resume }, { by, reason }),
  );
}

function changeRoutes(app: FastifyInstance, { registry, decommission }: AgentParts): void {
  for (const act of ['approve', 'activate', 'suspend', 'resume'] as const) {
    app.post<ById & { Body: Order }>(
      `/v1/agents/:id/${act}`,
      { ...WRITES, schema: order() },
      async ({ params, body }) => registry[act](params.id, body),
    );
  }
  app.post<ById & { Body: Order }>(
    '/v1/agents/:id/reject',
    { ...WRITES, schema: order() },
    async ({ params, body }) => {
      await registry.reject(params.id, body);
      return { rejected: params.id };
    },
  );
  app.patch<ById & { Body: Order & { fields: object } }>(
    '/v1/agents/:id',
    { ...WRITES, schema: order({ fields: FIELDS }, ['fields']) },
    async ({ params, body: { fields, ...who } }) => registry.update(params.id, fields, who),
  );
  app.post<ById & { Body: Order & { to: string; resume?: boolean } }>(
    '/v1/agents/:id/reassign',
    { ...WRITES, schema: order({ to: text(200), resume: { type: 'boolean' } }, ['to']) },
    async ({ params, body: { to, ...who } }) => registry.reassign(params.id, to, who),
  );
  app.post<ById & { Body: Order }>(
    '/v1/agents/:id/decommission',
    { ...WRITES, schema: order() },
    async ({ params, body }) => decommission.decommission(params.id, { by: body.by, reason: body.reason }),
  );
}

function templateRoutes(app: FastifyInstance, { templates }: AgentParts): void {
  app.get('/v1/templates', needs('read'), async () => {
    const usage = templates.usage();
    return {
      templates: templates.all().map((template) => {
        const { agents, exceeding } = usage.get(template.id) ?? { agents: 0, exceeding: [] };
        return { ...template, agents, exceedingCount: exceeding.length, exceeding: exceeding.slice(0, MAX_EXCEEDING) };
      }),
    };
  });
  app.put<ById & { Body: Order & { fields: object } }>(
    '/v1/templates/:id',
    { ...WRITES, schema: order({ fields: FIELDS }, ['fields']) },
    async ({ params, body: { fields, by, reason } }) => templates.put(params.id, fields, { by, reason }),
  );
  app.post<ById & { Body: Order }>(
    '/v1/templates/:id/remove',
    { ...WRITES, schema: order() },
    async ({ params, body }) => {
      await templates.remove(params.id, { by: body.by, reason: body.reason });
      return { removed: params.id };
    },
  );
}
