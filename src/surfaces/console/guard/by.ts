import type { FastifyRequest } from 'fastify';
import { isObject } from '../../../model/json.ts';
import { Problem } from '../../admin/problem.ts';

interface Schema {
  readonly properties?: Readonly<Record<string, unknown>>;
}

/**
 * Who gives an order is whoever is signed in. Put in where the route asks for it; a client that says somebody else is refused, whether
 * the route asks or not. Throws.
 */
export function putBy(request: FastifyRequest, person: string): void {
  const { schema } = request.routeOptions;
  for (const part of ['body', 'query'] as const) {
    const given = request[part];
    if (isObject(given) && Object.hasOwn(given, 'by') && given.by !== person)
      throw new Problem(400, 'by-forged', 'by: leave it out, it is whoever is signed in');
    const asked = (part === 'body' ? schema?.body : schema?.querystring) as Schema | undefined;
    if (asked?.properties?.by === undefined) continue;
    const whole = isObject(given) ? given : given === undefined || given === null ? {} : null;
    // Anything else a route might take for nobody's order, which it would then carry out as nobody's.
    if (whole === null) throw new Problem(400, 'invalid-request', `the ${part} must be an object`);
    (request as { body: unknown; query: unknown })[part] = { ...whole, by: person };
  }
}
