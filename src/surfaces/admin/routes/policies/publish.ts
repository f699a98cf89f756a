import type { FastifyInstance } from 'fastify';
import type { Says } from '../../contract/answers.ts';
import { Problem } from '../../problem.ts';
import { BY, closed, REASON, text } from '../../schemas.ts';
import { POLICY_PAGE } from './fields.ts';
import type { Asked, PublishOperations } from './operations.ts';

const MAY_READ = { needs: 'read' } as const;
const MAY_PUBLISH = { needs: 'policies.publish', stepUp: true } as const;

export function publishRoutes(app: FastifyInstance, publishing: PublishOperations): void {
  const order = { by: BY, reason: REASON };
  const publish = {
    ...closed,
    required: ['draft', 'revision', 'base', 'by', 'reason'],
    properties: { draft: text(100), revision: { type: 'integer', minimum: 1 }, base: text(64), ...order },
  };
  app.post<{ Body: Parameters<typeof publishing.publish>[0] } & Says<'POST /v1/policies/publish'>>(
    '/v1/policies/publish',
    { schema: { body: publish }, config: MAY_PUBLISH },
    ({ body }) => publishing.publish(body),
  );
  const rollback = {
    ...closed,
    required: ['version', 'by', 'reason'],
    properties: { version: text(64), base: text(64), ...order },
  };
  app.post<{ Body: Parameters<typeof publishing.rollback>[0] } & Says<'POST /v1/policies/rollback'>>(
    '/v1/policies/rollback',
    { schema: { body: rollback }, config: MAY_PUBLISH },
    ({ body }) => publishing.rollback(body),
  );
  app.get<{ Querystring: Asked } & Says<'GET /v1/policies/versions'>>(
    '/v1/policies/versions',
    { schema: { querystring: { ...closed, properties: POLICY_PAGE } }, config: MAY_READ },
    ({ query }) => publishing.versions(query),
  );
  app.get<{ Params: { version: string } } & Says<'GET /v1/policies/versions/:version'>>(
    '/v1/policies/versions/:version',
    { config: MAY_READ },
    async ({ params }) => {
      const version = await publishing.version(params.version);
      if (version === null) throw new Problem(404, 'unknown-version', `${params.version} never was in force`);
      return version;
    },
  );
}
