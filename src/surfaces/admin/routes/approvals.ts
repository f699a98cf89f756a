import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Preview, Voted } from '../../../approvals/types.ts';
import type { Standing } from '../../../model/approval.ts';
import type { JsonObject } from '../../../model/json.ts';
import type { ApprovalFilter, ApprovalRow, ApprovalState } from '../../../ports/stores.ts';
import type { ApprovalRequest, Says } from '../contract/answers.ts';
import { Problem } from '../problem.ts';
import { BY, closed, needs, REASON, text } from '../schemas.ts';
import { cursorAt, placeIn } from './approvers/inbox.ts';
import { DEFAULT_LIMIT, newestFirst, PAGE, type PageAsked, pageBy } from './estate/page.ts';

interface Acting {
  readonly by: string;
  readonly reason: string;
}

/** What an operator can do with questions to people, and with what earlier answers let through. */
export interface ApprovalOperations {
  list(filter: ApprovalFilter & { readonly person?: string }): Promise<readonly ApprovalRow[]>;
  count(state: ApprovalState): Promise<number>;
  get(id: string): Promise<ApprovalRow | null>;
  /** Who could answer it now; empty: it is over, or nobody who could is there. */
  mayAnswer(row: ApprovalRow): readonly string[];
  /** What would be asked if the arguments were these. `null`: there is no such request. */
  preview(id: string, args: JsonObject): Promise<Preview | null>;
  /** In the words of whoever can open the socket: good where `operator` is proof enough. */
  answer(id: string, answer: Answering): Promise<Voted>;
  withdraw(id: string, who: Acting): Promise<boolean>;
  standing(): readonly Standing[];
  revokeStanding(id: string, who: Acting): Promise<boolean>;
}

export interface Answering {
  readonly state: 'approved' | 'denied';
  readonly by: string;
  readonly reason: string;
  /** Instead of the agent's. */
  readonly arguments?: JsonObject;
}

const STATES = ['pending', 'approved', 'denied', 'expired', 'withdrawn', 'consumed'];
const ACTING = { ...closed, required: ['by', 'reason'], properties: { by: BY, reason: REASON } };

export function approvalRoutes(operations: ApprovalOperations): (app: FastifyInstance) => void {
  return (app) => {
    readRoutes(app, operations);
    answerRoutes(app, operations);
    standingRoutes(app, operations);
  };
}

interface ListQuery extends PageAsked {
  readonly state?: ApprovalState;
  readonly agent?: string;
  readonly text?: string;
  readonly for?: string;
}

function readRoutes(app: FastifyInstance, operations: ApprovalOperations): void {
  const querystring = {
    ...closed,
    properties: {
      state: { enum: STATES },
      agent: text(200),
      text: text(200),
      for: text(200),
      ...PAGE,
    },
  };
  app.get<{ Querystring: ListQuery } & Says<'GET /v1/approvals'>>(
    '/v1/approvals',
    { ...needs('approvals.read'), schema: { querystring } },
    async (request) => {
      const { cursor, for: person, limit = DEFAULT_LIMIT, ...filter } = request.query;
      // The store looks in the sentence as well, which quotes arguments: to find by them is to learn them.
      if (filter.text !== undefined && !request.can('read.content'))
        throw new Problem(403, 'forbidden', 'text: this needs the permission read.content', { needs: 'read.content' });
      const found = await operations.list({
        ...{ ...filter, limit },
        ...(person === undefined ? {} : { person }),
        ...(cursor === undefined ? {} : { before: placeIn(cursor) }),
      });
      const last = found.length < limit ? undefined : found.at(-1);
      return {
        items: found.map((row) => visible(row, request)),
        next: last === undefined ? null : cursorAt(last),
      };
    },
  );
  app.get<{ Params: { id: string } } & Says<'GET /v1/approvals/:id'>>(
    '/v1/approvals/:id',
    needs('approvals.read'),
    async (request) => {
      const approval = await operations.get(request.params.id);
      if (approval === null) throw unknown(request.params.id);
      return { approval: visible(approval, request), mayAnswer: operations.mayAnswer(approval) };
    },
  );
}

function answerRoutes(app: FastifyInstance, operations: ApprovalOperations): void {
  const args = { type: 'object', additionalProperties: true };
  const body = {
    ...closed,
    required: ['state', 'by'],
    properties: {
      state: { enum: ['approved', 'denied'] },
      by: BY,
      reason: { type: 'string', maxLength: 2000 },
      arguments: args,
    },
  };
  app.post<
    { Params: { id: string }; Body: Omit<Answering, 'reason'> & { reason?: string } } & Says<'POST /v1/approvals/:id'>
  >(
    '/v1/approvals/:id',
    // People in a browser answer with their passkey, on the page of the request.
    { ...needs('socket'), schema: { body } },
    async (request) => {
      const voted = await operations.answer(request.params.id, { reason: '', ...request.body });
      if (voted.ok) return { answered: true, complete: voted.complete, state: voted.row.state };
      throw new Problem(voted.why === 'unknown' ? 404 : 409, codeOf(voted.why), voted.message);
    },
  );
  app.post<{ Params: { id: string }; Body: { arguments: JsonObject } } & Says<'POST /v1/approvals/:id/preview'>>(
    '/v1/approvals/:id/preview',
    { ...needs('socket'), schema: { body: { ...closed, required: ['arguments'], properties: { arguments: args } } } },
    async (request) => {
      const preview = await operations.preview(request.params.id, request.body.arguments);
      if (preview === null) throw unknown(request.params.id);
      if (!preview.ok) throw new Problem(409, 'proposal', preview.message);
      return preview;
    },
  );
  app.post<{ Params: { id: string }; Body: Acting } & Says<'POST /v1/approvals/:id/withdraw'>>(
    '/v1/approvals/:id/withdraw',
    { ...needs('approvals.withdraw'), schema: { body: ACTING } },
    async (request) => {
      if (await operations.withdraw(request.params.id, request.body)) return { withdrawn: true };
      throw new Problem(409, 'not-pending', 'this request is unknown, or over already');
    },
  );
}

function standingRoutes(app: FastifyInstance, operations: ApprovalOperations): void {
  const querystring = { ...closed, properties: { ...PAGE, signer: text(200) } };
  app.get<{ Querystring: PageAsked & { signer?: string } } & Says<'GET /v1/standing'>>(
    '/v1/standing',
    { ...needs('approvals.read'), schema: { querystring } },
    async ({ query: { signer, ...page }, can }) => {
      const found = operations.standing().filter(({ signers }) => signer === undefined || signers.includes(signer));
      const { items, next } = pageBy(found, ({ createdAtMs, id }) => newestFirst(createdAtMs, id), page);
      // What they are bound to are arguments of the call that was approved.
      return { items: can('read.content') ? items : items.map(({ fixed: _content, ...rest }) => rest), next };
    },
  );
  app.delete<{ Params: { id: string }; Querystring: Acting } & Says<'DELETE /v1/standing/:id'>>(
    '/v1/standing/:id',
    { ...needs('approvals.withdraw'), schema: { querystring: ACTING } },
    async (request) => {
      if (await operations.revokeStanding(request.params.id, request.query)) return { revoked: true };
      throw new Problem(404, 'not-standing', `there is no standing approval "${request.params.id}" in force`);
    },
  );
}

function unknown(id: string): Problem {
  return new Problem(404, 'unknown-approval', `there is no approval request "${id}"`);
}

function codeOf(why: Exclude<Voted, { ok: true }>['why']): string {
  return why === 'over' ? 'not-pending' : why;
}

/** What was asked stands in `request`, the same with its proof in `answers`: content, for whoever may see it. */
function visible(row: ApprovalRow, { can }: Pick<FastifyRequest, 'can'>): ApprovalRequest {
  if (can('socket')) return row;
  const { context: _never, ...shown } = row;
  if (can('read.content')) return shown;
  const { request: _content, proposal: _changed, answerReason: _why, answers, ...rest } = shown;
  const verdicts = answers.map(({ person, verdict, atMs }) => ({ person, verdict, atMs }));
  return { ...rest, answers: verdicts };
}
