import { isObject, type Json, type JsonObject } from '../../model/json.ts';
import { compileCondition } from './compile.ts';
import { type Expr, type ReadOptions, readEntity, readExpr, UnsupportedPolicy } from './expr.ts';
import { isEntityIn } from './operators.ts';
import type { Env } from './value/store.ts';
import { type EntityRef, sameValue } from './value/values.ts';

/** What a policy's head says about the principal or the resource. Evaluating it never fails. */
export type ScopeTest =
  | { readonly op: 'all' }
  | { readonly op: '=='; readonly entity: EntityRef }
  | { readonly op: 'in'; readonly entity: EntityRef }
  | { readonly op: 'is'; readonly type: string; readonly in: EntityRef | null };

export type ActionTest = { readonly op: 'all' } | { readonly op: '==' | 'in'; readonly entities: readonly EntityRef[] };

export interface Policy {
  readonly id: string;
  readonly effect: 'permit' | 'forbid';
  readonly principal: ScopeTest;
  readonly action: ActionTest;
  readonly resource: ScopeTest;
  /** All `when` and negated `unless` clauses, joined by `and`; null when there are none. */
  readonly condition: Expr | null;
  readonly holds: ((env: Env) => boolean) | null;
  readonly annotations: ReadonlyMap<string, string>;
}

/** Compiles one policy of Cedar's JSON format. Throws `UnsupportedPolicy` for what it does not fully understand. */
export function compilePolicy(id: string, json: JsonObject, options: ReadOptions): Policy {
  for (const key of Object.keys(json)) {
    if (!POLICY_KEYS.has(key)) throw new UnsupportedPolicy(`unsupported part of a policy: "${key}"`);
  }
  if (json.effect !== 'permit' && json.effect !== 'forbid') throw new UnsupportedPolicy('unknown effect');
  const condition = readConditions(json.conditions, options);
  const trivial = condition === null || (condition.kind === 'literal' && condition.value === true);
  return {
    id,
    effect: json.effect,
    principal: readScope(json.principal),
    action: readAction(json.action),
    resource: readScope(json.resource),
    condition: trivial ? null : condition,
    holds: trivial ? null : compileCondition(condition),
    annotations: readAnnotations(json.annotations),
  };
}

const POLICY_KEYS: ReadonlySet<string> = new Set([
  'effect',
  'principal',
  'action',
  'resource',
  'conditions',
  'annotations',
]);

function readConditions(json: Json | undefined, options: ReadOptions): Expr | null {
  if (!Array.isArray(json)) throw new UnsupportedPolicy('malformed conditions');
  let all: Expr | null = null;
  for (const clause of json as readonly Json[]) {
    if (!isObject(clause)) throw new UnsupportedPolicy('malformed condition');
    const body = readExpr(clause.body, options);
    const test = clause.kind === 'when' ? body : clause.kind === 'unless' ? negate(body) : null;
    if (test === null) throw new UnsupportedPolicy(`unsupported condition ${JSON.stringify(clause.kind)}`);
    all = all === null ? test : { kind: 'and', left: all, right: test };
  }
  return all;
}

function negate(body: Expr): Expr {
  return { kind: 'if', test: body, whenTrue: FALSE, whenFalse: TRUE };
}

const TRUE: Expr = { kind: 'literal', value: true };
const FALSE: Expr = { kind: 'literal', value: false };

function readScope(json: Json | undefined): ScopeTest {
  if (!isObject(json)) throw new UnsupportedPolicy('malformed scope');
  if ('slot' in json)
    throw new UnsupportedPolicy('templates are not supported: write one policy per principal or resource');
  if (json.op === 'All') return { op: 'all' };
  if (json.op === '==' || json.op === 'in') return { op: json.op, entity: readEntity(json.entity) };
  if (json.op === 'is' && typeof json.entity_type === 'string') {
    if (json.in === undefined) return { op: 'is', type: json.entity_type, in: null };
    const inside = readScope({ op: 'in', ...(json.in as JsonObject) });
    if (inside.op === 'in') return { op: 'is', type: json.entity_type, in: inside.entity };
  }
  throw new UnsupportedPolicy('unsupported scope');
}

function readAction(json: Json | undefined): ActionTest {
  if (!isObject(json)) throw new UnsupportedPolicy('malformed scope');
  if (json.op === 'All') return { op: 'all' };
  if (json.op === '==') return { op: '==', entities: [readEntity(json.entity)] };
  if (json.op === 'in' && Array.isArray(json.entities)) {
    return { op: 'in', entities: (json.entities as readonly Json[]).map(readEntity) };
  }
  if (json.op === 'in') return { op: 'in', entities: [readEntity(json.entity)] };
  throw new UnsupportedPolicy('unsupported action scope');
}

function readAnnotations(json: Json | undefined): ReadonlyMap<string, string> {
  const annotations = new Map<string, string>();
  if (json === undefined) return annotations;
  if (!isObject(json)) throw new UnsupportedPolicy('malformed annotations');
  for (const name of Object.keys(json)) {
    const text = json[name];
    annotations.set(name, typeof text === 'string' ? text : '');
  }
  return annotations;
}

/** Does the policy's head match the request? Never fails. */
export function applies(policy: Policy, env: Env): boolean {
  return (
    matchesAction(policy.action, env) &&
    matchesScope(policy.principal, env.principal, env) &&
    matchesScope(policy.resource, env.resource, env)
  );
}

export function matchesScope(test: ScopeTest, entity: EntityRef, env: Env): boolean {
  switch (test.op) {
    case 'all':
      return true;
    case '==':
      return sameValue(entity, test.entity);
    case 'in':
      return isEntityIn(entity, test.entity, env);
    case 'is':
      return entity.type === test.type && (test.in === null || isEntityIn(entity, test.in, env));
  }
}

function matchesAction(test: ActionTest, env: Env): boolean {
  if (test.op === 'all') return true;
  for (const entity of test.entities) {
    if (test.op === '==' ? sameValue(env.action, entity) : isEntityIn(env.action, entity, env)) return true;
  }
  return false;
}
