import type { CedarValueJson, EntityJson } from '@cedar-policy/cedar-wasm/nodejs';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Decision } from '../../src/model/decision.ts';
import type { Json } from '../../src/model/json.ts';
import type { PolicyInput, UsageWindow } from '../../src/model/policy-input.ts';
import type { PolicySet } from '../../src/policy/policy-set.ts';
import { publish } from '../../src/policy/publish.ts';
import { ACTION_GROUPS, SCHEMA } from '../../src/policy/schema.ts';
import { withCedar } from '../../src/policy/text/wasm.ts';
import { FRESH, input, labels, OPS, PROCUREMENT, WORLD } from './company.ts';

/** Valid policies about every kind of fact; random subsets of them are published. */
const HEADS = [
  'permit (principal, action, resource)',
  'permit (principal, action in Action::"use", resource)',
  'permit (principal == Agent::"procurement", action == Action::"tools/call", resource)',
  'permit (principal in AgentGroup::"buyers", action, resource in Server::"crm")',
  '@ask("owner") permit (principal, action in [Action::"use", Action::"ask_client"], resource)',
  '@ask("role:security") permit (principal, action == Action::"tools/call", resource in Server::"cloud")',
  'forbid (principal, action, resource in Server::"cloud")',
  'forbid (principal, action in Action::"connect", resource is Server)',
  'forbid (principal == Agent::"ops", action, resource)',
];

const CONDITIONS = [
  '',
  'when { context has amount && context.amount.lessThan(decimal("500.0")) }',
  'unless { context has currency && context.currency == "EUR" }',
  'when { context.usage.agent.callsLastMinute < 3 && context.session.calls < 5 }',
  'when { context.usage has task && context.usage.task.spentLastDay.greaterThan(decimal("1.0")) }',
  'when { context.session.readUntrusted || context.watched }',
  'when { context.args.hasTag("to.0") && context.args.getTag("to.0") like "*@example.com" }',
  'when { context.numbers.hasTag("n") && context.numbers.getTag("n") * 4611686018427387904 > 0 }',
  'when { context has subject && context.subject in Group::"finance" }',
  'when { context has subject && context.subject.name == "Ada" }',
  'when { principal has department && context.hour >= 8 && context.weekday <= 5 }',
  'when { context.server.risk == "low" }',
  'unless { context.session has highestDataClass && context.session.highestDataClass == "restricted" }',
  'when { context.now.durationSince(context.session.startedAt) < duration("1h") }',
  'when { context.session.toolsCalled.contains("crm/orders.list") }',
  'when { context.through.contains(Agent::"ops") && !context.taskBound }',
  'when { context has task && context.task == Task::"t1" && context.authMethod == "token" }',
  'when { principal.owner == Person::"ada" }',
  'when { context has quantity && context.quantity + 9223372036854775800 > 9223372036854775801 }',
];

const TOOL_CONDITIONS = [
  'when { resource.effect == "read" }',
  'when { context.hour * 9007199254740993 * 64 > 0 && resource.effect == "read" }',
  'when { resource.effect == "external" && context.session.readUntrusted }',
  'unless { resource.reversible || resource.untrustedOutput }',
  'when { context.watched && resource.dataClass == "restricted" }',
  'when { resource.server.risk == "low" && resource.name like "orders.*" }',
];

const POOL: readonly string[] = [
  ...HEADS.flatMap((head, i) =>
    CONDITIONS.filter((_, j) => (i + j) % 3 === 0).map((condition) => `${head} ${condition};`),
  ),
  ...HEADS.filter((head) => head.includes('tools/call')).flatMap((head) =>
    TOOL_CONDITIONS.map((condition) => `${head} ${condition};`),
  ),
  ...TOOL_CONDITIONS.map((condition) => `forbid (principal, action, resource is Tool) ${condition};`),
];

const window: fc.Arbitrary<UsageWindow> = fc.record({
  callsLastMinute: fc.nat(5),
  callsLastHour: fc.nat(9),
  callsLastDay: fc.nat(9),
  callsTotal: fc.nat(9),
  spentLastDay: fc.constantFrom(0, 9_999, 10_001, 5_000_000),
});

const argumentsJson = fc.dictionary(
  fc.constantFrom('to', 'n', 'a.b', 'a', '__proto__', 'x\\y', ''),
  fc.oneof(
    fc.string(),
    fc.integer(),
    fc.boolean(),
    fc.constant(null),
    fc.constant(['x@example.com', 5]),
    fc.constant({ b: { c: 1.5 } }),
    fc.constant(9007199254740991),
  ),
  { maxKeys: 4, noNullPrototype: false },
) as fc.Arbitrary<{ [key: string]: Json }>;

const targets = fc.constantFrom<{
  name: string;
  server: string;
  tool?: string;
  target?: PolicyInput['action']['target'];
}>(
  ...WORLD.tools.map((tool) => ({ name: 'tools/call', server: tool.server, tool: tool.name })),
  { name: 'tools/call', server: 'cloud', tool: 'unheard-of' },
  { name: 'resources/read', server: 'crm', target: { kind: 'resource', uri: 'file:///a' } },
  { name: 'prompts/get', server: 'cloud', target: { kind: 'prompt', name: 'greet' } },
  ...[...ACTION_GROUPS.keys()]
    .filter((name) => !/^(tools\/call|resources\/(read|.*subscribe)|prompts\/get)$/.test(name))
    .map((name) => ({ name, server: 'crm', target: { kind: 'server' } as const })),
);

const question: fc.Arbitrary<PolicyInput> = fc
  .record({
    target: targets,
    agent: fc.constantFrom(PROCUREMENT, OPS),
    args: argumentsJson,
    amount: fc.constantFrom(null, 0, 4_999_999, 5_000_000, -1),
    quantity: fc.constantFrom(null, 0, 7, 8, 9007199254740991),
    currency: fc.constantFrom(null, 'EUR', 'USD'),
    session: fc.record({
      id: fc.constantFrom(null, 's1'),
      calls: fc.nat(9),
      readUntrusted: fc.boolean(),
      highestDataClass: fc.constantFrom(null, 'public', 'restricted'),
      toolsCalled: fc.constantFrom(new Set<string>(), new Set(['crm/orders.list', 'x'])),
      startedAtMs: fc.constantFrom(0, Date.UTC(2026, 6, 29, 13)),
    }),
    usage: fc.record({ agent: window, session: window, task: fc.option(window) }),
    subject: fc.constantFrom(null, 'ada', 'bob', 'stranger'),
    taskId: fc.constantFrom(null, 't1'),
    through: fc.subarray([PROCUREMENT, OPS]),
    watched: fc.boolean(),
    nowMs: fc.integer({ min: -10_000_000_000, max: 2_000_000_000_000 }),
  })
  .map(({ target, amount, quantity, currency, session, ...rest }) =>
    input({
      ...target,
      ...rest,
      session: session as never,
      facts: { amount, quantity, currency },
      ...(target.tool === 'unheard-of' ? { labels: labels('credential') } : {}),
    }),
  );

const chosen = fc.subarray([...POOL], { minLength: 1, maxLength: 12 });

beforeAll(() => {
  // Validated once here; each publication below then costs only the compiling.
  const all = publish([{ path: 'pool.cedar', text: POOL.join('\n') }], WORLD);
  if (!all.ok) throw new Error(all.problems.map((p) => p.message).join('\n'));
  const parsed = withCedar((cedar) => cedar.preparseSchema('interlock', SCHEMA));
  if (parsed.type === 'failure') throw new Error(parsed.errors[0]?.message);
});

function publishAll(policies: readonly string[]): PolicySet {
  const result = publish([{ path: 'p', text: policies.join('\n') }], WORLD);
  if (!result.ok) throw new Error(result.problems[0]?.message);
  return result.policies;
}

const RUNS = process.env.INTERLOCK_FUZZ_SECONDS === undefined ? 60 : 1000;

describe('every question', () => {
  it('fits the published schema, and the official evaluator answers it the same', () => {
    const seen: Record<Decision['effect'], number> = { permit: 0, ask: 0, deny: 0 };
    fc.assert(
      fc.property(chosen, fc.array(question, { minLength: 4, maxLength: 4 }), (policies, questions) => {
        const set = publishAll(policies);
        const parsed = withCedar((cedar) =>
          cedar.preparsePolicySet('questions', { staticPolicies: policies.join('\n') }),
        );
        if (parsed.type === 'failure') throw new Error(parsed.errors[0]?.message);
        for (const asked of questions) {
          const decision = set.decide(asked);
          seen[decision.effect]++;
          expect(decision).toEqual(officialDecision(set, asked));
        }
      }),
      { numRuns: RUNS },
    );
    expect(Math.min(...Object.values(seen))).toBeGreaterThan(0);
  });

  it('gets the answer that its explanation gives, first time and remembered, and is hidden only when denied', () => {
    fc.assert(
      fc.property(chosen, fc.array(question, { minLength: 8, maxLength: 8 }), (policies, questions) => {
        const set = publishAll(policies);
        for (const asked of [...questions, ...questions]) {
          const decision = set.decide(asked);
          const parts = set.explain(asked);
          const matched = parts.filter((part) => part.outcome === 'matched');
          const effect =
            parts.some((part) => part.outcome === 'failed') ||
            matched.some((part) => part.effect === 'forbid') ||
            matched.length === 0
              ? 'deny'
              : matched.some((part) => part.effect === 'ask')
                ? 'ask'
                : 'permit';
          expect(decision.effect).toBe(effect);
          if (effect !== 'deny') expect(set.couldPermit(asked.caller, asked.action, asked.labels)).toBe(true);
        }
      }),
      { numRuns: RUNS },
    );
  });

  it('is never permitted more by another forbid, nor touched by policies about somebody else', () => {
    const elsewhere = [
      'permit (principal, action, resource in Server::"nowhere");',
      'forbid (principal, action, resource in Server::"nowhere");',
      '@ask("owner") permit (principal == Agent::"nobody", action, resource);',
      'forbid (principal == Agent::"nobody", action, resource) when { context.watched };',
    ];
    const world = {
      ...WORLD,
      agents: [...WORLD.agents, { ...OPS, id: 'nobody' }],
      servers: [...WORLD.servers, { id: 'nowhere', risk: 'low' as const, environment: null }],
    };
    const forbids = POOL.filter((text) => text.startsWith('forbid'));
    const rank = { deny: 0, ask: 1, permit: 2 };
    fc.assert(
      fc.property(
        chosen,
        fc.constantFrom(...forbids),
        fc.array(question, { minLength: 6, maxLength: 6 }),
        (policies, forbid, questions) => {
          const base = publishAll(policies);
          const stricter = publishAll([...policies, forbid]);
          const wider = publish(
            [
              { path: 'p', text: policies.join('\n') },
              { path: 'z', text: elsewhere.join('\n') },
            ],
            world,
          );
          if (!wider.ok) throw new Error(wider.problems[0]?.message);
          for (const asked of questions) {
            const before = base.decide(asked);
            expect(rank[stricter.decide(asked).effect]).toBeLessThanOrEqual(rank[before.effect]);
            expect({ ...wider.policies.decide(asked), policyVersion: '' }).toEqual({ ...before, policyVersion: '' });
          }
        },
      ),
      { numRuns: RUNS },
    );
  });
});

/** What the official evaluator says about the same facts, written down independently, with Interlock's effects on top. */
function officialDecision(set: PolicySet, asked: PolicyInput): Decision {
  const { action } = asked;
  const resource = resourceUid(asked);
  const answer = withCedar((cedar) =>
    cedar.statefulIsAuthorized({
      principal: uid('Agent', asked.caller.agent.id),
      action: uid('Action', action.name),
      resource,
      context: contextJson(asked),
      entities: entitiesJson(asked, resource),
      preparsedPolicySetId: 'questions',
      preparsedSchemaName: 'interlock',
      validateRequest: true,
    }),
  );
  if (answer.type === 'failure') throw new Error(answer.errors.map((error) => error.message).join('\n'));
  const { decision, diagnostics } = answer.response;
  const number = (id: string): number => Number(id.slice('policy'.length));
  const errors = diagnostics.errors.map((error) => number(error.policyId)).sort((a, b) => a - b);
  const base = {
    messages: [],
    ask: [],
    obligations: [],
    errors: errors.map((n) => `p#policy${n}`),
    policyVersion: set.version,
  };
  if (errors.length > 0) return { ...base, effect: 'deny', reasons: [] };
  const rules = diagnostics.reason
    .map(number)
    .sort((a, b) => a - b)
    .map((n) => set.rules[n]);
  const named = (list: typeof rules): string[] => list.map((rule) => rule?.policy.id ?? '');
  if (decision === 'deny') return { ...base, effect: 'deny', reasons: named(rules) };
  const asks = rules.filter((rule) => rule?.ask !== null);
  if (asks.length === 0) return { ...base, effect: 'permit', reasons: named(rules) };
  return { ...base, effect: 'ask', reasons: named(asks), ask: [...new Set(asks.map((rule) => rule?.ask ?? ''))] };
}

function uid(type: string, id: string): { type: string; id: string } {
  return { type, id };
}

const ref = (type: string, id: string): CedarValueJson => ({ __entity: uid(type, id) });
const extension = (fn: string, arg: string): CedarValueJson => ({ __extn: { fn, arg } });

function decimal(units: number): CedarValueJson {
  const magnitude = String(Math.abs(units)).padStart(5, '0');
  return extension('decimal', `${units < 0 ? '-' : ''}${magnitude.slice(0, -4)}.${magnitude.slice(-4)}`);
}

function datetime(ms: number): CedarValueJson {
  return extension('datetime', new Date(ms).toISOString());
}

function present(fields: Record<string, CedarValueJson | undefined>): Record<string, CedarValueJson> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Record<
    string,
    CedarValueJson
  >;
}

function windowJson(usage: UsageWindow): CedarValueJson {
  return { ...usage, spentLastDay: decimal(usage.spentLastDay) };
}

function contextJson({
  facts,
  session,
  usage,
  caller,
  action,
  watched,
  nowMs,
}: PolicyInput): Record<string, CedarValueJson> {
  const now = new Date(nowMs);
  return present({
    amount: facts.amount === null ? undefined : decimal(facts.amount),
    currency: facts.currency ?? undefined,
    quantity: facts.quantity ?? undefined,
    args: ref('Arguments', ''),
    numbers: ref('Numbers', ''),
    server: ref('Server', action.server),
    session: present({
      ...FRESH,
      ...session,
      id: session.id === null ? undefined : ref('Session', session.id),
      startedAt: datetime(session.startedAtMs),
      startedAtMs: undefined,
      toolsCalled: [...session.toolsCalled],
      highestDataClass: session.highestDataClass ?? undefined,
    } as Record<string, CedarValueJson | undefined>),
    usage: present({
      agent: windowJson(usage.agent),
      session: windowJson(usage.session),
      task: usage.task === null ? undefined : windowJson(usage.task),
    }),
    subject: caller.subject === null ? undefined : ref('Person', caller.subject),
    task: caller.taskId === null ? undefined : ref('Task', caller.taskId),
    through: caller.through.map(({ agent }) => ref('Agent', agent.id)),
    taskBound: caller.tasks.length > 0,
    authMethod: caller.method,
    watched,
    now: datetime(nowMs),
    hour: now.getUTCHours(),
    weekday: now.getUTCDay() === 0 ? 7 : now.getUTCDay(),
  });
}

function resourceUid({ action }: PolicyInput): { type: string; id: string } {
  const { target, server } = action;
  if (target.kind === 'tool') return uid('Tool', `${server}/${target.name}`);
  if (target.kind === 'resource') return uid('Resource', `${server}/${target.uri}`);
  return target.kind === 'prompt' ? uid('Prompt', `${server}/${target.name}`) : uid('Server', server);
}

function entitiesJson({ action, labels: given }: PolicyInput, resource: { type: string; id: string }): EntityJson[] {
  const { target, server } = action;
  const inServer = { parents: [uid('Server', server)] };
  const list: EntityJson[] = [
    ...WORLD.agents.map((agent) => ({
      uid: uid('Agent', agent.id),
      attrs: present({
        name: agent.name,
        owner: ref('Person', agent.owner),
        purpose: agent.purpose,
        archetype: agent.archetype,
        riskTier: agent.riskTier,
        department: agent.department ?? undefined,
      }),
      parents: agent.groups.map((group) => uid('AgentGroup', group)),
    })),
    ...WORLD.people.map((person) => ({
      uid: uid('Person', person.id),
      attrs: present({
        name: person.name,
        email: person.email ?? undefined,
        department: person.department ?? undefined,
      }),
      parents: person.groups.map((group) => uid('Group', group)),
    })),
    ...WORLD.servers.map((each) => ({
      uid: uid('Server', each.id),
      attrs: present({ risk: each.risk, environment: each.environment ?? undefined }),
      parents: [],
    })),
    { uid: uid('Arguments', ''), attrs: {}, parents: [], tags: tagsOf(action.args, false) },
    { uid: uid('Numbers', ''), attrs: {}, parents: [], tags: tagsOf(action.args, true) },
  ];
  if (target.kind === 'tool' && given !== null) {
    const { effect, dataClass, reversible, untrustedOutput } = given;
    const attrs = { name: target.name, server: ref('Server', server), effect, dataClass, reversible, untrustedOutput };
    list.push({ uid: resource, attrs, ...inServer });
  }
  if (target.kind === 'resource')
    list.push({ uid: resource, attrs: { uri: target.uri, server: ref('Server', server) }, ...inServer });
  if (target.kind === 'prompt')
    list.push({ uid: resource, attrs: { name: target.name, server: ref('Server', server) }, ...inServer });
  return list;
}

/** Every path of the arguments with its value, flattened; the product looks paths up instead. */
function tagsOf(args: { readonly [key: string]: Json | undefined }, numbers: boolean): Record<string, CedarValueJson> {
  const tags: [string, CedarValueJson][] = [];
  const visit = (path: string, value: Json): void => {
    if (typeof value === 'object' && value !== null) {
      if (!numbers) tags.push([path, JSON.stringify(value)]);
      for (const [key, member] of Object.entries(value)) visit(`${path}.${escapeStep(key)}`, member as Json);
    } else if (!numbers) tags.push([path, typeof value === 'string' ? value : JSON.stringify(value)]);
    else if (Number.isSafeInteger(value)) tags.push([path, value]);
  };
  for (const [key, value] of Object.entries(args)) visit(escapeStep(key), value as Json);
  return Object.fromEntries(tags);
}

function escapeStep(step: string): string {
  return step.replace(/[.\\]/g, '\\$&');
}
