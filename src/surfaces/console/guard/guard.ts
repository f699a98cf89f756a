import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { PersonSession } from '../../../identity/sign-in/sessions.ts';
import type { Permission } from '../../../model/insight/roles.ts';
import type { Person } from '../../../model/person.ts';
import { whoOf } from '../../account/serve.ts';
import { cookieNames, cookieOf, type Who } from '../../account/web/visit.ts';
import { Problem, problemOf } from '../../admin/problem.ts';
import type { Guard } from '../../admin/server.ts';
import type { ConsoleParts } from '../options.ts';
import { permissionsOf, rolesOf } from '../roles.ts';
import { checkCsrf, checkMedia, checkSameOrigin, isReading } from './arrival.ts';
import { putBy } from './by.ts';
import { Rate, REQUESTS } from './rate.ts';
import { checkStepUp } from './step-up.ts';

/** Who a request is of, in which session. */
export interface Visitor {
  readonly person: Person;
  readonly session: PersonSession;
  /** What the cookie carries; leaves this process nowhere but in a hash. */
  readonly secret: string;
  readonly permissions: readonly Permission[];
}

declare module 'fastify' {
  interface FastifyRequest {
    /** At the console's door, once it is open. */
    visitor: Visitor | null;
  }
}

/**
 * Everything that stands before a route when a browser asks for it. Each hook lets go on only what it has looked at; a route that says
 * nothing of what it needs is open to nobody.
 */
export function guard(parts: ConsoleParts): Guard {
  const rate = new Rate(parts.clock, REQUESTS);
  return {
    admit: (app) => admitting(app, parts, rate),
    confirm: (app) => confirming(app, parts),
  };
}

function admitting(app: FastifyInstance, parts: ConsoleParts, rate: Rate): void {
  app.decorateRequest('visitor', null);
  app.removeContentTypeParser('text/plain');
  telling(app, parts);
  app.addHook('onRequest', async (request, reply) => {
    checkSameOrigin(request, { rules: parts.rules, origin: parts.origin() });
    const visitor = await admit(parts, request);
    if (!rate.take(visitor.person.id)) {
      reply.header('retry-after', '1');
      throw new Problem(429, 'too-many', 'more requests than one person may send: wait a second');
    }
    checkMay(visitor, neededFor(request));
    if (!isReading(request)) {
      checkCsrf(request, visitor.secret);
      checkMedia(request);
    }
    request.visitor = visitor;
    request.person = visitor.person;
    request.can = (permission) => can(parts, visitor, permission);
    request.stillMay = () => stillMay(parts, request, visitor);
  });
  app.addHook('preValidation', async (request) => {
    const visitor = visitorOf(request);
    if (isReading(request)) return;
    // A body may take a minute to arrive; much can end meanwhile.
    await checkStillMay(request);
    putBy(request, visitor.person.id);
  });
  app.addHook('preHandler', async (request) => {
    const more = alsoOf(request);
    if (more !== null) checkMay(visitorOf(request), more);
  });
}

/** What an honest page never sends. */
const FORGED: ReadonlySet<string> = new Set(['csrf', 'by-forged', 'origin-refused', 'host-refused']);

/** Refusals that somebody should know of, and failures; without the query, which holds people's words. */
function telling(app: FastifyInstance, { log }: ConsoleParts): void {
  app.addHook('onError', async (request, _reply, error) => {
    const { status, code } = problemOf(error);
    const [path = ''] = request.originalUrl.split('?');
    const detail = { code, method: request.method, path, person: request.person?.id ?? null };
    if (status >= 500) log.error({ ...detail, err: error }, 'a request of the console failed');
    else if (FORGED.has(code)) log.warn(detail, 'a request to the console was refused');
  });
}

function confirming(app: FastifyInstance, parts: ConsoleParts): void {
  app.addHook('preHandler', async (request) => {
    const visitor = visitorOf(request);
    if (request.routeOptions.config.stepUp !== true && alsoOf(request) === null) return;
    await checkStepUp(parts, visitor, request);
    await checkStillMay(request);
  });
}

/** What this very request needs on top. */
function alsoOf(request: FastifyRequest): Permission | null {
  return request.routeOptions.config.also?.(request) ?? null;
}

/** `null`: it is open to nobody. That there is no such route anybody signed in may hear. */
function neededFor(request: FastifyRequest): Permission | null {
  return request.is404 ? 'self' : (request.routeOptions.config.needs ?? null);
}

async function checkStillMay(request: FastifyRequest): Promise<void> {
  if (!(await request.stillMay())) throw signedOut();
}

/** Throws: the door has not let this request in. */
export function visitorOf({ visitor }: FastifyRequest): Visitor {
  if (visitor === null) throw signedOut();
  return visitor;
}

export function signedOut(): Problem {
  return new Problem(401, 'signed-out', 'sign in, then repeat what you did');
}

async function admit(parts: ConsoleParts, request: FastifyRequest): Promise<Visitor> {
  const secret = cookieOf(request.raw, cookieNames(parts.origin()).session);
  const who = secret === null ? null : await whoOf(parts, request.raw, isUnattended(request));
  if (secret === null || who === null) throw signedOut();
  return { ...who, secret, permissions: permissionsNow(parts, who) };
}

function permissionsNow(parts: ConsoleParts, { person }: Pick<Who, 'person'>): readonly Permission[] {
  return permissionsOf(rolesOf(person, parts.settings()));
}

/** With the roles of now: an answer may go on for hours. */
function can(parts: ConsoleParts, { person: { id } }: Visitor, permission: Permission): boolean {
  const person = parts.directory.person(id);
  return person?.active === true && permissionsNow(parts, { person }).includes(permission);
}

/** A page that is open on a desk nobody sits at asks again and again: that is no use of the session. */
function isUnattended({ headers, routeOptions }: FastifyRequest): boolean {
  const stream = headers.accept?.includes('text/event-stream') === true;
  return stream || routeOptions.config.unattended === true || headers['x-unattended'] === '1';
}

function checkMay({ permissions }: Visitor, needs: Permission | null): void {
  if (needs !== null && permissions.includes(needs)) return;
  const why =
    needs === null || needs === 'socket' ? 'this is not open to browsers' : `this needs the permission ${needs}`;
  throw new Problem(403, 'forbidden', why, needs === null ? {} : { needs });
}

/** With the roles and the session of now, whatever was true when the request began. */
async function stillMay(parts: ConsoleParts, request: FastifyRequest, then: Visitor): Promise<boolean> {
  const now = await whoOf(parts, request.raw, true);
  if (now === null || now.session.id !== then.session.id) return false;
  const needs = neededFor(request);
  return parts.settings().enabled && needs !== null && permissionsNow(parts, now).includes(needs);
}
