import type { Agent } from '../../../src/model/agent.ts';
import { AGENT_DEFAULTS } from '../../../src/model/agent.ts';
import { ALONE } from '../../../src/model/caller.ts';
import { PERSON_DEFAULTS } from '../../../src/model/person.ts';
import type { PolicyInput, PolicyWorld, UsageWindow } from '../../../src/model/policy-input.ts';
import type { ToolLabels } from '../../../src/model/tool.ts';
import type { Company, QuestionSpec, RuleSpec, Test, ToolSpec } from './rules.ts';

/** The rules as one Cedar file. */
export function cedarText(rules: readonly RuleSpec[]): string {
  return rules.map(cedarPolicy).join('\n');
}

function cedarPolicy({ id, effect, who, what, when }: RuleSpec): string {
  const principal =
    who === null
      ? 'principal'
      : who.kind === 'agent'
        ? `principal == Agent::"${who.id}"`
        : `principal in AgentGroup::"${who.id}"`;
  const resource =
    what === null
      ? 'resource'
      : what.kind === 'tool'
        ? `resource == Tool::"${what.id}"`
        : `resource in Server::"${what.id}"`;
  const ask = effect === 'ask' ? '@ask("owner")\n' : '';
  const verb = effect === 'forbid' ? 'forbid' : 'permit';
  return `@id("${id}")\n${ask}${verb} (${principal}, action == Action::"tools/call", ${resource})\nwhen { ${when.map(cedarTest).join(' && ')} };`;
}

function cedarTest(test: Test): string {
  switch (test.fact) {
    case 'effect':
    case 'dataClass':
      return `resource.${test.fact} == "${test.is}"`;
    case 'currency':
      return `context has currency && context.currency == "${test.is}"`;
    case 'amount': {
      const [method, limit] = 'atMost' in test ? ['lessThanOrEqual', test.atMost] : ['greaterThan', test.above];
      return `context has amount && context.amount.${method}(decimal("${limit}.00"))`;
    }
    case 'callsLastHour':
      return `context.usage.agent.callsLastHour >= ${test.atLeast}`;
    case 'readUntrusted':
      return 'context.session.readUntrusted';
  }
}

export function worldOf(company: Company): PolicyWorld {
  return {
    agents: company.agents.map(agentOf),
    people: [{ ...PERSON_DEFAULTS, id: 'ada', userName: 'ada', name: 'Ada', department: 'finance' }],
    servers: company.servers.map((id) => ({ id, risk: 'low', environment: null })),
    tools: company.tools.map((tool) => ({ server: tool.server, name: tool.name, labels: labelsOf(tool) })),
  };
}

function agentOf({ id, groups }: { id: string; groups: readonly string[] }): Agent {
  const fixed = { owner: 'ada', purpose: 'work', archetype: 'homegrown', riskTier: 'low' } as const;
  return { ...AGENT_DEFAULTS, id, name: id, ...fixed, groups };
}

function labelsOf(tool: ToolSpec): ToolLabels {
  return { effect: tool.effect, dataClass: 'internal', reversible: true, untrustedOutput: false, origin: 'operator' };
}

function usageWindow(callsLastHour: number): UsageWindow {
  return { callsLastMinute: 0, callsLastHour, callsLastDay: callsLastHour, callsTotal: callsLastHour, spentLastDay: 0 };
}

/** What the gateway gathers for one call. */
export function inputOf(question: QuestionSpec): PolicyInput {
  const { agent, tool, amount, currency } = question;
  const unused = { denied: 0, asked: 0, reads: 0, writes: 0, destructive: 0, external: 0 };
  return {
    caller: {
      ...ALONE,
      agent: agentOf(agent),
      method: 'token',
      credentialId: 'credential',
      expiresAtMs: 0,
    },
    action: {
      name: 'tools/call',
      server: tool.server,
      target: { kind: 'tool', name: tool.name },
      args: { amount, currency, note: 'as agreed' },
      digest: '',
      sizeChars: 2,
    },
    labels: labelsOf(tool),
    facts: {
      amount: amount === null ? null : amount * 10_000,
      currency,
      quantity: null,
      environment: null,
      recipient: null,
    },
    session: {
      id: 'session',
      startedAtMs: 0,
      calls: 3,
      ...unused,
      toolsCalled: new Set<string>(),
      readUntrusted: question.readUntrusted,
      highestDataClass: null,
    },
    usage: { agent: usageWindow(question.callsLastHour), session: usageWindow(3), task: null },
    watched: false,
    nowMs: 1_790_000_000_000,
  };
}
