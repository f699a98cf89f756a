import type { FastifyInstance } from 'fastify';
import type { Says } from '../../contract/answers.ts';
import { BY, closed, REASON, text } from '../../schemas.ts';
import { FILES, MAX_BODY_BYTES, POLICY_PAGE } from './fields.ts';
import type { DraftOperations, NewDraft, SavedDraft } from './operations.ts';

type ById = { readonly Params: { readonly id: string } };

const REVISION = { type: 'integer', minimum: 1 };
const FIELDS = { title: text(200), files: FILES, base: text(64), by: BY };
const MAY_READ = { needs: 'read' } as const;
const MAY_DRAFT = { needs: 'policies.draft' } as const;

export function draftRoutes(app: FastifyInstance, drafts: DraftOperations): void {
  const querystring = {
    ...closed,
    properties: { ...POLICY_PAGE, state: { enum: ['open', 'published', 'discarded'] } },
  };
  app.get<{ Querystring: Parameters<typeof drafts.list>[0] } & Says<'GET /v1/policies/drafts'>>(
    '/v1/policies/drafts',
    { schema: { querystring }, config: MAY_READ },
    ({ query }) => drafts.list(query),
  );
  app.get<ById & Says<'GET /v1/policies/drafts/:id'>>('/v1/policies/drafts/:id', { config: MAY_READ }, ({ params }) =>
    drafts.get(params.id),
  );
  const create = { ...closed, required: ['title', 'by'], properties: FIELDS };
  app.post<{ Body: NewDraft } & Says<'POST /v1/policies/drafts'>>(
    '/v1/policies/drafts',
    { schema: { body: create }, config: MAY_DRAFT, bodyLimit: MAX_BODY_BYTES },
    async ({ body }, reply) => reply.code(201).send(await drafts.create(body)),
  );
  const save = { ...closed, required: ['revision', 'by'], properties: { ...FIELDS, revision: REVISION } };
  app.put<ById & { Body: SavedDraft } & Says<'PUT /v1/policies/drafts/:id'>>(
    '/v1/policies/drafts/:id',
    { schema: { body: save }, config: MAY_DRAFT, bodyLimit: MAX_BODY_BYTES },
    ({ params, body }) => drafts.save(params.id, body),
  );
  const discard = {
    ...closed,
    required: ['revision', 'by', 'reason'],
    properties: { revision: REVISION, by: BY, reason: REASON },
  };
  app.post<ById & { Body: Parameters<typeof drafts.discard>[1] } & Says<'POST /v1/policies/drafts/:id/discard'>>(
    '/v1/policies/drafts/:id/discard',
    { schema: { body: discard }, config: MAY_DRAFT },
    ({ params, body }) => drafts.discard(params.id, body),
  );
}
