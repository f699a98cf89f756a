import { EvaluationFailure } from '../cedar/failure.ts';
import { evaluatePartly, NEVER, UNKNOWN } from '../cedar/partial.ts';
import { applies, type Policy } from '../cedar/policy.ts';
import type { Env } from '../cedar/value/store.ts';
import { EMPTY_RECORD } from '../cedar/value/values.ts';
import type { Rule } from '../rule.ts';
import { factsRead, mayFail } from './reads.ts';

/** One policy that matters to a question, whatever its context may be. */
interface ForeseenPart {
  readonly policy: string;
  readonly effect: 'permit' | 'forbid' | 'ask';
  readonly file: string;
  readonly line: number;
  readonly holds: 'always' | 'depends';
}

/** What will be decided about an agent and a target, before anything is known of the arguments, the session and the time. */
export interface Foreseen {
  /**
   * always: permitted whatever the context. never: denied whatever the context. ask: people may be asked. depends: neither.
   */
  readonly outcome: 'always' | 'depends' | 'ask' | 'never';
  /** The deciding ones first. */
  readonly parts: readonly ForeseenPart[];
  /** Why it is never permitted. */
  readonly why: 'forbidden' | 'fails' | 'no-permit' | 'unknown' | null;
  /** Facts of the context the open ones read (schema `Facts`). */
  readonly facts: readonly string[];
}

export const UNFORESEEN: Foreseen = Object.freeze({ outcome: 'never', parts: [], why: 'unknown', facts: [] });

/** always, never: so under every context. fails: and denies, under every context. */
type Certainty = 'always' | 'depends' | 'never' | 'fails';

interface Weighed {
  readonly rule: Rule;
  readonly certainty: Certainty;
  /** Under some context it may fail, and then it denies. */
  readonly shaky: boolean;
}

/** `candidates`: a superset of the policies whose head applies, in load order. */
export function foresee(candidates: readonly Rule[], known: Omit<Env, 'context'>): Foreseen {
  const env: Env = { ...known, context: EMPTY_RECORD };
  const weighed = candidates
    .filter((rule) => applies(rule.policy, env))
    .map((rule) => weigh(rule, known))
    .filter(({ certainty, shaky }) => certainty !== 'never' || shaky);
  const failing = weighed.filter(({ certainty }) => certainty === 'fails');
  if (failing.length > 0) return never('fails', failing);
  const forbidding = weighed.filter((one) => isForbid(one) && one.certainty === 'always');
  if (forbidding.length > 0) return never('forbidden', forbidding);
  const permits = weighed.filter((one) => !isForbid(one) && one.certainty !== 'never');
  if (permits.length === 0) return never('no-permit', []);
  const outcome = outcomeOf(weighed, permits);
  const open = weighed.filter(({ certainty }) => certainty !== 'always');
  const facts = new Set(open.flatMap(({ rule }) => [...factsOf(rule.policy)]));
  return { outcome, parts: inOrder(outcome, weighed).map(partOf), why: null, facts: [...facts] };
}

function outcomeOf(weighed: readonly Weighed[], permits: readonly Weighed[]): 'always' | 'depends' | 'ask' {
  if (permits.some(({ rule }) => rule.ask !== null)) return 'ask';
  const sure = permits.some(({ certainty }) => certainty === 'always');
  return sure && !weighed.some((one) => isForbid(one) || one.shaky) ? 'always' : 'depends';
}

function never(why: 'forbidden' | 'fails' | 'no-permit', deciding: readonly Weighed[]): Foreseen {
  return { outcome: 'never', parts: deciding.map(partOf), why, facts: [] };
}

/** What could take it away first, then what decides where nothing does; what is certain before what is not. */
function inOrder(outcome: 'always' | 'depends' | 'ask', weighed: readonly Weighed[]): readonly Weighed[] {
  const rank = (one: Weighed): number => {
    if (isForbid(one)) return outcome === 'depends' ? 0 : 4;
    const asks = one.rule.ask !== null;
    return (outcome === 'ask' && asks ? 0 : 2) + (one.certainty === 'always' ? 0 : 1);
  };
  return weighed
    .filter(({ certainty, rule }) => certainty !== 'never' || rule.policy.effect === 'forbid')
    .toSorted((a, b) => rank(a) - rank(b));
}

function partOf({ rule, certainty }: Weighed): ForeseenPart {
  const effect = rule.ask === null ? rule.policy.effect : 'ask';
  const holds = certainty === 'always' || certainty === 'fails' ? 'always' : 'depends';
  return { policy: rule.policy.id, effect, file: rule.file, line: rule.line, holds };
}

function isForbid({ rule }: Weighed): boolean {
  return rule.policy.effect === 'forbid';
}

function weigh(rule: Rule, known: Omit<Env, 'context'>): Weighed {
  const { condition } = rule.policy;
  if (condition === null) return { rule, certainty: 'always', shaky: false };
  try {
    const value = evaluatePartly(condition, known);
    if (value === UNKNOWN) return { rule, certainty: 'depends', shaky: mayFail(condition) };
    if (value === NEVER) return { rule, certainty: 'never', shaky: mayFail(condition) };
    if (typeof value !== 'boolean') return { rule, certainty: 'fails', shaky: true };
    return { rule, certainty: value ? 'always' : 'never', shaky: false };
  } catch (thrown) {
    if (thrown instanceof EvaluationFailure) return { rule, certainty: 'fails', shaky: true };
    throw thrown;
  }
}

function factsOf({ condition }: Policy): ReadonlySet<string> {
  return condition === null ? new Set() : factsRead(condition);
}
