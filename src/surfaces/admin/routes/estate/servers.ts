import type { FastifyInstance } from 'fastify';
import type { ServerLine, ServerView, ToolLine, ToolView } from '../../../../model/insight/estate.ts';
import type { Says } from '../../contract/answers.ts';
import { Problem } from '../../problem.ts';
import { closed, needs, text } from '../../schemas.ts';
import { PAGE, PAGED, type PageAsked, pageBy, pageOf, sortedBy } from './page.ts';

export interface ToolFilter {
  readonly server?: string;
  readonly state?: ToolLine['state'];
  readonly effect?: ToolLine['effect'];
  /** In the name or the title, without case. */
  readonly q?: string;
}

/** What somebody who looks after servers looks at. */
export interface ServerReading {
  /** `content`: with what may hold secrets or what others wrote. */
  lines(content: boolean): readonly ServerLine[];
  server(id: string, content: boolean): ServerView | null;
  tools(filter: ToolFilter): readonly ToolLine[];
  tool(server: string, tool: string): ToolView | null;
}

/** GET /v1/servers/lines, /v1/servers/:id, /v1/tools, /v1/servers/:id/tools/:tool */
export function serverReadRoutes(reading: ServerReading): (app: FastifyInstance) => void {
  return (app) => {
    app.get<{ Querystring: PageAsked } & Says<'GET /v1/servers/lines'>>(
      '/v1/servers/lines',
      { ...needs('read'), ...PAGED },
      async ({ query, can }) => pageBy(reading.lines(can('read.content')), ({ id }) => id, query),
    );
    app.get<{ Params: { id: string } } & Says<'GET /v1/servers/:id'>>(
      '/v1/servers/:id',
      needs('read'),
      async (request) => {
        const server = reading.server(request.params.id, request.can('read.content'));
        if (server === null) throw new Problem(404, 'unknown-server', `there is no server "${request.params.id}"`);
        return server;
      },
    );
    const querystring = {
      ...closed,
      properties: {
        ...PAGE,
        server: text(64),
        state: { enum: ['pinned', 'quarantined'] },
        effect: { enum: ['read', 'write', 'destructive', 'external', 'credential'] },
        q: text(200),
      },
    };
    app.get<{ Querystring: ToolFilter & PageAsked } & Says<'GET /v1/tools'>>(
      '/v1/tools',
      { ...needs('read'), schema: { querystring } },
      async ({ query: { cursor, limit, ...filter } }) => {
        const all = sortedBy(reading.tools(filter), orderOf);
        const page = { ...(cursor === undefined ? {} : { cursor }), ...(limit === undefined ? {} : { limit }) };
        return { ...pageOf(all, orderOf, page), total: all.length };
      },
    );
    app.get<{ Params: { id: string; tool: string } } & Says<'GET /v1/servers/:id/tools/:tool'>>(
      '/v1/servers/:id/tools/:tool',
      needs('read'),
      async ({ params: { id, tool } }) => {
        const view = reading.tool(id, tool);
        if (view === null) throw new Problem(404, 'unknown-tool', `the server "${id}" never showed a tool "${tool}"`);
        return view;
      },
    );
  };
}

/** What waits for somebody comes first. */
function orderOf({ state, server, tool }: ToolLine): string {
  return `${state === 'quarantined' ? 0 : 1} ${server} ${tool}`;
}
