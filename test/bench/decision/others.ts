import type { StatefulAuthorizationCall } from '@cedar-policy/cedar-wasm/nodejs';
import { type Policy as AgtPolicy, ConflictResolutionStrategy, PolicyEngine } from '@microsoft/agent-governance-sdk';
import { withCedar } from '../../../src/policy/text/wasm.ts';
import { cedarText } from './cedar.ts';
import type { Company, QuestionSpec, RuleSpec, Test } from './rules.ts';

/** One engine ready to be asked the company's questions by number. */
export interface Engine {
  decide(question: number): 'permit' | 'ask' | 'deny';
}

/**
 * The official Cedar implementation: policies parsed beforehand (its stateful API), no schema at run time, and per question only
 * the entities that question touches, as JavaScript objects made beforehand.
 */
export function cedarWasm(company: Company): Engine {
  const id = `bench-${company.rules.length}`;
  const texts = Object.fromEntries(company.rules.map((rule) => [rule.id, cedarText([rule])]));
  const parsed = withCedar((cedar) => cedar.preparsePolicySet(id, { staticPolicies: texts }));
  if (parsed.type === 'failure') throw new Error(parsed.errors[0]?.message);
  const asks = new Set(company.rules.filter((rule) => rule.effect === 'ask').map((rule) => rule.id));
  const calls = company.questions.map((question) => wasmCall(id, question));
  return {
    decide(question) {
      const answer = withCedar((cedar) => cedar.statefulIsAuthorized(calls[question] as StatefulAuthorizationCall));
      if (answer.type === 'failure') throw new Error(answer.errors[0]?.message);
      const { decision, diagnostics } = answer.response;
      if (decision === 'deny' || diagnostics.errors.length > 0) return 'deny';
      return diagnostics.reason.some((reason) => asks.has(reason)) ? 'ask' : 'permit';
    },
  };
}

function wasmCall(id: string, question: QuestionSpec): StatefulAuthorizationCall {
  const { agent, tool } = question;
  const server = { type: 'Server', id: tool.server };
  const principal = { type: 'Agent', id: agent.id };
  const resource = { type: 'Tool', id: `${tool.server}/${tool.name}` };
  const facts: StatefulAuthorizationCall['context'] = {};
  if (question.amount !== null) facts.amount = { __extn: { fn: 'decimal', arg: `${question.amount}.0` } };
  if (question.currency !== null) facts.currency = question.currency;
  return {
    principal,
    action: { type: 'Action', id: 'tools/call' },
    resource,
    context: {
      ...facts,
      session: { readUntrusted: question.readUntrusted },
      usage: { agent: { callsLastHour: question.callsLastHour } },
    },
    entities: [
      { uid: principal, attrs: {}, parents: agent.groups.map((group) => ({ type: 'AgentGroup', id: group })) },
      { uid: resource, attrs: { effect: tool.effect, dataClass: 'internal' }, parents: [server] },
      { uid: server, attrs: {}, parents: [] },
    ],
    preparsedPolicySetId: id,
  };
}

/**
 * The Agent Governance SDK's rich policies. `documents`: one document per agent, per group (naming its agents) and for
 * everybody, which is its own way of scoping and its fastest. `flat`: one document, agents and groups in the conditions.
 */
export function agtSdk(company: Company, layout: 'documents' | 'flat'): Engine {
  const engine = new PolicyEngine([], ConflictResolutionStrategy.DenyOverrides);
  for (const policy of layout === 'flat' ? [flatDocument(company)] : documents(company)) engine.loadPolicy(policy);
  const contexts = company.questions.map((question) => ({
    agent: question.agent.id,
    server: question.tool.server,
    tool: `${question.tool.server}/${question.tool.name}`,
    effect: question.tool.effect,
    dataClass: 'internal',
    ...(question.amount === null ? {} : { amount: question.amount, currency: question.currency }),
    session: { readUntrusted: question.readUntrusted },
    usage: { callsLastHour: question.callsLastHour },
  }));
  return {
    decide(question) {
      const context = contexts[question] as (typeof contexts)[number];
      const { action } = engine.evaluatePolicy(context.agent, context);
      return action === 'allow' ? 'permit' : action === 'require_approval' ? 'ask' : 'deny';
    },
  };
}

const WHAT_IT_DOES = { permit: 'allow', ask: 'require_approval', forbid: 'deny' } as const;

function documents(company: Company): AgtPolicy[] {
  const byWho = new Map<string, RuleSpec[]>();
  for (const rule of company.rules) {
    const key = rule.who === null ? '*' : `${rule.who.kind} ${rule.who.id}`;
    const rules = byWho.get(key);
    if (rules === undefined) byWho.set(key, [rule]);
    else rules.push(rule);
  }
  return [...byWho].map(([name, rules]) => ({
    name,
    agents: agentsOf(company, (rules[0] as RuleSpec).who),
    rules: rules.map((rule) => agtRule(rule, [])),
    default_action: 'deny',
  }));
}

function agentsOf(company: Company, who: RuleSpec['who']): string[] {
  if (who === null) return ['*'];
  if (who.kind === 'agent') return [who.id];
  return company.agents.filter((agent) => agent.groups.includes(who.id)).map((agent) => agent.id);
}

function flatDocument(company: Company): AgtPolicy {
  const rules = company.rules.map((rule) => {
    const list = agentsOf(company, rule.who);
    return agtRule(rule, list[0] === '*' ? [] : [`agent in [${list.map((id) => `'${id}'`).join(', ')}]`]);
  });
  return { name: 'everything', agents: ['*'], rules, default_action: 'deny' };
}

function agtRule({ id, effect, what, when }: RuleSpec, before: readonly string[]): AgtPolicy['rules'][number] {
  const where = what === null ? [] : [`${what.kind} == '${what.id}'`];
  const condition = [...before, ...where, ...when.map(agtTest)].join(' and ');
  // Among rules that do not deny the highest priority wins, so that asking outranks permitting.
  return { name: id, condition, ruleAction: WHAT_IT_DOES[effect], priority: effect === 'ask' ? 10 : 1 };
}

function agtTest(test: Test): string {
  switch (test.fact) {
    case 'effect':
    case 'dataClass':
    case 'currency':
      return `${test.fact} == '${test.is}'`;
    case 'amount':
      return 'atMost' in test ? `amount <= ${test.atMost}` : `amount > ${test.above}`;
    case 'callsLastHour':
      return `usage.callsLastHour >= ${test.atLeast}`;
    case 'readUntrusted':
      return 'session.readUntrusted';
  }
}
