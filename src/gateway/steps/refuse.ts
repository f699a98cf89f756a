import type { Decision, RefusalCode } from '../../model/decision.ts';
import { Fault } from '../../model/fault.ts';
import type { Lock } from '../../model/lock.ts';
import type { CallResult } from '../attempt.ts';
import type { Gateway } from '../gateway.ts';
import { finished, type Trace } from '../trace.ts';
import { denial } from './decide.ts';
import { callFacts } from './record.ts';
import type { Known } from './resolve.ts';

export interface Refused {
  readonly known: Known;
  readonly decision?: Decision;
  /** Absent: read from the decision. */
  readonly code?: RefusalCode;
  readonly lock?: Lock | null;
  readonly approval?: string | null;
  readonly error?: unknown;
  /** The call already has an intent, whose outcome says what happened. */
  readonly unrecorded?: boolean;
}

/** Ends a call that does not go on. Recorded first, then said. */
export async function refuse(gateway: Gateway, trace: Trace, refused: Refused): Promise<CallResult> {
  const { policies } = gateway.snapshot();
  const code = refused.code ?? codeOf(refused.decision, refused.known);
  const decision = refused.decision ?? denial(policies.version, `interlock#${code}`);
  const lock = refused.lock ?? null;
  if (refused.approval !== undefined) trace.approval = refused.approval;
  trace.attempt.session.denied++;
  if (refused.unrecorded !== true) {
    const facts = callFacts(trace, { known: refused.known, decision, code, lock: lock?.tier ?? null });
    try {
      await gateway.journal.append({ type: 'refusal', ...facts });
    } catch (error) {
      // Refused all the same: nothing happened that would need its record first.
      gateway.log.error({ call: trace.call, err: error }, 'a refusal could not be recorded');
    }
  }
  finished(gateway, trace, { effect: decision.effect, code });
  const hidden = isHidden(gateway, trace, refused.known, code);
  const fault = refused.error instanceof Fault ? refused.error : null;
  return {
    kind: 'refused',
    refusal: {
      code,
      call: trace.call,
      decision,
      lock,
      approval: trace.approval,
      findings: refused.known.findings,
      hidden,
      fault,
    },
  };
}

function codeOf(decision: Decision | undefined, known: Known): RefusalCode {
  if (known.state === 'unknown') return 'unknown-target';
  if (decision === undefined) return 'internal';
  if (decision.errors.length > 0) return 'policy-error';
  if (decision.reasons.includes('interlock#not-connected')) return 'not-connected';
  if (decision.reasons.includes('interlock#quarantined')) return 'quarantined';
  return decision.reasons.length === 0 ? 'no-policy' : 'policy';
}

/** A tool the agent could never be permitted looks the same as one that does not exist. */
function isHidden(gateway: Gateway, trace: Trace, known: Known, code: RefusalCode): boolean {
  if (code === 'unknown-target' || code === 'not-connected') return true;
  const { action, caller } = trace.attempt;
  if (action.target.kind !== 'tool' || code === 'killed' || code === 'paused') return false;
  return !gateway.snapshot().policies.couldPermit(caller, action, known.labels);
}
