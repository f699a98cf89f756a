import type { Expr } from './expr.ts';
import { EvaluationFailure } from './failure.ts';
import { asBool } from './operators.ts';
import type { Env } from './value/store.ts';
import type { Value } from './value/values.ts';

/** Depends on the context. */
export const UNKNOWN = Symbol('unknown');
/** Not true whatever the context: false, or a failure. */
export const NEVER = Symbol('never');

export type PartialValue = Value | typeof UNKNOWN | typeof NEVER;

/**
 * Evaluates with principal, action, resource and entities known and the context unknown. The answer holds for every context:
 * a value is exactly what evaluation gives, and a thrown `EvaluationFailure` is thrown under every context.
 */
export function evaluatePartly(expr: Expr, env: Omit<Env, 'context'>): PartialValue {
  switch (expr.kind) {
    case 'literal':
      return expr.value;
    case 'var':
      return expr.name === 'context' ? UNKNOWN : env[expr.name];
    case 'and':
      return both(expr, env);
    case 'or':
      return either(expr, env);
    case 'if': {
      const test = evaluatePartly(expr.test, env);
      if (isOpen(test)) return UNKNOWN;
      return evaluatePartly(asBool(test) ? expr.whenTrue : expr.whenFalse, env);
    }
    case 'unary': {
      const arg = evaluatePartly(expr.arg, env);
      return isOpen(arg) ? UNKNOWN : expr.apply(arg, env as Env);
    }
    case 'binary': {
      const left = evaluatePartly(expr.left, env);
      const right = evaluatePartly(expr.right, env);
      return isOpen(left) || isOpen(right) ? UNKNOWN : expr.apply(left, right, env as Env);
    }
    case 'collect': {
      const items = expr.items.map((item) => evaluatePartly(item, env));
      return items.some(isOpen) ? UNKNOWN : expr.apply(items as Value[]);
    }
  }
}

function isOpen(value: PartialValue): value is typeof UNKNOWN | typeof NEVER {
  return typeof value === 'symbol';
}

function both(expr: Expr & { kind: 'and' }, env: Omit<Env, 'context'>): PartialValue {
  const left = evaluatePartly(expr.left, env);
  if (left === NEVER) return NEVER;
  if (left !== UNKNOWN) return asBool(left) ? boolOrOpen(evaluatePartly(expr.right, env)) : false;
  // The left side may fail, be false, or be true: with a right side that is not true, the whole is not true.
  const right = orNever(expr.right, env);
  return right === false || right === NEVER ? NEVER : UNKNOWN;
}

function either(expr: Expr & { kind: 'or' }, env: Omit<Env, 'context'>): PartialValue {
  const left = evaluatePartly(expr.left, env);
  if (!isOpen(left)) return asBool(left) ? true : boolOrOpen(evaluatePartly(expr.right, env));
  if (left === UNKNOWN) return UNKNOWN;
  const right = orNever(expr.right, env);
  return right === false || right === NEVER ? NEVER : UNKNOWN;
}

function boolOrOpen(value: PartialValue): PartialValue {
  return isOpen(value) ? value : asBool(value);
}

/** A side that may not be reached: its failure is not the whole's. */
function orNever(expr: Expr, env: Omit<Env, 'context'>): PartialValue {
  try {
    return boolOrOpen(evaluatePartly(expr, env));
  } catch (thrown) {
    if (thrown instanceof EvaluationFailure) return NEVER;
    throw thrown;
  }
}
