import type { Expr } from '../cedar/expr.ts';

/**
 * Operators that cannot fail in a policy that was validated strictly against the schema: its types are right, and optional attributes and
 * tags are read only where they are there. What is not named here may fail: arithmetic overflows, and attributes of entities are missing
 * where nobody knows the entity.
 */
const SAFE: ReadonlySet<string> = new Set([
  ...['==', '!=', '<', '<=', '>', '>=', 'in', 'contains', 'containsAll', 'containsAny', 'hasTag', 'getTag'],
  ...['has', 'like', 'is', '!', 'isEmpty'],
  ...['lessThan', 'lessThanOrEqual', 'greaterThan', 'greaterThanOrEqual'],
]);

/** Paths from a variable to what is always there: records of the context, and the server of a tool. */
const RECORDS: ReadonlySet<string> = new Set([
  'context',
  'context.session',
  'context.usage',
  'context.usage.agent',
  'context.usage.session',
  'context.usage.task',
  'context.server',
  'principal',
  'resource',
  'resource.server',
]);

/** Whether evaluating it could fail under some context. Errs on the side of yes. */
export function mayFail(expr: Expr): boolean {
  switch (expr.kind) {
    case 'literal':
    case 'var':
      return false;
    case 'and':
    case 'or':
      return mayFail(expr.left) || mayFail(expr.right);
    case 'if':
      return mayFail(expr.test) || mayFail(expr.whenTrue) || mayFail(expr.whenFalse);
    case 'unary':
      if (mayFail(expr.arg)) return true;
      return expr.name === '.' ? !RECORDS.has(pathOf(expr.arg) ?? '') : !SAFE.has(expr.name);
    case 'binary':
      return !SAFE.has(expr.name) || mayFail(expr.left) || mayFail(expr.right);
    case 'collect':
      return expr.items.some(mayFail);
  }
}

/** The facts of the context a condition reads, by the name they have directly below it. */
export function factsRead(expr: Expr, found: Set<string> = new Set()): ReadonlySet<string> {
  switch (expr.kind) {
    case 'literal':
    case 'var':
      break;
    case 'and':
    case 'or':
    case 'binary':
      factsRead(expr.left, found);
      factsRead(expr.right, found);
      break;
    case 'if':
      for (const part of [expr.test, expr.whenTrue, expr.whenFalse]) factsRead(part, found);
      break;
    case 'unary':
      if ((expr.name === '.' || expr.name === 'has') && pathOf(expr.arg) === 'context') found.add(expr.detail);
      factsRead(expr.arg, found);
      break;
    case 'collect':
      for (const item of expr.items) factsRead(item, found);
  }
  return found;
}

/** `context.usage.agent`; `null`: no such path. */
function pathOf(expr: Expr): string | null {
  if (expr.kind === 'var') return expr.name;
  if (expr.kind !== 'unary' || expr.name !== '.') return null;
  const base = pathOf(expr.arg);
  return base === null ? null : `${base}.${expr.detail}`;
}
