import type { Decision, Obligation } from '../model/decision.ts';
import type { Policy } from './cedar/policy.ts';

/** A policy with what its annotations say and where it stands. */
export interface Rule {
  readonly policy: Policy;
  readonly file: string;
  /** Starts at 1. */
  readonly line: number;
  readonly text: string;
  /** `@ask`: who is to be asked. Only on permits. */
  readonly ask: string | null;
  /** `@reason`: for the agent to read. */
  readonly reason: string | null;
  /** `@obligation`. */
  readonly obligation: Obligation | null;
}

const NONE: readonly never[] = Object.freeze([]);

/**
 * From the policies that matched and those that failed to one decision: any failure denies, any forbid denies, else any ask
 * asks, else any permit permits, else denied. A permission or a question carries the obligations of every matching permit,
 * asking or not: what one rule demands is not lost because another rule is broader.
 */
export function combine(version: string, matched: readonly Rule[], errors: readonly string[] | null): Decision {
  if (errors !== null) return deny(version, { errors });
  const forbids = matched.filter((rule) => rule.policy.effect === 'forbid');
  if (forbids.length > 0) return decision('deny', version, { determining: forbids, obliging: forbids });
  const asks = matched.filter((rule) => rule.ask !== null);
  if (asks.length > 0) return decision('ask', version, { determining: asks, obliging: matched });
  return decision(matched.length > 0 ? 'permit' : 'deny', version, { determining: matched, obliging: matched });
}

export function deny(version: string, why: { reasons?: readonly string[]; errors?: readonly string[] }): Decision {
  return {
    effect: 'deny',
    reasons: why.reasons ?? NONE,
    messages: NONE,
    ask: NONE,
    obligations: NONE,
    errors: why.errors ?? NONE,
    policyVersion: version,
  };
}

function decision(
  effect: Decision['effect'],
  policyVersion: string,
  { determining, obliging }: { determining: readonly Rule[]; obliging: readonly Rule[] },
): Decision {
  const reasons: string[] = [];
  const messages: string[] = [];
  const ask: string[] = [];
  const obligations: Obligation[] = [];
  for (const rule of determining) {
    reasons.push(rule.policy.id);
    if (rule.reason !== null) messages.push(rule.reason);
    if (rule.ask !== null && !ask.includes(rule.ask)) ask.push(rule.ask);
  }
  for (const rule of obliging) if (rule.obligation !== null) obligations.push(rule.obligation);
  return { effect, reasons, messages, ask, obligations, errors: NONE, policyVersion };
}
