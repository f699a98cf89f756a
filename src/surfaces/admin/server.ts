import { chmod, unlink } from 'node:fs/promises';
import { connect } from 'node:net';
import fastify, { type FastifyInstance } from 'fastify';
import type { Permission } from '../../model/insight/roles.ts';
import type { Person } from '../../model/person.ts';
import { hashBodies } from './contract/body-digest.ts';
import { claimKeys, type IdempotencyParts, replayKept } from './contract/idempotency.ts';
import { type Audience, openApi } from './contract/openapi.ts';
import type { Operations } from './operations.ts';
import { Problem, problemBody, problemOf } from './problem.ts';
import { operatorRoutes } from './routes/operator.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** What a person in a browser needs for it. A route without is refused there. */
    needs?: Permission;
    /** There: with a fresh assertion of the person's passkey over exactly this request. */
    stepUp?: boolean;
    /** There: a further permission this very request needs, with such an assertion; `null`: none. Asked once its body is valid. */
    also?: (request: FastifyRequest) => Permission | null;
    /** Changes something, although it needs no permission to: the same request under one key is done once. */
    changes?: boolean;
    /** Stops something: its record is not waited for. */
    stops?: boolean;
    /** Its answer holds a secret, and is kept nowhere. */
    answersSecret?: boolean;
    /** There: media types of the body other than JSON. */
    accepts?: readonly string[];
    /** Asked for by an open page itself: does not keep anybody signed in. */
    unattended?: boolean;
  }
  interface FastifyRequest {
    /** Whether whoever asks has this permission. Over the socket: all of them. */
    can(permission: Permission): boolean;
    /** Whether whoever asks is still signed in and still has what the route needs: for answers that go on. */
    stillMay(): Promise<boolean>;
    /** Who is signed in; `null`: over the socket. */
    person: Person | null;
  }
}

/** The routes of one noun, registered on the administrative interface. */
export type AdminRoutes = (app: FastifyInstance) => void;

/** Hooks, before and after it is looked whether the same request was answered before. */
export interface Guard {
  /** Who it is, whether they may. */
  admit(app: FastifyInstance): void;
  /** Whether they confirm it. */
  confirm(app: FastifyInstance): void;
}

export interface AdminApp {
  readonly routes: readonly AdminRoutes[];
  /** What stands before every route; absent: whoever reaches the interface may do everything. */
  readonly guard?: Guard;
  readonly idempotency: IdempotencyParts;
  readonly audience: Audience;
}

/**
 * The administrative interface, version 1: JSON over HTTP. Errors are problem documents (RFC 9457). Where it is reached is its caller's:
 * over a Unix socket, and from browsers through the console's door.
 */
export function adminApp({ routes, guard, idempotency, audience }: AdminApp): FastifyInstance {
  const app = fastify({
    bodyLimit: 1_048_576,
    routerOptions: { maxParamLength: 4096 },
    ajv: { customOptions: { coerceTypes: 'array', removeAdditional: false } },
  });
  const trusted = guard === undefined;
  app.decorateRequest('person', null);
  app.decorateRequest('can', () => trusted);
  app.decorateRequest('stillMay', async () => trusted);
  app.setErrorHandler((error: Error & { validation?: unknown; statusCode?: number }, request, reply) => {
    const known = problemOf(error);
    // A body that was not read to its end would be taken for the next request.
    if (!request.raw.complete) reply.header('connection', 'close');
    return reply.code(known.status).type('application/problem+json').send(problemBody(known));
  });
  app.setNotFoundHandler(() => {
    throw new Problem(404, 'not-found', 'there is no such route');
  });
  hashBodies(app, ({ method, headers }) => {
    if (method === 'GET' || method === 'HEAD') return false;
    return !trusted || headers['idempotency-key'] !== undefined;
  });
  guard?.admit(app);
  replayKept(app, idempotency);
  guard?.confirm(app);
  claimKeys(app, idempotency);
  const document = openApi(app, audience);
  // Behind the document, so that it has seen them all.
  void app.register(async (scope) => {
    for (const each of [...routes, document]) each(scope);
  });
  return app;
}

/** What an operator can do to a running gateway, before the nouns. */
export function operatorNoun(operations: Operations): AdminRoutes {
  return (app) => operatorRoutes(app, operations);
}

/** On a Unix socket only the gateway's own user can open, so that no agent reaches it. */
export async function openAdmin(
  socket: string,
  parts: Pick<AdminApp, 'routes' | 'idempotency'>,
): Promise<{ close(): Promise<void> }> {
  const app = adminApp({ ...parts, audience: { prefix: '', sessionCookie: null } });
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
