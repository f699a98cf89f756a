import type { Action } from '../../model/action.ts';
import type { Caller } from '../../model/caller.ts';
import type { Decision } from '../../model/decision.ts';
import type { PolicyInput } from '../../model/policy-input.ts';
import { coversTool } from '../../model/task.ts';
import type { ToolLabels } from '../../model/tool.ts';
import type { PolicySet } from '../../policy/policy-set.ts';
import type { Gateway } from '../gateway.ts';

/**
 * Tier three, for everyone in the chain: authority only shrinks on its way, so what one of them may not do is not done. One that asks
 * makes all ask; obligations add up. An answer of `ask` says about whom each was asked: the owner of an agent the call goes through is
 * not the owner of the one that acts.
 */
export function decideForAll(policies: PolicySet, input: PolicyInput): Decision {
  let decision = asked(policies.decide(input), input.caller.agent.id);
  for (const acting of input.caller.through) {
    if (decision.effect === 'deny') return decision;
    const next = policies.decide({ ...input, caller: { ...input.caller, ...acting } });
    if (next.effect === 'deny') return { ...next, reasons: [...next.reasons, `interlock#through:${acting.agent.id}`] };
    decision = both(decision, asked(next, acting.agent.id));
  }
  return decision;
}

/** The decision itself unless it asks: nothing is made for what is permitted or denied. */
function asked(decision: Decision, agent: string): Decision {
  if (decision.effect !== 'ask') return decision;
  return { ...decision, asks: decision.ask.map((text) => ({ text, agent })) };
}

function both(a: Decision, b: Decision): Decision {
  const join = <T>(left: readonly T[], right: readonly T[]): readonly T[] => [...new Set([...left, ...right])];
  const seen = new Set(a.obligations.map(({ name, detail }) => `${name}:${detail}`));
  const asks = [...(a.asks ?? []), ...(b.asks ?? [])];
  return {
    effect: a.effect === 'ask' || b.effect === 'ask' ? 'ask' : 'permit',
    reasons: join(a.reasons, b.reasons),
    messages: join(a.messages, b.messages),
    ask: join(a.ask, b.ask),
    ...(asks.length === 0 ? {} : { asks }),
    obligations: [...a.obligations, ...b.obligations.filter(({ name, detail }) => !seen.has(`${name}:${detail}`))],
    errors: join(a.errors, b.errors),
    policyVersion: a.policyVersion,
  };
}

/** Whether any arguments, session or time could make this permitted, asked for, or reachable by asking for more. What is false is hidden. */
export function couldPermit(
  gateway: Gateway,
  { caller, action, labels }: { caller: Caller; action: Action; labels: ToolLabels | null },
): boolean {
  const { policies } = gateway.snapshot();
  const { target, server } = action;
  if (!caller.tasks.every((task) => coversTool(task, { server, target, labels }))) return false;
  const { person } = caller;
  const tool = target.kind === 'tool' ? target.name : null;
  if (person !== null && tool !== null && !gateway.rights.couldPermit({ person, labels, server, tool })) return false;
  if (!policies.couldPermit(caller, action, labels)) return false;
  return caller.through.every((acting) => policies.couldPermit({ ...caller, ...acting }, action, labels));
}

/** Whether people might be asked about a call of that tool. A hint for clients, that decides nothing. */
export function couldAsk(gateway: Gateway, of: { caller: Caller; server: string; tool: string }): boolean {
  const { policies } = gateway.snapshot();
  const { caller, server, tool } = of;
  const known = gateway.inventory.resolve(server, tool);
  if (known.state !== 'pinned') return false;
  const action = {
    ...{ name: 'tools/call', server, args: {}, digest: '', sizeChars: 0 },
    target: { kind: 'tool', name: tool } as const,
  };
  const actors = [caller, ...caller.through.map((acting) => ({ ...caller, ...acting }))];
  return actors.some((actor) => policies.couldAsk(actor, action, known.labels));
}
