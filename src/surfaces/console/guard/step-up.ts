import { createHash, randomBytes } from 'node:crypto';
import type { FastifyRequest } from 'fastify';
import { canonicalize } from '../../../model/canonical.ts';
import { isObject, type JsonObject } from '../../../model/json.ts';
import type { PasskeyRequest } from '../../admin/contract/answers.ts';
import { bodyDigest } from '../../admin/contract/body-digest.ts';
import { Problem } from '../../admin/problem.ts';
import type { ConsoleParts } from '../options.ts';
import type { Visitor } from './guard.ts';

const KIND = 'console-step-up';
const GOOD_FOR_MS = 2 * 60_000;
const MAX_HEADER_CHARS = 8_192;

/** One request, to the byte. `path`: as it is sent, with its query. */
export interface Act {
  readonly method: string;
  readonly path: string;
  /** SHA-256 of the body's bytes, base64url; of no bytes where there is no body. */
  readonly bodyDigest: string;
}

/** What the gateway keeps of a ceremony; the act itself is said anew by the request that comes. */
interface Kept {
  readonly kind: typeof KIND;
  readonly nonce: string;
  readonly atMs: number;
}

/** A challenge for this person's own passkeys that is good for this act, in this session, once, for two minutes. Throws. */
export async function stepUpOptions(parts: ConsoleParts, visitor: Visitor, act: Act): Promise<PasskeyRequest> {
  const { passkeys, throttle, clock } = parts;
  if (!passkeys.possible)
    throw new Problem(409, 'no-passkeys-here', 'passkeys need a host name, and this gateway is opened by an address');
  if (!(await throttle.take('challenge', `person ${visitor.person.id}`)))
    throw new Problem(429, 'too-many', 'too many tries: wait a quarter of an hour');
  const kept: Kept = { kind: KIND, nonce: randomBytes(16).toString('base64url'), atMs: clock.nowMs() };
  const challenge = challengeOf(visitor, act, kept.nonce);
  const options = await passkeys.signing(ceremonyOf(visitor), { challenge, kept: { ...kept } });
  if (options !== null) return options as unknown as PasskeyRequest;
  throw new Problem(409, 'no-passkey', 'this is confirmed with a passkey and you have none: add one at /account');
}

/**
 * Lets the request on if its passkey confirmed exactly it. The ceremony is used up whatever comes of it, and what was signed is kept with
 * the record. Throws.
 */
export async function checkStepUp(parts: ConsoleParts, visitor: Visitor, request: FastifyRequest): Promise<void> {
  const act = actOf(request);
  const written = request.headers['x-step-up'];
  if (written === undefined)
    throw new Problem(401, 'step-up-required', 'confirm this with your passkey', { act: { ...act } });
  const answer = read(written);
  const { clock, passkeys, log } = parts;
  const signed =
    answer === null
      ? null
      : await passkeys.signed(ceremonyOf(visitor), answer, async (kept) => {
          const { kind, nonce, atMs } = kept as unknown as Kept;
          if (kind !== KIND || clock.nowMs() - atMs >= GOOD_FOR_MS) return null;
          return { challenge: challengeOf(visitor, act, nonce), nonce };
        });
  if (signed === null) {
    log.warn({ person: visitor.person.id, method: act.method, path: act.path }, 'a step-up was refused');
    throw new Problem(
      403,
      'step-up-refused',
      'the passkey did not confirm this request, or did so too long ago: repeat it',
    );
  }
  const { reason } = (isObject(request.body) ? request.body : request.query) as { reason?: unknown };
  const recorded = parts.record({
    act: 'console.step-up',
    by: visitor.person.id,
    reason: typeof reason === 'string' ? reason : 'confirmed with a passkey',
    detail: { ...act, session: visitor.session.id, nonce: signed.expected.nonce, proof: { ...signed.proof } },
  });
  if (request.routeOptions.config.stops !== true) return recorded;
  // Stopping does not wait for its record: a full disk must not keep an agent alive.
  recorded.catch((error: unknown) => log.error({ err: error }, 'a step-up could not be recorded'));
}

function actOf(request: FastifyRequest): Act {
  return { method: request.method, path: request.originalUrl, bodyDigest: bodyDigest(request) };
}

/** Not what anything else is signed with: neither an approval nor a sign-in begins like this. */
function challengeOf({ person, session }: Visitor, act: Act, nonce: string): Uint8Array {
  const said = canonicalize({ ...act, person: person.id, session: session.id, nonce });
  return createHash('sha256').update(`interlock ${KIND}\0${said}`).digest();
}

function ceremonyOf({ session, person }: Visitor) {
  return { visit: `${KIND} ${session.id}`, person };
}

function read(written: string | string[]): JsonObject | null {
  if (typeof written !== 'string' || written.length > MAX_HEADER_CHARS || !/^[\w-]+$/.test(written)) return null;
  try {
    const answer: unknown = JSON.parse(Buffer.from(written, 'base64url').toString('utf8'));
    return isObject(answer) && isObject(answer.response) ? answer : null;
  } catch {
    return null;
  }
}
