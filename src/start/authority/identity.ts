import { systemClock } from '../../adapters/clock.ts';
import type { Gateway, Log } from '../../gateway/gateway.ts';
import { type Authenticator, createAuthenticator } from '../../identity/authenticator.ts';
import { resourcesOf } from '../../identity/resources.ts';
import { type AccessClaims, accessTokens } from '../../identity/tokens.ts';
import type { TrustedIssuer } from '../../model/issuer.ts';
import type { HttpAnswer } from '../../oauth/answer.ts';
import { ID_JAG_PROFILE } from '../../oauth/assertions/jwt-bearer.ts';
import {
  type AuthorizationServer,
  type AuthorizationServerOptions,
  authorizationServer,
} from '../../oauth/authorization-server.ts';
import { ACR } from '../../oauth/backchannel/asked/terms.ts';
import { backchannelEndpoint } from '../../oauth/backchannel/endpoint.ts';
import { CIBA, cibaGrant } from '../../oauth/backchannel/grant.ts';
import { endGrant, findConsent, whyNotGood } from '../../oauth/consent/consents.ts';
import { AGENTS_ONLY } from '../../oauth/documents.ts';
import { type FrontRequest, introspect } from '../../oauth/introspection.ts';
import { type RevocationOptions, revoke } from '../../oauth/revocation.ts';
import { grantTypes, type TokenRequest } from '../../oauth/token-endpoint.ts';
import type { Stores } from '../../ports/stores.ts';
import type { Live } from '../live.ts';
import { assertions } from './assertions.ts';
import type { Authority } from './authority.ts';
import { openBackchannel } from './backchannel.ts';
import { delegation } from './delegation.ts';
import { openPeople, type People, type PeopleParts } from './people.ts';

export interface IdentityParts {
  readonly live: Live;
  readonly stores: Stores;
  readonly authority: Authority;
  readonly gateway: Gateway;
  readonly log: Log;
  /** Where clients reach the gateway; known only once it listens. */
  readonly url: () => string;
  readonly admit: PeopleParts['admit'];
}

/** Who may call, and where agents and people get the tokens that say so. */
export interface Identity {
  readonly authenticator: Authenticator;
  readonly oauth: AuthorizationServer;
  readonly people: People;
  /** POST /oauth/bc-authorize */
  backchannel(request: TokenRequest): Promise<HttpAnswer>;
  /** From now on agents that asked people are told when they were answered. */
  follow(): { close(): void };
  introspect(request: FrontRequest): Promise<HttpAnswer>;
  revoke(request: FrontRequest): Promise<HttpAnswer>;
}

export function openIdentity(parts: IdentityParts): Identity {
  const { live, stores, authority, log, url } = parts;
  const { ring, isRevoked } = authority;
  const { directory } = live;
  const tokens = accessTokens({ keys: ring, issuer: url });
  const resources = () => resourcesOf(url());
  const agents = () => ({ get: (id: string) => directory.agent(id) });
  const authenticator = createAuthenticator({
    ...{ tokens, resources, directory, isRevoked },
    replay: stores.replay,
    development: () => ({ ...live.config.development, staticTokens: live.staticTokens }),
  });
  const people = openPeople({ ...parts, resources });
  const backchannel = openBackchannel(parts);
  const foreign = assertions({ ...parts, people });
  const grants = new Map([...(foreign.grants ?? []), [CIBA, cibaGrant(backchannel.options)] as const]);
  const options: AuthorizationServerOptions = {
    ...{ tokens, keys: ring, resources, directory, isRevoked },
    ...delegation(parts),
    ...{ ...foreign, grants },
    servers: () => live.snapshot().servers,
    replay: stores.replay,
    clock: systemClock,
    lifetimes: () => ({ tokenMs: live.config.tokens.ttlMs, maxAssertionMs: live.config.tokens.maxTtlMs }),
    discovery: () => {
      const { registration, documents, basicRights } = live.config.oauth;
      return {
        ...AGENTS_ONLY,
        grantTypes: grantTypes({ grants }),
        backchannel: { acrValues: Object.values(ACR) },
        grantProfiles: live.config.oauth.issuers.some(provesPeople) ? [ID_JAG_PROFILE] : [],
        issuesIdJags: live.config.oauth.identityAssertions.length > 0,
        people: { registration: registration.enabled, documents: documents.enabled, basicRights },
      };
    },
    onError: (error) => log.error({ err: error }, 'the token endpoint failed'),
  };
  const oauth = authorizationServer(options);
  const front: RevocationOptions = {
    ...{ tokens, resources, agents },
    store: stores.oauth,
    replay: stores.replay,
    clock: systemClock,
    whyDead: (claims, nowMs) => whyDead(parts, claims, nowMs),
    whyGrantDead: async (grantId) => whyNotGood(people.options, await findConsent(people.options, grantId)),
    isAlive: (id, nowMs) => directory.whyNotAlive(id, nowMs) === null,
    maxAssertionMs: () => live.config.tokens.maxTtlMs,
    onError: (error) => log.error({ err: error }, 'introspection or revocation failed'),
    endToken: (jti, expiresAtMs) =>
      authority.revoked.revoke([{ kind: 'token', id: jti, issuedUntilMs: expiresAtMs, expiresAtMs }]),
    endGrant: (grantId) => endGrant(people.options, grantId),
  };
  return {
    ...{ authenticator, oauth, people },
    backchannel: backchannelEndpoint(options, backchannel.options),
    follow: () => backchannel.follow(),
    introspect: (request) => introspect(front, request),
    revoke: (request) => revoke(front, request),
  };
}

function provesPeople({ enabled, proves }: TrustedIssuer): boolean {
  return enabled && proves.includes('id-jag');
}

/** As the path asks on every call (start/entitled.ts): everybody in the chain, the human at the root, the task, the credential itself. */
function whyDead({ live, authority }: IdentityParts, claims: AccessClaims, nowMs: number): string | null {
  const { directory } = live;
  if (authority.isRevoked(claims, nowMs)) return 'revoked';
  const agents = [claims.agentId, ...claims.chain.filter(({ kind }) => kind === 'agent').map(({ id }) => id)];
  for (const id of agents) {
    const why = directory.whyNotAlive(id, nowMs);
    if (why !== null) return why;
  }
  if (claims.subject !== null && directory.whyNoSubject(claims.subject) !== null) return 'subject';
  const bound = claims.taskBound && claims.taskId !== null;
  return bound && directory.task(claims.taskId as string)?.state !== 'open' ? 'task' : null;
}
