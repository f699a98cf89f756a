import { systemClock } from '../../adapters/clock.ts';
import { realDisk } from '../../adapters/disk/real.ts';
import { redeemer } from '../../gateway/lease/redeem.ts';
import { stepUp } from '../../identity/challenge.ts';
import { sealedState } from '../../identity/proof/sealed-state.ts';
import { resourcesOf } from '../../identity/resources.ts';
import type { DoorRules } from '../../surfaces/http/door.ts';
import type { Handler } from '../../surfaces/http/listener.ts';
import { McpHandler } from '../../surfaces/mcp/handler.ts';
import { redeemDoor } from '../../surfaces/redeem/door.ts';
import { journalId, stands } from '../approvals/open.ts';
import { outcomeOf } from '../approvals/outcome-of.ts';
import type { Identity } from '../authority/identity.ts';
import { firstSince } from '../make-gateway.ts';
import type { DoorOptions, Place } from './public-door.ts';

interface At {
  readonly identity: Pick<Identity, 'authenticator'>;
  readonly rules: DoorRules;
  readonly place: Place;
}

/** Where agents call. */
export function openMcp(options: DoorOptions, { identity, rules, place }: At): McpHandler {
  const { gateway, live, authority } = options;
  const { dir } = live.config.journal;
  return new McpHandler({
    gateway,
    rules,
    sessions: options.sessions,
    authenticate: ({ headersDistinct, method }, path) =>
      identity.authenticator.authenticate({
        authorization: headersDistinct.authorization,
        dpop: headersDistinct.dpop,
        ...(method === undefined ? {} : { method }),
        audience: `${place.url}${path}`,
        nowMs: systemClock.nowMs(),
      }),
    waiting: {
      seal: sealedState(authority.ring),
      origin: () => place.url,
      outcomeOf: outcomeOf({
        ...{ dir, disk: realDisk, id: journalId(gateway.journal) },
        firstSince: (sinceMs) => firstSince(dir, sinceMs),
      }),
    },
    stepUp: (scope, path) => stepUp(resourcesOf(place.url), { scope, audience: `${place.url}${path}` }),
  });
}

/** Where tools redeem the credentials of actions. */
export function openRedeem(options: DoorOptions, place: Place, rules: DoorRules): Handler {
  const { gateway, live, stores, authority, questions } = options;
  const redeem = redeemer({
    ...{ gateway, directory: live.directory, replay: stores.replay },
    ...{ keys: authority.ring, isRevoked: authority.isRevoked, issuer: () => place.url },
    stands: (approval, agent) => stands(questions, approval, agent),
  });
  return redeemDoor({ redeem, rules, log: gateway.log });
}
