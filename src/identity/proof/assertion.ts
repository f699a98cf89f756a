import type { Agent, PublicJwk } from '../../model/agent.ts';
import { sha256Base64url } from '../../model/canonical.ts';
import type { JsonObject } from '../../model/json.ts';
import type { ReplayStore } from '../../ports/stores.ts';
import { algorithmsOf, type CompactJws, CredentialRefused, isSignedBy, readJws } from './jws.ts';

export const ASSERTION_LIMITS = {
  /** Characters of the whole JWT. */
  length: 8192,
  /** How far ahead `exp` may be. */
  lifetimeMs: 300_000,
  /** How far the client's clock may differ. */
  skewMs: 30_000,
  jtiLength: 256,
  /** Registered keys tried when the header names none. */
  keysTried: 10,
} as const;

export interface AssertionOptions {
  readonly agents: () => { get(id: string): Agent | undefined };
  readonly replay: ReplayStore;
  /** Values accepted as `aud`: the token endpoint's URL and the issuer (RFC 7523 section 3, item 3). */
  readonly audiences: () => readonly string[];
  /** Shorter than the default where an operator wants it. */
  readonly maxLifetimeMs?: number;
}

export interface ProvenAgent {
  readonly agent: Agent;
  /** The registered key that proved it. */
  readonly key: PublicJwk;
  /** The task the agent declares, if any. */
  readonly taskId: string | null;
}

/** Media types a client assertion may carry; an access token or anything else with a type of its own is no assertion (RFC 8725 3.11). */
const TYPES: ReadonlySet<string | null> = new Set([null, 'jwt', 'client-authentication+jwt']);
const TASK_ID = /^[A-Za-z0-9][A-Za-z0-9._:-]{0,127}$/;

/**
 * Proves an agent by a `private_key_jwt` client assertion (RFC 7523 section 3, RFC 7521 section 5.2). Every check comes before the
 * single use is spent, so that nobody without the key can burn an agent's assertion ids.
 *
 * Throws CredentialRefused; whatever the store throws passes through, and proves nothing.
 */
export async function verifyAssertion(
  options: AssertionOptions,
  text: string,
  { nowMs, clientId }: { nowMs: number; clientId?: string },
): Promise<ProvenAgent> {
  const jws = readJws(text, ASSERTION_LIMITS.length);
  if (!TYPES.has(jws.typ)) throw new CredentialRefused(`a "${jws.typ}" is not a client assertion`);
  const id = checkNames(jws.payload, options.audiences());
  if (clientId !== undefined && clientId !== id)
    throw new CredentialRefused('"client_id" names another agent than the assertion');
  const times = checkTimes(
    jws.payload,
    nowMs,
    Math.min(options.maxLifetimeMs ?? Infinity, ASSERTION_LIMITS.lifetimeMs),
  );
  const jti = checkJti(jws.payload);
  const taskId = checkTask(jws.payload);
  const agent = options.agents().get(id);
  const key = agent === undefined ? null : await keyThatSigned(agent, jws);
  // One text for an unknown agent and for a wrong key: who is registered is nobody's business.
  if (agent === undefined || key === null) {
    throw new CredentialRefused('the assertion is not signed by a key registered for this agent');
  }
  // Kept a little longer than the assertion can live: clocks of two gateways on one store differ too.
  const first = await options.replay.claim(
    `assertion:${sha256Base64url(`${id}\n${jti}`)}`,
    times.expMs + ASSERTION_LIMITS.skewMs,
  );
  if (!first) throw new CredentialRefused('the assertion was used before: sign a new one for every request');
  return { agent, key, taskId };
}

function checkNames(payload: JsonObject, audiences: readonly string[]): string {
  const { iss, sub, aud } = payload;
  if (typeof iss !== 'string' || iss === '') throw new CredentialRefused('the assertion has no "iss"');
  if (sub !== iss) throw new CredentialRefused('"iss" and "sub" must both be the agent id');
  const audience = Array.isArray(aud) && aud.length === 1 ? aud[0] : aud;
  // Exactly one: an assertion for several audiences can be replayed by each at the others.
  if (typeof audience !== 'string' || !audiences.includes(audience)) {
    throw new CredentialRefused(`"aud" must be ${audiences.join(' or ')}`);
  }
  return iss;
}

function checkTimes(payload: JsonObject, nowMs: number, lifetimeMs: number): { expMs: number } {
  const expMs = seconds(payload, 'exp');
  const iatMs = seconds(payload, 'iat');
  const nbfMs = seconds(payload, 'nbf');
  if (expMs === null) throw new CredentialRefused('the assertion has no "exp"');
  if (expMs <= nowMs) throw new CredentialRefused('the assertion has expired: check the clock and sign a new one');
  if (expMs > nowMs + lifetimeMs + ASSERTION_LIMITS.skewMs) {
    throw new CredentialRefused(`"exp" is more than ${lifetimeMs / 1000} seconds ahead`);
  }
  const latestMs = nowMs + ASSERTION_LIMITS.skewMs;
  if (iatMs !== null && iatMs > latestMs) throw new CredentialRefused('"iat" is in the future: check the clock');
  if (nbfMs !== null && nbfMs > latestMs) throw new CredentialRefused('the assertion is not valid yet ("nbf")');
  return { expMs };
}

/** NumericDate (RFC 7519 section 2) in milliseconds. */
function seconds(payload: JsonObject, name: string): number | null {
  const value = payload[name];
  if (value === undefined) return null;
  if (typeof value !== 'number' || value < 0 || value > 1e11) throw new CredentialRefused(`"${name}" is not a time`);
  return value * 1000;
}

function checkJti(payload: JsonObject): string {
  const { jti } = payload;
  if (typeof jti !== 'string' || jti === '' || jti.length > ASSERTION_LIMITS.jtiLength) {
    throw new CredentialRefused(
      `"jti" must be a text of 1 to ${ASSERTION_LIMITS.jtiLength} characters, new for every assertion`,
    );
  }
  return jti;
}

function checkTask(payload: JsonObject): string | null {
  const { task } = payload;
  if (task === undefined) return null;
  if (typeof task !== 'string' || !TASK_ID.test(task)) throw new CredentialRefused('"task" is not a usable task id');
  return task;
}

/** The kid only chooses among the agent's own keys; without one, those whose type fits the algorithm are tried. */
export async function keyThatSigned(agent: Agent, jws: CompactJws): Promise<PublicJwk | null> {
  const fitting = agent.keys.filter(
    (key) => (jws.kid === null || key.kid === jws.kid) && algorithmsOf(key).includes(jws.alg),
  );
  for (const key of fitting.slice(0, ASSERTION_LIMITS.keysTried)) {
    if (await isSignedBy(jws, key)) return key;
  }
  return null;
}
