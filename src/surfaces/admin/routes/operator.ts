import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Permission } from '../../../model/insight/roles.ts';
import { formatTarget, parseTarget, TIERS } from '../../../model/lock.ts';
import type { Says } from '../contract/answers.ts';
import type { Operations, ServerHealth } from '../operations.ts';
import { Problem } from '../problem.ts';
import { BY, closed, needs, REASON, steppedUp, text } from '../schemas.ts';
import { oldestFirst, PAGED, type PageAsked, pageBy } from './estate/page.ts';

/** Status, servers, sessions, locks, reload: what an operator does to a running gateway. */
export function operatorRoutes(app: FastifyInstance, operations: Operations): void {
  readRoutes(app, operations);
  lockRoutes(app, operations);
  changeRoutes(app, operations);
}

function readRoutes(app: FastifyInstance, operations: Operations): void {
  app.get<Says<'GET /v1/status'>>('/v1/status', needs('read'), () => operations.status());
  const list = { ...needs('read'), ...PAGED };
  app.get<{ Querystring: PageAsked } & Says<'GET /v1/servers'>>('/v1/servers', list, async ({ can, query }) => {
    const { items, next } = pageBy(await operations.servers(), ({ id }) => id, query);
    return { items: can('socket') ? items : items.map(plain), next };
  });
  app.get<{ Params: { id: string }; Querystring: PageAsked } & Says<'GET /v1/servers/:id/tools'>>(
    '/v1/servers/:id/tools',
    list,
    async ({ params: { id }, query }) => {
      const tools = operations.tools(id);
      if (tools === null) throw new Problem(404, 'unknown-server', `there is no server "${id}"`);
      return pageBy(tools, ({ tool }) => tool, query);
    },
  );
  app.get<{ Querystring: PageAsked } & Says<'GET /v1/sessions'>>('/v1/sessions', list, async ({ query }) =>
    pageBy(operations.sessions(), ({ startedAtMs, id }) => oldestFirst(startedAtMs, id), query),
  );
  app.get('/metrics', needs('read'), async (_request, reply) => {
    const body = await operations.metrics();
    if (body === null) throw new Problem(404, 'metrics-off', 'metrics are off: set metrics.enabled');
    return reply.type('text/plain; version=0.0.4; charset=utf-8').send(body);
  });
}

/** Addresses and arguments of commands may hold anything, and what a command said last as well: for the gateway's own user. */
function plain({ id, kind, risk, trust, tools, quarantined, state }: ServerHealth): ServerHealth {
  return { id, kind, risk, trust, tools, quarantined, ...(state === undefined ? {} : { state }) };
}

interface LockBody {
  readonly target: string;
  readonly tier: 'watch' | 'pause' | 'halt';
  readonly reason: string;
  readonly by: string;
  readonly forMs?: number;
}

function lockRoutes(app: FastifyInstance, operations: Operations): void {
  app.get<{ Querystring: PageAsked } & Says<'GET /v1/locks'>>(
    '/v1/locks',
    { ...needs('read'), ...PAGED },
    async ({ query }) => {
      const { epoch, locks } = operations.locks();
      return { ...pageBy(locks, ({ target }) => formatTarget(target), query), epoch };
    },
  );
  const properties = {
    target: text(2100),
    tier: { enum: [...TIERS] },
    reason: REASON,
    by: BY,
    forMs: { type: 'integer', minimum: 1 },
  };
  const body = { ...closed, required: ['target', 'tier', 'reason', 'by'], properties };
  app.post<{ Body: LockBody } & Says<'POST /v1/locks'>>(
    '/v1/locks',
    { config: { needs: 'locks.write', also: everything, stops: true }, schema: { body } },
    async (request) => {
      const { target, tier, reason, by, forMs } = request.body;
      return operations.lock({ target: targetOf(target), tier, reason, by, forMs: forMs ?? null });
    },
  );
  const querystring = { ...closed, required: ['reason', 'by'], properties: { reason: REASON, by: BY } };
  app.delete<
    { Params: { target: string }; Querystring: { reason: string; by: string } } & Says<'DELETE /v1/locks/:target'>
  >(
    '/v1/locks/:target',
    { config: { needs: 'locks.write', also: everything }, schema: { querystring } },
    async (request) => {
      const released = await operations.release({ target: targetOf(request.params.target), ...request.query });
      if (!released) throw new Problem(404, 'not-locked', `there is no lock on ${request.params.target}`);
      return { released: true };
    },
  );
}

function changeRoutes(app: FastifyInstance, operations: Operations): void {
  const acceptBody = {
    ...closed,
    required: ['tool', 'seenHash'],
    properties: { tool: text(2048), seenHash: text(64), by: BY, reason: REASON },
  };
  app.post<
    {
      Params: { id: string };
      Body: { tool: string; seenHash: string; by?: string; reason?: string };
    } & Says<'POST /v1/servers/:id/accept'>
  >('/v1/servers/:id/accept', { ...needs('tools.accept'), schema: { body: acceptBody } }, async (request) => {
    const { tool, seenHash, by = 'operator', reason = 'accepted' } = request.body;
    const done = await operations.accept({ server: request.params.id, tool, seenHash, by, reason });
    if (!done)
      throw new Problem(
        409,
        'changed',
        'the definition has changed since it was shown, or there is no such tool: look again',
      );
    return { accepted: true };
  });
  const order = { ...closed, type: ['object', 'null'], properties: { by: BY, reason: REASON } };
  app.post<
    { Params: { id: string }; Body: { by?: string; reason?: string } | null } & Says<'POST /v1/servers/:id/scan'>
  >(
    '/v1/servers/:id/scan',
    { ...needs('servers.write'), schema: { body: order } },
    async ({ params: { id }, body }) => {
      const { by = 'operator', reason = 'scan' } = body ?? {};
      const scanned = await operations.scan(id, { by, reason });
      if (scanned === null) throw new Problem(404, 'unknown-server', `there is no server "${id}"`);
      return scanned;
    },
  );
  // Whatever lies in the folder of policies is published by it.
  app.post<{ Body: { by?: string } | null } & Says<'POST /v1/reload'>>(
    '/v1/reload',
    { ...steppedUp('policies.publish'), schema: { body: order } },
    async (request) => operations.reload(request.body?.by ?? 'operator'),
  );
}

/** Stopping everything, and letting everything go again. */
function everything({ body, params }: FastifyRequest): Permission | null {
  const written = (params as { target?: string }).target ?? (body as LockBody).target;
  return targetOf(written).kind === 'all' ? 'locks.everything' : null;
}

export function targetOf(written: string): NonNullable<ReturnType<typeof parseTarget>> {
  const target = parseTarget(written);
  if (target === null) {
    throw new Problem(
      400,
      'invalid-target',
      `"${written}" is no target: use agent:<id>, owner:<id>, session:<id>, task:<id>, tool:<server>/<tool>, server:<id> or all`,
    );
  }
  return target;
}
