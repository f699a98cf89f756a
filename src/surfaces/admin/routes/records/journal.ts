import type { FastifyInstance } from 'fastify';
import type { Says } from '../../contract/answers.ts';
import { Problem } from '../../problem.ts';
import { closed, needs } from '../../schemas.ts';
import { PAGE, type PageAsked } from '../estate/page.ts';
import type { RecordOperations } from './operations.ts';
import { SEQ } from './search.ts';

interface Part {
  readonly from?: number;
  readonly to?: number;
}

/** The journal itself: what it is made of, its bytes and signed checkpoints for whoever checks it by themself, and checking it here. */
export function journalRoutes(app: FastifyInstance, operations: RecordOperations): void {
  app.get<Says<'GET /v1/journal'>>('/v1/journal', needs('read'), async () => operations.journal());
  segmentRoute(app, operations);
  const limit = { type: 'integer', minimum: 1, maximum: 5_000 };
  app.get<{ Querystring: PageAsked & { segment?: number } } & Says<'GET /v1/journal/checkpoints'>>(
    '/v1/journal/checkpoints',
    {
      ...needs('read'),
      schema: { querystring: { ...closed, properties: { segment: SEQ, ...PAGE, limit } } },
    },
    async ({ query: { limit: most = 1_000, ...from } }) => operations.checkpoints({ ...from, limit: most }),
  );
  app.get<Says<'GET /v1/journal/verification'>>('/v1/journal/verification', needs('read'), async () =>
    operations.verification(),
  );
  app.post<Says<'POST /v1/journal/verification'>>(
    '/v1/journal/verification',
    needs('read.content'),
    async (_request, reply) => reply.code(202).send(operations.verify()),
  );
}

function segmentRoute(app: FastifyInstance, operations: RecordOperations): void {
  const params = { ...closed, required: ['first'], properties: { first: SEQ } };
  const querystring = { ...closed, properties: { from: SEQ, to: SEQ } };
  app.get<{ Params: { first: number }; Querystring: Part }>(
    '/v1/journal/segments/:first',
    { ...needs('read.content'), schema: { params, querystring } },
    async (request, reply) => {
      const { first } = request.params;
      const byHeader = rangeOf(request.headers.range);
      const { from = 0, to = null } = byHeader ?? request.query;
      const part = await operations.segment(first, { from, to });
      if (part === null) throw new Problem(404, 'not-found', `no segment begins with record ${first}, or not any more`);
      void reply.type('application/x-ndjson').header('cache-control', 'no-store').header('accept-ranges', 'bytes');
      if (part.from > part.to || (part.from === part.sizeBytes && byHeader !== null))
        throw new Problem(416, 'beyond-the-end', `the segment has ${part.sizeBytes} bytes so far`);
      void reply.header('content-length', part.to - part.from);
      if (byHeader !== null)
        void reply.code(206).header('content-range', `bytes ${part.from}-${part.to - 1}/${part.sizeBytes}`);
      return reply.send(part.bytes());
    },
  );
}

/** `bytes=a-b` and `bytes=a-`; anything else is answered with the whole (RFC 9110 section 14.2). */
function rangeOf(header: string | undefined): { readonly from: number; readonly to: number | null } | null {
  const [, from, last] = /^bytes=(\d{1,15})-(\d{1,15})?$/.exec(header ?? '') ?? [];
  if (from === undefined) return null;
  return { from: Number(from), to: last === undefined ? null : Number(last) + 1 };
}
