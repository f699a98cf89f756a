import { randomUUID } from 'node:crypto';
import { SignJWT } from 'jose';
import { CredentialRefused } from '../../identity/proof/jws.ts';
import { SIGNING_ALGORITHM, type SigningKeys } from '../../identity/proof/keys.ts';
import type { Agent } from '../../model/agent.ts';
import type { JsonObject } from '../../model/json.ts';
import { type HttpAnswer, OAuthRefused, tokenAnswer } from '../answer.ts';
import { authenticateClient } from '../grants/client.ts';
import type { Grant, GrantRequest, TokenEndpointOptions } from '../grants/context.ts';
import { readOwnIdToken } from './own-id-token.ts';

export const ID_JAG_TOKEN = 'urn:ietf:params:oauth:token-type:id-jag';
const ID_TOKEN = 'urn:ietf:params:oauth:token-type:id_token';
const REFRESH_TOKEN = 'urn:ietf:params:oauth:token-type:refresh_token';
const LIFETIME_S = 300;
/** Said of the person's sign-in, and passed on as it was said. */
const SIGN_IN_CLAIMS = ['auth_time', 'acr', 'amr'] as const;
const SCOPE = /^[\x21\x23-\x5b\x5d-\x7e]{1,256}$/;

/** An authorization server an agent may carry people's identity to, and how far. */
export interface ResourceAuthority {
  /** Agent id. */
  readonly agent: string;
  /** Issuer of the authorization server it is for. */
  readonly audience: string;
  /** What the agent is called there. */
  readonly clientId: string;
  /** RFC 9728 resources there; empty: whatever that server decides. */
  readonly resources: readonly string[];
  /** The most it may ask for there, in that server's words. */
  readonly scopes: readonly string[];
}

export interface IdJagOptions {
  readonly keys: SigningKeys;
  readonly authorities: () => readonly ResourceAuthority[];
  /** Whether this person has a good consent now, for this agent, given to one of these clients. */
  readonly agrees: (person: string, agentId: string, clients: readonly string[]) => Promise<boolean>;
  /** The person a refresh token of one of these clients is good for; `null`: of nobody. */
  readonly personOfRefreshToken: (token: string, clients: readonly string[]) => Promise<string | null>;
}

interface SignedIn {
  readonly person: string;
  readonly claims: JsonObject;
}

/**
 * Issues an ID-JAG (draft-ietf-oauth-identity-assertion-authz-grant, the identity provider's side): an agent that a person signed in
 * with carries that to another authorization server the operator named, no further and for minutes. Confidential clients only.
 */
export function issueIdJag(jag: IdJagOptions): Grant {
  return async (options, request) => {
    const { form, nowMs, dpopJkt } = request;
    if (form.get('actor_token') !== null || form.get('authorization_details') !== null)
      throw new OAuthRefused('invalid_request', 'an ID-JAG takes no actor_token and no authorization_details');
    const { agent } = await authenticateClient(options, request);
    const authority = authorityFor(options, jag, { agent, request });
    const { resources, scopes } = within(authority, request);
    const { person: id, claims } = await signedIn(options, jag, { request, agent });
    if (!(await jag.agrees(id, agent.id, [agent.id, ...agent.clients])))
      throw new OAuthRefused('invalid_request', 'the person does not let this agent act for them now');
    const person = options.directory.person(id);
    if (person === undefined || options.directory.whyNoSubject(id) !== null || options.isLocked({ person: id }))
      throw new OAuthRefused('invalid_request', 'the person of the subject_token may not be acted for');
    if (options.isLocked({ agent })) throw new OAuthRefused('unauthorized_client', 'this agent is stopped');
    const key = jag.keys.current();
    const iat = Math.floor(nowMs / 1000);
    const jti = randomUUID();
    const payload = {
      ...claims,
      ...{ iss: options.resources().issuer, sub: id, aud: authority.audience, client_id: authority.clientId },
      ...{ jti, iat, exp: iat + LIFETIME_S },
      ...(person.email === null ? {} : { email: person.email }),
      ...(resources.length === 0
        ? {}
        : { resource: resources.length === 1 ? (resources[0] as string) : [...resources] }),
      ...(scopes.length === 0 ? {} : { scope: scopes.join(' ') }),
      ...(dpopJkt === null ? {} : { cnf: { jkt: dpopJkt } }),
    };
    const header = { alg: SIGNING_ALGORITHM, typ: 'oauth-id-jag+jwt', kid: key.kid };
    const token = await new SignJWT(payload).setProtectedHeader(header).sign(key.privateKey);
    const detail = {
      child: jti,
      subject: id,
      to: agent.id,
      audience: authority.audience,
      resources: [...resources],
      scopes: [...scopes],
    };
    await options.record({ act: 'id-jag.issue', by: agent.id, reason: agent.purpose, detail });
    return answer(token, scopes);
  };
}

function answer(token: string, scopes: readonly string[]): HttpAnswer {
  return tokenAnswer({
    issued_token_type: ID_JAG_TOKEN,
    access_token: token,
    token_type: 'N_A',
    expires_in: LIFETIME_S,
    ...(scopes.length === 0 ? {} : { scope: scopes.join(' ') }),
  });
}

interface Asking {
  readonly agent: Agent;
  readonly request: GrantRequest;
}

/** One server, named by the operator for this agent, and never ourselves: nothing here is granted by what we said ourselves. */
function authorityFor(options: TokenEndpointOptions, jag: IdJagOptions, { agent, request }: Asking): ResourceAuthority {
  const audiences = request.form.all('audience');
  if (audiences.length !== 1) throw new OAuthRefused('invalid_request', 'send exactly one audience');
  const found = jag.authorities().find((one) => one.agent === agent.id && isSame(one.audience, audiences[0] as string));
  if (found === undefined || isSame(found.audience, options.resources().issuer))
    throw new OAuthRefused('invalid_target', 'this agent may not carry identities to that audience');
  return found;
}

/** With or without a final slash: clients take one for the other (their URL parser adds it), and no two servers differ in it. */
function isSame(a: string, b: string): boolean {
  return a.replace(/\/$/, '') === b.replace(/\/$/, '');
}

function within(
  authority: ResourceAuthority,
  { form }: GrantRequest,
): { resources: readonly string[]; scopes: readonly string[] } {
  const resources = form.all('resource');
  const known = (resource: string) => authority.resources.find((one) => isSame(one, resource));
  const spelled = resources.map((resource) => known(resource));
  if (spelled.includes(undefined))
    throw new OAuthRefused('invalid_target', 'that resource is not one of this audience');
  const scope = form.get('scope');
  const scopes = scope === null ? authority.scopes : [...new Set(scope.split(' ').filter((one) => one !== ''))];
  if (!scopes.every((one) => SCOPE.test(one) && authority.scopes.includes(one)))
    throw new OAuthRefused('invalid_scope', 'this agent may not ask for all of these scopes there');
  return { resources: resources.length === 0 ? authority.resources : [...new Set(spelled as string[])], scopes };
}

/** Who signed in, with this very client. */
async function signedIn(
  options: TokenEndpointOptions,
  jag: IdJagOptions,
  { request, agent }: Asking,
): Promise<SignedIn> {
  const { form } = request;
  const token = form.get('subject_token');
  const type = form.get('subject_token_type');
  if (token === null || (type !== ID_TOKEN && type !== REFRESH_TOKEN))
    throw new OAuthRefused('invalid_request', `send subject_token and subject_token_type=${ID_TOKEN}`);
  const clients = [agent.id, ...agent.clients];
  if (type === ID_TOKEN) return fromIdToken(options, jag, { token, clients, nowMs: request.nowMs });
  const person = await jag.personOfRefreshToken(token, clients);
  if (person === null) throw new OAuthRefused('invalid_request', 'subject_token is not good, or of another client');
  return { person, claims: {} };
}

interface Shown {
  readonly token: string;
  readonly clients: readonly string[];
  readonly nowMs: number;
}

async function fromIdToken(options: TokenEndpointOptions, { keys }: IdJagOptions, shown: Shown): Promise<SignedIn> {
  try {
    const payload = await readOwnIdToken(keys, { ...shown, issuer: options.resources().issuer });
    const claims = SIGN_IN_CLAIMS.flatMap((name) => {
      const value = payload[name];
      return value === undefined ? [] : [[name, value] as const];
    });
    return { person: payload.sub, claims: Object.fromEntries(claims) };
  } catch (error) {
    if (error instanceof CredentialRefused)
      throw new OAuthRefused('invalid_request', `subject_token: ${error.message}`);
    throw error;
  }
}
