import type { ProvenAgent } from '../../identity/proof/assertion.ts';
import { thumbprint } from '../../identity/proof/keys.ts';
import type { AccessClaims, MintRequest } from '../../identity/tokens.ts';
import { type Answer, redemptionOf } from '../../model/approval.ts';
import type { JsonObject } from '../../model/json.ts';
import { coversScope } from '../../model/scope.ts';
import type { ApprovalRow } from '../../ports/stores.ts';
import { type HttpAnswer, OAuthRefused } from '../answer.ts';
import { signIdToken } from '../assertions/own-id-token.ts';
import { authenticateClient } from '../grants/client.ts';
import { type Grant, type GrantRequest, issue, type TokenEndpointOptions } from '../grants/context.ts';
import { grantedAction } from './asked/action.ts';
import { ACR } from './asked/terms.ts';
import type { BackchannelOptions } from './options.ts';
import { type FoundRequest, find, look, take } from './stored.ts';

export const CIBA = 'urn:openid:params:grant-type:ciba';
const AUTH_REQ_ID_CLAIM = 'urn:openid:params:jwt:claim:auth_req_id';
/**
 * The token for a request a person has answered (OpenID Connect CIBA Core section 10.1): for them, through the agent that asked, as far as
 * they approved, once.
 */
export function cibaGrant(backchannel: BackchannelOptions): Grant {
  return async (options, request) => {
    const authReqId = request.form.get('auth_req_id');
    if (authReqId === null) throw new OAuthRefused('invalid_request', 'auth_req_id is missing');
    const proven = await authenticateClient(options, request);
    const { agent } = proven;
    if (agent.backchannel === null)
      throw new OAuthRefused('unauthorized_client', 'this agent may not ask people beforehand');
    const found = await find(backchannel.store, authReqId);
    // One answer for another agent's request and for none: whose it is, is nobody's business.
    if (found === null || found.agent !== agent.id || found.used)
      throw new OAuthRefused('invalid_grant', 'auth_req_id is unknown, was used, or is of another client');
    const row = await decided(backchannel, found, request.nowMs);
    return redeem(options, backchannel, { authReqId, found, proven, row, request });
  };
}

/** The approval behind the request, when people approved it. Throws OAuthRefused with how it stands (section 11). */
async function decided(backchannel: BackchannelOptions, found: FoundRequest, nowMs: number): Promise<ApprovalRow> {
  const { request } = found;
  const row = await backchannel.approval(request.approval);
  if (row === null || request.expiresAtMs <= nowMs || row.state === 'expired')
    throw new OAuthRefused('expired_token', 'nobody answered in time: ask again');
  if (row.state === 'denied') throw new OAuthRefused('access_denied', 'it was denied');
  if (row.state === 'withdrawn') throw new OAuthRefused('access_denied', 'what was asked about is over');
  if (row.state === 'consumed') throw new OAuthRefused('invalid_grant', 'what was approved was used already');
  // An answer counts once it is on record.
  if (row.state === 'approved' && row.recorded) return row;
  if (await look(backchannel.store, found, nowMs))
    throw new OAuthRefused('authorization_pending', 'nobody has answered yet');
  throw new OAuthRefused('slow_down', 'wait longer between two requests: the interval has grown by 5 seconds');
}

interface Redeeming {
  readonly authReqId: string;
  readonly found: FoundRequest;
  readonly proven: ProvenAgent;
  readonly row: ApprovalRow;
  readonly request: GrantRequest;
}

async function redeem(
  options: TokenEndpointOptions,
  backchannel: BackchannelOptions,
  redeeming: Redeeming,
): Promise<HttpAnswer> {
  const { found, row, request, authReqId } = redeeming;
  const { nowMs } = request;
  const mint = mintFor(options, redeeming);
  stillGood(options, backchannel, redeeming, mint);
  const own = ownAnswer(row, found.person);
  if (!(await take(backchannel.store, found.id, nowMs)))
    throw new OAuthRefused('invalid_grant', 'auth_req_id was used before');
  // Who approved a sign-in approved one. An action is used up by the call itself.
  const { action } = found.request;
  if (action === null && (await backchannel.spend(row.id, row.digest, redemptionOf(found.id))) === null)
    throw new OAuthRefused(
      'access_denied',
      'what was approved was used, or whoever approved it may not do so any more',
    );
  const details: JsonObject =
    action === null ? {} : { authorization_details: [grantedAction(action, row.proposal?.arguments ?? null)] };
  return issue(options, mint, async ({ jti, txn }) => {
    await options.record({
      ...{ act: 'token.backchannel', by: found.agent, reason: own.reason },
      detail: {
        ...{ child: jti, txn, approval: row.id, subject: found.person, to: found.agent },
        ...{ scopes: [...found.request.scopes], resources: [...found.request.resources] },
        digest: mint.approved?.digest ?? null,
      },
    });
    const claims = { sub: found.person, aud: found.agent, ...howProven(own), [AUTH_REQ_ID_CLAIM]: authReqId };
    const times = { issuer: options.resources().issuer, nowMs, ttlMs: options.lifetimes().tokenMs };
    return { id_token: await signIdToken(backchannel.keys, claims, times), ...details };
  });
}

/** As far as was approved and no further: the scopes asked for, and the one action. */
function mintFor(options: TokenEndpointOptions, { found, proven, row, request }: Redeeming): MintRequest {
  const { nowMs, dpopJkt } = request;
  const { scopes, resources, action } = found.request;
  const tokenMs = options.lifetimes().tokenMs;
  return {
    ...{ agentId: found.agent, subject: found.person, chain: [{ id: found.agent, kind: 'agent' }] },
    ...{ audiences: resources, scopes, nowMs, dpopJkt, keyThumbprint: thumbprint(proven.key) },
    ttlMs: action === null ? tokenMs : Math.min(tokenMs, row.expiresAtMs - nowMs),
    approved: action === null ? null : { approval: row.id, digest: row.proposal?.digest ?? row.digest },
  };
}

/**
 * Whether the person, the agent and what it may have are still as they were when the person was asked; what was revoked since then would
 * have ended a token of that time, and ends the request. Throws OAuthRefused.
 */
function stillGood(
  options: TokenEndpointOptions,
  { keys }: BackchannelOptions,
  { found, proven: { agent }, request }: Redeeming,
  mint: MintRequest,
): void {
  const { directory, isLocked, isRevoked } = options;
  const noSubject = directory.whyNoSubject(found.person);
  if (noSubject === 'stale-view') throw new OAuthRefused('temporarily_unavailable', 'try again in a moment');
  const locked = isLocked({ agent }) || isLocked({ person: found.person });
  const then = {
    ...{ agentId: found.agent, clientId: found.agent, subject: found.person, chain: mint.chain },
    ...{ audiences: mint.audiences, scopes: found.request.scopes, issuedAtMs: found.request.requestedAtMs },
    ...{
      expiresAtMs: found.request.expiresAtMs,
      jti: found.id,
      txn: null,
      grant: null,
      taskId: null,
      taskBound: false,
    },
    ...{ keyThumbprint: null, dpopJkt: null, maxUses: null, approved: null, signedBy: keys.current().kid },
  } satisfies AccessClaims;
  if (noSubject !== null || locked || isRevoked(then, request.nowMs))
    throw new OAuthRefused('access_denied', 'what was approved may not be done any more');
  if (!found.request.scopes.every((scope) => coversScope(agent.scopes, scope)))
    throw new OAuthRefused('access_denied', 'this agent may not hold all of these scopes any more');
}

/**
 * The person's own answer: others may have had to approve as well, or stood in for them, but only the person signs in. Throws OAuthRefused.
 */
function ownAnswer(row: ApprovalRow, person: string): Answer {
  const digest = row.proposal?.digest ?? row.digest;
  const own = row.answers.findLast(
    (answer) => answer.person === person && answer.verdict === 'approved' && answer.digest === digest,
  );
  if (own === undefined)
    throw new OAuthRefused('access_denied', 'somebody else answered: only the person who was named can sign in');
  return own;
}

/** OpenID Connect Core section 2, RFC 8176. `amr` only where it is known how. */
function howProven({ atMs, assurance }: Answer): JsonObject {
  const known = assurance === 'passkey' ? { amr: ['pop', 'user', 'mfa'] } : {};
  return { auth_time: Math.floor(atMs / 1000), acr: ACR[assurance], ...known };
}
