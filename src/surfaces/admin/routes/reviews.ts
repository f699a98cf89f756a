import type { FastifyInstance } from 'fastify';
import type { Directory } from '../../../identity/directory.ts';
import { type Decision, type Review, type ReviewItem, reviewersOf } from '../../../identity/registry/reviews/review.ts';
import type { NewReview, Reviews, Verdict } from '../../../identity/registry/reviews/reviews.ts';
import type { ReviewLine } from '../../../model/insight/estate.ts';
import type { Says } from '../contract/answers.ts';
import { BY, closed, needs, REASON, text } from '../schemas.ts';
import { FILTER } from './agents.ts';
import { newestFirst, PAGE, PAGED, type PageAsked, pageBy, pageOf } from './estate/page.ts';

type ById = { readonly Params: { readonly id: string } };

const WHO = { by: BY, reason: REASON };
const list = (maxItems: number) => ({ type: 'array', maxItems, items: text(200) });

/** Access reviews (requirements ID5). */
export function reviewRoutes(reviews: Reviews, directory: Directory): (app: FastifyInstance) => void {
  return (app) => {
    readRoutes(app, reviews, directory);
    app.post<{ Body: NewReview } & Says<'POST /v1/reviews'>>(
      '/v1/reviews',
      { ...needs('reviews.write'), schema: { body: CREATE } },
      async ({ body }, reply) => reply.code(201).send(await reviews.create(body)),
    );
    app.post<{ Params: { id: string; agent: string }; Body: Verdict } & Says<'POST /v1/reviews/:id/items/:agent'>>(
      '/v1/reviews/:id/items/:agent',
      // Whoever is a reviewer of the agent decides, and nobody else: that is checked with the decision.
      { config: { needs: 'self', changes: true }, schema: { body: DECIDE } },
      async ({ params, body }) => reviews.decide(params.id, params.agent, body),
    );
    const close = { ...closed, required: ['by', 'reason'], properties: WHO };
    app.post<ById & { Body: { by: string; reason: string } } & Says<'POST /v1/reviews/:id/close'>>(
      '/v1/reviews/:id/close',
      { ...needs('reviews.write'), schema: { body: close } },
      async ({ params, body }) => reviews.close(params.id, body),
    );
  };
}

interface ItemQuery extends PageAsked {
  readonly waiting?: boolean;
  readonly reviewer?: string;
  readonly outcome?: string;
  readonly q?: string;
}

function readRoutes(app: FastifyInstance, reviews: Reviews, directory: Directory): void {
  const orderOf = (review: Review): string => newestFirst(review.createdAtMs, review.id);
  app.get<{ Querystring: PageAsked } & Says<'GET /v1/reviews'>>(
    '/v1/reviews',
    { ...needs('read'), ...PAGED },
    async ({ query }) => {
      const { items, next } = pageBy(reviews.all(), orderOf, query);
      return { items: items.map((review) => ({ ...review, progress: reviews.tally(review.id) })), next };
    },
  );
  app.get<ById & Says<'GET /v1/reviews/:id'>>('/v1/reviews/:id', needs('read'), async ({ params: { id } }) => ({
    ...reviews.get(id),
    progress: reviews.tally(id),
  }));
  const properties = {
    ...PAGE,
    waiting: { type: 'boolean' },
    reviewer: text(200),
    outcome: { enum: ['certify', 'reduce', 'revoke', 'reassign', 'overdue', 'overdue-suspended'] },
    q: text(200),
  };
  app.get<ById & { Querystring: ItemQuery } & Says<'GET /v1/reviews/:id/items'>>(
    '/v1/reviews/:id/items',
    { ...needs('read'), schema: { querystring: { ...closed, properties } } },
    async ({ params: { id }, query: { q, outcome, cursor, limit, ...only } }) => {
      const review = reviews.get(id);
      const wanted = q?.toLowerCase() ?? '';
      const found = reviews
        .items(id, only)
        .filter((item) => outcome === undefined || item.decision?.outcome === outcome)
        .filter(
          ({ agent }) => wanted === '' || `${agent} ${directory.agent(agent)?.name}`.toLowerCase().includes(wanted),
        );
      const page = { ...(cursor === undefined ? {} : { cursor }), ...(limit === undefined ? {} : { limit }) };
      const { items, next } = pageOf(found, ({ agent }) => agent, page);
      return { items: items.map((item) => lineOf(review, item, directory)), next, total: found.length };
    },
  );
}

function lineOf(review: Review, { agent: id, decision }: ReviewItem, directory: Directory): ReviewLine<Decision> {
  const agent = directory.agent(id);
  return {
    agent: id,
    name: agent?.name ?? null,
    owner: agent?.owner ?? null,
    ownerName: agent === undefined ? null : (directory.person(agent.owner)?.name ?? null),
    purpose: agent?.purpose ?? null,
    riskTier: agent?.riskTier ?? null,
    state: agent?.state ?? null,
    servers: agent?.servers ?? null,
    scopes: agent?.scopes ?? null,
    groups: agent?.groups ?? [],
    expiresAtMs: agent?.expiresAtMs ?? null,
    origin: agent?.origin ?? null,
    reviewers: agent === undefined ? [] : reviewersOf(review, agent),
    decision,
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
