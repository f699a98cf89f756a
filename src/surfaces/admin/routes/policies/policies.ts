import type { FastifyInstance } from 'fastify';
import type { PolicyFile, TriedRequest } from '../../../../model/insight/policies.ts';
import { closed, text } from '../../schemas.ts';
import { draftRoutes } from './drafts.ts';
import { FILES, MAX_BODY_BYTES } from './fields.ts';
import type { PolicyOperations } from './operations.ts';
import { publishRoutes } from './publish.ts';

/** Policies: what is in force, trying out, drafts, publishing, history. */
export function policyRoutes(operations: PolicyOperations): (app: FastifyInstance) => void {
  return (app) => {
    readRoutes(app, operations);
    tryRoutes(app, operations);
    draftRoutes(app, operations.drafts);
    publishRoutes(app, operations.publishing);
  };
}

const MAY_READ = { needs: 'read' } as const;
const MAY_DRAFT = { needs: 'policies.draft' } as const;

function readRoutes(app: FastifyInstance, operations: PolicyOperations): void {
  app.get('/v1/policies', { config: MAY_READ }, () => operations.inForce());
  const querystring = { ...closed, properties: { search: { type: 'string', maxLength: 200 } } };
  app.get<{ Querystring: { search?: string } }>(
    '/v1/policies/schema',
    { schema: { querystring }, config: MAY_READ },
    async ({ query }) => operations.vocabulary(query.search ?? ''),
  );
}

function tryRoutes(app: FastifyInstance, operations: PolicyOperations): void {
  const check = { ...closed, required: ['files'], properties: { files: FILES } };
  app.post<{ Body: { files: PolicyFile[] } }>(
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
  app.post<{ Body: { files?: PolicyFile[]; request: TriedRequest } }>(
    '/v1/policies/try',
    { schema: { body: tried }, config: MAY_DRAFT, bodyLimit: MAX_BODY_BYTES },
    ({ body }) => operations.try(body.request, body.files ?? null),
  );
}
