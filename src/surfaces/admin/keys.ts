import type { FastifyInstance } from 'fastify';
import type { RingKey } from '../../identity/ring/key-ring.ts';
import type { Says } from './contract/answers.ts';
import { Problem } from './problem.ts';
import { oldestFirst, PAGED, type PageAsked, pageBy } from './routes/estate/page.ts';
import { BY, closed, needs, REASON, steppedUp, text } from './schemas.ts';

export interface KeyOrder {
  readonly by: string;
  readonly reason: string;
}

/** What an operator can do to the keys that sign tokens. Every change is recorded, with who and why, before it is made. */
export interface KeyOperations {
  list(): readonly RingKey[];
  rotate(order: KeyOrder & { readonly immediately: boolean }): Promise<string>;
  /** `false`: there is no such key, or it is the one that signs. */
  remove(kid: string, order: KeyOrder): Promise<boolean>;
}

/** GET /v1/keys, POST /v1/keys/rotate, POST /v1/keys/remove. No answer holds a private part. */
export function keyRoutes(operations: KeyOperations): (app: FastifyInstance) => void {
  const order = { by: BY, reason: REASON };
  return (app) => {
    app.get<{ Querystring: PageAsked } & Says<'GET /v1/keys'>>(
      '/v1/keys',
      { ...needs('read'), ...PAGED },
      async ({ query }) => pageBy(operations.list(), ({ signsFromMs, kid }) => oldestFirst(signsFromMs, kid), query),
    );
    app.post<{ Body: KeyOrder & { immediately?: boolean } } & Says<'POST /v1/keys/rotate'>>(
      '/v1/keys/rotate',
      {
        ...steppedUp('keys.write'),
        schema: {
          body: { ...closed, required: ['by', 'reason'], properties: { ...order, immediately: { type: 'boolean' } } },
        },
      },
      async ({ body: { immediately = false, ...rest } }) => ({
        kid: await operations.rotate({ ...rest, immediately }),
        keys: operations.list(),
      }),
    );
    app.post<{ Body: KeyOrder & { kid: string } } & Says<'POST /v1/keys/remove'>>(
      '/v1/keys/remove',
      {
        ...steppedUp('keys.write'),
        schema: { body: { ...closed, required: ['by', 'reason', 'kid'], properties: { ...order, kid: text(200) } } },
      },
      async ({ body: { kid, ...rest } }) => {
        if (!(await operations.remove(kid, rest))) {
          throw new Problem(409, 'conflict', 'there is no such key, or it is the one that signs: rotate first');
        }
        return { keys: operations.list() };
      },
    );
  };
}
