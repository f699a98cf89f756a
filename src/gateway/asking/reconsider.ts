import type { Decision, RefusalCode } from '../../model/decision.ts';
import { withArguments } from '../action.ts';
import type { Gateway } from '../gateway.ts';
import { context, decide } from '../steps/decide.ts';
import type { Entered } from '../steps/enter.ts';
import { type Known, resolve } from '../steps/resolve.ts';
import { userRights } from '../tiers/coarse.ts';
import type { Trace } from '../trace.ts';
import type { Approved } from './approve.ts';
import { asked } from './question.ts';

interface Step {
  readonly first: Known;
  readonly entry: Entered;
  readonly approved: Approved;
}

export interface Reconsidered {
  readonly known: Known;
  readonly decision: Decision;
  /** Why the call does not go on after all (no code: the decision says why); `null`: it does. */
  readonly refused: { readonly code?: RefusalCode } | null;
}

/**
 * Decides again what was approved: the wait for people is the widest race of all, and what they let through may have other arguments than
 * were decided on. Notes on the trace what the call goes on with.
 */
export async function reconsider(gateway: Gateway, trace: Trace, step: Step): Promise<Reconsidered> {
  const { first, entry, approved } = step;
  note(trace, approved);
  const known = resolve(gateway, trace.attempt);
  let rights = userRights(gateway, trace.attempt, known);
  if (rights instanceof Promise) rights = await rights;
  const input = context(gateway, trace, { known, entry });
  const now = decide(gateway, trace, { known, input, rights });
  const decision: Decision = { ...now, effect: now.effect === 'permit' ? 'ask' : now.effect };
  if (now.effect === 'deny') return { known, decision, refused: {} };
  // Another definition than the one that was shown, another action than the one that was signed: nobody approved that.
  if (known.pin !== first.pin || !isWhatWasSigned(trace, approved))
    return { known, decision, refused: { code: 'approval-expired' } };
  // A policy that now asks somebody else was not answered by those who answered.
  const enough = now.effect === 'permit' || isAnswered(gateway, trace, { known, decision: now, approved });
  return { known, decision, refused: enough ? null : { code: 'approval-expired' } };
}

function note(trace: Trace, approved: Approved): void {
  trace.approval = approved.outcome === 'automatic' ? approved.rule : approved.id;
  trace.approvedBy = approved.outcome === 'automatic' ? [] : approved.signed.map(({ person }) => person);
  if (approved.outcome !== 'approved' || approved.arguments === null) return;
  const { attempt } = trace;
  trace.attempt = { ...attempt, action: withArguments(attempt.frame, approved.arguments, attempt.server.id) };
  trace.changed = approved.arguments;
}

function isWhatWasSigned(trace: Trace, approved: Approved): boolean {
  return approved.outcome !== 'approved' || approved.digest === trace.attempt.action.digest;
}

function isAnswered(
  gateway: Gateway,
  trace: Trace,
  { known, decision, approved }: { known: Known; decision: Decision; approved: Approved },
): boolean {
  const now = asked(trace, { known, decision });
  if (approved.outcome === 'automatic') return gateway.approvals.met(now, [], gateway.clock.nowMs());
  const since = approved.outcome === 'approved' ? approved.requestedAtMs : gateway.clock.nowMs();
  return gateway.approvals.met(now, approved.signed, since);
}
