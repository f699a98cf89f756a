import type { Decision } from '../../model/decision.ts';
import type { PolicyInput } from '../../model/policy-input.ts';
import { extractFacts } from '../../policy/facts.ts';
import type { Gateway } from '../gateway.ts';
import { NO_FACTS, type Trace } from '../trace.ts';
import type { Entered } from './enter.ts';
import type { Known } from './resolve.ts';

/** Gathers everything the decision may depend on. Only memory is read: no await between here and the decision. */
export function context(
  gateway: Gateway,
  trace: Trace,
  { known, entry }: { known: Known; entry: Entered },
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

/** The policy's answer, and what no policy can permit: a server the agent is not connected to. */
export function decide(gateway: Gateway, trace: Trace, input: PolicyInput): Decision {
  const { policies } = gateway.snapshot();
  const { agent } = input.caller;
  const decision =
    agent.servers !== null && !agent.servers.includes(input.action.server)
      ? denial(policies.version, 'interlock#not-connected')
      : policies.decide(input);
  trace.decidedUs = gateway.clock.monotonicUs();
  return decision;
}

/** A denial of the gateway's own, in the same shape as a policy's. */
export function denial(policyVersion: string, reason: string): Decision {
  return { effect: 'deny', reasons: [reason], messages: [], ask: [], obligations: [], errors: [], policyVersion };
}
