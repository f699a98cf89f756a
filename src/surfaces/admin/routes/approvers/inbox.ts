import type { Receipt } from '../../../../audit/journal.ts';
import type { ApprovalLine, ApprovalView } from '../../../../model/insight/approvals.ts';
import type { Page } from '../../../../model/insight/page.ts';
import type { ApprovalFilter, ApprovalState } from '../../../../ports/stores.ts';
import type { Says } from '../../contract/answers.ts';
import { Problem } from '../../problem.ts';
import { closed, needs, text } from '../../schemas.ts';
import type { AdminRoutes } from '../../server.ts';
import { cursorOf, DEFAULT_LIMIT, keyIn, noCursor, PAGE, type PageAsked } from '../estate/page.ts';

/** Who looks, and whether they may see what calls say wherever they are not asked themselves. */
export interface Looking {
  readonly person: string | null;
  readonly content: boolean;
}

export interface InboxQuery {
  readonly of: 'mine' | 'pending' | 'history';
  readonly state?: ApprovalState;
  readonly agent?: string;
  readonly text?: string;
  readonly before?: NonNullable<ApprovalFilter['before']>;
  readonly limit: number;
}

/** Questions to people as the console shows them. Made in `start/`; the routes only translate. */
export interface InboxOperations {
  list(query: InboxQuery, by: Looking): Promise<Page<ApprovalLine>>;
  view(id: string, by: Looking): Promise<ApprovalView | null>;
  /** `null`: there is no such request, or no proof of it here yet. */
  receipt(id: string): Promise<Receipt | null>;
}

interface ListQuery extends Omit<InboxQuery, 'before' | 'limit'>, PageAsked {
  readonly for?: string;
}

interface ById {
  Params: { id: string };
}

export function inboxRoutes(operations: InboxOperations): AdminRoutes {
  const querystring = {
    ...closed,
    required: ['of'],
    properties: {
      of: { enum: ['mine', 'pending', 'history'] },
      state: { enum: ['approved', 'denied', 'expired', 'withdrawn', 'consumed'] },
      agent: text(200),
      text: text(200),
      for: text(200),
      ...PAGE,
      limit: { type: 'integer', minimum: 1, maximum: 500 },
    },
  };
  return (app) => {
    app.get<{ Querystring: ListQuery } & Says<'GET /v1/approvals/inbox'>>(
      '/v1/approvals/inbox',
      { ...needs('approvals.read'), schema: { querystring } },
      async ({ query: { cursor, for: named, limit = DEFAULT_LIMIT, ...query }, person, can }) => {
        // Whose inbox it is, is who is signed in; over the socket, whoever is named.
        const who = person?.id ?? named ?? null;
        if (query.of === 'mine' && who === null) throw new Problem(400, 'invalid-request', 'for: say whose');
        const before = cursor === undefined ? {} : { before: placeIn(cursor) };
        return operations.list({ ...query, ...before, limit }, { person: who, content: can('read.content') });
      },
    );
    app.get<ById & Says<'GET /v1/approvals/:id/view'>>(
      '/v1/approvals/:id/view',
      needs('approvals.read'),
      async ({ params, person, can }) => {
        const view = await operations.view(params.id, { person: person?.id ?? null, content: can('read.content') });
        if (view !== null) return view;
        throw new Problem(404, 'unknown-approval', `there is no approval request "${params.id}"`);
      },
    );
    app.get<ById & Says<'GET /v1/approvals/:id/receipt'>>(
      '/v1/approvals/:id/receipt',
      needs('read.content'),
      async ({ params }, reply) => {
        const proof = await operations.receipt(params.id);
        if (proof === null)
          throw new Problem(
            404,
            'no-receipt',
            'there is no proof of it here yet: a signed checkpoint must cover its record, in the journal of this gateway',
          );
        reply.header('content-disposition', 'attachment; filename="approval.receipt"');
        return proof;
      },
    );
  };
}

/** The place after a request, in any list of them by age. */
export function cursorAt({ requestedAtMs, id }: NonNullable<ApprovalFilter['before']>): string {
  return cursorOf(`${requestedAtMs} ${id}`);
}

export function placeIn(cursor: string): NonNullable<ApprovalFilter['before']> {
  const match = /^(\d{1,15}) ([\w-]{1,80})$/.exec(keyIn(cursor));
  if (match === null) throw noCursor();
  return { requestedAtMs: Number(match[1]), id: match[2] as string };
}
