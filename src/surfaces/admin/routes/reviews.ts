import type { FastifyInstance } from 'fastify';
import type { NewReview, Reviews, Verdict } from '../../../identity/registry/reviews/reviews.ts';
import { BY, closed, needs, REASON, text } from '../schemas.ts';
import { FILTER } from './agents.ts';

type ById = { readonly Params: { readonly id: string } };

const WHO = { by: BY, reason: REASON };
const list = (maxItems: number) => ({ type: 'array', maxItems, items: text(200) });

/** Access reviews (requirements ID5). */
export function reviewRoutes(reviews: Reviews): (app: FastifyInstance) => void {
  return (app) => {
    app.get('/v1/reviews', needs('read'), async () => ({
      reviews: reviews
        .all()
        .map((review) => ({ ...review, waiting: reviews.items(review.id, { waiting: true }).length })),
    }));
    app.post<{ Body: NewReview }>(
      '/v1/reviews',
      { ...needs('reviews.write'), schema: { body: CREATE } },
      async ({ body }, reply) => reply.code(201).send(await reviews.create(body)),
    );
    const properties = { waiting: { type: 'boolean' }, reviewer: text(200) };
    app.get<ById & { Querystring: { waiting?: boolean; reviewer?: string } }>(
      '/v1/reviews/:id',
      { ...needs('read'), schema: { querystring: { ...closed, properties } } },
      async ({ params, query }) => ({ review: reviews.get(params.id), items: reviews.items(params.id, query) }),
    );
    app.post<{ Params: { id: string; agent: string }; Body: Verdict }>(
      '/v1/reviews/:id/items/:agent',
      // Whoever is a reviewer of the agent decides, and nobody else: that is checked with the decision.
      { ...needs('self'), schema: { body: DECIDE } },
      async ({ params, body }) => reviews.decide(params.id, params.agent, body),
    );
    const close = { ...closed, required: ['by', 'reason'], properties: WHO };
    app.post<ById & { Body: { by: string; reason: string } }>(
      '/v1/reviews/:id/close',
      { ...needs('reviews.write'), schema: { body: close } },
      async ({ params, body }) => reviews.close(params.id, body),
    );
  };
}

const CREATE = {
  ...closed,
  required: ['by', 'reason', 'name', 'dueAtMs', 'filter'],
  properties: {
    ...WHO,
    name: text(200),
    dueAtMs: { type: 'integer', minimum: 1 },
    filter: { ...closed, properties: FILTER },
    reviewers: { ...list(100), minItems: 1 },
    excludeRequester: { type: 'boolean' },
    overdue: { enum: ['none', 'suspend'] },
    remindDays: { type: 'array', maxItems: 10, items: { type: 'integer', minimum: 0, maximum: 365 } },
  },
};

const DECIDE = {
  ...closed,
  required: ['by', 'reason', 'outcome'],
  properties: {
    ...WHO,
    outcome: { enum: ['certify', 'reduce', 'revoke', 'reassign'] },
    scopes: list(200),
    servers: list(500),
    to: text(200),
  },
};
