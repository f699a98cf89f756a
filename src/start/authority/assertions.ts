import { systemClock } from '../../adapters/clock.ts';
import { issuerKeys } from '../../identity/issuers/issuer-keys.ts';
import type { TrustedIssuer } from '../../model/issuer.ts';
import { ID_JAG_TOKEN, issueIdJag } from '../../oauth/assertions/issue-id-jag.ts';
import { JWT_BEARER, jwtBearer } from '../../oauth/assertions/jwt-bearer.ts';
import { consentsOf, findConsent, whyNotGood } from '../../oauth/consent/consents.ts';
import { findRefreshToken } from '../../oauth/introspection.ts';
import type { TokenEndpointOptions } from '../../oauth/token-endpoint.ts';
import type { Stores } from '../../ports/stores.ts';
import type { Live } from '../live.ts';
import type { Authority } from './authority.ts';
import type { People } from './people.ts';

export interface AssertionParts {
  readonly live: Live;
  readonly stores: Pick<Stores, 'oauth'>;
  readonly authority: Authority;
  readonly people: People;
}

/** The grants that rest on what others said, and the assertions we issue ourselves. */
export function assertions({
  live,
  stores,
  authority,
  people,
}: AssertionParts): Pick<TokenEndpointOptions, 'grants' | 'exchanges'> {
  let known: { readonly of: unknown; readonly byName: ReadonlyMap<string, TrustedIssuer> } | null = null;
  const issuers = () => {
    const { issuers: of } = live.config.oauth;
    if (known?.of !== of) known = { of, byName: new Map(of.map((one) => [one.issuer, one])) };
    return known.byName;
  };
  const keys = issuerKeys({ web: authority.web, clock: systemClock });
  const idJag = issueIdJag({
    keys: authority.ring,
    authorities: () => live.config.oauth.identityAssertions,
    agrees: async (person, agentId, clients) =>
      (await consentsOf(people.options, person)).some(
        (one) => one.agentId === agentId && clients.includes(one.clientId) && whyNotGood(people.options, one) === null,
      ),
    async personOfRefreshToken(token, clients) {
      const row = await findRefreshToken({ store: stores.oauth }, token);
      const good = row !== null && row.consumedAtMs === null && row.client !== null && clients.includes(row.client);
      if (!good || row.grantId === null) return null;
      return whyNotGood(people.options, await findConsent(people.options, row.grantId)) === null ? row.account : null;
    },
  });
  return {
    grants: new Map([[JWT_BEARER, jwtBearer({ issuers, keys })]]),
    exchanges: new Map([[ID_JAG_TOKEN, idJag]]),
  };
}
