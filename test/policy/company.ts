import type { ActionTarget } from '../../src/model/action.ts';
import type { Agent } from '../../src/model/agent.ts';
import { AGENT_DEFAULTS } from '../../src/model/agent.ts';
import { ALONE } from '../../src/model/caller.ts';
import type { JsonObject } from '../../src/model/json.ts';
import { PERSON_DEFAULTS, type Person } from '../../src/model/person.ts';
import type {
  MappedFacts,
  PolicyInput,
  PolicyWorld,
  SessionFacts,
  UsageFacts,
  UsageWindow,
} from '../../src/model/policy-input.ts';
import type { ToolLabels } from '../../src/model/tool.ts';
import type { PolicySet } from '../../src/policy/policy-set.ts';
import { publish } from '../../src/policy/publish.ts';

/** A small company for policy tests. */
export const PROCUREMENT: Agent = {
  ...AGENT_DEFAULTS,
  id: 'procurement',
  name: 'Procurement',
  owner: 'ada',
  purpose: 'orders office supplies',
  archetype: 'homegrown',
  riskTier: 'medium',
  department: 'purchasing',
  groups: ['buyers'],
};

export const OPS: Agent = {
  ...PROCUREMENT,
  id: 'ops',
  name: 'Ops',
  owner: 'bob',
  riskTier: 'high',
  department: null,
  groups: [],
};

export const labels = (effect: ToolLabels['effect'], more: Partial<ToolLabels> = {}): ToolLabels => ({
  effect,
  dataClass: 'internal',
  reversible: true,
  untrustedOutput: false,
  origin: 'operator',
  ...more,
});

export const WORLD: PolicyWorld = {
  agents: [PROCUREMENT, OPS],
  people: [
    {
      ...PERSON_DEFAULTS,
      id: 'ada',
      userName: 'ada',
      name: 'Ada',
      email: 'ada@example.com',
      department: 'purchasing',
      groups: ['finance'],
    },
    { ...PERSON_DEFAULTS, id: 'bob', userName: 'bob', name: 'Bob' },
  ],
  servers: [
    { id: 'crm', risk: 'low', environment: 'production' },
    { id: 'cloud', risk: 'high', environment: null },
  ],
  tools: [
    { server: 'crm', name: 'orders.create', labels: labels('write') },
    { server: 'crm', name: 'orders.list', labels: labels('read', { untrustedOutput: true }) },
    { server: 'crm', name: 'mail.send', labels: labels('external', { reversible: false }) },
    {
      server: 'cloud',
      name: 'servers.delete',
      labels: labels('destructive', { dataClass: 'restricted', reversible: false }),
    },
  ],
};

export const NO_FACTS: MappedFacts = {
  amount: null,
  currency: null,
  quantity: null,
  environment: null,
  recipient: null,
};

export const QUIET: UsageWindow = {
  callsLastMinute: 0,
  callsLastHour: 0,
  callsLastDay: 0,
  callsTotal: 0,
  spentLastDay: 0,
};

export const FRESH: SessionFacts = {
  id: 's1',
  startedAtMs: 0,
  calls: 0,
  denied: 0,
  asked: 0,
  reads: 0,
  writes: 0,
  destructive: 0,
  external: 0,
  toolsCalled: new Set(),
  readUntrusted: false,
  highestDataClass: null,
};

export interface Given {
  readonly agent?: Agent;
  readonly name?: string;
  readonly server?: string;
  readonly target?: ActionTarget;
  readonly tool?: string;
  readonly args?: JsonObject;
  readonly labels?: ToolLabels | null;
  readonly facts?: Partial<MappedFacts>;
  readonly session?: Partial<SessionFacts>;
  readonly usage?: Partial<UsageFacts>;
  readonly subject?: string | null;
  readonly taskId?: string | null;
  readonly through?: readonly Agent[];
  readonly watched?: boolean;
  readonly nowMs?: number;
}

function personNamed(id: string | null): Person | null {
  return WORLD.people.find((person) => person.id === id) ?? null;
}

/** The procurement agent creating an order, unless said otherwise. */
export function input(given: Given = {}): PolicyInput {
  const server = given.server ?? 'crm';
  const target = given.target ?? { kind: 'tool', name: given.tool ?? 'orders.create' };
  return {
    caller: {
      ...ALONE,
      agent: given.agent ?? PROCUREMENT,
      owner: personNamed((given.agent ?? PROCUREMENT).owner),
      subject: given.subject ?? null,
      person: personNamed(given.subject ?? null),
      through: (given.through ?? []).map((agent) => ({ agent, owner: personNamed(agent.owner) })),
      method: 'token',
      credentialId: 'c',
      expiresAtMs: 0,
      taskId: given.taskId ?? null,
    },
    action: { name: given.name ?? 'tools/call', server, target, args: given.args ?? {}, digest: '', sizeChars: 2 },
    labels: given.labels === undefined ? knownLabels(server, target) : given.labels,
    facts: { ...NO_FACTS, ...given.facts },
    session: { ...FRESH, ...given.session },
    usage: { agent: QUIET, session: QUIET, task: null, ...given.usage },
    watched: given.watched ?? false,
    // Wednesday, 2026-07-29 13:45 UTC.
    nowMs: given.nowMs ?? Date.UTC(2026, 6, 29, 13, 45),
  };
}

function knownLabels(server: string, target: ActionTarget): ToolLabels | null {
  if (target.kind !== 'tool') return null;
  return WORLD.tools.find((tool) => tool.server === server && tool.name === target.name)?.labels ?? null;
}

/** Publishes one file and fails the test when it has problems. */
export function published(text: string, world: PolicyWorld = WORLD): PolicySet {
  const result = publish([{ path: 'test.cedar', text }], world);
  if (!result.ok) throw new Error(result.problems.map((p) => `${p.line}:${p.column} ${p.message}`).join('\n'));
  return result.policies;
}

/** Problems as an editor shows them: `file:line:column: message | help`. */
export function problemsOf(text: string, world: PolicyWorld = WORLD): string[] {
  const result = publish([{ path: 'test.cedar', text }], world);
  const list = result.ok ? result.warnings : result.problems;
  return list.map((p) => `${p.file}:${p.line}:${p.column}: ${p.message} | ${p.help}`);
}
