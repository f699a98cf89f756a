import {
  FOREIGN_LIMITS,
  type ForeignAssertion,
  type ForeignOptions,
  verifyForeign,
} from '../../identity/issuers/foreign.ts';
import { IssuerUnavailable } from '../../identity/issuers/issuer-keys.ts';
import { CredentialRefused, readJws } from '../../identity/proof/jws.ts';
import { type HttpAnswer, OAuthRefused } from '../answer.ts';
import { askedResources, askedScopes, ownScopes, standing } from '../grants/client.ts';
import { grantedDetails, newTask } from '../grants/client-credentials.ts';
import { type Grant, type GrantRequest, issue, type TokenEndpointOptions } from '../grants/context.ts';
import { readDetails } from '../grants/details.ts';
import { redeemIdJag } from './redeem-id-jag.ts';

export const JWT_BEARER = 'urn:ietf:params:oauth:grant-type:jwt-bearer';
export const ID_JAG_PROFILE = 'urn:ietf:params:oauth:grant-profile:id-jag';
const ID_JAG = 'oauth-id-jag+jwt';

/** The jwt-bearer grant (RFC 7523 section 2.1): a workload's own token, or an ID-JAG of a trusted issuer. */
export function jwtBearer(foreign: Omit<ForeignOptions, 'audiences' | 'replay'>): Grant {
  return async (options, request) => {
    const text = request.form.get('assertion');
    if (text === null) throw new OAuthRefused('invalid_request', 'assertion is missing');
    const trusted: ForeignOptions = {
      ...foreign,
      replay: options.replay,
      audiences: () => [options.resources().issuer, options.resources().tokenEndpoint],
    };
    try {
      const idJag = readJws(text, FOREIGN_LIMITS.length).typ === ID_JAG;
      const checked = (use: 'workload' | 'id-jag') => verifyForeign(trusted, text, { use, nowMs: request.nowMs });
      return idJag
        ? await redeemIdJag(options, request, () => checked('id-jag'))
        : await workload(options, request, () => checked('workload'));
    } catch (error) {
      if (error instanceof IssuerUnavailable) {
        options.onError(error);
        throw new OAuthRefused(
          'temporarily_unavailable',
          'the keys of the issuer cannot be had now; try again shortly',
        );
      }
      // RFC 7521 section 4.1.1.
      if (error instanceof CredentialRefused) throw new OAuthRefused('invalid_grant', error.message);
      throw error;
    }
  };
}

/**
 * A token for the agent a workload token proves (RFC 7523; SPIFFE JWT-SVID; the workload identity extension of MCP). The token is the
 * proof: no other authentication goes with it.
 */
async function workload(
  options: TokenEndpointOptions,
  request: GrantRequest,
  verify: () => Promise<ForeignAssertion>,
): Promise<HttpAnswer> {
  const { form, nowMs, dpopJkt } = request;
  if (form.get('client_assertion') !== null || form.get('client_secret') !== null)
    throw new OAuthRefused('invalid_request', 'a workload proves itself by its assertion alone');
  const details = readDetails(form.get('authorization_details'));
  const assertion = await verify();
  const found = options.directory.agentOfWorkload(assertion.issuer.issuer, assertion.subject);
  const clientId = form.get('client_id');
  if (found === undefined || (clientId !== null && clientId !== found.id))
    throw new CredentialRefused('the assertion proves no agent that is registered here');
  const agent = standing(options, found, nowMs);
  if (options.isLocked({ agent })) throw new OAuthRefused('unauthorized_client', 'this agent is stopped');
  const scopes = ownScopes(agent, askedScopes(request));
  const asked = askedResources(options, request, agent);
  const audiences = asked.length === 0 ? [options.resources().aggregate] : asked;
  if (!(await assertion.spend())) throw new CredentialRefused('the assertion was used before');
  const task = await newTask(options, { details, agent: agent.id, subject: null, parent: null, nowMs });
  const ttlMs = Math.min(options.lifetimes().tokenMs, (task?.notAfterMs ?? Number.POSITIVE_INFINITY) - nowMs);
  return issue(
    options,
    {
      ...{ agentId: agent.id, subject: null, chain: [], audiences, scopes, nowMs, ttlMs, dpopJkt },
      ...{ taskId: task?.id ?? null, taskBound: task !== null, maxUses: details.maxUses },
    },
    async (minted) => {
      await options.record({
        act: 'token.workload',
        by: agent.id,
        reason: agent.purpose,
        detail: {
          ...{ child: minted.jti, txn: minted.txn, agent: agent.id },
          issuer: assertion.issuer.issuer,
          workload: assertion.subject,
        },
      });
      return grantedDetails(task, details.maxUses);
    },
  );
}
