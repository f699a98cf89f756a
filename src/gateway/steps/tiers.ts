import type { Action } from '../../model/action.ts';
import type { Caller } from '../../model/caller.ts';
import type { Decision, RefusalCode } from '../../model/decision.ts';
import type { PolicyInput } from '../../model/policy-input.ts';
import type { TierAnswers } from '../../model/record.ts';
import { coversScope, scopeNeeded } from '../../model/scope.ts';
import { coversTool, type Task } from '../../model/task.ts';
import type { ToolEffect, ToolLabels } from '../../model/tool.ts';
import type { PolicySet } from '../../policy/policy-set.ts';
import { ACTION_GROUPS } from '../../policy/schema.ts';
import type { Attempt } from '../attempt.ts';
import type { Gateway, RightsAnswer } from '../gateway.ts';
import type { Known } from './resolve.ts';

/** The answer of the tiers before the policies: null where all of them permit. */
export interface Coarse {
  readonly code: RefusalCode | null;
  readonly answers: Omit<TierAnswers, 'policy'>;
}

const NOT_NEEDED: RightsAnswer = { permit: true, rule: null, why: 'nobody is acted for' };

/** Whether an action uses what a server offers, as against the housekeeping of a connection. */
export function uses(action: string): boolean {
  return ACTION_GROUPS.get(action) === 'use';
}

/** Tier one, where it may have to wait: what the human at the root may do by themself. A promise only where a server has to be asked. */
export function userRights(
  gateway: Gateway,
  { caller, action }: Attempt,
  known: Known,
): RightsAnswer | Promise<RightsAnswer> {
  if (caller.person === null || !uses(action.name)) return NOT_NEEDED;
  return gateway.rights.check({
    person: caller.person,
    action,
    labels: known.labels,
    nowMs: gateway.clock.nowMs(),
  });
}

/** What the call needs of a token's scopes. A tool nobody labelled needs the most. */
export function neededScope(attempt: Pick<Attempt, 'action' | 'server'>, known: Known): string | null {
  const { action, server } = attempt;
  if (!uses(action.name)) return null;
  const effect: ToolEffect = action.target.kind === 'tool' ? (known.labels?.effect ?? 'destructive') : 'read';
  return scopeNeeded(server.id, effect);
}

/**
 * The tiers before the policies (requirements AZ2, AZ5): the user's rights, the scopes of the credential and of every actor, the terms
 * of the task. Each is asked, whatever the others say: the record holds what every one of them answered.
 */
export function coarse(gateway: Gateway, input: PolicyInput, step: { known: Known; rights: RightsAnswer }): Coarse {
  const { caller, action } = input;
  const server = { id: action.server };
  const needed = neededScope({ action, server } as Attempt, step.known);
  const limits = [caller.scopes, caller.agent.scopes, ...caller.through.map(({ agent }) => agent.scopes)];
  const unscoped = needed !== null && !limits.every((scopes) => coversScope(scopes, needed));
  const outside = uses(action.name) ? taskProblem(gateway, input, caller.tasks) : null;
  const answers = {
    user: caller.person === null ? null : `${step.rights.permit ? 'permit' : 'deny'}: ${step.rights.why}`,
    scope: needed === null ? null : `${unscoped ? 'deny' : 'permit'}: needs ${needed}`,
    task: caller.tasks.length === 0 ? null : outside === null ? 'permit' : `deny: ${outside}`,
  };
  return { code: codeOf({ input, unscoped, outside, rights: step.rights }), answers };
}

interface Found {
  readonly input: PolicyInput;
  readonly unscoped: boolean;
  readonly outside: string | null;
  readonly rights: RightsAnswer;
}

function codeOf({ input, unscoped, outside, rights }: Found): RefusalCode | null {
  const { caller, action } = input;
  const actors = [caller, ...caller.through];
  if (actors.some(({ agent }) => agent.servers !== null && !agent.servers.includes(action.server))) {
    return 'not-connected';
  }
  if (!rights.permit) return 'user-rights';
  if (outside !== null) return 'outside-task';
  return unscoped ? 'insufficient-scope' : null;
}

/** What a task does not name, it does not cover; what is used in a part of a task is used of the whole. */
function taskProblem(
  gateway: Gateway,
  { action, labels, facts, nowMs }: PolicyInput,
  tasks: readonly Task[],
): string | null {
  for (const task of tasks) {
    if (!coversTool(task, { server: action.server, target: action.target, labels }))
      return `not covered by task ${task.id}`;
    const used = gateway.usage.task(task.id);
    if (task.maxCalls !== null && used.calls >= task.maxCalls)
      return `task ${task.id} has made its ${task.maxCalls} calls`;
    if (task.maxAmount !== null && used.amount + (facts.amount ?? 0) > task.maxAmount)
      return `task ${task.id} has spent its budget`;
    if (task.notAfterMs <= nowMs) return `task ${task.id} is over`;
  }
  return null;
}

/**
 * Tier three, for everyone in the chain: authority only shrinks on its way, so what one of them may not do is not done. One that asks
 * makes all ask; obligations add up.
 */
export function decideForAll(policies: PolicySet, input: PolicyInput): Decision {
  let decision = policies.decide(input);
  for (const acting of input.caller.through) {
    if (decision.effect === 'deny') return decision;
    const next = policies.decide({ ...input, caller: { ...input.caller, ...acting } });
    if (next.effect === 'deny') return { ...next, reasons: [...next.reasons, `interlock#through:${acting.agent.id}`] };
    decision = both(decision, next);
  }
  return decision;
}

function both(a: Decision, b: Decision): Decision {
  const join = <T>(left: readonly T[], right: readonly T[]): readonly T[] => [...new Set([...left, ...right])];
  const seen = new Set(a.obligations.map(({ name, detail }) => `${name}:${detail}`));
  return {
    effect: a.effect === 'ask' || b.effect === 'ask' ? 'ask' : 'permit',
    reasons: join(a.reasons, b.reasons),
    messages: join(a.messages, b.messages),
    ask: join(a.ask, b.ask),
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
