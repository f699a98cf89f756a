import type { Decision, RefusalCode } from '../../model/decision.ts';
import { Fault } from '../../model/fault.ts';
import type { Lock } from '../../model/lock.ts';
import { rememberedAs } from '../asking/memory.ts';
import type { CallResult } from '../attempt.ts';
import type { Gateway } from '../gateway.ts';
import { neededScope } from '../tiers/coarse.ts';
import { couldPermit } from '../tiers/everyone.ts';
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
  /** What whoever denied it said. */
  readonly said?: string;
  /** Whose authority has ended; for the record. */
  readonly why?: string;
  readonly error?: unknown;
  /** The call already has an intent, whose outcome says what happened. */
  readonly unrecorded?: boolean;
}

/** Ends a call that does not go on. Recorded first, then said. */
export async function refuse(gateway: Gateway, trace: Trace, refused: Refused): Promise<CallResult> {
  const { policies } = gateway.snapshot();
  const code = refused.code ?? codeOf(refused.decision, refused.known);
  const decision = refused.decision ?? denial(policies.version, `interlock#${refused.why ?? code}`);
  const lock = refused.lock ?? null;
  if (refused.approval !== undefined) trace.approval = refused.approval;
  trace.attempt.session.denied++;
  remember(gateway, trace, refused.known);
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
      said: refused.said ?? '',
      scope: code === 'insufficient-scope' ? neededScope(trace.attempt, refused.known) : null,
      findings: refused.known.findings,
      hidden,
      fault,
    },
  };
}

/** What was permitted and never sent was refused after all; of what was sent, its end is told by whoever closes it. */
function remember(gateway: Gateway, trace: Trace, known: Known): void {
  const { action, session } = trace.attempt;
  const { remembered } = trace;
  if (remembered !== null) {
    if (remembered.outcome === 'under-way') remembered.outcome = 'refused';
  } else if (action.target.kind !== 'server') {
    const effect = known.labels?.effect ?? null;
    session.memory.refused({ atMs: gateway.clock.nowMs(), tool: rememberedAs(action), effect });
  }
}

const OWN_REASONS = ['not-connected', 'user-rights', 'outside-task', 'insufficient-scope', 'quarantined'] as const;

function codeOf(decision: Decision | undefined, known: Known): RefusalCode {
  if (known.state === 'unknown') return 'unknown-target';
  if (decision === undefined) return 'internal';
  if (decision.errors.length > 0) return 'policy-error';
  const own = OWN_REASONS.find((each) => decision.reasons.includes(`interlock#${each}`));
  if (own !== undefined) return own;
  return decision.reasons.length === 0 ? 'no-policy' : 'policy';
}

/** Said openly: that something was stopped, or that more must be granted, is no secret to the one it is about. */
const PLAIN: ReadonlySet<RefusalCode> = new Set([
  'killed',
  'paused',
  'not-entitled',
  'insufficient-scope',
  'outside-task',
]);

/** A tool the agent could never be permitted looks the same as one that does not exist. */
function isHidden(gateway: Gateway, trace: Trace, known: Known, code: RefusalCode): boolean {
  if (code === 'unknown-target' || code === 'not-connected') return true;
  const { action, caller } = trace.attempt;
  if (action.target.kind !== 'tool' || PLAIN.has(code)) return false;
  return !couldPermit(gateway, { caller, action, labels: known.labels });
}
