import { chmod, unlink } from 'node:fs/promises';
import { connect } from 'node:net';
import fastify, { type FastifyInstance } from 'fastify';
import type { Operations } from './operations.ts';
import { Problem, problemBody, problemOf } from './problem.ts';
import { operatorRoutes } from './routes/operator.ts';

/** The routes of one noun, registered on the administrative interface. */
export type AdminRoutes = (app: FastifyInstance) => void;

/**
 * The administrative interface, version 1: JSON over HTTP on a Unix socket only the gateway's own user can open, so that no agent
 * reaches it. Errors are problem documents (RFC 9457). `more`: the routes of the nouns (agents, reviews, people, …).
 */
export async function openAdmin(
  socket: string,
  operations: Operations,
  more: readonly AdminRoutes[] = [],
): Promise<{ close(): Promise<void> }> {
  const app = fastify({
    bodyLimit: 1_048_576,
    routerOptions: { maxParamLength: 4096 },
    ajv: { customOptions: { coerceTypes: 'array', removeAdditional: false } },
  });
  app.setErrorHandler((error: Error & { validation?: unknown; statusCode?: number }, _request, reply) => {
    const known = problemOf(error);
    return reply.code(known.status).type('application/problem+json').send(problemBody(known));
  });
  app.setNotFoundHandler(() => {
    throw new Problem(404, 'not-found', 'there is no such route');
  });
  operatorRoutes(app, operations);
  for (const routes of more) routes(app);
  await freeSocket(socket);
  await app.listen({ path: socket });
  await chmod(socket, 0o600);
  return { close: () => app.close() };
}

/** Removes the socket a killed process left behind; one that answers belongs to a gateway that runs. */
async function freeSocket(socket: string): Promise<void> {
  const alive = await new Promise<boolean>((resolve) => {
    const probe = connect(socket);
    probe.once('connect', () => {
      probe.destroy();
      resolve(true);
    });
    probe.once('error', () => resolve(false));
  });
  if (alive)
    throw new Error(
      `another gateway already answers at ${socket}: stop it first, or give this one its own data directory`,
    );
  await unlink(socket).catch(() => {});
}
