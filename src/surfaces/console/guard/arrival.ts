import { timingSafeEqual } from 'node:crypto';
import type { FastifyRequest } from 'fastify';
import { Fault } from '../../../model/fault.ts';
import { csrfOf } from '../../account/web/visit.ts';
import { Problem } from '../../admin/problem.ts';
import { checkOrigin, type DoorRules } from '../../http/door.ts';

/** What reads: everything else changes something. */
export function isReading(request: Pick<FastifyRequest, 'method'>): boolean {
  return request.method === 'GET' || request.method === 'HEAD';
}

/**
 * From this gateway's own pages: the Host is one of its names, the Origin its own and nobody else's, however many may call it over MCP.
 * Browsers say where a request comes from; what changes something must say so. Throws.
 */
export function checkSameOrigin(
  request: FastifyRequest,
  { rules, origin }: { rules: DoorRules; origin: string },
): void {
  checkOrigin(request.raw, rules);
  const { origin: from, 'sec-fetch-site': site } = request.headers;
  if (from !== undefined && from !== origin) throw refused();
  if (site !== undefined && site !== 'same-origin' && !(site === 'none' && isReading(request))) throw refused();
  if (!isReading(request) && from === undefined && site !== 'same-origin') throw refused();
}

function refused(): Fault {
  return new Fault('origin-refused', 'Only the console’s own pages may ask this');
}

/** A body is JSON, or what the route says it takes. A form of another site cannot send either. Throws. */
export function checkMedia({ headers, routeOptions }: FastifyRequest): void {
  const type = headers['content-type'];
  const empty = headers['transfer-encoding'] === undefined && Number(headers['content-length'] ?? 0) === 0;
  if (type === undefined && empty) return;
  const essence = (type ?? '').split(';', 1)[0]!.trim().toLowerCase();
  if (essence === 'application/json' || routeOptions.config.accepts?.includes(essence) === true) return;
  throw new Problem(415, 'unsupported-media-type', 'the body must be application/json');
}

/** The token only pages of this browser's session know. Throws. */
export function checkCsrf({ headers }: FastifyRequest, secret: string): void {
  const given = headers['x-csrf-token'];
  const [got, want] = [Buffer.from(typeof given === 'string' ? given : ''), Buffer.from(csrfOf(secret))];
  if (got.length === want.length && timingSafeEqual(got, want)) return;
  throw new Problem(403, 'csrf', 'x-csrf-token is missing or not of this session: read /v1/me again');
}
