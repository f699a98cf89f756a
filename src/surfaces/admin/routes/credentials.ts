import type { FastifyInstance } from 'fastify';
import type { CredentialDesk } from '../../account/desk.ts';
import type { Says } from '../contract/answers.ts';
import { steppedUp } from '../schemas.ts';

const acting = {
  type: 'object',
  additionalProperties: false,
  required: ['by', 'reason'],
  properties: {
    by: { type: 'string', minLength: 1, maxLength: 200 },
    reason: { type: 'string', minLength: 1, maxLength: 2000 },
  },
} as const;

interface Acting {
  readonly by: string;
  readonly reason: string;
}

/** How people sign in, as the operator may change it. */
export function credentialRoutes(desk: () => CredentialDesk): (app: FastifyInstance) => void {
  return (app) => {
    app.post<{ Params: { id: string }; Body: Acting } & Says<'POST /v1/people/:id/invitations'>>(
      '/v1/people/:id/invitations',
      { config: { ...steppedUp('people.write').config, answersSecret: true }, schema: { body: acting } },
      (request) => desk().invite(request.params.id, request.body),
    );
    app.post<{ Params: { id: string }; Body: Acting } & Says<'POST /v1/people/:id/reset-credentials'>>(
      '/v1/people/:id/reset-credentials',
      { ...steppedUp('people.write'), schema: { body: acting } },
      (request) => desk().reset(request.params.id, request.body),
    );
  };
}
