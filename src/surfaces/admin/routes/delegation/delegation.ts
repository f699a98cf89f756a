import type { FastifyInstance } from 'fastify';
import type { DelegationDesk, NewConnection } from '../../../../identity/delegation/desk.ts';
import type { TaskRequest } from '../../../../identity/delegation/tasks.ts';
import type { Directory } from '../../../../identity/directory.ts';
import type { Connection } from '../../../../model/connection.ts';
import type { Task } from '../../../../model/task.ts';
import type { Says } from '../../contract/answers.ts';
import { Problem } from '../../problem.ts';
import { BY, closed, needs, REASON, text } from '../../schemas.ts';
import { newestFirst, PAGE, type PageAsked, pageAmong, pageBy } from '../estate/page.ts';

export interface DelegationParts {
  readonly desk: DelegationDesk;
  readonly directory: Directory;
}

interface Acting {
  readonly by: string;
  readonly reason: string;
}

const ACTING = { by: BY, reason: REASON } as const;
const acting = { ...closed, required: ['by', 'reason'], properties: ACTING } as const;
const ID = { type: 'string', pattern: '^[a-z][a-z0-9-]{0,63}$' } as const;
const SCOPE = '^(\\*|[a-z][a-z0-9-]{0,31}):(read|write|destructive|external|credential|all)$';
const count = { type: ['integer', 'null'], minimum: 1 } as const;
const CLASSES = ['public', 'internal', 'confidential', 'restricted'];

/** Connections between agents, and tasks: for the operator. */
export function delegationRoutes(parts: DelegationParts): (app: FastifyInstance) => void {
  return (app) => {
    connectionRoutes(app, parts);
    taskRoutes(app, parts);
  };
}

const CONNECTION = {
  ...closed,
  required: ['from', 'to', 'by', 'reason'],
  properties: {
    ...ACTING,
    id: ID,
    from: text(200),
    to: text(200),
    scopes: { type: ['array', 'null'], maxItems: 200, items: { type: 'string', pattern: SCOPE } },
    initiators: { type: 'array', minItems: 1, maxItems: 2, uniqueItems: true, items: { enum: ['user', 'machine'] } },
    maxDepth: { type: ['integer', 'null'], minimum: 2, maximum: 8 },
    requiresTask: { type: 'boolean' },
    hours: { type: ['array', 'null'], minItems: 2, maxItems: 2, items: { type: 'integer', minimum: 0, maximum: 23 } },
    notAfterMs: count,
  },
} as const;

function connectionRoutes(app: FastifyInstance, { desk, directory }: DelegationParts): void {
  const byId = ({ id }: Connection): string => id;
  app.get<{ Querystring: PageAsked & { agent?: string } } & Says<'GET /v1/connections'>>(
    '/v1/connections',
    // Of one agent: those it hands work on over, and those over which it takes it.
    { ...needs('read'), schema: { querystring: { ...closed, properties: { ...PAGE, agent: text(200) } } } },
    async ({ query: { agent, ...page } }) => {
      await directory.refresh();
      const all = [...directory.connections()];
      const of = agent === undefined ? all : all.filter(({ from, to }) => from === agent || to === agent);
      return pageBy(of, byId, page);
    },
  );
  app.get<{ Params: { id: string } } & Says<'GET /v1/connections/:id'>>(
    '/v1/connections/:id',
    needs('read'),
    async ({ params: { id } }) => {
      await directory.refresh();
      const connection = directory.connection(id);
      if (connection === undefined) throw new Problem(404, 'unknown', `there is no connection "${id}"`);
      return connection;
    },
  );
  app.post<
    { Body: Acting & Pick<NewConnection, 'from' | 'to'> & Partial<NewConnection> } & Says<'POST /v1/connections'>
  >(
    '/v1/connections',
    { ...needs('connections.write'), schema: { body: CONNECTION } },
    async ({ body: { by, reason, from, to, ...more } }) => {
      const connection: NewConnection = {
        ...{ id: more.id ?? null, from, to, scopes: more.scopes ?? null },
        ...{ initiators: more.initiators ?? ['user', 'machine'], maxDepth: more.maxDepth ?? null },
        ...{ requiresTask: more.requiresTask ?? false, hours: more.hours ?? null, notAfterMs: more.notAfterMs ?? null },
      };
      return desk.connect(connection, { by, reason });
    },
  );
  app.delete<{ Params: { id: string }; Querystring: Acting } & Says<'DELETE /v1/connections/:id'>>(
    '/v1/connections/:id',
    { ...needs('connections.write'), schema: { querystring: acting } },
    async ({ params, query }) => {
      await desk.disconnect(params.id, query);
      return { removed: true };
    },
  );
}

const TASK = {
  ...closed,
  required: ['agent', 'purpose', 'tools', 'by'],
  properties: {
    by: BY,
    /** Left out: the purpose says it. */
    reason: REASON,
    agent: text(200),
    purpose: text(500),
    tools: { type: 'array', minItems: 1, maxItems: 200, items: text(300) },
    dataClasses: { type: ['array', 'null'], items: { enum: CLASSES } },
    maxCalls: count,
    maxAmount: { type: ['integer', 'null'], minimum: 0 },
    notAfterMs: count,
  },
} as const;

function taskRoutes(app: FastifyInstance, { desk, directory }: DelegationParts): void {
  const orderOf = ({ createdAtMs, id }: Task): string => newestFirst(createdAtMs, id);
  const filter = { agent: text(200), state: { enum: ['open', 'closed'] } };
  app.get<{ Querystring: PageAsked & { agent?: string; state?: Task['state'] } } & Says<'GET /v1/tasks'>>(
    '/v1/tasks',
    { ...needs('read'), schema: { querystring: { ...closed, properties: { ...PAGE, ...filter } } } },
    async ({ query: { agent, state, ...page } }) => {
      await directory.refresh();
      const found = [...directory.tasks()].filter(
        (task) => (agent === undefined || task.agent === agent) && (state === undefined || task.state === state),
      );
      return pageAmong(found, orderOf, page);
    },
  );
  app.get<{ Params: { id: string } } & Says<'GET /v1/tasks/:id'>>(
    '/v1/tasks/:id',
    needs('read'),
    async ({ params: { id } }) => {
      await directory.refresh();
      const task = directory.task(id);
      if (task === undefined) throw new Problem(404, 'unknown', `there is no task "${id}"`);
      return { ...task, parts: [...directory.tasks()].filter(({ parent }) => parent === id).map((part) => part.id) };
    },
  );
  app.post<
    {
      Body: Partial<TaskRequest> &
        Pick<TaskRequest, 'purpose' | 'tools'> & { agent: string; by: string; reason?: string };
    } & Says<'POST /v1/tasks'>
  >(
    '/v1/tasks',
    { ...needs('connections.write'), schema: { body: TASK } },
    async ({ body: { agent, by, purpose, tools, reason = purpose, ...more } }) => {
      const terms: TaskRequest = {
        ...{ purpose, tools, dataClasses: more.dataClasses ?? null, maxCalls: more.maxCalls ?? null },
        ...{ maxAmount: more.maxAmount ?? null, notAfterMs: more.notAfterMs ?? null },
      };
      return desk.createTask(agent, terms, { by, reason });
    },
  );
  app.post<{ Params: { id: string }; Body: Acting } & Says<'POST /v1/tasks/:id/close'>>(
    '/v1/tasks/:id/close',
    { ...needs('connections.write'), schema: { body: acting } },
    async ({ params, body }) => desk.closeTask(params.id, body),
  );
}
