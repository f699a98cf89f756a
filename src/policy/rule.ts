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
  let effect: Decision['effect'] = 'deny';
  for (const rule of matched) {
    if (rule.policy.effect === 'forbid') return decided('deny', version, matched);
    if (rule.ask !== null) effect = 'ask';
    else if (effect === 'deny') effect = 'permit';
  }
  return decided(effect, version, matched);
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

function decided(effect: Decision['effect'], policyVersion: string, matched: readonly Rule[]): Decision {
  const reasons: string[] = [];
  const messages: string[] = [];
  const ask: string[] = [];
  const obligations: Obligation[] = [];
  for (const rule of matched) {
    if (effect === 'deny' && rule.policy.effect !== 'forbid') continue;
    if (rule.obligation !== null) obligations.push(rule.obligation);
    if (effect === 'ask' && rule.ask === null) continue;
    reasons.push(rule.policy.id);
    if (rule.reason !== null) messages.push(rule.reason);
    if (rule.ask !== null && effect === 'ask' && !ask.includes(rule.ask)) ask.push(rule.ask);
  }
  return { effect, reasons, messages, ask, obligations, errors: NONE, policyVersion };
}
