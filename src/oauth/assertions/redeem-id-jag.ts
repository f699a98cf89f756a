import type { Directory } from '../../identity/directory.ts';
import type { ForeignAssertion } from '../../identity/issuers/foreign.ts';
import { CredentialRefused } from '../../identity/proof/jws.ts';
import { thumbprint } from '../../identity/proof/keys.ts';
import { covers } from '../../identity/resources.ts';
import type { Agent } from '../../model/agent.ts';
import { isObject, type Json, type JsonObject } from '../../model/json.ts';
import type { Person } from '../../model/person.ts';
import { coversScope, intersectScopes, isScope } from '../../model/scope.ts';
import { type HttpAnswer, OAuthRefused } from '../answer.ts';
import { askedResources, askedScopes, authenticateClient } from '../grants/client.ts';
import { type GrantRequest, issue, type TokenEndpointOptions } from '../grants/context.ts';

const MAX_RESOURCES = 16;

/**
 * An identity assertion authorization grant, redeemed (draft-ietf-oauth-identity-assertion-authz-grant, the resource server's side): the
 * person's own provider said that this client may act for them here. The person must be active here, too, whatever it says. No refresh
 * token: the client comes back with a new grant, and the provider decides again.
 */
export async function redeemIdJag(
  options: TokenEndpointOptions,
  request: GrantRequest,
  verify: () => Promise<ForeignAssertion>,
): Promise<HttpAnswer> {
  const { nowMs, dpopJkt, form } = request;
  if (form.get('authorization_details') !== null)
    throw new OAuthRefused(
      'invalid_request',
      'authorization_details is not taken with an ID-JAG: exchange the token it gives',
    );
  const { agent, key } = await authenticateClient(options, request);
  const assertion = await verify();
  const { payload, issuer } = assertion;
  // Its own AS is where consent and policy of a person are asked; a grant to itself would be a way around them.
  if (issuer.issuer === options.resources().issuer) throw new CredentialRefused('the assertion was issued here');
  checkClient(payload, agent, dpopJkt);
  const person = personOf(options, assertion);
  const scopes = scopesOf(payload, agent, askedScopes(request));
  const audiences = resourcesOf(options, request, { payload, agent });
  if (!(await assertion.spend())) throw new CredentialRefused('the assertion was used before');
  const ttlMs = options.lifetimes().tokenMs;
  return issue(
    options,
    {
      ...{ agentId: agent.id, clientId: payload.client_id as string, subject: person.id },
      ...{ chain: [{ id: agent.id, kind: 'agent' as const }], audiences, scopes, nowMs, ttlMs, dpopJkt },
      keyThumbprint: thumbprint(key),
    },
    async (minted) => {
      await options.record({
        act: 'token.id-jag',
        by: agent.id,
        reason: agent.purpose,
        detail: {
          ...{ parent: assertion.jti, child: minted.jti, txn: minted.txn, subject: person.id, to: agent.id },
          ...{ issuer: issuer.issuer, issuerSubject: assertion.subject, resources: [...audiences] },
          scopes: scopes === null ? null : [...scopes],
        },
      });
      return {};
    },
  );
}

/** It was made for the client that shows it, for the key that shows it, and for nothing we do not understand. */
function checkClient(payload: JsonObject, agent: Agent, dpopJkt: string | null): void {
  const { client_id: clientId, cnf, act, authorization_details: details } = payload;
  const own = typeof clientId === 'string' && (clientId === agent.id || agent.clients.includes(clientId));
  if (!own) throw new CredentialRefused('the assertion was issued for another client ("client_id")');
  if (cnf !== undefined) {
    if (!isObject(cnf) || Object.keys(cnf).join() !== 'jkt') throw new CredentialRefused('"cnf" is not understood');
    if (dpopJkt === null || cnf.jkt !== dpopJkt)
      throw new CredentialRefused('the assertion is bound to another key: send a DPoP proof by it');
  }
  // Limits that would be dropped, and actors nobody here could vouch for.
  if (act !== undefined || details !== undefined)
    throw new CredentialRefused('an assertion with "act" or "authorization_details" is not accepted');
}

/** One text for somebody unknown and somebody who left (CVE-2026-1609: a disabled account is none). */
function personOf({ directory, isLocked }: TokenEndpointOptions, assertion: ForeignAssertion): Person {
  const person = namedBy(directory, assertion);
  if (person === undefined || directory.whyNoSubject(person.id) !== null || isLocked({ person: person.id }))
    throw new CredentialRefused('the assertion names nobody who can be acted for here');
  return person;
}

function namedBy(directory: Directory, { issuer, subject, payload }: ForeignAssertion): Person | undefined {
  if (issuer.person === 'aud-sub')
    return typeof payload.aud_sub === 'string' ? directory.person(payload.aud_sub) : undefined;
  if (issuer.person === 'email') {
    const { email, email_verified: verified } = payload;
    return typeof email === 'string' && email.includes('@') && verified === true
      ? directory.personNamed(email)
      : undefined;
  }
  const byId = directory.person(subject);
  const found = [...directory.people()].filter(({ id, externalId }) => externalId === subject && id !== byId?.id);
  if (byId !== undefined) found.push(byId);
  // Two that answer to one name: nobody can say which one it is.
  return found.length === 1 ? found[0] : undefined;
}

/** Within what the assertion says, where it says any, and within what the agent may ever hold. */
function scopesOf({ scope }: JsonObject, agent: Agent, asked: readonly string[] | null): readonly string[] | null {
  const available = intersectScopes(granted(scope), agent.scopes);
  if (asked === null) {
    if (available?.length === 0)
      throw new OAuthRefused('invalid_scope', 'the assertion grants no scope that can be had here');
    return available;
  }
  if (asked.every((one) => coversScope(available, one))) return asked;
  throw new OAuthRefused('invalid_scope', 'more was asked for than the assertion grants');
}

/** Scopes that name nothing here grant nothing here. `null`: it limits none. */
function granted(scope: Json | undefined): readonly string[] | null {
  if (scope === undefined) return null;
  if (typeof scope !== 'string') throw new CredentialRefused('the assertion has no usable "scope"');
  return scope.split(' ').filter(isScope);
}

interface Placing {
  readonly payload: JsonObject;
  readonly agent: Agent;
}

function resourcesOf(
  options: TokenEndpointOptions,
  request: GrantRequest,
  { payload, agent }: Placing,
): readonly string[] {
  const resources = options.resources();
  const named = payload.resource === undefined ? [resources.aggregate] : textsIn(payload.resource);
  const within = askedResources(options, asking(request, named), agent);
  const asked = askedResources(options, request, agent);
  if (asked.length === 0) return within;
  if (!asked.every((resource) => covers(resources, within, resource)))
    throw new OAuthRefused('invalid_target', 'the assertion is not good there');
  return asked;
}

/** The same request, for these resources. */
function asking(request: GrantRequest, resources: readonly string[]): GrantRequest {
  const { form } = request;
  return {
    ...request,
    form: { get: (name) => form.get(name), all: (name) => (name === 'resource' ? resources : form.all(name)) },
  };
}

function textsIn(value: Json): readonly string[] {
  const list = Array.isArray(value) ? value : [value];
  if (list.length === 0 || list.length > MAX_RESOURCES || !list.every((one) => typeof one === 'string'))
    throw new CredentialRefused('the assertion has no usable "resource"');
  return list as readonly string[];
}
