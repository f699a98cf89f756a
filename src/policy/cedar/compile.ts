import type { Expr, VarName } from './expr.ts';
import { fail } from './failure.ts';
import { asBool, asEntity, asSet, isEntityIn } from './operators.ts';
import { dataOf, type Env } from './value/store.ts';
import { CedarRecord, CedarSet, EntityRef, sameValue, type Value } from './value/values.ts';

/** A compiled expression. Throws `EvaluationFailure`. */
export type Evaluate = (env: Env) => Value;

/** Turns an expression into one closure; the shapes policies use most get a closure of their own. */
export function compile(expr: Expr): Evaluate {
  switch (expr.kind) {
    case 'literal': {
      const { value } = expr;
      return () => value;
    }
    case 'var':
      return variable(expr.name);
    case 'and': {
      const left = compile(expr.left);
      const right = compile(expr.right);
      return (env) => asBool(left(env)) && asBool(right(env));
    }
    case 'or': {
      const left = compile(expr.left);
      const right = compile(expr.right);
      return (env) => asBool(left(env)) || asBool(right(env));
    }
    case 'if': {
      const test = compile(expr.test);
      const whenTrue = compile(expr.whenTrue);
      const whenFalse = compile(expr.whenFalse);
      return (env) => (asBool(test(env)) ? whenTrue(env) : whenFalse(env));
    }
    case 'unary':
      return compileUnary(expr);
    case 'binary':
      return compileBinary(expr);
    case 'collect': {
      const { apply } = expr;
      const items = expr.items.map(compile);
      return (env) => apply(items.map((item) => item(env)));
    }
  }
}

function variable(name: VarName): Evaluate {
  switch (name) {
    case 'principal':
      return (env) => env.principal;
    case 'action':
      return (env) => env.action;
    case 'resource':
      return (env) => env.resource;
    case 'context':
      return (env) => env.context;
  }
}

function compileUnary(expr: Expr & { kind: 'unary' }): Evaluate {
  const { apply, detail } = expr;
  const arg = compile(expr.arg);
  if (expr.name === '!') return (env) => !asBool(arg(env));
  if (expr.name === '.') {
    return (env) => {
      const from = arg(env);
      const fields = from instanceof CedarRecord ? from : dataOf(asEntity(from), env.entities)?.attributes;
      // The slow path finds the words for what went wrong.
      return fields?.get(detail) ?? apply(from, env);
    };
  }
  if (expr.name === 'has') {
    return (env) => {
      const from = arg(env);
      if (from instanceof CedarRecord) return from.get(detail) !== undefined;
      return dataOf(asEntity(from), env.entities)?.attributes.get(detail) !== undefined;
    };
  }
  return (env) => apply(arg(env), env);
}

function compileBinary(expr: Expr & { kind: 'binary' }): Evaluate {
  const { apply } = expr;
  const left = compile(expr.left);
  const right = compile(expr.right);
  const constant = expr.right.kind === 'literal' ? expr.right.value : undefined;
  if (constant !== undefined && typeof constant !== 'object') {
    if (expr.name === '==') return (env) => left(env) === constant;
    if (expr.name === '!=') return (env) => left(env) !== constant;
  }
  if (expr.name === '==') return (env) => sameValue(left(env), right(env));
  if (expr.name === '!=') return (env) => !sameValue(left(env), right(env));
  if (expr.name === 'in' && constant instanceof EntityRef) {
    return (env) => isEntityIn(asEntity(left(env)), constant, env);
  }
  if (expr.name === 'contains' && expr.left.kind === 'literal' && expr.left.value instanceof CedarSet) {
    const set = expr.left.value;
    return (env) => set.has(right(env));
  }
  if (expr.name === 'contains' && constant !== undefined) {
    return (env) => asSet(left(env)).has(constant);
  }
  return (env) => apply(left(env), right(env), env);
}

/** Compiles a condition: anything but a boolean is a failure. */
export function compileCondition(expr: Expr): (env: Env) => boolean {
  const evaluate = compile(expr);
  return (env) => {
    const value = evaluate(env);
    return typeof value === 'boolean' ? value : fail('type error: a condition must be a bool');
  };
}
