import { EvaluationFailure } from './failure.ts';
import { applies, type Policy } from './policy.ts';
import type { Env } from './value/store.ts';

/** Cedar's own answer: an erroring policy is skipped (the caller decides what an error means). */
export interface Answer {
  readonly decision: 'allow' | 'deny';
  /** The policies that made the decision: the matching forbids, else the matching permits. */
  readonly reasons: readonly string[];
  readonly errors: readonly PolicyError[];
}

export interface PolicyError {
  readonly policy: string;
  readonly message: string;
}

/** Evaluates every policy whose head matches. `policies` may be narrowed by an index beforehand. Never throws. */
export function authorize(policies: Iterable<Policy>, env: Env): Answer {
  const permits: string[] = [];
  const forbids: string[] = [];
  const errors: PolicyError[] = [];
  for (const policy of policies) {
    try {
      if (!applies(policy, env)) continue;
      if (policy.holds !== null && !policy.holds(env)) continue;
      (policy.effect === 'permit' ? permits : forbids).push(policy.id);
    } catch (thrown) {
      errors.push({ policy: policy.id, message: failureMessage(thrown) });
    }
  }
  const denied = forbids.length > 0 || permits.length === 0;
  return { decision: denied ? 'deny' : 'allow', reasons: denied ? forbids : permits, errors };
}

/** What went wrong, also when it was not the evaluator's own failure (a stack overflow, a bug): still data, still an error. */
export function failureMessage(thrown: unknown): string {
  if (thrown instanceof EvaluationFailure) return thrown.message;
  return thrown instanceof Error ? `internal: ${thrown.message}` : 'internal failure';
}
