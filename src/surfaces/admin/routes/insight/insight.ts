import type { FastifyInstance } from 'fastify';
import type { AgentFilter } from '../../../../identity/registry/many.ts';
import type { AgentLine, AgentPermissions, Graph, LockPreview, ReachLine } from '../../../../model/insight/agents.ts';
import type { Drill, Overview, PostureAnswer, Pulse } from '../../../../model/insight/overview.ts';
import { type LockTarget, TIERS, type Tier } from '../../../../model/lock.ts';
import type { Says } from '../../contract/answers.ts';
import { BY, closed, needs, REASON, text } from '../../schemas.ts';
import type { AdminRoutes } from '../../server.ts';
import { FILTER } from '../agents.ts';
import { cursorOf, DEFAULT_LIMIT, keyIn, newestFirst, PAGE, PAGED, type PageAsked, pageBy } from '../estate/page.ts';
import { targetOf } from '../operator.ts';

/** What the console's overview and its pages of agents ask. Made in `start/`. */
export interface InsightOperations {
  overview(): Promise<Overview>;
  /** What is to be done first. */
  posture(): Promise<readonly PostureAnswer[]>;
  pulse(): Pulse;
  summaries(question: {
    readonly filter: AgentFilter & { readonly lock?: Tier | 'any' };
    readonly after: string | null;
    readonly limit: number;
  }): Promise<{ readonly items: readonly AgentLine[]; readonly next: string | null; readonly total: number }>;
  preview(order: { readonly target: LockTarget; readonly tier: Tier }): Promise<LockPreview>;
  drill(order: { readonly by: string; readonly reason: string }): Promise<Drill>;
  drills(): Promise<readonly Drill[]>;
  graph(limit: number): Promise<Graph>;
  agentGraph(agent: string): Promise<Graph>;
  reach(question: {
    readonly server: string;
    readonly after: string | null;
    readonly limit: number;
  }): Promise<{ readonly items: readonly ReachLine[]; readonly next: string | null }>;
  permissions(of: { readonly agent: string; readonly subject: string | null }): Promise<AgentPermissions>;
}

const READ = needs('read');
/** What is to be done first comes first. */
const URGENCY: readonly PostureAnswer['state'][] = ['bad', 'warn', 'good'];
const LIMIT = { type: 'integer', minimum: 1, maximum: 200 } as const;

export function insightRoutes(operations: InsightOperations): AdminRoutes {
  return (app) => {
    app.get<Says<'GET /v1/overview'>>('/v1/overview', READ, async () => operations.overview());
    app.get<{ Querystring: PageAsked } & Says<'GET /v1/posture'>>(
      '/v1/posture',
      { ...READ, ...PAGED },
      async ({ query }) =>
        pageBy(await operations.posture(), ({ state, id }) => `${URGENCY.indexOf(state)} ${id}`, query),
    );
    app.get<Says<'GET /v1/pulse'>>('/v1/pulse', READ, async () => operations.pulse());
    agentList(app, operations);
    agentRoutes(app, operations);
    lockPreview(app, operations);
    drillRoutes(app, operations);
    graphRoutes(app, operations);
  };
}

type ListQuery = AgentFilter & PageAsked & { lock?: Tier | 'any' };

function agentList(app: FastifyInstance, operations: InsightOperations): void {
  const lock = { enum: [...TIERS, 'any'] };
  const querystring = { ...closed, properties: { ...FILTER, lock, ...PAGE, limit: LIMIT } };
  app.get<{ Querystring: ListQuery } & Says<'GET /v1/agents/summaries'>>(
    '/v1/agents/summaries',
    { ...READ, schema: { querystring } },
    async ({ query: { cursor, limit = DEFAULT_LIMIT, ...filter } }) => {
      const after = cursor === undefined ? null : keyIn(cursor);
      const { next, ...page } = await operations.summaries({ filter, after, limit });
      return { ...page, next: next === null ? null : cursorOf(next) };
    },
  );
}

function agentRoutes(app: FastifyInstance, operations: InsightOperations): void {
  const querystring = { ...closed, properties: { subject: text(200) } };
  app.get<{ Params: { id: string }; Querystring: { subject?: string } } & Says<'GET /v1/agents/:id/permissions'>>(
    '/v1/agents/:id/permissions',
    { ...READ, schema: { querystring } },
    async ({ params: { id }, query: { subject = null } }) => operations.permissions({ agent: id, subject }),
  );
}

/** Changes nothing; a POST, because a target does not belong into an address. */
function lockPreview(app: FastifyInstance, operations: InsightOperations): void {
  const properties = { target: text(2100), tier: { enum: [...TIERS] } };
  const body = { ...closed, required: ['target', 'tier'], properties };
  app.post<{ Body: { target: string; tier: Tier } } & Says<'POST /v1/locks/preview'>>(
    '/v1/locks/preview',
    { ...READ, schema: { body } },
    async ({ body: { target, tier } }) => operations.preview({ target: targetOf(target), tier }),
  );
}

function drillRoutes(app: FastifyInstance, operations: InsightOperations): void {
  app.get<{ Querystring: PageAsked } & Says<'GET /v1/drills'>>('/v1/drills', { ...READ, ...PAGED }, async ({ query }) =>
    pageBy(await operations.drills(), ({ atMs, by }) => newestFirst(atMs, by), query),
  );
  const body = { ...closed, required: ['by', 'reason'], properties: { by: BY, reason: REASON } };
  app.post<{ Body: { by: string; reason: string } } & Says<'POST /v1/drills'>>(
    '/v1/drills',
    { ...needs('locks.write'), schema: { body } },
    async (request) => operations.drill(request.body),
  );
}

function graphRoutes(app: FastifyInstance, operations: InsightOperations): void {
  const size = { ...closed, properties: { limit: { type: 'integer', minimum: 10, maximum: 500 } } };
  app.get<{ Querystring: { limit?: number } } & Says<'GET /v1/graph'>>(
    '/v1/graph',
    { ...READ, schema: { querystring: size } },
    async ({ query: { limit = 200 } }) => operations.graph(limit),
  );
  app.get<{ Params: { id: string } } & Says<'GET /v1/agents/:id/graph'>>(
    '/v1/agents/:id/graph',
    READ,
    async ({ params }) => operations.agentGraph(params.id),
  );
  const page = { ...closed, properties: { ...PAGE, limit: LIMIT } };
  app.get<{ Params: { id: string }; Querystring: PageAsked } & Says<'GET /v1/servers/:id/reach'>>(
    '/v1/servers/:id/reach',
    { ...READ, schema: { querystring: page } },
    async ({ params: { id }, query: { cursor, limit = 50 } }) => {
      const after = cursor === undefined ? null : keyIn(cursor);
      const { items, next } = await operations.reach({ server: id, after, limit });
      return { items, next: next === null ? null : cursorOf(next) };
    },
  );
}
