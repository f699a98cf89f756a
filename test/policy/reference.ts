import type { CedarValueJson, EntityJson } from '@cedar-policy/cedar-wasm/nodejs';
import { type Answer, authorize } from '../../src/policy/cedar/authorize.ts';
import { compilePolicy, type Policy } from '../../src/policy/cedar/policy.ts';
import { PolicyIndex } from '../../src/policy/cedar/policy-index.ts';
import { type ExactJson, entitiesFromJson, recordFromJson } from '../../src/policy/cedar/value/json.ts';
import { buildStore, type Env } from '../../src/policy/cedar/value/store.ts';
import { EntityRef } from '../../src/policy/cedar/value/values.ts';
import { splitPolicies } from '../../src/policy/text/lexer.ts';
import { parsePiece } from '../../src/policy/text/parse.ts';
import { withCedar } from '../../src/policy/text/wasm.ts';

/** For tests: the same request put to our evaluator and to the official one. */
export interface Request {
  readonly principal: Uid;
  readonly action: Uid;
  readonly resource: Uid;
  readonly context: Record<string, CedarValueJson>;
}

export interface Uid {
  readonly type: string;
  readonly id: string;
}

export type Verdict = {
  readonly decision: string;
  readonly reasons: readonly string[];
  readonly errors: readonly string[];
};

export function compileText(text: string): Policy[] {
  return splitPolicies(text).map((piece, i) => {
    const parsed = parsePiece(piece);
    if (!parsed.ok) throw new Error(`${parsed.errors[0]?.message} in ${piece.text}`);
    return compilePolicy(`policy${i}`, parsed.policy.json, parsed.policy.options);
  });
}

export function envOf(request: Request, entities: readonly EntityJson[]): Env {
  return {
    principal: refOf(request.principal),
    action: refOf(request.action),
    resource: refOf(request.resource),
    context: recordFromJson(request.context as unknown as ExactJson),
    entities: buildStore(entitiesFromJson(entities as unknown as ExactJson)),
  };
}

function refOf({ type, id }: Uid): EntityRef {
  return new EntityRef(type, id);
}

/** Ours, with the index and without it. */
export function ours(policies: readonly Policy[], env: Env): { plain: Verdict; indexed: Verdict } {
  const indexed = authorize(new PolicyIndex(policies).candidates(env), env);
  return { plain: verdictOf(authorize(policies, env)), indexed: verdictOf(indexed) };
}

function verdictOf(answer: Answer): Verdict {
  return {
    decision: answer.decision,
    reasons: [...answer.reasons].sort(),
    errors: answer.errors.map((error) => error.policy).sort(),
  };
}

/** The official answers to several requests; the policies are parsed once. */
export function officials(text: string, requests: readonly Request[], entities: readonly EntityJson[]): Verdict[] {
  const parsed = withCedar((cedar) => cedar.preparsePolicySet('reference', { staticPolicies: text }));
  if (parsed.type === 'failure') throw new Error(parsed.errors[0]?.message);
  return requests.map((request) => {
    const call = { ...request, preparsedPolicySetId: 'reference', entities: [...entities] };
    const answer = withCedar((cedar) => cedar.statefulIsAuthorized(call));
    if (answer.type === 'failure') throw new Error(answer.errors[0]?.message);
    const { decision, diagnostics } = answer.response;
    return {
      decision,
      reasons: [...diagnostics.reason].sort(),
      errors: diagnostics.errors.map((error) => error.policyId).sort(),
    };
  });
}

export function official(text: string, request: Request, entities: readonly EntityJson[]): Verdict {
  return officials(text, [request], entities)[0] as Verdict;
}
