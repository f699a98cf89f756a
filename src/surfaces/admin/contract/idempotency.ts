import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { keptAs } from '../../../identity/sign-in/secret-text.ts';
import { row } from '../../../identity/sign-in/sessions.ts';
import type { Permission } from '../../../model/insight/roles.ts';
import type { JsonObject } from '../../../model/json.ts';
import type { Clock } from '../../../ports/clock.ts';
import type { OAuthStore } from '../../../ports/identity-stores.ts';
import { Problem } from '../problem.ts';
import { bodyDigest } from './body-digest.ts';

const KIND = 'IdempotentRequest';
const KEPT_MS = 24 * 3_600_000;
/** Longer answers are not kept: that it was done is. */
const MAX_KEPT_CHARS = 65_536;
/** What needs no more than these changes nothing, and may be done twice. */
const READING: ReadonlySet<Permission | undefined> = new Set(['self', 'read', 'read.content', 'approvals.read']);

declare module 'fastify' {
  interface FastifyRequest {
    /** What this request writes its answer to; `null`: it came without a key, or repeats another. */
    claimed: Kept | null;
  }
}

/** A request under its key. */
interface Kept {
  readonly id: string;
  readonly payload: Running;
}

interface Running extends JsonObject {
  readonly fingerprint: string;
}

interface Done extends Running {
  readonly status: number;
  readonly type: string;
  /** `null`: too long, or a secret. */
  readonly body: string | null;
}

export interface IdempotencyParts {
  readonly store: OAuthStore;
  readonly clock: Clock;
  /** How many keys one person may leave behind; absent: over the socket, which nobody else reaches. */
  readonly mayKeep?: (person: string) => boolean;
}

/**
 * `Idempotency-Key` (draft-ietf-httpapi-idempotency-key-header): the same request sent again under its key is answered, not done, again.
 * Whoever dies in the middle leaves a key that says so for a day: it is never done twice. What was refused was not done, and leaves none.
 */
export function replayKept(app: FastifyInstance, { store }: IdempotencyParts): void {
  app.decorateRequest('claimed', null);
  app.addHook('preHandler', async (request, reply) => {
    const key = keyOf(request);
    if (key === null) return;
    const found = await store.find(KIND, idOf(request, key));
    if (found === null) return;
    return replay(request, reply, found.payload as Running | Done);
  });
}

/** After everything that could refuse it: what is refused was not done, and may be sent again. */
export function claimKeys(app: FastifyInstance, { store, clock, mayKeep }: IdempotencyParts): void {
  app.addHook('preHandler', async (request, reply) => {
    const key = keyOf(request);
    if (key === null) return;
    if (request.person !== null && mayKeep?.(request.person.id) === false)
      throw new Problem(429, 'too-many', 'more changes than one person may make at once: wait a little');
    const id = idOf(request, key);
    const payload: Running = { fingerprint: fingerprintOf(request) };
    const expiresAtMs = clock.nowMs() + KEPT_MS;
    if (await store.insert(row(KIND, id, { payload, account: null, expiresAtMs }))) {
      request.claimed = { id, payload };
      return;
    }
    // Somebody was first since it was looked for.
    const first = await store.find(KIND, id);
    return replay(request, reply, (first?.payload as Running | undefined) ?? payload);
  });
  app.addHook('onSend', async (request, reply, body) => {
    const { claimed } = request;
    if (claimed === null) return;
    request.claimed = null;
    // It was done, and is answered so: a key that could not be written down says that how it ended is lost.
    await keep({ store }, claimed, { request, reply, body }).catch(() => {});
  });
}

interface Ended {
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
  readonly body: unknown;
}

async function keep({ store }: Pick<IdempotencyParts, 'store'>, claimed: Kept, ended: Ended): Promise<void> {
  const { request, reply, body } = ended;
  if (reply.statusCode >= 400 && reply.statusCode < 500) return void (await store.remove(KIND, claimed.id));
  const text = typeof body === 'string' && body.length <= MAX_KEPT_CHARS ? body : null;
  const secret = request.routeOptions.config.answersSecret === true;
  const type = String(reply.getHeader('content-type') ?? 'application/json');
  const done: Done = { ...claimed.payload, status: reply.statusCode, type, body: secret ? null : text };
  await store.change(KIND, claimed.id, { from: claimed.payload, to: done });
}

function replay(request: FastifyRequest, reply: FastifyReply, kept: Running | Done): FastifyReply {
  if (kept.fingerprint !== fingerprintOf(request))
    throw new Problem(422, 'idempotency-key-reused', 'this Idempotency-Key was sent with another request');
  if (!isDone(kept))
    throw new Problem(
      409,
      'idempotency-running',
      'the request with this Idempotency-Key has not ended, or how it ended is lost',
    );
  if (kept.body === null)
    throw new Problem(
      409,
      'idempotency-done',
      'it was done; its answer is not kept, because it is a secret or too long',
    );
  return reply.code(kept.status).header('idempotency-replayed', 'true').type(kept.type).send(kept.body);
}

function isDone(kept: Running | Done): kept is Done {
  return typeof kept.status === 'number';
}

/** `null`: it came without. A structured field's string, or bare. Throws. */
function keyOf({ headers, method, routeOptions: { config } }: FastifyRequest): string | null {
  const written = headers['idempotency-key'];
  if (written === undefined || method === 'GET' || method === 'HEAD') return null;
  if (READING.has(config.needs) && config.changes !== true) return null;
  const key = typeof written === 'string' ? written.replace(/^"(.*)"$/, '$1') : '';
  if (/^[\x21\x23-\x5b\x5d-\x7e]{1,128}$/.test(key)) return key;
  throw new Problem(
    400,
    'invalid-idempotency-key',
    'Idempotency-Key: 1 to 128 printable characters, no space, quote or \\',
  );
}

/** Nobody can find or take another's. */
function idOf({ person }: FastifyRequest, key: string): string {
  return keptAs(KIND, JSON.stringify([person === null ? 'socket' : 'person', person?.id ?? '', key]));
}

function fingerprintOf(request: FastifyRequest): string {
  return keptAs(KIND, JSON.stringify([request.method, request.originalUrl, bodyDigest(request)]));
}
