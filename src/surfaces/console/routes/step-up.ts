import type { Says } from '../../admin/contract/answers.ts';
import { closed } from '../../admin/schemas.ts';
import type { AdminRoutes } from '../../admin/server.ts';
import { visitorOf } from '../guard/guard.ts';
import { type Act, stepUpOptions } from '../guard/step-up.ts';
import type { ConsoleParts } from '../options.ts';

const ACT = {
  ...closed,
  required: ['method', 'path', 'bodyDigest'],
  properties: {
    method: { enum: ['POST', 'PUT', 'PATCH', 'DELETE'] },
    path: { type: 'string', pattern: '^/console/api/v1/', maxLength: 8_192 },
    bodyDigest: { type: 'string', pattern: '^[A-Za-z0-9_-]{43}$' },
  },
} as const;

/** POST /v1/step-up/options: what a passkey is asked to confirm before the act is sent. */
export function stepUpRoutes(parts: ConsoleParts): AdminRoutes {
  return (app) => {
    const body = { ...closed, required: ['act'], properties: { act: ACT } };
    app.post<{ Body: { act: Act } } & Says<'POST /v1/step-up/options'>>(
      '/v1/step-up/options',
      { config: { needs: 'self' }, schema: { body } },
      (request) => stepUpOptions(parts, visitorOf(request), request.body.act),
    );
  };
}
