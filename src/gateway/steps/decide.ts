import type { Decision } from '../../model/decision.ts';
import type { PolicyInput } from '../../model/policy-input.ts';
import { extractFacts } from '../../policy/facts.ts';
import { rememberedAs } from '../asking/memory.ts';
import type { Gateway, RightsAnswer } from '../gateway.ts';
import { callerApproval, ownScopesCover } from '../tiers/approved.ts';
import { coarse, neededScope } from '../tiers/coarse.ts';
import { decideForAll } from '../tiers/everyone.ts';
import { NO_FACTS, type Trace } from '../trace.ts';
import type { Entered } from './enter.ts';
import type { Known } from './resolve.ts';

/** Gathers everything the decision may depend on. Only memory is read: no await between here and the decision. */
export function context(
  gateway: Gateway,
  trace: Trace,
  { known, entry }: { known: Known; entry: Pick<Entered, 'watched'> },
): PolicyInput {
  const { caller, session, action, server } = trace.attempt;
  const nowMs = gateway.clock.nowMs();
  const { target } = action;
  if (target.kind === 'tool') {
    const mapping = server.facts.get(target.name) ?? server.facts.get('*');
    trace.facts = mapping === undefined ? NO_FACTS : extractFacts(action.args, mapping);
  }
  return {
    caller,
    action,
    labels: known.labels,
    facts: trace.facts,
    session,
    usage: {
      agent: gateway.usage.read('agent', caller.agent.id, nowMs),
      session: gateway.usage.read('session', session.id, nowMs),
      task: caller.taskId === null ? null : gateway.usage.read('task', caller.taskId, nowMs),
    },
    watched: entry.watched,
    nowMs,
  };
}

/** The answer of all tiers together: one that does not permit is enough. What each said is kept for the record. */
export function decide(gateway: Gateway, trace: Trace, step: Deciding): Decision {
  const { policies } = gateway.snapshot();
  const { known, input } = step;
  const { code, answers } = coarse(gateway, input, step);
  const policy = decideForAll(policies, input);
  trace.tiers = { ...answers, policy: policy.effect };
  trace.decidedUs = gateway.clock.monotonicUs();
  const hear = gateway.beside?.hear ?? null;
  if (hear !== null) hear({ call: trace.call, input, decision: policy });
  if (code !== null) return denial(policies.version, `interlock#${code}`);
  if (policy.effect === 'deny') return policy;
  if (known.state === 'known') {
    const spends = policy.effect === 'permit' && byApprovalAlone(input, known);
    return spends ? { ...policy, ...askedAnyway(input) } : policy;
  }
  // A tool nobody has seen, or one an operator has not accepted, is not callable whatever the policy says.
  return denial(policies.version, known.state === 'quarantined' ? 'interlock#quarantined' : 'interlock#unknown-target');
}

/** A call its credential has no scope for, let through by what people approved beforehand: that must be used up, whatever policies permit. */
function byApprovalAlone({ caller, action }: PolicyInput, known: Known): boolean {
  if (callerApproval(caller, action) === null) return false;
  return !ownScopesCover(caller, neededScope({ action, server: { id: action.server } }, known));
}

function askedAnyway({ caller }: PolicyInput): Pick<Decision, 'effect' | 'ask' | 'asks'> {
  return { effect: 'ask', ask: ['subject'], asks: [{ text: 'subject', agent: caller.agent.id }] };
}

export interface Deciding {
  readonly known: Known;
  readonly input: PolicyInput;
  readonly rights: RightsAnswer;
}

/** Counted in the same turn as the decision, before any wait: a hundred calls at once cannot all see room for one. */
export function count(gateway: Gateway, trace: Trace, known: Known): void {
  const { caller, session, action, server } = trace.attempt;
  if (action.target.kind === 'server') return;
  trace.remembered = session.memory.permitted({
    atMs: gateway.clock.nowMs(),
    tool: rememberedAs(action),
    effect: known.labels?.effect ?? null,
    args: action.args,
    chars: action.sizeChars,
  });
  session.permitted(action.target.kind === 'tool' ? `${server.id}/${action.target.name}` : null, known.labels);
  const tasks =
    caller.tasks.length > 0 ? caller.tasks.map((task) => task.id) : caller.taskId === null ? [] : [caller.taskId];
  gateway.usage.count(
    { agent: caller.agent.id, session: session.id, tasks },
    trace.facts.amount,
    gateway.clock.nowMs(),
  );
}

/** A denial of the gateway's own, in the same shape as a policy's. */
export function denial(policyVersion: string, reason: string): Decision {
  return { effect: 'deny', reasons: [reason], messages: [], ask: [], obligations: [], errors: [], policyVersion };
}
