import type { RefusalCode } from '../../model/decision.ts';
import type { PolicyInput } from '../../model/policy-input.ts';
import type { TierAnswers } from '../../model/record.ts';
import { coversScope, scopeNeeded } from '../../model/scope.ts';
import { coversTool, type Task } from '../../model/task.ts';
import type { ToolEffect } from '../../model/tool.ts';
import { ACTION_GROUPS } from '../../policy/schema.ts';
import type { Attempt } from '../attempt.ts';
import type { Gateway, RightsAnswer } from '../gateway.ts';
import type { Known } from '../steps/resolve.ts';
import { callerApproval } from './approved.ts';

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
export function neededScope(
  attempt: Pick<Attempt, 'action'> & { readonly server: { readonly id: string } },
  known: Known,
): string | null {
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
  const needed = neededScope({ action, server }, step.known);
  // What people approved beforehand needs no scope of the credential: it is used up by this call.
  const own = callerApproval(caller, action) === null ? caller.scopes : null;
  const limits = [own, caller.agent.scopes, ...caller.through.map(({ agent }) => agent.scopes)];
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
