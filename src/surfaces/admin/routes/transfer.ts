import type { FastifyInstance } from 'fastify';
import { type AgentFilter, AgentList } from '../../../identity/registry/many.ts';
import type { Registry } from '../../../identity/registry/registry.ts';
import { importAgents, type Progress } from '../../../identity/registry/transfer/import.ts';
import { MAX_ROWS, toCsv } from '../../../identity/registry/transfer/read.ts';
import type { Agent } from '../../../model/agent.ts';
import { TIERS, type Tier } from '../../../model/lock.ts';
import type { Says } from '../contract/answers.ts';
import { Problem } from '../problem.ts';
import { BY, closed, needs, REASON, text } from '../schemas.ts';
import { FILTER } from './agents.ts';
import { cursorOf, keyIn, PAGE, type PageAsked } from './estate/page.ts';

const MAX_FILE_BYTES = 67_108_864;
const MAX_RUNNING = 4;
const TYPES = ['text/csv', 'application/json', 'application/x-ndjson'];

interface ImportQuery {
  readonly by: string;
  readonly reason: string;
  readonly dryRun?: boolean;
  readonly partial?: boolean;
  /** Chosen by the caller, to ask for progress with. */
  readonly key?: string;
}

/** The strictest lock on an agent or its owner, as locks are now. */
type LockOn = () => (agent: Agent) => Tier | null;

/** Agents in bulk: a file of them in, all of them out (requirements ID5). */
export function transferRoutes(registry: Registry, lockOn: LockOn): (app: FastifyInstance) => void {
  // Of this gateway, whichever door they came through.
  const running = new Map<string, Progress>();
  return (app) => {
    // A scope of its own: only here a file is a body.
    void app.register(async (scope) => {
      const asText = { parseAs: 'string' as const, bodyLimit: MAX_FILE_BYTES };
      scope.removeAllContentTypeParsers();
      for (const type of TYPES) scope.addContentTypeParser(type, asText, (_request, body, done) => done(null, body));
      importRoutes(scope, registry, running);
      exportRoute(scope, registry, lockOn);
    });
  };
}

function importRoutes(app: FastifyInstance, registry: Registry, running: Map<string, Progress>): void {
  const flag = { type: 'boolean' };
  const properties = { by: BY, reason: REASON, dryRun: flag, partial: flag, key: text(64) };
  const querystring = { ...closed, required: ['by', 'reason'], properties };
  app.post<{ Querystring: ImportQuery; Body: string } & Says<'POST /v1/agents/import'>>(
    '/v1/agents/import',
    { config: { needs: 'agents.write', accepts: TYPES }, schema: { querystring }, bodyLimit: MAX_FILE_BYTES },
    async ({ query, body, headers }) => {
      const { by, reason, dryRun = false, partial = false, key = `import-${running.size}` } = query;
      if (running.size >= MAX_RUNNING || running.has(key))
        throw new Problem(429, 'busy', 'another import is under way: wait for its end');
      const format = headers['content-type']?.startsWith('text/csv') === true ? 'csv' : 'json';
      running.set(key, { total: 0, checked: 0, written: 0 });
      const onProgress = (progress: Progress): void => void running.set(key, progress);
      try {
        return await importAgents(registry, { format, text: body, dryRun, partial, by, reason, onProgress });
      } finally {
        running.delete(key);
      }
    },
  );
  app.get<{ Params: { key: string } } & Says<'GET /v1/agents/imports/:key'>>(
    '/v1/agents/imports/:key',
    needs('agents.write'),
    async ({ params }) => {
      const progress = running.get(params.key);
      if (progress === undefined) throw new Problem(404, 'not-running', 'this import is over, or never was');
      return progress;
    },
  );
}

/** One page of the table; the first has its header. */
function exportRoute(app: FastifyInstance, registry: Registry, lockOn: LockOn): void {
  const list = new AgentList(registry.world.directory);
  const limit = { type: 'integer', minimum: 1, maximum: MAX_ROWS };
  const lock = { enum: [...TIERS, 'any'] };
  const querystring = { ...closed, properties: { ...FILTER, lock, ...PAGE, limit } };
  app.get<{ Querystring: AgentFilter & PageAsked & { lock?: Tier | 'any' } } & Says<'GET /v1/agents/export'>>(
    '/v1/agents/export',
    { ...needs('read'), schema: { querystring } },
    async ({ query: { cursor, limit: size = 5_000, lock: wanted, ...filter } }) => {
      const on = lockOn();
      const also = (agent: Agent): boolean => (wanted === 'any' ? on(agent) !== null : on(agent) === wanted);
      const { agents, next } = list.page(filter, {
        limit: size,
        ...(cursor === undefined ? {} : { after: keyIn(cursor) }),
        ...(wanted === undefined ? {} : { also }),
      });
      return { csv: toCsv(agents, cursor === undefined), next: next === null ? null : cursorOf(next) };
    },
  );
}
