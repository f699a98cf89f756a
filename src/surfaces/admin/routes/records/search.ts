import type { FastifyInstance } from 'fastify';
import type { RecordQuery } from '../../../../model/insight/records.ts';
import type { Says } from '../../contract/answers.ts';
import { Problem } from '../../problem.ts';
import { closed, needs, text } from '../../schemas.ts';
import { PAGE } from '../estate/page.ts';
import { exportRoute } from './export.ts';
import type { RecordOperations } from './operations.ts';

const TIME = { type: 'integer', minimum: 0, maximum: 8_640_000_000_000_000 } as const;

/** The filters of records: the same for the list and for the export. */
export const RECORD_FILTER = {
  q: text(500),
  type: { enum: ['intent', 'refusal', 'outcome', 'admin'] },
  effect: { enum: ['permit', 'ask', 'deny'] },
  agent: text(256),
  person: text(256),
  session: text(512),
  call: text(64),
  server: text(64),
  tool: text(2048),
  act: text(100),
  txn: text(256),
  fromMs: TIME,
  toMs: TIME,
} as const;

export const SEQ = { type: 'integer', minimum: 0, maximum: Number.MAX_SAFE_INTEGER } as const;
export const LIMIT = { type: 'integer', minimum: 1, maximum: 200 } as const;
const BY_SEQ = { ...closed, required: ['seq'], properties: { seq: SEQ } } as const;

/** GET /v1/records, /v1/records/:seq, /v1/records/:seq/receipt, /v1/records/export, /v1/index. */
export function searchRoutes(app: FastifyInstance, operations: RecordOperations): void {
  const querystring = { ...closed, properties: { ...RECORD_FILTER, ...PAGE, limit: LIMIT } };
  app.get<Says<'GET /v1/index'>>('/v1/index', needs('read'), async () => operations.status());
  app.get<{ Querystring: RecordQuery } & Says<'GET /v1/records'>>(
    '/v1/records',
    { ...needs('read'), schema: { querystring } },
    async (request) => operations.search({ query: request.query, withContent: request.can('read.content') }),
  );
  exportRoute(app, operations);
  app.get<{ Params: { seq: number } } & Says<'GET /v1/records/:seq'>>(
    '/v1/records/:seq',
    { ...needs('read'), schema: { params: BY_SEQ } },
    async (request) => {
      const { seq } = request.params;
      const record = await operations.record(seq, request.can('read.content'));
      if (record === null) throw new Problem(404, 'not-found', `record ${seq} is not in the journal, or not any more`);
      return record;
    },
  );
  app.get<{ Params: { seq: number } } & Says<'GET /v1/records/:seq/receipt'>>(
    '/v1/records/:seq/receipt',
    { ...needs('read.content'), schema: { params: BY_SEQ } },
    async (request) => operations.receipt(request.params.seq),
  );
}
