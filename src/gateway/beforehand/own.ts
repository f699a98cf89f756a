import { currentDigest, givenOf } from '../../approvals/counting.ts';
import type { Decision } from '../../model/decision.ts';
import type { ApprovalRow } from '../../ports/stores.ts';
import type { Answer } from '../asking/approve.ts';
import { asked, type KeptContext } from '../asking/question.ts';
import type { Gateway } from '../gateway.ts';
import type { Known } from '../steps/resolve.ts';
import { callerApproval, ownScopesCover } from '../tiers/approved.ts';
import { neededScope } from '../tiers/coarse.ts';
import type { Trace } from '../trace.ts';

interface Question {
  readonly known: Known;
  readonly decision: Decision;
}

/**
 * Uses up the approval a credential carries for exactly this call (OpenID Connect CIBA). `null`: there is none, or it is not enough for what
 * is asked now, and people are asked as about any call. Where nothing but the approval would have let the call through, nobody is asked
 * once more: the credential has nothing left for it.
 */
export async function useOwnApproval(gateway: Gateway, trace: Trace, step: Question): Promise<Answer | null> {
  const { caller, action } = trace.attempt;
  const id = callerApproval(caller, action);
  if (id === null) return null;
  const row = await gateway.approvals.get(id);
  const good = row !== null && isFor(row, trace) && isEnough(gateway, trace, { ...step, row });
  const used = good ? await gateway.approvals.use(id, row.digest, trace.call) : null;
  if (used === null)
    return ownScopesCover(caller, neededScope(trace.attempt, step.known))
      ? null
      : { code: 'insufficient-scope', id: null, lock: null };
  if (!gateway.unchanged(caller)) return { code: 'approval-expired', id, lock: null };
  const signed = givenOf(used);
  const { requestedAtMs } = used;
  return {
    code: null,
    approved: { outcome: 'approved', id, signed, arguments: null, digest: action.digest, requestedAtMs },
  };
}

/** The approval the token names must be one of this agent and person, and about what the token says. */
function isFor({ kind, agent, subject, digest, proposal }: ApprovalRow, { attempt: { caller } }: Trace): boolean {
  const about = currentDigest({ digest, proposal });
  const same = agent === caller.agent.id && subject === caller.subject;
  return kind === 'backchannel' && same && about === caller.approved?.digest;
}

/** Of the definition people were shown, and by everybody who must agree now. */
function isEnough(gateway: Gateway, trace: Trace, { row, ...step }: Question & { readonly row: ApprovalRow }): boolean {
  const { pin } = JSON.parse(row.context) as KeptContext;
  return pin === step.known.pin && gateway.approvals.met(asked(trace, step), givenOf(row), row.requestedAtMs);
}
