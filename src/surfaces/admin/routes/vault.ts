import type { FastifyInstance } from 'fastify';
import type { Connection, HeldCredential, Who } from '../../../credentials/credentials.ts';
import type { Rotated, VaultStatus } from '../../../credentials/vault/vault.ts';
import { Problem } from '../problem.ts';
import { BY, closed, needs, REASON, steppedUp, text } from '../schemas.ts';

export interface Order {
  readonly by: string;
  readonly reason: string;
}

/** What an operator can do to upstream credentials and the vault. Every change is recorded, with who and why. */
export interface VaultOperations {
  list(who: Who, limit: number): Promise<{ connections: readonly Connection[]; held: readonly HeldCredential[] }>;
  revoke(who: Who, order: Order): Promise<{ readonly removed: number; readonly withdrawn: number }>;
  status(): Promise<VaultStatus>;
  rotate(order: Order): Promise<Rotated>;
}

const WHO = { person: text(256), agent: text(256), task: text(256), server: text(64) };

/** GET /v1/credentials, POST /v1/credentials/revoke, GET /v1/vault, POST /v1/vault/rotate. No answer holds a secret. */
export function vaultRoutes(operations: VaultOperations): (app: FastifyInstance) => void {
  return (app) => {
    const limit = { type: 'integer', minimum: 1, maximum: 10_000 };
    app.get<{ Querystring: Who & { limit?: number } }>(
      '/v1/credentials',
      { ...needs('read'), schema: { querystring: { ...closed, properties: { ...WHO, limit } } } },
      ({ query: { limit: most = 1_000, ...who } }) => operations.list(who, most),
    );
    app.post<{ Body: Who & Order }>(
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
    app.get('/v1/vault', needs('read'), () => operations.status());
    app.post<{ Body: Order }>(
      '/v1/vault/rotate',
      {
        ...steppedUp('keys.write'),
        schema: { body: { ...closed, required: ['by', 'reason'], properties: { by: BY, reason: REASON } } },
      },
      ({ body }) => operations.rotate(body),
    );
  };
}
