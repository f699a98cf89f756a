import type { FastifyInstance } from 'fastify';
import type { Who } from '../../../credentials/credentials.ts';
import type { Rotated, VaultStatus } from '../../../credentials/vault/vault.ts';
import type { BrokeredCredential } from '../../../model/insight/estate.ts';
import type { Page } from '../../../model/insight/page.ts';
import type { Says } from '../contract/answers.ts';
import { Problem } from '../problem.ts';
import { BY, closed, needs, REASON, steppedUp, text } from '../schemas.ts';
import { cursorOf, DEFAULT_LIMIT, keyIn, PAGE, type PageAsked } from './estate/page.ts';

export interface Order {
  readonly by: string;
  readonly reason: string;
}

/** What an operator can do to upstream credentials and the vault. Every change is recorded, with who and why. */
export interface VaultOperations {
  /** `next`: to go on after. */
  list(who: Who, page: { readonly after: string | null; readonly limit: number }): Promise<Page<BrokeredCredential>>;
  revoke(who: Who, order: Order): Promise<{ readonly removed: number; readonly withdrawn: number }>;
  status(): Promise<VaultStatus>;
  rotate(order: Order): Promise<Rotated>;
}

const WHO = { person: text(256), agent: text(256), task: text(256), server: text(64) };

/** GET /v1/credentials, POST /v1/credentials/revoke, GET /v1/vault, POST /v1/vault/rotate. No answer holds a secret. */
export function vaultRoutes(operations: VaultOperations): (app: FastifyInstance) => void {
  return (app) => {
    app.get<{ Querystring: Who & PageAsked } & Says<'GET /v1/credentials'>>(
      '/v1/credentials',
      { ...needs('read'), schema: { querystring: { ...closed, properties: { ...WHO, ...PAGE } } } },
      async ({ query: { cursor, limit = DEFAULT_LIMIT, ...who } }) => {
        const { items, next } = await operations.list(who, {
          after: cursor === undefined ? null : keyIn(cursor),
          limit,
        });
        return { items, next: next === null ? null : cursorOf(next) };
      },
    );
    app.post<{ Body: Who & Order } & Says<'POST /v1/credentials/revoke'>>(
      '/v1/credentials/revoke',
      {
        ...needs('credentials.write'),
        schema: { body: { ...closed, required: ['by', 'reason'], properties: { ...WHO, by: BY, reason: REASON } } },
      },
      ({ body: { by, reason, ...who } }) => {
        if (Object.keys(who).length === 0)
          throw new Problem(400, 'invalid-request', 'say whose: person, agent, task or server');
        return operations.revoke(who, { by, reason });
      },
    );
    app.get<Says<'GET /v1/vault'>>('/v1/vault', needs('read'), () => operations.status());
    app.post<{ Body: Order } & Says<'POST /v1/vault/rotate'>>(
      '/v1/vault/rotate',
      {
        ...steppedUp('keys.write'),
        schema: { body: { ...closed, required: ['by', 'reason'], properties: { by: BY, reason: REASON } } },
      },
      ({ body }) => operations.rotate(body),
    );
  };
}
