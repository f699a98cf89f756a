import type { ServerResponse } from 'node:http';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { Problem } from '../../../problem.ts';
import { closed } from '../../../schemas.ts';
import { RECORD_FILTER } from '../search.ts';
import type { LiveFilter, LiveHub } from './hub.ts';

const BEAT_MS = 15_000;
/** How long somebody may go on watching whose session or role has ended. */
const STILL_MS = 3_000;
/** Of all places there are, one person takes so many at most. */
const MAX_OF_ONE = 8;

/** GET /v1/live (text/event-stream). Ends with the session or the role of whoever watches, and with the gateway. */
export function liveRoute(app: FastifyInstance, hub: LiveHub): void {
  /** How to end each, and whose it is. */
  const open = new Map<() => void, string | null>();
  // A stream never ends by itself: closing would wait for it.
  app.addHook('preClose', async () => {
    for (const end of open.keys()) end();
  });
  const countOf = (person: string): number => [...open.values()].filter((each) => each === person).length;
  const { agent, server, effect, session } = RECORD_FILTER;
  app.get<{ Querystring: LiveFilter }>(
    '/v1/live',
    {
      config: { needs: 'read', unattended: true },
      schema: { querystring: { ...closed, properties: { agent, server, effect, session } } },
    },
    (request, reply) => {
      // Gone while it was looked at who it is: the end of that connection was told already, and would never be told again.
      if (reply.raw.destroyed) return reply.hijack();
      const person = request.person?.id ?? null;
      if (person !== null && countOf(person) >= MAX_OF_ONE)
        throw new Problem(429, 'too-many', `you watch in ${MAX_OF_ONE} places already: close one of them`);
      if (hub.full) throw new Problem(503, 'busy', 'too many watch already: close another page that does');
      reply.hijack();
      const end = watch(hub, request, reply.raw);
      open.set(end, person);
      reply.raw.once('close', () => {
        end();
        open.delete(end);
      });
    },
  );
}

function watch(
  hub: LiveHub,
  request: FastifyRequest<{ Querystring: LiveFilter }>,
  response: ServerResponse,
): () => void {
  response.writeHead(200, {
    'content-type': 'text/event-stream; charset=utf-8',
    'cache-control': 'no-store',
    // Asks reverse proxies not to hold events back.
    'x-accel-buffering': 'no',
  });
  response.write('retry: 2000\n\n');
  const leave = hub.join(request.query, {
    write: (bytes) => void response.write(bytes),
    unreadBytes: () => response.writableLength,
  });
  const beat = setInterval(() => response.write(':\n\n'), BEAT_MS).unref();
  let over = false;
  const end = (): void => {
    if (over) return;
    over = true;
    clearInterval(beat);
    clearInterval(asking);
    leave();
    response.end();
  };
  const asking = setInterval(() => {
    request.stillMay().then(
      (may) => (may ? undefined : end()),
      () => end(),
    );
  }, STILL_MS).unref();
  return end;
}
