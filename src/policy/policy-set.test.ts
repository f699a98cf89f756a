import { describe, expect, it } from 'vitest';
import type { Given } from '../../test/policy/company.ts';
import { input, labels, OPS, published, QUIET, WORLD } from '../../test/policy/company.ts';
import type { Decision } from '../model/decision.ts';

const BUY = `
@id("buy") @reason("Orders up to 500 are fine.")
permit (principal == Agent::"procurement", action == Action::"tools/call", resource == Tool::"crm/orders.create")
when { context has amount && context.amount.lessThanOrEqual(decimal("500.00")) };

@id("buy-more") @ask("owner") @reason("Larger orders need the owner.") @obligation("redact-arguments")
permit (principal in AgentGroup::"buyers", action == Action::"tools/call", resource in Server::"crm")
when { resource.effect == "write" && context has amount && context.amount.lessThanOrEqual(decimal("5000.00")) };

@id("look") @obligation("mask:email")
permit (principal, action in Action::"use", resource is Tool) when { resource.effect == "read" };

@id("no-leak") @reason("Nothing leaves after untrusted text.")
forbid (principal, action, resource is Tool) when { resource.effect == "external" && context.session.readUntrusted };

@id("overflow")
forbid (principal == Agent::"ops", action == Action::"tools/call", resource in Server::"crm")
when { context.numbers.hasTag("n") && context.numbers.getTag("n") * 9007199254740993 > 1 };
`;

describe('decide', () => {
  const policies = published(BUY);
  /** given -> what the decision must contain. */
  const cases: readonly (readonly [title: string, given: Given, wanted: Partial<Decision>])[] = [
    [
      'asks where a permit and an ask both match, and keeps every obligation',
      { facts: { amount: 100_0000 } },
      {
        effect: 'ask',
        reasons: ['test.cedar#buy-more'],
        messages: ['Larger orders need the owner.'],
        ask: ['owner'],
        obligations: [{ name: 'redact-arguments', detail: '', policy: 'test.cedar#buy-more' }],
        errors: [],
      },
    ],
    [
      'denies where nothing matches',
      { facts: { amount: 5001_0000 } },
      { effect: 'deny', reasons: [], messages: [], errors: [] },
    ],
    ['denies where a needed fact is absent', {}, { effect: 'deny', reasons: [] }],
    [
      'permits with the obligations of the policy',
      { tool: 'orders.list', agent: OPS },
      {
        effect: 'permit',
        reasons: ['test.cedar#look'],
        ask: [],
        obligations: [{ name: 'mask', detail: 'email', policy: 'test.cedar#look' }],
      },
    ],
    [
      'denies by a forbid and says its reason',
      { tool: 'mail.send', session: { readUntrusted: true } },
      { effect: 'deny', reasons: ['test.cedar#no-leak'], messages: ['Nothing leaves after untrusted text.'] },
    ],
    [
      'denies when a policy fails, even where another permits',
      { agent: OPS, tool: 'orders.list', args: { n: 9007199254740991 } },
      { effect: 'deny', reasons: [], errors: ['test.cedar#overflow'], obligations: [] },
    ],
    [
      'permits where the same policy does not fail',
      { agent: OPS, tool: 'orders.list', args: { n: -1 } },
      { effect: 'permit', errors: [] },
    ],
    [
      'denies on a server nobody configured',
      { server: 'hidden', labels: labels('read') },
      { effect: 'deny', reasons: ['interlock#unknown-server'] },
    ],
    [
      'denies an action the schema does not have',
      { name: 'tools/destroy' },
      { effect: 'deny', reasons: ['interlock#unknown-action'] },
    ],
    [
      'denies a tool without labels',
      { tool: 'new', labels: null },
      { effect: 'deny', reasons: ['interlock#unlabelled-tool'] },
    ],
    [
      'denies what only an action group could cover',
      { name: 'use', tool: 'orders.list' },
      { effect: 'deny', reasons: ['interlock#unknown-action'] },
    ],
    ['takes configured labels when none are given', { tool: 'orders.list', labels: null }, { effect: 'permit' }],
    [
      'takes given labels over configured ones',
      { tool: 'orders.list', labels: labels('destructive') },
      { effect: 'deny' },
    ],
  ];
  for (const [title, given, wanted] of cases) {
    it(title, () => {
      const decision = policies.decide(input(given));
      expect(decision).toMatchObject({ ...wanted, policyVersion: policies.version });
      // What is remembered never changes the answer.
      expect(policies.decide(input(given))).toEqual(decision);
      policies.forget();
      expect(policies.decide(input(given))).toEqual(decision);
    });
  }

  it('is total: an input that makes the gathering throw is a denial', () => {
    const hostile = { ...input({ tool: 'mail.send' }) };
    Object.defineProperty(hostile, 'session', { get: () => JSON.parse('{') });
    const decision = policies.decide(hostile as never);
    expect(decision.effect).toBe('deny');
    expect(policies.decide(null as never)).toMatchObject({
      effect: 'deny',
      errors: [expect.stringMatching(/^interlock#internal/)],
    });
  });

  it('fails a policy that reads the context before a test that is known to be false, as Cedar does', () => {
    const policies = published(`permit (principal, action, resource);
      forbid (principal, action == Action::"tools/call", resource) when { context.hour * 9223372036854775807 > 0 && resource.effect == "read" };`);
    expect(policies.decide(input({ nowMs: Date.UTC(2026, 0, 1, 1) })).effect).toBe('permit');
    expect(policies.decide(input({ nowMs: Date.UTC(2026, 0, 1, 2) }))).toMatchObject({
      effect: 'deny',
      errors: ['test.cedar#policy1'],
    });
  });

  it('follows every label of a tool when it changes between two calls', () => {
    const changes = [
      ['resource.effect == "write"', labels('read')],
      ['resource.dataClass == "internal"', labels('write', { dataClass: 'public' })],
      ['resource.reversible', labels('write', { reversible: false })],
      ['!resource.untrustedOutput', labels('write', { untrustedOutput: true })],
    ] as const;
    for (const [condition, other] of changes) {
      const policies = published(`permit (principal, action == Action::"tools/call", resource) when { ${condition} };`);
      const effects = [labels('write'), other, labels('write')].map(
        (each) => policies.decide(input({ labels: each })).effect,
      );
      expect(effects, condition).toEqual(['permit', 'deny', 'permit']);
    }
  });

  it('names each asked party once, in policy order', () => {
    const text = ['role:x', 'owner', 'role:x', 'person:bob', 'subject']
      .map((who) => `@ask("${who}") permit (principal, action, resource);`)
      .join('');
    expect(published(text).decide(input()).ask).toEqual(['role:x', 'owner', 'person:bob', 'subject']);
  });

  it('keeps the obligations of every matching permit when asking and when permitting, and those of the forbids when denying', () => {
    const text = (last: string): string => `@ask("owner") permit (principal, action, resource) when { context.watched };
      @obligation("mask:a") permit (principal, action, resource); @obligation("mask:b") permit (principal, action, resource);
      @obligation("redact-arguments") ${last}`;
    const never = text('forbid (principal, action, resource) when { context.session.calls > 3 };');
    const duties = (given: Given): string[] =>
      published(never)
        .decide(input(given))
        .obligations.map((o) => `${o.name}:${o.detail}`);
    expect(duties({})).toEqual(['mask:a', 'mask:b']);
    expect(duties({ watched: true })).toEqual(['mask:a', 'mask:b']);
    expect(duties({ watched: true, session: { calls: 4 } })).toEqual(['redact-arguments:']);
  });

  it('lets a forbid outrank an ask, and a failure outrank both', () => {
    const text = `@ask("owner") permit (principal, action, resource); @id("f") forbid (principal, action, resource) when { context.watched };
      @id("e") permit (principal, action, resource) when { context.hour + 9223372036854775807 > 0 && context.hour > 0 };`;
    const noon = Date.UTC(2026, 0, 1, 12);
    const midnight = Date.UTC(2026, 0, 1, 0);
    const policies = published(text);
    expect(policies.decide(input({ nowMs: midnight })).effect).toBe('ask');
    expect(policies.decide(input({ nowMs: midnight, watched: true }))).toMatchObject({
      effect: 'deny',
      reasons: ['test.cedar#f'],
    });
    expect(policies.decide(input({ nowMs: noon, watched: true }))).toMatchObject({
      effect: 'deny',
      reasons: [],
      errors: ['test.cedar#e'],
    });
  });
});

/** Conditions that must hold for the given question. */
const FACTS: readonly (readonly [condition: string, given: Given])[] = [
  [
    'principal.owner == Person::"ada" && principal.owner in Group::"finance" && principal.owner.email == "ada@example.com"',
    {},
  ],
  ['principal.riskTier == "medium" && principal.archetype == "homegrown" && principal.department == "purchasing"', {}],
  ['!(principal has department)', { agent: OPS }],
  ['principal in AgentGroup::"buyers" && principal.name == "Procurement" && principal.purpose like "*supplies"', {}],
  ['resource in Server::"crm" && resource.server == Server::"crm" && resource.server.environment == "production"', {}],
  [
    'resource.name == "orders.create" && resource.dataClass == "internal" && resource.reversible && !resource.untrustedOutput',
    {},
  ],
  ['context.server.risk == "high" && !(context.server has environment)', { server: 'cloud', tool: 'servers.delete' }],
  [
    'context.amount == decimal("399.99") && context.currency == "EUR" && context.quantity == 3',
    { facts: { amount: 3999900, currency: 'EUR', quantity: 3 } },
  ],
  [
    'context.environment == "production" && context.recipient == "x@example.com"',
    { facts: { environment: 'production', recipient: 'x@example.com' } },
  ],
  [
    '!(context has amount || context has currency || context has quantity || context has environment || context has recipient)',
    {},
  ],
  [
    'context.args.getTag("customer.id") == "c1" && context.args.getTag("items.1.sku") == "b"',
    { args: { customer: { id: 'c1' }, items: [{ sku: 'a' }, { sku: 'b' }] } },
  ],
  [
    'context.args.getTag("n") == "1.5" && context.args.getTag("t") == "true" && context.args.getTag("z") == "null"',
    { args: { n: 1.5, t: true, z: null } },
  ],
  [
    'context.args.getTag("a\\\\.b") == "key" && context.args.getTag("a.b") == "path"',
    { args: { 'a.b': 'key', a: { b: 'path' } } },
  ],
  [
    'context.args.getTag("list") == "[1,2]" && !context.args.hasTag("list.2") && !context.args.hasTag("list.01")',
    { args: { list: [1, 2] } },
  ],
  [
    '!context.args.hasTag("toString") && !context.args.hasTag("a.constructor") && !context.args.hasTag("")',
    { args: { a: {} } },
  ],
  [
    'context.numbers.getTag("q") == 7 && !context.numbers.hasTag("s") && !context.numbers.hasTag("f")',
    { args: { q: 7, s: '7', f: 7.5 } },
  ],
  [
    'context.session.id == Session::"s1" && context.session.calls == 4 && context.session.denied == 1 && context.session.asked == 2',
    { session: { calls: 4, denied: 1, asked: 2 } },
  ],
  ['!(context.session has id)', { session: { id: null } }],
  [
    'context.session.reads == 1 && context.session.writes == 2 && context.session.destructive == 3 && context.session.external == 4',
    { session: { reads: 1, writes: 2, destructive: 3, external: 4 } },
  ],
  [
    'context.session.toolsCalled.contains("crm/orders.list") && context.session.toolsCalled.containsAll(["crm/orders.list"])',
    { session: { toolsCalled: new Set(['crm/orders.list']) } },
  ],
  ['context.session.toolsCalled.isEmpty() && !(context.session has highestDataClass)', {}],
  [
    'context.session.readUntrusted && context.session.highestDataClass == "restricted"',
    { session: { readUntrusted: true, highestDataClass: 'restricted' } },
  ],
  ['context.session.startedAt == datetime("1970-01-01T00:00:01Z")', { session: { startedAtMs: 1000 } }],
  [
    'context.usage.agent.callsLastMinute == 1 && context.usage.agent.callsLastHour == 2 && context.usage.agent.callsLastDay == 3',
    { usage: { agent: { ...QUIET, callsLastMinute: 1, callsLastHour: 2, callsLastDay: 3 } } },
  ],
  [
    'context.usage.session.callsTotal == 9 && context.usage.session.spentLastDay == decimal("12.5")',
    { usage: { session: { ...QUIET, callsTotal: 9, spentLastDay: 125000 } } },
  ],
  [
    'context.usage has task && context.usage.task.callsTotal == 2 && context has task && context.task == Task::"t1"',
    { taskId: 't1', usage: { task: { ...QUIET, callsTotal: 2 } } },
  ],
  ['!(context.usage has task) && !(context has task) && !(context has subject)', {}],
  ['context has subject && context.subject == Person::"bob" && context.subject != principal.owner', { subject: 'bob' }],
  ['context.authMethod == "token" && context.watched', { watched: true }],
  ['context.now == datetime("2026-07-29T13:45:00Z") && context.hour == 13 && context.weekday == 3', {}],
  ['context.hour == 23 && context.weekday == 7', { nowMs: Date.UTC(2026, 1, 1, 23, 59, 59, 999) }],
  ['context.hour == 0 && context.weekday == 1', { nowMs: Date.UTC(2026, 1, 2) }],
  [
    'resource is Resource && resource.uri == "file:///a" && resource in Server::"crm" && !(resource has dataClass)',
    { name: 'resources/read', target: { kind: 'resource', uri: 'file:///a' } },
  ],
  [
    'resource == Resource::"crm/file:///a"',
    { name: 'resources/subscribe', target: { kind: 'resource', uri: 'file:///a' } },
  ],
  [
    'resource is Prompt && resource.name == "greet" && resource == Prompt::"crm/greet"',
    { name: 'prompts/get', target: { kind: 'prompt', name: 'greet' } },
  ],
  [
    'resource == Server::"crm" && resource.risk == "low" && action in Action::"connect"',
    { name: 'tools/list', target: { kind: 'server' } },
  ],
];

describe('facts', () => {
  for (const [condition, given] of FACTS) {
    it(`a policy can read: ${condition}`, () => {
      const question = input(given);
      const head = `permit (principal, action == Action::"${question.action.name}", resource)`;
      // Optional facts are wrapped, so that the strict validator accepts a bare read of them.
      const text = `${head} when { ${guard(condition)}${condition} };`;
      expect(published(text).decide(question)).toMatchObject({ effect: 'permit', errors: [] });
      expect(published(`${head} unless { ${guard(condition)}${condition} };`).decide(question)).toMatchObject({
        effect: 'deny',
        errors: [],
      });
    });
  }

  it('an attribute of a person nobody configured fails, which denies', () => {
    const text = 'permit (principal, action, resource) when { context has subject && context.subject.name == "X" };';
    expect(published(text).decide(input({ subject: 'stranger' }))).toMatchObject({
      effect: 'deny',
      errors: ['test.cedar#policy0'],
    });
  });
});

/** The `has` and `hasTag` tests that Cedar's strict validator wants before an optional read. */
function guard(condition: string): string {
  if (condition.startsWith('!(context has') || condition.startsWith('!(context.')) return '';
  const tests = new Set<string>();
  for (const [, base, name] of condition.matchAll(
    /\b(context|context\.session|principal|principal\.owner|resource\.server)\.(amount|currency|quantity|environment|recipient|id|highestDataClass|department|email)\b/g,
  )) {
    tests.add(`${base} has ${name}`);
  }
  for (const [, base, tag] of condition.matchAll(/(context\.(?:args|numbers))\.getTag\(("(?:[^"\\]|\\.)*")\)/g))
    tests.add(`${base}.hasTag(${tag})`);
  return [...tests].map((test) => `${test} && `).join('');
}

describe('couldPermit', () => {
  const policies = published(BUY);
  const could = (given: Given): boolean => {
    const { caller, action, labels } = input(given);
    return policies.couldPermit(caller, action, labels);
  };

  it('shows what some arguments or some session could make permitted or asked for', () => {
    expect(could({})).toBe(true);
    expect(could({ tool: 'orders.list', agent: OPS })).toBe(true);
  });

  it('hides what no context can make permitted', () => {
    expect(could({ agent: OPS })).toBe(false);
    expect(could({ tool: 'mail.send' })).toBe(false);
    expect(could({ server: 'cloud', tool: 'servers.delete' })).toBe(false);
    expect(could({ agent: { ...OPS, id: 'ghost' } })).toBe(false);
  });

  it('hides what a forbid denies whatever the context, and nothing that it might not', () => {
    const text = (condition: string): string =>
      `permit (principal, action, resource); forbid (principal, action == Action::"tools/call", resource) when { ${condition} };`;
    const { caller, action, labels } = input();
    const shown = (condition: string): boolean => published(text(condition)).couldPermit(caller, action, labels);
    expect(shown('resource.effect == "write"')).toBe(false);
    expect(shown('resource.effect == "read" || resource.dataClass == "internal"')).toBe(false);
    expect(shown('resource.effect == "write" && context.watched')).toBe(true);
    expect(shown('context.watched || resource.effect == "write"')).toBe(true);
    expect(shown('resource.effect == "read"')).toBe(true);
  });
});

describe('explain', () => {
  it('says of each policy what it did', () => {
    const policies = published(BUY);
    const given = { agent: OPS, tool: 'orders.list', args: { n: 9007199254740991 } };
    expect(
      policies.explain(input(given)).map(({ policy, effect, outcome }) => [policy.slice(11), effect, outcome]),
    ).toEqual([
      ['buy', 'permit', 'head'],
      ['buy-more', 'ask', 'head'],
      ['look', 'permit', 'matched'],
      ['no-leak', 'forbid', 'conditions'],
      ['overflow', 'forbid', 'failed'],
    ]);
    expect(policies.explain(input({ server: 'hidden' }))).toEqual([]);
  });
});

describe('memory', () => {
  it('stays bounded when many agents use many tools', () => {
    const agents = Array.from({ length: 60 }, (_, i) => ({ ...OPS, id: `agent-${i}` }));
    const policies = published('permit (principal, action in Action::"use", resource);', { ...WORLD, agents });
    let most = 0;
    for (let i = 0; i < 60_000; i++) {
      const target = { kind: 'prompt', name: `p${i % 1000}` } as const;
      const question = input({ name: 'prompts/get', target, agent: agents[Math.floor(i / 1000)] as typeof OPS });
      expect(policies.decide(question).effect).toBe('permit');
      most = Math.max(most, policies.remembered.plans);
    }
    expect(most).toBe(50_000);
  });

  it('stays bounded when an agent makes names up', () => {
    const policies = published(
      'permit (principal, action in Action::"use", resource) when { context.watched };',
      WORLD,
    );
    for (let i = 0; i < 25_000; i++) {
      const question = input({ name: 'resources/read', target: { kind: 'resource', uri: `file:///${i}` } });
      expect(policies.decide(question).effect).toBe('deny');
    }
    expect(policies.remembered.targets).toBeLessThanOrEqual(10_000);
  });
});
