import { targetName } from '../../model/action.ts';
import type { Decision, RefusalCode } from '../../model/decision.ts';
import { Fault } from '../../model/fault.ts';
import type { Lock } from '../../model/lock.ts';
import type { Gateway } from '../gateway.ts';
import type { Trace } from '../trace.ts';
import { type Entered, stopped } from './enter.ts';
import { callFacts } from './record.ts';
import type { Known } from './resolve.ts';

export type Answer =
  | { readonly code: null; readonly id: string }
  | { readonly code: RefusalCode; readonly id: string | null; readonly lock: Lock | null };

interface Question {
  readonly known: Known;
  readonly entry: Entered;
  readonly decision: Decision;
}

/** Parks the call for a human. Total: a halt that ends the waiting, and whatever fails meanwhile, is a refusal like any other. */
export async function approve(gateway: Gateway, trace: Trace, step: Question): Promise<Answer> {
  try {
    return await ask(gateway, trace, step);
  } catch (error) {
    const stop = stopped(step.entry);
    if (stop !== null) return { ...stop, id: null };
    // The caller went away: nobody reads the refusal, the record does.
    if (trace.attempt.gone?.aborted === true) return { code: 'approval-pending', id: null, lock: null };
    gateway.log.error({ call: trace.call, err: error }, 'nobody could be asked; the call is refused');
    const code =
      error instanceof Fault && (error.code === 'overloaded' || error.code === 'journal-unavailable')
        ? error.code
        : 'internal';
    return { code, id: null, lock: null };
  }
}

/** The answer is bound to the digest of the exact action and is good once. */
async function ask(gateway: Gateway, trace: Trace, step: Question): Promise<Answer> {
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
      // Good for what was asked, by whom it was asked: who was changed meanwhile asks again.
      if (!gateway.unchanged(caller)) return { code: 'approval-expired', id: result.id, lock: null };
      return { code: null, id: result.id };
    case 'denied':
      return { code: 'approval-denied', id: result.id, lock: null };
    case 'expired':
      return { code: 'approval-expired', id: result.id, lock: null };
    case 'pending':
      return { code: 'approval-pending', id: result.id, lock: null };
  }
}
