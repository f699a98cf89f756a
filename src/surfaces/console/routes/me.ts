import type { Me } from '../../../model/insight/roles.ts';
import { csrfOf } from '../../account/web/visit.ts';
import type { Says } from '../../admin/contract/answers.ts';
import type { AdminRoutes } from '../../admin/server.ts';
import { visitorOf } from '../guard/guard.ts';
import type { ConsoleParts } from '../options.ts';
import { rolesOf } from '../roles.ts';

/** GET /v1/me: who is signed in, what they may do, and what they send along to do it. */
export function meRoutes(parts: ConsoleParts): AdminRoutes {
  return (app) => {
    app.get<Says<'GET /v1/me'>>('/v1/me', { config: { needs: 'self' } }, async (request): Promise<Me> => {
      const { person, session, secret, permissions } = visitorOf(request);
      const { idleMs, absoluteMs } = parts.lifetimes();
      const settings = parts.settings();
      const passkeys = parts.passkeys.possible ? await parts.credentials.passkeys(person.id) : [];
      return {
        ...{ id: person.id, name: person.name, email: person.email },
        roles: rolesOf(person, settings),
        permissions,
        csrf: csrfOf(secret),
        signedInAtMs: session.authTimeMs,
        endsAtMs: session.authTimeMs + absoluteMs,
        idleMs,
        canStepUp: passkeys.length > 0,
        separatePolicyDuties: settings.separatePolicyDuties,
        version: parts.version,
      };
    });
  };
}
