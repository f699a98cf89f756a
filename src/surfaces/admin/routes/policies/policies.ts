import type { FastifyInstance } from 'fastify';
import type { PolicyFile, TriedRequest } from '../../../../model/insight/policies.ts';
import type { Says } from '../../contract/answers.ts';
import { Problem } from '../../problem.ts';
import { BY, closed, REASON, text } from '../../schemas.ts';
import { draftRoutes } from './drafts.ts';
import { FILES, MAX_BODY_BYTES } from './fields.ts';
import type { PolicyOperations } from './operations.ts';
import { publishRoutes } from './publish.ts';

/** Policies: what is in force, trying out, drafts, publishing, history. */
export function policyRoutes(operations: PolicyOperations): (app: FastifyInstance) => void {
  return (app) => {
    readRoutes(app, operations);
    tryRoutes(app, operations);
    replayRoutes(app, operations);
    shadowRoutes(app, operations);
    draftRoutes(app, operations.drafts);
    publishRoutes(app, operations.publishing);
  };
}

const MAY_READ = { needs: 'read' } as const;
const MAY_DRAFT = { needs: 'policies.draft' } as const;

function readRoutes(app: FastifyInstance, operations: PolicyOperations): void {
  app.get<Says<'GET /v1/policies'>>('/v1/policies', { config: MAY_READ }, () => operations.inForce());
  const querystring = { ...closed, properties: { search: { type: 'string', maxLength: 200 } } };
  app.get<{ Querystring: { search?: string } } & Says<'GET /v1/policies/schema'>>(
    '/v1/policies/schema',
    { schema: { querystring }, config: MAY_READ },
    async ({ query }) => operations.vocabulary(query.search ?? ''),
  );
}

function tryRoutes(app: FastifyInstance, operations: PolicyOperations): void {
  const check = { ...closed, required: ['files'], properties: { files: FILES } };
  app.post<{ Body: { files: PolicyFile[] } } & Says<'POST /v1/policies/check'>>(
    '/v1/policies/check',
    { schema: { body: check }, config: MAY_DRAFT, bodyLimit: MAX_BODY_BYTES },
    ({ body }) => operations.check(body.files),
  );
  const request = {
    ...closed,
    required: ['agent', 'server', 'tool', 'args'],
    properties: {
      agent: text(200),
      subject: { type: ['string', 'null'], maxLength: 200 },
      server: text(200),
      tool: text(2048),
      args: { type: 'object' },
    },
  };
  const tried = { ...closed, required: ['request'], properties: { files: FILES, request } };
  app.post<{ Body: { files?: PolicyFile[]; request: TriedRequest } } & Says<'POST /v1/policies/try'>>(
    '/v1/policies/try',
    { schema: { body: tried }, config: MAY_DRAFT, bodyLimit: MAX_BODY_BYTES },
    ({ body }) => operations.try(body.request, body.files ?? null),
  );
}

function replayRoutes(app: FastifyInstance, { replays }: PolicyOperations): void {
  const properties = {
    files: FILES,
    days: { type: 'integer', minimum: 1, maximum: 365 },
    maxCalls: { type: 'integer', minimum: 1, maximum: 10_000_000 },
    by: BY,
  };
  const body = { ...closed, required: ['files', 'days', 'by'], properties };
  app.post<{ Body: Parameters<typeof replays.start>[0] } & Says<'POST /v1/policies/replays'>>(
    '/v1/policies/replays',
    { schema: { body }, config: MAY_DRAFT, bodyLimit: MAX_BODY_BYTES },
    async (request, reply) => reply.code(202).send(await replays.start(request.body)),
  );
  app.get<{ Params: { id: string } } & Says<'GET /v1/policies/replays/:id'>>(
    '/v1/policies/replays/:id',
    { config: MAY_DRAFT },
    async ({ params }) => {
      const replay = replays.get(params.id);
      if (replay === null) throw new Problem(404, 'unknown-replay', 'there is no such replay, or it was forgotten');
      return replay;
    },
  );
  app.delete<{ Params: { id: string } } & Says<'DELETE /v1/policies/replays/:id'>>(
    '/v1/policies/replays/:id',
    { config: MAY_DRAFT },
    async ({ params }) => {
      if (!replays.cancel(params.id))
        throw new Problem(404, 'unknown-replay', 'there is no such replay, or it was forgotten');
      return { cancelled: true };
    },
  );
}

function shadowRoutes(app: FastifyInstance, { shadow }: PolicyOperations): void {
  const order = { by: BY, reason: REASON };
  const body = { ...closed, required: ['draft', 'by', 'reason'], properties: { draft: text(100), ...order } };
  app.post<{ Body: Parameters<typeof shadow.begin>[0] } & Says<'POST /v1/policies/shadow'>>(
    '/v1/policies/shadow',
    { schema: { body }, config: MAY_DRAFT },
    (request) => shadow.begin(request.body),
  );
  const querystring = { ...closed, required: ['by', 'reason'], properties: order };
  app.delete<{ Querystring: Parameters<typeof shadow.end>[0] } & Says<'DELETE /v1/policies/shadow'>>(
    '/v1/policies/shadow',
    { schema: { querystring }, config: MAY_DRAFT },
    async ({ query }) => {
      if (!(await shadow.end(query))) throw new Problem(404, 'no-shadow', 'no draft is evaluated beside the policies');
      return { ended: true };
    },
  );
}
