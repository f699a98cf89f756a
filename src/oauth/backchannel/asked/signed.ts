import { ASSERTION_LIMITS, keyThatSigned } from '../../../identity/proof/assertion.ts';
import { CredentialRefused, readJws } from '../../../identity/proof/jws.ts';
import type { Agent } from '../../../model/agent.ts';
import { sha256Base64url } from '../../../model/canonical.ts';
import type { Json, JsonObject } from '../../../model/json.ts';
import { OAuthRefused } from '../../answer.ts';
import type { Form } from '../../form.ts';
import type { TokenEndpointOptions } from '../../grants/context.ts';

const MAX_LENGTH = 32_768;
/** RFC 9101 section 10.8: a type of its own, or none; nothing else the agent signs is a request. */
const TYPES: ReadonlySet<string | null> = new Set([null, 'jwt', 'oauth-authz-req+jwt']);
/** What proves the agent stands beside the signed request; everything else stands in it. */
const BESIDE: readonly string[] = ['request', 'client_id', 'client_assertion', 'client_assertion_type'];
const PARAMETERS: readonly string[] = [
  ...['scope', 'login_hint', 'id_token_hint', 'login_hint_token', 'binding_message', 'user_code', 'requested_expiry'],
  ...['client_notification_token', 'acr_values', 'authorization_details', 'resource', 'request_uri'],
];
const LISTS: ReadonlySet<string> = new Set(['resource']);

export interface Signed {
  readonly agent: Agent;
  readonly nowMs: number;
}

/**
 * The parameters of a request: those of the form, or of the signed object in `request` and then of nothing else (CIBA Core section 7.1.1).
 * A signed object is good once. Throws OAuthRefused.
 */
export async function parametersOf(
  options: Pick<TokenEndpointOptions, 'replay' | 'resources'>,
  form: Form,
  signed: Signed,
): Promise<Form> {
  const text = form.get('request');
  if (text === null) return form;
  const beside = PARAMETERS.filter((name) => !BESIDE.includes(name) && form.all(name).length > 0);
  if (beside.length > 0) throw wrong(`${beside.join(', ')} may only stand in the signed request`);
  try {
    return asForm(await verified(options, text, signed));
  } catch (error) {
    if (error instanceof CredentialRefused) throw wrong(error.message);
    throw error;
  }
}

/** Signed by a key of this agent, for us, for now, and for the first time. */
async function verified(
  { replay, resources }: Pick<TokenEndpointOptions, 'replay' | 'resources'>,
  text: string,
  { agent, nowMs }: Signed,
): Promise<JsonObject> {
  const jws = readJws(text, MAX_LENGTH);
  if (!TYPES.has(jws.typ)) throw new CredentialRefused(`a "${jws.typ}" is no request`);
  const { iss, aud, exp, iat, nbf, jti, sub } = jws.payload;
  const audience = Array.isArray(aud) && aud.length === 1 ? aud[0] : aud;
  if (iss !== agent.id || audience !== resources().issuer)
    throw new CredentialRefused(`"iss" must be the agent and "aud" ${resources().issuer}`);
  // A client assertion is no request, and a request is no client assertion (RFC 9101 section 10.8).
  if (sub !== undefined) throw new CredentialRefused('a request has no "sub"');
  checkTimes({ exp, iat, nbf }, nowMs);
  if (typeof jti !== 'string' || jti === '' || jti.length > ASSERTION_LIMITS.jtiLength)
    throw new CredentialRefused('"jti" must be a text, new for every request');
  if ((await keyThatSigned(agent, jws)) === null)
    throw new CredentialRefused('it is not signed by a key registered for this agent');
  const id = `bc-request:${sha256Base64url(`${agent.id}\n${jti}`)}`;
  if (!(await replay.claim(id, (exp as number) * 1000 + ASSERTION_LIMITS.skewMs)))
    throw new CredentialRefused('it was used before: sign a new one for every request');
  return jws.payload;
}

function checkTimes(
  times: { exp: Json | undefined; iat: Json | undefined; nbf: Json | undefined },
  nowMs: number,
): void {
  const [expMs, iatMs, nbfMs] = [times.exp, times.iat, times.nbf].map((value) =>
    typeof value === 'number' && value >= 0 && value < 1e11 ? value * 1000 : null,
  );
  if (typeof expMs !== 'number' || typeof iatMs !== 'number' || typeof nbfMs !== 'number')
    throw new CredentialRefused('"exp", "iat" and "nbf" are required');
  const { lifetimeMs, skewMs } = ASSERTION_LIMITS;
  if (expMs <= nowMs) throw new CredentialRefused('it has expired');
  if (expMs > nowMs + lifetimeMs + skewMs)
    throw new CredentialRefused(`"exp" is more than ${lifetimeMs / 1000} seconds ahead`);
  if (Math.max(iatMs, nbfMs) > nowMs + skewMs) throw new CredentialRefused('it is not valid yet');
}

/** As the same parameters would stand in a form. Throws OAuthRefused. */
function asForm(payload: JsonObject): Form {
  const all = (name: string): readonly string[] => {
    const value = PARAMETERS.includes(name) ? payload[name] : undefined;
    if (value === undefined) return [];
    if (LISTS.has(name) && Array.isArray(value)) return value.map((one) => textOf(name, one));
    return [textOf(name, value)].filter((text) => text !== '');
  };
  return { all, get: (name) => all(name)[0] ?? null };
}

function textOf(name: string, value: Json): string {
  if (typeof value === 'string') return value;
  if (name === 'authorization_details') return JSON.stringify(value);
  if (name === 'requested_expiry' && typeof value === 'number') return String(value);
  throw wrong(`"${name}" has the wrong type`);
}

function wrong(why: string): OAuthRefused {
  return new OAuthRefused('invalid_request', `request: ${why}`);
}
