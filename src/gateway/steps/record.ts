import type { Permit } from '../../audit/journal.ts';
import { type ActionTarget, targetName } from '../../model/action.ts';
import type { Decision } from '../../model/decision.ts';
import type { Json } from '../../model/json.ts';
import type { Tier } from '../../model/lock.ts';
import { type CallFacts, RECORDED_ARGS_CHARS } from '../../model/record.ts';
import type { Gateway } from '../gateway.ts';
import type { Trace } from '../trace.ts';
import type { Known } from './resolve.ts';

export interface Recorded {
  readonly known: Known;
  readonly decision: Decision;
  readonly code: string;
  readonly lock: Tier | null;
}

/** Who, for whom, through whom, why, on what, and what was decided. */
export function callFacts(trace: Trace, { known, decision, code, lock }: Recorded): CallFacts {
  const { caller, session, action, server, surface } = trace.attempt;
  return {
    call: trace.call,
    agent: caller.agent.id,
    owner: caller.agent.owner,
    subject: caller.subject,
    chain: caller.chain,
    purpose: caller.agent.purpose,
    auth: caller.method,
    credential: caller.credentialId,
    session: session.id,
    task: caller.taskId,
    tasks: caller.tasks.map((task) => task.id),
    txn: caller.txn,
    surface,
    action: action.name,
    server: server.id,
    target: targetName(action.target),
    pin: known.pin,
    digest: action.digest,
    args: recordedArgs(trace, known, decision),
    amount: trace.facts.amount,
    decision: {
      effect: decision.effect,
      code,
      reasons: decision.reasons,
      errors: decision.errors,
      obligations: decision.obligations.map((o) => (o.detail === '' ? o.name : `${o.name}:${o.detail}`)),
      policyVersion: decision.policyVersion,
      tiers: trace.tiers,
      lock,
    },
    approval: trace.approval,
    ...(trace.approvedBy.length === 0 ? {} : { approvedBy: trace.approvedBy }),
  };
}

/** Restricted data never enters the record; its digest always does. */
function recordedArgs(trace: Trace, known: Known, decision: Decision): Json {
  const { args, target, sizeChars } = trace.attempt.action;
  const redacted = whyUnrecorded(target, known, decision);
  if (redacted !== null) return { redacted };
  return sizeChars > RECORDED_ARGS_CHARS ? { truncated: sizeChars } : args;
}

/** Why the arguments of a call stay out of every record: the class of their data, or `policy`. `null`: they do not. */
export function whyUnrecorded(target: ActionTarget, { labels }: Known, { obligations }: Decision): string | null {
  if (target.kind === 'tool' && (labels === null || labels.dataClass === 'restricted'))
    return labels?.dataClass ?? 'unknown';
  return obligations.some(({ name }) => name === 'redact-arguments') ? 'policy' : null;
}

/** Durable intent: resolves with the permit after the disk has it, or null when it cannot be recorded (and nothing may happen). */
export async function recordIntent(
  gateway: Gateway,
  trace: Trace,
  step: { known: Known; decision: Decision; watched: boolean },
): Promise<Permit | null> {
  try {
    const facts = callFacts(trace, { ...step, code: 'policy', lock: step.watched ? 'watch' : null });
    const permit = await gateway.journal.intent({ type: 'intent', ...facts });
    trace.durableUs = gateway.clock.monotonicUs();
    return permit;
  } catch (error) {
    gateway.log.error({ call: trace.call, err: error }, 'the intent could not be recorded; the call is refused');
    return null;
  }
}
