import type { FastifyInstance } from 'fastify';
import type { NoticeRow } from '../../ports/stores.ts';
import type { Says } from './contract/answers.ts';
import { Problem } from './problem.ts';
import { oldestFirst, PAGED, type PageAsked, pageBy } from './routes/estate/page.ts';
import { BY, closed, needs, text } from './schemas.ts';

export type TestChannel = 'email' | 'slack' | 'web-push' | 'webhook';

export interface TestOrder {
  readonly channel: TestChannel;
  /** Id of a person; `null`: the place the channel is configured for. */
  readonly to: string | null;
}

/** One message about a request, and what became of it. */
export interface Notice extends Omit<NoticeRow, 'ticket'> {
  /** Whether it carries a link that is good once. */
  readonly hasLink: boolean;
}

export type Tested =
  | { readonly ok: true; readonly place: string | null }
  /** In words for the operator. */
  | { readonly ok: false; readonly why: string };

/** Messages about requests: what became of them, and whether a channel works. */
export interface NoticeOperations {
  /** Those about one request, and those sent in place of many for the same people. */
  of(approval: string): Promise<readonly NoticeRow[]>;
  test(order: TestOrder): Promise<Tested>;
}

/** `record`: who sent somebody a test message; before it is sent. */
export function noticeRoutes(
  operations: NoticeOperations,
  record: (act: { by: string; order: TestOrder }) => Promise<unknown>,
): (app: FastifyInstance) => void {
  return (app) => {
    app.get<{ Params: { id: string }; Querystring: PageAsked } & Says<'GET /v1/approvals/:id/notices'>>(
      '/v1/approvals/:id/notices',
      { ...needs('approvals.read'), ...PAGED },
      async ({ params, query }) => {
        const all = (await operations.of(params.id)).map(visible);
        return pageBy(all, ({ createdAtMs, id }) => oldestFirst(createdAtMs, id), query);
      },
    );
    const body = {
      ...closed,
      required: ['channel', 'by'],
      properties: { channel: { enum: ['email', 'slack', 'web-push', 'webhook'] }, to: text(200), by: BY },
    };
    app.post<{ Body: { channel: TestChannel; to?: string; by: string } } & Says<'POST /v1/notices/test'>>(
      '/v1/notices/test',
      { ...needs('people.write'), schema: { body } },
      async (request) => {
        const { channel, to = null, by } = request.body;
        await record({ by, order: { channel, to } });
        const tested = await operations.test({ channel, to });
        if (!tested.ok) throw new Problem(409, 'not-delivered', tested.why);
        return { delivered: true, place: tested.place };
      },
    );
  };
}

/** The hash of a link is nobody's business; that there was one is. */
function visible({ ticket, ...notice }: NoticeRow): Notice {
  return { ...notice, hasLink: ticket !== null };
}
