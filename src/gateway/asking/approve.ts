import type { ApprovalOutcome } from '../../approvals/types.ts';
import type { Decision, RefusalCode } from '../../model/decision.ts';
import { Fault } from '../../model/fault.ts';
import type { Lock } from '../../model/lock.ts';
import { useOwnApproval } from '../beforehand/own.ts';
import type { Gateway } from '../gateway.ts';
import { type Entered, stopped } from '../steps/enter.ts';
import { callFacts } from '../steps/record.ts';
import type { Known } from '../steps/resolve.ts';
import type { Trace } from '../trace.ts';
import { question } from './question.ts';

export type Approved = Extract<ApprovalOutcome, { outcome: 'approved' | 'standing' | 'automatic' }>;

export type Answer =
  | { readonly code: null; readonly approved: Approved }
  /** `said`: why whoever denied it did. */
  | { readonly code: RefusalCode; readonly id: string | null; readonly lock: Lock | null; readonly said?: string };

interface Question {
  readonly known: Known;
  readonly entry: Entered;
  readonly decision: Decision;
}

/** The question a call waits for. */
interface Wait {
  id: string | null;
}

/** Parks the call for people. Total: a halt that ends the waiting, and whatever fails meanwhile, is a refusal like any other. */
export async function approve(gateway: Gateway, trace: Trace, step: Question): Promise<Answer> {
  const { gone, enough } = trace.attempt;
  const wait: Wait = { id: null };
  try {
    return await ask(gateway, trace, { ...step, wait });
  } catch (error) {
    const stop = stopped(step.entry);
    if (stop !== null) return { ...stop, id: null };
    // The caller went away: nobody reads the refusal, the record does. Or it waited long enough, and comes back.
    if (gone?.aborted === true || enough?.aborted === true)
      return { code: 'approval-pending', id: wait.id, lock: null };
    gateway.log.error({ call: trace.call, err: error }, 'nobody could be asked; the call is refused');
    const code =
      error instanceof Fault && (error.code === 'overloaded' || error.code === 'journal-unavailable')
        ? error.code
        : 'internal';
    return { code, id: null, lock: null };
  }
}

const REFUSED = {
  denied: 'approval-denied',
  expired: 'approval-expired',
  withdrawn: 'approval-withdrawn',
  pending: 'approval-pending',
  used: 'approval-used',
  nobody: 'nobody-to-ask',
} as const satisfies Partial<Record<ApprovalOutcome['outcome'], RefusalCode>>;

/** The answer is bound to the digest of the exact action and is good once. */
async function ask(gateway: Gateway, trace: Trace, step: Question & { readonly wait: Wait }): Promise<Answer> {
  const { attempt } = trace;
  const own = await useOwnApproval(gateway, trace, step);
  if (own !== null) return own;
  const result = await (attempt.resumes === undefined
    ? askAnew(gateway, trace, step)
    : gateway.approvals.resume(attempt.resumes, question(gateway, trace, step)));
  switch (result.outcome) {
    case 'approved':
    case 'standing':
      // Good for what was asked, by whom it was asked: who was changed meanwhile asks again.
      if (!gateway.unchanged(attempt.caller)) return { code: 'approval-expired', id: result.id, lock: null };
      return { code: null, approved: result };
    case 'automatic':
      return { code: null, approved: result };
    case 'denied':
      return { code: REFUSED.denied, id: result.id, lock: null, said: result.reason };
    default:
      return { code: REFUSED[result.outcome], id: 'id' in result ? result.id : null, lock: null };
  }
}

async function askAnew(
  gateway: Gateway,
  trace: Trace,
  step: Question & { readonly wait: Wait },
): Promise<ApprovalOutcome> {
  const { attempt } = trace;
  attempt.session.asked++;
  const facts = callFacts(trace, { ...step, code: 'approval-pending', lock: null });
  // The question itself is recorded before anybody is asked.
  await gateway.journal.append({ type: 'refusal', ...facts });
  const signal = step.entry.signal();
  const until = attempt.enough === undefined ? signal : AbortSignal.any([signal, attempt.enough]);
  let parkedUs = Number.NaN;
  try {
    return await gateway.approvals.ask(question(gateway, trace, step), until, (id) => {
      step.wait.id = id;
      if (Number.isNaN(parkedUs)) parkedUs = gateway.clock.monotonicUs();
      gateway.meters.asked();
      attempt.parked?.(id);
    });
  } finally {
    // What an earlier answer let through waited for nobody.
    if (step.wait.id !== null) trace.waitedUs += gateway.clock.monotonicUs() - parkedUs;
  }
}
