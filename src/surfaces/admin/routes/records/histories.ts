import type { FastifyInstance } from 'fastify';
import type { SessionFilter } from '../../../../audit/index/ask/sessions.ts';
import type { Says } from '../../contract/answers.ts';
import { Problem } from '../../problem.ts';
import { closed, needs, text } from '../../schemas.ts';
import { PAGE, type PageAsked } from '../estate/page.ts';
import type { RecordOperations } from './operations.ts';
import { LIMIT, RECORD_FILTER } from './search.ts';

const MAX_HOURS = 24 * 31;
const DEFAULT_HOURS = 24 * 7;
const { agent, person, fromMs, toMs } = RECORD_FILTER;

/** Sessions, transactions, single calls, and what an agent did hour by hour. */
export function historyRoutes(app: FastifyInstance, operations: RecordOperations): void {
  const paged = { ...PAGE, limit: LIMIT };
  const list = { ...closed, properties: { agent, person, fromMs, toMs, ...paged } };
  app.get<{ Querystring: SessionFilter } & Says<'GET /v1/sessions/history'>>(
    '/v1/sessions/history',
    { ...needs('read'), schema: { querystring: list } },
    async ({ query }) => operations.sessions(query),
  );
  const page = { ...closed, properties: paged };
  for (const [path, of] of [
    ['/v1/sessions/history/:id', 'session'],
    ['/v1/transactions/:id', 'txn'],
  ] as const) {
    app.get<Says<'GET /v1/transactions/:id'> & { Params: { id: string }; Querystring: PageAsked }>(
      path,
      { ...needs('read'), schema: { querystring: page } },
      async (request) => {
        const { id } = request.params;
        const question = { of, id, ...request.query, withContent: request.can('read.content') };
        const view = await operations.history(question);
        if (view === null) throw new Problem(404, 'not-found', `no call of ${id} is on record, or not any more`);
        return view;
      },
    );
  }
  app.get<{ Params: { call: string } } & Says<'GET /v1/calls/:call'>>(
    '/v1/calls/:call',
    needs('read'),
    async (request) => {
      const view = await operations.call(request.params.call, request.can('read.content'));
      if (view === null) throw new Problem(404, 'not-found', 'this call is not on record, or not any more');
      return view;
    },
  );
  const hours = { type: 'integer', minimum: 1, maximum: MAX_HOURS };
  app.get<{ Params: { id: string }; Querystring: { hours?: number } } & Says<'GET /v1/agents/:id/activity'>>(
    '/v1/agents/:id/activity',
    {
      ...needs('read'),
      schema: {
        params: { ...closed, required: ['id'], properties: { id: text(256) } },
        querystring: { ...closed, properties: { hours } },
      },
    },
    async ({ params, query }) => operations.activity(params.id, query.hours ?? DEFAULT_HOURS),
  );
}
