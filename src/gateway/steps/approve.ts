import { targetName } from '../../model/action.ts';
import type { Decision, RefusalCode } from '../../model/decision.ts';
import type { Gateway } from '../gateway.ts';
import type { Trace } from '../trace.ts';
import type { Entered } from './enter.ts';
import { callFacts } from './record.ts';
import type { Known } from './resolve.ts';

export type Answer =
  | { readonly code: null; readonly id: string }
  | { readonly code: RefusalCode; readonly id: string | null };

/** Parks the call for a human. The answer is bound to the digest of the exact action and is good once. */
export async function approve(
  gateway: Gateway,
  trace: Trace,
  step: { known: Known; entry: Entered; decision: Decision },
): Promise<Answer> {
  const { attempt } = trace;
  const { caller, session, action, server } = attempt;
  session.asked++;
  const facts = callFacts(trace, { ...step, code: 'approval-pending', lock: null });
  // The question itself is recorded before anybody is asked.
  await gateway.journal.append({ type: 'refusal', ...facts });
  const result = await gateway.approvals.ask(
    {
      call: trace.call,
      agent: caller.agent.id,
      session: session.id,
      digest: action.digest,
      askWhom: step.decision.ask,
      summary: {
        agent: caller.agent.id,
        owner: caller.agent.owner,
        purpose: caller.agent.purpose,
        subject: caller.subject,
        action: action.name,
        server: server.id,
        target: targetName(action.target),
        arguments: action.args,
        effect: step.known.labels?.effect ?? null,
        reversible: step.known.labels?.reversible ?? null,
        reasons: step.decision.reasons,
      },
      ttlMs: gateway.limits.approvalTtlMs,
    },
    step.entry.signal(),
    attempt.parked,
  );
  switch (result.outcome) {
    case 'approved':
      return { code: null, id: result.id };
    case 'denied':
      return { code: 'approval-denied', id: result.id };
    case 'expired':
      return { code: 'approval-expired', id: result.id };
    case 'pending':
      return { code: 'approval-pending', id: result.id };
  }
}
