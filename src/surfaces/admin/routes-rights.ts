import type { JsonObject } from '../../model/json.ts';
import type { RelationTuple } from '../../ports/identity-stores.ts';
import type { Says } from './contract/answers.ts';
import { Problem } from './problem.ts';
import { cursorOf, DEFAULT_LIMIT, numberIn, PAGE, type PageAsked } from './routes/estate/page.ts';
import { BY, closed, needs, REASON, text } from './schemas.ts';
import type { AdminRoutes } from './server.ts';

/** What an operator can do about relations and rights. Made in `start/`; the routes only translate. */
export interface RightsOperations {
  /** Recorded, written, and in force here when it resolves. `refused`: nothing was done, and why. */
  change(change: {
    readonly writes: readonly RelationTuple[];
    readonly deletes: readonly RelationTuple[];
    readonly by: string;
    readonly reason: string;
  }): Promise<{ readonly refused: string | null }>;
  list(filter: {
    readonly object?: string;
    readonly relation?: string;
    readonly subject?: string;
    readonly limit: number;
    readonly after?: number;
  }): Relations;
  checkRelation(tuple: RelationTuple): Promise<{ readonly holds: boolean | null; readonly why: string | null }>;
  /** `null`: there is no such person, server or tool; `unknown` says which. */
  checkRights(question: {
    readonly user: string;
    readonly tool: string;
    readonly args: JsonObject;
  }): Promise<RightsAnswered | { readonly unknown: string }>;
}

/** Whether somebody may use a tool by themselves, and what each rule says. */
export interface RightsAnswered {
  readonly user: string;
  readonly tool: string;
  readonly permit: boolean;
  /** The rule that decided; `null`: none. */
  readonly rule: string | null;
  readonly why: string | null;
  /** Whether the tool is shown to them at all. */
  readonly listed: boolean;
  readonly rules: readonly { readonly rule: string; readonly grants: boolean; readonly why: string }[];
}

/** A relation, as OpenFGA writes them. */
export interface RelationLine extends Written {
  /** Of which source: the configured file, the store, or both. */
  readonly origin: 'file' | 'store' | 'both';
}

export interface Relations {
  readonly items: readonly RelationLine[];
  /** To go on after; `null`: there are no more. */
  readonly next: number | null;
  /** How many there are in all. */
  readonly total: number;
  /** Where relations are asked; `null`: nowhere. */
  readonly source: 'memory' | 'server' | null;
}

interface Written {
  readonly user: string;
  readonly relation: string;
  readonly object: string;
}

const MAX_TUPLES = 10_000;
const TUPLE = {
  ...closed,
  required: ['user', 'relation', 'object'],
  properties: { user: text(512), relation: text(50), object: text(256) },
} as const;
const TUPLES = { type: 'array', maxItems: MAX_TUPLES, items: TUPLE } as const;

/** `/v1/relations`, `/v1/rights`. Tuples are written as OpenFGA writes them: user, relation, object. */
export function rightsRoutes(operations: RightsOperations): AdminRoutes {
  return (app) => {
    const query = {
      ...closed,
      properties: {
        ...TUPLE.properties,
        ...PAGE,
        limit: { type: 'integer', minimum: 1, maximum: 10_000 },
      },
    };
    app.get<{ Querystring: Partial<Written> & PageAsked } & Says<'GET /v1/relations'>>(
      '/v1/relations',
      { ...needs('read'), schema: { querystring: query } },
      async ({ query: { user, cursor, limit = DEFAULT_LIMIT, ...only } }) => {
        const from = cursor === undefined ? {} : { after: numberIn(cursor) };
        const subject = user === undefined ? {} : { subject: user };
        const { next, ...page } = operations.list({ ...only, ...subject, ...from, limit });
        return { ...page, next: next === null ? null : cursorOf(String(next)) };
      },
    );
    const change = {
      ...closed,
      required: ['by', 'reason'],
      properties: { writes: TUPLES, deletes: TUPLES, by: BY, reason: REASON },
    };
    app.post<
      { Body: { writes?: Written[]; deletes?: Written[]; by: string; reason: string } } & Says<'POST /v1/relations'>
    >(
      '/v1/relations',
      { ...needs('people.write'), schema: { body: change }, bodyLimit: 16_777_216 },
      async ({ body: { writes = [], deletes = [], by, reason } }) => {
        if (writes.length + deletes.length > MAX_TUPLES) {
          throw new Problem(400, 'invalid-request', `at most ${MAX_TUPLES} tuples at once`);
        }
        const tuples = { writes: writes.map(toTuple), deletes: deletes.map(toTuple) };
        const { refused } = await operations.change({ ...tuples, by, reason });
        if (refused !== null) throw new Problem(409, 'refused', refused);
        return { written: writes.length, deleted: deletes.length };
      },
    );
    app.post<{ Body: Written } & Says<'POST /v1/relations/check'>>(
      '/v1/relations/check',
      { ...needs('read'), schema: { body: TUPLE } },
      ({ body }) => operations.checkRelation(toTuple(body)),
    );
    const question = {
      ...closed,
      required: ['user', 'tool'],
      properties: { user: text(256), tool: text(300), args: { type: 'object' } },
    };
    app.post<{ Body: { user: string; tool: string; args?: JsonObject } } & Says<'POST /v1/rights/check'>>(
      '/v1/rights/check',
      { ...needs('read'), schema: { body: question } },
      async ({ body: { user, tool, args = {} } }) => {
        const answer = await operations.checkRights({ user, tool, args });
        if (isUnknown(answer)) throw new Problem(404, 'unknown', answer.unknown);
        return answer;
      },
    );
  };
}

function isUnknown(answer: RightsAnswered | { readonly unknown: string }): answer is { readonly unknown: string } {
  return 'unknown' in answer;
}

function toTuple({ user, relation, object }: Written): RelationTuple {
  return { object, relation, subject: user };
}
